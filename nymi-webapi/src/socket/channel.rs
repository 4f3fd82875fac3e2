//! Phoenix channels: many topics over one connection.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::sync::Arc;

use nymi_core::message::channel::Topic;
use nymi_core::message::phoenix::{self, Message, Vsn};
use nymi_net::ws::CloseCode;
use serde_json::{Map, Value, json};

use super::bluebox::Bluebox;
use super::nea::Nea;
use crate::outbox::{Farewell, Outbox, Route};
use crate::pump::Protocol;
use crate::shared::Shared;

/// Topics on one connection.
const TOPICS: usize = 64;

pub(super) struct ChannelSocket {
    shared: Arc<Shared>,
    vsn: Vsn,
    peer: IpAddr,
    outbox: Arc<Outbox>,
    topics: HashMap<String, Joined>,
    settled: bool,
}

/// A topic that this connection joined.
enum Joined {
    Bluebox(Bluebox),
    Nea(Nea),
}

impl Joined {
    /// Whether another connection has not taken the topic over.
    fn is_current(&self) -> bool {
        match self {
            Self::Bluebox(bluebox) => bluebox.is_current(),
            Self::Nea(nea) => nea.is_current(),
        }
    }

    /// Handles an event; the reply's response, or the error response.
    fn handle(&mut self, event: &str, payload: Value) -> Result<Value, Value> {
        match self {
            Self::Bluebox(bluebox) => bluebox.handle(event, payload),
            Self::Nea(nea) => nea.handle(event, payload),
        }
    }
}

/// `{"reason":…}`.
pub(super) fn reason(text: impl Into<String>) -> Value {
    json!({ "reason": text.into() })
}

impl ChannelSocket {
    pub(super) fn new(
        shared: &Arc<Shared>,
        vsn: Vsn,
        peer: SocketAddr,
        outbox: &Arc<Outbox>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            vsn,
            peer: peer.ip(),
            outbox: Arc::clone(outbox),
            topics: HashMap::new(),
            settled: false,
        }
    }

    fn send(&self, message: &Message) {
        self.outbox.send(phoenix::encode(self.vsn, message));
    }

    fn reply(&self, to: &Message, outcome: Result<Value, Value>) {
        self.send(&match outcome {
            Ok(response) => to.reply_ok(response),
            Err(response) => to.reply_error(response),
        });
    }

    fn message(&mut self, mut message: Message) {
        let payload = message.payload.take();
        match message.event.as_str() {
            phoenix::HEARTBEAT if message.topic == phoenix::PHOENIX_TOPIC => {
                self.reply(&message, Ok(Value::Object(Map::new())));
            }
            phoenix::JOIN => self.join(&message, payload),
            phoenix::LEAVE => self.leave(&message),
            event => {
                let joined = self
                    .topics
                    .get_mut(&message.topic)
                    .filter(|j| j.is_current());
                let outcome = match joined {
                    Some(joined) => joined.handle(event, payload),
                    None => Err(reason(phoenix::UNMATCHED_TOPIC)),
                };
                if message.reference.is_some() {
                    self.reply(&message, outcome);
                } else if let Err(response) = outcome {
                    tracing::debug!(topic = message.topic, event, %response, "refused");
                }
            }
        }
    }

    fn join(&mut self, message: &Message, payload: Value) {
        let topic = message.topic.as_str();
        let Some(parsed) = Topic::parse(topic) else {
            return self.reply(message, Err(reason(phoenix::UNMATCHED_TOPIC)));
        };
        if self.topics.len() >= TOPICS && !self.topics.contains_key(topic) {
            let too_many = format!("a connection may join {TOPICS} topics");
            return self.reply(message, Err(reason(too_many)));
        }
        let join_ref = message
            .join_ref
            .clone()
            .or_else(|| message.reference.clone());
        let route = Route::Topic {
            vsn: self.vsn,
            topic: topic.into(),
            join_ref,
        };
        let joined = match parsed {
            Topic::Endpoint { endpoint_id } => Bluebox::join(
                &self.shared,
                &endpoint_id,
                payload,
                self.peer,
                &self.outbox,
                route,
            )
            .map(|bluebox| (Joined::Bluebox(bluebox), Value::Object(Map::new()))),
            Topic::Nea { nea_name, .. } => {
                Nea::join(&self.shared, nea_name, topic, payload, &self.outbox, route)
                    .map(|(nea, response)| (Joined::Nea(nea), response))
            }
        };
        let outcome = joined.map(|(joined, response)| {
            self.settled = true;
            self.topics.insert(topic.to_owned(), joined);
            response
        });
        self.reply(message, outcome);
    }

    fn leave(&mut self, message: &Message) {
        match self.topics.remove(&message.topic) {
            Some(_) => {
                self.reply(message, Ok(Value::Object(Map::new())));
                self.send(&Message::topic_close(
                    message.join_ref.clone(),
                    &message.topic,
                ));
            }
            None => self.reply(message, Err(reason(phoenix::UNMATCHED_TOPIC))),
        }
    }
}

impl Protocol for ChannelSocket {
    const FIRST: &'static str = "join";
    const PINGS: bool = false;

    fn text(&mut self, text: &str) -> ControlFlow<Farewell> {
        match phoenix::decode(self.vsn, text) {
            Ok(message) => {
                self.message(message);
                ControlFlow::Continue(())
            }
            Err(error) => {
                tracing::info!(peer = %self.peer, %error, "a channel connection is closed");
                // A close reason has at most 123 bytes.
                let version = self.vsn.as_str();
                let reason = format!("not a channel message of serializer {version}");
                ControlFlow::Break(Farewell::new(CloseCode::Error, reason))
            }
        }
    }

    fn binary(&mut self) -> ControlFlow<Farewell> {
        let reason = "channel messages are text";
        ControlFlow::Break(Farewell::new(CloseCode::Error, reason))
    }

    fn too_large(&mut self) -> Farewell {
        Farewell::new(CloseCode::Size, "a message is at most 1 MiB")
    }

    fn end(&mut self) {
        self.topics.clear();
    }

    fn settled(&self) -> bool {
        self.settled
    }
}
