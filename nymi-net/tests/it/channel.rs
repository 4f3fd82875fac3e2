//! The channel client against a scripted agent.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use nymi_core::message::phoenix::Vsn;
use nymi_net::backoff::Backoff;
use nymi_net::channel::{ChannelClient, ChannelConfig, ChannelEvent, ChannelHandle, PushError};
use nymi_net::guard::Guard;
use nymi_net::network::{Connection, Network, Tcp};
use nymi_net::serve::{self, ServerHandle};
use nymi_net::ws::{self, Message, Socket};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that hands each connection to the test.
struct Agent {
    server: ServerHandle,
    sockets: mpsc::Receiver<Socket>,
}

impl Agent {
    async fn start() -> Self {
        let (sender, sockets) = mpsc::channel(8);
        let accept = move |request: Request| {
            let sender = sender.clone();
            let accepted = ws::accept(request, ws::MAX_MESSAGE, move |socket| async move {
                let _ = sender.send(socket).await;
            });
            async move { accepted }
        };
        let router = Router::new().route("/socket/websocket", get(accept));
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let server = serve::serve(listener, router, Guard::loopback(), None).unwrap();
        Self { server, sockets }
    }

    fn config(&self, topic: &str) -> ChannelConfig {
        let url = format!("ws://{}/socket/websocket", self.server.local_addr());
        let mut config = ChannelConfig::new(url, topic, || json!({"instance": "key"}));
        config.backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(5));
        config
    }

    async fn socket(&mut self) -> Socket {
        tokio::time::timeout(PATIENCE, self.sockets.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// A connection whose join is accepted.
    async fn joined(&mut self) -> Socket {
        let mut socket = self.socket().await;
        let join = read(&mut socket).await;
        assert_eq!(join[3], "phx_join");
        reply(&mut socket, &join, "ok", json!({"hello": 1})).await;
        socket
    }
}

async fn read(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
        if let Message::Text(text) = message.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

async fn send(socket: &mut Socket, message: Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

async fn reply(socket: &mut Socket, to: &Value, status: &str, response: Value) {
    let payload = json!({"status": status, "response": response});
    send(socket, json!([to[0], to[1], to[2], "phx_reply", payload])).await;
}

async fn event(events: &mut mpsc::Receiver<ChannelEvent>) -> ChannelEvent {
    tokio::time::timeout(PATIENCE, events.recv())
        .await
        .unwrap()
        .unwrap()
}

fn start(agent: &Agent) -> (ChannelHandle, mpsc::Receiver<ChannelEvent>) {
    ChannelClient::start(agent.config("bluebox:desk"))
}

#[tokio::test]
async fn joins_pushes_hears_and_leaves() {
    let mut agent = Agent::start().await;
    let (handle, mut events) = start(&agent);
    assert_eq!(handle.push("early", json!({})), Err(PushError::NotJoined));
    let mut socket = agent.socket().await;
    let join = read(&mut socket).await;
    assert_eq!(
        (&join[2], &join[3]),
        (&json!("bluebox:desk"), &json!("phx_join"))
    );
    assert_eq!(join[4], json!({"instance": "key"}));
    reply(&mut socket, &join, "ok", json!({"hello": 1})).await;
    assert_eq!(
        event(&mut events).await,
        ChannelEvent::Joined(json!({"hello": 1}))
    );
    assert!(handle.is_joined());

    handle.push("tap", json!({"n": 1})).unwrap();
    assert_eq!(read(&mut socket).await[4], json!({"n": 1}));
    send(
        &mut socket,
        json!([null, null, "bluebox:desk", "configure", {"tap": {}}]),
    )
    .await;
    let heard = event(&mut events).await;
    assert_eq!(
        heard,
        ChannelEvent::Message {
            event: "configure".into(),
            payload: json!({"tap": {}})
        }
    );

    let asking = tokio::spawn({
        let handle = handle.clone();
        async move { handle.push_with_reply("status", json!({})).await }
    });
    let asked = read(&mut socket).await;
    reply(&mut socket, &asked, "error", json!({"reason": "no"})).await;
    let answer = asking.await.unwrap().unwrap();
    assert_eq!(
        (answer.ok, answer.response),
        (false, json!({"reason": "no"}))
    );

    let closing = tokio::spawn({
        let handle = handle.clone();
        async move { handle.close().await }
    });
    assert_eq!(read(&mut socket).await[3], "phx_leave");
    closing.await.unwrap();
    assert_eq!(handle.push("late", json!({})), Err(PushError::Closed));
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn comes_back_after_every_kind_of_loss() {
    let mut agent = Agent::start().await;
    let (handle, mut events) = start(&agent);
    for loss in ["drop", "close", "phx_close", "phx_error", "noise"] {
        let mut socket = agent.joined().await;
        assert!(
            matches!(event(&mut events).await, ChannelEvent::Joined(_)),
            "{loss}"
        );
        match loss {
            "drop" => drop(socket),
            "close" => ws::close(socket, ws::CloseCode::Away, "bye", PATIENCE).await,
            "noise" => socket.send(Message::text("noise")).await.unwrap(),
            event => send(&mut socket, json!(["1", "1", "bluebox:desk", event, {}])).await,
        }
        assert!(
            matches!(event(&mut events).await, ChannelEvent::Disconnected { .. }),
            "{loss}"
        );
        assert!(!handle.is_joined());
    }
    // An asker is not left waiting.
    let mut socket = agent.joined().await;
    assert!(matches!(event(&mut events).await, ChannelEvent::Joined(_)));
    let asking = tokio::spawn(async move { handle.push_with_reply("status", json!({})).await });
    read(&mut socket).await;
    drop(socket);
    assert_eq!(asking.await.unwrap(), Err(PushError::NoReply));
}

#[tokio::test]
async fn an_agent_without_tls_is_said_to_be_one() {
    let agent = Agent::start().await;
    let mut config = agent.config("t");
    config.url = config.url.replace("ws://", "wss://");
    let (_handle, mut events) = ChannelClient::start(config);
    let lost = event(&mut events).await;
    assert!(
        matches!(&lost, ChannelEvent::Disconnected { reason } if reason.contains("does not speak TLS")),
        "{lost:?}"
    );
}

#[tokio::test]
async fn a_refused_join_is_told_and_tried_again() {
    let mut agent = Agent::start().await;
    let (_handle, mut events) = start(&agent);
    let mut socket = agent.socket().await;
    let join = read(&mut socket).await;
    let reason = json!({"reason": "Channel already joined"});
    reply(&mut socket, &join, "error", reason.clone()).await;
    assert_eq!(event(&mut events).await, ChannelEvent::JoinRefused(reason));
    agent.joined().await;
    assert!(matches!(event(&mut events).await, ChannelEvent::Joined(_)));
}

#[tokio::test]
async fn beats_and_notices_an_agent_that_does_not() {
    let mut agent = Agent::start().await;
    let mut config = agent.config("nea:Records:1");
    // Long enough that a loaded machine answers in time.
    config.heartbeat = Duration::from_millis(400);
    config.vsn = Vsn::V1;
    let (_handle, mut events) = ChannelClient::start(config);
    let mut socket = agent.socket().await;
    let join = read(&mut socket).await;
    let answer = |to: &Value| json!({"topic": to["topic"], "event": "phx_reply", "ref": to["ref"], "payload": {"status": "ok", "response": {}}});
    send(&mut socket, answer(&join)).await;
    for _ in 0..2 {
        let beat = read(&mut socket).await;
        assert_eq!(
            (&beat["topic"], &beat["event"]),
            (&json!("phoenix"), &json!("heartbeat"))
        );
        send(&mut socket, answer(&beat)).await;
    }
    assert!(matches!(event(&mut events).await, ChannelEvent::Joined(_)));
    // From now on it hears nothing.
    let lost = event(&mut events).await;
    assert!(
        matches!(&lost, ChannelEvent::Disconnected { reason } if reason.contains("heartbeat")),
        "{lost:?}"
    );
}

#[tokio::test]
async fn says_what_to_check_when_it_cannot_connect() {
    let agent = Agent::start().await;
    let mut config = agent.config("bluebox:desk");
    let address = agent.server.local_addr().to_string();
    agent.server.shutdown().await;
    for (url, part) in [
        (config.url.clone(), address.as_str()),
        ("http://127.0.0.1:1/".to_owned(), "ws://"),
        ("not a url".to_owned(), "not a url"),
    ] {
        config.url = url;
        let (_handle, mut events) = ChannelClient::start(config.clone());
        let lost = event(&mut events).await;
        assert!(
            matches!(&lost, ChannelEvent::Disconnected { reason } if reason.contains(part)),
            "{lost:?}"
        );
    }
}

#[tokio::test]
async fn ends_when_nobody_holds_it_any_more() {
    let mut agent = Agent::start().await;
    let (handle, mut events) = start(&agent);
    let mut socket = agent.joined().await;
    assert!(matches!(event(&mut events).await, ChannelEvent::Joined(_)));
    drop(handle);
    assert_eq!(read(&mut socket).await[3], "phx_leave");
    assert_eq!(events.recv().await, None);
}

/// Finds one server behind every name.
#[derive(Debug)]
struct Everywhere(std::net::SocketAddr);

impl Network for Everywhere {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, std::io::Result<Connection>> {
        Box::pin(async move {
            let ip = self.0.ip().to_string();
            Tcp.connect(&ip, self.0.port()).await
        })
    }
}

/// Connections within the process, so that time can be made up.
#[derive(Debug)]
struct Within(mpsc::UnboundedSender<DuplexStream>);

impl Network for Within {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, std::io::Result<Connection>> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        self.0.send(theirs).unwrap();
        Box::pin(async move { Ok(Box::new(ours) as Connection) })
    }
}

type WithinSocket = tokio_tungstenite::WebSocketStream<DuplexStream>;

/// The next connection, its join accepted.
async fn join(connections: &mut mpsc::UnboundedReceiver<DuplexStream>) -> WithinSocket {
    let connection = connections.recv().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(connection).await.unwrap();
    let join = socket.next().await.unwrap().unwrap();
    let join: Value = serde_json::from_str(join.to_text().unwrap()).unwrap();
    let payload = json!({"status": "ok", "response": {}});
    let accepted = json!([join[0], join[1], join[2], "phx_reply", payload]);
    socket
        .send(Message::text(accepted.to_string()))
        .await
        .unwrap();
    socket
}

/// When the next connection was joined, which then lasts as long as this.
async fn join_for(
    connections: &mut mpsc::UnboundedReceiver<DuplexStream>,
    lasts: Duration,
) -> Instant {
    let _socket = join(connections).await;
    let joined = Instant::now();
    tokio::time::sleep(lasts).await;
    joined
}

fn within() -> (ChannelConfig, mpsc::UnboundedReceiver<DuplexStream>) {
    let (connect, connections) = mpsc::unbounded_channel();
    let mut config =
        ChannelConfig::new("ws://agent/socket/websocket", "nymiapi:main", || json!({}));
    config.network = Arc::new(Within(connect));
    (config, connections)
}

/// What is read waits in memory, so that an agent could fill it.
#[tokio::test(start_paused = true)]
async fn an_owner_who_does_not_read_holds_the_agent_back() {
    let (config, mut connections) = within();
    let (_handle, mut events) = ChannelClient::start(config);
    let mut socket = join(&mut connections).await;
    let large =
        json!([null, null, "nymiapi:main", "update", {"text": "x".repeat(900_000)}]).to_string();
    let mut sent = 0;
    while tokio::time::timeout(
        Duration::from_secs(5),
        socket.send(Message::text(large.clone())),
    )
    .await
    .is_ok()
    {
        sent += 1;
        assert!(sent < 16, "more than a dozen wait");
    }
    assert_eq!(event(&mut events).await, ChannelEvent::Joined(json!({})));
    for _ in 0..sent {
        assert!(matches!(
            event(&mut events).await,
            ChannelEvent::Message { .. }
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_takes_everybody_in_and_drops_them_is_asked_ever_more_rarely() {
    let (connect, mut connections) = mpsc::unbounded_channel();
    let mut config =
        ChannelConfig::new("ws://agent/socket/websocket", "nymiapi:main", || json!({}));
    config.network = Arc::new(Within(connect));
    config.backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(3600));
    let (_handle, mut events) = ChannelClient::start(config);
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    let mut before = join_for(&mut connections, Duration::ZERO).await;
    for drops in 0..8 {
        let came = join_for(&mut connections, Duration::ZERO).await;
        assert!(
            came - before >= Duration::from_millis(500 << drops),
            "after {drops}: {:?}",
            came - before
        );
        before = came;
    }
    // One that lasted is an agent that was there: its loss is the first one again.
    let lasts = Duration::from_secs(20);
    let steady = join_for(&mut connections, lasts).await;
    let came = join_for(&mut connections, Duration::ZERO).await;
    assert!(
        came - steady <= lasts + Duration::from_secs(2),
        "{:?}",
        came - steady
    );
}

#[tokio::test]
async fn what_is_of_another_join_is_not_heard() {
    let mut agent = Agent::start().await;
    let (_handle, mut events) = start(&agent);
    let mut socket = agent.joined().await;
    assert!(matches!(event(&mut events).await, ChannelEvent::Joined(_)));
    for (join, said) in [
        (json!("99"), "of another"),
        (Value::Null, "to all"),
        (json!("1"), "to us"),
    ] {
        send(
            &mut socket,
            json!([join, null, "bluebox:desk", "configure", {"said": said}]),
        )
        .await;
    }
    for said in ["to all", "to us"] {
        let payload = json!({"said": said});
        let heard = ChannelEvent::Message {
            event: "configure".into(),
            payload,
        };
        assert_eq!(event(&mut events).await, heard);
    }
}

#[tokio::test]
async fn an_agent_of_another_name_is_told_with_what_to_do() {
    let agent = Agent::start().await;
    let mut config = agent.config("nymiapi:main");
    config.url = "ws://alias.example/socket/websocket".into();
    config.network = Arc::new(Everywhere(agent.server.local_addr()));
    let (_handle, mut events) = ChannelClient::start(config);
    let event = events.recv().await.unwrap();
    let ChannelEvent::Disconnected { reason } = event else {
        panic!("{event:?}")
    };
    assert!(
        reason.contains("does not go by the name alias.example"),
        "{reason}"
    );
    assert!(reason.contains("allowed_hosts"), "{reason}");
}
