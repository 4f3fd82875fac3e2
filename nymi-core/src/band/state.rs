//! What a band is at the moment, and what follows from it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::battery::Battery;
use super::fault::Fault;
use super::label::Label;
use super::screen::Screen;
use super::serial::{SerialNumber, Variant};
use super::version::{Feature, FirmwareFloors, FirmwareVersion, HardwareVersion, Model};

/// How a band was made, and the firmware on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The serial number on the casing; its first letter tells the variant.
    pub serial_number: SerialNumber,
    /// The hardware version that it reports.
    pub hardware: HardwareVersion,
    /// The firmware on it.
    pub firmware: FirmwareVersion,
}

impl Build {
    /// Which generation it is of.
    pub fn model(&self) -> Option<Model> {
        self.hardware.model()
    }

    /// What it has.
    pub fn variant(&self) -> Variant {
        self.serial_number.variant()
    }
}

/// What a band holds of its user, beside keys and the fingerprint template, which never leave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserData {
    /// Whose it is.
    pub label: Option<Label>,
    /// Whether a Band 3 looks for a heartbeat; written at enrollment and at log-in.
    pub liveness: bool,
    /// Whether the motor may run; written at enrollment and at log-in.
    pub haptics: bool,
    /// The key of the corporate credentials authenticator; made at enrollment or not at all.
    pub corporate_credentials: bool,
    /// The key that encrypts the user's password; without it the enrollment is not complete.
    pub security_app_key: bool,
    /// Registrations written, successful or not.
    pub registrations: u32,
    /// Keys that applications hold, each in the room of a registration.
    #[serde(default)]
    pub keys: u32,
}

impl UserData {
    const fn used(&self) -> u32 {
        self.registrations.saturating_add(self.keys)
    }
}

/// As the policy has it by default.
impl Default for UserData {
    fn default() -> Self {
        Self {
            label: None,
            liveness: false,
            haptics: true,
            corporate_credentials: false,
            security_app_key: true,
            registrations: 0,
            keys: 0,
        }
    }
}

/// Who a band belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum User {
    /// Nobody.
    #[default]
    None,
    /// An enrollment began and has not been completed.
    Partial(UserData),
    /// Somebody.
    Enrolled(UserData),
}

/// What changes in a band's life; all of it survives without power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Not yet woken since it left the factory.
    pub ship_mode: bool,
    /// The charge.
    pub battery: Battery,
    /// On a charger.
    pub on_charger: bool,
    /// On a wrist.
    pub worn: bool,
    /// A firmware updater is connected to it.
    pub updater: bool,
    /// The recovery firmware runs.
    pub recovery: bool,
    /// A fault condition that it can't clear alone.
    pub fault: Option<Fault>,
    /// The wearer authenticated and has not taken it off since.
    pub authenticated: bool,
    /// Fingerprint mismatches since the last success.
    pub mismatches: u32,
    /// Liveness failures since the last success.
    pub liveness_failures: u32,
    /// Template captures that failed in a row during this enrollment.
    pub captures_failed: u32,
    /// No attempt is accepted.
    pub locked_out: bool,
    /// Who it belongs to.
    pub user: User,
}

impl Condition {
    /// Unpacked, charged, nobody's.
    pub fn ready() -> Self {
        Self {
            ship_mode: false,
            battery: Battery::FULL,
            on_charger: false,
            worn: false,
            updater: false,
            recovery: false,
            fault: None,
            authenticated: false,
            mismatches: 0,
            liveness_failures: 0,
            captures_failed: 0,
            locked_out: false,
            user: User::None,
        }
    }

    /// As the vendor delivers it: a Band 3 sleeps in ship mode, a Band 4 (ANSI) is empty
    /// (Administration Guide, "Nymi Band configuration checklist for users").
    pub fn delivered(build: &Build) -> Self {
        let empty = build.variant().ansi();
        Self {
            ship_mode: build.model() == Some(Model::Band3),
            battery: if empty {
                Battery::EMPTY
            } else {
                Battery::AS_DELIVERED
            },
            ..Self::ready()
        }
    }
}

/// What the motor may run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HapticEvent {
    /// The wearer was not authenticated.
    AuthenticationFailed,
    /// The wearer was.
    Authenticated,
    /// The charging icon came up.
    PutOnCharger,
    /// An application tells the wearer something.
    Notified,
}

