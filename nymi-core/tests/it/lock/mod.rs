//! Locking, staying unlocked and unlocking, by the guide's sentences and against a slow model.

mod away;
mod model;
mod properties;
mod unlock;
mod walk;

use nymi_core::lock::*;
use nymi_core::policy::GroupPolicyValues;
use nymi_core::presence::Outcome;
use nymi_core::tap::Proximity;
use nymi_core::{BandId, UnixMillis};

const OWN: BandId = BandId::new([1; 6]);
const OTHER: BandId = BandId::new([2; 6]);
const T0: i64 = 1_700_000_000_000;

fn at(ms: i64) -> UnixMillis {
    UnixMillis(T0 + ms)
}

/// The defaults of the guide, enabled.
fn rules() -> LockRules {
    let policy = GroupPolicyValues {
        lock_control: true,
        ..GroupPolicyValues::default()
    };
    LockRules::from(&policy)
}

fn seen(proximity: Proximity) -> Sighting {
    Sighting::verified(OWN, Some(proximity))
}

fn hint(proximity: Proximity) -> Sighting {
    Sighting {
        outcome: None,
        ..seen(proximity)
    }
}

/// Unlocked, and the band was verified and close at 0.
fn guarded(rules: LockRules) -> LockControl {
    let mut lock = LockControl::new(rules, Some(OWN));
    lock.handle_session(at(0), SessionChange::Unlocked);
    lock.handle_sighting(at(0), &seen(Proximity::Close));
    lock
}

/// Whether it locked, and when.
fn lock_of(events: &[LockEvent]) -> Option<(i64, AwayCause)> {
    events.iter().find_map(|event| match event {
        LockEvent::Lock { at, cause } => Some((at.0 - T0, *cause)),
        _ => None,
    })
}

fn unlock_of(events: &[LockEvent]) -> Option<UnlockCause> {
    events.iter().find_map(|event| match event {
        LockEvent::Unlock { by, .. } => Some(*by),
        _ => None,
    })
}

fn refusal_of(events: &[LockEvent]) -> Option<Refusal> {
    events.iter().find_map(|event| match event {
        LockEvent::Refused { why, .. } => Some(*why),
        _ => None,
    })
}

fn awake_of(events: &[LockEvent]) -> Option<bool> {
    events.iter().rev().find_map(|event| match event {
        LockEvent::KeepAwake { on, .. } => Some(*on),
        _ => None,
    })
}
