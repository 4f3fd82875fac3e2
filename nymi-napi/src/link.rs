//! The connection to the agent: one topic of our own, joined and proven.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::channel::{NeaJoin, Topic};
use nymi_core::message::{AgentUrl, NeaName, Payload, Uuid};
use nymi_net::backoff::Backoff;
use nymi_net::channel::{ChannelClient, ChannelConfig, ChannelEvent, ChannelHandle};
use nymi_net::network::Network;
use nymi_net::tls::client_config;
use tokio::sync::mpsc;

use crate::exchanges::Id;
use crate::init::Refusal;

/// How long one attempt to connect and join may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How far the connection has come.
pub(crate) enum State {
    /// The first attempt is under way.
    Connecting,
    /// No connection; it is tried again.
    Lost,
    /// Joined; the agent wants this signed.
    Joined { nonce: [u8; 32] },
    /// The proof is on its way.
    Proving,
    /// Every operation is served.
    Proven,
    /// The agent does not want us.
    Refused(Refusal),
}

/// What to remember of a request until its answer comes.
pub(crate) enum Note {
    /// Nothing.
    Plain,
    /// `info`, to which we have something to add.
    Info,
    /// A subscription of this endpoint.
    Subscribe(String),
    /// The end of one.
    Unsubscribe(String),
}

impl Note {
    pub(crate) fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Info => Self::Info,
            Payload::SubscribeEndpoint(request) => Self::Subscribe(request.endpoint_id.clone()),
            Payload::UnsubscribeEndpoint(request) => Self::Unsubscribe(request.endpoint_id.clone()),
            _ => Self::Plain,
        }
    }
}

pub(crate) struct Link {
    pub(crate) url: AgentUrl,
    pub(crate) name: NeaName,
    pub(crate) topic: String,
    pub(crate) handle: ChannelHandle,
    pub(crate) events: mpsc::Receiver<ChannelEvent>,
    pub(crate) state: State,
    /// Counts joins and losses, so that the outcome of an old proof is told from that of a new one.
    pub(crate) turn: u64,
    /// The application has been told that the agent is missing or refuses.
    pub(crate) told: bool,
    /// The agent has accepted us at this address before, so what fails is an outage and not the first
    /// attempts to connect.
    pub(crate) was_proven: bool,
    /// Why there is no connection, as the last attempt told.
    pub(crate) cause: Option<String>,
    /// Requests at the agent.
    pub(crate) sent: HashMap<Id, Note>,
    /// The L1 that are trusted for wss besides the system's roots; DER.
    pub(crate) roots: Vec<Vec<u8>>,
}

/// A link that cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Tls(#[from] nymi_net::tls::TlsError),
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

fn is_secure(url: &AgentUrl) -> bool {
    url.as_str().starts_with("wss:")
}

impl Link {
    /// Starts connecting; `roots` are trusted for wss besides the system's.
    pub(crate) fn start(
        url: AgentUrl,
        name: NeaName,
        roots: Vec<Vec<u8>>,
        network: Arc<dyn Network>,
    ) -> Result<Self, LinkError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(LinkError::Random)?;
        // A new instance each time, so that our own ghost at the agent cannot be in the way.
        let instance = Uuid::from_random(random).to_string();
        let topic = Topic::Nea {
            nea_name: name.clone(),
            instance,
        }
        .to_string();
        let join = || serde_json::to_value(NeaJoin::default()).unwrap_or_default();
        let mut config = ChannelConfig::new(url.as_str(), &topic, join);
        config.backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        config.deadline = ATTEMPT;
        config.network = network;
        if is_secure(&url) {
            config.tls = Some(client_config(&roots)?);
        }
        tracing::info!("connecting to Agent at {url}");
        let (handle, events) = ChannelClient::start(config);
        Ok(Self {
            url,
            name,
            topic,
            handle,
            events,
            state: State::Connecting,
            turn: 0,
            told: false,
            was_proven: false,
            cause: None,
            sent: HashMap::new(),
            roots,
        })
    }

    /// Whether it waits for an agent whose certificate it may refuse for want of these roots.
    pub(crate) fn would_trust(&self, roots: &[Vec<u8>]) -> bool {
        is_secure(&self.url) && !self.is_up() && self.roots != roots
    }

    pub(crate) fn is_proven(&self) -> bool {
        matches!(self.state, State::Proven)
    }

    /// Whether a subscription is at the agent, so that its endpoint's id may not be known yet.
    pub(crate) fn awaits_subscription(&self) -> bool {
        let is_one = |note: &Note| matches!(note, Note::Subscribe(_));
        self.sent.values().any(is_one)
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(
            self.state,
            State::Joined { .. } | State::Proving | State::Proven
        )
    }
}
