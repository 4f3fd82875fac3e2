use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{EventPayload, MAX_MESSAGE, Map, Status};

/// What an application hears: the answer to a request, or an event.
///
/// As JSON the keys are `operation`, `exchange`, `status`, `payload`, `error`, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The operation that is answered, or the event's name.
    pub operation: String,
    /// The exchange of the request; none if nothing asked for this update.
    #[serde(default)]
    pub exchange: Option<String>,
    /// Success, or why not.
    pub status: Status,
    /// The result, by operation.
    #[serde(default)]
    pub payload: Map,
    /// On failure, what to say about it.
    #[serde(
        default,
        serialize_with = "write_error",
        deserialize_with = "read_error"
    )]
    pub error: Option<UpdateError>,
}

/// The words of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateError {
    /// The fixed text of the status.
    #[serde(default)]
    pub error_description: String,
    /// What exactly was wrong this time; may be empty.
    #[serde(default)]
    pub error_specifics: String,
    /// The number of the certificate error, with status 8000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsl: Option<u32>,
}

fn write_error<S: Serializer>(
    error: &Option<UpdateError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => error.serialize(serializer),
        None => serializer.serialize_map(Some(0))?.end(),
    }
}

fn read_error<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UpdateError>, D::Error> {
    let map: Option<Map> = Option::deserialize(deserializer)?;
    match map.filter(|map| !map.is_empty()) {
        Some(map) => UpdateError::deserialize(Value::Object(map))
            .map(Some)
            .map_err(serde::de::Error::custom),
        None => Ok(None),
    }
}

/// A message that is not an update.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateParseError {
    /// Larger than a message may be.
    #[error("the peer sent {0} bytes in one message; at most {MAX_MESSAGE} are accepted")]
    TooLarge(usize),
    /// Not JSON, or not of an update's form.
    #[error("the peer sent no valid update: {0}")]
    Invalid(String),
}

impl Update {
    /// A success.
    pub fn ok(operation: &str, exchange: Option<String>, payload: Map) -> Self {
        let operation = operation.to_owned();
        Self {
            operation,
            exchange,
            status: Status::SUCCESS,
            payload,
            error: None,
        }
    }

    /// A failure.
    pub fn failed(
        operation: &str,
        exchange: Option<String>,
        status: Status,
        specifics: impl Into<String>,
    ) -> Self {
        let error = UpdateError {
            error_description: status.description().to_owned(),
            error_specifics: specifics.into(),
            nsl: None,
        };
        let operation = operation.to_owned();
        Self {
            operation,
            exchange,
            status,
            payload: Map::new(),
            error: Some(error),
        }
    }

    /// The unsolicited `error` update: a failure that no request caused, or whose request could not
    /// be read.
    pub fn error(status: Status, specifics: impl Into<String>) -> Self {
        Self::failed("error", None, status, specifics)
    }

    /// An unsolicited event with status 0.
    pub fn event<E: EventPayload>(event: &E) -> Self {
        Self::ok(E::OPERATION, None, to_map(event))
    }

    /// The update with one more field in its payload.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(field.to_owned(), value.into());
        self
    }

    /// The update with the number of the certificate error.
    #[must_use]
    pub fn with_nsl(mut self, nsl: u32) -> Self {
        self.error.get_or_insert_default().nsl = Some(nsl);
        self
    }

    /// Whether further updates follow for the same request (`"completed":false`).
    pub fn is_last(&self) -> bool {
        self.payload.get("completed") != Some(&Value::Bool(false))
    }

    /// What exactly was wrong; empty on success.
    pub fn specifics(&self) -> &str {
        self.error
            .as_ref()
            .map_or("", |error| &error.error_specifics)
    }

    /// The payload as a typed answer or event.
    ///
    /// # Errors
    /// The payload has another form.
    pub fn payload_as<'de, T: Deserialize<'de>>(&'de self) -> Result<T, UpdateParseError> {
        T::deserialize(&self.payload).map_err(|fault| UpdateParseError::Invalid(fault.to_string()))
    }

    /// The update as compact JSON.
    pub fn to_json(&self) -> String {
        // Only maps with other keys than strings can fail, and there are none.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads an update. A status that only a newer peer knows is kept.
    ///
    /// # Errors
    /// The text is too large, not JSON or not an update.
    pub fn parse(text: &[u8]) -> Result<Self, UpdateParseError> {
        if text.len() > MAX_MESSAGE {
            return Err(UpdateParseError::TooLarge(text.len()));
        }
        // Serde would read an array into a struct, too.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(UpdateParseError::Invalid("expected an object".to_owned()));
        }
        serde_json::from_slice(text).map_err(|fault| UpdateParseError::Invalid(format!("{fault}")))
    }
}

/// The object that a struct serializes to; empty for anything else.
pub(super) fn to_map<T: Serialize>(value: &T) -> Map {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Whom to answer: what an operation in flight keeps of its request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplyTo {
    /// The operation's name.
    pub operation: String,
    /// The request's exchange.
    pub exchange: Option<String>,
}

impl ReplyTo {
    pub(super) fn new(operation: &str, exchange: Option<String>) -> Self {
        Self {
            operation: operation.to_owned(),
            exchange,
        }
    }

    /// The answer with these fields, such as one of the `…Answer` structs or a [`Map`].
    pub fn ok<T: Serialize>(&self, payload: &T) -> Update {
        Update::ok(&self.operation, self.exchange.clone(), to_map(payload))
    }

    /// A report on the way: more follows.
    pub fn progress<T: Serialize>(&self, payload: &T) -> Update {
        self.ok(payload).with("completed", false)
    }

    /// The refusal.
    pub fn failed(&self, status: Status, specifics: impl Into<String>) -> Update {
        Update::failed(&self.operation, self.exchange.clone(), status, specifics)
    }
}
