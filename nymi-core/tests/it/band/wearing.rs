//! On the wrist: finger, heartbeat, credentials, motor, keys, screens.

use nymi_core::band::{
    AuthenticationError, BandState, Battery, Condition, ECG_ADVICE, EnrollmentError, FINGER_ADVICE,
    Feature, Finger, FirmwareFloors, HapticEvent, Label, OutOfMemory, Screen, User, UserData,
};

use super::{RIGHT, ansi, band_3, band_4, build, worn};

#[test]
fn only_between_finger_and_take_off_it_is_authenticated() {
    let mut band = worn(band_4(), UserData::default());
    assert!(!band.authenticated());
    assert_eq!(band.touch(RIGHT).result, Ok(()));
    assert!(band.authenticated());
    band.take_off();
    assert!(!band.authenticated());
    assert_eq!(band.touch(RIGHT).result, Err(AuthenticationError::NotWorn));
    band.put_on();
    assert!(!band.authenticated(), "putting it on proves nothing");
}

#[test]
fn a_worn_band_with_a_user_advertises() {
    let mut band = worn(band_4(), UserData::default());
    assert!(band.advertises());
    band.take_off();
    assert!(!band.advertises());
}

#[test]
fn an_installation_may_set_the_floor_of_a_feature() {
    let floors = FirmwareFloors {
        switchable_liveness: "4.12".parse().unwrap(),
        ..FirmwareFloors::default()
    };
    let band = BandState::new(band_3(), Condition::ready()).with_limits(floors, 1);
    assert!(!band.supports(Feature::SwitchableLiveness));
    assert!(band.checks_liveness());
}

#[test]
fn each_picture_has_its_screen() {
    for (screen, icon) in [
        (Screen::Charging, "charging"),
        (Screen::Deleting, "progress bar"),
        (Screen::NoUser, "battery"),
        (Screen::Finger, "fingerprint"),
        (Screen::Ready, "check mark"),
        (Screen::SeeAdmin, "See Admin"),
    ] {
        assert_eq!(screen.icon(), Some(icon));
    }
    assert_eq!(Screen::Blank.icon(), None);
}

#[test]
fn mismatches_are_named_and_from_the_fourth_on_advised() {
    for build in [band_3(), band_4()] {
        let mut band = worn(build, UserData::default());
        let shown: Vec<Screen> = (0..6)
            .map(|_| {
                let feedback = band.touch(Finger::Other);
                assert_eq!(feedback.result, Err(AuthenticationError::NoMatch));
                assert_eq!(feedback.after_ms, 1000);
                feedback.screen
            })
            .collect();
        assert!(
            shown[..3]
                .iter()
                .all(|screen| screen.rows() == ["NO MATCH"])
        );
        assert_eq!(shown[3..], FINGER_ADVICE.map(Screen::Advice));
        assert!(band.touch(RIGHT).result.is_ok());
        assert_eq!(
            band.touch(Finger::Other).screen,
            Screen::NoMatch,
            "success starts over"
        );
    }
}

#[test]
fn a_band_3_looks_for_a_heartbeat_if_the_policy_says_so() {
    let no_ecg = Finger::Right { ecg: false };
    let liveness = UserData {
        liveness: true,
        ..UserData::default()
    };
    let mut band = worn(band_3(), liveness.clone());
    let shown: Vec<_> = (0..6).map(|_| band.touch(no_ecg)).collect();
    for feedback in &shown {
        assert_eq!(feedback.result, Err(AuthenticationError::NoEcg));
        assert_eq!(feedback.after_ms, 13_000);
        assert!(feedback.vibrates);
    }
    assert!(
        shown[..3]
            .iter()
            .all(|feedback| feedback.screen.rows() == ["NO ECG"])
    );
    let advised: Vec<_> = shown[3..]
        .iter()
        .map(|feedback| feedback.screen.clone())
        .collect();
    assert_eq!(advised, ECG_ADVICE.map(Screen::Advice));
    assert!(!band.authenticated());
    assert!(band.touch(RIGHT).result.is_ok());

    assert!(
        worn(band_4(), liveness).touch(no_ecg).result.is_ok(),
        "a Band 4 never asks"
    );
    assert!(
        worn(band_3(), UserData::default())
            .touch(no_ecg)
            .result
            .is_ok()
    );
    let old = build("AAAH-00125", "10.00", "3.9.9");
    let old = worn(old, UserData::default()).touch(no_ecg).result;
    assert_eq!(
        old,
        Err(AuthenticationError::NoEcg),
        "too old to leave it out"
    );
    let floor = build("AAAH-00125", "10.00", "4.0");
    assert!(
        worn(floor, UserData::default())
            .touch(no_ecg)
            .result
            .is_ok()
    );
}

