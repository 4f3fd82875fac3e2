//! When it locks, and what keeps it from it.

use super::*;

#[test]
fn a_return_within_ten_seconds_cancels_and_a_later_one_does_not() {
    for (back_ms, locks) in [
        (9_000, false),
        (9_999, false),
        (10_000, true),
        (11_000, true),
    ] {
        let mut lock = guarded(rules());
        let started = lock.handle_sighting(at(0), &seen(Proximity::Far));
        let countdown = LockEvent::CountdownStarted {
            at: at(0),
            locks_at: at(10_000),
            cause: AwayCause::Far,
        };
        assert_eq!(
            started,
            [
                countdown,
                LockEvent::KeepAwake {
                    at: at(0),
                    on: false
                }
            ]
        );
        assert_eq!(lock.locks_at(), Some(at(10_000)));
        let events = lock.handle_sighting(at(back_ms), &seen(Proximity::Close));
        assert_eq!(lock_of(&events).is_some(), locks, "{back_ms}");
        let cancelled = events.contains(&LockEvent::CountdownCancelled { at: at(back_ms) });
        assert_eq!(cancelled, !locks, "{back_ms}");
        assert_eq!(awake_of(&events), (!locks).then_some(true));
    }
}

#[test]
fn taking_the_band_off_starts_the_countdown_at_once() {
    let off = Sighting {
        worn: false,
        ..seen(Proximity::Close)
    };
    for outcome in [None, Some(Outcome::NotAuthenticated)] {
        let mut lock = guarded(rules());
        lock.handle_sighting(at(1_000), &Sighting { outcome, ..off });
        let events = lock.handle_timeout(at(11_000));
        assert_eq!(lock_of(&events), Some((11_000, AwayCause::TakenOff)));
    }
}

#[test]
fn silence_alone_locks_after_thirty_seconds_and_not_before() {
    let mut lock = guarded(rules());
    assert_eq!(lock.next_deadline(), Some(at(20_000)));
    assert_eq!(lock.handle_timeout(at(19_999)), []);
    let events = lock.handle_timeout(at(29_000));
    assert!(matches!(
        events[0],
        LockEvent::CountdownStarted {
            cause: AwayCause::Silent,
            ..
        }
    ));
    assert_eq!(events[0].at(), at(20_000));
    assert!(!lock.is_locked());
    let events = lock.handle_timeout(at(31_000));
    assert_eq!(lock_of(&events), Some((30_000, AwayCause::Silent)));
    assert_eq!(lock.next_deadline(), None);
}

#[test]
fn the_lock_for_silence_falls_at_thirty_seconds_for_every_countdown_that_leaves_time() {
    for seconds in 0..=300u32 {
        let policy = GroupPolicyValues {
            lock_control: true,
            proximity_lock_countdown_seconds: seconds,
            ..GroupPolicyValues::default()
        };
        let mut lock = guarded(LockRules::from(&policy));
        let expected = (5_000 + i64::from(seconds) * 1000).max(30_000);
        assert_eq!(lock_of(&lock.handle_timeout(at(expected - 1))), None);
        let locked = lock_of(&lock.handle_timeout(at(expected)));
        assert_eq!(locked, Some((expected, AwayCause::Silent)), "{seconds}");
    }
}

#[test]
fn frames_that_were_not_verified_neither_keep_nor_bring_back() {
    let others = Outcome::ALL.into_iter().filter(|o| *o != Outcome::Verified);
    for outcome in others.map(Some).chain([None]) {
        let unverified = Sighting {
            outcome,
            ..seen(Proximity::Close)
        };
        let mut lock = guarded(rules());
        let mut all = Vec::new();
        for second in 1..=31 {
            all.extend(lock.handle_sighting(at(second * 1000), &unverified));
        }
        let due = match outcome {
            Some(Outcome::NotAuthenticated) => 11_000,
            _ => 30_000,
        };
        assert_eq!(lock_of(&all).map(|(at, _)| at), Some(due), "{outcome:?}");
        assert_eq!(unlock_of(&all), None, "{outcome:?}");
        assert!(
            !all.iter()
                .any(|e| matches!(e, LockEvent::CountdownCancelled { .. }))
        );
    }
}

