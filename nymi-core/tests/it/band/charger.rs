//! Delivery, battery, gestures, faults, recovery and firmware.

use nymi_core::band::{
    AuthenticationError, BandState, Battery, Build, Condition, EnrollmentError, FAULTS, Fault,
    FaultAction, FaultCode, Gesture, Screen, TAPS_PER_DAY, User, UserData,
};
use nymi_core::catalogue;

use super::{RIGHT, ansi, band_3, band_4, worn};

fn on_charger(build: Build) -> BandState {
    let mut band = worn(build, UserData::default());
    band.put_on_charger();
    band
}

fn fault(code: &str) -> Fault {
    Fault {
        code: code.parse().unwrap(),
        line: 1234,
    }
}

#[test]
fn a_band_3_is_silent_until_its_button_wakes_it() {
    let mut band = BandState::new(band_3(), Condition::delivered(&band_3()));
    assert_eq!(band.screen(), Screen::Blank);
    assert!(band.begin_enrollment(UserData::default()).is_err());
    band.press(Gesture::Bottom);
    assert_eq!(band.screen(), Screen::Blank);
    assert_eq!(band.press(Gesture::Top), [Screen::NoUser]);
    assert_eq!(
        band.begin_enrollment(UserData::default()),
        Ok(()),
        "charged enough"
    );
}

#[test]
fn a_band_4_ansi_is_enrolled_after_half_an_hour_on_the_charger() {
    let mut band = BandState::new(ansi(), Condition::delivered(&ansi()));
    assert_eq!(
        band.begin_enrollment(UserData::default()),
        Err(EnrollmentError::ChargeFirst)
    );
    band.put_on_charger();
    band.charge(29 * 60_000 + 59_999);
    assert_eq!(
        band.begin_enrollment(UserData::default()),
        Err(EnrollmentError::ChargeFirst)
    );
    band.charge(1);
    assert_eq!(band.begin_enrollment(UserData::default()), Ok(()));
    let mut other = BandState::new(band_4(), Condition::delivered(&band_4()));
    assert_eq!(other.begin_enrollment(UserData::default()), Ok(()));
}

#[test]
fn other_bands_are_enrolled_with_less() {
    for build in [band_3(), band_4()] {
        let little = Condition {
            battery: Battery::try_from(1_000_000).unwrap(),
            ..Condition::ready()
        };
        assert_eq!(BandState::new(build, little).may_enroll(), Ok(()));
    }
}

#[test]
fn a_band_is_low_below_a_tenth() {
    let low = |ms| Battery::try_from(ms).unwrap().is_low();
    assert!(low(719_999) && !low(720_000));
}

#[test]
fn a_full_charge_takes_two_hours_and_lasts_three_days_or_two() {
    assert!(Battery::EMPTY.after_charging(7_199_999) < Battery::FULL);
    assert_eq!(Battery::EMPTY.after_charging(u32::MAX), Battery::FULL);
    for (build, days) in [(band_4(), 3), (band_3(), 3), (ansi(), 2)] {
        let mut band = worn(build, UserData::default());
        for day in 1..=days {
            assert!(band.runs(), "day {day}");
            band.work(TAPS_PER_DAY);
        }
        assert!(!band.runs() && !band.has_power());
        assert_eq!(band.screen(), Screen::Blank);
    }
}

#[test]
fn a_critically_low_band_shows_6000d_and_recovers_by_charging() {
    let mut band = worn(band_4(), UserData::default());
    band.touch(RIGHT);
    band.work(892);
    assert_eq!(band.screen(), Screen::Fault(Fault::BATTERY));
    assert!(!band.authenticated() && !band.advertises());
    assert_eq!(
        band.touch(RIGHT).result,
        Err(AuthenticationError::BatteryEmpty)
    );
    band.put_on_charger();
    assert_eq!(band.screen().rows()[0], "0x6000D");
    band.press(Gesture::HoldTop { seconds: 15 });
    assert_eq!(
        band.screen().rows()[0],
        "0x6000D",
        "a restart does not charge it"
    );
    band.charge(5 * 60_000);
    assert_eq!(band.screen(), Screen::Charging);
    assert!(band.enrolled(), "and nothing is lost");
    assert!(Battery::FULL.after_taps(band_4().variant(), 820).is_low());
    assert!(!Battery::FULL.is_low());
}

