//! Subscribing to endpoints, and what subscribers hear.

use serde_json::{Value, json};

use crate::support::{BAND, Fixture, adapters};

const DESK: &str = "bluebox:desk";

#[tokio::test]
async fn an_endpoint_is_known_by_id_hostname_and_addresses() {
    let fixture = Fixture::start().await;
    let mut first = fixture.channels().await;
    let join = json!({"instance": "1", "hostname": "Ward-7", "addresses": ["10.0.0.7", "fe80::7"]});
    first.join(DESK, join).await;
    let mut second = fixture.channels().await;
    second
        .join(
            "bluebox:late",
            json!({"instance": "2", "hostname": "ward-8", "addresses": ["10.0.0.7"]}),
        )
        .await;
    let mut web = fixture.web().await;
    for (name, id) in [
        ("desk", "desk"),
        ("ward-7", "desk"),
        ("10.0.0.7", "desk"),
        ("FE80::7", "desk"),
        ("127.0.0.1", "desk"),
        ("::ffff:127.0.0.1", "desk"),
        ("late", "late"),
        ("ward-8", "late"),
    ] {
        assert_eq!(web.subscribe(name).await["endpoint_id"], id, "{name}");
    }
    let update = web
        .ask("subscribe_endpoint", json!({"endpoint_id": "10.0.0.8"}))
        .await;
    assert_eq!(update["status"], 5100);
    assert_eq!(
        update["error"]["error_description"],
        "Nymi Bluetooth Endpoint is missing."
    );
    let listed = web.ok("list_endpoints", json!({})).await;
    assert_eq!(listed["endpoints"][0]["hostname"], "Ward-7");
    assert_eq!(listed["endpoints"][1]["endpoint_id"], "late");
    assert_eq!(listed["endpoints"][1]["ready"], false);
}

#[tokio::test]
async fn ble_ready_comes_at_once_or_when_the_radio_works() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.channels().await;
    desk.join(DESK, json!({"instance": "1"})).await;
    let mut early = fixture.web().await;
    early.subscribe("127.0.0.1").await;
    desk.ready(DESK).await;
    assert_eq!(early.endpoint_event().await, "ble_ready");
    let mut late = fixture.web().await;
    late.subscribe("desk").await;
    assert_eq!(late.endpoint_event().await, "ble_ready");

    desk.ok(DESK, "status", adapters("missing")).await;
    assert_eq!(early.endpoint_event().await, "ble_lost");
    let error = early.event().await;
    assert_eq!(
        (error["operation"].clone(), error["status"].clone()),
        (json!("error"), json!(5101))
    );
    let readers = json!({"adapters": [], "readers": [{"name": "R", "state": "ready"}]});
    desk.ok(DESK, "status", readers).await;
    assert_eq!(early.endpoint_event().await, "nfc_ready");
}

#[tokio::test]
async fn a_terminal_that_leaves_is_reported_and_welcomed_back() {
    let fixture = Fixture::start().await;
    let desk = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("desk").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    drop(desk);
    assert_eq!(web.endpoint_event().await, "gone");
    let error = web.event().await;
    assert_eq!(error["status"], 5100);
    assert_eq!(
        error["error"]["error_description"],
        "Nymi Bluetooth Endpoint is missing."
    );

    let mut desk = fixture.channels().await;
    desk.join(DESK, json!({"instance": "restarted"})).await;
    desk.ready(DESK).await;
    assert_eq!(web.endpoint_event().await, "back");
    assert_eq!(web.endpoint_event().await, "ble_ready");
    desk.ok(DESK, "phx_leave", json!({})).await;
    assert_eq!(web.endpoint_event().await, "gone");
    assert_eq!(web.event().await["status"], 5100);
    // Gone, it can still be unsubscribed, and then it is silent.
    web.ok("unsubscribe_endpoint", json!({"endpoint_id": "desk"}))
        .await;
    desk.join(DESK, json!({"instance": "again"})).await;
    web.subscribe("desk").await;
    desk.ready(DESK).await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
}

#[tokio::test]
async fn each_caller_hears_only_its_terminal() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let mut door = fixture.channels().await;
    door.join("bluebox:door", json!({"instance": "door"})).await;
    let mut at_desk = fixture.web().await;
    at_desk.subscribe("desk").await;
    assert_eq!(at_desk.endpoint_event().await, "ble_ready");
    door.tap("bluebox:door").await;
    desk.tap(DESK).await;
    let tap = at_desk.event().await;
    assert_eq!(tap["operation"], "tap");
    assert_eq!(tap["payload"]["endpoint_id"], "desk");
    assert_eq!(tap["payload"]["NymiBandID"], BAND);
    assert_eq!(tap["payload"]["method"], "ble");
    assert_eq!(tap["payload"]["intent_id"].as_str().unwrap().len(), 36);

    at_desk
        .ok("unsubscribe_endpoint", json!({"endpoint_id": "127.0.0.1"}))
        .await;
    desk.tap(DESK).await;
    assert_eq!(
        at_desk.ok("info", json!({})).await["version"]
            .as_str()
            .unwrap(),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        at_desk
            .status("unsubscribe_endpoint", json!({"endpoint_id": "nowhere"}))
            .await,
        5100
    );
}