#[test]
fn the_motor_runs_unless_there_is_none_or_the_policy_forbids_it() {
    let mut on = worn(band_4(), UserData::default());
    assert!(on.touch(Finger::Other).vibrates);
    on.user_mut().unwrap().haptics = false;
    assert!(!on.touch(Finger::Other).vibrates);
    assert!(!on.touch(RIGHT).vibrates);
    let mut none = worn(ansi(), UserData::default());
    assert!(!none.touch(Finger::Other).vibrates && !none.put_on_charger().1);
    for event in [
        HapticEvent::AuthenticationFailed,
        HapticEvent::Authenticated,
        HapticEvent::PutOnCharger,
    ] {
        assert!(!none.vibrates(event));
    }
    assert!(
        BandState::new(band_4(), Condition::ready())
            .put_on_charger()
            .1
    );
}

#[test]
fn credentials_work_with_an_authenticator_and_a_wrist() {
    let with = UserData {
        corporate_credentials: true,
        ..UserData::default()
    };
    let mut band = worn(band_3(), with);
    band.authenticate_by_credentials().unwrap();
    assert!(band.authenticated());
    band.take_off();
    let refused = band.authenticate_by_credentials();
    assert_eq!(refused, Err(AuthenticationError::NotWorn));
    let mut without = worn(band_4(), UserData::default());
    let refused = without.authenticate_by_credentials();
    assert_eq!(refused, Err(AuthenticationError::NoAuthenticator));
    assert!(!without.authenticated());
}

#[test]
fn without_its_key_for_passwords_an_enrollment_is_not_whole() {
    let mut band = worn(band_4(), UserData::default());
    assert!(band.enrollment_is_whole());
    band.user_mut().unwrap().security_app_key = false;
    assert!(band.enrolled() && !band.enrollment_is_whole());
}

#[test]
fn the_screen_tells_who_it_belongs_to() {
    let mut band = BandState::new(band_4(), Condition::ready());
    assert_eq!(band.screen().rows(), ["NO USER"]);
    assert_eq!(band.screen().icon(), Some("battery"));
    band.put_on();
    assert_eq!(band.screen(), Screen::SetupCode);
    let label = Label::of_user("ABCDEFGHIJKLMNOPQRST");
    let user = UserData {
        label,
        ..UserData::default()
    };
    band.begin_enrollment(user).unwrap();
    assert_eq!(
        band.screen().rows(),
        ["Add User"],
        "half an enrollment, worn"
    );
    band.take_off();
    assert_eq!(band.screen().rows(), ["NO USER"]);
    band.put_on();
    band.complete_enrollment().unwrap();
    assert_eq!(band.screen(), Screen::Finger);
    band.touch(RIGHT);
    assert_eq!(band.screen().rows(), ["ABCDEF", "GHIJKL"]);
}

#[test]
fn a_full_memory_refuses_and_the_band_stays_usable() {
    let limit = 3;
    let band = worn(band_4(), UserData::default());
    let mut band = band.with_limits(Default::default(), limit);
    for _ in 0..limit {
        band.register().unwrap();
    }
    let refused = band.register().unwrap_err();
    assert_eq!(refused, OutOfMemory);
    assert_eq!(
        refused.to_string(),
        "Insufficient memory on the Nymi Band to support the registration"
    );
    assert!(band.touch(RIGHT).result.is_ok());
    band.delete_user_data();
    band.begin_enrollment(UserData::default()).unwrap();
    assert_eq!(band.register(), Ok(()), "deleting makes room");
    assert!(
        BandState::new(band_4(), Condition::ready())
            .register()
            .is_err()
    );
}

#[test]
fn an_enrolled_band_takes_no_other_user() {
    let mut band = worn(band_4(), UserData::default());
    let refused = band.begin_enrollment(UserData::default());
    assert_eq!(refused, Err(EnrollmentError::Enrolled));
    band.delete_user_data();
    assert_eq!(band.condition().user, User::None);
    assert_eq!(band.complete_enrollment(), Err(EnrollmentError::NotBegun));
    assert_eq!(band.begin_enrollment(UserData::default()), Ok(()));
}

#[test]
fn a_condition_that_cannot_be_is_mended() {
    let band = worn(band_4(), UserData::default());
    let claims = Condition {
        authenticated: true,
        ..band.condition().clone()
    };
    assert!(BandState::new(band_4(), claims.clone()).authenticated());
    for impossible in [
        Condition {
            worn: false,
            ..claims.clone()
        },
        Condition {
            locked_out: true,
            ..claims.clone()
        },
        Condition {
            user: User::None,
            ..claims.clone()
        },
        Condition {
            battery: Battery::EMPTY,
            ..claims.clone()
        },
        Condition {
            recovery: true,
            ..claims
        },
    ] {
        assert!(!BandState::new(band_4(), impossible).authenticated());
    }
}