/// A band: how it was made, and how it is at the moment.
///
/// ```
/// use nymi_core::band::{BandState, Build, Condition, Finger, Screen, UserData};
///
/// let build = Build {
///     serial_number: "ACAK-00056".parse().unwrap(),
///     hardware: "14.00".parse().unwrap(),
///     firmware: "4.11.1.2".parse().unwrap(),
/// };
/// let mut band = BandState::new(build, Condition::ready());
/// assert_eq!(band.screen().rows(), ["NO USER"]);
/// band.begin_enrollment(UserData::default()).unwrap();
/// band.complete_enrollment().unwrap();
/// band.put_on();
/// assert_eq!(band.touch(Finger::Other).screen, Screen::NoMatch);
/// assert!(band.touch(Finger::Right { ecg: true }).result.is_ok());
/// assert!(band.authenticated());
/// band.take_off();
/// assert!(!band.authenticated());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandState {
    pub(super) build: Build,
    pub(super) floors: FirmwareFloors,
    pub(super) registrations: u32,
    pub(super) is: Condition,
}

/// How many registrations a band has room for, unless told otherwise. The guides give no number.
pub const REGISTRATIONS: u32 = 32;

impl BandState {
    /// A band in this condition. What can't be at once is mended: nobody is authenticated on a band
    /// that is not worn, not enrolled, locked out or not running.
    pub fn new(build: Build, condition: Condition) -> Self {
        let mut state = Self {
            build,
            floors: FirmwareFloors::default(),
            registrations: REGISTRATIONS,
            is: condition,
        };
        let may_be = state.is.worn && state.enrolled() && !state.is.locked_out && state.runs();
        state.is.authenticated &= may_be;
        state
    }

    /// The same band under other limits.
    #[must_use]
    pub fn with_limits(self, floors: FirmwareFloors, registrations: u32) -> Self {
        Self {
            floors,
            registrations,
            ..self
        }
    }

    /// How it was made, and its firmware.
    pub const fn build(&self) -> &Build {
        &self.build
    }

    /// How it is, to be kept.
    pub const fn condition(&self) -> &Condition {
        &self.is
    }

    /// On a wrist.
    pub const fn worn(&self) -> bool {
        self.is.worn
    }

    /// The wearer authenticated and has not taken it off since: only then it says who it is.
    pub const fn authenticated(&self) -> bool {
        self.is.authenticated
    }

    /// No attempt is accepted.
    pub const fn locked_out(&self) -> bool {
        self.is.locked_out
    }

    /// It has a user.
    pub const fn enrolled(&self) -> bool {
        matches!(self.is.user, User::Enrolled(_))
    }

    /// It has a user, and every key that belongs to one.
    pub fn enrollment_is_whole(&self) -> bool {
        matches!(&self.is.user, User::Enrolled(user) if user.security_app_key)
    }

    /// What it holds of its user, of half an enrollment too.
    pub const fn user(&self) -> Option<&UserData> {
        match &self.is.user {
            User::None => None,
            User::Partial(user) | User::Enrolled(user) => Some(user),
        }
    }

    /// The same, to be written to: what a log-in to the Band Application brings.
    pub const fn user_mut(&mut self) -> Option<&mut UserData> {
        match &mut self.is.user {
            User::None => None,
            User::Partial(user) | User::Enrolled(user) => Some(user),
        }
    }

    /// There is charge, or a charger.
    pub fn has_power(&self) -> bool {
        !self.is.battery.is_empty() || self.is.on_charger
    }

    /// The fault that the screen shows. Charge that is critically low is one, until it is charged.
    pub fn fault(&self) -> Option<Fault> {
        let low = self.is.battery.is_critical().then_some(Fault::BATTERY);
        self.is.fault.or(low).filter(|_| self.has_power())
    }

    /// The ordinary firmware runs: it has power and is awake, without fault and not in recovery.
    pub fn runs(&self) -> bool {
        self.has_power() && !self.is.ship_mode && !self.is.recovery && self.fault().is_none()
    }

    /// It sends presence frames: it runs, has a user and is worn.
    pub fn advertises(&self) -> bool {
        self.runs() && self.enrolled() && self.is.worn
    }

    /// Whether it looks for a heartbeat beside the finger: Band 3 only, if its user's policy has it,
    /// and always if its firmware can't leave it out (Administration Guide, 4.3.5).
    pub fn checks_liveness(&self) -> bool {
        let switchable = self.supports(Feature::SwitchableLiveness);
        let wanted = self.user().is_some_and(|user| user.liveness);
        self.build.model() == Some(Model::Band3) && (wanted || !switchable)
    }