#[tokio::test]
async fn presence_is_told_and_kept_for_who_comes_later() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("desk").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    desk.presence(DESK, "no", "yes").await;
    let heard = web.event().await;
    assert_eq!(
        heard,
        json!({
            "operation": "presence", "exchange": null, "status": 0,
            "payload": {
                "endpoint_id": "desk", "NymiBandID": BAND, "before": "no", "after": "yes",
                "authenticated": true, "worn": true, "rssi": -50, "proximity": "close",
            },
            "error": {},
        })
    );
    let mut late = fixture.web().await;
    late.subscribe("desk").await;
    assert_eq!(late.endpoint_event().await, "ble_ready");
    assert_eq!(late.event().await, heard);
    assert_eq!(
        late.ok("info", json!({})).await["bands"][0]["NymiBandID"],
        BAND
    );
    desk.presence(DESK, "yes", "no").await;
    assert_eq!(late.event().await["payload"]["after"], "no");
    assert_eq!(late.ok("info", json!({})).await["bands"], json!([]));
}

#[tokio::test]
async fn an_nfc_tap_is_resolved_to_its_band() {
    let fixture = Fixture::start().await;
    let row = |active: bool, uid: &str, band: &str| json!({"NfcUID": uid, "NymiBandID": band, "IsActive": active});
    fixture.nes.set_bands(vec![
        row(false, "04A1B2C3", "00:00:00:00:00:01"),
        row(true, "04A1B2C3", BAND),
        row(false, "04A1B2C4", "00:00:00:00:00:02"),
    ]);
    let mut desk = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("desk").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    let nfc = |uid: &str| json!({"uid": uid, "reader": "R", "at": "2026-05-13T08:30:00.000Z"});
    desk.ok(DESK, "nfc", nfc("04A1B2C3")).await;
    let tap = web.event().await;
    assert_eq!(tap["payload"]["NymiBandID"], BAND, "{tap}");
    assert_eq!(tap["payload"]["NfcUID"], "04A1B2C3");
    assert_eq!(tap["payload"]["method"], "nfc");
    for unknown in ["04A1B2C4", "04FFFFFF"] {
        desk.ok(DESK, "nfc", nfc(unknown)).await;
        let error = web.event().await;
        assert_eq!(
            (&error["operation"], &error["status"]),
            (&json!("error"), &json!(2201))
        );
        assert_eq!(error["payload"]["NfcUID"], unknown);
    }
}

#[tokio::test]
async fn an_nfc_uid_of_two_active_bands_is_nobodys_tap() {
    let fixture = Fixture::start().await;
    let row = |band: &str| json!({"NfcUID": "04A1B2C3", "NymiBandID": band, "IsActive": true});
    // A row without a band that can be read makes the UID no less ambiguous.
    for rows in [
        vec![row(BAND), row("00:00:00:00:00:02")],
        vec![row(BAND), row("nonsense")],
    ] {
        fixture.nes.set_bands(rows);
        let mut desk = fixture.channels().await;
        desk.join(DESK, json!({"instance": "1"})).await;
        let mut web = fixture.web().await;
        web.subscribe("desk").await;
        let tap = json!({"uid": "04A1B2C3", "reader": "R", "at": "2026-05-13T08:30:00.000Z"});
        desk.ok(DESK, "nfc", tap).await;
        let error = web.event().await;
        assert_eq!(
            (&error["operation"], &error["status"]),
            (&json!("error"), &json!(2201)),
            "{error}"
        );
        let specifics = error["error"]["error_specifics"].as_str().unwrap();
        assert!(specifics.contains("2 active bands"), "{specifics}");
        desk.ok(DESK, "phx_leave", json!({})).await;
    }
}

#[tokio::test]
async fn what_an_endpoint_sends_wrongly_is_refused_and_nothing_breaks() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    for (event, payload) in [
        ("frames", json!({"frames": [{"address": "nonsense"}]})),
        ("presence", json!({})),
        (
            "tap",
            json!({"address": BAND, "method": "nfc", "at": "2026-05-13T08:30:00.000Z"}),
        ),
        ("status", json!({"adapters": 7})),
        ("no_such", Value::Null),
    ] {
        let reply = desk.ask(DESK, event, payload).await;
        assert_eq!(reply["status"], "error", "{event}");
        assert!(reply["response"]["reason"].is_string(), "{event}: {reply}");
    }
    desk.tap(DESK).await;
}

