//! Too many failures, and what clears a lockout.

use nymi_core::band::{
    AuthenticationError, BandState, Battery, Condition, EnrollmentError, Finger, Screen, User,
    UserData,
};

use super::{RIGHT, band_3, band_4, worn};

fn locked(credentials: bool) -> BandState {
    let user = UserData {
        corporate_credentials: credentials,
        ..UserData::default()
    };
    let mut band = worn(band_4(), user);
    for _ in 0..50 {
        band.touch(Finger::Other);
    }
    band
}

#[test]
fn the_fiftieth_mismatch_in_a_row_locks() {
    let mut band = worn(band_4(), UserData::default());
    for _ in 0..49 {
        assert_eq!(
            band.touch(Finger::Other).result,
            Err(AuthenticationError::NoMatch)
        );
    }
    assert!(band.touch(RIGHT).result.is_ok(), "49 are forgiven");
    for _ in 0..49 {
        band.touch(Finger::Other);
    }
    assert!(
        band.authenticated(),
        "an authenticated wearer stays one until then"
    );
    let last = band.touch(Finger::Other);
    assert_eq!(last.result, Err(AuthenticationError::LockedOut));
    assert_eq!(last.screen.icon(), Some("See Admin"));
    assert!(band.locked_out() && !band.authenticated());
    assert_eq!(
        band.touch(RIGHT).result,
        Err(AuthenticationError::LockedOut)
    );
    assert_eq!(band.screen(), Screen::SeeAdmin);
}

#[test]
fn a_missing_heartbeat_never_locks() {
    let user = UserData {
        liveness: true,
        ..UserData::default()
    };
    let mut band = worn(band_3(), user);
    for _ in 0..200 {
        band.touch(Finger::Right { ecg: false });
    }
    assert!(!band.locked_out());
    for _ in 0..49 {
        band.touch(Finger::Other);
    }
    band.touch(Finger::Right { ecg: false });
    assert!(!band.locked_out());
    band.touch(Finger::Other);
    assert!(band.locked_out(), "only a success starts the count anew");
}

#[test]
fn it_survives_take_off_an_empty_battery_charging_and_a_restart() {
    let mut band = locked(false);
    band.take_off();
    band.set_battery(Battery::EMPTY);
    band.put_on_charger();
    band.charge(7_200_000);
    assert_eq!(band.screen(), Screen::SeeAdmin, "while charging, too");
    let kept = band.condition().clone();
    let mut band = BandState::new(band_4(), kept);
    band.put_on();
    assert_eq!(
        band.touch(RIGHT).result,
        Err(AuthenticationError::LockedOut)
    );
}

#[test]
fn another_enrollment_or_credentials_clear_it_and_nothing_else() {
    let mut band = locked(true);
    band.authenticate_by_credentials().unwrap();
    assert!(band.authenticated() && !band.locked_out());
    assert_eq!(
        band.touch(Finger::Other).screen,
        Screen::NoMatch,
        "counted from the beginning"
    );

    let mut band = locked(false);
    let refused = band.authenticate_by_credentials();
    assert_eq!(refused, Err(AuthenticationError::NoAuthenticator));
    assert!(band.locked_out());
    let refused = band.begin_enrollment(UserData::default());
    assert_eq!(refused, Err(EnrollmentError::Enrolled));
    band.delete_user_data();
    assert!(band.locked_out(), "deleting the user's data alone does not");
    band.begin_enrollment(UserData::default()).unwrap();
    band.complete_enrollment().unwrap();
    assert!(band.touch(RIGHT).result.is_ok());
}

#[test]
fn three_failed_captures_end_an_enrollment() {
    let mut band = BandState::new(band_4(), Condition::ready());
    band.put_on();
    assert_eq!(band.capture(true), Err(EnrollmentError::NotBegun));
    band.begin_enrollment(UserData::default()).unwrap();
    for succeeded in [false, false, true, false, false] {
        assert_eq!(band.capture(succeeded), Ok(()), "not three in a row");
    }
    assert_eq!(band.capture(false), Err(EnrollmentError::LockedOut));
    assert_eq!(band.screen(), Screen::SeeAdmin);
    assert_eq!(band.condition().user, User::None);
    assert_eq!(band.capture(true), Err(EnrollmentError::LockedOut));
    assert_eq!(band.complete_enrollment(), Err(EnrollmentError::NotBegun));
    band.begin_enrollment(UserData::default()).unwrap();
    assert!(!band.locked_out());
}
