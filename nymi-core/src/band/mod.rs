//! The band: what one is, what it does on wrist and charger, and what terminals say to it.
//!
//! | part | rules |
//! | --- | --- |
//! | [`SerialNumber`], [`Variant`] | the first letter tells motor, Seos and Legic |
//! | [`HardwareVersion`], [`FirmwareVersion`], [`FirmwareFloors`] | generations, and what needs which firmware |
//! | [`BandState`] | wrist, finger, heartbeat, lockout, enrollment, charger, gestures, recovery, screen |
//! | [`Battery`], [`Label`], [`NfcUid`], [`new_band_id`] | charge, the two rows, what readers and radios see |
//! | [`FAULTS`] | fault codes and what helps |
//! | [`FirmwareGrade`], [`enrollment_agree`], [`ClockSetting`] | whom a band trusts, its keys, its clock |
//! | [`BandRequest`], [`BandReply`] | the messages |
//! | [`session`] | what applications ask in private, and whose keys are whose |
//!
//! Messages are CBOR (RFC 8949), carried by the endpoint: one request, one reply. Enrollment runs in
//! the clear: nothing in it is secret, the band checks the certificates it is shown, and the server
//! checks `confirm`. What uses the keys in a band runs in a session.
//!
//! All of it is pure: a band in hardware, and the virtual one, bring clock, random bytes and radio.
//!
//! ```
//! use nymi_core::band::*;
//!
//! let build = Build {
//!     serial_number: "AAAH-00125".parse()?,
//!     hardware: "10.00".parse()?,
//!     firmware: "4.11.1.2".parse()?,
//! };
//! let mut band = BandState::new(build, Condition::ready());
//! band.begin_enrollment(UserData::default())?;
//! assert_eq!(band.complete_enrollment(), Ok(()));
//! assert!(!band.authenticated() && !band.advertises());
//!
//! band.put_on();
//! assert_eq!(band.touch(Finger::Other).result, Err(AuthenticationError::NoMatch));
//! assert_eq!(band.touch(Finger::Right { ecg: true }).result, Ok(()));
//! assert!(band.authenticated() && band.advertises());
//! band.take_off();
//! assert!(!band.authenticated());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod authentication;
mod battery;
mod charger;
mod clock;
mod enrollment;
mod fault;
mod label;
mod protocol;
mod screen;
mod serial;
mod state;
mod version;

pub mod session;

pub use address::{NfcUid, factory_address, new_band_id};
pub use authentication::{
    AuthenticationError, EnrollmentError, Feedback, Finger, LIVENESS_MS, LOCKOUT_CAPTURES,
    LOCKOUT_FAILURES, MATCH_MS,
};
pub use battery::{Battery, BatteryError, TAPS_PER_DAY};
pub use charger::{DowngradeError, Gesture, RECOVERY_BAND_3_S, RECOVERY_BAND_4_S, RESTART_S};
pub use clock::{ClockSetting, SettingRequest};
pub use enrollment::{BandRefusal, Drawn, FirmwareGrade, agree as enrollment_agree};
pub use fault::{FAULTS, Fault, FaultAction, FaultCode, FaultCodeError, FaultRow};
pub use label::{Label, LabelError};
pub use protocol::{
    BandDescription, BandMessageError, BandReply, BandRequest, EnrollmentAnswer, EnrollmentOffer,
    MAX_BAND_MESSAGE,
};
pub use screen::{ECG_ADVICE, FAILURES_WITHOUT_ADVICE, FINGER_ADVICE, Screen};
pub(crate) use serial::SERIAL_NUMBER_RULE;
pub use serial::{SerialNumber, SerialNumberError, Variant};
pub use state::{
    BandState, Build, Condition, HapticEvent, OutOfMemory, REGISTRATIONS, Screens, User, UserData,
};
pub use version::{Feature, FirmwareFloors, FirmwareVersion, HardwareVersion, Model, VersionError};
