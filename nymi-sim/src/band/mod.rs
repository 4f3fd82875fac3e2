//! One virtual band, from its certificates to the frames it sends: pure, with time and randomness as
//! arguments.
//!
//! Out of the box a band answers [`Describe`](BandRequest::Describe) under its factory address. A
//! terminal enrolls it ([`Band::handle_request`]): the band checks the server's chain, makes its new
//! NymiBandID and keys, and from the first permitted `set_time` on counts as enrolled. Put on and
//! authenticated by its wearer it advertises ([`Band::frame`]); taken off, it falls silent and
//! forgets that it was authenticated. Applications that prove themselves in a TLS session use the
//! keys in it while it is authenticated. What it remembers without power is a [`SavedBand`].

mod clock;
mod enrollment;
mod keys;
mod memory;
mod session;

use nymi_core::band::session::{KeyRing, Sessions};
use nymi_core::band::{
    self, BandDescription, BandRefusal, BandReply, BandRequest, BandState, Battery, Build,
    Condition, DowngradeError, EnrollmentError, Fault, Feedback, Finger, FirmwareVersion, Gesture,
    HardwareVersion, NfcUid, OutOfMemory, Screen, SettingRequest, UserData,
};
use nymi_core::message::Notification;
use nymi_core::presence::{Flags, Frame, Tail};
use nymi_core::{BandId, UnixMillis};
use nymi_session::BandEnd;
use rand::{CryptoRng, RngExt};

pub use clock::BandClock;
pub use memory::{BandMemoryError, SavedBand};
pub use nymi_core::band::{
    AuthenticationError, FirmwareGrade, LOCKOUT_FAILURES, SerialNumber, SerialNumberError, Variant,
};

use enrollment::Enrollment;

/// Transmit power that a band announces, dBm.
pub const TX_POWER_DBM: i8 = 0;
const FIRMWARE_VERSION: FirmwareVersion = FirmwareVersion::new([4, 11, 1, 2]);

/// A virtual band.
pub struct Band {
    /// What it does on wrist and charger: all rules are the core's.
    state: BandState,
    static_mac_address: BandId,
    firmware_grade: FirmwareGrade,
    kept_l1: Option<Vec<u8>>,
    clock: BandClock,
    lost: Option<Lost>,
    enrollments: u64,
    vibrations: u64,
    /// What an enrollment writes into the band beside the label.
    policy: UserData,
    enrollment: Option<Enrollment>,
    /// What applications keep in it; of the present user.
    keys: KeyRing,
    /// Gone without power.
    sessions: Sessions<BandEnd>,
    /// The last sign that an application let it show.
    notified: Option<Notification>,
    /// Something changed that must survive.
    changed: bool,
}

/// A band that lost its clock counts from this boot.
#[derive(Clone, Copy, Debug)]
struct Lost {
    boot_nonce: [u8; 4],
    since: UnixMillis,
}

impl Band {
    /// A Band 4, unpacked and charged; its address comes from `rng`.
    pub fn new(
        serial_number: SerialNumber,
        firmware_grade: FirmwareGrade,
        now: UnixMillis,
        drift_ppm: i32,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let build = Build {
            serial_number,
            hardware: HardwareVersion::BAND_4,
            firmware: FIRMWARE_VERSION,
        };
        let address = band::factory_address(rng.random());
        Self::of_build(
            build,
            address,
            firmware_grade,
            BandClock::new(now, drift_ppm),
        )
    }

    fn of_build(
        build: Build,
        static_mac_address: BandId,
        firmware_grade: FirmwareGrade,
        clock: BandClock,
    ) -> Self {
        Self {
            state: BandState::new(build, Condition::ready()),
            static_mac_address,
            firmware_grade,
            kept_l1: None,
            clock,
            lost: None,
            enrollments: 0,
            vibrations: 0,
            policy: UserData::default(),
            enrollment: None,
            keys: KeyRing::default(),
            sessions: Sessions::default(),
            notified: None,
            changed: false,
        }
    }

    /// The serial number on the casing.
    pub fn serial_number(&self) -> &SerialNumber {
        &self.state.build().serial_number
    }

    /// The factory address.
    pub fn static_mac_address(&self) -> BandId {
        self.static_mac_address
    }

    /// What it does on wrist and charger.
    pub fn state(&self) -> &BandState {
        &self.state
    }

    /// The NymiBandID of the present enrollment, once that is complete.
    pub fn band_id(&self) -> Option<BandId> {
        self.complete().map(|held| held.band_id)
    }

    /// The NFC UID of the present enrollment, once that is complete.
    pub fn nfc_uid(&self) -> Option<&[u8]> {
        self.complete().map(|held| held.nfc_uid.as_bytes())
    }

