//! The task behind a channel client: connect, join, talk, and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::uri::Authority;
use axum::http::{Request, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use nymi_core::message::phoenix::{self, Message as Phoenix, Ref, Vsn};
use rustls::ClientConfig;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::{ChannelConfig, ChannelEvent, Push, Reply};
use crate::network::Connection;
use crate::serve::stopped;
use crate::tls::{is_no_tls, secure};
use crate::ws::MAX_MESSAGE;

type Stream = WebSocketStream<Connection>;

/// How long a channel has to be joined for the next loss to be a new one, after which is not waited for long: a
/// server that takes everybody in and drops them again is asked ever more rarely.
const STEADY: Duration = Duration::from_secs(10);

/// Why a connection is over.
enum Ended {
    /// The owner wants no more.
    Stopped,
    /// Try again, after telling this.
    Lost(ChannelEvent),
}

impl Ended {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Lost(ChannelEvent::Disconnected {
            reason: reason.into(),
        })
    }
}

impl From<tungstenite::Error> for Ended {
    fn from(error: tungstenite::Error) -> Self {
        Self::lost(format!("the connection to the agent broke: {error}"))
    }
}

pub(super) async fn run(
    config: ChannelConfig,
    pushes: mpsc::Receiver<Push>,
    events: mpsc::Sender<ChannelEvent>,
    joined: watch::Sender<bool>,
    stopping: watch::Receiver<bool>,
) {
    let mut backoff = config.backoff.clone();
    let mut client = Client {
        config,
        pushes,
        events,
        joined,
        stopping,
    };
    loop {
        let mut joined_at = None;
        let ended = client.connection(&mut joined_at).await;
        client.joined.send_replace(false);
        if joined_at.is_some_and(|at| at.elapsed() >= STEADY) {
            backoff.reset();
        }
        match ended {
            Err(Ended::Lost(event)) => {
                if client.emit(event).await.is_err() {
                    return;
                }
            }
            Ok(()) | Err(Ended::Stopped) => return,
        }
        let delay = tokio::time::sleep(backoff.delay());
        tokio::pin!(delay);
        loop {
            tokio::select! {
                () = &mut delay => break,
                () = stopped(&mut client.stopping) => return,
                // Nothing can be pushed now; a closed queue means that every handle is gone.
                push = client.pushes.recv() => if push.is_none() { return },
            }
        }
    }
}

struct Client {
    config: ChannelConfig,
    pushes: mpsc::Receiver<Push>,
    events: mpsc::Sender<ChannelEvent>,
    joined: watch::Sender<bool>,
    stopping: watch::Receiver<bool>,
}

impl Client {
    async fn emit(&mut self, event: ChannelEvent) -> Result<(), Ended> {
        tokio::select! {
            sent = self.events.send(event) => sent.map_err(|_| Ended::Stopped),
            () = stopped(&mut self.stopping) => Err(Ended::Stopped),
        }
    }

    async fn connection(&mut self, joined_at: &mut Option<Instant>) -> Result<(), Ended> {
        let mut stopping = self.stopping.clone();
        let connecting = timeout(self.config.deadline, connect(&self.config));
        let stream = tokio::select! {
            connected = connecting => connected.map_err(|_| {
                Ended::lost(format!("{} did not answer in time", self.config.url))
            })??,
            () = stopped(&mut stopping) => return Err(Ended::Stopped),
        };
        let mut talk = Talk::new(stream, &self.config);
        talk.join(&self.config).await?;
        let outcome = self.talk(&mut talk, joined_at).await;
        talk.leave(matches!(outcome, Ok(()) | Err(Ended::Stopped)))
            .await;
        outcome
    }

