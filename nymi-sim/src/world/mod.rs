//! The bands around one place, and what adapters there hear: pure, with time as an argument.
//!
//! A [`World`] is driven like any state machine here: [`World::execute`] runs a text command,
//! [`World::handle_request`] carries a message to a band, [`World::handle_timeout`] lets time pass up
//! to [`World::next_deadline`]; what the adapters hear comes out of [`World::poll_event`]. The same
//! seed, commands and times give the same events.

mod band_command;
mod command;

use std::collections::{BTreeMap, VecDeque};

use nymi_core::message::{Notification, Status};
use nymi_core::tap::AdapterKind;
use nymi_core::{BandId, UnixMillis};
use rand::{RngExt, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::band::{Band, BandMemoryError, FirmwareGrade, SavedBand, SerialNumber};
use crate::radio::{self, IDLE_METRES, Walk};
use crate::stream::Downlink;

pub use command::{COMMANDS, CommandError};

/// A band advertises this often, milliseconds.
pub const ADVERTISING_INTERVAL_MS: i64 = 100;
/// The id of the virtual Bluetooth adapter.
pub const ADAPTER_ID: &str = "virtual";
/// The reader that is there at first.
pub const FIRST_READER: &str = "Virtual Reader 0";
/// The most bands in one place.
pub const MAX_BANDS: usize = 256;

const MAX_READERS: usize = 16;
const MAX_DRIFT_PPM: i32 = 10;
/// After a gap this long (the machine slept) advertisements are not caught up on.
const CATCH_UP_MS: i64 = 1000;

/// What `list` shows of a band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BandInfo {
    /// The serial number on the casing.
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
    /// The factory address: that of an unenrolled band.
    #[serde(rename = "StaticMacAddress")]
    pub static_mac_address: BandId,
    /// The address of the present enrollment.
    #[serde(rename = "NymiBandID")]
    pub band_id: Option<BandId>,
    /// The NFC UID of the present enrollment.
    #[serde(rename = "NfcUID")]
    pub nfc_uid: Option<String>,
    /// On a wrist.
    pub worn: bool,
    /// The wearer authenticated and has not taken it off since.
    pub authenticated: bool,
    /// Too many mismatches.
    pub locked_out: bool,
    /// It has power.
    pub battery: bool,
    /// It does not know the time.
    pub time_lost: bool,
    /// It sends frames.
    pub advertising: bool,
    /// Where it is now.
    pub metres: f64,
    /// The error put on its clock.
    pub skew_ms: i64,
    /// How often its motor ran.
    pub vibrations: u64,
    /// The last sign that an application let it show.
    pub notified: Option<Notification>,
}

/// Where a place's randomness comes from.
#[derive(Clone)]
pub struct Seeds {
    /// Noise, lost frames, the phase of each band's advertising, factory addresses and drifts.
    pub air: [u8; 32],
    /// Keys, NymiBandIDs, NFC UIDs and boot nonces: from the system's random source, except in tests.
    pub secrets: [u8; 32],
}

/// A place with its bands, one Bluetooth adapter and NFC readers.
pub struct World {
    seeds: Seeds,
    firmware: FirmwareGrade,
    revision: u64,
    bands: BTreeMap<SerialNumber, Entry>,
    adapter: bool,
    adapter_kind: AdapterKind,
    readers: Vec<String>,
    events: VecDeque<Downlink>,
}

struct Entry {
    band: Band,
    walk: Walk,
    mute: bool,
    next_frame: UnixMillis,
    noise: ChaCha8Rng,
    secrets: ChaCha20Rng,
}

/// A world, ready to be written to the state file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedWorld {
    version: u32,
    bands: Vec<SavedEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedEntry {
    metres: f64,
    band: SavedBand,
}

/// A state file that this version cannot use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Of another version.
    #[error("it has version {0}, and only version 1 is known")]
    Version(u32),
    /// A band that cannot be.
    #[error(transparent)]
    Band(#[from] BandMemoryError),
}

