//! `assert_identity` from frame to answer.

use serde_json::{Value, json};

use crate::support::{BAND, Channels, Fixture, Web, frame};

const DESK: &str = "bluebox:desk";

fn of_band() -> Value {
    json!({"assert_type": "assert_user", "device": BAND})
}

fn with(mut payload: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

/// A web application at a desk that hears the band.
async fn at_desk(fixture: &Fixture) -> (Channels, Web) {
    let mut desk = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("127.0.0.1").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    desk.frames(DESK, &[frame(1)]).await;
    (desk, web)
}

async fn tapped(desk: &mut Channels, web: &mut Web) -> Value {
    desk.tap(DESK).await;
    web.event().await["payload"]["intent_id"].clone()
}

#[tokio::test]
async fn the_newest_frames_go_to_nes_and_its_answer_comes_back() {
    let fixture = Fixture::start().await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let heard: Vec<_> = (1..=12).chain([10, 12]).map(frame).collect();
    desk.frames(DESK, &heard).await;
    let answer = web.ok("assert_identity", of_band()).await;
    assert_eq!(
        answer,
        json!({
            "Username": "alice", "Domain": "ACME", "NymiBandID": BAND, "method": "ble",
            "verified_at": "2026-05-13T08:30:00.000Z", "assertion": "head.body.signature",
        })
    );
    let asked = &fixture.nes.asked(1).await[0];
    let newest: Vec<_> = [12, 10, 11, 9, 8, 7, 6, 5].into_iter().map(frame).collect();
    assert_eq!(asked["frames"], json!(newest));
    assert_eq!(asked["NymiBandID"], BAND);
    assert_eq!(asked["endpoint"], "desk");
    assert_eq!(
        (&asked["azp"], &asked["audience"]),
        (&json!("webapi"), &json!("webapi"))
    );
    assert_eq!(asked.get("intent_id"), None);
}

#[tokio::test]
async fn audience_nonce_document_and_meaning_are_passed_on_with_the_intent() {
    let fixture = Fixture::start().await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let intent = tapped(&mut desk, &mut web).await;
    let document = "ab".repeat(32);
    let fields = json!({
        "intent_id": intent, "audience": "records", "nonce": "n-1",
        "document_sha256": document, "meaning": "approved",
    });
    web.ok("assert_identity", with(of_band(), fields.clone()))
        .await;
    let asked = &fixture.nes.asked(1).await[0];
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(asked[name], *value, "{name}");
    }
    assert!(asked["intent_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(asked["method"], "ble");
}

#[tokio::test]
async fn a_tap_counts_once() {
    let fixture = Fixture::start().await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let intent = tapped(&mut desk, &mut web).await;
    let signing = with(of_band(), json!({"intent_id": intent}));
    let other = "00:00:00:00:00:09";
    assert_eq!(
        web.status(
            "assert_identity",
            with(signing.clone(), json!({"device": other}))
        )
        .await,
        1003
    );
    let unknown = json!({"intent_id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427"});
    assert_eq!(
        web.status("assert_identity", with(of_band(), unknown))
            .await,
        1003
    );
    // Refused by NES, it may be used again; used, it may not.
    fixture
        .nes
        .answer_next(403, json!({"Message": "suspended", "Status": 6011}));
    assert_eq!(web.status("assert_identity", signing.clone()).await, 6011);
    web.ok("assert_identity", signing.clone()).await;
    assert_eq!(web.status("assert_identity", signing.clone()).await, 1003);
    assert_eq!(fixture.nes.asked(2).await.len(), 2);
}

#[tokio::test]
async fn an_old_tap_is_no_intent() {
    let fixture =
        Fixture::with(|config| config.limits.intent_age = std::time::Duration::ZERO).await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let intent = tapped(&mut desk, &mut web).await;
    assert_eq!(
        web.status(
            "assert_identity",
            with(of_band(), json!({"intent_id": intent}))
        )
        .await,
        1003
    );
}

#[tokio::test]
async fn a_band_that_is_not_heard_is_not_present() {
    let fixture = Fixture::start().await;
    let mut web = fixture.web().await;
    assert_eq!(web.status("assert_identity", of_band()).await, 3020);
    // Heard at another terminal than the subscribed one.
    let _desk = fixture.desk().await;
    let mut door = fixture.channels().await;
    door.join("bluebox:door", json!({"instance": "door"})).await;
    door.frames("bluebox:door", &[frame(1)]).await;
    web.subscribe("desk").await;
    assert_eq!(web.status("assert_identity", of_band()).await, 3020);
    // Without any subscription, anywhere.
    let mut anywhere = fixture.web().await;
    anywhere.ok("assert_identity", of_band()).await;
    assert_eq!(fixture.nes.asked(1).await[0]["endpoint"], "door");
}

#[tokio::test]
async fn frames_that_fell_silent_are_not_presence() {
    let fixture = Fixture::with(|config| config.limits.heard = std::time::Duration::ZERO).await;
    let (_desk, mut web) = at_desk(&fixture).await;
    assert_eq!(web.status("assert_identity", of_band()).await, 3020);
}

#[tokio::test]
async fn after_a_replay_the_next_frame_is_sent() {
    let fixture = Fixture::start().await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let replayed = json!({"Message": "used before", "Status": 6001, "t_interval_ms": 60_000});
    fixture.nes.answer_next(409, replayed.clone());
    fixture.nes.answer_next(409, replayed);
    let exchange = web.send("assert_identity", of_band()).await;
    fixture.nes.asked(1).await;
    desk.frames(DESK, &[frame(1)]).await;
    desk.frames(DESK, &[frame(2)]).await;
    let asked = fixture.nes.asked(2).await;
    assert_eq!(asked[1]["frames"], json!([frame(2), frame(1)]));
    desk.frames(DESK, &[frame(3)]).await;
    assert_eq!(web.answer(&exchange).await["status"], 0);
    assert_eq!(fixture.nes.asked(3).await[2]["frames"][0], frame(3));
}

#[tokio::test]
async fn without_a_new_frame_a_replay_is_reported() {
    let fixture = Fixture::start().await;
    let (_desk, mut web) = at_desk(&fixture).await;
    // By two TInterval, or by the deadline where that is earlier.
    for (t_interval_ms, deadline_ms) in [(20, 15_000), (60_000, 1_000)] {
        let replayed =
            json!({"Message": "used before", "Status": 6001, "t_interval_ms": t_interval_ms});
        fixture.nes.answer_next(409, replayed);
        let request = with(of_band(), json!({"deadline_ms": deadline_ms}));
        assert_eq!(web.status("assert_identity", request).await, 6001);
    }
}

#[tokio::test]
async fn refusals_of_nes_keep_their_status_words_and_skew() {
    let fixture = Fixture::start().await;
    let (_desk, mut web) = at_desk(&fixture).await;
    let refusal =
        json!({"Message": "20 s ahead", "Status": 6003, "skew_ms": 20_000, "EventTypeID": 14});
    fixture.nes.answer_next(403, refusal);
    let update = web.ask("assert_identity", of_band()).await;
    assert_eq!(update["status"], 6003);
    assert_eq!(update["payload"], json!({"skew_ms": 20_000}));
    assert_eq!(update["error"]["error_specifics"], "20 s ahead");
    for (http, said, status) in [
        (403, json!({"Message": "no", "Status": 3021}), 3021),
        (403, json!({"Message": "not your endpoint"}), 2003),
        (500, json!({"Message": "oops"}), 2004),
        (200, json!({"unexpected": true}), 2006),
        (404, json!({"Message": "gone", "Status": 6010}), 6010),
    ] {
        fixture.nes.answer_next(http, said);
        assert_eq!(web.status("assert_identity", of_band()).await, status);
    }
}

#[tokio::test]
async fn a_nes_that_does_not_answer_is_a_timeout() {
    let fixture = Fixture::start().await;
    let (_desk, mut web) = at_desk(&fixture).await;
    fixture.nes.hold();
    let request = with(of_band(), json!({"deadline_ms": 100}));
    assert_eq!(web.status("assert_identity", request).await, 3000);
}

#[tokio::test]
async fn an_operation_can_be_cancelled_by_its_own_connection_only() {
    let fixture = Fixture::start().await;
    let (mut desk, mut web) = at_desk(&fixture).await;
    let intent = tapped(&mut desk, &mut web).await;
    let signing = with(of_band(), json!({"intent_id": intent}));
    fixture.nes.hold();
    let exchange = web.send("assert_identity", signing.clone()).await;
    fixture.nes.asked(1).await;
    let mut stranger = fixture.web().await;
    assert_eq!(
        stranger
            .status("cancel", json!({"exchange": exchange}))
            .await,
        1003
    );
    web.ok("cancel", json!({"exchange": exchange})).await;
    assert_eq!(web.answer(&exchange).await["status"], 1006);
    assert_eq!(
        web.status("cancel", json!({"exchange": exchange})).await,
        1003
    );
    // The tap was given back.
    fixture.nes.release();
    web.ok("assert_identity", signing).await;
}

#[tokio::test]
async fn an_exchange_in_flight_is_taken_and_so_are_places() {
    let fixture = Fixture::with(|config| config.limits.in_flight = 2).await;
    let (_desk, mut web) = at_desk(&fixture).await;
    fixture.nes.hold();
    let first = web.send("assert_identity", of_band()).await;
    fixture.nes.asked(1).await;
    let twin = json!({"operation": "info", "exchange": first, "payload": {}});
    web.ws.text(twin.to_string()).await;
    let refused = web.answer(&first).await;
    assert_eq!(
        (&refused["operation"], &refused["status"]),
        (&json!("info"), &json!(1005))
    );
    let second = web.send("assert_identity", of_band()).await;
    fixture.nes.asked(2).await;
    assert_eq!(web.status("assert_identity", of_band()).await, 1008);
    fixture.nes.release();
    for exchange in [first.clone(), second] {
        assert_eq!(web.answer(&exchange).await["status"], 0);
    }
    // Answered, it is free again.
    web.ws
        .text(json!({"operation": "info", "exchange": first, "payload": {}}).to_string())
        .await;
    assert_eq!(web.answer(&first).await["status"], 0);
}

#[tokio::test]
async fn an_endpoint_that_invents_frames_does_not_hide_one_that_hears_the_band() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    desk.frames(DESK, &[frame(1)]).await;
    let mut rogue = fixture.channels().await;
    rogue.join("bluebox:rogue", json!({"instance": "r"})).await;
    rogue.frames("bluebox:rogue", &[frame(9)]).await;
    let forged = json!({"Message": "not the band's", "Status": 6000});
    let mut web = fixture.web().await;
    fixture.nes.answer_next(403, forged.clone());
    web.ok("assert_identity", of_band()).await;
    let asked = fixture.nes.asked(2).await;
    assert_eq!(
        (&asked[0]["endpoint"], &asked[1]["endpoint"]),
        (&json!("rogue"), &json!("desk"))
    );
    // Nobody hears it truly: the refusal is reported, and nobody is asked twice.
    fixture.nes.answer_next(403, forged.clone());
    fixture.nes.answer_next(403, forged);
    assert_eq!(web.status("assert_identity", of_band()).await, 6000);
    assert_eq!(fixture.nes.asked(4).await.len(), 4);
}
