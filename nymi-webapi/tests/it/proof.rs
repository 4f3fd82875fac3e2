//! Native clients: proof by certificate, what it opens, and messages to bands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nymi_core::band::BandRequest;
use serde_json::{Value, json};

use crate::pki::{Leaf, NBA, NEA, Pki};
use crate::support::{BAND, Channels, Fixture, Web, frame};

const TOPIC: &str = "nea:Records:key-1";
const DESK: &str = "bluebox:desk";

fn proof(pki: &Pki, leaf: &Leaf, nonce: &Value, topic: &str) -> Value {
    let nonce = hex::decode(nonce["nonce"].as_str().unwrap()).unwrap();
    let message = [b"nymi nea auth".as_slice(), &nonce, topic.as_bytes()].concat();
    json!({
        "chain": [STANDARD.encode(&leaf.der), STANDARD.encode(&pki.l2)],
        "signature": hex::encode(leaf.sign(&message)),
    })
}

/// A client that proved its name.
async fn proven(fixture: &Fixture, roles: &[u64]) -> Channels {
    let mut client = fixture.channels().await;
    let nonce = client.join(TOPIC, json!({})).await;
    let leaf = fixture.pki.leaf("Records", roles);
    client
        .ok(
            TOPIC,
            "authenticate",
            proof(&fixture.pki, &leaf, &nonce, TOPIC),
        )
        .await;
    client
}

async fn request(client: &mut Channels, operation: &str, payload: Value) -> Value {
    let envelope = json!({"operation": operation, "exchange": "x", "payload": payload});
    client.ok(TOPIC, "request", envelope).await;
    client.update().await
}

#[tokio::test]
async fn until_the_proof_only_init_and_info_are_served() {
    let fixture = Fixture::start().await;
    let mut client = fixture.channels().await;
    let nonce = client.join(TOPIC, json!({})).await;
    assert_eq!(nonce["nonce"].as_str().unwrap().len(), 64);
    assert_eq!(request(&mut client, "info", json!({})).await["status"], 0);
    assert_eq!(
        request(&mut client, "init", json!({"nea_name": "Records"})).await["status"],
        0
    );
    assert_eq!(
        request(&mut client, "init", json!({"nea_name": "Another"})).await["status"],
        1003
    );
    assert_eq!(
        request(&mut client, "list_endpoints", json!({})).await["status"],
        1004
    );
    assert_eq!(
        request(&mut client, "nonsense", json!({})).await["status"],
        1001
    );
    let reply = client.ask(TOPIC, "request", json!("text")).await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(client.update().await["operation"], "error");
}

#[tokio::test]
async fn the_proven_name_makes_the_assertion() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    desk.frames(DESK, &[frame(1)]).await;
    let mut client = proven(&fixture, &[NEA]).await;
    let info = request(&mut client, "info", json!({})).await;
    assert!(
        info["payload"]["certificate"]["serial"].is_string(),
        "{info}"
    );
    let assert = json!({"assert_type": "assert_user", "device": BAND});
    assert_eq!(
        request(&mut client, "assert_identity", assert).await["status"],
        0
    );
    let asked = &fixture.nes.asked(1).await[0];
    assert_eq!(
        (&asked["azp"], &asked["audience"]),
        (&json!("Records"), &json!("Records"))
    );
}

#[tokio::test]
async fn a_proof_that_proves_nothing_is_refused_with_its_reason() {
    let fixture = Fixture::start().await;
    let gold = Pki::gold();
    let mut client = fixture.channels().await;
    let nonce = client.join(TOPIC, json!({})).await;
    let good = fixture.pki.leaf("Records", &[NEA]);
    let other = fixture.pki.leaf("Another", &[NEA]);
    let endpoint = fixture.pki.leaf("Records", &[5]);
    let of_gold = gold.leaf("Records", &[NEA]);
    let mut bad_signature = proof(&fixture.pki, &good, &nonce, TOPIC);
    bad_signature["signature"] = json!("00".repeat(64));
    let mut empty = proof(&fixture.pki, &good, &nonce, TOPIC);
    empty["chain"] = json!([]);
    for (what, payload) in [
        ("signature", bad_signature),
        (
            "other topic",
            proof(&fixture.pki, &good, &nonce, "nea:Records:key-2"),
        ),
        ("other name", proof(&fixture.pki, &other, &nonce, TOPIC)),
        ("other role", proof(&fixture.pki, &endpoint, &nonce, TOPIC)),
        ("other enterprise", proof(&gold, &of_gold, &nonce, TOPIC)),
        ("empty chain", empty),
    ] {
        let reply = client.ask(TOPIC, "authenticate", payload).await;
        assert_eq!(reply["status"], "error", "{what}");
        assert_eq!(reply["response"]["status"], 8000, "{what}: {reply}");
        assert!(
            reply["response"]["reason"]
                .as_str()
                .is_some_and(|r| r.len() > 20),
            "{what}: {reply}"
        );
        assert_eq!(
            request(&mut client, "list_endpoints", json!({})).await["status"],
            1004,
            "{what}"
        );
    }
    let payload = proof(&fixture.pki, &good, &nonce, TOPIC);
    client.ok(TOPIC, "authenticate", payload).await;
    assert_eq!(
        request(&mut client, "list_endpoints", json!({})).await["status"],
        0
    );
}

