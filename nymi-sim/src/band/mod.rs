//! One virtual band, from its certificates to the frames it sends: pure, with time and randomness as
//! arguments.
//!
//! Out of the box a band answers [`Describe`](BandRequest::Describe) under its factory address. A
//! terminal enrolls it ([`Band::handle_request`]): the band checks the server's chain, makes its new
//! NymiBandID and keys, and from the first permitted `set_time` on counts as enrolled. Put on and
//! authenticated by its wearer it advertises ([`Band::frame`]); taken off, it falls silent and
//! forgets that it was authenticated. What it remembers without power is a [`SavedBand`].

mod clock;
mod enrollment;
mod memory;
mod serial;

use nymi_core::band::{BandDescription, BandReply, BandRequest};
use nymi_core::presence::{Flags, Frame, Tail};
use nymi_core::{BandId, UnixMillis};
use rand::{CryptoRng, RngExt};

pub use clock::BandClock;
pub use memory::{BandMemoryError, SavedBand};
pub use serial::{SerialNumber, SerialNumberError, Variant};

use enrollment::{Enrollment, Refusal, random_uid, refused};

/// Mismatches in a row after which an enrolled band locks its wearer out.
pub const LOCKOUT_FAILURES: u32 = 50;
/// Transmit power that a band announces, dBm.
pub const TX_POWER_DBM: i8 = 0;
const FIRMWARE_VERSION: &str = "4.11.1.2";
const HARDWARE_VERSION: &str = "14.00";

/// Whose certificates a band's firmware trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FirmwareGrade {
    /// Evaluation: trusts the first L1 that it is shown, and keeps it.
    #[default]
    Bronze,
    /// Production: L1 must chain to this vendor root (DER).
    Gold(Vec<u8>),
}

/// A virtual band.
pub struct Band {
    serial_number: SerialNumber,
    static_mac_address: BandId,
    firmware_version: String,
    hardware_version: String,
    firmware_grade: FirmwareGrade,
    kept_l1: Option<Vec<u8>>,
    clock: BandClock,
    battery: bool,
    lost: Option<Lost>,
    worn: bool,
    authenticated: bool,
    failures: u32,
    enrollments: u64,
    vibrations: u64,
    enrollment: Option<Enrollment>,
}

/// A band that lost its clock counts from this boot.
#[derive(Clone, Copy, Debug)]
struct Lost {
    boot_nonce: [u8; 4],
    since: UnixMillis,
}

/// Why a wearer is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum AuthenticationError {
    #[error("its battery is empty: charge it with `battery BAND on`")]
    BatteryEmpty,
    #[error("it is not worn: put it on with `wear BAND`")]
    NotWorn,
    #[error("it has no user: enroll it first")]
    NotEnrolled,
    #[error("NO MATCH")]
    NoMatch,
    #[error("locked out after 50 failures, See Admin: delete its user data and enroll it again")]
    LockedOut,
}

impl Band {
    /// A band from the factory; its address comes from `rng`.
    pub fn new(
        serial_number: SerialNumber,
        firmware_grade: FirmwareGrade,
        now: UnixMillis,
        drift_ppm: i32,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let mut address: [u8; 6] = rng.random();
        // A public address: neither multicast nor locally administered (IEEE 802, 8.2).
        address[0] &= 0x3c;
        Self {
            serial_number,
            static_mac_address: BandId::new(address),
            firmware_version: FIRMWARE_VERSION.into(),
            hardware_version: HARDWARE_VERSION.into(),
            firmware_grade,
            kept_l1: None,
            clock: BandClock::new(now, drift_ppm),
            battery: true,
            lost: None,
            worn: false,
            authenticated: false,
            failures: 0,
            enrollments: 0,
            vibrations: 0,
            enrollment: None,
        }
    }

    /// The serial number on the casing.
    pub fn serial_number(&self) -> &SerialNumber {
        &self.serial_number
    }

    /// The factory address.
    pub fn static_mac_address(&self) -> BandId {
        self.static_mac_address
    }

    /// The NymiBandID of the present enrollment, once that is complete.
    pub fn band_id(&self) -> Option<BandId> {
        self.complete().map(|held| held.band_id)
    }

