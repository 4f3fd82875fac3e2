//! Taps that may still be turned into an assertion: each once per spender, for a minute.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use nymi_core::message::{TapMethod, Uuid};
use nymi_core::{BandId, UnixMillis};
use tokio::time::Instant;

/// Intents kept of one endpoint; its oldest go first, never those of another.
const PER_ENDPOINT: usize = 64;
/// Intents kept at most; beyond, the endpoint with most of them loses its oldest.
const KEPT: usize = 16 * 1024;

/// A tap.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: Uuid,
    pub(crate) band: BandId,
    pub(crate) endpoint_id: String,
    pub(crate) method: TapMethod,
    pub(crate) at: UnixMillis,
}

/// Whose assertion a tap is spent on. An origin proves nothing (any program can send one), so all
/// callers without a certificate share one assertion per tap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Spender {
    /// Any caller without proof.
    Unproven,
    /// The native client that proved this name.
    Proven(String),
}

/// Why an intent cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IntentRefused {
    #[error("intent_id: no tap of the last minute has this id; tap again")]
    Unknown,
    #[error("intent_id: that tap was made with another band than device")]
    OtherBand,
    #[error("intent_id: that tap has been used already; tap again")]
    Used,
}

#[derive(Debug, Default)]
pub(super) struct Intents {
    known: HashMap<Uuid, Known>,
    /// By endpoint, the oldest first.
    order: HashMap<String, VecDeque<(Instant, Uuid)>>,
}

#[derive(Debug)]
struct Known {
    intent: Intent,
    used_by: HashSet<Spender>,
}

impl Intents {
    pub(super) fn add(&mut self, intent: Intent, now: Instant, age: Duration) {
        self.forget_old(now, age);
        let here = self.order.get(&intent.endpoint_id).map_or(0, VecDeque::len);
        if here >= PER_ENDPOINT {
            self.forget_first(&intent.endpoint_id.clone());
        } else if self.known.len() >= KEPT {
            let most = self.order.iter().max_by_key(|(_, taps)| taps.len());
            if let Some(endpoint_id) = most.map(|(endpoint_id, _)| endpoint_id.clone()) {
                self.forget_first(&endpoint_id);
            }
        }
        let here = self.order.entry(intent.endpoint_id.clone()).or_default();
        here.push_back((now, intent.id.clone()));
        self.known.insert(
            intent.id.clone(),
            Known {
                intent,
                used_by: HashSet::new(),
            },
        );
    }

    /// Claims the intent for one spender; [`Intents::release`] gives it back.
    pub(super) fn claim(
        &mut self,
        id: &Uuid,
        band: BandId,
        spender: &Spender,
        now: Instant,
        age: Duration,
    ) -> Result<Intent, IntentRefused> {
        self.forget_old(now, age);
        let known = self.known.get_mut(id).ok_or(IntentRefused::Unknown)?;
        if known.intent.band != band {
            return Err(IntentRefused::OtherBand);
        }
        if !known.used_by.insert(spender.clone()) {
            return Err(IntentRefused::Used);
        }
        Ok(known.intent.clone())
    }

    pub(super) fn release(&mut self, id: &Uuid, spender: &Spender) {
        if let Some(known) = self.known.get_mut(id) {
            known.used_by.remove(spender);
        }
    }

    fn forget_old(&mut self, now: Instant, age: Duration) {
        let known = &mut self.known;
        self.order.retain(|_, taps| {
            let is_old = |(at, _): &(Instant, Uuid)| now.duration_since(*at) > age;
            while taps.front().is_some_and(is_old) {
                if let Some((_, id)) = taps.pop_front() {
                    known.remove(&id);
                }
            }
            !taps.is_empty()
        });
    }

    fn forget_first(&mut self, endpoint_id: &str) {
        let taps = self.order.get_mut(endpoint_id);
        if let Some((_, id)) = taps.and_then(VecDeque::pop_front) {
            self.known.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(60);
    const BAND: BandId = BandId::new([1; 6]);

    fn with_one(now: Instant) -> (Intents, Uuid) {
        let id = Uuid::from_random([7; 16]);
        let mut intents = Intents::default();
        let intent = Intent {
            id: id.clone(),
            band: BAND,
            endpoint_id: "desk".to_owned(),
            method: TapMethod::Ble,
            at: UnixMillis(0),
        };
        intents.add(intent, now, AGE);
        (intents, id)
    }

    #[test]
    fn one_assertion_for_each_proven_name_and_one_for_all_others() {
        let now = Instant::now();
        let (mut intents, id) = with_one(now);
        assert!(
            intents
                .claim(&id, BAND, &Spender::Unproven, now, AGE)
                .is_ok()
        );
        assert_eq!(
            intents
                .claim(&id, BAND, &Spender::Unproven, now, AGE)
                .unwrap_err(),
            IntentRefused::Used
        );
        assert!(
            intents
                .claim(&id, BAND, &Spender::Proven("unproven".to_owned()), now, AGE)
                .is_ok()
        );
        intents.release(&id, &Spender::Unproven);
        assert!(
            intents
                .claim(&id, BAND, &Spender::Unproven, now, AGE)
                .is_ok()
        );
    }

    #[test]
    fn a_flood_of_one_endpoint_costs_no_other_its_tap() {
        let now = Instant::now();
        let (mut intents, id) = with_one(now);
        for n in 0..17_000u32 {
            let mut random = [0; 16];
            random[..4].copy_from_slice(&n.to_be_bytes());
            let intent = Intent {
                id: Uuid::from_random(random),
                band: BAND,
                endpoint_id: format!("rogue-{}", n % 1000),
                method: TapMethod::Ble,
                at: UnixMillis(0),
            };
            intents.add(intent, now, AGE);
        }
        assert!(intents.known.len() <= KEPT);
        assert!(
            intents
                .claim(&id, BAND, &Spender::Unproven, now, AGE)
                .is_ok()
        );
    }

    #[test]
    fn only_its_band_and_only_for_a_minute() {
        let now = Instant::now();
        let (mut intents, id) = with_one(now);
        let other = BandId::new([2; 6]);
        let refused = intents
            .claim(&id, other, &Spender::Unproven, now, AGE)
            .unwrap_err();
        assert_eq!(refused, IntentRefused::OtherBand);
        assert!(
            intents
                .claim(&id, BAND, &Spender::Unproven, now + AGE, AGE)
                .is_ok()
        );
        let late = now + AGE + Duration::from_millis(1);
        let refused = intents
            .claim(
                &id,
                BAND,
                &Spender::Proven("unproven".to_owned()),
                late,
                AGE,
            )
            .unwrap_err();
        assert_eq!(refused, IntentRefused::Unknown);
        assert!(intents.known.is_empty());
    }
}
