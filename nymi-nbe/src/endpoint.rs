//! The endpoint's task: engine, adapter and agent joined together.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::channel::{self, EndpointStatus, Topic};
use nymi_core::message::{AgentUrl, ValueError};
use nymi_net::channel::{ChannelClient, ChannelConfig, ChannelEvent, ChannelHandle, PushError};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::adapter::{Adapter, AdapterEvent, AdapterLink, AdapterRequest};
use crate::clock::now;
use crate::engine::{Action, Engine};
use crate::settings::Config;

/// How soon a message that found the agent's queue full is tried again.
const STALLED: Duration = Duration::from_millis(20);

/// Why an endpoint does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error("{key}: {reason}")]
    Setting {
        /// Its name in `nbe.toml`.
        key: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// How the endpoint stands with the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AgentLink {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// Joined.
    Joined,
    /// Another endpoint has this id; tried again.
    Duplicate,
    /// The agent refuses the join; tried again.
    Refused(String),
    /// There is no connection; tried again.
    Missing(String),
}

/// Whether the endpoint can do its work, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The agent.
    pub agent: AgentLink,
    /// Adapters and readers.
    pub hardware: EndpointStatus,
}

impl Health {
    /// Joined, with a working Bluetooth adapter.
    pub fn is_ready(&self) -> bool {
        self.agent == AgentLink::Joined && self.hardware.ble_ready()
    }

    /// What a status indicator shows; none if all is well.
    pub fn trouble(&self) -> Option<&'static str> {
        match self.agent {
            AgentLink::Duplicate => Some("Failed to connect to Nymi Agent. Duplicate endpoint ID"),
            AgentLink::Connecting | AgentLink::Refused(_) | AgentLink::Missing(_) => {
                Some("Failed to connect to Nymi Agent")
            }
            AgentLink::Joined if !self.hardware.ble_ready() => Some("Bluetooth Adapter is missing"),
            AgentLink::Joined => None,
        }
    }
}

type MakeAdapter = dyn Fn(&Config) -> Box<dyn Adapter> + Send + Sync;

/// The endpoint.
pub struct Endpoint;

impl Endpoint {
    /// Starts an endpoint. That agent or adapter are missing is no error: it keeps trying.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        Self::start_with(config, |config| config.adapter.driver()).await
    }

    /// As [`Endpoint::start`], with another way to come by the adapter.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub async fn start_with(
        config: Config,
        adapter: impl Fn(&Config) -> Box<dyn Adapter> + Send + Sync + 'static,
    ) -> Result<Handle, StartError> {
        check(&config)?;
        let (settings, wanted) = watch::channel(Some(config));
        let (health, shown) = watch::channel(Health::default());
        let task = Task {
            instance: uuid::Uuid::new_v4().to_string(),
            adapter: Arc::new(adapter),
            wanted,
            health,
        };
        tokio::spawn(task.run());
        Ok(Handle {
            settings,
            health: shown,
        })
    }
}

fn check(config: &Config) -> Result<(), StartError> {
    let setting = |key, reason: String| StartError::Setting { key, reason };
    config
        .agent_url
        .parse::<AgentUrl>()
        .map_err(|error: ValueError| setting("agent_url", error.to_string()))?;
    if config.endpoint_id.is_empty() {
        let reason = "expected a name for this terminal, the same for ever".to_owned();
        return Err(setting("endpoint_id", reason));
    }
    Ok(())
}

/// A running endpoint; dropping it ends it.
pub struct Handle {
    /// None: stop.
    settings: watch::Sender<Option<Config>>,
    health: watch::Receiver<Health>,
}

impl Handle {
    /// Takes another configuration. Detection parameters change in flight; anything else makes the
    /// endpoint join anew.
    ///
    /// # Errors
    /// If a setting cannot be used; then nothing changes.
    pub fn reconfigure(&self, config: Config) -> Result<(), StartError> {
        check(&config)?;
        self.settings.send_if_modified(|present| {
            let differs = present.as_ref().is_some_and(|present| *present != config);
            if differs {
                *present = Some(config);
            }
            differs
        });
        Ok(())
    }

    /// The endpoint's health, to look at or to wait for.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Leaves the agent and ends; returns when it has.
    pub async fn shutdown(self) {
        let _ = self.settings.send(None);
        // The task keeps its receiver to the end.
        self.settings.closed().await;
    }
}

struct Task {
    /// The same for this process's life: it takes its topic over from its own ghost.
    instance: String,
    adapter: Arc<MakeAdapter>,
    wanted: watch::Receiver<Option<Config>>,
    health: watch::Sender<Health>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            let Some(config) = wanted else { return };
            let mut session = Session::new(config, &self);
            let ended = session.run(&mut self.wanted).await;
            session.channel.close().await;
            self.health.send_replace(Health::default());
            if ended.is_err() {
                return;
            }
        }
    }
}

/// The endpoint is to stop.
struct Stop;

/// One configuration's life.
struct Session {
    config: Config,
    engine: Engine,
    link: AdapterLink,
    adapter_ended: bool,
    channel: ChannelHandle,
    events: mpsc::Receiver<ChannelEvent>,
    agent: AgentLink,
    stalled: Option<(&'static str, Value)>,
    health: watch::Sender<Health>,
}

impl Session {
    fn new(config: Config, task: &Task) -> Self {
        let link = (task.adapter)(&config).start();
        let topic = Topic::Endpoint {
            endpoint_id: config.endpoint_id.clone(),
        }
        .to_string();
        let join = join(&config, &task.instance);
        let (channel, events) =
            ChannelClient::start(ChannelConfig::new(&config.agent_url, topic, join));
        Self {
            engine: Engine::new(config.tap),
            config,
            link,
            adapter_ended: false,
            channel,
            events,
            agent: AgentLink::Connecting,
            stalled: None,
            health: task.health.clone(),
        }
    }

