//! Agents and clients for the tests.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nymi_core::chain::GradeRequirement;
use nymi_webapi::{Agent, AgentConfig, AgentHandle};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::fake_nes::{FakeNes, PASSWORD, USER};
use crate::pki::Pki;

/// A test that hangs fails instead.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const BAND: &str = "DD:34:A2:0F:0B:0D";

/// A frame with this byte; the fake NES does not look into it.
pub(crate) fn frame(byte: u8) -> String {
    hex::encode([byte; 14])
}

pub(crate) fn config(nes_url: &str, l1_pem: &str) -> AgentConfig {
    let mut config = AgentConfig::new(nes_url, USER, PASSWORD, l1_pem, GradeRequirement::Bronze);
    config.listen = ([127, 0, 0, 1], 0).into();
    config.webapi_listen = Some(([127, 0, 0, 1], 0).into());
    config
}

/// An agent with its scripted server and certificates.
pub(crate) struct Fixture {
    pub(crate) agent: AgentHandle,
    pub(crate) nes: FakeNes,
    pub(crate) pki: Pki,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut AgentConfig)) -> Self {
        let nes = FakeNes::start().await;
        let pki = Pki::bronze();
        let mut config = config(&nes.url(), &pki.l1_pem());
        change(&mut config);
        let agent = Agent::start(config).await.unwrap();
        Self { agent, nes, pki }
    }

    pub(crate) async fn web(&self) -> Web {
        Web::open(self.agent.webapi_url()).await
    }

    pub(crate) async fn channels(&self) -> Channels {
        Channels::open(self.agent.agent_url()).await
    }

    /// An endpoint `desk` that has joined and whose radio works.
    pub(crate) async fn desk(&self) -> Channels {
        let mut desk = self.channels().await;
        desk.join("bluebox:desk", json!({"instance": "key"})).await;
        desk.ready("bluebox:desk").await;
        desk
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A raw WebSocket with patience.
pub(crate) struct Ws(pub(crate) Stream);

impl Ws {
    pub(crate) async fn open(url: &str) -> Self {
        Self::try_open(url, &[]).await.unwrap()
    }

    /// With headers that replace those the client makes.
    pub(crate) async fn try_open(
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        connect_async(request).await.map(|(stream, _)| Self(stream))
    }

    /// The HTTP status of a refused handshake.
    pub(crate) async fn refusal(url: &str, headers: &[(&'static str, &str)]) -> u16 {
        match Self::try_open(url, headers).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("expected a refusal, found {error}"),
            Ok(_) => panic!("expected a refusal, found a connection"),
        }
    }

    pub(crate) async fn text(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next text message, or the close frame.
    pub(crate) async fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("hangs");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the connection broke: {error}"),
                None => return Err(None),
            }
        }
    }

    pub(crate) async fn value(&mut self) -> Value {
        self.next()
            .await
            .unwrap_or_else(|close| panic!("closed: {close:?}"))
    }

    /// The code of the close frame that comes now.
    pub(crate) async fn close_code(&mut self) -> u16 {
        match self.next().await {
            Err(Some(frame)) => frame.code.into(),
            other => panic!("expected a close frame, found {other:?}"),
        }
    }
}

/// A WebAPI client.
pub(crate) struct Web {
    pub(crate) ws: Ws,
    exchange: u32,
    events: VecDeque<Value>,
}

impl Web {
    pub(crate) async fn open(url: &str) -> Self {
        Self {
            ws: Ws::open(url).await,
            exchange: 0,
            events: VecDeque::new(),
        }
    }

    /// One whose system buffers little of what it does not read.
    pub(crate) async fn open_with_little_room(url: &str) -> Self {
        let request = url.into_client_request().unwrap();
        let authority = request.uri().authority().unwrap().as_str();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket.connect(authority.parse().unwrap()).await.unwrap();
        let stream = MaybeTlsStream::Plain(stream);
        let (stream, _) = client_async(request, stream).await.unwrap();
        Self {
            ws: Ws(stream),
            exchange: 0,
            events: VecDeque::new(),
        }
    }