    /// What stands for the fingerprint template of an enrollment. The band tells it to nobody; a test
    /// looks for it in everything that leaves the band.
    pub fn template(&self) -> Option<&[u8]> {
        let held = self.enrollment.as_ref();
        held.map(|held| held.template.as_slice())
    }

    /// The enrollment, once the clock was set: until then the band has no user.
    fn complete(&self) -> Option<&Enrollment> {
        let held = self.enrollment.as_ref();
        held.filter(|_| self.state.enrolled())
    }

    /// The two rows of its screen, six characters each, if it has a label.
    pub fn label_rows(&self) -> Option<[String; 2]> {
        self.complete()?;
        let label = self.state.user()?.label.as_ref();
        label.map(|label| label.rows())
    }

    /// What its screen shows at rest.
    pub fn screen(&self) -> Screen {
        self.state.screen()
    }

    /// On a wrist.
    pub fn worn(&self) -> bool {
        self.state.worn()
    }

    /// The wearer authenticated and has not taken it off since.
    pub fn authenticated(&self) -> bool {
        self.state.authenticated()
    }

    /// Too many failures; a new enrollment helps, or corporate credentials.
    pub fn locked_out(&self) -> bool {
        self.state.locked_out()
    }

    /// It has power.
    pub fn battery(&self) -> bool {
        self.state.has_power()
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

    /// The last sign that an application let it show.
    pub fn notified(&self) -> Option<Notification> {
        self.notified
    }

    /// How many keys it holds for applications.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// How many sessions it keeps.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Its clock.
    pub fn clock(&self) -> &BandClock {
        &self.clock
    }

    /// Whether it sends frames now.
    pub fn advertises(&self) -> bool {
        self.state.advertises()
    }

    /// Whether it answers to this address: its NymiBandID, or always its factory address.
    pub fn answers_to(&self, address: BandId) -> bool {
        let id = self.enrollment.as_ref().map(|held| held.band_id);
        address == self.static_mac_address || id == Some(address)
    }

    /// Put on.
    pub fn wear(&mut self) {
        self.state.put_on();
    }

    /// Taken off: that ends authentication.
    pub fn take_off(&mut self) {
        self.state.take_off();
    }

    /// The wearer's finger matches, and a heartbeat is felt.
    pub fn authenticate(&mut self) -> Result<(), AuthenticationError> {
        self.touch(Finger::Right { ecg: true }).result
    }

    /// A finger that does not match; always an error, the last of them a lockout.
    pub fn mismatch(&mut self) -> Result<(), AuthenticationError> {
        self.touch(Finger::Other).result
    }

    /// A finger on the sensor.
    pub fn touch(&mut self, finger: Finger) -> Feedback {
        let feedback = self.state.touch(finger);
        self.vibrations += u64::from(feedback.vibrates);
        feedback
    }

    /// The server checked the user's password.
    pub fn authenticate_by_credentials(&mut self) -> Result<(), AuthenticationError> {
        self.state.authenticate_by_credentials()
    }

    /// A part of the fingerprint template was captured, or not.
    pub fn capture(&mut self, succeeded: bool) -> Result<(), EnrollmentError> {
        let result = self.state.capture(succeeded);
        self.settle();
        result
    }

    /// Changes what the user's policy says: for the present user, and at the next enrollment. The
    /// authenticator for corporate credentials is made at enrollment only.
    pub fn set_policy(&mut self, change: impl Fn(&mut UserData)) {
        change(&mut self.policy);
        if let Some(user) = self.state.user_mut() {
            let authenticator = user.corporate_credentials;
            change(user);
            user.corporate_credentials = authenticator;
        }
    }

    /// Writes a registration.
    pub fn register(&mut self) -> Result<(), OutOfMemory> {
        self.state.register()
    }

    /// Wipes all of the user. A lockout stays, and so does the L1 that bronze firmware trusts.
    pub fn delete_user_data(&mut self) {
        self.state.delete_user_data();
        self.settle();
    }

    /// Back to the factory's state, the trusted L1 and a lockout forgotten too.
    pub fn reset(&mut self) {
        self.state.reset();
        self.kept_l1 = None;
        self.settle();
    }

    /// A gesture; what the screen shows, one after the other.
    pub fn press(&mut self, gesture: Gesture) -> Vec<Screen> {
        let shown = self.state.press(gesture);
        self.settle();
        shown
    }

    /// The firmware stops with a fault.
    pub fn fail(&mut self, fault: Fault) {
        self.state.fail(fault);
        self.settle();
    }

    /// A firmware updater connects, or goes.
    pub fn connect_updater(&mut self, connected: bool) {
        self.state.connect_updater(connected);
    }

    /// An updater installs firmware.
    pub fn install(&mut self, version: FirmwareVersion) -> Result<(), DowngradeError> {
        self.state.install(version).map(|_| ())
    }

    /// Put on a charger, or taken from it. A band that was empty boots there.
    pub fn set_charger(&mut self, now: UnixMillis, on: bool, rng: &mut dyn CryptoRng) {
        let had_power = self.state.has_power();
        if on {
            let (_, vibrates) = self.state.put_on_charger();
            self.vibrations += u64::from(vibrates);
        } else {
            self.state.take_from_charger();
        }
        self.note_power(had_power, now, rng);
    }

    /// So long on the charger.
    pub fn charge(&mut self, ms: u32) {
        self.state.charge(ms);
    }

    /// So many taps over the hours of a workday.
    pub fn work(&mut self, taps: u32) {
        self.state.work(taps);
        self.settle();
    }

    /// What is gone from the state is gone from the keys; a band that does not run has no sessions.
    fn settle(&mut self) {
        if self.state.user().is_none() {
            self.enrollment = None;
            self.keys.clear();
        }
        if !self.state.runs() || !self.state.enrolled() {
            self.sessions.clear();
        }
    }

    /// Empties or charges the battery. Empty, the band forgets the time and who wears it; charged,
    /// it boots with a new nonce.
    pub fn set_battery(&mut self, now: UnixMillis, charged: bool, rng: &mut dyn CryptoRng) {
        let had_power = self.state.has_power();
        self.state.set_battery(if charged {
            Battery::FULL
        } else {
            Battery::EMPTY
        });
        self.note_power(had_power, now, rng);
    }

    fn note_power(&mut self, had_power: bool, now: UnixMillis, rng: &mut dyn CryptoRng) {
        if self.state.has_power() && !had_power {
            self.lose_time(now, rng);
        }
        self.settle();
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
            authenticated: self.authenticated(),
            worn: self.worn(),
            low_battery: self.state.condition().battery.is_low(),
            ..Flags::default()
        };
        Some((
            held.band_id,
            Frame::signed(&held.pac_key, flags, counter, tail, TX_POWER_DBM),
        ))
    }

