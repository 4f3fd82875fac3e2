//! Who unlocks, and who does not.

use std::fmt::Write as _;
use std::path::PathBuf;

use nymi_core::message::{Status, TapMethod};

use super::*;

/// How the band is when somebody means to unlock.
const PLACES: [(&str, Option<Sighting>); 6] = [
    (
        "at the adapter",
        Some(Sighting::verified(OWN, Some(Proximity::Tap))),
    ),
    (
        "close",
        Some(Sighting::verified(OWN, Some(Proximity::Close))),
    ),
    (
        "in range, not close",
        Some(Sighting::verified(OWN, Some(Proximity::Far))),
    ),
    (
        "in range, distance not judged",
        Some(Sighting::verified(OWN, None)),
    ),
    (
        "close, not verified",
        Some(Sighting {
            outcome: None,
            ..Sighting::verified(OWN, Some(Proximity::Close))
        }),
    ),
    ("absent", None),
];

const GESTURES: [(&str, Option<Gesture>); 7] = [
    ("the band comes back after it went", None),
    ("Enter or space", Some(Gesture::Key)),
    ("Submit", Some(Gesture::Submit { band: Some(OWN) })),
    (
        "BLE tap, verified",
        Some(tap(OWN, TapMethod::Ble, Some(Outcome::Verified))),
    ),
    (
        "NFC tap, verified",
        Some(tap(OWN, TapMethod::Nfc, Some(Outcome::Verified))),
    ),
    ("tap, not verified", Some(tap(OWN, TapMethod::Nfc, None))),
    (
        "another user's tap",
        Some(tap(OTHER, TapMethod::Nfc, Some(Outcome::Verified))),
    ),
];

const fn tap(band: BandId, method: TapMethod, outcome: Option<Outcome>) -> Gesture {
    Gesture::Tap {
        band,
        method,
        outcome,
    }
}

fn locked(rules: LockRules) -> LockControl {
    LockControl::new(rules, Some(OWN))
}

/// Locked because the band went.
fn locked_away(rules: LockRules) -> LockControl {
    let mut lock = guarded(rules);
    lock.handle_timeout(at(60_000));
    lock
}

fn answer(
    on: bool,
    place: Option<Sighting>,
    gesture: Option<Gesture>,
) -> Result<UnlockCause, Option<Refusal>> {
    let rules = LockRules {
        unlock_when_present: on,
        ..rules()
    };
    let mut lock = match gesture {
        None => locked_away(rules),
        Some(_) => locked(rules),
    };
    let mut events = place.map_or(Vec::new(), |seen| lock.handle_sighting(at(60_000), &seen));
    if let Some(gesture) = gesture {
        assert_eq!(unlock_of(&events), None, "only a gesture unlocks");
        events = lock.handle_gesture(at(61_000), gesture);
    }
    unlock_of(&events).ok_or(refusal_of(&events))
}

#[test]
fn the_matrix_of_the_guide() {
    use Refusal::*;
    let own = |place: usize, gesture: usize, on| answer(on, PLACES[place].1, GESTURES[gesture].1);
    let expected_key = [
        (
            true,
            [
                None,
                None,
                Some(NotClose),
                None,
                Some(NotPresent),
                Some(NotPresent),
            ],
        ),
        (
            false,
            [None, None, None, None, Some(NotPresent), Some(NotPresent)],
        ),
    ];
    for (on, refusals) in expected_key {
        for (place, refusal) in refusals.into_iter().enumerate() {
            let key = refusal.map_or(Ok(UnlockCause::Key), |why| Err(Some(why)));
            assert_eq!(own(place, 1, on), key, "{on} {}", PLACES[place].0);
            let submit = refusal.map_or(Ok(UnlockCause::Submit), |why| Err(Some(why)));
            assert_eq!(own(place, 2, on), submit, "{on} {}", PLACES[place].0);
        }
        for (place, (name, _)) in PLACES.iter().enumerate() {
            for (gesture, method) in [(3, TapMethod::Ble), (4, TapMethod::Nfc)] {
                assert_eq!(own(place, gesture, on), Ok(UnlockCause::Tap(method)));
            }
            assert_eq!(own(place, 5, on), Err(Some(NotVerified(None))));
            assert_eq!(own(place, 6, on), Err(Some(AnotherUser)));
            let returns = on && place < 2;
            assert_eq!(own(place, 0, on).is_ok(), returns, "{on} {name}");
        }
    }
}

