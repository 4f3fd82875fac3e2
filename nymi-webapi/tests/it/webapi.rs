//! Envelopes over the WebAPI.

use nymi_core::band::{BandDescription, BandReply, BandRequest};
use serde_json::{Value, json};

use crate::support::{BAND, Fixture, Ws, get};

async fn answer(ws: &mut Ws, text: &str) -> Value {
    ws.text(text).await;
    ws.value().await
}

#[tokio::test]
async fn a_malformed_request_is_refused_and_the_connection_lives() {
    let fixture = Fixture::start().await;
    let mut ws = Ws::open(fixture.agent.webapi_url()).await;
    for (text, operation, status) in [
        ("{", "error", 1000),
        ("[]", "error", 1003),
        (r#"{"operation":"no_such","exchange":"x"}"#, "no_such", 1001),
        (
            r#"{"operation":"subscribe_endpoint","payload":{}}"#,
            "subscribe_endpoint",
            1002,
        ),
        (
            r#"{"operation":"subscribe_endpoint","payload":{"endpoint_id":7}}"#,
            "subscribe_endpoint",
            1003,
        ),
        (
            r#"{"operation":"lookup","payload":{"query":{"Username":"a"},"lookup_keys":["EncryptedPassword"]}}"#,
            "lookup",
            1003,
        ),
        (
            r#"{"operation":"assert_identity","payload":{"assert_type":"assert_user","device":"DD:34:A2:0F:0B:0D","meaning":"approved"}}"#,
            "assert_identity",
            1002,
        ),
    ] {
        let update = answer(&mut ws, text).await;
        assert_eq!(update["operation"], operation, "{update}");
        assert_eq!(update["status"], status, "{update}");
    }
    ws.0.send_binary().await;
    assert_eq!(ws.value().await["status"], 1000);
    let update = answer(&mut ws, r#"{"operation":"info","exchange":"alive"}"#).await;
    assert_eq!(
        (update["status"].clone(), update["exchange"].clone()),
        (json!(0), json!("alive"))
    );
}

trait SendBinary {
    async fn send_binary(&mut self);
}

impl<S> SendBinary for S
where
    S: futures_util::Sink<tokio_tungstenite::tungstenite::Message> + Unpin,
{
    async fn send_binary(&mut self) {
        use futures_util::SinkExt;
        let message = tokio_tungstenite::tungstenite::Message::binary(vec![1, 2, 3]);
        assert!(self.send(message).await.is_ok());
    }
}

#[tokio::test]
async fn both_addresses_serve_the_same() {
    let fixture = Fixture::start().await;
    let on_agent = fixture
        .agent
        .agent_url()
        .replace("/socket/websocket", "/webapi");
    for url in [fixture.agent.webapi_url(), &on_agent] {
        let mut web = crate::support::Web::open(url).await;
        let info = web.ok("info", json!({})).await;
        assert_eq!(info["nes"], fixture.nes.url());
        assert_eq!(info["agent"], fixture.agent.agent_url());
        assert_eq!(info["certificate"], Value::Null);
    }
}

#[tokio::test]
async fn init_is_optional_and_takes_no_addresses() {
    let fixture = Fixture::start().await;
    let mut web = fixture.web().await;
    let answer = web.ok("init", json!({"nea_name": "Records"})).await;
    assert_eq!(answer["nea_name"], "Records");
    assert_eq!(answer["nes"], fixture.nes.url());
    assert_eq!(answer["certificate"], Value::Null);
    for field in ["nes_url", "agent_url"] {
        let url = if field == "nes_url" {
            "https://other/nes"
        } else {
            "ws://127.0.0.1:1/socket/websocket"
        };
        assert_eq!(
            web.status("init", json!({"nea_name": "Records", field: url}))
                .await,
            1003,
            "{field}"
        );
    }
    let wrong = json!({"nea_name": "Records", "username": "ACME\\alice", "password": "wrong"});
    assert_eq!(web.status("init", wrong).await, 2002);
    // A stranger's wrong password says nothing about the agent.
    let ready = fixture
        .agent
        .agent_url()
        .replace("/socket/websocket", "/readyz");
    assert_eq!(get(&ready, "").await.0, 200);
}

#[tokio::test]
async fn lookup_answers_columns_of_one_or_several() {
    let fixture = Fixture::start().await;
    let row = |serial: &str, band: &str| json!({"Username": "alice", "Domain": "ACME", "NymiBandID": band, "SerialNumber": serial, "IsActive": true});
    fixture
        .nes
        .set_bands(vec![row("F1", BAND), row("F2", "00:00:00:00:00:02")]);
    let mut web = fixture.web().await;
    let query = |query: Value| json!({"query": query, "lookup_keys": ["NymiBandID", "BandLabel"]});
    let one = web
        .ok(
            "lookup",
            query(json!({"SerialNumber": "F1", "Domain": "ACME"})),
        )
        .await;
    assert_eq!(one, json!({"NymiBandID": BAND, "BandLabel": null}));
    let two = web.ok("lookup", query(json!({"Username": "alice"}))).await;
    assert_eq!(two["matches"].as_array().unwrap().len(), 2);
    assert_eq!(
        web.status("lookup", query(json!({"Username": "bob & co?/ü"})))
            .await,
        2201
    );
}

#[tokio::test]
async fn user_status_comes_from_nes() {
    let fixture = Fixture::start().await;
    let mut web = fixture.web().await;
    let status = web
        .ok(
            "user_status",
            json!({"Username": "alice", "Domain": "ACME"}),
        )
        .await;
    assert_eq!(status["status"], "active");
    let unknown = json!({"Username": "bob", "Domain": "ACME"});
    assert_eq!(web.status("user_status", unknown).await, 6010);
}

#[tokio::test]
async fn guarded_operations_need_an_authenticated_connection() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    desk.frames("bluebox:desk", &[crate::support::frame(1)])
        .await;
    let mut web = fixture.web().await;
    for (operation, payload) in [
        ("notify", json!({"notification": "positive"})),
        ("random", json!({"length": 16})),
        ("sign", json!({"hash": "ab".repeat(32)})),
        ("symmetric_key", json!({"action": "create"})),
        ("totp", json!({"action": "get"})),
        ("band_session", json!({"data": "00"})),
    ] {
        let mut payload = payload;
        payload["device"] = json!(BAND);
        let status = web.status(operation, payload).await;
        assert_eq!(status, 4001, "{operation}");
    }
}

#[tokio::test]
async fn firmware_is_what_the_band_says_of_itself() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    let mut web = fixture.web().await;
    let asked = json!({"device": BAND});
    assert_eq!(web.status("firmware", asked.clone()).await, 3020);
    desk.frames("bluebox:desk", &[crate::support::frame(1)])
        .await;
    let described = BandReply::Description(BandDescription {
        serial_number: "ACAK-00001".into(),
        static_mac_address: [0xC0; 6],
        band_id: None,
        firmware_version: "4.11.1.2".into(),
        hardware_version: "14.00".into(),
        nfc_uid: None,
        authenticated: false,
        worn: true,
    });
    for (reply, status) in [(described, 0), (BandReply::Done, 3026)] {
        let exchange = web.send("firmware", asked.clone()).await;
        let (_, request) = desk.pushed().await;
        let data = hex::decode(request["data"].as_str().unwrap()).unwrap();
        assert_eq!(BandRequest::from_bytes(&data), Ok(BandRequest::Describe));
        let data = hex::encode(reply.to_bytes());
        let reply = json!({"id": request["id"], "data": data, "last": true});
        desk.ok("bluebox:desk", "band_reply", reply).await;
        let update = web.answer(&exchange).await;
        assert_eq!(update["status"], status, "{update}");
        if status == 0 {
            let versions = json!({"firmware_version": "4.11.1.2", "hardware_version": "14.00"});
            assert_eq!(update["payload"], versions);
        }
    }
}

