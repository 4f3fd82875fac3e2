//! The agent: joining, proving who we are, its updates, and what happens while it is away.

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::channel::{NeaJoinReply, event};
use nymi_core::message::{
    AgentUrl, EndpointEvent, EventPayload as _, InfoAnswer, NeaName, Payload, PresenceEvent,
    Request, Status, SubscribeEndpoint, SubscribeEndpointAnswer, TapEvent, Update,
};
use nymi_net::backoff::Backoff;
use nymi_net::channel::{ChannelEvent, PushError, Reply};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::time::Instant;

use super::certificates::RenewalForAgent;
use super::requests::to_map;
use super::{Done, Engine, malformed};
use crate::exchanges::Id;
use crate::init::Refusal;
use crate::link::{Link, Note, State};
use crate::subscriptions::Subscriptions;

/// The event of a failure that no request caused.
const ERROR: &str = "error";

/// When an agent that refused our proof is asked again.
pub(super) fn after_refusal() -> Backoff {
    Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
}

impl Engine {
    /// Starts a link in the place of the present one.
    pub(super) fn connect(&mut self, url: AgentUrl, name: NeaName) {
        self.retry_link_at = None;
        let roots = self.roots();
        match Link::start(url, name, roots, Arc::clone(&self.config.network)) {
            Ok(link) => {
                // Another agent is news of its own.
                let same = |old: &&Link| old.url == link.url;
                let link = match self.link.as_ref().filter(same) {
                    Some(old) => Link {
                        told: old.told,
                        was_proven: old.was_proven,
                        cause: old.cause.clone(),
                        ..link
                    },
                    None => link,
                };
                if let Some(old) = self.link.replace(link) {
                    self.drop_requests_of(&old);
                    self.subscriptions.lost(Instant::now());
                    tokio::spawn(async move { old.handle.close().await });
                }
            }
            Err(error) => {
                let update = Update::error(Status::AGENT_MISSING, error.to_string());
                self.desk.deliver(update);
            }
        }
    }

    /// The L1 that are trusted by now; none before `init`.
    fn roots(&self) -> Vec<Vec<u8>> {
        let Some(session) = &self.session else {
            return Vec::new();
        };
        let anchors = session.application.trusted(session.identity.entry());
        anchors.iter().map(|anchor| anchor.der().to_vec()).collect()
    }

    /// Whether the agent is away, perhaps because its certificate leads to an L1 that is trusted by
    /// now and was not when the link was made.
    pub(super) fn trust_has_changed(&self) -> bool {
        let would = |link: &Link| link.would_trust(&self.roots());
        self.link.as_ref().is_some_and(would)
    }

    /// Tries a link that was refused anew.
    pub(super) fn reconnect(&mut self) {
        if let Some(link) = &self.link {
            self.connect(link.url.clone(), link.name.clone());
        }
    }

    pub(super) fn link_event(&mut self, event: ChannelEvent) {
        match event {
            ChannelEvent::Joined(response) => self.joined(response),
            ChannelEvent::JoinRefused(response) => {
                // The channel joins again by itself.
                self.refused(Refusal::by_agent(&response));
            }
            ChannelEvent::Message { event, payload } if event == event::UPDATE => {
                self.update(&payload);
            }
            ChannelEvent::Message { event, .. } => {
                tracing::debug!("the agent sent an event that this version does not know: {event}");
            }
            ChannelEvent::Disconnected { reason } => {
                self.lost(&reason);
                if self.trust_has_changed() {
                    self.reconnect();
                }
            }
        }
    }

    /// The channel's task is over; it never ends by itself, so start anew.
    pub(super) fn link_ended(&mut self) {
        self.lost("the connection's task ended");
        self.reconnect();
    }

    fn joined(&mut self, response: Value) {
        let Some(link) = &mut self.link else { return };
        link.turn += 1;
        match serde_json::from_value::<NeaJoinReply>(response) {
            Ok(reply) => {
                link.state = State::Joined {
                    nonce: reply.nonce.0,
                };
                link.cause = None;
                tracing::info!("connected to Agent at {}", link.url);
                self.prove();
                self.clear_told_if_unproven();
            }
            Err(error) => {
                let reason = format!("the agent's answer to the join has no nonce: {error}");
                self.refused(Refusal::new(Status::AGENT_VERSION, reason));
            }
        }
    }

    /// Before `init` a join is all that can be had, so it ends an outage.
    fn clear_told_if_unproven(&mut self) {
        if let (None, Some(link)) = (&self.session, &mut self.link) {
            link.told = false;
        }
    }