impl World {
    /// An empty place.
    pub fn new(seeds: Seeds, firmware: FirmwareGrade) -> Self {
        Self {
            seeds,
            firmware,
            revision: 0,
            bands: BTreeMap::new(),
            adapter: true,
            adapter_kind: AdapterKind::Virtual,
            readers: vec![FIRST_READER.to_owned()],
            events: VecDeque::new(),
        }
    }

    /// The place as it was saved. With the secrets' seed of last time, keys would be made twice.
    pub fn restore(
        seeds: Seeds,
        firmware: FirmwareGrade,
        saved: SavedWorld,
        now: UnixMillis,
    ) -> Result<Self, RestoreError> {
        if saved.version != 1 {
            return Err(RestoreError::Version(saved.version));
        }
        let mut world = Self::new(seeds, firmware);
        world.revision = 1;
        for entry in saved.bands {
            let band = Band::from_saved(entry.band, world.firmware.clone())?;
            world.place(band, entry.metres, now);
        }
        Ok(world)
    }

    /// What must survive a restart.
    pub fn to_saved(&self) -> SavedWorld {
        let entry = |e: &Entry| SavedEntry {
            metres: e.walk.home(),
            band: e.band.to_saved(),
        };
        SavedWorld {
            version: 1,
            bands: self.bands.values().map(entry).collect(),
        }
    }

    /// Grows whenever [`World::to_saved`] would give something else.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn place(&mut self, band: Band, metres: f64, now: UnixMillis) {
        let serial = band.serial_number().clone();
        let mut noise = ChaCha8Rng::from_seed(derived(&self.seeds.air, "noise", &serial));
        let secrets = ChaCha20Rng::from_seed(derived(&self.seeds.secrets, "secrets", &serial));
        let phase = noise.random_range(0..ADVERTISING_INTERVAL_MS);
        let entry = Entry {
            band,
            walk: Walk::new(metres, now),
            mute: false,
            next_frame: now.saturating_add(phase),
            noise,
            secrets,
        };
        self.bands.insert(serial, entry);
    }

    /// Brings a band from the factory; without a serial number, one is made up.
    pub fn add(
        &mut self,
        serial: Option<SerialNumber>,
        now: UnixMillis,
    ) -> Result<SerialNumber, CommandError> {
        if self.bands.len() >= MAX_BANDS {
            return Err(CommandError::TooMany {
                what: "bands",
                most: MAX_BANDS,
            });
        }
        let serial = serial.unwrap_or_else(|| self.free_serial());
        if self.bands.contains_key(&serial) {
            return Err(CommandError::Known(serial));
        }
        let mut factory = ChaCha20Rng::from_seed(derived(&self.seeds.air, "factory", &serial));
        let drift = factory.random_range(-MAX_DRIFT_PPM..=MAX_DRIFT_PPM);
        let band = Band::new(
            serial.clone(),
            self.firmware.clone(),
            now,
            drift,
            &mut factory,
        );
        self.place(band, IDLE_METRES, now);
        self.revision += 1;
        Ok(serial)
    }

    /// The first unused serial number of a Band 4 with motor and without Seos.
    fn free_serial(&self) -> SerialNumber {
        let mut free = (1..100_000).filter_map(|number| format!("ACAK-{number:05}").parse().ok());
        let used = |serial: &SerialNumber| self.bands.contains_key(serial);
        free.find(|serial| !used(serial))
            .unwrap_or_else(|| unreachable!("MAX_BANDS is less"))
    }

    /// The bands, by serial number.
    pub fn bands(&mut self, now: UnixMillis) -> Vec<BandInfo> {
        self.bands
            .values_mut()
            .map(|entry| entry.info(now))
            .collect()
    }

    /// A band, to be asked.
    pub fn band(&self, serial: &SerialNumber) -> Option<&Band> {
        self.bands.get(serial).map(|entry| &entry.band)
    }

    /// What an adapter that is only now connected has to know.
    pub fn present_state(&self) -> Vec<Downlink> {
        let adapter = self.adapter_state();
        let reader = |name: &String| Downlink::Reader {
            name: name.clone(),
            present: true,
        };
        std::iter::once(adapter)
            .chain(self.readers.iter().map(reader))
            .collect()
    }

    fn adapter_state(&self) -> Downlink {
        Downlink::Adapter {
            id: ADAPTER_ID.to_owned(),
            kind: self.adapter_kind,
            present: self.adapter,
        }
    }

    /// When to call [`World::handle_timeout`] next, if nothing else happens.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        let frames = self.bands.values().filter(|entry| entry.band.advertises());
        frames.map(|entry| entry.next_frame).min()
    }

    /// Lets time pass up to `now`: bands advertise.
    pub fn handle_timeout(&mut self, now: UnixMillis) {
        for entry in self.bands.values_mut() {
            entry.follow_clock(now);
            while entry.next_frame <= now {
                let heard = entry.advertise();
                self.events.extend(heard.filter(|_| self.adapter));
            }
        }
    }

    /// What adapters heard, oldest first.
    pub fn poll_event(&mut self) -> Option<Downlink> {
        self.events.pop_front()
    }

    /// Carries a message to a band and its answer back; the error is a status code. None: the band
    /// was told to stay mute.
    pub fn handle_request(
        &mut self,
        address: BandId,
        request: &[u8],
        now: UnixMillis,
    ) -> Option<Result<Vec<u8>, u32>> {
        if !self.adapter {
            return Some(Err(Status::ADAPTER_MISSING.code()));
        }
        let found = self
            .bands
            .values_mut()
            .find(|entry| entry.band.answers_to(address));
        let Some(entry) = found.filter(|entry| radio::in_range(entry.walk.clone().metres(now)))
        else {
            return Some(Err(Status::BAND_NOT_PRESENT.code()));
        };
        if entry.mute {
            return None;
        }
        let reply = entry.band.handle_request(now, request, &mut entry.secrets);
        self.revision += u64::from(entry.band.take_changed());
        Some(reply.ok_or(Status::BAND_NOT_PRESENT.code()))
    }
}