#[test]
fn another_users_band_keeps_nothing_and_takes_nothing() {
    for proximity in [Proximity::Close, Proximity::Far] {
        let mut lock = guarded(rules());
        let other = Sighting::verified(OTHER, Some(proximity));
        assert_eq!(lock.handle_sighting(at(19_000), &other), []);
        assert_eq!(lock.next_deadline(), Some(at(20_000)));
    }
}

#[test]
fn a_hint_of_distance_counts_down_and_a_verified_frame_that_is_close_ends_it() {
    let mut lock = guarded(rules());
    lock.handle_sighting(at(1_000), &hint(Proximity::Far));
    assert_eq!(lock.locks_at(), Some(at(11_000)));
    assert_eq!(lock.handle_sighting(at(2_000), &hint(Proximity::Close)), []);
    lock.handle_sighting(at(3_000), &seen(Proximity::Gone));
    assert_eq!(lock.locks_at(), Some(at(11_000)), "range is not closeness");
    lock.handle_sighting(at(4_000), &seen(Proximity::Close));
    assert_eq!(lock.locks_at(), None);
}

#[test]
fn without_proximity_a_distant_band_does_not_lock_but_a_silent_one_does() {
    let mut lock = LockControl::new(rules(), Some(OWN));
    lock.handle_session(at(0), SessionChange::Unlocked);
    lock.handle_sighting(at(0), &Sighting::verified(OWN, None));
    let events = lock.handle_timeout(at(40_000));
    assert_eq!(lock_of(&events), Some((30_000, AwayCause::Silent)));
}

#[test]
fn switching_proximity_off_ends_a_countdown_for_distance() {
    let mut lock = guarded(rules());
    lock.handle_sighting(at(0), &seen(Proximity::Far));
    let events = lock.handle_sighting(at(1_000), &Sighting::verified(OWN, None));
    assert!(events.contains(&LockEvent::CountdownCancelled { at: at(1_000) }));
}

#[test]
fn a_session_without_a_band_is_left_alone_until_the_band_was_there() {
    let mut lock = LockControl::new(rules(), Some(OWN));
    lock.handle_session(at(0), SessionChange::Unlocked);
    assert_eq!(lock.handle_timeout(at(3_600_000)), []);
    lock.handle_sighting(at(3_600_000), &hint(Proximity::Close));
    assert_eq!(lock.next_deadline(), None);
    lock.handle_sighting(at(3_601_000), &seen(Proximity::Far));
    assert_eq!(
        lock.next_deadline(),
        Some(at(3_621_000)),
        "silence, not distance"
    );
    lock.handle_sighting(at(3_602_000), &seen(Proximity::Close));
    lock.handle_sighting(at(3_603_000), &seen(Proximity::Far));
    assert_eq!(lock.locks_at(), Some(at(3_613_000)));
}

#[test]
fn lock_when_away_off_and_lock_control_off_never_lock() {
    for (enabled, lock_when_away) in [(true, false), (false, true), (false, false)] {
        let mut lock = guarded(LockRules {
            enabled,
            lock_when_away,
            ..rules()
        });
        let mut all = lock.handle_sighting(at(1_000), &seen(Proximity::Far));
        all.extend(lock.handle_timeout(at(1_000_000)));
        assert_eq!(lock_of(&all), None);
        assert!(
            !all.iter()
                .any(|e| matches!(e, LockEvent::CountdownStarted { .. }))
        );
    }
}

#[test]
fn the_screen_is_kept_awake_while_the_band_is_present_and_only_if_the_policy_says_so() {
    for (enabled, keep) in [(true, true), (true, false), (false, true)] {
        let mut lock = LockControl::new(
            LockRules {
                enabled,
                lock_when_away: false,
                keep_unlocked_when_present: keep,
                ..rules()
            },
            Some(OWN),
        );
        let mut awake = lock.handle_session(at(0), SessionChange::Unlocked);
        assert_eq!(awake_of(&awake), None, "no band was seen yet");
        awake = lock.handle_sighting(at(1_000), &seen(Proximity::Close));
        assert_eq!(awake_of(&awake), (enabled && keep).then_some(true));
        awake = lock.handle_timeout(at(25_000));
        assert_eq!(awake_of(&awake), (enabled && keep).then_some(false));
        if enabled && keep {
            assert_eq!(awake[0].at(), at(21_000));
        }
    }
}

