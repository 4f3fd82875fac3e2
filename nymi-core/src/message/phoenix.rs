//! Phoenix Channels over WebSocket: the two text serializers, as the official client speaks them.
//!
//! Version 1.0.0 writes an object, 2.0.0 an array of join reference, reference, topic, event and
//! payload. References are the client's; whatever it sent comes back as it was. Source: the protocol of
//! Phoenix 1.3 (serializer 1.0.0) and 1.4 and later (2.0.0).
//!
//! ```
//! use nymi_core::message::phoenix::{JOIN, Vsn, decode, encode};
//! use serde_json::json;
//!
//! let join = decode(Vsn::V2, r#"["1","1","bluebox:terminal-7","phx_join",{"instance":"k"}]"#)?;
//! assert_eq!((join.event.as_str(), join.topic.as_str()), (JOIN, "bluebox:terminal-7"));
//! let reply = encode(Vsn::V2, &join.reply_ok(json!({})));
//! assert_eq!(reply, r#"["1","1","bluebox:terminal-7","phx_reply",{"response":{},"status":"ok"}]"#);
//!
//! // A connection that negotiated objects gets no arrays.
//! assert!(decode(Vsn::V1, &reply).is_err());
//! # Ok::<(), nymi_core::message::phoenix::PhoenixError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{MAX_MESSAGE, Map};

/// Joins a topic.
pub const JOIN: &str = "phx_join";
/// Leaves a topic.
pub const LEAVE: &str = "phx_leave";
/// Answers a message of the client.
pub const REPLY: &str = "phx_reply";
/// The topic failed; the client joins again.
pub const ERROR: &str = "phx_error";
/// The topic is closed for good.
pub const CLOSE: &str = "phx_close";
/// Keeps the connection alive, on [`PHOENIX_TOPIC`].
pub const HEARTBEAT: &str = "heartbeat";
/// The topic of heartbeats.
pub const PHOENIX_TOPIC: &str = "phoenix";
/// The reason for a message to a topic that is unknown or not joined.
pub const UNMATCHED_TOPIC: &str = "unmatched topic";

/// The serializer that a connection chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Vsn {
    /// 1.0.0, objects.
    #[default]
    V1,
    /// 2.0.0, arrays.
    V2,
}

impl Vsn {
    /// The serializer that the `vsn` query parameter names; absent means 1.0.0, another value none.
    pub fn from_query(vsn: Option<&str>) -> Option<Self> {
        match vsn {
            None | Some("1.0.0") => Some(Self::V1),
            Some("2.0.0") => Some(Self::V2),
            Some(_) => None,
        }
    }

    /// The value of the `vsn` parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0.0",
            Self::V2 => "2.0.0",
        }
    }
}

/// A reference of the client: a string, as the official client writes it, or a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Ref {
    /// Text.
    Text(String),
    /// A whole number.
    Number(u64),
}

impl<'de> Deserialize<'de> for Ref {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadRef)
    }
}

struct ReadRef;

