//! Phoenix channels as the agent speaks them.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Channels, Fixture, Ws};

const DESK: &str = "bluebox:desk";

#[tokio::test]
async fn both_serializers_join_beat_and_leave() {
    let fixture = Fixture::start().await;
    let url = fixture.agent.agent_url();
    for query in ["", "?vsn=1.0.0"] {
        let mut ws = Ws::open(&format!("{url}{query}")).await;
        let send = |event: &str, topic: &str, reference: &str, payload: Value| {
            json!({"topic": topic, "event": event, "payload": payload, "ref": reference})
                .to_string()
        };
        ws.text(send("phx_join", DESK, "1", json!({"instance": "a"})))
            .await;
        let reply = ws.value().await;
        assert_eq!(reply["topic"], DESK);
        assert_eq!(reply["event"], "phx_reply");
        assert_eq!(reply["ref"], "1");
        assert_eq!(reply["payload"], json!({"status": "ok", "response": {}}));
        ws.text(send("heartbeat", "phoenix", "2", json!({}))).await;
        let reply = ws.value().await;
        assert_eq!(
            (&reply["topic"], &reply["ref"]),
            (&json!("phoenix"), &json!("2"))
        );
        assert_eq!(reply["payload"]["status"], "ok");
        ws.text(send("phx_leave", DESK, "3", json!({}))).await;
        assert_eq!(ws.value().await["payload"]["status"], "ok");
        assert_eq!(ws.value().await["event"], "phx_close");
    }
    let mut ws = Ws::open(&format!("{url}?vsn=2.0.0")).await;
    ws.text(json!(["9", "9", DESK, "phx_join", {"instance": "a"}]).to_string())
        .await;
    let reply = ws.value().await;
    assert_eq!(
        reply,
        json!(["9", "9", DESK, "phx_reply", {"status": "ok", "response": {}}])
    );
    ws.text(json!([null, "10", "phoenix", "heartbeat", {}]).to_string())
        .await;
    let reply = ws.value().await;
    assert_eq!(
        reply,
        json!([null, "10", "phoenix", "phx_reply", {"status": "ok", "response": {}}])
    );
}

#[tokio::test]
async fn another_serializer_is_refused_before_the_upgrade() {
    let fixture = Fixture::start().await;
    for vsn in ["2.0.1", "3.0.0", ""] {
        let url = format!("{}?vsn={vsn}", fixture.agent.agent_url());
        assert_eq!(Ws::refusal(&url, &[]).await, 403, "{vsn:?}");
    }
}

#[tokio::test]
async fn unknown_and_unjoined_topics_are_unmatched() {
    let fixture = Fixture::start().await;
    let mut channels = fixture.channels().await;
    let unmatched = json!({"status": "error", "response": {"reason": "unmatched topic"}});
    for (topic, event) in [
        (DESK, "frames"),
        (DESK, "phx_leave"),
        ("room:lobby", "phx_join"),
        ("bluebox:", "phx_join"),
        ("nea:short:1", "phx_join"),
        ("phoenix", "hello"),
    ] {
        assert_eq!(
            channels.ask(topic, event, json!({})).await,
            unmatched,
            "{topic} {event}"
        );
    }
    channels.join(DESK, json!({"instance": "a"})).await;
    channels.ok(DESK, "phx_leave", json!({})).await;
    assert_eq!(channels.pushed().await.0, "phx_close");
    assert_eq!(channels.ask(DESK, "frames", json!({})).await, unmatched);
}

#[tokio::test]
async fn a_malformed_frame_closes_with_1011() {
    let fixture = Fixture::start().await;
    for text in [
        "{",
        "[]",
        r#"["1","1","t"]"#,
        r#"{"topic":"phoenix","event":"heartbeat"}"#,
    ] {
        let mut channels = fixture.channels().await;
        channels.ws.text(text).await;
        assert_eq!(channels.ws.close_code().await, 1011, "{text}");
    }
    let mut channels = fixture.channels().await;
    channels.ws.0.send(Message::binary(vec![0])).await.unwrap();
    assert_eq!(channels.ws.close_code().await, 1011);
}

#[tokio::test]
async fn a_hundred_duplicate_joins_change_nothing() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("desk").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    let mut other = fixture.channels().await;
    let refused = json!({"status": "error", "response": {"reason": "Channel already joined"}});
    for n in 0..100 {
        let join = json!({"instance": format!("other-{n}")});
        assert_eq!(other.ask(DESK, "phx_join", join).await, refused);
    }
    drop(other);
    desk.tap(DESK).await;
    assert_eq!(web.event().await["operation"], "tap");
}

#[tokio::test]
async fn the_same_instance_takes_over_from_its_ghost() {
    let fixture = Fixture::start().await;
    let mut ghost = fixture.desk().await;
    let mut web = fixture.web().await;
    web.subscribe("desk").await;
    assert_eq!(web.endpoint_event().await, "ble_ready");
    let mut desk = fixture.channels().await;
    desk.join(DESK, json!({"instance": "key"})).await;
    assert_eq!(ghost.pushed().await.0, "phx_close");
    let late = ghost.ask(DESK, "tap", json!({})).await;
    assert_eq!(late["response"]["reason"], "unmatched topic");
    // The ghost's end is not the endpoint's.
    drop(ghost);
    desk.tap(DESK).await;
    assert_eq!(web.event().await["operation"], "tap");
}

#[tokio::test]
async fn joins_that_cannot_be_served_say_why() {
    let fixture = Fixture::start().await;
    let mut channels = fixture.channels().await;
    for payload in [
        json!({}),
        json!({"instance": ""}),
        json!({"instance": 1}),
        Value::Null,
    ] {
        let reply = channels.ask(DESK, "phx_join", payload.clone()).await;
        assert_eq!(reply["status"], "error", "{payload}");
        assert!(
            reply["response"]["reason"]
                .as_str()
                .unwrap()
                .contains("instance")
                || payload.is_null()
        );
    }
    for topic in [DESK, "nea:Records:1"] {
        let reply = channels
            .ask(topic, "phx_join", json!({"instance": "a", "protocol": 2}))
            .await;
        assert_eq!(reply["response"]["status"], 4002, "{reply}");
    }
    channels
        .join(DESK, json!({"instance": "a", "protocol": 1}))
        .await;
}

#[tokio::test]
async fn an_agent_that_stops_says_goodbye() {
    let fixture = Fixture::start().await;
    let mut channels: Channels = fixture.desk().await;
    let mut web = fixture.web().await;
    web.ok("info", json!({})).await;
    let stopping = tokio::spawn(fixture.agent.shutdown());
    assert_eq!(channels.ws.close_code().await, 1001);
    assert_eq!(web.ws.close_code().await, 1001);
    stopping.await.unwrap();
}
