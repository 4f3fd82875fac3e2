//! A sequence of sightings, gestures and times: without a verified frame of the own band nothing
//! unlocks, and a countdown ends as it began.
#![no_main]

use libfuzzer_sys::arbitrary;
use libfuzzer_sys::fuzz_target;
use nymi_core::lock::{Gesture, LockControl, LockEvent, LockRules, SessionChange, Sighting};
use nymi_core::message::TapMethod;
use nymi_core::presence::Outcome;
use nymi_core::tap::Proximity;
use nymi_core::{BandId, UnixMillis};

#[derive(arbitrary::Arbitrary, Debug)]
struct Sequence {
    rules: [bool; 5],
    countdown_s: u16,
    steps: Vec<(i32, Step)>,
}

#[derive(arbitrary::Arbitrary, Debug)]
enum Step {
    Sighting {
        own: bool,
        proximity: u8,
        worn: bool,
        authenticated: bool,
        outcome: u8,
    },
    Tap {
        own: bool,
        nfc: bool,
        outcome: u8,
    },
    Key,
    Submit {
        own: bool,
    },
    Session(u8),
    Resume,
    Time,
}

const OWN: BandId = BandId::new([1; 6]);

fn band(own: bool) -> BandId {
    if own { OWN } else { BandId::new([2; 6]) }
}

fn outcome(index: u8) -> Option<Outcome> {
    Outcome::ALL.get(usize::from(index % 9)).copied()
}

fn proximity(index: u8) -> Option<Proximity> {
    use Proximity::{Close, Far, Gone, Tap};
    [Some(Tap), Some(Close), Some(Far), Some(Gone), None][usize::from(index % 5)]
}

fuzz_target!(|sequence: Sequence| {
    let [
        enabled,
        lock_when_away,
        unlock_when_present,
        keep_unlocked_when_present,
        may_unlock,
    ] = sequence.rules;
    let rules = LockRules {
        enabled,
        lock_when_away,
        unlock_when_present,
        keep_unlocked_when_present,
        countdown_ms: i64::from(sequence.countdown_s) * 1000,
        may_unlock,
    };
    let mut lock = LockControl::new(rules, Some(OWN));
    let (mut now, mut proven, mut counting) = (0i64, false, false);
    for (elapsed_ms, step) in sequence.steps {
        now = now.saturating_add(i64::from(elapsed_ms));
        let at = UnixMillis(now);
        let events = match step {
            Step::Sighting {
                own,
                proximity: near,
                worn,
                authenticated,
                outcome: found,
            } => {
                proven |= own && outcome(found) == Some(Outcome::Verified);
                let sighting = Sighting {
                    band: band(own),
                    proximity: proximity(near),
                    worn,
                    authenticated,
                    outcome: outcome(found),
                };
                lock.handle_sighting(at, &sighting)
            }
            Step::Tap {
                own,
                nfc,
                outcome: found,
            } => {
                proven |= own && outcome(found) == Some(Outcome::Verified);
                let method = if nfc { TapMethod::Nfc } else { TapMethod::Ble };
                lock.handle_gesture(
                    at,
                    Gesture::Tap {
                        band: band(own),
                        method,
                        outcome: outcome(found),
                    },
                )
            }
            Step::Key => lock.handle_gesture(at, Gesture::Key),
            Step::Submit { own } => lock.handle_gesture(
                at,
                Gesture::Submit {
                    band: Some(band(own)),
                },
            ),
            Step::Session(change) => {
                use SessionChange::{Locked, LockedByUser, Unlocked};
                lock.handle_session(
                    at,
                    [Unlocked, Locked, LockedByUser][usize::from(change % 3)],
                )
            }
            Step::Resume => lock.handle_resume(at),
            Step::Time => lock.handle_timeout(at),
        };
        for event in events {
            match event {
                LockEvent::Unlock { .. } => {
                    assert!(proven && enabled && may_unlock && lock.is_locked())
                }
                LockEvent::CountdownStarted { .. } => {
                    assert!(!counting && proven);
                    counting = true;
                }
                LockEvent::CountdownCancelled { .. } | LockEvent::Lock { .. } => {
                    assert!(counting);
                    counting = false;
                }
                LockEvent::Refused { .. } | LockEvent::KeepAwake { .. } => {}
            }
        }
        assert_eq!(counting, lock.locks_at().is_some());
    }
});