    async fn talk(
        &mut self,
        talk: &mut Talk,
        joined_at: &mut Option<Instant>,
    ) -> Result<(), Ended> {
        let mut heartbeat = interval(self.config.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.tick().await;
        let join_deadline = tokio::time::sleep(self.config.deadline);
        tokio::pin!(join_deadline);
        let mut stopping = self.stopping.clone();
        loop {
            tokio::select! {
                () = stopped(&mut stopping) => return Ok(()),
                () = &mut join_deadline, if joined_at.is_none() => {
                    return Err(Ended::lost("the agent did not answer the join in time"));
                }
                _ = heartbeat.tick() => talk.heartbeat().await?,
                push = self.pushes.recv() => match push {
                    None => return Ok(()),
                    Some(push) if joined_at.is_some() => talk.push(push).await?,
                    Some(_) => {}
                },
                message = talk.stream.next() => {
                    let Some(event) = talk.read(message)? else { continue };
                    if matches!(event, ChannelEvent::Joined(_)) {
                        *joined_at = Some(Instant::now());
                        self.joined.send_replace(true);
                    }
                    self.emit(event).await?;
                }
            }
        }
    }
}

/// One connection.
struct Talk {
    stream: Stream,
    vsn: Vsn,
    topic: String,
    next_ref: u64,
    join_ref: Ref,
    heartbeat_ref: Option<Ref>,
    pending: BTreeMap<Ref, oneshot::Sender<Reply>>,
    deadline: Duration,
}

impl Talk {
    fn new(stream: Stream, config: &ChannelConfig) -> Self {
        Self {
            stream,
            vsn: config.vsn,
            topic: config.topic.clone(),
            next_ref: 1,
            join_ref: Ref::from(1),
            heartbeat_ref: None,
            pending: BTreeMap::new(),
            deadline: config.deadline,
        }
    }

    fn reference(&mut self) -> Ref {
        let reference = Ref::from(self.next_ref);
        self.next_ref += 1;
        reference
    }

    async fn send(&mut self, message: &Phoenix) -> Result<(), Ended> {
        let text = phoenix::encode(self.vsn, message);
        match timeout(self.deadline, self.stream.send(Message::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Ended::lost(
                "the agent stopped reading; it or the network is overloaded",
            )),
        }
    }

    async fn join(&mut self, config: &ChannelConfig) -> Result<(), Ended> {
        let reference = self.reference();
        self.join_ref.clone_from(&reference);
        let payload = (config.join)();
        self.send_event(reference, phoenix::JOIN, payload).await
    }

    async fn send_event(
        &mut self,
        reference: Ref,
        event: &str,
        payload: Value,
    ) -> Result<(), Ended> {
        let join_ref = Some(self.join_ref.clone());
        let mut message = Phoenix::push(join_ref, &self.topic, event, payload);
        message.reference = Some(reference);
        self.send(&message).await
    }

    async fn push(&mut self, push: Push) -> Result<(), Ended> {
        let reference = self.reference();
        if let Some(reply) = push.reply {
            self.pending.retain(|_, waiting| !waiting.is_closed());
            self.pending.insert(reference.clone(), reply);
        }
        self.send_event(reference, &push.event, push.payload).await
    }

    async fn heartbeat(&mut self) -> Result<(), Ended> {
        if self.heartbeat_ref.is_some() {
            return Err(Ended::lost("the agent does not answer heartbeats"));
        }
        let reference = self.reference();
        self.heartbeat_ref = Some(reference.clone());
        self.send(&Phoenix::heartbeat(reference)).await
    }

    /// What a WebSocket message means for the owner, if anything.
    fn read(
        &mut self,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Result<Option<ChannelEvent>, Ended> {
        let text = match message {
            None => return Err(Ended::lost("the agent closed the connection")),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let why = frame.map_or_else(String::new, |frame| format!(": {frame}"));
                return Err(Ended::lost(format!("the agent closed the connection{why}")));
            }
            Some(Ok(_)) => return Ok(None),
        };
        let message = phoenix::decode(self.vsn, &text)
            .map_err(|_| Ended::lost("the agent sent something that is not a channel message; is the address that of a Nymi Agent?"))?;
        self.meaning(message)
    }

    fn meaning(&mut self, message: Phoenix) -> Result<Option<ChannelEvent>, Ended> {
        if self.heartbeat_ref.is_some() && message.reference == self.heartbeat_ref {
            self.heartbeat_ref = None;
            return Ok(None);
        }
        // What is sent to all who joined names no join; what names another is of an earlier one.
        let is_ours = message
            .join_ref
            .as_ref()
            .is_none_or(|of| *of == self.join_ref);
        if message.topic != self.topic || !is_ours {
            return Ok(None);
        }
        match message.event.as_str() {
            phoenix::REPLY => self.reply(message),
            phoenix::ERROR | phoenix::CLOSE => Err(Ended::lost(closed_by_agent(&message.payload))),
            _ => Ok(Some(ChannelEvent::Message {
                event: message.event,
                payload: message.payload,
            })),
        }
    }

