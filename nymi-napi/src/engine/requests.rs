//! Requests: which are ours to answer, and how the others travel.

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::channel::event;
use nymi_core::message::{
    AgentUrl, Cancel, InfoAnswer, Init, InitAnswer, Operation, Payload, Request, Status,
};
use nymi_net::channel::PushError;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Done, Engine, Held, WaitingInit};
use crate::band::Wanted;
use crate::exchanges::Id;
use crate::init::{Application, Refusal};
use crate::link::{Link, Note, State};

impl Engine {
    pub(super) fn request(&mut self, id: Id, request: Request) {
        match &request.payload {
            Payload::Init(init) => self.init(id, init, request.deadline_ms),
            Payload::Cancel(cancel) => self.cancel(id, cancel),
            Payload::Info if !self.link.as_ref().is_some_and(|link| link.is_up()) => {
                let info = self.info(None);
                self.desk.succeed(id, to_map(&info));
            }
            payload => match Wanted::of(payload) {
                Ok(None) => self.forward(id, request),
                Ok(Some(wanted)) => self.ask_band(id, request.deadline_ms, wanted),
                Err(error) => {
                    self.desk.fail(id, Status::INTERNAL, error.to_string());
                }
            },
        }
    }

    /// Has an operation done in this application's own session with a band.
    pub(super) fn ask_band(&mut self, id: Id, deadline_ms: u32, wanted: Wanted) {
        match &self.session {
            Some(session) => {
                let identity = &session.identity;
                self.bands
                    .perform(&self.desk, id, deadline_ms, wanted, identity);
            }
            None => {
                self.desk.fail(id, Status::NOT_INITIALISED, "");
            }
        }
    }

    /// Sends a request to the agent, or keeps it until the agent knows us.
    fn forward(&mut self, id: Id, mut request: Request) {
        let note = Note::of(&request.payload);
        request.exchange = Some(id.to_exchange());
        let envelope = request.to_value();
        let state = self.link.as_ref().map(|link| &link.state);
        match state {
            Some(State::Proven) => self.send(id, note, envelope),
            // Served before the proof, too.
            Some(State::Joined { .. } | State::Proving) if matches!(note, Note::Info) => {
                self.send(id, note, envelope);
            }
            Some(State::Connecting | State::Joined { .. } | State::Proving) => {
                self.held.push(Held { id, note, envelope });
            }
            // The first connection is still to be made: it is waited for until the deadline.
            Some(State::Lost) if !self.is_outage() => {
                self.held.push(Held { id, note, envelope });
            }
            Some(State::Refused(refusal)) => {
                self.desk.answer(id, refusal.to_update());
            }
            Some(State::Lost) | None => self.agent_is_missing(id, &note),
        }
    }

