//! The routes over a real socket and behind the real guard, with a person and a server that are not.

use std::sync::Mutex;

use async_trait::async_trait;
use nymi_core::UnixMillis;
use nymi_net::guard::Guard;
use nymi_net::serve;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::{
    ActionError, Actions, AuditRow, BandAction, BandState, PageConfig, Signature, TapMethod,
    Verifier,
};
use super::*;

#[derive(Default)]
struct Fake {
    done: Mutex<Vec<(String, BandAction)>>,
    stopped: Mutex<bool>,
}

#[async_trait]
impl Actions for Fake {
    async fn bands(&self) -> Result<Vec<BandState>, ActionError> {
        Ok(vec![BandState {
            serial_number: "F1".into(),
            band_id: Some("C0:00:00:00:00:01".into()),
            username: Some("ada".into()),
            domain: Some("EVAL".into()),
            metres: 1.0,
            worn: true,
            authenticated: true,
        }])
    }

    async fn act(&self, serial: &str, action: BandAction) -> Result<(), ActionError> {
        match serial {
            "F1" => self.done.lock().unwrap().push((serial.into(), action)),
            "F2" => return Err(ActionError::Refused("the band is not worn".into())),
            other => return Err(ActionError::UnknownBand(other.into())),
        }
        Ok(())
    }

    async fn endpoint_running(&self) -> Result<bool, ActionError> {
        Ok(!*self.stopped.lock().unwrap())
    }

    async fn set_endpoint_running(&self, running: bool) -> Result<(), ActionError> {
        *self.stopped.lock().unwrap() = !running;
        Ok(())
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, ActionError> {
        if limit == 0 {
            return Err(ActionError::Unavailable(
                "the audit trail can't be read".into(),
            ));
        }
        Ok(vec![AuditRow {
            id: i64::from(limit),
            at: UnixMillis(0),
            event_type_id: 13,
            event: "Presence verified".into(),
            user: Some(r"EVAL\ada".into()),
            band_id: None,
            endpoint: None,
            detail: None,
        }])
    }
}

impl Verifier for Fake {
    fn verify(&self, token: &str, document: &[u8]) -> Result<Signature, String> {
        if token != "good" || document != b"text" {
            return Err("the document is not the one that was signed".into());
        }
        let claims = json!({ "Username": "ada" })
            .as_object()
            .cloned()
            .unwrap_or_default();
        let text = String::new;
        Ok(Signature {
            claims,
            leaf: text(),
            l2: text(),
            l1_fingerprint: text(),
            grade: text(),
        })
    }
}

struct Page {
    fake: Arc<Fake>,
    server: serve::ServerHandle,
}

impl Page {
    async fn start() -> Self {
        Self::with_body_deadline(BODY_DEADLINE).await
    }

    async fn with_body_deadline(deadline: Duration) -> Self {
        let fake = Arc::new(Fake::default());
        let config = PageConfig {
            webapi_url: "ws://127.0.0.1:8080/".into(),
            nes_url: "http://127.0.0.1:8443/nes".into(),
            enterprise: "Evaluation".into(),
            l1_fingerprint: [0xab; 32],
            l1_pem: "-----BEGIN CERTIFICATE-----\n".into(),
            grade: "bronze".into(),
            endpoint: "127.0.0.1".into(),
            nymulator: "127.0.0.1:1".into(),
            actions: Arc::clone(&fake) as _,
            verifier: Arc::clone(&fake) as _,
        };
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let server = serve::serve(
            listener,
            routes(Arc::new(config), deadline),
            Guard::loopback(),
            None,
        )
        .unwrap();
        Self { fake, server }
    }

