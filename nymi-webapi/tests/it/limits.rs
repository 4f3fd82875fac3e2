//! Deadlines and sizes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::{Channels, Fixture, Web, Ws, get};

/// Soon, but not before a loaded machine has answered.
const SOON: Duration = Duration::from_millis(400);
/// Longer than a loaded machine takes; nothing waits for so long unless it hangs.
const LONG: Duration = Duration::from_secs(120);
const MIB: usize = 1024 * 1024;

/// An `info` request of exactly this many bytes.
fn padded(bytes: usize) -> String {
    let empty = json!({"operation": "info", "exchange": "big", "payload": {"pad": ""}}).to_string();
    let pad = "x".repeat(bytes - empty.len());
    json!({"operation": "info", "exchange": "big", "payload": {"pad": pad}}).to_string()
}

#[tokio::test]
async fn a_message_of_one_mebibyte_is_served() {
    let fixture = Fixture::start().await;
    let mut ws = Ws::open(fixture.agent.webapi_url()).await;
    let text = padded(MIB);
    assert_eq!(text.len(), MIB);
    ws.text(text).await;
    assert_eq!(ws.value().await["status"], 0);
}

#[tokio::test]
async fn a_larger_one_is_answered_with_1009_although_it_is_still_being_sent() {
    let fixture = Fixture::start().await;
    for bytes in [MIB + 1, 2 * MIB, 32 * MIB] {
        let mut ws = Ws::open(fixture.agent.webapi_url()).await;
        // All of it is written before anything is read: the answer must survive that.
        ws.0.send(Message::text(padded(bytes))).await.unwrap();
        let update = ws.value().await;
        assert_eq!(update["operation"], "error", "{bytes}");
        assert_eq!(
            (&update["status"], &update["exchange"]),
            (&json!(1009), &Value::Null)
        );
        assert_eq!(ws.close_code().await, 1009, "{bytes}");
        let mut channels = fixture.channels().await;
        channels
            .ws
            .0
            .send(Message::text(padded(bytes)))
            .await
            .unwrap();
        assert_eq!(channels.ws.close_code().await, 1009, "{bytes}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let fixture = Fixture::with(|config| config.limits.first_message = SOON).await;
    let mut web = Ws::open(fixture.agent.webapi_url()).await;
    assert_eq!(web.close_code().await, 1008);
    let mut channels = fixture.channels().await;
    assert_eq!(channels.ws.close_code().await, 1008);
    // A heartbeat is no join.
    let mut channels = fixture.channels().await;
    channels.push("phoenix", "heartbeat", json!({})).await;
    channels.ws.value().await;
    assert_eq!(channels.ws.close_code().await, 1008);
}

#[tokio::test]
async fn a_connection_without_heartbeat_is_closed_and_its_endpoint_gone() {
    let fixture = Fixture::with(|config| config.limits.silence = SOON).await;
    let mut desk = fixture.desk().await;
    assert_eq!(desk.ws.close_code().await, 1008);
    let mut web = fixture.web().await;
    assert_eq!(
        web.status("subscribe_endpoint", json!({"endpoint_id": "desk"}))
            .await,
        5100
    );
}

#[tokio::test]
async fn a_web_application_that_answers_pings_stays() {
    let fixture = Fixture::with(|config| {
        config.limits.ping = Duration::from_millis(50);
        config.limits.silence = Duration::from_secs(1);
    })
    .await;
    let mut web = fixture.web().await;
    web.ok("info", json!({})).await;
    // Forty pings take twice as long as the silence that would end the connection.
    let mut pings = 0;
    while pings < 40 {
        match web.ws.0.next().await {
            Some(Ok(Message::Ping(_))) => pings += 1,
            other => panic!("expected a ping, found {other:?}"),
        }
    }
    web.ok("info", json!({})).await;
}

/// An agent whose answers to `list_endpoints` are so large, 60 kB, that some dozens fill what the systems
/// buffer for a peer that does not read; eight more wait. Such a peer has `farewell` to read them.
async fn with_large_answers(farewell: Duration) -> (Fixture, Channels) {
    let fixture = Fixture::with(|config| {
        config.limits.queue = 8;
        config.limits.farewell = farewell;
    })
    .await;
    let mut desk = fixture.desk().await;
    let text = "x".repeat(256);
    let adapter = json!({"id": text, "kind": text, "state": "ready", "detail": text});
    let status = json!({"adapters": vec![adapter; 16], "readers": []});
    for n in 0..5 {
        let topic = format!("bluebox:{n}");
        desk.join(&topic, json!({"instance": "1"})).await;
        desk.ok(&topic, "status", status.clone()).await;
    }
    (fixture, desk)
}

/// How much a reader asks for that is too slow.
const REQUESTS: usize = 300;

/// A connection that asked for more than it read: the agent has read all of that.
async fn too_slow(fixture: &Fixture) -> Web {
    let mut slow = Web::open_with_little_room(fixture.agent.webapi_url()).await;
    for _ in 0..REQUESTS {
        slow.send("list_endpoints", json!({})).await;
    }
    let metrics = fixture
        .agent
        .agent_url()
        .replace("/socket/websocket", "/metrics");
    let all = format!("operation=\"list_endpoints\",status=\"0\"}} {REQUESTS}");
    let answered = async {
        while !get(&metrics, "").await.1.contains(&all) {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(LONG, answered).await;
    waited.expect("the agent has not read all requests");
    slow
}

/// Reads the answers, which must be those of the first requests, up to the close frame.
async fn answers_and_close(slow: &mut Web) -> (usize, CloseFrame) {
    let mut answers = 0;
    loop {
        match slow.ws.next().await {
            Ok(update) => {
                answers += 1;
                assert_eq!(
                    update["exchange"],
                    answers.to_string(),
                    "an answer is missing"
                );
            }
            Err(frame) => return (answers, frame.expect("no close frame")),
        }
    }
}

#[tokio::test]
async fn a_reader_that_is_too_slow_gets_what_waited_and_is_told_why_it_must_go() {
    // The agent must not lose patience before it has read all requests, however loaded the machine is.
    let (fixture, _desk) = with_large_answers(LONG).await;
    let mut slow = too_slow(&fixture).await;
    let (answers, frame) = answers_and_close(&mut slow).await;
    assert!((8..REQUESTS).contains(&answers), "{answers}");
    assert_eq!(u16::from(frame.code), 1013);
    assert!(frame.reason.contains("read faster"), "{}", frame.reason);
}

#[tokio::test]
async fn what_a_slow_reader_does_wrong_afterwards_is_not_the_reason() {
    let (fixture, _desk) = with_large_answers(LONG).await;
    let mut slow = too_slow(&fixture).await;
    slow.ws.0.send(Message::binary(vec![0])).await.unwrap();
    let (_, frame) = answers_and_close(&mut slow).await;
    assert_eq!(u16::from(frame.code), 1013, "{}", frame.reason);
}

#[tokio::test]
async fn a_reader_that_never_reads_is_dropped_when_its_time_is_over() {
    let (fixture, _desk) = with_large_answers(SOON).await;
    let mut dead = Web::open_with_little_room(fixture.agent.webapi_url()).await;
    let request =
        json!({"operation": "list_endpoints", "exchange": "1", "payload": {}}).to_string();
    let dropped = async { while dead.ws.0.send(Message::text(&*request)).await.is_ok() {} };
    let waited = tokio::time::timeout(LONG, dropped).await;
    waited.expect("the agent still listens to it");
}