    /// Until another configuration needs another session, or until told to stop.
    async fn run(&mut self, wanted: &mut watch::Receiver<Option<Config>>) -> Result<(), Stop> {
        loop {
            let wake = self.wake();
            tokio::select! {
                changed = wanted.changed() => {
                    changed.map_err(|_| Stop)?;
                    let config = wanted.borrow_and_update().clone().ok_or(Stop)?;
                    if !self.takes(&config) {
                        return Ok(());
                    }
                }
                event = self.link.events.recv(), if !self.adapter_ended => self.adapter(event),
                event = self.events.recv() => self.channel_event(event.ok_or(Stop)?),
                () = wake => self.engine.handle_timeout(now()),
            }
            self.act();
            self.show();
        }
    }

    /// Sleeps until there is something to do unasked.
    fn wake(&self) -> impl Future<Output = ()> + use<> {
        let due = self
            .engine
            .next_deadline()
            .map(|at| Duration::from_millis(u64::try_from(at.since(now())).unwrap_or(0)));
        let due = if self.stalled.is_some() {
            Some(due.map_or(STALLED, |due| due.min(STALLED)))
        } else {
            due
        };
        async move {
            match due {
                Some(due) => tokio::time::sleep(due).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Takes new detection parameters; false if more than those changed.
    fn takes(&mut self, config: &Config) -> bool {
        let same = Config {
            tap: self.config.tap,
            ..config.clone()
        } == self.config;
        if same {
            tracing::info!("new detection parameters");
            self.engine.reconfigure(config.tap);
            self.config.tap = config.tap;
        }
        same
    }

    fn adapter(&mut self, event: Option<AdapterEvent>) {
        match event {
            Some(event) => self.engine.handle_adapter(now(), event),
            None => {
                self.adapter_ended = true;
                tracing::error!("the adapter's driver ended; restart the endpoint");
            }
        }
    }

    fn channel_event(&mut self, event: ChannelEvent) {
        match event {
            ChannelEvent::Joined(_) => {
                let (id, url) = (&self.config.endpoint_id, &self.config.agent_url);
                tracing::info!("joined the Agent at {url} as bluebox:{id}");
                self.agent = AgentLink::Joined;
                self.engine.handle_joined(now());
            }
            ChannelEvent::Message { event, payload } => {
                self.engine.handle_message(now(), &event, payload);
            }
            ChannelEvent::JoinRefused(response) => {
                let reason = response.get("reason").and_then(Value::as_str);
                self.refused(reason.unwrap_or("the agent gave no reason"));
            }
            ChannelEvent::Disconnected { reason } => {
                let told = format!(": {reason}");
                self.lost(AgentLink::Missing(reason), &told);
            }
        }
    }

    fn refused(&mut self, reason: &str) {
        if reason == channel::ALREADY_JOINED {
            let id = &self.config.endpoint_id;
            let told = format!(
                ". Duplicate endpoint ID: {reason}; another terminal is joined as {id:?}: give this \
                 one another endpoint_id"
            );
            self.lost(AgentLink::Duplicate, &told);
        } else {
            let told = format!(": the join was refused: {reason}");
            self.lost(AgentLink::Refused(reason.to_owned()), &told);
        }
    }

    /// What is wrong is told once, each new attempt in a line of its own.
    fn lost(&mut self, link: AgentLink, told: &str) {
        if self.agent != link {
            tracing::warn!("Failed to connect to Nymi Agent{told}");
        }
        tracing::warn!(
            "Attempting to reconnect to Agent at {}...",
            self.config.agent_url
        );
        self.agent = link;
        self.stalled = None;
        self.engine.handle_lost();
    }

    /// Does what the engine wants, as far as the agent's queue has room.
    fn act(&mut self) {
        if let Some((event, payload)) = self.stalled.take() {
            self.push(event, payload);
        }
        while self.stalled.is_none() {
            match self.engine.poll_action() {
                None => return,
                Some(Action::Push { event, payload }) => self.push(event, payload),
                Some(Action::Ask(request)) => self.ask(request),
            }
        }
    }

    fn push(&mut self, event: &'static str, payload: Value) {
        match self.channel.push(event, payload.clone()) {
            // A frame is followed by the next; anything else waits.
            Err(PushError::Full) if event != channel::event::FRAMES => {
                self.stalled = Some((event, payload));
            }
            Err(error) => tracing::debug!("{event} was not sent: {error}"),
            Ok(()) => {}
        }
    }

    fn ask(&mut self, request: AdapterRequest) {
        if let Err(error) = self.link.requests.try_send(request) {
            let request = error.into_inner();
            let answer = Err(nymi_core::message::Status::TOO_MANY_IN_FLIGHT);
            let reply = AdapterEvent::Reply {
                id: request.id,
                answer,
                last: true,
            };
            self.engine.handle_adapter(now(), reply);
        }
    }

    fn show(&self) {
        self.health.send_if_modified(|shown| {
            let differs = shown.agent != self.agent || shown.hardware != *self.engine.hardware();
            if differs {
                shown.agent = self.agent.clone();
                shown.hardware = self.engine.hardware().clone();
            }
            differs
        });
    }
}

/// The join payload (agent.md). It is written out here since a credential does not serialise by
/// itself.
fn join(config: &Config, instance: &str) -> impl Fn() -> Value + Send + Sync + 'static {
    let mut payload = json!({
        "instance": instance,
        "addresses": config.addresses,
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": channel::PROTOCOL,
    });
    for (key, value) in [
        ("hostname", &config.hostname),
        ("credential", &config.credential),
    ] {
        if let Some(value) = value {
            payload[key] = json!(value);
        }
    }
    move || payload.clone()
}