    pub(crate) async fn open_with(url: &str, headers: &[(&'static str, &str)]) -> Self {
        let ws = Ws::try_open(url, headers).await.unwrap();
        Self {
            ws,
            exchange: 0,
            events: VecDeque::new(),
        }
    }

    /// Sends a request; its exchange.
    pub(crate) async fn send(&mut self, operation: &str, payload: Value) -> String {
        self.exchange += 1;
        let exchange = self.exchange.to_string();
        let request = json!({"operation": operation, "exchange": exchange, "payload": payload});
        self.ws.text(request.to_string()).await;
        exchange
    }

    /// The update with this exchange; others are kept.
    pub(crate) async fn answer(&mut self, exchange: &str) -> Value {
        let waiting = self
            .events
            .iter()
            .position(|update| update["exchange"] == exchange);
        if let Some(update) = waiting.and_then(|at| self.events.remove(at)) {
            return update;
        }
        loop {
            let update = self.ws.value().await;
            if update["exchange"] == exchange {
                return update;
            }
            self.events.push_back(update);
        }
    }

    pub(crate) async fn ask(&mut self, operation: &str, payload: Value) -> Value {
        let exchange = self.send(operation, payload).await;
        self.answer(&exchange).await
    }

    /// The payload of a success.
    pub(crate) async fn ok(&mut self, operation: &str, payload: Value) -> Value {
        let update = self.ask(operation, payload).await;
        assert_eq!(update["status"], 0, "{update}");
        update["payload"].clone()
    }

    /// The status of a refusal, which must be explained.
    pub(crate) async fn status(&mut self, operation: &str, payload: Value) -> u64 {
        let update = self.ask(operation, payload).await;
        assert!(
            update["error"]["error_specifics"]
                .as_str()
                .is_some_and(|s| !s.is_empty()),
            "{update}"
        );
        update["status"].as_u64().unwrap()
    }

    /// The next unsolicited update.
    pub(crate) async fn event(&mut self) -> Value {
        let update = match self.events.pop_front() {
            Some(update) => update,
            None => self.ws.value().await,
        };
        assert_eq!(update["exchange"], Value::Null, "{update}");
        update
    }

    pub(crate) async fn subscribe(&mut self, endpoint: &str) -> Value {
        self.ok("subscribe_endpoint", json!({"endpoint_id": endpoint}))
            .await
    }

    pub(crate) async fn endpoint_event(&mut self) -> Value {
        let update = self.event().await;
        assert_eq!(update["operation"], "endpoint", "{update}");
        update["payload"]["event"].clone()
    }
}

/// A channel client that writes serializer 2.0.0.
pub(crate) struct Channels {
    pub(crate) ws: Ws,
    reference: u32,
    pushed: VecDeque<Value>,
}

impl Channels {
    pub(crate) async fn open(url: &str) -> Self {
        let ws = Ws::open(&format!("{url}?vsn=2.0.0")).await;
        Self {
            ws,
            reference: 0,
            pushed: VecDeque::new(),
        }
    }

    pub(crate) async fn push(&mut self, topic: &str, event: &str, payload: Value) -> String {
        self.reference += 1;
        let reference = self.reference.to_string();
        self.ws
            .text(json!(["1", reference, topic, event, payload]).to_string())
            .await;
        reference
    }

    /// The reply's payload; pushed messages that come before it are kept.
    pub(crate) async fn ask(&mut self, topic: &str, event: &str, payload: Value) -> Value {
        let reference = self.push(topic, event, payload).await;
        loop {
            let message = self.ws.value().await;
            if message[1] == reference.as_str() && message[3] == "phx_reply" {
                assert_eq!(message[2], topic);
                return message[4].clone();
            }
            self.pushed.push_back(message);
        }
    }

    /// A push that must be accepted; the response.
    pub(crate) async fn ok(&mut self, topic: &str, event: &str, payload: Value) -> Value {
        let reply = self.ask(topic, event, payload).await;
        assert_eq!(reply["status"], "ok", "{reply}");
        reply["response"].clone()
    }

    pub(crate) async fn join(&mut self, topic: &str, payload: Value) -> Value {
        self.ok(topic, "phx_join", payload).await
    }

    /// The next pushed message: event and payload.
    pub(crate) async fn pushed(&mut self) -> (String, Value) {
        let message = match self.pushed.pop_front() {
            Some(message) => message,
            None => self.ws.value().await,
        };
        (message[3].as_str().unwrap().to_owned(), message[4].clone())
    }

    /// The next update of a native client's topic.
    pub(crate) async fn update(&mut self) -> Value {
        let (event, update) = self.pushed().await;
        assert_eq!(event, "update", "{update}");
        update
    }

    pub(crate) async fn ready(&mut self, topic: &str) {
        self.ok(topic, "status", adapters("ready")).await;
    }

    pub(crate) async fn frames(&mut self, topic: &str, frames: &[String]) {
        let frames: Vec<_> = frames
            .iter()
            .map(|data| json!({"address": BAND, "rssi": -50, "data": data, "at": "2026-05-13T08:30:00.000Z"}))
            .collect();
        self.ok(topic, "frames", json!({"frames": frames})).await;
    }

    pub(crate) async fn tap(&mut self, topic: &str) {
        let at = "2026-05-13T08:30:00.000Z";
        self.ok(
            topic,
            "tap",
            json!({"address": BAND, "method": "ble", "rssi": -40, "at": at}),
        )
        .await;
    }

    pub(crate) async fn presence(&mut self, topic: &str, before: &str, after: &str) {
        let report = json!({
            "address": BAND, "before": before, "after": after, "authenticated": true, "worn": true,
            "rssi": -50, "proximity": "close", "at": "2026-05-13T08:30:00.000Z",
        });
        self.ok(topic, "presence", report).await;
    }
}

pub(crate) fn adapters(state: &str) -> Value {
    json!({"adapters": [{"id": "0", "kind": "virtual", "state": state}], "readers": []})
}

/// A plain GET: status and body.
pub(crate) async fn get(url: &str, headers: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let uri: axum::http::Uri = url.replace("ws://", "http://").parse().unwrap();
    let authority = uri.authority().unwrap().as_str();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let host = if headers.contains("Host:") {
        String::new()
    } else {
        format!("Host: {authority}\r\n")
    };
    let path = uri.path();
    let request = format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}
