use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{NfcUid, Status, Update, UpdateError, Uuid};
use crate::tap::{Presence, Proximity};
use crate::{BandId, UnixMillis};

/// The payload of an unsolicited update.
pub trait EventPayload: Serialize {
    /// The name in `operation`.
    const OPERATION: &'static str;
}

/// A band came, went or changed its state. A hint, until an assertion verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceEvent {
    /// The terminal that hears the band.
    pub endpoint_id: String,
    /// The band.
    #[serde(rename = "NymiBandID")]
    pub band: BandId,
    /// The state that it left.
    pub before: Presence,
    /// The state that it is in.
    pub after: Presence,
    /// Whether the wearer has authenticated, as the band's frame says.
    pub authenticated: bool,
    /// Whether it is worn, as the band's frame says.
    pub worn: bool,
    /// Smoothed signal strength in dBm.
    pub rssi: Option<i16>,
    /// How near it is; none if the terminal does not judge that.
    pub proximity: Option<Proximity>,
}

impl EventPayload for PresenceEvent {
    const OPERATION: &'static str = "presence";
}

/// How a tap was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TapMethod {
    /// The band was held near the Bluetooth adapter.
    Ble,
    /// The band was held on an NFC reader.
    Nfc,
}

/// A band was tapped: someone means to do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapEvent {
    /// The terminal.
    pub endpoint_id: String,
    /// The band.
    #[serde(rename = "NymiBandID")]
    pub band: BandId,
    /// The UID that the reader saw, for a tap by NFC.
    #[serde(rename = "NfcUID", default, skip_serializing_if = "Option::is_none")]
    pub nfc_uid: Option<NfcUid>,
    /// By radio or by NFC.
    pub method: TapMethod,
    /// Names the intent in `assert_identity`.
    pub intent_id: Uuid,
    /// When the agent heard of it.
    pub at: UnixMillis,
}

impl EventPayload for TapEvent {
    const OPERATION: &'static str = "tap";
}

/// What changed at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointChange {
    /// Its Bluetooth adapter works.
    BleReady,
    /// Its Bluetooth adapter is missing or failed.
    BleLost,
    /// An NFC reader works.
    NfcReady,
    /// Its last NFC reader is missing or failed.
    NfcLost,
    /// Its connection to the agent is lost.
    Gone,
    /// Its connection to the agent is there again.
    Back,
}

/// A terminal's radio, reader or connection changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointEvent {
    /// The terminal.
    pub endpoint_id: String,
    /// What changed.
    pub event: EndpointChange,
}

impl EventPayload for EndpointEvent {
    const OPERATION: &'static str = "endpoint";
}

/// An unsolicited update, typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A band came, went or changed its state.
    Presence(PresenceEvent),
    /// A band was tapped.
    Tap(TapEvent),
    /// A terminal changed.
    Endpoint(EndpointEvent),
    /// Something failed that no request caused.
    Error(Status, UpdateError),
}

impl Event {
    /// The event that an update carries; none for answers and for events of newer peers.
    pub fn from_update(update: &Update) -> Option<Self> {
        if update.exchange.is_some() {
            return None;
        }
        match update.operation.as_str() {
            PresenceEvent::OPERATION => update.payload_as().ok().map(Self::Presence),
            TapEvent::OPERATION => update.payload_as().ok().map(Self::Tap),
            EndpointEvent::OPERATION => update.payload_as().ok().map(Self::Endpoint),
            "error" => Some(Self::Error(
                update.status,
                update.error.clone().unwrap_or_default(),
            )),
            _ => None,
        }
    }
}