    fn reply(&mut self, message: Phoenix) -> Result<Option<ChannelEvent>, Ended> {
        let (Some(reference), Some(reply)) = (&message.reference, message.as_reply()) else {
            return Ok(None);
        };
        let (ok, response) = (reply.is_ok, reply.response.clone());
        if *reference == self.join_ref {
            return if ok {
                Ok(Some(ChannelEvent::Joined(response)))
            } else {
                Err(Ended::Lost(ChannelEvent::JoinRefused(response)))
            };
        }
        if let Some(waiting) = self.pending.remove(reference) {
            // The asker may have stopped waiting.
            let _ = waiting.send(Reply { ok, response });
        }
        Ok(None)
    }

    /// Says goodbye, without insisting.
    async fn leave(&mut self, politely: bool) {
        let farewell = async {
            if politely {
                let reference = self.reference();
                let _ = self.send_event(reference, phoenix::LEAVE, json!({})).await;
            }
            let _ = self.stream.close(None).await;
        };
        let _ = timeout(Duration::from_millis(500), farewell).await;
    }
}

fn closed_by_agent(payload: &Value) -> String {
    match payload.get("reason").and_then(Value::as_str) {
        Some(reason) => format!("the agent closed the channel: {reason}"),
        None => "the agent closed the channel".to_owned(),
    }
}

async fn connect(config: &ChannelConfig) -> Result<Stream, Ended> {
    let url = &config.url;
    let uri: Uri = url.parse().map_err(|_| {
        Ended::lost(format!(
            "agent_url {url:?} is not a URL; write ws://host:9120/socket/websocket"
        ))
    })?;
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let (is_tls, default_port) = match uri.scheme_str() {
        Some("ws") => (false, 80),
        Some("wss") => (true, 443),
        _ => {
            return Err(Ended::lost(format!(
                "agent_url {url:?} must begin with ws:// or wss://"
            )));
        }
    };
    let port = uri.port_u16().unwrap_or(default_port);
    let connection = config.network.connect(&host, port).await.map_err(|error| {
        Ended::lost(format!("cannot connect to the agent at {host}:{port}: {error}; check that it runs and that the address is right"))
    })?;
    let refused = |error: &dyn std::fmt::Display| {
        Ended::lost(format!(
            "{url} did not accept the connection: {error}; check that a Nymi Agent listens there"
        ))
    };
    let connection = if is_tls {
        let secured = secure(tls_config(config)?, &host, connection).await;
        secured.map_err(|error| match is_no_tls(&error) {
            true => Ended::lost(format!(
                "the agent at {host}:{port} does not speak TLS on that port; write ws:// for one without TLS, or check the port"
            )),
            false => refused(&error),
        })?
    } else {
        connection
    };
    let limits = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * MAX_MESSAGE)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let request = handshake(config, &uri)?;
    let connected = client_async_with_config(request, connection, Some(limits)).await;
    let (stream, _) = connected.map_err(|error| match &error {
        tungstenite::Error::Http(answer) if answer.status() == StatusCode::MISDIRECTED_REQUEST => {
            Ended::lost(format!(
                "the agent at {host}:{port} does not go by the name {host}; name it in agent_url as it does, or add the name to its allowed_hosts"
            ))
        }
        _ => refused(&error),
    })?;
    Ok(stream)
}

/// The request that begins a WebSocket (RFC 6455 section 4.1). Its key comes from the system, where
/// tungstenite's own would panic if there is none.
fn handshake(config: &ChannelConfig, uri: &Uri) -> Result<Request<()>, Ended> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)
        .map_err(|error| Ended::lost(format!("the system gives no random bytes: {error}")))?;
    let separator = if uri.query().is_some() { '&' } else { '?' };
    let authority = uri.authority().map_or("", Authority::as_str);
    // What stands before an @ is not the host's.
    let host = authority.rsplit('@').next().unwrap_or_default();
    Request::builder()
        .uri(format!("{uri}{separator}vsn={}", config.vsn.as_str()))
        .header(header::HOST, host)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, STANDARD.encode(nonce))
        .body(())
        .map_err(|error| {
            Ended::lost(format!(
                "agent_url {:?} cannot be used: {error}",
                config.url
            ))
        })
}

fn tls_config(config: &ChannelConfig) -> Result<Arc<ClientConfig>, Ended> {
    match &config.tls {
        Some(tls) => Ok(Arc::clone(tls)),
        None => crate::tls::client_config(&[]).map_err(|error| Ended::lost(error.to_string())),
    }
}
