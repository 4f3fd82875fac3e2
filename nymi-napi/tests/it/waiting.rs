//! Waiting otherwise than in `get`: for one's own answer, for a tap, for an event loop.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nymi_core::message::{Payload, Request, Status};
use nymi_napi::{Client, GetError, LogLevel, LogSink};
use serde_json::json;

use crate::fake::PATIENCE;
use crate::support::{Bench, answer, ask, next, put, subscribe};

const BAND: &str = "AA:BB:CC:DD:EE:FF";

fn list(exchange: Option<&str>) -> Request {
    Request {
        exchange: exchange.map(str::to_owned),
        deadline_ms: 60_000,
        payload: Payload::ListEndpoints,
    }
}

#[test]
fn whoever_asks_gets_its_own_answer_and_no_other() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = Arc::new(bench.ready(&agent));
    put(&client, "list_endpoints", "queued", json!({}));
    let queued = agent.next_request();
    let asking = {
        let client = Arc::clone(&client);
        thread::spawn(move || client.ask(list(None)))
    };
    let asked = agent.next_request();
    agent.answer(&queued, json!({"endpoints": []}));
    agent.answer(&asked, json!({"endpoints": [], "mine": true}));
    let update = asking.join().unwrap().unwrap();
    assert_eq!(update.payload["mine"], true);
    assert!(answer(&client, "queued")["payload"].get("mine").is_none());
    assert_eq!(client.try_get(), Ok(None));
}

#[test]
fn a_wait_is_woken_and_its_request_is_given_up() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = Arc::new(bench.ready(&agent));
    let asking = {
        let client = Arc::clone(&client);
        thread::spawn(move || client.ask(list(None)))
    };
    let asked = agent.next_request();
    client.wake();
    assert_eq!(asking.join().unwrap(), Err(GetError::Woken));
    let cancel = agent.next_request();
    assert_eq!(cancel["operation"], "cancel");
    assert_eq!(cancel["payload"]["exchange"], asked["exchange"]);
    assert_eq!(client.get(Some(Duration::ZERO)), Ok(None), "not sticky");
}

#[test]
fn a_wait_is_cancelled_by_its_exchange_and_ends_with_the_client() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = Arc::new(bench.ready(&agent));
    let wait = |exchange: &'static str| {
        let client = Arc::clone(&client);
        let asking = thread::spawn(move || client.ask(list(Some(exchange))).unwrap());
        assert_eq!(agent.next_request()["operation"], "list_endpoints");
        asking
    };
    let asking = wait("one");
    assert_eq!(
        client.ask(list(Some("one"))).unwrap().status,
        Status::DUPLICATE_EXCHANGE
    );
    let cancelled = ask(&client, "cancel", "c", json!({"exchange": "one"}));
    assert_eq!(cancelled["status"], 0);
    assert_eq!(asking.join().unwrap().status, Status::CANCELLED);
    assert_eq!(agent.next_request()["operation"], "cancel");

    let asking = wait("two");
    client.terminate();
    assert_eq!(asking.join().unwrap().status, Status::TERMINATED);
    assert_eq!(
        client.ask(list(None)).unwrap().status,
        Status::TERMINATED,
        "after the end"
    );
}

#[test]
fn taps_and_failures_are_heard_past_answers() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    subscribe(&client, &agent, "bench");
    put(&client, "nothing", "answer", json!({}));
    let tap = |intent: &str| {
        json!({"operation": "tap", "exchange": null, "status": 0, "payload": {
            "endpoint_id": "bench", "NymiBandID": BAND, "method": "ble", "intent_id": intent,
            "at": "2026-01-02T00:00:00.000Z"}, "error": {}})
    };
    let gone = json!({"operation": "endpoint", "exchange": null, "status": 0,
        "payload": {"endpoint_id": "bench", "event": "gone"}, "error": {}});
    agent.update(gone.clone());
    agent.update(tap("00000000-0000-4000-8000-000000000001"));
    agent.update(gone.clone());
    let update = client.next_tap_or_failure(Some(PATIENCE)).unwrap().unwrap();
    assert_eq!(update.payload["NymiBandID"], BAND);
    let update = client.next_event(Some(PATIENCE)).unwrap().unwrap();
    assert_eq!(update.operation, "endpoint");
    agent.stop();
    let update = client.next_tap_or_failure(Some(PATIENCE)).unwrap().unwrap();
    assert_eq!(update.status, Status::AGENT_MISSING);
    assert_eq!(client.next_event(Some(Duration::ZERO)), Ok(None));
    assert_eq!(next(&client)["exchange"], "answer");
}

#[test]
fn an_event_loop_hears_when_there_is_something_to_read() {
    let bench = Bench::new();
    let (sender, told) = mpsc::channel();
    let sender = Mutex::new(sender);
    let mut config = bench.config("ws://127.0.0.1:1");
    config.on_readable = Some(Arc::new(move |is_readable| {
        sender.lock().unwrap().send(is_readable).unwrap();
    }));
    let client = Client::start(config).unwrap();
    assert!(told.recv_timeout(PATIENCE).unwrap(), "4000 is there");
    assert_eq!(next(&client)["status"], 4000);
    assert!(!told.recv_timeout(PATIENCE).unwrap());
    client.announce_readable();
    assert!(!told.recv_timeout(PATIENCE).unwrap());
    client.terminate();
    assert!(told.recv_timeout(PATIENCE).unwrap(), "the end");
}

#[test]
fn a_sink_takes_the_log_without_a_file() {
    let bench = Bench::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut config = bench.config("ws://127.0.0.1:1");
    config.log = None;
    config.log_sink = Some(LogSink {
        level: LogLevel::Normal,
        write: {
            let lines = Arc::clone(&lines);
            Arc::new(move |level, line| lines.lock().unwrap().push((level, line.to_owned())))
        },
    });
    let client = Client::start(config).unwrap();
    assert_eq!(next(&client)["status"], 4000);
    client.terminate();
    let lines = lines.lock().unwrap();
    let (level, line) = lines.first().unwrap();
    assert_eq!(*level, LogLevel::Normal);
    assert!(
        line.contains("Could not connect to websocket server"),
        "{line}"
    );
    assert!(lines.iter().all(|(level, _)| *level == LogLevel::Normal));
    assert_eq!(bench.log(), "");
}
