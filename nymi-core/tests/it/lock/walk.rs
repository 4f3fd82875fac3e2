//! A band that is carried away and back, through the endpoint's detector.

use nymi_core::tap::{Detector, TapConfig, TapConfigValues};

use super::*;

/// Ten samples a second of this strength for so long; each second one frame is verified.
struct Desk {
    detector: Detector,
    lock: LockControl,
    now: i64,
    events: Vec<LockEvent>,
}

impl Desk {
    fn new(config: TapConfig) -> Self {
        let mut lock = LockControl::new(rules(), Some(OWN));
        lock.handle_session(at(0), SessionChange::Unlocked);
        Self {
            detector: Detector::new(config),
            lock,
            now: 0,
            events: Vec::new(),
        }
    }

    fn stay(&mut self, seconds: i64, rssi: i16) {
        for _ in 0..seconds * 10 {
            self.now += 100;
            self.detector.handle_sample(at(self.now), OWN, rssi);
            let sighting = Sighting {
                proximity: self.detector.proximity(OWN),
                outcome: (self.now % 1000 == 0).then_some(Outcome::Verified),
                ..seen(Proximity::Close)
            };
            self.events
                .extend(self.lock.handle_sighting(at(self.now), &sighting));
        }
    }
}

#[test]
fn walking_off_locks_ten_seconds_after_far_and_coming_back_unlocks() {
    let mut desk = Desk::new(TapConfig::default());
    desk.stay(20, -60);
    assert!(
        desk.events
            .iter()
            .all(|e| matches!(e, LockEvent::KeepAwake { .. }))
    );
    desk.stay(30, -90);
    let (locked, cause) = lock_of(&desk.events).unwrap();
    assert_eq!(cause, AwayCause::Far);
    // The mean of fifty samples passes -83 dBm after 39 of them.
    assert!((33_500..=34_500).contains(&locked), "{locked}");
    assert_eq!(unlock_of(&desk.events), None);
    desk.stay(10, -60);
    assert_eq!(unlock_of(&desk.events), Some(UnlockCause::Return));
}

#[test]
fn a_short_walk_and_one_between_the_cutoffs_do_not_lock() {
    let mut desk = Desk::new(TapConfig::default());
    desk.stay(20, -60);
    desk.stay(6, -90);
    assert!(desk.lock.locks_at().is_some());
    desk.stay(20, -60);
    desk.stay(60, -76);
    assert_eq!(lock_of(&desk.events), None);
    assert_eq!(desk.lock.locks_at(), None);
}

#[test]
fn a_cutoff_of_zero_locks_for_silence_alone() {
    let values = TapConfigValues {
        rssi_cutoff_close: 0,
        ..TapConfigValues::default()
    };
    let mut desk = Desk::new(values.try_into().unwrap());
    desk.stay(10, -60);
    desk.stay(60, -95);
    assert_eq!(lock_of(&desk.events), None);
    let events = desk.lock.handle_timeout(at(desk.now + 30_000));
    assert_eq!(
        lock_of(&events),
        Some((desk.now + 30_000, AwayCause::Silent))
    );
}
