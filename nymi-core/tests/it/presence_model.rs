//! The eight steps of the Presence manual once more, slow and obvious, in integers without ends.

use num_bigint::BigInt;
use nymi_core::presence::{
    AdvKey, Claim, Flags, Frame, Outcome, PacKey, PacParameterValues, PacParameters, TSet, Tail,
    Verification, VerificationState, verify,
};
use nymi_core::{BandId, UnixMillis};

pub(crate) const BAND: BandId = BandId::new([0xc3, 1, 2, 3, 4, 5]);
pub(crate) const ALIVE: Flags = Flags {
    authenticated: true,
    worn: true,
    time_lost: false,
    low_battery: false,
};

pub(crate) fn key() -> PacKey {
    PacKey::new(&AdvKey::new(*b"sixteen byte key"), BAND)
}

pub(crate) fn frame(flags: Flags, counter: u32, t_set: TSet) -> Vec<u8> {
    Frame::signed(&key(), flags, counter, t_set.into(), 0).to_bytes()
}

/// Towards minus infinity; `by` is positive.
pub(crate) fn floor(value: &BigInt, by: i64) -> BigInt {
    let zero = BigInt::from(0);
    let rest = value % by;
    value / by - i32::from(rest < zero)
}

pub(crate) fn ceil(value: &BigInt, by: i64) -> BigInt {
    -floor(&-value, by)
}

/// What a server knows of one band and T_set, and what it would say to a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) best: Option<(BigInt, BigInt)>,
    pub(crate) last: Option<(u32, String, String)>,
}

/// The quantities between the steps.
pub(crate) struct Quantities {
    pub(crate) skew: BigInt,
    pub(crate) first: BigInt,
    pub(crate) final_: BigInt,
}

pub(crate) fn quantities(
    v: &PacParameterValues,
    t_set: TSet,
    now: i64,
    counter: u32,
) -> Quantities {
    let e = BigInt::from(now) - BigInt::from(t_set.ms());
    let mid = BigInt::from(v.dm_nba_nes_time)
        + v.dm_nba_nb_time
        + floor(&(&e * v.dm_clock_drift), 1_000_000)
        + v.dm_intent;
    let elapsed = e.clone().max(BigInt::from(0));
    let var = BigInt::from(v.dv_nba_nes_time)
        + v.dv_nba_nb_time
        + ceil(&(elapsed * v.dv_clock_drift), 1_000_000)
        + v.dv_intent;
    let band = BigInt::from(counter) * v.t_interval + v.t_interval / 2;
    Quantities {
        skew: band - (&e - &mid),
        first: floor(&(&e - &mid - &var), v.t_interval),
        final_: floor(&(&e - &mid + &var), v.t_interval),
    }
}

impl Model {
    /// The outcome for an authentic frame, with its skew.
    pub(crate) fn judge(
        &mut self,
        v: &PacParameterValues,
        t_set: TSet,
        (now, counter, flags): (i64, u32, Flags),
        (agent, endpoint): (&str, &str),
    ) -> (Outcome, BigInt) {
        let q = quantities(v, t_set, now, counter);
        let at = BigInt::from(now);
        let aged = self.best.as_ref().map(|(skew, t)| {
            let since = (&at - t).max(BigInt::from(0));
            skew - ceil(&(since * v.dv_clock_drift), 1_000_000)
        });
        let counted = BigInt::from(counter);
        let outcome = if counted < q.first || counted > q.final_ {
            Outcome::OutOfBounds
        } else if aged
            .as_ref()
            .is_some_and(|aged| q.skew < aged - 2 * v.dv_intent - v.t_interval)
        {
            Outcome::Stale
        } else if !(flags.authenticated && flags.worn) {
            Outcome::NotAuthenticated
        } else if self.last.as_ref().is_some_and(|(last, by, from)| {
            counter < *last || counter == *last && (by != agent || from != endpoint)
        }) {
            Outcome::Replayed
        } else {
            Outcome::Verified
        };
        if outcome == Outcome::Verified {
            if aged.is_none_or(|aged| q.skew >= aged) {
                self.best = Some((q.skew.clone(), at));
            }
            self.last = Some((counter, agent.into(), endpoint.into()));
        }
        (outcome, q.skew)
    }
}

/// The model's knowledge, as the code keeps it.
pub(crate) fn same_knowledge(model: &Model, state: &VerificationState) -> bool {
    let best = state
        .best
        .map(|best| (BigInt::from(best.skew_ms), BigInt::from(best.at.0)));
    let last = state.last.as_ref();
    let last = last.map(|last| (last.counter, last.agent.clone(), last.endpoint.clone()));
    *model == Model { best, last }
}

pub(crate) fn saturated(value: &BigInt) -> i64 {
    let ends = [BigInt::from(i64::MIN), BigInt::from(i64::MAX)];
    i64::try_from(value.clone().clamp(ends[0].clone(), ends[1].clone())).unwrap()
}

/// A server's knowledge of one band, driven by the code under test.
pub(crate) struct Server {
    pub(crate) t_set: TSet,
    pub(crate) parameters: PacParameters,
    pub(crate) state: VerificationState,
}

impl Server {
    pub(crate) fn new(t_set: u64, values: PacParameterValues) -> Self {
        Self {
            t_set: TSet::new(t_set).unwrap(),
            parameters: values.try_into().unwrap(),
            state: VerificationState::default(),
        }
    }

    /// Verifies bytes, and keeps what they change.
    pub(crate) fn bytes(&mut self, frame: &[u8], now: i64, by: (&str, &str)) -> Verification {
        let claim = Claim {
            frame,
            now: UnixMillis(now),
            agent: by.0,
            endpoint: by.1,
        };
        let found = verify(&key(), self.t_set, &self.parameters, &self.state, &claim);
        assert_eq!(found.next.is_some(), found.outcome == Outcome::Verified);
        if let Some(next) = &found.next {
            self.state = next.clone();
        }
        found
    }

    /// Verifies an authentic frame of a worn, authenticated band.
    pub(crate) fn hear(&mut self, counter: u32, now: i64) -> Outcome {
        self.bytes(
            &frame(ALIVE, counter, self.t_set),
            now,
            ("agent", "terminal"),
        )
        .outcome
    }

    /// The same, without keeping anything.
    pub(crate) fn would(&self, counter: u32, now: i64) -> Outcome {
        Self {
            t_set: self.t_set,
            parameters: self.parameters,
            state: self.state.clone(),
        }
        .hear(counter, now)
    }
}

pub(crate) fn boot_frame(counter: u32) -> Vec<u8> {
    Frame::signed(&key(), ALIVE, counter, Tail::BootNonce([9; 4]), 0).to_bytes()
}
