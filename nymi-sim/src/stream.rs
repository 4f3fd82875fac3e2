//! The radio stream: what nymulator and a virtual adapter say to each other, one JSON object a line.
//!
//! A connection to the control port becomes a radio stream with the command `radio`; the answer is
//! `ok radio 1`. First come the adapter's and the readers' states, then whatever is heard. A stream
//! that does not read fast enough misses frames, as a radio does; if it does not even take the rest
//! it is disconnected.
//!
//! ```text
//! > radio
//! < ok radio 1
//! < {"type":"adapter","id":"virtual","kind":"virtual","present":true}
//! < {"type":"reader","name":"Virtual Reader 0","present":true}
//! < {"type":"heard","address":"DD:34:A2:0F:0B:0D","rssi":-61,"data":"13…"}
//! < {"type":"nfc","uid":"04A1B2C3D4E5F6","reader":"Virtual Reader 0"}
//! > {"type":"request","id":"1","address":"DD:34:A2:0F:0B:0D","data":"820080","last":true}
//! < {"type":"reply","id":"1","data":"82…","last":true}
//! ```

use nymi_core::BandId;
use nymi_core::band::MAX_BAND_MESSAGE;
use nymi_core::tap::AdapterKind;
use serde::{Deserialize, Serialize};

/// The version that `ok radio` names.
pub const VERSION: u32 = 1;
/// The longest line in either direction, bytes: a band message in hexadecimal and room around it.
pub const MAX_LINE: usize = 2 * MAX_BAND_MESSAGE + 1024;

/// From nymulator to an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Downlink {
    /// The Bluetooth adapter was plugged in or out.
    Adapter {
        /// Which.
        id: String,
        /// What it is played as.
        #[serde(default)]
        kind: AdapterKind,
        /// It is there.
        present: bool,
    },
    /// An NFC reader was plugged in or out.
    Reader {
        /// Which.
        name: String,
        /// It is there.
        present: bool,
    },
    /// An advertisement.
    Heard {
        /// The sender.
        address: BandId,
        /// How strongly, dBm.
        rssi: i16,
        /// The presence frame, hexadecimal.
        data: String,
    },
    /// A band on a reader.
    Nfc {
        /// Its UID, upper-case hexadecimal.
        uid: String,
        /// Which reader.
        reader: String,
    },
    /// A band's answer to a [`Uplink::Request`], or why there is none.
    Reply {
        /// The request's.
        id: String,
        /// The band's message, hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
        /// Nothing more will follow under this id.
        last: bool,
        /// A status code of the 3000s.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<u32>,
    },
}

/// From an adapter to nymulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Uplink {
    /// A message to a band.
    Request {
        /// Any text; the reply carries it.
        id: String,
        /// The band's NymiBandID or factory address.
        address: BandId,
        /// The message, hexadecimal.
        data: String,
        /// Nothing more will follow under this id.
        last: bool,
    },
}
