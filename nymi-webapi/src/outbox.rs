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
    queue_bytes: usize,
    presence_queue: usize,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    texts: usize,
    bytes: usize,
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
            queue_bytes: limits.queue_bytes,
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
        if state.texts >= self.queue || state.bytes >= self.queue_bytes {
            tracing::warn!(
                waiting = state.texts,
                "a connection reads too slowly and is closed"
            );
            let reason = format!("{} messages waited: read faster", state.texts);
            state.farewell = Some(Farewell::new(CloseCode::Again, reason));
            self.ending.notify_one();
        } else {
            state.texts += 1;
            state.bytes += text.len();
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

    /// Closes the connection once everything queued is sent. The first reason counts; it is returned.
    pub(crate) fn close(&self, farewell: Farewell) -> Farewell {
        let first = self.state().farewell.get_or_insert(farewell).clone();
        self.wake.notify_one();
        self.ending.notify_one();
        first
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
                    self.bytes -= text.len();
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

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::message::Status;
    use nymi_core::tap::Presence;

    fn outbox(queue: usize, presence_queue: usize) -> Arc<Outbox> {
        Outbox::new(&Limits {
            queue,
            presence_queue,
            ..Limits::default()
        })
    }

    fn presence(band: u8, before: Presence, after: Presence) -> PresenceEvent {
        PresenceEvent {
            endpoint_id: "desk".to_owned(),
            band: BandId::new([band; 6]),
            before,
            after,
            authenticated: true,
            worn: true,
            rssi: None,
            proximity: None,
        }
    }

    fn taken(outbox: &Outbox) -> Vec<Result<Update, Farewell>> {
        let mut taken = Vec::new();
        while let Some(next) = outbox.state().take() {
            let ended = next.is_err();
            taken.push(next.map(|text| Update::parse(text.as_bytes()).unwrap()));
            if ended {
                break;
            }
        }
        taken
    }

    #[test]
    fn presence_of_one_band_is_merged_while_it_waits() {
        let outbox = outbox(8, 8);
        outbox.presence(&Route::Plain, &presence(1, Presence::No, Presence::Yes));
        outbox.update(&Route::Plain, &Update::error(Status::INTERNAL, "between"));
        outbox.presence(&Route::Plain, &presence(1, Presence::Yes, Presence::Likely));
        outbox.presence(&Route::Plain, &presence(2, Presence::No, Presence::Yes));
        let taken = taken(&outbox);
        assert_eq!(taken.len(), 3);
        let first: PresenceEvent = taken[0].as_ref().unwrap().payload_as().unwrap();
        assert_eq!(first, presence(1, Presence::No, Presence::Likely));
        let last: PresenceEvent = taken[2].as_ref().unwrap().payload_as().unwrap();
        assert_eq!(last, presence(2, Presence::No, Presence::Yes));
    }

    #[test]
    fn beyond_the_bound_the_oldest_presence_is_lost_and_nothing_else() {
        let outbox = outbox(8, 2);
        outbox.presence(&Route::Plain, &presence(1, Presence::No, Presence::Yes));
        outbox.update(&Route::Plain, &Update::error(Status::INTERNAL, "kept"));
        outbox.presence(&Route::Plain, &presence(2, Presence::No, Presence::Yes));
        outbox.presence(&Route::Plain, &presence(3, Presence::No, Presence::Yes));
        let operations: Vec<_> = taken(&outbox)
            .into_iter()
            .map(|u| u.unwrap().operation)
            .collect();
        assert_eq!(operations, ["error", "presence", "presence"]);
    }

    #[test]
    fn too_many_answers_end_the_connection_after_those_that_were_taken() {
        let outbox = outbox(2, 2);
        for _ in 0..3 {
            outbox.update(&Route::Plain, &Update::error(Status::INTERNAL, "x"));
        }
        outbox.presence(&Route::Plain, &presence(1, Presence::No, Presence::Yes));
        let taken = taken(&outbox);
        assert_eq!(taken.len(), 3);
        assert_eq!(taken[2].as_ref().unwrap_err().code, CloseCode::Again);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let limits = Limits {
            queue_bytes: 10,
            ..Limits::default()
        };
        let outbox = Outbox::new(&limits);
        for text in ["12345", "1234567890", "too much"] {
            outbox.send(text.to_owned());
        }
        let sent: Vec<_> = std::iter::from_fn(|| outbox.state().take()?.ok()).collect();
        assert_eq!(sent, ["12345", "1234567890"]);
        assert!(outbox.state().farewell.is_some());
    }

    #[test]
    fn the_first_reason_to_close_counts() {
        let outbox = outbox(2, 2);
        outbox.close(Farewell::new(CloseCode::Size, "first"));
        outbox.close(Farewell::new(CloseCode::Away, "second"));
        assert_eq!(
            taken(&outbox),
            [Err(Farewell::new(CloseCode::Size, "first"))]
        );
    }
}