    /// Head and body of the answer.
    async fn ask(&self, method: &str, path: &str, extra: &str, body: &str) -> (String, String) {
        let mut socket = TcpStream::connect(self.server.local_addr()).await.unwrap();
        let host = self.server.local_addr();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{extra}\r\n{body}"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> Value {
        let (head, body) = self.ask("GET", path, "", "").await;
        assert!(head.starts_with("http/1.1 200"), "{head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (head, body) = self
            .ask("POST", path, "Content-Type: application/json\r\n", body)
            .await;
        (
            head[9..12].parse().unwrap(),
            serde_json::from_str(&body).unwrap(),
        )
    }
}

#[tokio::test]
async fn every_file_is_served_under_the_policy() {
    let page = Page::start().await;
    for (path, media_type, content) in assets::FILES {
        let (head, body) = page.ask("GET", path, "", "").await;
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(
            head.contains(&format!("content-type: {media_type}")),
            "{path}: {head}"
        );
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
        assert!(
            head.contains("connect-src 'self' ws://127.0.0.1:8080;"),
            "{head}"
        );
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert_eq!(body, *content);
    }
}

/// A file that is imported and not served would only be missed in a browser.
#[test]
fn every_file_that_a_file_names_is_there() {
    for (path, _, content) in assets::FILES {
        for quoted in content
            .split('"')
            .filter(|text| text.ends_with(".js") || text.ends_with(".css"))
        {
            let named = format!(
                "/{}",
                quoted.trim_start_matches("./").trim_start_matches('/')
            );
            assert!(
                assets::FILES.iter().any(|(known, ..)| *known == named),
                "{path}: {quoted}"
            );
        }
    }
}

#[tokio::test]
async fn the_browser_learns_the_addresses_and_what_statuses_mean() {
    let page = Page::start().await;
    let config = page.get("/config.json").await;
    assert_eq!(config["webapi"], "ws://127.0.0.1:8080/");
    assert_eq!(config["l1"]["sha256"], "ab".repeat(32));
    assert_eq!(
        config["statuses"]["5100"]["description"],
        "Nymi Bluetooth Endpoint is missing."
    );
    assert!(
        config["statuses"]["4000"]["remedy"]
            .as_str()
            .is_some_and(|text| text.len() > 10)
    );
}

#[tokio::test]
async fn l1_can_be_taken_along() {
    let page = Page::start().await;
    let (head, body) = page.ask("GET", "/l1.pem", "", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(
        head.contains("content-type: application/x-pem-file"),
        "{head}"
    );
    assert_eq!(body, "-----BEGIN CERTIFICATE-----\n");
}

#[tokio::test]
async fn bands_are_listed_under_the_columns_names() {
    let page = Page::start().await;
    let bands = page.get("/api/bands").await;
    assert_eq!(bands[0]["SerialNumber"], "F1");
    assert_eq!(bands[0]["NymiBandID"], "C0:00:00:00:00:01");
    assert_eq!(bands[0]["worn"], true);
}

#[tokio::test]
async fn a_person_acts_on_a_band() {
    let page = Page::start().await;
    for (path, body) in [
        ("tap", r#"{"method":"ble"}"#),
        ("tap", r#"{"method":"nfc"}"#),
        ("move", r#"{"metres":0.5}"#),
        ("wear", "{}"),
        ("remove", "{}"),
        ("auth", "{}"),
    ] {
        assert_eq!(
            page.post(&format!("/api/bands/F1/{path}"), body).await,
            (200, json!({}))
        );
    }
    let done: Vec<_> = page
        .fake
        .done
        .lock()
        .unwrap()
        .iter()
        .map(|(_, action)| *action)
        .collect();
    let tapped = [TapMethod::Ble, TapMethod::Nfc].map(BandAction::Tap);
    assert_eq!(done[..2], tapped);
    let rest = [
        BandAction::Move(0.5),
        BandAction::Wear,
        BandAction::Remove,
        BandAction::Authenticate,
    ];
    assert_eq!(done[2..], rest);
}

#[tokio::test]
async fn refusals_are_sentences() {
    let page = Page::start().await;
    for (path, body, status, says) in [
        (
            "/api/bands/F9/wear",
            "{}",
            404,
            "no virtual band with the serial number F9",
        ),
        ("/api/bands/F2/wear", "{}", 409, "the band is not worn"),
        (
            "/api/bands/F1/fly",
            "{}",
            404,
            "tap, move, wear, remove, auth",
        ),
        (
            "/api/bands/F1/tap",
            r#"{"method":"post"}"#,
            400,
            "unknown variant `post`",
        ),
        (
            "/api/bands/F1/move",
            r#"{"metres":-1}"#,
            400,
            "from 0 to 100",
        ),
        (
            "/api/bands/F1/move",
            r#"{"metres":1e9}"#,
            400,
            "from 0 to 100",
        ),
        ("/api/endpoint", "[", 400, "the body does not fit"),
        (
            "/api/verify",
            r#"{"token":"good"}"#,
            400,
            "missing field `document`",
        ),
        (
            "/api/verify",
            r#"{"token":"good","document":"other"}"#,
            200,
            "not the one that was signed",
        ),
    ] {
        let (found, answer) = page.post(path, body).await;
        assert_eq!(found, status, "{path}");
        assert!(
            answer["Message"]
                .as_str()
                .is_some_and(|text| text.contains(says)),
            "{answer}"
        );
    }
    assert_eq!(*page.fake.done.lock().unwrap(), []);
    let long = format!("\"{}\"", "x".repeat(MAX_BODY));
    let (status, answer) = page.post("/api/verify", &long).await;
    assert_eq!(
        (status, &answer["Message"]),
        (413, &json!("the body is longer than 262144 bytes"))
    );
    let (head, body) = page.ask("GET", "/api/audit?limit=many", "", "").await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert!(
        answer["Message"]
            .as_str()
            .is_some_and(|text| text.contains("limit")),
        "{answer}"
    );
    let (head, body) = page.ask("GET", "/api/audit?limit=0", "", "").await;
    assert!(
        head.starts_with("http/1.1 503") && body.contains("is nymi up still running?"),
        "{body}"
    );
}

#[tokio::test]
async fn the_endpoint_can_be_switched() {
    let page = Page::start().await;
    assert_eq!(page.get("/api/endpoint").await, json!({ "running": true }));
    let (status, _) = page.post("/api/endpoint", r#"{"running":false}"#).await;
    assert_eq!(status, 200);
    assert_eq!(page.get("/api/endpoint").await, json!({ "running": false }));
}

#[tokio::test]
async fn the_audit_trail_is_bounded() {
    let page = Page::start().await;
    assert_eq!(page.get("/api/audit").await[0]["id"], AUDIT_ROWS);
    assert_eq!(page.get("/api/audit?limit=7").await[0]["id"], 7);
    let row = &page.get("/api/audit?limit=4000000000").await[0];
    assert_eq!(row["id"], MAX_AUDIT_ROWS);
    assert_eq!(
        (&row["EventTypeID"], &row["at"]),
        (&json!(13), &json!("1970-01-01T00:00:00.000Z"))
    );
}

#[tokio::test]
async fn a_signature_is_verified_here() {
    let page = Page::start().await;
    let (status, found) = page
        .post("/api/verify", r#"{"token":"good","document":"text"}"#)
        .await;
    assert_eq!(
        (status, &found["signature"]["claims"]["Username"]),
        (200, &json!("ada"))
    );
}

/// Whoever sends a head and no body would hold a connection for ever.
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    assert_eq!(BODY_DEADLINE, Duration::from_secs(15));
    let page = Page::with_body_deadline(Duration::from_millis(20)).await;
    for path in ["/api/verify", "/api/endpoint", "/api/bands/F1/wear"] {
        let extra = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        let host = page.server.local_addr();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n");
        let mut socket = TcpStream::connect(host).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408"), "{path}: {head}");
        let answer: Value = serde_json::from_str(body).unwrap();
        assert_eq!(answer["Message"], "the body did not arrive within 20ms");
    }
    assert_eq!(*page.fake.done.lock().unwrap(), []);
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let page = Page::start().await;
    let body = r#"{"running":false}"#;
    let form = "Content-Type: text/plain\r\n";
    let json = "Content-Type: application/json\r\nOrigin: http://evil.example\r\n";
    for (extra, status) in [(form, "415"), ("", "415"), (json, "403")] {
        let (head, _) = page.ask("POST", "/api/endpoint", extra, body).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
    }
    let (head, _) = page.ask("POST", "/api/bands/F1/wear", form, "{}").await;
    assert!(head.starts_with("http/1.1 415"), "{head}");
    assert_eq!(page.get("/api/endpoint").await, json!({ "running": true }));
    assert_eq!(*page.fake.done.lock().unwrap(), []);
}
