//! What travels in the agent's channels: the payloads of endpoints and native clients.
//!
//! `bluebox:<endpoint_id>` is one endpoint's topic, `nea:<nea_name>:<instance>` one client's.
//!
//! ```
//! use nymi_core::message::channel::{EndpointJoin, PROTOCOL, Topic};
//!
//! let topic = Topic::parse("nea:TapToSign:4f2a").unwrap();
//! assert!(matches!(&topic, Topic::Nea { instance, .. } if instance == "4f2a"));
//! assert_eq!(topic.to_string(), "nea:TapToSign:4f2a");
//! assert_eq!(Topic::parse("lobby"), None);
//!
//! let join: EndpointJoin = serde_json::from_str(r#"{"instance":"k","hostname":"kiosk"}"#)?;
//! assert_eq!(join.protocol, PROTOCOL);
//! # Ok::<(), serde_json::Error>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{HexBytes, Map, NeaName, NfcUid, Secret, Status};
use crate::tap::{Presence, Proximity};
use crate::{BandId, UnixMillis};

/// The version of the channel protocol that joins carry.
pub const PROTOCOL: u32 = 1;

/// How many frames one `frames` push has at most.
pub const MAX_FRAMES: usize = 64;

/// How long an endpoint holds frames back at most, in milliseconds.
pub const MAX_FRAME_AGE_MS: u32 = 100;

/// The events of both kinds of topic.
pub mod event {
    /// Endpoint: presence frames that were heard.
    pub const FRAMES: &str = "frames";
    /// Endpoint: presence and proximity of a band changed.
    pub const PRESENCE: &str = "presence";
    /// Endpoint: a band was tapped.
    pub const TAP: &str = "tap";
    /// Endpoint: a tag was held to a reader.
    pub const NFC: &str = "nfc";
    /// Endpoint: its adapters and readers.
    pub const STATUS: &str = "status";
    /// Agent to endpoint: bytes for a band.
    pub const BAND_REQUEST: &str = "band_request";
    /// Endpoint: the band's answer.
    pub const BAND_REPLY: &str = "band_reply";
    /// Agent to endpoint: settings.
    pub const CONFIGURE: &str = "configure";
    /// Client: the proof of its name.
    pub const AUTHENTICATE: &str = "authenticate";
    /// Client: a request of the envelope.
    pub const REQUEST: &str = "request";
    /// Agent to client: an update of the envelope.
    pub const UPDATE: &str = "update";
}

/// A topic of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `bluebox:<endpoint_id>`.
    Endpoint {
        /// The terminal's stable id.
        endpoint_id: String,
    },
    /// `nea:<nea_name>:<instance>`.
    Nea {
        /// The application.
        nea_name: NeaName,
        /// Tells the application's processes apart.
        instance: String,
    },
}

impl Topic {
    /// Reads a topic; none if the agent has no such topic.
    pub fn parse(topic: &str) -> Option<Self> {
        if let Some(endpoint_id) = topic.strip_prefix("bluebox:") {
            let endpoint_id = endpoint_id.to_owned();
            return (!endpoint_id.is_empty()).then_some(Self::Endpoint { endpoint_id });
        }
        let (nea_name, instance) = topic.strip_prefix("nea:")?.split_once(':')?;
        let (nea_name, instance) = (nea_name.parse().ok()?, instance.to_owned());
        (!instance.is_empty()).then_some(Self::Nea { nea_name, instance })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint { endpoint_id } => write!(f, "bluebox:{endpoint_id}"),
            Self::Nea { nea_name, instance } => write!(f, "nea:{nea_name}:{instance}"),
        }
    }
}

const fn protocol() -> u32 {
    PROTOCOL
}

/// The payload of an endpoint's join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointJoin {
    /// A random key of this process; the same one takes its topic over from its own ghost.
    #[serde(deserialize_with = "non_empty")]
    pub instance: String,
    /// The terminal's host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The terminal's addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The endpoint's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Proves that it may speak for its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Secret>,
    /// The protocol that it speaks; absent means 1.
    #[serde(default = "protocol")]
    pub protocol: u32,
}

fn non_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(serde::de::Error::custom(
            "instance: expected a non-empty string",
        ));
    }
    Ok(text)
}

/// The payload of a native client's join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeaJoin {
    /// The protocol that it speaks; absent means 1.
    #[serde(default = "protocol")]
    pub protocol: u32,
}

impl Default for NeaJoin {
    fn default() -> Self {
        Self { protocol: PROTOCOL }
    }
}

/// What the agent answers to a native client's join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeaJoinReply {
    /// 32 random bytes, to be signed once.
    pub nonce: super::Digest,
}

