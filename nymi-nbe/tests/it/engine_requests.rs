//! Requests for bands, in virtual time.

use nymi_core::message::{Status, Uuid};
use nymi_nbe::adapter::{AdapterEvent, AdapterRequest};
use nymi_nbe::engine::Action;
use serde_json::{Value, json};

use crate::engine::{BAND, Bench, NOW, plugged};

fn id(number: u8) -> Uuid {
    Uuid::from_random([number; 16])
}

fn request(number: u8, last: bool) -> Value {
    json!({"id": id(number), "address": BAND, "data": "0102", "last": last})
}

fn ask(bench: &mut Bench, payload: Value) -> Vec<Action> {
    bench
        .engine
        .handle_message(bench.now, "band_request", payload);
    bench.actions()
}

fn answer(
    bench: &mut Bench,
    number: u8,
    answer: Result<Vec<u8>, Status>,
    last: bool,
) -> Vec<Value> {
    bench.adapter(AdapterEvent::Reply {
        id: id(number),
        answer,
        last,
    });
    bench.pushed_as("band_reply")
}

fn error(number: u8, status: u32) -> Value {
    json!({"id": id(number), "last": true, "error": status})
}

#[test]
fn goes_to_the_band_and_back() {
    let mut bench = Bench::joined();
    let asked = AdapterRequest {
        id: id(1),
        address: BAND,
        data: vec![1, 2],
        last: true,
    };
    assert_eq!(ask(&mut bench, request(1, true)), [Action::Ask(asked)]);
    let reply = json!({"id": id(1), "data": "0a0b", "last": true});
    assert_eq!(answer(&mut bench, 1, Ok(vec![10, 11]), true), [reply]);
    assert!(
        answer(&mut bench, 1, Ok(vec![10, 11]), true).is_empty(),
        "answered once"
    );
    bench.pass(60_000);
    assert!(bench.pushed_as("band_reply").is_empty());
}

#[test]
fn a_conversation_goes_on_under_its_id() {
    let mut bench = Bench::joined();
    assert_eq!(ask(&mut bench, request(1, false)).len(), 1);
    bench.pass(9000);
    assert_eq!(answer(&mut bench, 1, Ok(vec![1]), false)[0]["last"], false);
    bench.pass(9000);
    assert!(
        bench.pushed_as("band_reply").is_empty(),
        "each answer has its own time"
    );
    assert_eq!(ask(&mut bench, request(1, true)).len(), 1);
    assert_eq!(answer(&mut bench, 1, Ok(vec![2]), true)[0]["last"], true);
}

#[test]
fn a_silent_band_times_out() {
    let mut bench = Bench::joined();
    ask(&mut bench, request(1, true));
    bench.pass(9999);
    assert!(bench.pushed_as("band_reply").is_empty());
    bench.pass(1);
    assert_eq!(bench.pushed_as("band_reply"), [error(1, 3010)]);
    assert!(
        answer(&mut bench, 1, Ok(vec![1]), true).is_empty(),
        "too late"
    );
}

#[test]
fn the_adapters_refusal_is_passed_on() {
    let mut bench = Bench::joined();
    ask(&mut bench, request(1, false));
    let refused = answer(&mut bench, 1, Err(Status::BAND_NOT_PRESENT), false);
    assert_eq!(refused, [error(1, 3020)]);
}

#[test]
fn losing_the_adapter_ends_what_is_under_way() {
    let mut bench = Bench::joined();
    ask(&mut bench, request(1, true));
    bench.adapter(plugged(false));
    assert_eq!(bench.pushed_as("band_reply"), [error(1, 3027)]);
    let refused = ask(&mut bench, request(2, true));
    assert_eq!(
        refused,
        [Action::Push {
            event: "band_reply",
            payload: error(2, 5101)
        }]
    );
}

#[test]
fn losing_the_agent_forgets_what_is_under_way() {
    let mut bench = Bench::joined();
    ask(&mut bench, request(1, true));
    bench.engine.handle_lost();
    bench.engine.handle_joined(NOW);
    bench.pass(60_000);
    assert!(bench.pushed_as("band_reply").is_empty());
}

#[test]
fn what_is_no_request_is_refused() {
    let mut bench = Bench::joined();
    for (payload, status) in [
        (json!({"id": id(1)}), 1003),
        (
            json!({"id": id(1), "address": "here", "data": "00", "last": true}),
            1003,
        ),
        (
            json!({"id": id(1), "address": BAND, "data": "0", "last": true}),
            1003,
        ),
        (
            json!({"id": id(1), "address": BAND, "data": "00".repeat(20_000), "last": true}),
            1009,
        ),
    ] {
        let refused = ask(&mut bench, payload);
        let expected = Action::Push {
            event: "band_reply",
            payload: error(1, status),
        };
        assert_eq!(refused, [expected]);
    }
    for payload in [json!({}), json!({"id": 7}), json!("text"), Value::Null] {
        assert_eq!(ask(&mut bench, payload), [], "nobody to answer");
    }
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut bench = Bench::joined();
    for number in 0..64 {
        assert!(matches!(
            ask(&mut bench, request(number, true))[0],
            Action::Ask(_)
        ));
    }
    let refused = ask(&mut bench, request(64, true));
    assert_eq!(
        refused,
        [Action::Push {
            event: "band_reply",
            payload: error(64, 1008)
        }]
    );
    answer(&mut bench, 0, Ok(vec![1]), true);
    assert!(matches!(
        ask(&mut bench, request(64, true))[0],
        Action::Ask(_)
    ));
}