    /// Whether it has a feature.
    pub fn supports(&self, feature: Feature) -> bool {
        let (model, firmware) = (self.build.model(), self.build.firmware);
        self.floors.supports(feature, model, firmware)
    }

    /// Whether the motor runs for an event: if there is one, and the user's policy does not forbid it
    /// (Administration Guide, 4.2.11).
    pub fn vibrates(&self, _event: HapticEvent) -> bool {
        let allowed = self.user().is_none_or(|user| user.haptics);
        self.build.variant().motor && allowed && self.runs()
    }

    /// The resting screen.
    pub fn screen(&self) -> Screen {
        if !self.has_power() || self.is.ship_mode {
            return Screen::Blank;
        }
        if let Some(fault) = self.fault() {
            return Screen::Fault(fault);
        }
        if self.is.recovery {
            return Screen::Recovery;
        }
        if self.is.locked_out {
            return Screen::SeeAdmin;
        }
        if self.is.on_charger {
            return Screen::Charging;
        }
        match (&self.is.user, self.is.worn) {
            (User::None, false) => Screen::NoUser,
            (User::None, true) => Screen::SetupCode,
            (User::Partial(_), false) => Screen::NoUser,
            (User::Partial(_), true) => Screen::AddUser,
            (User::Enrolled(_), true) if !self.is.authenticated => Screen::Finger,
            (User::Enrolled(user), _) => match &user.label {
                Some(label) => Screen::Label(label.clone()),
                None => Screen::Ready,
            },
        }
    }

    /// Put on a wrist; off the charger, if it was there.
    pub fn put_on(&mut self) {
        self.is.on_charger = false;
        self.is.worn = true;
    }

    /// Taken off: that ends authentication, and nothing else.
    pub fn take_off(&mut self) {
        self.is.worn = false;
        self.is.authenticated = false;
    }

    /// So many taps over the hours of a workday; an empty battery ends authentication.
    pub fn work(&mut self, taps: u32) {
        let charge = self.is.battery.after_taps(self.build.variant(), taps);
        self.set_battery(charge);
    }

    /// Sets the charge; a band that stops forgets that its wearer authenticated.
    pub fn set_battery(&mut self, charge: Battery) {
        self.is.battery = charge;
        self.is.authenticated &= self.runs();
    }

    /// The firmware meets a condition that it can't clear; it forgets that its wearer authenticated.
    pub fn fail(&mut self, fault: Fault) {
        self.is.fault = Some(fault);
        self.is.authenticated = false;
    }

    /// Wipes all of the user: keys, template, label and registrations. A lockout stays, or anybody
    /// could clear one.
    pub fn delete_user_data(&mut self) {
        self.is.user = User::None;
        self.is.authenticated = false;
        self.is.captures_failed = 0;
    }

    /// Back to the factory's state, a lockout forgotten too.
    pub fn reset(&mut self) {
        self.delete_user_data();
        self.is.mismatches = 0;
        self.is.liveness_failures = 0;
        self.is.locked_out = false;
        self.is.fault = None;
        self.is.recovery = false;
    }

    /// Writes a registration for another NES or application.
    ///
    /// # Errors
    /// There is no room; the band stays as usable as it was.
    pub fn register(&mut self) -> Result<(), OutOfMemory> {
        let room = self.registrations;
        match self.user_mut() {
            Some(user) if user.used() < room => {
                user.registrations += 1;
                Ok(())
            }
            _ => Err(OutOfMemory),
        }
    }

    /// Takes the room of one more key of an application.
    ///
    /// # Errors
    /// There is no room; the band stays as usable as it was.
    pub fn take_key_room(&mut self) -> Result<(), OutOfMemory> {
        let room = self.registrations;
        match self.user_mut() {
            Some(user) if user.used() < room => {
                user.keys += 1;
                Ok(())
            }
            _ => Err(OutOfMemory),
        }
    }

    /// Gives the room of a key back, which a registration does not.
    pub const fn give_key_room(&mut self) {
        if let Some(user) = self.user_mut() {
            user.keys = user.keys.saturating_sub(1);
        }
    }
}

/// A registration for which the band has no room; the text is the one that users see
/// (Troubleshooting Guide, "Insufficient memory on the Nymi Band to support the registration").
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Insufficient memory on the Nymi Band to support the registration")]
pub struct OutOfMemory;

/// Screens in the order in which they come up.
pub type Screens = Vec<Screen>;