#[tokio::test]
async fn a_gold_agent_refuses_bronze_with_number_14() {
    let fixture = Fixture::with(|config| {
        config.grade = nymi_core::chain::GradeRequirement::Gold;
    })
    .await;
    let mut client = fixture.channels().await;
    let nonce = client.join(TOPIC, json!({})).await;
    let leaf = fixture.pki.leaf("Records", &[NEA]);
    let payload = proof(&fixture.pki, &leaf, &nonce, TOPIC);
    let reply = client.ask(TOPIC, "authenticate", payload).await;
    assert_eq!(reply["response"]["nsl"], 14, "{reply}");
}

#[tokio::test]
async fn a_nonce_is_for_one_join() {
    let fixture = Fixture::start().await;
    let mut ghost = fixture.channels().await;
    let first = ghost.join(TOPIC, json!({})).await;
    let mut client = fixture.channels().await;
    let second = client.join(TOPIC, json!({})).await;
    assert_ne!(first, second);
    assert_eq!(ghost.pushed().await.0, "phx_close");
    let leaf = fixture.pki.leaf("Records", &[NEA]);
    let replayed = proof(&fixture.pki, &leaf, &first, TOPIC);
    assert_eq!(
        client.ask(TOPIC, "authenticate", replayed.clone()).await["status"],
        "error"
    );
    let late = ghost.ask(TOPIC, "authenticate", replayed).await;
    assert_eq!(late["response"]["reason"], "unmatched topic");
    client
        .ok(
            TOPIC,
            "authenticate",
            proof(&fixture.pki, &leaf, &second, TOPIC),
        )
        .await;
}

#[tokio::test]
async fn a_proven_client_gives_way_only_to_a_proof() {
    let fixture = Fixture::start().await;
    let mut client = proven(&fixture, &[NEA]).await;
    let mut stranger = fixture.channels().await;
    let nonce = stranger.join(TOPIC, json!({})).await;
    let served = request(&mut client, "list_endpoints", json!({})).await;
    assert_eq!(served["status"], 0);
    // Another unproven one takes nothing either.
    fixture.channels().await.join(TOPIC, json!({})).await;
    let served = request(&mut client, "list_endpoints", json!({})).await;
    assert_eq!(served["status"], 0);
    let leaf = fixture.pki.leaf("Records", &[NEA]);
    let payload = proof(&fixture.pki, &leaf, &nonce, TOPIC);
    stranger.ok(TOPIC, "authenticate", payload).await;
    assert_eq!(client.pushed().await.0, "phx_close");
    let served = request(&mut stranger, "list_endpoints", json!({})).await;
    assert_eq!(served["status"], 0);
}

#[tokio::test]
async fn a_tap_is_one_assertion_of_all_without_proof_and_one_of_each_name() {
    let fixture =
        Fixture::with(|config| config.allowed_origins = vec!["https://records.example".to_owned()])
            .await;
    let mut desk = fixture.desk().await;
    desk.frames(DESK, &[frame(1)]).await;
    let url = fixture.agent.webapi_url();
    let mut page = Web::open_with(url, &[("origin", "https://records.example")]).await;
    page.subscribe("desk").await;
    assert_eq!(page.endpoint_event().await, "ble_ready");
    desk.tap(DESK).await;
    let intent = page.event().await["payload"]["intent_id"].clone();
    let assert = json!({"assert_type": "assert_user", "device": BAND, "intent_id": intent});
    page.ok("assert_identity", assert.clone()).await;
    // Another name for the same page, its own origin, or none: the tap is spent.
    let own = url.replace("ws://", "http://");
    for headers in [
        vec![("origin", "HTTPS://Records.Example:443/")],
        vec![("origin", own.trim_end_matches('/'))],
        vec![],
    ] {
        let mut web = Web::open_with(url, &headers).await;
        let status = web.status("assert_identity", assert.clone()).await;
        assert_eq!(status, 1003, "{headers:?}");
    }
    let mut client = proven(&fixture, &[NEA]).await;
    for status in [0, 1003] {
        let update = request(&mut client, "assert_identity", assert.clone()).await;
        assert_eq!(update["status"], status, "{update}");
    }
    assert_eq!(fixture.nes.asked(2).await.len(), 2);
}