#[test]
fn a_terminal_that_may_not_unlock_still_locks() {
    let mut lock = guarded(LockRules {
        may_unlock: false,
        ..rules()
    });
    lock.handle_sighting(at(0), &seen(Proximity::Far));
    assert!(lock_of(&lock.handle_timeout(at(10_000))).is_some());
    let events = lock.handle_sighting(at(11_000), &seen(Proximity::Close));
    assert_eq!(unlock_of(&events), None);
}

#[test]
fn time_asleep_is_silence_and_waking_needs_a_new_proof() {
    // A clock that goes on while the terminal sleeps.
    let mut lock = guarded(rules());
    let events = lock.handle_resume(at(3_600_000));
    assert_eq!(lock_of(&events), Some((30_000, AwayCause::Silent)));
    // A clock that stands still.
    let mut lock = guarded(rules());
    lock.handle_resume(at(1_000));
    assert_eq!(lock.locks_at(), Some(at(11_000)));
    let mut back = lock.clone();
    back.handle_sighting(at(2_000), &seen(Proximity::Close));
    assert_eq!(back.locks_at(), None);
    let events = lock.handle_timeout(at(11_000));
    assert_eq!(lock_of(&events), Some((11_000, AwayCause::Resumed)));
}

#[test]
fn a_clock_that_is_set_back_goes_on_from_where_it_was() {
    let mut lock = guarded(rules());
    lock.handle_timeout(at(19_000));
    assert_eq!(lock.handle_timeout(at(-3_600_000)), []);
    assert_eq!(lock.next_deadline(), Some(at(-3_599_000)));
    let events = lock.handle_timeout(at(-3_589_000));
    assert_eq!(lock_of(&events), Some((-3_589_000, AwayCause::Silent)));
}

#[test]
fn a_clock_that_jumps_forth_can_lock_and_the_next_frame_brings_the_session_back() {
    let mut lock = guarded(rules());
    let events = lock.handle_sighting(at(86_400_000), &seen(Proximity::Close));
    assert!(lock_of(&events).is_some());
    assert_eq!(unlock_of(&events), Some(UnlockCause::Return));
}

#[test]
fn the_users_next_band_must_be_seen_before_the_time_is_up() {
    for owner in [None, Some(OTHER)] {
        let mut lock = guarded(rules());
        let events = lock.handle_owner(at(1_000), owner);
        assert!(matches!(
            events[0],
            LockEvent::CountdownStarted {
                cause: AwayCause::Replaced,
                ..
            }
        ));
        lock.handle_sighting(at(2_000), &seen(Proximity::Close));
        assert_eq!(
            lock.locks_at(),
            Some(at(11_000)),
            "the old band is nobody's"
        );
        lock.handle_sighting(
            at(3_000),
            &Sighting::verified(OTHER, Some(Proximity::Close)),
        );
        assert_eq!(lock.locks_at().is_none(), owner == Some(OTHER));
    }
}

#[test]
fn a_policy_that_changes_takes_effect_from_now() {
    let mut lock = guarded(rules());
    lock.handle_sighting(at(1_000), &seen(Proximity::Far));
    let off = LockRules {
        lock_when_away: false,
        ..rules()
    };
    let events = lock.handle_rules(at(2_000), off);
    assert_eq!(events, [LockEvent::CountdownCancelled { at: at(2_000) }]);
    assert_eq!(lock.handle_timeout(at(60_000)), []);
    lock.handle_rules(at(60_000), rules());
    assert_eq!(lock.locks_at(), Some(at(70_000)));

    let mut lock = guarded(rules());
    lock.handle_timeout(at(15_000));
    let longer = LockRules {
        countdown_ms: 60_000,
        ..rules()
    };
    lock.handle_rules(at(15_000), longer);
    assert_eq!(lock.locks_at(), Some(at(75_000)));
}

#[test]
fn new_rules_start_no_countdown_for_a_band_that_is_there() {
    let mut lock = guarded(rules());
    assert_eq!(lock.handle_rules(at(1_000), rules()), []);
    assert_eq!(lock.locks_at(), None);
}