#[tokio::test]
async fn texts_and_lists_of_endpoints_are_bounded() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.channels().await;
    let long = "x".repeat(257);
    for (topic, join) in [
        (format!("bluebox:{long}"), json!({"instance": "1"})),
        ("bluebox:a\nb".to_owned(), json!({"instance": "1"})),
        (DESK.to_owned(), json!({"instance": long})),
        (DESK.to_owned(), json!({"instance": "1", "hostname": long})),
        (
            DESK.to_owned(),
            json!({"instance": "1", "hostname": "\u{1b}[31m"}),
        ),
        (
            DESK.to_owned(),
            json!({"instance": "1", "addresses": [long]}),
        ),
        (
            DESK.to_owned(),
            json!({"instance": "1", "addresses": vec!["::1"; 17]}),
        ),
    ] {
        let reply = desk.ask(&topic, "phx_join", join).await;
        let reason = reply["response"]["reason"].as_str().unwrap();
        assert!(reason.contains("at most"), "{reply}");
    }
    desk.join(DESK, json!({"instance": "1", "hostname": "x".repeat(256)}))
        .await;
    let adapter = json!({"id": "0", "kind": "virtual", "state": "ready"});
    let named = |name: &str| json!({"name": name, "state": "ready"});
    for status in [
        json!({"adapters": vec![adapter; 17]}),
        json!({"adapters": [{"id": "0", "kind": "virtual", "state": "ready", "detail": long}]}),
        json!({"readers": vec![named("R"); 17]}),
        json!({"readers": [named("a\rb")]}),
    ] {
        let reply = desk.ask(DESK, "status", status).await;
        assert_eq!(reply["status"], "error", "{reply}");
    }
}

#[tokio::test]
async fn endpoints_are_limited_by_connection_and_in_all() {
    let fixture = Fixture::with(|config| {
        config.limits.endpoints = 3;
        config.limits.endpoints_per_connection = 2;
    })
    .await;
    let join = json!({"instance": "1"});
    let mut first = fixture.channels().await;
    first.join("bluebox:a", join.clone()).await;
    first.join("bluebox:b", join.clone()).await;
    let reply = first.ask("bluebox:c", "phx_join", join.clone()).await;
    assert!(
        reply.to_string().contains("a connection may join 2"),
        "{reply}"
    );
    let mut second = fixture.channels().await;
    second.join("bluebox:c", join.clone()).await;
    let reply = second.ask("bluebox:d", "phx_join", join.clone()).await;
    assert!(
        reply.to_string().contains("3 endpoints are connected"),
        "{reply}"
    );
    // One that is there may join again.
    second.join("bluebox:a", join).await;
}

#[tokio::test]
async fn nobody_takes_the_name_of_one_that_was_there_before() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.channels().await;
    let join = json!({"instance": "1", "hostname": "ward-7", "addresses": ["10.0.0.7"]});
    desk.join(DESK, join).await;
    let mut rogue = fixture.channels().await;
    for address in ["10.0.0.7", "::ffff:10.0.0.7"] {
        let topic = format!("bluebox:{address}");
        let reply = rogue
            .ask(&topic, "phx_join", json!({"instance": "2"}))
            .await;
        assert!(reply.to_string().contains("another terminal"), "{reply}");
    }
    rogue.join("bluebox:ward-7", json!({"instance": "2"})).await;
    // Old installations name their endpoints so.
    rogue
        .join("bluebox:10.0.0.8", json!({"instance": "2"}))
        .await;
    rogue
        .join("bluebox:127.0.0.1", json!({"instance": "2"}))
        .await;
    let mut web = fixture.web().await;
    for (name, id) in [
        ("ward-7", "desk"),
        ("10.0.0.7", "desk"),
        ("10.0.0.8", "10.0.0.8"),
    ] {
        assert_eq!(web.subscribe(name).await["endpoint_id"], id, "{name}");
    }
}

#[tokio::test]
async fn a_list_of_endpoints_always_fits_into_a_message() {
    let fixture = Fixture::start().await;
    let text = "x".repeat(256);
    let adapter = json!({"id": text, "kind": text, "state": "ready", "detail": text});
    let status = json!({"adapters": vec![adapter; 16], "readers": []});
    let mut terminals = Vec::new();
    for n in 0..96 {
        if n % 8 == 0 {
            terminals.push(fixture.channels().await);
        }
        let desk = terminals.last_mut().unwrap();
        let topic = format!("bluebox:{n}");
        desk.join(&topic, json!({"instance": "1"})).await;
        desk.ok(&topic, "status", status.clone()).await;
    }
    let mut web = fixture.web().await;
    for operation in ["list_endpoints", "info"] {
        let answer = web.ok(operation, json!({})).await;
        assert!(answer.to_string().len() < 1024 * 1024);
        assert!(answer["endpoints"].as_array().unwrap().len() > 30);
    }
}