#[tokio::test]
async fn the_description_is_served_beside_it() {
    let fixture = Fixture::start().await;
    let (status, text) = get(&format!("{}asyncapi.json", fixture.agent.webapi_url()), "").await;
    assert_eq!(status, 200);
    let described: Value = serde_json::from_str(&text).unwrap();
    let mut web = fixture.web().await;
    let messages = described["components"]["messages"].as_object().unwrap();
    let requests = messages
        .keys()
        .filter_map(|name| name.strip_suffix("_request"));
    let requests: Vec<_> = requests.collect();
    assert!(requests.contains(&"assert_identity"), "{requests:?}");
    for operation in requests {
        let update = web.ask(operation, json!({})).await;
        assert_ne!(
            update["status"], 1001,
            "{operation} is described but not served"
        );
    }
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let fixture = Fixture::start().await;
    let mut desk = fixture.desk().await;
    desk.tap("bluebox:desk").await;
    let mut web = fixture.web().await;
    web.ok("info", json!({})).await;
    let url = fixture
        .agent
        .agent_url()
        .replace("/socket/websocket", "/metrics");
    let (_, text) = get(&url, "").await;
    for line in [
        "nymi_agent_endpoints 1",
        "nymi_agent_taps_total 1",
        "nymi_agent_connections 2",
        "nymi_agent_answers_total{operation=\"info\",status=\"0\"} 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
}

#[tokio::test]
async fn turned_off_it_is_on_neither_listener() {
    let fixture = Fixture::with(|config| config.webapi = false).await;
    assert_eq!(fixture.agent.webapi_url(), "");
    let url = fixture
        .agent
        .agent_url()
        .replace("/socket/websocket", "/webapi");
    assert_eq!(Ws::refusal(&url, &[]).await, 404);
    fixture.desk().await;
}