    /// The time step: since T_set, or since boot while the clock is lost.
    fn counter(&self, now: UnixMillis) -> Option<u32> {
        let setting = self.enrollment.as_ref()?.setting?;
        match self.lost {
            Some(lost) => setting.step_since_boot(now.since(lost.since)),
            None => setting.step(self.clock.at(now)),
        }
    }

    /// The UID that an NFC reader sees: that of the enrollment while authenticated, else four random
    /// bytes, new each time. None unless the band runs.
    pub fn nfc_tap(&self, rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let known = self.complete().filter(|_| self.authenticated());
        let uid = known.map(|held| held.nfc_uid);
        let uid = uid.unwrap_or_else(|| NfcUid::for_one_tap(rng.random()));
        self.state.runs().then(|| uid.as_bytes().to_vec())
    }

    /// Answers a terminal. None unless the band runs.
    pub fn handle_request(
        &mut self,
        now: UnixMillis,
        request: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        if !self.state.runs() {
            return None;
        }
        let reply = match BandRequest::from_bytes(request) {
            Ok(request) => self.answer(now, request, rng).unwrap_or_else(Into::into),
            Err(error) => BandRefusal::rule(error).into(),
        };
        Some(reply.to_bytes())
    }

    fn answer(
        &mut self,
        now: UnixMillis,
        request: BandRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<BandReply, BandRefusal> {
        match request {
            BandRequest::Describe => Ok(BandReply::Description(self.describe())),
            BandRequest::Enroll(offer) => {
                self.changed = true;
                self.enroll(rng, &offer).map(BandReply::Enrollment)
            }
            BandRequest::SetTime {
                t_set_ms,
                tag,
                t_interval_ms,
            } => {
                let request = SettingRequest {
                    t_set_ms,
                    tag: &tag,
                    t_interval_ms,
                };
                self.set_time(now, request).map(|()| BandReply::Done)
            }
            BandRequest::Session {
                id,
                sequence,
                records,
            } => {
                let records = self.session(now, id, sequence, &records, rng)?;
                Ok(BandReply::Session { records })
            }
        }
    }

    /// Whether something changed, since the last call, that must survive.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn describe(&self) -> BandDescription {
        BandDescription {
            serial_number: self.serial_number().to_string(),
            static_mac_address: *self.static_mac_address.as_bytes(),
            band_id: self.band_id().map(|id| *id.as_bytes()),
            firmware_version: self.state.build().firmware.to_string(),
            hardware_version: self.state.build().hardware.to_string(),
            nfc_uid: self.nfc_uid().map(<[u8]>::to_vec),
            authenticated: self.authenticated(),
            worn: self.worn(),
        }
    }
}
