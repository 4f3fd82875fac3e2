//! What waits to be sent on one connection.
//!
//! A slow reader costs itself, nobody else: presence states of one band are merged while they wait,
//! the oldest are given up beyond a bound, and a connection on which too many answers or taps wait
//! is closed with a reason. Answers and taps that were queued are still delivered before the close.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nymi_core::BandId;
use nymi_core::message::phoenix::{self, Message, Ref, Vsn};
use nymi_core::message::{PresenceEvent, Update, channel};
use nymi_net::ws::CloseCode;
use serde_json::Value;
use tokio::sync::Notify;

use crate::config::Limits;

/// How updates for one caller are wrapped on its connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// The WebAPI: the envelope is the message.
    Plain,
    /// A channel topic.
    Topic {
        vsn: Vsn,
        topic: Arc<str>,
        join_ref: Option<Ref>,
    },
}

impl Route {
    pub(crate) fn update(&self, update: &Update) -> String {
        match self {
            Self::Plain => update.to_json(),
            Self::Topic { .. } => self.push(
                channel::event::UPDATE,
                serde_json::to_value(update).unwrap_or_default(),
            ),
        }
    }

    /// Tells that the topic is closed; a connection without topics has nothing to be told.
    pub(crate) fn closed(&self) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Topic {
                vsn,
                topic,
                join_ref,
            } => phoenix::encode(*vsn, &Message::topic_close(join_ref.clone(), topic)),
        }
    }

    /// A message of this topic that the agent pushes.
    pub(crate) fn push(&self, event: &str, payload: Value) -> String {
        match self {
            Self::Plain => payload.to_string(),
            Self::Topic {
                vsn,
                topic,
                join_ref,
            } => {
                let message = Message::push(join_ref.clone(), topic, event, payload);
                phoenix::encode(*vsn, &message)
            }
        }
    }
}

/// Why a connection is closed by the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Farewell {
    pub(crate) code: CloseCode,
    pub(crate) reason: String,
}

impl Farewell {
    pub(crate) fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// The bounded queue of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    wake: Notify,
    ending: Notify,
    queue: usize,
    presence_queue: usize,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    texts: usize,
    presence: HashMap<Key, PresenceEvent>,
    farewell: Option<Farewell>,
}

#[derive(Debug)]
enum Entry {
    Text(String),
    Presence(Key),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    route: Route,
    endpoint_id: String,
    band: BandId,
}

impl Outbox {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            wake: Notify::new(),
            ending: Notify::new(),
            queue: limits.queue,
            presence_queue: limits.presence_queue,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a message that must not get lost.
    pub(crate) fn send(&self, text: String) {
        let mut state = self.state();
        if state.farewell.is_some() {
            return;
        }
        if state.texts >= self.queue {
            tracing::warn!(
                waiting = state.texts,
                "a connection reads too slowly and is closed"
            );
            let reason = format!("{} messages waited: read faster", state.texts);
            state.farewell = Some(Farewell::new(CloseCode::Again, reason));
            self.ending.notify_one();
        } else {
            state.texts += 1;
            state.entries.push_back(Entry::Text(text));
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Queues an answer or an event other than presence.
    pub(crate) fn update(&self, route: &Route, update: &Update) {
        self.send(route.update(update));
    }

    /// Queues a presence state; one of the same band that still waits is replaced.
    pub(crate) fn presence(&self, route: &Route, event: &PresenceEvent) {
        let endpoint_id = event.endpoint_id.clone();
        let key = Key {
            route: route.clone(),
            endpoint_id,
            band: event.band,
        };
        let mut state = self.state();
        if state.farewell.is_some() {
            return;
        }
        if let Some(waiting) = state.presence.get_mut(&key) {
            let before = waiting.before;
            waiting.clone_from(event);
            waiting.before = before;
            return;
        }
        if state.presence.len() >= self.presence_queue {
            state.forget_oldest_presence();
        }
        state.presence.insert(key.clone(), event.clone());
        state.entries.push_back(Entry::Presence(key));
        drop(state);
        self.wake.notify_one();
    }

    /// Closes the connection once everything queued is sent; the first reason counts.
    pub(crate) fn close(&self, farewell: Farewell) {
        self.state().farewell.get_or_insert(farewell);
        self.wake.notify_one();
        self.ending.notify_one();
    }

    /// Waits until there is a reason to close. For one waiter.
    pub(crate) async fn ending(&self) -> Farewell {
        loop {
            if let Some(farewell) = self.state().farewell.clone() {
                return farewell;
            }
            self.ending.notified().await;
        }
    }

    /// The next message, or the reason to close once none is left. For one reader.
    pub(crate) async fn next(&self) -> Result<String, Farewell> {
        loop {
            if let Some(next) = self.state().take() {
                return next;
            }
            self.wake.notified().await;
        }
    }
}

impl State {
    fn forget_oldest_presence(&mut self) {
        let oldest = self
            .entries
            .iter()
            .position(|entry| matches!(entry, Entry::Presence(_)));
        if let Some(Entry::Presence(key)) = oldest.and_then(|at| self.entries.remove(at)) {
            self.presence.remove(&key);
        }
    }

    fn take(&mut self) -> Option<Result<String, Farewell>> {
        while let Some(entry) = self.entries.pop_front() {
            match entry {
                Entry::Text(text) => {
                    self.texts -= 1;
                    return Some(Ok(text));
                }
                Entry::Presence(key) => {
                    if let Some(event) = self.presence.remove(&key) {
                        return Some(Ok(key.route.update(&Update::event(&event))));
                    }
                }
            }
        }
        self.farewell.clone().map(Err)
    }
}
