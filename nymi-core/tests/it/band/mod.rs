//! What a band is and does, rule by rule.

mod charger;
mod identity;
mod lockout;
mod messages;
mod model;
mod session;
mod wearing;

use nymi_core::band::{BandState, Build, Condition, Finger, UserData};

/// What a serial number, hardware and firmware version make.
pub(super) fn build(serial: &str, hardware: &str, firmware: &str) -> Build {
    Build {
        serial_number: serial.parse().unwrap(),
        hardware: hardware.parse().unwrap(),
        firmware: firmware.parse().unwrap(),
    }
}

pub(super) fn band_3() -> Build {
    build("AAAH-00125", "10.00", "4.11.1.2")
}

pub(super) fn band_4() -> Build {
    build("ACAK-00056", "14.00", "4.11.1.2")
}

pub(super) fn ansi() -> Build {
    build("GEXX-1234", "14.00", "4.11.1.2")
}

/// Enrolled with this data, and worn.
pub(super) fn worn(build: Build, user: UserData) -> BandState {
    let mut band = BandState::new(build, Condition::ready());
    band.begin_enrollment(user).unwrap();
    band.complete_enrollment().unwrap();
    band.put_on();
    band
}

/// The right finger, with a heartbeat.
pub(super) const RIGHT: Finger = Finger::Right { ecg: true };
