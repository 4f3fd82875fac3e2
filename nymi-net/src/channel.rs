//! A Phoenix channel client: one topic over one WebSocket, kept joined.
//!
//! [`ChannelClient::start`] runs a task that connects, joins, sends heartbeats, and after any loss
//! connects again with backoff and jitter. What happens is told through [`ChannelEvent`]s, in order;
//! pushes go through the [`ChannelHandle`]. Both queues are bounded.

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::phoenix::Vsn;
use rustls::ClientConfig;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use crate::backoff::Backoff;
use crate::network::{Network, Tcp};

mod session;

/// What to join, and where.
#[derive(Clone)]
pub struct ChannelConfig {
    /// `ws://host:port/socket/websocket` (or wss), without query; `vsn` is added.
    pub url: String,
    /// The topic.
    pub topic: String,
    /// Makes the join payload, anew for each join.
    pub join: Arc<dyn Fn() -> Value + Send + Sync>,
    /// The serializer.
    pub vsn: Vsn,
    /// What makes the connections.
    pub network: Arc<dyn Network>,
    /// For wss; none: the system's roots.
    pub tls: Option<Arc<ClientConfig>>,
    /// When to try again.
    pub backoff: Backoff,
    /// How often a heartbeat goes out; one without an answer until the next ends the connection.
    pub heartbeat: Duration,
    /// How long connecting, joining and each push with a reply may take.
    pub deadline: Duration,
    /// How many pushes may wait.
    pub queue: usize,
}

impl ChannelConfig {
    /// A configuration with the usual limits: serializer 2.0.0, heartbeat 30 s, deadline 10 s.
    pub fn new(
        url: impl Into<String>,
        topic: impl Into<String>,
        join: impl Fn() -> Value + Send + Sync + 'static,
    ) -> Self {
        Self {
            url: url.into(),
            topic: topic.into(),
            join: Arc::new(join),
            vsn: Vsn::V2,
            network: Arc::new(Tcp),
            tls: None,
            backoff: Backoff::default(),
            heartbeat: Duration::from_secs(30),
            deadline: Duration::from_secs(10),
            queue: 1024,
        }
    }
}

/// How many events may wait for their owner, each of up to [`MAX_MESSAGE`](crate::ws::MAX_MESSAGE) bytes. More
/// stay with the server, whose connection is not read meanwhile.
const MOST_EVENTS: usize = 8;

/// What happened on the channel.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelEvent {
    /// Joined, with the server's response.
    Joined(Value),
    /// The server refused the join; it is tried again later, with backoff.
    JoinRefused(Value),
    /// A message for this topic.
    Message {
        /// Its event.
        event: String,
        /// Its payload.
        payload: Value,
    },
    /// The connection is gone or could not be made; it is tried again.
    Disconnected {
        /// A sentence that names what to check.
        reason: String,
    },
}

/// Why a push was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The channel is not joined at present.
    #[error("the channel is not joined at present; it is tried again by itself")]
    NotJoined,
    /// The server takes messages more slowly than they come.
    #[error("too many messages wait for the agent; it or the network is overloaded")]
    Full,
    /// No reply in time, or the connection broke before it came.
    #[error("no reply came before the deadline or the end of the connection")]
    NoReply,
    /// The client was closed.
    #[error("the channel was closed")]
    Closed,
}

/// A `phx_reply`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Whether its status is `ok`.
    pub ok: bool,
    /// Its response.
    pub response: Value,
}

pub(crate) struct Push {
    event: String,
    payload: Value,
    reply: Option<oneshot::Sender<Reply>>,
}

/// Starts channel clients.
#[derive(Debug)]
pub struct ChannelClient;

impl ChannelClient {
    /// Starts the client's task on the present runtime. It ends when [`ChannelHandle::close`] is
    /// called, every handle is dropped or the receiver is dropped.
    pub fn start(config: ChannelConfig) -> (ChannelHandle, mpsc::Receiver<ChannelEvent>) {
        let (pushes, push_queue) = mpsc::channel(config.queue);
        let (events, event_queue) = mpsc::channel(MOST_EVENTS);
        let (joined, is_joined) = watch::channel(false);
        let (stop, stopping) = watch::channel(false);
        let deadline = config.deadline;
        tokio::spawn(session::run(config, push_queue, events, joined, stopping));
        let handle = ChannelHandle {
            pushes,
            is_joined,
            stop: Arc::new(stop),
            deadline,
        };
        (handle, event_queue)
    }
}

/// Sends on the channel; cheap to clone.
#[derive(Clone)]
pub struct ChannelHandle {
    pushes: mpsc::Sender<Push>,
    is_joined: watch::Receiver<bool>,
    stop: Arc<watch::Sender<bool>>,
    deadline: Duration,
}

impl ChannelHandle {
    /// True between [`ChannelEvent::Joined`] and the next loss.
    pub fn is_joined(&self) -> bool {
        *self.is_joined.borrow()
    }

    /// Sends a message, without waiting.
    ///
    /// # Errors
    /// If the channel is not joined, too much waits, or the client is closed.
    pub fn push(&self, event: &str, payload: Value) -> Result<(), PushError> {
        self.enqueue(Push {
            event: event.to_owned(),
            payload,
            reply: None,
        })
    }

    /// Sends a message and waits for its `phx_reply`.
    ///
    /// # Errors
    /// As [`ChannelHandle::push`], and if no reply comes.
    pub async fn push_with_reply(&self, event: &str, payload: Value) -> Result<Reply, PushError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Push {
            event: event.to_owned(),
            payload,
            reply: Some(reply),
        })?;
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) | Err(_) => Err(PushError::NoReply),
        }
    }

    fn enqueue(&self, push: Push) -> Result<(), PushError> {
        if self.pushes.is_closed() {
            return Err(PushError::Closed);
        }
        if !self.is_joined() {
            return Err(PushError::NotJoined);
        }
        self.pushes.try_send(push).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PushError::Full,
            mpsc::error::TrySendError::Closed(_) => PushError::Closed,
        })
    }

    /// Leaves the topic, closes the connection and ends the client; returns when it has.
    pub async fn close(&self) {
        let _ = self.stop.send(true);
        self.pushes.closed().await;
    }
}
