//! What the endpoint needs of a radio and its readers.
//!
//! An adapter runs by itself, looks for its hardware until it finds it, and looks again when it is
//! gone. It tells what happens through [`AdapterEvent`]s and takes [`AdapterRequest`]s for bands.

mod nymulator;

use nymi_core::BandId;
use nymi_core::message::channel::HardwareState;
use nymi_core::message::{NfcUid, Status, Uuid};
use nymi_core::tap::AdapterKind;
use tokio::sync::mpsc;

use crate::settings::AdapterConfig;

pub use nymulator::VirtualAdapter;

/// A radio with the readers beside it.
pub trait Adapter: Send + 'static {
    /// Begins to look for the hardware, on the present runtime. It ends when the link is dropped.
    fn start(self: Box<Self>) -> AdapterLink;
}

impl AdapterConfig {
    /// What runs this radio.
    pub fn driver(self) -> Box<dyn Adapter> {
        match self {
            Self::Virtual(address) => Box::new(VirtualAdapter::new(address)),
        }
    }
}

/// The endpoint's side of a running adapter.
#[derive(Debug)]
pub struct AdapterLink {
    /// What happens there, in order.
    pub events: mpsc::Receiver<AdapterEvent>,
    /// What bands are to be asked.
    pub requests: mpsc::Sender<AdapterRequest>,
}

/// What happened at an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterEvent {
    /// The Bluetooth adapter appeared, failed or went away.
    Adapter {
        /// Its id at the terminal.
        id: String,
        /// What it is: the parameters of its section of `nbe.toml` apply.
        kind: AdapterKind,
        /// What became of it.
        state: HardwareState,
        /// What to check, if it is not ready.
        detail: Option<String>,
    },
    /// An NFC reader appeared, failed or went away.
    Reader {
        /// Its name.
        name: String,
        /// What became of it.
        state: HardwareState,
    },
    /// An advertisement.
    Heard {
        /// The sender.
        address: BandId,
        /// How strongly, dBm.
        rssi: i16,
        /// The manufacturer-specific data after the company identifier.
        data: Vec<u8>,
    },
    /// Something on a reader.
    Nfc {
        /// What it answered.
        uid: NfcUid,
        /// The reader's name.
        reader: String,
    },
    /// A band answered, or could not be asked.
    Reply {
        /// The request's.
        id: Uuid,
        /// The band's message, or why there is none.
        answer: Result<Vec<u8>, Status>,
        /// Nothing more follows under this id.
        last: bool,
    },
}

/// A message for a band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterRequest {
    /// The reply carries it.
    pub id: Uuid,
    /// The band's NymiBandID or factory address.
    pub address: BandId,
    /// The message.
    pub data: Vec<u8>,
    /// The connection to the band can end after the reply.
    pub last: bool,
}