#[test]
fn each_model_shows_its_firmware_by_its_own_gesture() {
    let version = Screen::Version("4.11.1.2".parse().unwrap());
    assert_eq!(
        on_charger(band_3()).press(Gesture::TopAndBottom)[0],
        version
    );
    assert_eq!(
        on_charger(band_4()).press(Gesture::SensorThrice)[0],
        version
    );
    assert_eq!(version.rows(), ["4.11.1.2"]);
    assert!(
        !on_charger(band_4())
            .press(Gesture::TopAndBottom)
            .contains(&version)
    );
    assert!(
        !on_charger(band_3())
            .press(Gesture::SensorThrice)
            .contains(&version)
    );
    let off = worn(band_3(), UserData::default()).press(Gesture::TopAndBottom);
    assert!(!off.contains(&version), "on the charger only");
}

#[test]
fn delete_user_data_is_blocked_by_a_connected_updater() {
    let mut band = on_charger(band_3());
    band.register().unwrap();
    band.connect_updater(true);
    assert_eq!(
        band.press(Gesture::Bottom),
        [Screen::Deleting, Screen::Charging]
    );
    assert!(band.enrolled());
    band.connect_updater(false);
    assert_eq!(
        band.press(Gesture::Bottom),
        [Screen::Deleting, Screen::Charging]
    );
    assert_eq!(band.condition().user, User::None);
    band.take_from_charger();
    assert_eq!(band.screen(), Screen::NoUser);
}

#[test]
fn a_band_that_does_not_run_deletes_nothing_at_its_button() {
    let mut band = on_charger(band_3());
    band.fail(fault("0xD001D"));
    assert!(!band.press(Gesture::Bottom).contains(&Screen::Deleting));
    assert!(band.enrolled());
}

#[test]
fn the_factorys_state_has_no_user_no_lockout_and_no_fault() {
    let mut band = BandState::new(
        band_3(),
        Condition {
            locked_out: true,
            mismatches: 4,
            liveness_failures: 4,
            recovery: true,
            fault: Some(fault("80003")),
            user: User::Enrolled(UserData::default()),
            ..Condition::ready()
        },
    );
    band.reset();
    assert_eq!(*band.condition(), Condition::ready());
}

#[test]
fn recovery_begins_and_ends_by_each_models_gesture_and_deletes_the_user() {
    let both = |seconds| Gesture::HoldTopAndBottom { seconds };
    let charger = |seconds| Gesture::HoldCharger { seconds };
    let top = |seconds| Gesture::HoldTop { seconds };
    for (build, short, begins, ends_not, ends, foreign) in [
        (band_3(), both(19), both(20), top(9), top(10), charger(30)),
        (
            band_4(),
            charger(9),
            charger(10),
            charger(9),
            charger(10),
            both(30),
        ),
    ] {
        let mut band = on_charger(build);
        for gesture in [short, foreign] {
            band.press(gesture);
            assert!(band.enrolled(), "{gesture:?}");
        }
        assert_eq!(band.press(begins), [Screen::Recovering, Screen::Recovery]);
        assert_eq!(band.condition().user, User::None);
        assert!(!band.runs());
        assert_eq!(band.press(ends_not), [Screen::Recovery]);
        assert_eq!(band.press(ends), [Screen::Boot, Screen::Charging]);
        assert!(band.runs() && !band.enrolled());
    }
    let mut broken = worn(band_4(), UserData::default());
    broken.begin_recovery();
    assert_eq!(
        broken.screen().rows(),
        ["RECOVERY"],
        "the bootloader does so, too"
    );
    assert!(!broken.enrolled() && !broken.authenticated());
}