/// `frames`: advertisements as they were heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frames {
    /// Oldest first, at most [`MAX_FRAMES`].
    pub frames: Vec<FrameReport>,
}

/// One advertisement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameReport {
    /// The sender.
    pub address: BandId,
    /// Signal strength in dBm.
    pub rssi: i16,
    /// The presence frame.
    pub data: HexBytes,
    /// When it was heard.
    pub at: UnixMillis,
}

/// `presence`: a band's state at this terminal changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceReport {
    /// The band.
    pub address: BandId,
    /// The state that it left.
    pub before: Presence,
    /// The state that it is in.
    pub after: Presence,
    /// As the band's frame says.
    pub authenticated: bool,
    /// As the band's frame says.
    pub worn: bool,
    /// Smoothed signal strength in dBm; none if it is not heard.
    #[serde(default)]
    pub rssi: Option<i16>,
    /// How near; none if that is turned off.
    #[serde(default)]
    pub proximity: Option<Proximity>,
    /// When it changed.
    pub at: UnixMillis,
}

/// `tap`: a band was held near the adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapReport {
    /// The band.
    pub address: BandId,
    /// By radio.
    pub method: super::TapMethod,
    /// Mean signal strength in dBm.
    #[serde(default)]
    pub rssi: Option<i16>,
    /// When.
    pub at: UnixMillis,
}

/// `nfc`: something was held on a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NfcReport {
    /// What it answered.
    pub uid: NfcUid,
    /// The reader's name.
    pub reader: String,
    /// When.
    pub at: UnixMillis,
}

/// `status`: the terminal's hardware.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// The Bluetooth adapters.
    #[serde(default)]
    pub adapters: Vec<AdapterStatus>,
    /// The NFC readers.
    #[serde(default)]
    pub readers: Vec<ReaderStatus>,
}

impl EndpointStatus {
    /// Whether a Bluetooth adapter works.
    pub fn ble_ready(&self) -> bool {
        self.adapters
            .iter()
            .any(|adapter| adapter.state == HardwareState::Ready)
    }

    /// Whether an NFC reader works.
    pub fn nfc_ready(&self) -> bool {
        self.readers
            .iter()
            .any(|reader| reader.state == HardwareState::Ready)
    }
}

/// The state of an adapter or reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HardwareState {
    /// It works.
    Ready,
    /// It is not there.
    Missing,
    /// It is there and does not work.
    Failed,
}

/// A Bluetooth adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterStatus {
    /// Its id at the terminal, such as the port.
    pub id: String,
    /// What it is, such as `virtual`.
    pub kind: String,
    /// Whether it works.
    pub state: HardwareState,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// An NFC reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderStatus {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub state: HardwareState,
}

/// `configure`: detection parameters that the agent sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configure {
    /// Keys and values of nbe.toml.
    #[serde(default)]
    pub tap: Map,
}

/// `band_request`: a message to a band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandRequestEnvelope {
    /// Ties the replies to it.
    pub id: super::Uuid,
    /// The band's address.
    pub address: BandId,
    /// The message, or a part of it.
    pub data: HexBytes,
    /// Whether the connection to the band can end after the reply.
    pub last: bool,
}

/// `band_reply`: what the band answered, or why it did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandReplyEnvelope {
    /// Of the request.
    pub id: super::Uuid,
    /// The band's message, or a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<HexBytes>,
    /// Whether no more follows.
    pub last: bool,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
}

/// `authenticate`: a native client proves its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticate {
    /// Leaf and L2, in DER.
    pub chain: Vec<CertificateDer>,
    /// r and s over [`nea_proof_message`], 64 bytes.
    pub signature: HexBytes,
}

/// A certificate in DER, written in base64.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateDer(pub Vec<u8>);

impl TryFrom<String> for CertificateDer {
    type Error = super::ValueError;

    fn try_from(text: String) -> Result<Self, super::ValueError> {
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|_| super::ValueError("a certificate: DER in base64, without line breaks"))
    }
}

impl From<CertificateDer> for String {
    fn from(certificate: CertificateDer) -> Self {
        STANDARD.encode(certificate.0)
    }
}

/// What a native client signs to prove its name: bound to the agent's nonce and to its topic.
pub fn nea_proof_message(nonce: &[u8; 32], topic: &str) -> Vec<u8> {
    [b"nymi nea auth".as_slice(), nonce, topic.as_bytes()].concat()
}

/// The reason of a refused join whose topic is alive.
pub const ALREADY_JOINED: &str = "Channel already joined";

/// The sentence for a join with another protocol.
pub fn protocol_refused(found: u32) -> String {
    format!("protocol {found} is not supported; this agent speaks {PROTOCOL}")
}