    /// The NFC UID of the present enrollment, once that is complete.
    pub fn nfc_uid(&self) -> Option<&[u8]> {
        self.complete().map(|held| held.nfc_uid.as_slice())
    }

    /// The enrollment, once the clock was set: until then the band has no user.
    fn complete(&self) -> Option<&Enrollment> {
        self.enrollment
            .as_ref()
            .filter(|held| held.setting.is_some())
    }

    /// The two rows of its screen, six characters each, if it has a label.
    pub fn label_rows(&self) -> Option<[String; 2]> {
        let label = self.complete()?.label.as_ref()?;
        Some([
            label.chars().take(6).collect(),
            label.chars().skip(6).take(6).collect(),
        ])
    }

    /// On a wrist.
    pub fn worn(&self) -> bool {
        self.worn
    }

    /// The wearer authenticated and has not taken it off since.
    pub fn authenticated(&self) -> bool {
        self.authenticated
    }

    /// Too many mismatches; only a new enrollment helps.
    pub fn locked_out(&self) -> bool {
        self.failures >= LOCKOUT_FAILURES
    }

    /// It has power.
    pub fn battery(&self) -> bool {
        self.battery
    }

    /// It does not know the time, and says so in its frames.
    pub fn time_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// How often it was enrolled.
    pub fn enrollments(&self) -> u64 {
        self.enrollments
    }

    /// How often its motor ran; never, in a variant without one.
    pub fn vibrations(&self) -> u64 {
        self.vibrations
    }

    /// Its clock.
    pub fn clock(&self) -> &BandClock {
        &self.clock
    }

    /// Whether it sends frames now.
    pub fn advertises(&self) -> bool {
        self.battery
            && self.worn
            && self
                .enrollment
                .as_ref()
                .is_some_and(|e| e.setting.is_some())
    }

    /// Whether it answers to this address: its NymiBandID, or always its factory address.
    pub fn answers_to(&self, address: BandId) -> bool {
        let id = self.enrollment.as_ref().map(|held| held.band_id);
        address == self.static_mac_address || id == Some(address)
    }

    /// Put on.
    pub fn wear(&mut self) {
        self.worn = true;
    }

    /// Taken off: that ends authentication.
    pub fn take_off(&mut self) {
        self.worn = false;
        self.authenticated = false;
    }

    /// The wearer's finger matches.
    pub fn authenticate(&mut self) -> Result<(), AuthenticationError> {
        self.ready_for_finger()?;
        self.failures = 0;
        self.authenticated = true;
        Ok(())
    }

    /// A finger that does not match; always an error, the last of them a lockout.
    pub fn mismatch(&mut self) -> Result<(), AuthenticationError> {
        self.ready_for_finger()?;
        self.failures += 1;
        self.vibrate();
        if self.locked_out() {
            self.authenticated = false;
            return Err(AuthenticationError::LockedOut);
        }
        Err(AuthenticationError::NoMatch)
    }

    fn ready_for_finger(&self) -> Result<(), AuthenticationError> {
        if !self.battery {
            Err(AuthenticationError::BatteryEmpty)
        } else if !self.worn {
            Err(AuthenticationError::NotWorn)
        } else if self
            .enrollment
            .as_ref()
            .is_none_or(|held| held.setting.is_none())
        {
            Err(AuthenticationError::NotEnrolled)
        } else if self.locked_out() {
            Err(AuthenticationError::LockedOut)
        } else {
            Ok(())
        }
    }

    fn vibrate(&mut self) {
        self.vibrations += u64::from(self.serial_number.variant().motor);
    }

    /// Wipes all of the user. A lockout stays, and so does the L1 that bronze firmware trusts.
    pub fn delete_user_data(&mut self) {
        self.enrollment = None;
        self.authenticated = false;
    }

    /// Back to the factory's state, the trusted L1 and a lockout forgotten too.
    pub fn reset(&mut self) {
        self.delete_user_data();
        self.kept_l1 = None;
        self.failures = 0;
    }

    /// Empties or charges the battery. Empty, the band forgets the time and who wears it; charged,
    /// it boots with a new nonce.
    pub fn set_battery(&mut self, now: UnixMillis, charged: bool, rng: &mut dyn CryptoRng) {
        if charged && !self.battery {
            self.lose_time(now, rng);
        }
        if !charged {
            self.authenticated = false;
        }
        self.battery = charged;
    }