#[test]
fn older_firmware_needs_recovery() {
    let mut band = on_charger(band_3());
    let (old, new) = ("4.9".parse().unwrap(), "4.12".parse().unwrap());
    let refused = band.install(old).unwrap_err();
    assert!(refused.to_string().contains("RECOVERY"), "{refused}");
    let same = band.build().firmware;
    assert!(band.install(same).is_ok(), "the same again is not older");
    assert!(band.enrolled());
    band.press(Gesture::HoldTopAndBottom { seconds: 20 });
    band.install(old).unwrap();
    assert_eq!(band.build().firmware, old);
    assert!(band.runs() && !band.enrolled());
    band.install(new).unwrap();
    assert_eq!(band.build().firmware, new);
}

#[test]
fn a_fault_screen_is_a_hex_code_and_a_decimal_line_and_a_restart_clears_it() {
    let mut band = worn(band_3(), UserData::default());
    band.touch(RIGHT);
    band.fail(fault("0xD001D"));
    assert_eq!(band.screen().rows(), ["0xD001D", "1234"]);
    assert!(!band.authenticated());
    assert_eq!(
        band.touch(RIGHT).result,
        Err(AuthenticationError::NotRunning)
    );
    band.press(Gesture::HoldTop { seconds: 12 });
    assert!(band.fault().is_some(), "on the charger only");
    band.put_on_charger();
    let shown = band.press(Gesture::HoldTop { seconds: 12 });
    assert_eq!(shown, [Screen::Blank, Screen::Boot, Screen::Charging]);
    assert!(band.enrolled(), "a restart deletes nothing");
    band.fail(fault("80003"));
    band.press(Gesture::HoldTop { seconds: 12 });
    assert_eq!(
        band.screen().rows()[0],
        "0x80003",
        "a broken part stays broken"
    );
}

#[test]
fn the_fault_table_is_the_guides() {
    assert_eq!(FAULTS.iter().map(|row| row.codes.len()).sum::<usize>(), 23);
    let restart = "D001D D000B D0009 B000 60002 60003 80002 00001 00008 00013 E0003 E0007 140005 \
                   190003 19000B";
    let give_back = "110 D0015 60001 80003 90005 E0001 140001";
    for (codes, action) in [
        (restart, FaultAction::Restart),
        (give_back, FaultAction::Return),
        ("6000D", FaultAction::Charge),
    ] {
        for code in codes.split_ascii_whitespace() {
            let row = FAULTS.iter().find(|row| row.codes.contains(&code)).unwrap();
            assert_eq!(row.action, action, "{code}");
        }
    }
}

#[test]
fn every_code_is_found_and_explained() {
    for row in &FAULTS {
        for code in row.codes {
            let whole = if row.prefix && code.len() < 5 {
                format!("{code:0<5}")
            } else {
                (*code).to_owned()
            };
            let parsed: FaultCode = whole.parse().unwrap();
            assert_eq!(parsed.row(), Some(row), "{code}");
            let found = catalogue::entries().iter().any(|entry| {
                entry
                    .message
                    .trim_start_matches("0x")
                    .eq_ignore_ascii_case(code)
            });
            assert!(found, "{code} is in the catalogue");
        }
    }
    let parsed: FaultCode = "0xD001D".parse().unwrap();
    assert_eq!(parsed.number(), 0xd001d);
    let row = |text: &str| text.parse::<FaultCode>().unwrap().row();
    assert_eq!(row("0x110A3").unwrap().codes, ["110"]);
    assert_eq!(row("0x1100FF").unwrap().codes, ["110"]);
    assert_eq!(row("0xB0007").unwrap().codes, ["B000"]);
    for unknown in ["0xD001C", "0x00002", "0xB", "0xFFFFFFFF", "0x60004"] {
        assert_eq!(row(unknown), None, "{unknown}");
    }
    for text in ["", "0x", "D001G", "+D001D", "0x123456789", "-1"] {
        assert!(text.parse::<FaultCode>().is_err(), "{text}");
    }
    assert_eq!(
        "0xd001d".parse::<FaultCode>().unwrap().to_string(),
        "0xD001D"
    );
}