#[test]
fn only_the_own_band_with_a_verified_frame_unlocks_by_a_tap() {
    for outcome in Outcome::ALL.into_iter().map(Some).chain([None]) {
        for (band, method) in [
            (OWN, TapMethod::Ble),
            (OWN, TapMethod::Nfc),
            (OTHER, TapMethod::Ble),
            (OTHER, TapMethod::Nfc),
        ] {
            let mut lock = locked(rules());
            let events = lock.handle_gesture(at(0), tap(band, method, outcome));
            let unlocks = band == OWN && outcome == Some(Outcome::Verified);
            assert_eq!(unlock_of(&events).is_some(), unlocks, "{band} {outcome:?}");
            assert_eq!(refusal_of(&events).is_some(), !unlocks);
            assert!(lock.is_locked(), "until the session says otherwise");
        }
    }
}

#[test]
fn rules_and_terminal_come_before_the_band() {
    for (rules, refusal, status) in [
        (
            LockRules {
                enabled: false,
                ..rules()
            },
            Refusal::Disabled,
            Status::LOCK_CONTROL_OFF,
        ),
        (
            LockRules {
                may_unlock: false,
                ..rules()
            },
            Refusal::TerminalNotAllowed,
            Status::NOT_IN_UNIT,
        ),
    ] {
        let mut lock = locked(rules);
        lock.handle_sighting(at(0), &seen(Proximity::Close));
        for (name, gesture) in &GESTURES[1..5] {
            let events = lock.handle_gesture(at(100), gesture.unwrap());
            assert_eq!(refusal_of(&events), Some(refusal), "{name}");
        }
        assert_eq!(refusal.status(), status);
    }
}

#[test]
fn a_key_needs_a_proof_of_the_last_five_seconds() {
    for (ms, unlocks) in [(4_999, true), (5_000, false)] {
        let mut lock = locked(rules());
        lock.handle_sighting(at(0), &seen(Proximity::Close));
        let events = lock.handle_gesture(at(ms), Gesture::Key);
        assert_eq!(unlock_of(&events).is_some(), unlocks);
    }
}

#[test]
fn a_band_that_was_taken_off_proves_nothing_any_more() {
    let mut lock = locked(rules());
    lock.handle_sighting(at(0), &seen(Proximity::Close));
    lock.handle_sighting(
        at(100),
        &Sighting {
            authenticated: false,
            ..hint(Proximity::Close)
        },
    );
    let events = lock.handle_gesture(at(200), Gesture::Key);
    assert_eq!(refusal_of(&events), Some(Refusal::NotPresent));
}

#[test]
fn a_manual_lock_stays_until_a_gesture_however_the_band_moves() {
    let mut lock = guarded(rules());
    lock.handle_session(at(1_000), SessionChange::LockedByUser);
    let mut now = 1_000;
    for proximity in [
        Proximity::Close,
        Proximity::Far,
        Proximity::Close,
        Proximity::Gone,
        Proximity::Tap,
    ] {
        now += 1_000;
        assert_eq!(lock.handle_sighting(at(now), &seen(proximity)), []);
    }
    let events = lock.handle_gesture(at(now), Gesture::Key);
    assert_eq!(unlock_of(&events), Some(UnlockCause::Key));
}

#[test]
fn the_user_can_lock_what_was_locked_because_the_band_went() {
    let mut lock = locked_away(rules());
    lock.handle_session(at(61_000), SessionChange::LockedByUser);
    assert_eq!(
        lock.handle_sighting(at(62_000), &seen(Proximity::Close)),
        []
    );
}

#[test]
fn a_confirmation_of_the_lock_does_not_make_it_a_manual_one() {
    let mut lock = locked_away(rules());
    lock.handle_session(at(61_000), SessionChange::Locked);
    let events = lock.handle_sighting(at(62_000), &seen(Proximity::Close));
    assert_eq!(unlock_of(&events), Some(UnlockCause::Return));
}

#[test]
fn a_return_asks_once_and_then_only_a_gesture_does() {
    let mut lock = locked_away(rules());
    assert!(unlock_of(&lock.handle_sighting(at(61_000), &seen(Proximity::Close))).is_some());
    // The stored password was old: the session stays locked.
    assert_eq!(
        lock.handle_sighting(at(62_000), &seen(Proximity::Close)),
        []
    );
    let events = lock.handle_gesture(at(62_000), Gesture::Key);
    assert_eq!(unlock_of(&events), Some(UnlockCause::Key));
}