    fn lose_time(&mut self, now: UnixMillis, rng: &mut dyn CryptoRng) {
        self.lost = Some(Lost {
            boot_nonce: rng.random(),
            since: now,
        });
    }

    /// Puts its clock `ms` ahead (negative: behind) of where it was set and drifted to.
    pub fn skew(&mut self, ms: i64) {
        self.clock.skew(ms);
    }

    /// Changes how fast its clock runs.
    pub fn set_drift(&mut self, now: UnixMillis, ppm: i32) {
        self.clock.set_drift(now, ppm);
    }

    /// The frame it advertises now, if it does.
    pub fn frame(&mut self, now: UnixMillis, rng: &mut dyn CryptoRng) -> Option<(BandId, Frame)> {
        if !self.advertises() {
            return None;
        }
        if self.counter(now).is_none() {
            self.lose_time(now, rng);
        }
        let counter = self.counter(now).unwrap_or(0);
        let held = self.complete()?;
        let tail = match self.lost {
            Some(lost) => Tail::BootNonce(lost.boot_nonce),
            None => held.setting?.t_set.into(),
        };
        let flags = Flags {
            authenticated: self.authenticated,
            worn: self.worn,
            ..Flags::default()
        };
        Some((
            held.band_id,
            Frame::signed(&held.pac_key, flags, counter, tail, TX_POWER_DBM),
        ))
    }

    /// Time steps since T_set, or since boot while the clock is lost; none beyond 2^32-1. A clock
    /// that shows less than T_set counts as 0: there is no earlier step.
    fn counter(&self, now: UnixMillis) -> Option<u32> {
        let setting = self.enrollment.as_ref()?.setting?;
        let elapsed = match self.lost {
            Some(lost) => i128::from(now.0) - i128::from(lost.since.0),
            None => i128::from(self.clock.at(now)) - i128::from(setting.t_set.ms()),
        };
        let steps = elapsed.div_euclid(i128::from(setting.t_interval_ms));
        u32::try_from(steps.max(0)).ok()
    }

    /// The UID that an NFC reader sees: that of the enrollment while authenticated, else four random
    /// bytes, new each time. None without power.
    pub fn nfc_tap(&self, rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let known = self.complete().filter(|_| self.authenticated);
        self.battery.then(|| match known {
            Some(held) => held.nfc_uid.to_vec(),
            None => random_uid(rng).to_vec(),
        })
    }

    /// Answers a terminal. None without power.
    pub fn handle_request(
        &mut self,
        now: UnixMillis,
        request: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        if !self.battery {
            return None;
        }
        let reply = match BandRequest::from_bytes(request) {
            Ok(request) => self.answer(now, request, rng).unwrap_or_else(Into::into),
            Err(error) => refused(error.to_string()).into(),
        };
        Some(reply.to_bytes())
    }

    fn answer(
        &mut self,
        now: UnixMillis,
        request: BandRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<BandReply, Refusal> {
        match request {
            BandRequest::Describe => Ok(BandReply::Description(self.describe())),
            BandRequest::Enroll(offer) => self.enroll(rng, &offer).map(BandReply::Enrollment),
            BandRequest::SetTime {
                t_set_ms,
                tag,
                t_interval_ms,
            } => self
                .set_time(now, t_set_ms, &tag, t_interval_ms)
                .map(|()| BandReply::Done),
        }
    }

    fn describe(&self) -> BandDescription {
        BandDescription {
            serial_number: self.serial_number.to_string(),
            static_mac_address: *self.static_mac_address.as_bytes(),
            band_id: self.band_id().map(|id| *id.as_bytes()),
            firmware_version: self.firmware_version.clone(),
            hardware_version: self.hardware_version.clone(),
            nfc_uid: self.nfc_uid().map(<[u8]>::to_vec),
            authenticated: self.authenticated,
            worn: self.worn,
        }
    }
}

impl From<Refusal> for BandReply {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            nsl,
            reason,
        } = refusal;
        Self::Refused {
            status,
            nsl,
            reason,
        }
    }
}