    /// Answers the agent's nonce, if there is an identity to do it with.
    pub(super) fn prove(&mut self) {
        let (Some(session), Some(link)) = (&self.session, &mut self.link) else {
            return;
        };
        let State::Joined { nonce } = &link.state else {
            return;
        };
        let proof = session.identity.prove(nonce, &link.topic);
        let payload = serde_json::to_value(proof).unwrap_or_default();
        let (handle, turn) = (link.handle.clone(), link.turn);
        link.state = State::Proving;
        self.tasks.spawn(async move {
            let result = handle.push_with_reply(event::AUTHENTICATE, payload).await;
            Done::Proof { turn, result }
        });
    }

    pub(super) fn proof_done(&mut self, turn: u64, result: Result<Reply, PushError>) {
        let Some(link) = &mut self.link else { return };
        if link.turn != turn || !matches!(link.state, State::Proving) {
            return;
        }
        match result {
            Ok(Reply { ok: true, .. }) => {
                link.state = State::Proven;
                link.told = false;
                link.was_proven = true;
                self.after_refusal.reset();
                self.renewal_for_agent = RenewalForAgent::default();
                tracing::info!("the agent accepted the proof of {}", link.name);
                self.answer_inits(None);
                self.release();
                self.restore_subscriptions(Instant::now());
            }
            Ok(Reply { response, .. }) => {
                self.proof_refused(Refusal::by_agent(&response));
            }
            Err(PushError::NoReply) if link.handle.is_joined() => {
                let specifics = PushError::NoReply.to_string();
                self.proof_refused(Refusal::new(Status::AGENT_OVERLOADED, specifics));
            }
            // The loss itself is told by its own event.
            Err(error) => tracing::debug!("the proof was not answered: {error}"),
        }
    }

    /// The nonce is spent, so only another join can do better.
    fn proof_refused(&mut self, refusal: Refusal) {
        let is_about_certificates = refusal.status == Status::CERTIFICATES;
        self.refused(refusal);
        self.retry_link_at = Some(Instant::now() + self.after_refusal.delay());
        if is_about_certificates {
            self.renew_for_agent();
        }
    }

    /// The agent is there and does not want us: said once.
    fn refused(&mut self, refusal: Refusal) {
        tracing::error!("the agent refuses this application: {}", refusal.specifics);
        let waiting = !self.waiting.is_empty();
        self.answer_inits(Some(&refusal));
        for held in std::mem::take(&mut self.held) {
            self.desk.answer(held.id, refusal.to_update());
        }
        let Some(link) = &mut self.link else { return };
        if !waiting && !link.told {
            self.desk.deliver(refusal.to_update());
        }
        link.told = true;
        link.turn += 1;
        link.state = State::Refused(refusal);
    }

    fn lost(&mut self, reason: &str) {
        tracing::error!("Could not connect to websocket server. Attempting to connect again.");
        let Some(mut link) = self.link.take() else {
            return;
        };
        if link.cause.as_deref() == Some(reason) {
            tracing::debug!("{reason}");
        } else {
            tracing::error!("{reason}");
            link.cause = Some(reason.to_owned());
        }
        link.turn += 1;
        link.state = State::Lost;
        if !link.told {
            link.told = true;
            self.desk
                .deliver(Update::error(Status::AGENT_MISSING, reason));
        }
        self.drop_requests_of(&link);
        link.sent.clear();
        let is_outage = link.was_proven;
        self.link = Some(link);
        // While the first connection is still to be made, requests wait for it until their deadlines.
        if is_outage {
            for held in std::mem::take(&mut self.held) {
                self.agent_is_missing(held.id, &held.note);
            }
        }
        self.subscriptions.lost(Instant::now());
        // The certificate is there, and the session comes up by itself.
        self.answer_inits(None);
    }