#[test]
fn after_an_nfc_tap_distance_counts_once_the_band_was_close_again() {
    let mut lock = locked(rules());
    lock.handle_sighting(at(0), &seen(Proximity::Far));
    lock.handle_gesture(at(100), tap(OWN, TapMethod::Nfc, Some(Outcome::Verified)));
    lock.handle_session(at(200), SessionChange::Unlocked);
    lock.handle_sighting(at(1_000), &seen(Proximity::Far));
    assert_eq!(lock.locks_at(), None);
    lock.handle_sighting(at(2_000), &seen(Proximity::Close));
    lock.handle_sighting(at(3_000), &seen(Proximity::Far));
    assert_eq!(lock.locks_at(), Some(at(13_000)));
    lock.handle_gesture(at(4_000), tap(OWN, TapMethod::Nfc, Some(Outcome::Verified)));
    assert_eq!(lock.locks_at(), None, "the hand is at the terminal");
    lock.handle_sighting(at(5_000), &seen(Proximity::Far));
    assert_eq!(lock.locks_at(), None);
}

#[test]
fn a_countdown_that_the_user_overtakes_is_taken_away() {
    let mut lock = guarded(rules());
    lock.handle_sighting(at(1_000), &seen(Proximity::Far));
    let events = lock.handle_session(at(2_000), SessionChange::LockedByUser);
    assert_eq!(events, [LockEvent::CountdownCancelled { at: at(2_000) }]);
    assert_eq!(lock.handle_timeout(at(60_000)), []);
}

#[test]
fn without_a_band_there_is_nothing_to_unlock_with() {
    let mut lock = LockControl::new(rules(), None);
    for gesture in [Gesture::Key, Gesture::Submit { band: None }] {
        assert_eq!(
            refusal_of(&lock.handle_gesture(at(0), gesture)),
            Some(Refusal::NoBand)
        );
    }
    let other = Gesture::Submit { band: Some(OTHER) };
    let events = locked(rules()).handle_gesture(at(0), other);
    assert_eq!(refusal_of(&events), Some(Refusal::AnotherUser));
}

/// The page, by asking the machine.
fn page() -> String {
    let mut page = String::from(
        "# Unlocking with a band\n\n\
         Generated by asking `nymi-core/src/lock`; `UPDATE_GENERATED=1 cargo test -p nymi-core` writes it\n\
         anew. Lock Control is enabled, the terminal may unlock, and the session is that of the band's\n\
         user. How it was locked matters for the first row alone.\n",
    );
    for on in [true, false] {
        let state = if on { "on" } else { "off" };
        write!(page, "\n## Unlock When Present {state}\n\n| gesture |").unwrap();
        PLACES
            .iter()
            .for_each(|(name, _)| write!(page, " {name} |").unwrap());
        page.push_str(&format!("\n| --- |{}\n", " --- |".repeat(PLACES.len())));
        for (name, gesture) in GESTURES {
            write!(page, "| {name} |").unwrap();
            for (_, place) in PLACES {
                let cell = match answer(on, place, gesture) {
                    Ok(_) => "**unlocks**".to_owned(),
                    Err(None) => "stays locked".to_owned(),
                    Err(Some(why)) => why.to_string(),
                };
                write!(page, " {cell} |").unwrap();
            }
            page.push('\n');
        }
    }
    page
}

#[test]
fn the_page_is_generated_from_the_machine() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/unlocking.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/unlocking.md differs from the machine; run with UPDATE_GENERATED=1"
    );
}

/// A tap says as much as a frame: who took the band off, or was not authenticated to it, has left.
#[test]
fn the_tap_of_a_band_without_its_user_begins_the_countdown() {
    for method in [TapMethod::Ble, TapMethod::Nfc] {
        let mut lock = guarded(rules());
        let without_user = Some(Outcome::NotAuthenticated);
        lock.handle_gesture(at(1_000), tap(OWN, method, without_user));
        assert_eq!(lock.locks_at(), Some(at(11_000)));
        let mut lock = guarded(rules());
        lock.handle_gesture(at(1_000), tap(OTHER, method, without_user));
        assert_eq!(lock.locks_at(), None, "another band says nothing");
    }
}
