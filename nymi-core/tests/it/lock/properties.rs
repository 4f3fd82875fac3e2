//! Random walks against the slow model, and what holds on every walk.

use nymi_core::message::TapMethod;
use proptest::prelude::*;

use super::model::{Heard, Input, Model, TICK, heard};
use super::*;

fn any_band() -> impl Strategy<Value = BandId> {
    prop_oneof![5 => Just(OWN), 1 => Just(OTHER)]
}

fn any_outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        5 => Just(Some(Outcome::Verified)),
        2 => Just(None),
        1 => prop::sample::select(Outcome::ALL.to_vec()).prop_map(Some),
    ]
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    let proximity = prop_oneof![
        4 => Just(Some(Proximity::Close)),
        2 => Just(Some(Proximity::Far)),
        1 => Just(Some(Proximity::Tap)),
        1 => Just(Some(Proximity::Gone)),
        1 => Just(None),
    ];
    let flag = || prop_oneof![6 => Just(true), 1 => Just(false)];
    (any_band(), proximity, flag(), flag(), any_outcome()).prop_map(
        |(band, proximity, worn, authenticated, outcome)| Sighting {
            band,
            proximity,
            worn,
            authenticated,
            outcome,
        },
    )
}

fn any_gesture() -> impl Strategy<Value = Gesture> {
    let method = prop::sample::select(vec![TapMethod::Ble, TapMethod::Nfc]);
    prop_oneof![
        (any_band(), method, any_outcome()).prop_map(|(band, method, outcome)| Gesture::Tap {
            band,
            method,
            outcome
        }),
        Just(Gesture::Key),
        prop::option::of(any_band()).prop_map(|band| Gesture::Submit { band }),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    let session = prop_oneof![
        3 => Just(SessionChange::Unlocked),
        1 => Just(SessionChange::LockedByUser),
        1 => Just(SessionChange::Locked),
    ];
    prop_oneof![
        14 => any_sighting().prop_map(Input::Sighting),
        3 => any_gesture().prop_map(Input::Gesture),
        3 => session.prop_map(Input::Session),
        1 => prop::option::of(any_band()).prop_map(Input::Owner),
        1 => Just(Input::Resume),
    ]
}

/// Ticks before each input, and the input.
fn any_walk() -> impl Strategy<Value = Vec<(i64, Input)>> {
    let pause = prop_oneof![10 => 0..6i64, 3 => 0..24i64, 1 => 30..80i64];
    prop::collection::vec((pause, any_input()), 0..60)
}

fn any_rules() -> impl Strategy<Value = LockRules> {
    let mostly = || prop_oneof![4 => Just(true), 1 => Just(false)];
    let countdown = prop::sample::select(vec![0, 3, 10, 10, 10, 25, 60]);
    (
        mostly(),
        mostly(),
        any::<bool>(),
        any::<bool>(),
        countdown,
        mostly(),
    )
        .prop_map(
            |(enabled, away, unlock, keep, seconds, may_unlock)| LockRules {
                enabled,
                lock_when_away: away,
                unlock_when_present: unlock,
                keep_unlocked_when_present: keep,
                countdown_ms: seconds * 1000,
                may_unlock,
            },
        )
}

fn spoken(events: &[LockEvent]) -> Vec<(i64, String)> {
    let word = |event: &LockEvent| match event {
        LockEvent::CountdownStarted { .. } => Some(format!("{:?}", "countdown")),
        LockEvent::CountdownCancelled { .. } => Some(format!("{:?}", "cancelled")),
        LockEvent::Lock { .. } => Some(format!("{:?}", "lock")),
        LockEvent::Unlock {
            by: UnlockCause::Return,
            ..
        } => Some(format!("{:?}", UnlockCause::Return)),
        LockEvent::Unlock { .. } => Some(format!("{:?}", "unlock")),
        LockEvent::Refused { .. } => Some(format!("{:?}", "refused")),
        LockEvent::KeepAwake { .. } => None,
    };
    events
        .iter()
        .filter_map(|event| Some((event.at().0 - T0, word(event)?)))
        .collect()
}

fn feed(lock: &mut LockControl, now: UnixMillis, input: Input) -> Vec<LockEvent> {
    match input {
        Input::Sighting(sighting) => lock.handle_sighting(now, &sighting),
        Input::Gesture(gesture) => lock.handle_gesture(now, gesture),
        Input::Session(change) => lock.handle_session(now, change),
        Input::Owner(owner) => lock.handle_owner(now, owner),
        Input::Resume => lock.handle_resume(now),
    }
}

proptest! {
    #[test]
    fn agrees_with_the_slow_model(rules in any_rules(), walk in any_walk()) {
        let mut lock = LockControl::new(rules, Some(OWN));
        let mut model = Model::new(rules);
        let (mut now, mut all, mut awake) = (0, Vec::new(), false);
        for (pause, input) in walk {
            for _ in 0..pause {
                now += TICK;
                model.tick(now);
            }
            let events = feed(&mut lock, at(now), input);
            model.take(now, input);
            awake = awake_of(&events).unwrap_or(awake);
            all.extend(events);
            prop_assert_eq!(awake, model.keeps_awake());
            prop_assert_eq!(lock.is_locked(), model.open_from.is_none());
        }
        for _ in 0..200 {
            now += TICK;
            model.tick(now);
        }
        all.extend(lock.handle_timeout(at(now)));
        prop_assert_eq!(spoken(&all), model.said);
    }

    #[test]
    fn being_told_late_changes_nothing(rules in any_rules(), walk in any_walk()) {
        let (mut prompt, mut lazy) = (LockControl::new(rules, Some(OWN)), LockControl::new(rules, Some(OWN)));
        let (mut from_prompt, mut from_lazy) = (Vec::new(), Vec::new());
        let mut now = at(0);
        for (pause, input) in walk {
            now = now.saturating_add(pause * 777);
            while let Some(deadline) = prompt.next_deadline().filter(|deadline| *deadline <= now) {
                from_prompt.extend(prompt.handle_timeout(deadline));
            }
            from_prompt.extend(feed(&mut prompt, now, input));
            from_lazy.extend(feed(&mut lazy, now, input));
        }
        prop_assert!(from_prompt.iter().map(LockEvent::at).is_sorted());
        prop_assert_eq!(from_prompt, from_lazy);
    }

    #[test]
    fn a_watched_session_never_outlives_its_proof(countdown in 0..=60i64, walk in any_walk()) {
        // Whatever else is heard: without a verified frame of the own band, it locks in time.
        let mut lock = guarded(LockRules { countdown_ms: countdown * 1000, ..rules() });
        let limit = 30_000.max(5_000 + countdown * 1000);
        let (mut now, mut all) = (0, Vec::new());
        for (pause, input) in walk {
            now += pause * TICK;
            let is_proof = heard(input).as_ref().is_some_and(Heard::is_verified);
            if !is_proof && !matches!(input, Input::Session(_)) {
                all.extend(feed(&mut lock, at(now), input));
            }
        }
        all.extend(lock.handle_timeout(at(now.max(limit))));
        prop_assert!(lock_of(&all).is_some_and(|(at, _)| at <= limit));
        prop_assert!(all.iter().all(|event| unlock_of(&[*event]).is_none() || event.at() < at(5_000)));
    }

    #[test]
    fn any_times_are_taken_and_countdowns_end_as_they_began(
        rules in any_rules(),
        steps in prop::collection::vec((any::<i64>(), any_input(), any_rules()), 0..60),
    ) {
        let mut lock = LockControl::new(rules, Some(OWN));
        let (mut counting, mut awake) = (false, false);
        for (index, (now, input, rules)) in steps.into_iter().enumerate() {
            let mut events = feed(&mut lock, UnixMillis(now), input);
            if index % 5 == 0 {
                events.extend(lock.handle_rules(UnixMillis(now), rules));
            }
            for event in events {
                match event {
                    LockEvent::CountdownStarted { .. } => {
                        prop_assert!(!counting);
                        counting = true;
                    }
                    LockEvent::CountdownCancelled { .. } | LockEvent::Lock { .. } => {
                        prop_assert!(counting);
                        counting = false;
                    }
                    LockEvent::KeepAwake { on, .. } => {
                        prop_assert_ne!(on, awake);
                        awake = on;
                    }
                    LockEvent::Unlock { .. } | LockEvent::Refused { .. } => prop_assert!(lock.is_locked()),
                }
            }
            prop_assert_eq!(counting, lock.locks_at().is_some());
            prop_assert!(!awake || !lock.is_locked());
        }
    }
}