    /// Answers what a link that is gone will not.
    fn drop_requests_of(&mut self, link: &Link) {
        let mut ids: Vec<_> = link.sent.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(note) = link.sent.get(&id) else {
                continue;
            };
            self.remember(note);
            if matches!(note, Note::Info) {
                let info = self.info(None);
                self.desk.succeed(id, to_map(&info));
            } else {
                let specifics = "the connection to the agent was lost before its answer came; whether the request was carried out is not known";
                self.desk.fail(id, Status::AGENT_MISSING, specifics);
            }
        }
    }

    fn update(&mut self, payload: &Value) {
        // The error that says why may hold what was sent, such as a key.
        let read = Update::deserialize(payload).ok();
        let Some(mut update) = read.filter(|update| malformed::may_send(update.status)) else {
            let exchange = payload.get("exchange").and_then(Value::as_str);
            return self.malformed(exchange, malformed::describe(payload));
        };
        if update.exchange.is_none() && !update.status.is_success() {
            // What failed did not happen: no tap, for one.
            update.operation = ERROR.to_owned();
        }
        let Some(exchange) = &update.exchange else {
            if is_without_endpoint(&update) {
                self.malformed(None, malformed::without_endpoint(&update.operation));
            } else if self.wants(&update) {
                self.desk.deliver(update);
            }
            return;
        };
        if Subscriptions::owns(exchange) {
            // It is never asked before the proof, and an old number meets nothing.
            if let Some(update) = self.subscriptions.answered(&update, Instant::now()) {
                self.desk.deliver(update);
            }
            return;
        }
        let Some(id) = Id::from_exchange(exchange) else {
            return;
        };
        let asked = self.desk.exchanges().operation(id);
        if let Some(asked) = asked.filter(|asked| asked.name() != update.operation)
            && update.status.is_success()
        {
            let why = malformed::another_operation(&update.operation, asked);
            return self.malformed(update.exchange.as_deref(), why);
        }
        self.answer(id, update);
    }

    /// Tells of an update that cannot be read whoever it is for, who would wait for it in vain.
    fn malformed(&mut self, exchange: Option<&str>, why: String) {
        tracing::warn!("{why}");
        match exchange {
            Some(exchange) => {
                if let Some(id) = Id::from_exchange(exchange) {
                    let failure = Update::failed("", None, Status::INTERNAL, why);
                    self.answer(id, failure);
                }
            }
            None if self.link.as_ref().is_some_and(Link::is_proven) => {
                self.desk.deliver(Update::error(Status::INTERNAL, why));
            }
            None => {}
        }
    }

    /// Whether an event is to be told: the agent knows us, and what it tells of an endpoint was
    /// subscribed to. So an agent that sends what nobody asked for fills no memory.
    fn wants(&self, update: &Update) -> bool {
        let Some(link) = self.link.as_ref().filter(|link| link.is_proven()) else {
            return false;
        };
        match update.operation.as_str() {
            ERROR => !update.status.is_success(),
            operation if is_of_an_endpoint(operation) => {
                let endpoint_id = update.payload.get("endpoint_id").and_then(Value::as_str);
                // An event may overtake the answer that names the endpoint.
                link.awaits_subscription()
                    || endpoint_id.is_some_and(|id| self.subscriptions.has(id))
            }
            _ => false,
        }
    }

    fn answer(&mut self, id: Id, mut update: Update) {
        let Some(link) = &mut self.link else { return };
        if !link.sent.contains_key(&id) {
            // It was not asked this, or is too late.
            return;
        }
        let note = if update.is_last() {
            link.sent.remove(&id)
        } else {
            None
        };
        match note {
            Some(Note::Info) if update.status != Status::INTERNAL => {
                let agents: Option<InfoAnswer> = update.payload_as().ok();
                update = Update::ok("", None, to_map(&self.info(agents)));
            }
            Some(Note::Subscribe(named)) if update.status.is_success() => {
                let answer = update.payload_as::<SubscribeEndpointAnswer>();
                let endpoint_id =
                    answer.map_or_else(|_| named.clone(), |answer| answer.endpoint_id);
                self.subscriptions.add(&named, &endpoint_id);
            }
            Some(Note::Unsubscribe(named)) if update.status.is_success() => {
                self.subscriptions.remove(&named);
            }
            _ => {}
        }
        self.desk.answer(id, update);
    }

    pub(super) fn restore_subscriptions(&mut self, now: Instant) {
        let Some(link) = self.link.as_ref().filter(|link| link.is_proven()) else {
            return;
        };
        for (exchange, endpoint_id) in self.subscriptions.ask(now) {
            let payload = Payload::SubscribeEndpoint(SubscribeEndpoint { endpoint_id });
            let request = Request::new(exchange, payload);
            // If it cannot be sent, the loss that follows asks for it again.
            let _ = link.handle.push(event::REQUEST, request.to_value());
        }
    }
}

/// Whether events of this name are a terminal's.
fn is_of_an_endpoint(operation: &str) -> bool {
    [
        PresenceEvent::OPERATION,
        TapEvent::OPERATION,
        EndpointEvent::OPERATION,
    ]
    .contains(&operation)
}

/// Whether it is an event of a terminal that does not say which: nobody could have subscribed to it.
fn is_without_endpoint(update: &Update) -> bool {
    is_of_an_endpoint(&update.operation)
        && !update
            .payload
            .get("endpoint_id")
            .is_some_and(Value::is_string)
}