impl Visitor<'_> for ReadRef {
    type Value = Ref;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or a whole number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ref, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Ref, E> {
        Ok(text.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ref, E> {
        Ok(Ref::Number(number))
    }
}

impl From<&str> for Ref {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Ref {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Ref {
    fn from(number: u64) -> Self {
        Self::Text(format!("{number}"))
    }
}

/// One message of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The reference of the join that the message belongs to.
    pub join_ref: Option<Ref>,
    /// The reference that ties a reply to its message; none on pushes of the server.
    pub reference: Option<Ref>,
    /// The topic.
    pub topic: String,
    /// The event.
    pub event: String,
    /// The payload, usually an object.
    pub payload: Value,
}

/// Text that is not a channel message: the connection closes with 1011.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhoenixError {
    /// Larger than a message may be.
    #[error("the peer sent {0} bytes in one message; at most {MAX_MESSAGE} are accepted")]
    TooLarge(usize),
    /// Not JSON, or not of the serializer's form.
    #[error("the peer sent no channel message of serializer {vsn}: {reason}")]
    Invalid {
        /// The serializer of the connection.
        vsn: &'static str,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    join_ref: Option<Ref>,
    #[serde(default, rename = "ref")]
    reference: Option<Ref>,
    topic: String,
    event: String,
    #[serde(default)]
    payload: Value,
}

#[derive(Serialize)]
struct ObjectOut<'a> {
    topic: &'a str,
    event: &'a str,
    payload: &'a Value,
    #[serde(rename = "ref")]
    reference: &'a Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_ref: &'a Option<Ref>,
}

type Array = (Option<Ref>, Option<Ref>, String, String, Value);

/// Reads a message.
///
/// # Errors
/// The text is too large, not JSON or not of the serializer's form.
pub fn decode(vsn: Vsn, text: &str) -> Result<Message, PhoenixError> {
    if text.len() > MAX_MESSAGE {
        return Err(PhoenixError::TooLarge(text.len()));
    }
    // Serde would read an array into a struct, too.
    let is_object = text.trim_start().starts_with('{');
    let parts = match vsn {
        Vsn::V1 if !is_object => Err(de::Error::custom("expected an object")),
        Vsn::V1 => serde_json::from_str::<Object>(text)
            .map(|m| (m.join_ref, m.reference, m.topic, m.event, m.payload)),
        Vsn::V2 => serde_json::from_str::<Array>(text),
    };
    let (join_ref, reference, topic, event, payload) =
        parts.map_err(|fault| PhoenixError::Invalid {
            vsn: vsn.as_str(),
            reason: format!("{fault}"),
        })?;
    Ok(Message {
        join_ref,
        reference,
        topic,
        event,
        payload,
    })
}

/// Writes a message.
pub fn encode(vsn: Vsn, message: &Message) -> String {
    let Message {
        join_ref,
        reference,
        topic,
        event,
        payload,
    } = message;
    let text = match vsn {
        Vsn::V1 => serde_json::to_string(&ObjectOut {
            topic,
            event,
            payload,
            reference,
            join_ref,
        }),
        Vsn::V2 => serde_json::to_string(&(join_ref, reference, topic, event, payload)),
    };
    // Only maps with other keys than strings can fail, and there are none.
    text.unwrap_or_default()
}

impl Message {
    /// A message of the client, or a push of the server.
    pub fn new(topic: &str, event: &str, payload: Value) -> Self {
        let (topic, event) = (topic.to_owned(), event.to_owned());
        Self {
            join_ref: None,
            reference: None,
            topic,
            event,
            payload,
        }
    }

    /// A push of the server to a joined topic.
    pub fn push(join_ref: Option<Ref>, topic: &str, event: &str, payload: Value) -> Self {
        Self {
            join_ref,
            ..Self::new(topic, event, payload)
        }
    }

    /// The client's heartbeat.
    pub fn heartbeat(reference: impl Into<Ref>) -> Self {
        let message = Self::new(PHOENIX_TOPIC, HEARTBEAT, Value::Object(Map::new()));
        Self {
            reference: Some(reference.into()),
            ..message
        }
    }

    /// The reply `ok` to this message.
    pub fn reply_ok(&self, response: Value) -> Self {
        self.reply("ok", response)
    }

    /// The reply `error` to this message.
    pub fn reply_error(&self, response: Value) -> Self {
        self.reply("error", response)
    }

    /// The reply `error` with a reason, such as [`UNMATCHED_TOPIC`].
    pub fn refuse(&self, reason: &str) -> Self {
        self.reply_error(json!({ "reason": reason }))
    }

    /// The server's `phx_error` for the topic of this join.
    pub fn topic_error(join_ref: Option<Ref>, topic: &str) -> Self {
        let message = Self::new(topic, ERROR, Value::Object(Map::new()));
        Self {
            reference: join_ref.clone(),
            join_ref,
            ..message
        }
    }

    /// The server's `phx_close` for the topic of this join.
    pub fn topic_close(join_ref: Option<Ref>, topic: &str) -> Self {
        let message = Self::new(topic, CLOSE, Value::Object(Map::new()));
        Self {
            reference: join_ref.clone(),
            join_ref,
            ..message
        }
    }

    fn reply(&self, status: &str, response: Value) -> Self {
        Self {
            join_ref: self.join_ref.clone(),
            reference: self.reference.clone(),
            topic: self.topic.clone(),
            event: REPLY.to_owned(),
            payload: json!({ "status": status, "response": response }),
        }
    }

    /// Status and response, if this is a reply.
    pub fn as_reply(&self) -> Option<Reply<'_>> {
        if self.event != REPLY {
            return None;
        }
        let is_ok = self.payload.get("status")?.as_str()? == "ok";
        Some(Reply {
            is_ok,
            response: self.payload.get("response").unwrap_or(&Value::Null),
        })
    }
}

/// A `phx_reply`, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Whether its status is `ok`.
    pub is_ok: bool,
    /// What came with it.
    pub response: &'a Value,
}
