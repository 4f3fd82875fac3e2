//! The engine: one task that owns the session, the link to the agent and everything that waits.
//!
//! Requests come from callers' threads over [`Desk`]; whatever takes time (asking NES, proving
//! ourselves to the agent) runs beside the loop and comes back as [`Done`]. So nothing here is
//! locked while it is waited for, and dropping the engine drops all of it.

mod agent;
mod certificates;
mod malformed;
mod requests;

pub(crate) use requests::to_map;

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::{AgentUrl, DEFAULT_DEADLINE_MS, InitAnswer};
use nymi_net::backoff::Backoff;
use nymi_net::channel::{ChannelEvent, PushError, Reply};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Config;
use crate::band::Bands;
use crate::desk::{Command, Desk};
use crate::exchanges::Id;
use crate::identity::Identity;
use crate::init::{Application, Refusal};
use crate::link::{Link, Note};
use crate::subscriptions::Subscriptions;
use certificates::{Renewal, RenewalForAgent};

/// How long the agent is given to hear that we leave.
const FAREWELL: Duration = Duration::from_millis(300);
/// At least this often the clock is looked at, since it may jump.
const CLOCK_CHECK: Duration = Duration::from_secs(30);

/// Who we are, once `init` succeeded.
struct Session {
    application: Arc<Application>,
    identity: Identity,
}

/// A successful `init` whose answer waits for the agent.
struct WaitingInit {
    id: Id,
    answer: InitAnswer,
}

/// A request that waits until the agent knows us.
struct Held {
    id: Id,
    note: Note,
    envelope: Value,
}

/// The outcome of what ran beside the loop.
enum Done {
    Init {
        id: Id,
        agent_url: AgentUrl,
        application: Arc<Application>,
        result: Result<Identity, Refusal>,
    },
    Proof {
        turn: u64,
        result: Result<Reply, PushError>,
    },
    Renewal(Result<Identity, Refusal>),
}

pub(crate) struct Engine {
    desk: Arc<Desk>,
    config: Config,
    commands: mpsc::UnboundedReceiver<Command>,
    link: Option<Link>,
    /// When a link that was refused is tried anew.
    retry_link_at: Option<Instant>,
    after_refusal: Backoff,
    session: Option<Session>,
    waiting: Vec<WaitingInit>,
    held: Vec<Held>,
    subscriptions: Subscriptions,
    renewal: Renewal,
    renewal_for_agent: RenewalForAgent,
    tasks: JoinSet<Done>,
    inits: HashMap<Id, AbortHandle>,
    bands: Bands,
}

/// What woke the loop.
enum Wake {
    Command(Option<Command>),
    Link(Option<ChannelEvent>),
    Done(Box<Done>),
    Time,
}

impl Engine {
    pub(crate) fn new(
        desk: Arc<Desk>,
        config: Config,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            desk,
            config,
            commands,
            link: None,
            retry_link_at: None,
            after_refusal: agent::after_refusal(),
            session: None,
            waiting: Vec::new(),
            held: Vec::new(),
            subscriptions: Subscriptions::default(),
            renewal: Renewal::default(),
            renewal_for_agent: RenewalForAgent::default(),
            tasks: JoinSet::new(),
            inits: HashMap::new(),
            bands: Bands::default(),
        }
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// Runs until the desk is ended.
    pub(crate) async fn run(mut self, agent_url: AgentUrl) {
        self.connect(agent_url, self.config.nea_name.clone());
        let mut alarm = pin!(sleep_until(Instant::now()));
        loop {
            match self.wake(alarm.as_mut()).await {
                Wake::Command(Some(Command::Request(id, request))) => self.request(id, *request),
                Wake::Command(Some(Command::AskBand(id, wanted))) => {
                    self.ask_band(id, DEFAULT_DEADLINE_MS, *wanted);
                }
                Wake::Command(Some(Command::GiveUp(id))) => self.give_up(id),
                Wake::Command(Some(Command::Stop) | None) => break,
                Wake::Link(Some(event)) => self.link_event(event),
                Wake::Link(None) => self.link_ended(),
                Wake::Done(done) => self.done(*done),
                Wake::Time => self.time(Instant::now()),
            }
        }
        if let Some(link) = &self.link {
            let _ = tokio::time::timeout(FAREWELL, link.handle.close()).await;
        }
        tracing::info!("the client was terminated");
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Init {
                id,
                agent_url,
                application,
                result,
            } => {
                self.init_done(id, agent_url, application, result);
            }
            Done::Proof { turn, result } => self.proof_done(turn, result),
            Done::Renewal(result) => self.renewal_done(result),
        }
    }

    async fn wake(&mut self, mut alarm: Pin<&mut Sleep>) -> Wake {
        let at = self.next_time(Instant::now());
        // Left as it is where it is early: setting it for each request would take a system call each time.
        if at < alarm.deadline() || alarm.is_elapsed() {
            alarm.as_mut().reset(at);
        }
        let outbox = &self.desk.outbox;
        let link = async {
            match &mut self.link {
                Some(link) => {
                    // The channel holds the agent back meanwhile, so nothing is lost.
                    outbox.has_room().await;
                    link.events.recv().await
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = self.commands.recv() => Wake::Command(command),
            event = link => Wake::Link(event),
            Some(done) = self.tasks.join_next() => match done {
                Ok(done) => Wake::Done(Box::new(done)),
                // Aborted; whoever did that has seen to the rest.
                Err(_) => Wake::Time,
            },
            () = alarm => Wake::Time,
        }
    }

    fn next_time(&self, now: Instant) -> Instant {
        let restore = self.link.as_ref().filter(|link| link.is_proven());
        [
            self.desk.exchanges().next_deadline(),
            restore.and_then(|_| self.subscriptions.next()),
            self.retry_link_at,
            self.certificates_due(now),
        ]
        .into_iter()
        .flatten()
        .fold(now + CLOCK_CHECK, Instant::min)
    }

    fn time(&mut self, now: Instant) {
        self.overdue(now);
        if self.retry_link_at.is_some_and(|at| at <= now) {
            self.reconnect();
        }
        self.restore_subscriptions(now);
        self.check_certificates(now);
    }
}