/// A seed for one purpose and one band, so that bands do not depend on each other.
fn derived(seed: &[u8; 32], purpose: &str, serial: &SerialNumber) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [
        seed.as_slice(),
        purpose.as_bytes(),
        b"\0",
        serial.as_str().as_bytes(),
    ] {
        hash.update(part);
    }
    hash.finalize().into()
}

impl Entry {
    fn info(&mut self, now: UnixMillis) -> BandInfo {
        let band = &self.band;
        BandInfo {
            serial_number: band.serial_number().to_string(),
            static_mac_address: band.static_mac_address(),
            band_id: band.band_id(),
            nfc_uid: band.nfc_uid().map(hex::encode_upper),
            worn: band.worn(),
            authenticated: band.authenticated(),
            locked_out: band.locked_out(),
            battery: band.battery(),
            time_lost: band.time_lost(),
            advertising: band.advertises(),
            metres: self.walk.metres(now),
            skew_ms: band.clock().skew_ms(),
            vibrations: band.vibrations(),
            notified: band.notified(),
        }
    }

    /// After a long gap, or a clock that stepped back, the next frame is due at once, not all those
    /// that were missed.
    fn follow_clock(&mut self, now: UnixMillis) {
        let ahead = self.next_frame.since(now);
        if !(-CATCH_UP_MS..=ADVERTISING_INTERVAL_MS).contains(&ahead) {
            self.next_frame = now;
        }
    }

    /// The frame that is due, if it is heard.
    fn advertise(&mut self) -> Option<Downlink> {
        let at = self.next_frame;
        self.next_frame = at.saturating_add(ADVERTISING_INTERVAL_MS);
        let (address, frame) = self.band.frame(at, &mut self.secrets)?;
        let rssi = radio::sample(self.walk.metres(at), &mut self.noise)?;
        Some(Downlink::Heard {
            address,
            rssi,
            data: hex::encode(frame.to_bytes()),
        })
    }
}
