//! Bad input at every open port of a running system.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PATIENCE, Up, WebApp, http};

#[tokio::test]
async fn bad_requests_get_their_code_and_the_connection_lives() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    for (text, status, operation) in [
        ("{", 1000, "error"),
        ("[]", 1003, "error"),
        ("\u{0}", 1000, "error"),
        (r#"{"operation":"fly","exchange":"x"}"#, 1001, "fly"),
        (
            r#"{"operation":"lookup","exchange":"x","payload":{}}"#,
            1002,
            "lookup",
        ),
        (
            r#"{"operation":"lookup","exchange":"x","payload":{"query":7}}"#,
            1003,
            "lookup",
        ),
        (
            r#"{"operation":"lookup","exchange":"x","payload":{"query":{"Username":"alice"},"lookup_keys":["EncryptedPassword"]}}"#,
            1003,
            "lookup",
        ),
        (
            r#"{"operation":"assert_identity","exchange":"x","payload":{"assert_type":"assert_user","device":"DD:34"}}"#,
            1003,
            "assert_identity",
        ),
        (
            r#"{"operation":"assert_identity","exchange":"x","payload":{"assert_type":"assert_user","device":"DE:AD:BE:EF:00:00"}}"#,
            3020,
            "assert_identity",
        ),
        (
            r#"{"operation":"subscribe_endpoint","exchange":"x","payload":{"endpoint_id":"10.1.2.3"}}"#,
            5100,
            "subscribe_endpoint",
        ),
        (
            r#"{"operation":"lookup","exchange":"x","payload":{"query":{"Username":"nobody"},"lookup_keys":["NymiBandID"]}}"#,
            2201,
            "lookup",
        ),
    ] {
        app.send(text.to_owned()).await;
        let answer = app.until(|update| update["status"] == status).await;
        assert_eq!(answer["operation"], operation, "{text}: {answer}");
        assert!(answer["error"]["error_description"].is_string(), "{answer}");
    }
    let user = &up.ready["users"][0];
    let query = json!({"Username": user["Username"], "Domain": user["Domain"]});
    let answer = app
        .ask(
            "lookup",
            json!({"query": query, "lookup_keys": ["NymiBandID"]}),
        )
        .await;
    assert_eq!(
        answer["payload"],
        json!({"NymiBandID": up.ready["bands"][0]["NymiBandID"]})
    );
}

#[tokio::test]
async fn a_message_of_two_mebibytes_is_answered_and_ends_the_connection() {
    let up = Up::ephemeral();
    let mut app = WebApp::connect(&up).await;
    let padding = "x".repeat(2 * 1024 * 1024);
    let request = json!({"operation": "info", "exchange": "big", "payload": {"padding": padding}});
    // The agent may close before all of it is sent.
    let _ = app.socket.send(Message::text(request.to_string())).await;
    let (mut answered, mut closed) = (Value::Null, None);
    while let Ok(Some(Ok(message))) = timeout(PATIENCE, app.socket.next()).await {
        match message {
            Message::Text(text) => answered = serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => closed = frame.map(|frame| u16::from(frame.code)),
            _ => {}
        }
    }
    assert_eq!(answered["status"], 1009, "{answered}");
    assert_eq!(closed, Some(1009));
    assert_eq!(
        WebApp::connect(&up).await.ask("info", json!({})).await["status"],
        0
    );
}

async fn upgrade(url: &str, header: (&'static str, &str)) -> u16 {
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert(header.0, header.1.parse().unwrap());
    match connect_async(request).await {
        Ok(_) => 101,
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_page_of_another_origin_opens_nothing() {
    let up = Up::ephemeral();
    let page = up.text("page").trim_end_matches('/').to_owned();
    let on_channel = up.text("agent").replace("/socket/websocket", "/webapi");
    for url in [up.text("webapi"), up.text("agent"), &on_channel] {
        assert_eq!(
            upgrade(url, ("origin", "https://evil.example")).await,
            403,
            "{url}"
        );
        assert_eq!(upgrade(url, ("origin", "null")).await, 403, "{url}");
        assert_eq!(upgrade(url, ("host", "evil.example")).await, 421, "{url}");
    }
    assert_eq!(upgrade(up.text("webapi"), ("origin", &page)).await, 101);
}

#[tokio::test]
async fn a_page_that_was_allowed_may_use_the_webapi() {
    let up = Up::start(&["--ephemeral", "--allow-origin", "http://localhost:5173"]);
    let ask = |origin| upgrade(up.text("webapi"), ("origin", origin));
    assert_eq!(ask("http://localhost:5173").await, 101);
    assert_eq!(ask("http://localhost:5174").await, 403);
}

#[test]
fn every_listener_guards_host_and_origin() {
    let up = Up::ephemeral();
    for (listener, route) in [
        ("page", "/"),
        ("page", "/api/audit"),
        ("nes", "/nes/api/NymiBands"),
        ("agent", "/metrics"),
        ("agent", "/healthz"),
        ("webapi", "/"),
    ] {
        let address = up.address(listener);
        let ask = |headers: &[(&str, &str)]| http(&address, "GET", route, headers, "").0;
        assert_eq!(ask(&[("Host", "evil.example")]), 421, "{listener}{route}");
        assert_eq!(
            ask(&[("Origin", "http://evil.example")]),
            403,
            "{listener}{route}"
        );
        assert_eq!(ask(&[("Origin", "null")]), 403, "{listener}{route}");
    }
}

#[test]
fn a_browser_cannot_speak_to_the_virtual_hardware() {
    let up = Up::ephemeral();
    let (status, body) = http(up.text("nymulator"), "POST", "/", &[], "wear\n");
    assert_eq!((status, body.as_str()), (0, ""));
}

#[test]
fn no_password_is_logged_and_secrets_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let up = Up::in_directory(data.path());
    let password = up.ready["users"][0]["password"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut folders = vec![data.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let metadata = entry.metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o077;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() != "l1.pem" {
                assert_eq!(mode, 0, "{} is readable by others", entry.path().display());
            }
        }
    }
    let (_, error) = up.terminate();
    assert!(!error.contains(&password), "{error}");
}

#[tokio::test]
async fn the_endpoint_leaves_and_comes_back() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let page = up.address("page");
    let origin = format!("http://{page}");
    let switch = |body: &str| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Origin", origin.as_str()),
        ];
        let (status, answer) = http(&page, "POST", "/api/endpoint", &headers, body);
        assert!((200..300).contains(&status), "{status} {answer}");
    };
    switch(r#"{"running":false}"#);
    app.until(|update| update["status"] == 5100).await;
    switch(r#"{"running":true}"#);
    app.until(|update| update["payload"]["event"] == "ble_ready")
        .await;
    let answer = app.sign(&up, up.band(0), b"after").await;
    assert_eq!(answer["status"], 0, "{answer}");
}
