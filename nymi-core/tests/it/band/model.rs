//! Whatever is done to a band, some things always hold.

use nymi_core::band::{
    BandState, Battery, Build, Condition, Fault, Finger, Gesture, Screen, User, UserData,
};
use proptest::prelude::*;

use super::{ansi, band_3, band_4};

#[derive(Clone, Debug)]
enum Step {
    PutOn,
    TakeOff,
    Touch(Finger, u8),
    Credentials,
    Begin(bool, bool),
    Capture(bool),
    Complete,
    Delete,
    Charger(bool),
    Charge(u32),
    Work(u32),
    Press(Gesture),
    Fail(u32),
    Updater(bool),
    Install(u16),
    Register,
}

fn gesture() -> impl Strategy<Value = Gesture> {
    let seconds = prop::sample::select(vec![1, 9, 10, 19, 20, 30]);
    seconds.prop_flat_map(|seconds| {
        prop::sample::select(vec![
            Gesture::Top,
            Gesture::Bottom,
            Gesture::TopAndBottom,
            Gesture::SensorThrice,
            Gesture::HoldTop { seconds },
            Gesture::HoldTopAndBottom { seconds },
            Gesture::HoldCharger { seconds },
        ])
    })
}

fn step() -> impl Strategy<Value = Step> {
    let finger = prop_oneof![
        Just(Finger::Other),
        any::<bool>().prop_map(|ecg| Finger::Right { ecg }),
    ];
    prop_oneof![
        3 => Just(Step::PutOn),
        1 => Just(Step::TakeOff),
        4 => (finger, 1..60u8).prop_map(|(finger, times)| Step::Touch(finger, times)),
        1 => Just(Step::Credentials),
        2 => any::<(bool, bool)>().prop_map(|(one, two)| Step::Begin(one, two)),
        1 => any::<bool>().prop_map(Step::Capture),
        2 => Just(Step::Complete),
        1 => Just(Step::Delete),
        1 => any::<bool>().prop_map(Step::Charger),
        1 => (0..8_000_000u32).prop_map(Step::Charge),
        1 => (0..1000u32).prop_map(Step::Work),
        1 => gesture().prop_map(Step::Press),
        1 => prop::sample::select(vec![0x11000, 0xd001d, 0x80003, 0x6000d, 2]).prop_map(Step::Fail),
        1 => any::<bool>().prop_map(Step::Updater),
        1 => (0..9u16).prop_map(Step::Install),
        1 => Just(Step::Register),
    ]
}

fn take(band: &mut BandState, step: &Step) {
    match step {
        Step::PutOn => band.put_on(),
        Step::TakeOff => band.take_off(),
        Step::Touch(finger, times) => (0..*times).for_each(|_| _ = band.touch(*finger)),
        Step::Credentials => _ = band.authenticate_by_credentials(),
        Step::Begin(liveness, corporate_credentials) => {
            let (liveness, corporate_credentials) = (*liveness, *corporate_credentials);
            _ = band.begin_enrollment(UserData {
                liveness,
                corporate_credentials,
                ..UserData::default()
            });
        }
        Step::Capture(good) => _ = band.capture(*good),
        Step::Complete => _ = band.complete_enrollment(),
        Step::Delete => band.delete_user_data(),
        Step::Charger(true) => _ = band.put_on_charger(),
        Step::Charger(false) => band.take_from_charger(),
        Step::Charge(ms) => band.charge(*ms),
        Step::Work(taps) => band.work(*taps),
        Step::Press(gesture) => _ = band.press(*gesture),
        Step::Fail(code) => band.fail(Fault {
            code: format!("{code:X}").parse().unwrap(),
            line: 1,
        }),
        Step::Updater(on) => band.connect_updater(*on),
        Step::Install(major) => _ = band.install(format!("{major}").parse().unwrap()),
        Step::Register => _ = band.register(),
    }
}

fn builds() -> impl Strategy<Value = Build> {
    prop::sample::select(vec![band_3(), band_4(), ansi()])
}

/// Whether a step may end a lockout.
fn may_clear(step: &Step) -> bool {
    matches!(step, Step::Credentials | Step::Begin(..))
}

proptest! {
    #[test]
    fn whatever_happens_to_it(
        build in builds(),
        delivered: bool,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let condition = if delivered { Condition::delivered(&build) } else { Condition::ready() };
        let mut band = BandState::new(build, condition);
        for step in &steps {
            let before = band.clone();
            take(&mut band, step);
            let now = band.condition();
            // Nobody is authenticated who is not worn by somebody on a running band.
            if band.authenticated() {
                prop_assert!(band.worn() && band.enrolled() && band.runs());
                prop_assert!(!band.locked_out());
                let proved = matches!(step, Step::Touch(Finger::Right { .. }, _) | Step::Credentials);
                prop_assert!(before.authenticated() || proved, "{:?}", step);
            }
            // A lockout ends by another enrollment or by credentials, and by nothing else.
            if before.locked_out() && !band.locked_out() {
                prop_assert!(may_clear(step), "{:?}", step);
                let proved = matches!(before.user(), Some(user) if user.corporate_credentials);
                prop_assert!(proved || matches!(step, Step::Begin(..)));
            }
            // Keys of one user never become another's.
            if before.enrolled() && band.enrolled() {
                prop_assert_eq!(
                    before.user().unwrap().corporate_credentials,
                    band.user().unwrap().corporate_credentials
                );
            }
            if now.recovery {
                prop_assert!(!band.enrolled() && !band.advertises());
            }
            if band.advertises() {
                prop_assert!(band.worn() && band.enrolled() && band.runs());
            }
            prop_assert!(now.battery <= Battery::FULL);
            prop_assert!(now.mismatches <= 50 && now.captures_failed <= 3);
            prop_assert_eq!(band.screen() == Screen::Blank, !band.has_power() || now.ship_mode);
            if matches!(now.user, User::None) {
                prop_assert!(band.user().is_none());
            }
            // What is kept is all there is.
            let json = serde_json::to_string(now).unwrap();
            let kept: Condition = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&BandState::new(band.build().clone(), kept), &band);
        }
    }

    #[test]
    fn a_motor_that_is_not_there_never_runs(steps in prop::collection::vec(step(), 0..40)) {
        let mut band = BandState::new(ansi(), Condition::ready());
        for step in &steps {
            if let Step::Touch(finger, _) = step {
                prop_assert!(!band.touch(*finger).vibrates);
            }
            take(&mut band, step);
            prop_assert!(!band.clone().put_on_charger().1);
        }
    }
}
