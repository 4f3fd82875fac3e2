use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;
use serde_json::Value;

use super::fields::{AnyText, Fault, Field, FieldFault, Fields};
use super::{MAX_MESSAGE, Map, Operation, Payload, ReplyTo, Status, Update};

/// The deadline of a request that names none, in milliseconds.
pub const DEFAULT_DEADLINE_MS: u32 = 15_000;

/// The longest deadline that a request may name, in milliseconds.
pub const MAX_DEADLINE_MS: u32 = 120_000;

/// A well-formed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the caller, echoed in every update that the request causes.
    pub exchange: Option<String>,
    /// How long the caller waits for the last update, in milliseconds.
    pub deadline_ms: u32,
    /// What is asked for, with its fields.
    pub payload: Payload,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRequest {
    /// The answer to it.
    pub answer: Update,
    /// The fields at fault, in the order of the answer's `error_specifics`; empty where something else
    /// is wrong.
    pub fields: Vec<FieldFault>,
}

impl From<Update> for RefusedRequest {
    fn from(answer: Update) -> Self {
        Self {
            answer,
            fields: Vec::new(),
        }
    }
}

struct Deadline(u32);

impl Field for Deadline {
    const EXPECTED: &'static str = "whole milliseconds from 1 to 120000";

    fn read(value: &Value) -> Option<Self> {
        let ms = u32::try_from(value.as_u64()?).ok()?;
        (1..=MAX_DEADLINE_MS).contains(&ms).then_some(Self(ms))
    }
}

impl Request {
    /// A request with the default deadline.
    pub fn new(exchange: impl Into<String>, payload: Payload) -> Self {
        Self {
            exchange: Some(exchange.into()),
            deadline_ms: DEFAULT_DEADLINE_MS,
            payload,
        }
    }

    /// Reads a request. The error is the ready answer to it.
    ///
    /// The order of the checks is fixed: size (1009), JSON (1000), the operation's name (1001), the
    /// type and format of every field that is present (1003), missing fields (1002). Unknown fields
    /// are ignored. Null stands for an optional field that is absent, the payload included.
    ///
    /// # Errors
    /// The answer: it echoes operation and exchange as far as they could be read; where the message
    /// is no JSON or names no known operation as a string, the operation is `error`.
    #[allow(
        clippy::result_large_err,
        reason = "the error is the answer, sent as it is"
    )]
    pub fn parse(text: &[u8]) -> Result<Self, Update> {
        if text.len() > MAX_MESSAGE {
            let specifics = format!("{} bytes; at most {MAX_MESSAGE} are accepted", text.len());
            return Err(Update::error(Status::TOO_LARGE, specifics));
        }
        match serde_json::from_slice(text) {
            Ok(value) => Self::from_value(&value),
            Err(fault) => Err(Update::error(Status::MALFORMED_JSON, format!("{fault}"))),
        }
    }

    /// Reads a request that is JSON already, such as the payload of a channel message.
    ///
    /// # Errors
    /// The answer, as for [`Request::parse`].
    #[allow(
        clippy::result_large_err,
        reason = "the error is the answer, sent as it is"
    )]
    pub fn from_value(value: &Value) -> Result<Self, Update> {
        Self::read(value).map_err(|refused| refused.answer)
    }

    /// The same, with the fields at fault as data, for a caller that has other names for them.
    ///
    /// # Errors
    /// The answer, as for [`Request::parse`], and its fields.
    #[allow(
        clippy::result_large_err,
        reason = "the error has the answer, sent as it is"
    )]
    pub fn read(value: &Value) -> Result<Self, RefusedRequest> {
        let Value::Object(envelope) = value else {
            let found = super::value::kind(value);
            let specifics = format!("expected an object with operation and payload, found {found}");
            return Err(Update::error(Status::INVALID_FIELD, specifics).into());
        };
        let exchange = envelope
            .get("exchange")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let name = envelope.get("operation").and_then(Value::as_str);
        let reply_to = ReplyTo::new(name.unwrap_or("error"), exchange);
        let operation = match name.map(str::parse::<Operation>) {
            Some(Err(unknown)) => {
                let status = Status::UNKNOWN_OPERATION;
                return Err(reply_to
                    .failed(status, format!("operation: {unknown}"))
                    .into());
            }
            Some(Ok(operation)) => Some(operation),
            None => None,
        };
        read(envelope, operation).map_err(|fault| RefusedRequest {
            answer: reply_to.failed(fault.status, fault.specifics()),
            fields: fault.fields,
        })
    }

    /// What is asked for.
    pub fn operation(&self) -> Operation {
        self.payload.operation()
    }

    /// Whom to answer, to keep while the operation takes its time.
    pub fn reply_to(&self) -> ReplyTo {
        ReplyTo::new(self.operation().name(), self.exchange.clone())
    }

    /// The request as compact JSON. A log-in's password and token are in it: do not log it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.to_value()).unwrap_or_default()
    }

    /// The request as a JSON value, such as the payload of a channel message.
    pub fn to_value(&self) -> Value {
        let mut payload = self.payload.to_map();
        if self.deadline_ms != DEFAULT_DEADLINE_MS {
            payload.insert("deadline_ms".to_owned(), self.deadline_ms.into());
        }
        let envelope = Envelope {
            operation: self.operation().name(),
            exchange: self.exchange.as_deref(),
            payload,
        };
        serde_json::to_value(envelope).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    operation: &'a str,
    exchange: Option<&'a str>,
    payload: Map,
}

fn read(envelope: &Map, operation: Option<Operation>) -> Result<Request, Fault> {
    let mut fields = Fields::new(envelope);
    fields.required::<AnyText>("operation");
    let exchange = fields.optional::<AnyText>("exchange").map(|text| text.0);
    let map = fields.optional::<Map>("payload").unwrap_or_default();
    let (deadline, payload) = fields.within(&map, None, |fields| {
        let deadline = fields.optional::<Deadline>("deadline_ms");
        (
            deadline,
            operation.and_then(|operation| Payload::read(operation, fields)),
        )
    });
    let deadline_ms = deadline.map_or(DEFAULT_DEADLINE_MS, |deadline| deadline.0);
    match (fields.fault(), payload) {
        (Some(fault), _) => Err(fault),
        (None, Some(payload)) => Ok(Request {
            exchange,
            deadline_ms,
            payload,
        }),
        (None, None) => Err(Fault {
            status: Status::INTERNAL,
            fields: vec![FieldFault {
                path: vec!["payload".to_owned()],
                is_missing: false,
                reason: "it could not be read".to_owned(),
            }],
        }),
    }
}
