//! Messages: which request is this, and how is it answered?
//!
//! Every program around the core says the same things in the same envelope: over the C ABI, between
//! NAPI and agent, and over the WebAPI. A [`Request`] comes in as text and either is a typed
//! [`Payload`] or its own ready-made refusal; an [`Update`] goes out, as the answer to a request or
//! unsolicited ([`Event`]). The number in an update is a [`Status`] of one table.
//!
//! Beneath the envelope, endpoints and native clients talk to the agent over Phoenix Channels:
//! [`phoenix`] is the codec, [`channel`] the payloads.
//!
//! Everything here is pure: bytes in, values out; hostile input costs time linear in its length.
//!
//! ```
//! use nymi_core::message::{Payload, Request, Status};
//!
//! let text = br#"{"operation":"subscribe_endpoint","exchange":"1","payload":{"endpoint_id":"127.0.0.1"}}"#;
//! let request = Request::parse(text).unwrap();
//! let Payload::SubscribeEndpoint(subscribe) = &request.payload else { panic!() };
//! assert_eq!(subscribe.endpoint_id, "127.0.0.1");
//!
//! let refusal = Request::parse(br#"{"operation":"subscribe_endpoint","exchange":"2"}"#).unwrap_err();
//! assert_eq!(refusal.status, Status::MISSING_FIELD);
//! assert_eq!(refusal.exchange.as_deref(), Some("2"));
//! ```

mod answer;
pub mod channel;
mod event;
mod fields;
mod operation;
mod payload;
pub mod phoenix;
mod request;
mod status;
mod update;
mod value;

pub use answer::{
    AssertIdentityAnswer, BandExchangeAnswer, BandSessionAnswer, CertificateInfo, EndpointInfo,
    FirmwareAnswer, InfoAnswer, InitAnswer, ListEndpointsAnswer, RandomAnswer, SignAnswer,
    SubscribeEndpointAnswer, SymmetricKeyAnswer, TotpAnswer, UserStatusAnswer,
};
pub use event::{
    EndpointChange, EndpointEvent, Event, EventPayload, PresenceEvent, TapEvent, TapMethod,
};
pub use fields::FieldFault;
pub use operation::Operation;
pub use payload::{
    AssertIdentity, BandExchange, BandSession, Cancel, Firmware, Init, KeyAction, Lookup,
    LookupColumn, LookupQuery, Notification, Notify, Payload, Random, Sign, SubscribeEndpoint,
    SymmetricKey, Totp, UnsubscribeEndpoint, UserStatus,
};
pub use request::{DEFAULT_DEADLINE_MS, MAX_DEADLINE_MS, RefusedRequest, Request};
pub use status::Status;
pub use update::{ReplyTo, Update, UpdateError, UpdateParseError};
pub use value::{
    AccountName, AgentUrl, Digest, HexBytes, NeaName, NesUrl, NfcUid, Secret, Uuid, ValueError,
};

/// The payload of an envelope.
pub type Map = serde_json::Map<alloc::string::String, serde_json::Value>;

/// The largest message, in bytes: 1 MiB.
pub const MAX_MESSAGE: usize = 1024 * 1024;