#[tokio::test]
async fn band_exchange_is_for_enrollment_terminals() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let payload = json!({"endpoint_id": "127.0.0.1", "address": BAND, "data": "0102"});
    let mut web = fixture.web().await;
    assert_eq!(web.status("band_exchange", payload.clone()).await, 4001);
    let mut client = proven(&fixture, &[NEA]).await;
    assert_eq!(
        request(&mut client, "band_exchange", payload.clone()).await["status"],
        4001
    );

    let mut terminal = proven(&fixture, &[NEA, NBA]).await;
    let envelope = json!({"operation": "band_exchange", "exchange": "x", "payload": payload});
    terminal.ok(TOPIC, "request", envelope.clone()).await;
    let (event, asked) = desk.pushed().await;
    assert_eq!(event, "band_request");
    assert_eq!(
        (&asked["address"], &asked["data"], &asked["last"]),
        (&json!(BAND), &json!("0102"), &json!(true))
    );
    let id = &asked["id"];
    desk.ok(
        DESK,
        "band_reply",
        json!({"id": id, "data": "0a", "last": false}),
    )
    .await;
    desk.ok(
        DESK,
        "band_reply",
        json!({"id": id, "data": "0b", "last": true}),
    )
    .await;
    let update = terminal.update().await;
    assert_eq!(update["payload"], json!({"data": "0a0b"}), "{update}");

    terminal.ok(TOPIC, "request", envelope.clone()).await;
    let id = desk.pushed().await.1["id"].clone();
    desk.ok(
        DESK,
        "band_reply",
        json!({"id": id, "last": true, "error": 3027}),
    )
    .await;
    assert_eq!(terminal.update().await["status"], 3027);

    let mut impatient = envelope.clone();
    impatient["payload"]["deadline_ms"] = json!(20);
    terminal.ok(TOPIC, "request", impatient).await;
    assert_eq!(terminal.update().await["status"], 3010);

    terminal.ok(TOPIC, "request", envelope.clone()).await;
    desk.pushed().await;
    drop(desk);
    assert_eq!(terminal.update().await["status"], 5100);
    terminal.ok(TOPIC, "request", envelope).await;
    assert_eq!(terminal.update().await["status"], 5100);
}

/// A message of a session with the band, as a request.
fn session_message(sequence: u32) -> Value {
    let message = BandRequest::Session {
        id: [7; 16],
        sequence,
        records: vec![1, 2, 3],
    };
    let payload = json!({"device": BAND, "data": hex::encode(message.to_bytes())});
    json!({"operation": "band_session", "exchange": "x", "payload": payload})
}

#[tokio::test]
async fn session_messages_and_no_others_are_carried_for_applications() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let mut client = proven(&fixture, &[NEA]).await;
    let message = session_message(0);
    client.ok(TOPIC, "request", message.clone()).await;
    assert_eq!(client.update().await["status"], 3020, "nobody hears it");

    desk.frames(DESK, &[frame(1)]).await;
    let describe = hex::encode(BandRequest::Describe.to_bytes());
    for data in [describe.as_str(), "", "ffff", &"00".repeat(17_000)] {
        let payload = json!({"device": BAND, "data": data});
        let update = request(&mut client, "band_session", payload).await;
        assert_eq!(update["status"], 1003, "{update}");
    }

    client.ok(TOPIC, "request", message.clone()).await;
    let (event, asked) = desk.pushed().await;
    assert_eq!(
        (event.as_str(), &asked["address"], &asked["data"]),
        ("band_request", &json!(BAND), &message["payload"]["data"])
    );
    let reply = json!({"id": asked["id"], "data": "0a0b", "last": true});
    desk.ok(DESK, "band_reply", reply).await;
    let update = client.update().await;
    assert_eq!(update["payload"], json!({"data": "0a0b"}), "{update}");

    let sign = json!({"device": BAND, "hash": "ab".repeat(32)});
    let update = request(&mut client, "sign", sign).await;
    assert_eq!(update["status"], 4001, "the agent has no session: {update}");
}

#[tokio::test]
async fn a_band_that_leaves_while_it_is_asked_is_told_at_once() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    desk.frames(DESK, &[frame(1)]).await;
    let mut client = proven(&fixture, &[NEA]).await;
    client.ok(TOPIC, "request", session_message(0)).await;
    desk.pushed().await;
    desk.presence(DESK, "yes", "yes").await;
    desk.presence(DESK, "yes", "likely").await;
    let update = client.update().await;
    assert_eq!(update["status"], 3027, "{update}");

    let mut silent = session_message(1);
    silent["payload"]["deadline_ms"] = json!(20);
    client.ok(TOPIC, "request", silent).await;
    assert_eq!(client.update().await["status"], 3010);

    // A band on a charger is not heard, and enrolls all the same.
    let mut terminal = proven(&fixture, &[NEA, NBA]).await;
    let payload = json!({"endpoint_id": "desk", "address": BAND, "data": "0102"});
    let envelope = json!({"operation": "band_exchange", "exchange": "x", "payload": payload});
    terminal.ok(TOPIC, "request", envelope).await;
    let (_, first) = desk.pushed().await;
    let asked = match first["data"] == "0102" {
        true => first,
        false => desk.pushed().await.1,
    };
    desk.presence(DESK, "likely", "unlikely").await;
    let reply = json!({"id": asked["id"], "data": "0a", "last": true});
    desk.ok(DESK, "band_reply", reply).await;
    assert_eq!(terminal.update().await["status"], 0);
}
