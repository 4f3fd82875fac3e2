use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::config::TapConfig;
use crate::{BandId, UnixMillis};

/// How long a band has been silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Heard within the last 5 s.
    Yes,
    /// Within 15 s.
    Likely,
    /// Within 60 s.
    Unlikely,
    /// Not for 60 s, or never.
    #[default]
    No,
}

/// How near a band is to the adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proximity {
    /// Held at the adapter.
    Tap,
    /// Close.
    Close,
    /// Far.
    Far,
    /// Not heard for 30 s, or not long enough to judge.
    #[default]
    Gone,
}

/// What the detector noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapEvent {
    /// A band was held at the adapter.
    Tap {
        /// Which.
        band: BandId,
        /// The mean of the tap window, dBm.
        rssi: i16,
        /// When.
        at: UnixMillis,
    },
    /// A band came nearer or went away.
    Proximity {
        /// Which.
        band: BandId,
        /// What it was.
        before: Proximity,
        /// What it is.
        after: Proximity,
        /// When.
        at: UnixMillis,
    },
    /// A band appeared or fell silent.
    Presence {
        /// Which.
        band: BandId,
        /// What it was.
        before: Presence,
        /// What it is.
        after: Presence,
        /// When.
        at: UnixMillis,
    },
}

/// The detector of one adapter.
#[derive(Clone, Debug)]
pub struct Detector {
    config: TapConfig,
}

impl Detector {
    /// A detector that has heard nothing yet.
    pub fn new(config: TapConfig) -> Self {
        Self { config }
    }

    /// The parameters.
    pub const fn config(&self) -> &TapConfig {
        &self.config
    }

    /// Takes new parameters; what is known of the bands stays, their windows begin anew.
    pub fn reconfigure(&mut self, config: TapConfig) {
        self.config = config;
    }

    /// A band was heard.
    pub fn handle_sample(&mut self, _now: UnixMillis, _band: BandId, _rssi_dbm: i16) -> Vec<TapEvent> {
        Vec::new()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, _now: UnixMillis) -> Vec<TapEvent> {
        Vec::new()
    }

    /// When [`Self::handle_timeout`] has something to do, if nothing is heard before.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        None
    }

    /// How present a band is.
    pub fn presence(&self, _band: BandId) -> Presence {
        Presence::No
    }

    /// How near a band is; none if proximity is off.
    pub fn proximity(&self, _band: BandId) -> Option<Proximity> {
        None
    }
}