    /// Whether the agent was there before.
    fn is_outage(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.was_proven)
    }

    /// Answers a request with 4000.
    pub(super) fn agent_is_missing(&mut self, id: Id, note: &Note) {
        self.remember(note);
        let mut specifics = self.agent_missing();
        if let Note::Subscribe(named) = note {
            specifics.push_str("; ");
            specifics.push_str(named);
            specifics.push_str(" is subscribed to once the agent is there");
        }
        self.desk.fail(id, Status::AGENT_MISSING, specifics);
    }

    /// Keeps what a request that the agent will not answer wants of the subscriptions, which are asked
    /// for anew once the agent is there. They may be made twice, which holds for no other request.
    pub(super) fn remember(&mut self, note: &Note) {
        match note {
            Note::Subscribe(named) => self.subscriptions.want(named, Instant::now()),
            Note::Unsubscribe(named) => self.subscriptions.remove(named),
            Note::Plain | Note::Info => {}
        }
    }

    fn send(&mut self, id: Id, note: Note, envelope: Value) {
        let Some(link) = &mut self.link else { return };
        match link.handle.push(event::REQUEST, envelope) {
            Ok(()) => {
                link.sent.insert(id, note);
            }
            Err(PushError::Full) => {
                self.desk
                    .fail(id, Status::AGENT_OVERLOADED, PushError::Full.to_string());
            }
            Err(_) => self.agent_is_missing(id, &note),
        }
    }

    /// Sends what waited for the proof.
    pub(super) fn release(&mut self) {
        for Held { id, note, envelope } in std::mem::take(&mut self.held) {
            if self.desk.exchanges().operation(id).is_some() {
                self.send(id, note, envelope);
            }
        }
    }

    pub(super) fn agent_missing(&self) -> String {
        match &self.link {
            Some(Link {
                url,
                cause: Some(cause),
                ..
            }) => format!("there is no connection to {url}: {cause}"),
            Some(link) => format!("there is no connection to {}", link.url),
            None => "there is no connection to an agent".to_owned(),
        }
    }

    fn init(&mut self, id: Id, init: &Init, deadline_ms: u32) {
        let application = match Application::new(init, &self.config) {
            Ok(application) => Arc::new(application),
            Err(refusal) => {
                self.desk.answer(id, refusal.to_update());
                return;
            }
        };
        let agent_url = init
            .agent_url
            .clone()
            .or_else(|| self.link.as_ref().map(|link| link.url.clone()));
        let Some(agent_url) = agent_url else {
            self.desk
                .fail(id, Status::AGENT_MISSING, self.agent_missing());
            return;
        };
        let clock = self.config.clock.clone();
        let deadline = Duration::from_millis(deadline_ms.into());
        let task = self.tasks.spawn(async move {
            let result = application.identify(&clock, deadline).await;
            Done::Init {
                id,
                agent_url,
                application,
                result,
            }
        });
        self.inits.insert(id, task);
    }

    /// Tells the inits that waited for the agent how it went.
    pub(super) fn answer_inits(&mut self, refused: Option<&Refusal>) {
        for WaitingInit { id, answer } in std::mem::take(&mut self.waiting) {
            match refused {
                Some(refusal) => {
                    self.desk.answer(id, refusal.to_update());
                }
                None => self.init_succeeded(id, &answer),
            }
        }
    }

    pub(super) fn init_succeeded(&self, id: Id, answer: &InitAnswer) {
        if self.desk.exchanges().operation(id).is_some() {
            // Before the answer can be read, so that what follows it is served.
            self.desk.set_initialised();
            self.desk.succeed(id, to_map(answer));
        }
    }

    pub(super) fn init_answer(&self, agent_url: &AgentUrl) -> Option<InitAnswer> {
        let session = self.session.as_ref()?;
        Some(InitAnswer {
            nea_name: session.application.name.clone(),
            agent: Some(agent_url.to_string()),
            nes: Some(session.identity.entry().nes_url.clone()),
            certificate: Some(session.identity.info()),
        })
    }

    /// What we know ourselves, besides what the agent says.
    pub(super) fn info(&self, agent: Option<InfoAnswer>) -> InfoAnswer {
        let (endpoints, bands, agents_nes) = match agent {
            Some(agent) => (agent.endpoints, agent.bands, agent.nes),
            None => (Vec::new(), Vec::new(), None),
        };
        let ours = self
            .session
            .as_ref()
            .map(|session| session.identity.entry().nes_url.clone());
        InfoAnswer {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agent: self
                .link
                .as_ref()
                .filter(|link| link.is_up())
                .map(|link| link.url.to_string()),
            nes: ours.or(agents_nes),
            endpoints,
            bands,
            certificate: self.session.as_ref().map(|session| session.identity.info()),
        }
    }

    /// Gives up a request in flight: its caller hears 1006, and so does the agent.
    fn cancel(&mut self, id: Id, cancel: &Cancel) {
        let found = self.desk.exchanges().by_name(&cancel.exchange);
        let Some(target) = found.filter(|target| *target != id) else {
            let specifics = format!("exchange: no request {:?} is in flight", cancel.exchange);
            self.desk.fail(id, Status::INVALID_FIELD, specifics);
            return;
        };
        self.give_up(target);
        self.desk.succeed(id, nymi_core::message::Map::new());
    }

    /// Stops whatever is done for a request, and answers it with 1006.
    pub(super) fn give_up(&mut self, id: Id) {
        self.forget(id);
        self.desk.fail(id, Status::CANCELLED, "");
    }

    /// Stops whatever is done for a request.
    fn forget(&mut self, id: Id) {
        if let Some(task) = self.inits.remove(&id) {
            task.abort();
        }
        self.bands.forget(id);
        self.waiting.retain(|waiting| waiting.id != id);
        self.held.retain(|held| held.id != id);
        let Some(link) = &mut self.link else { return };
        if link.sent.remove(&id).is_some() {
            let payload = Payload::Cancel(Cancel {
                exchange: id.to_exchange(),
            });
            let request = Request::new(format!("cancel-{}", id.to_exchange()), payload);
            // If it cannot be sent, the agent has lost the request anyway.
            let _ = link.handle.push(event::REQUEST, request.to_value());
        }
    }

    pub(super) fn overdue(&mut self, now: Instant) {
        loop {
            let late = {
                let exchanges = self.desk.exchanges();
                exchanges
                    .overdue(now)
                    .and_then(|id| Some((id, exchanges.operation(id)?)))
            };
            let Some((id, operation)) = late else { return };
            if let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) {
                // The certificate is there; the agent is a matter of its own.
                let waiting = self.waiting.remove(at);
                self.init_succeeded(id, &waiting.answer);
                continue;
            }
            if let Some(at) = self.held.iter().position(|held| held.id == id)
                && !self.link.as_ref().is_some_and(Link::is_up)
            {
                let Held { note, .. } = self.held.remove(at);
                self.agent_is_missing(id, &note);
                continue;
            }
            self.forget(id);
            let (status, specifics) = too_late(operation);
            self.desk.fail(id, status, specifics);
        }
    }
}

/// Whose silence it was.
fn too_late(operation: Operation) -> (Status, &'static str) {
    match operation {
        Operation::Init => (
            Status::NES_TIMEOUT,
            "NES did not answer before the deadline",
        ),
        Operation::Lookup | Operation::UserStatus => (
            Status::NES_TIMEOUT,
            "no answer came through the agent before the deadline",
        ),
        Operation::Info
        | Operation::ListEndpoints
        | Operation::SubscribeEndpoint
        | Operation::UnsubscribeEndpoint
        | Operation::Cancel => (
            Status::AGENT_OVERLOADED,
            "the agent did not answer before the deadline",
        ),
        Operation::AssertIdentity
        | Operation::Notify
        | Operation::Random
        | Operation::Sign
        | Operation::SymmetricKey
        | Operation::Totp
        | Operation::Firmware
        | Operation::BandExchange
        | Operation::BandSession => (
            Status::TIMEOUT_BAND,
            "no answer came through the agent before the deadline",
        ),
    }
}

/// The object that an answer serializes to.
pub(crate) fn to_map<T: Serialize>(answer: &T) -> nymi_core::message::Map {
    match serde_json::to_value(answer) {
        Ok(Value::Object(map)) => map,
        _ => nymi_core::message::Map::new(),
    }
}
