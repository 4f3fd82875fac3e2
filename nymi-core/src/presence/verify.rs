use alloc::borrow::ToOwned;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::frame::{Flags, Frame, Tail};
use super::key::PacKey;
use super::parameters::PacParameters;
use crate::UnixMillis;

/// The moment a band's clock was set to: milliseconds since 1970, at most 2^63-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TSet(i64);

impl TSet {
    /// None above 2^63-1.
    pub fn new(ms: u64) -> Option<Self> {
        i64::try_from(ms).ok().map(Self)
    }

    /// Milliseconds since 1970.
    pub const fn ms(self) -> u64 {
        self.0 as u64
    }
}

/// What one pair of band and T_set has shown so far. Only a verified frame changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationState {
    /// The freshest arrival so far.
    pub best: Option<Best>,
    /// The last verified frame.
    pub last: Option<Last>,
}

/// The freshest arrival so far: later ones may only be staler by what the clocks allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    /// Band clock minus expected band clock, milliseconds.
    pub skew_ms: i64,
    /// When it arrived.
    pub at: UnixMillis,
}

/// The last verified frame, against replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Its counter.
    pub counter: u32,
    /// The agent that reported it.
    pub agent: String,
    /// The endpoint that heard it.
    pub endpoint: String,
}

/// A frame as an authenticated agent reports it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The bytes on the air.
    pub frame: &'a [u8],
    /// The server's clock at arrival.
    pub now: UnixMillis,
    /// Who reports it.
    pub agent: &'a str,
    /// Who heard it.
    pub endpoint: &'a str,
}

/// The result of one verification, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not a presence frame.
    Malformed,
    /// The code is not the band's for this T_set.
    Failed,
    /// Authentic, but the band lost its clock: no freshness, never enough for an assertion.
    VerifiedTimeLost,
    /// The counter is not one the clocks allow now.
    OutOfBounds,
    /// Later than the freshest arrivals allow: recorded and sent later.
    Stale,
    /// The band is not worn, or its wearer has not authenticated.
    NotAuthenticated,
    /// This step, or a later one, was already claimed elsewhere.
    Replayed,
    /// Authentic, fresh, first.
    Verified,
}

impl Outcome {
    /// All outcomes, in the order in which they are tried.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::Failed,
        Self::VerifiedTimeLost,
        Self::OutOfBounds,
        Self::Stale,
        Self::NotAuthenticated,
        Self::Replayed,
        Self::Verified,
    ];

    /// The name in messages: `verified_time_lost`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Failed => "failed",
            Self::VerifiedTimeLost => "verified_time_lost",
            Self::OutOfBounds => "out_of_bounds",
            Self::Stale => "stale",
            Self::NotAuthenticated => "not_authenticated",
            Self::Replayed => "replayed",
            Self::Verified => "verified",
        }
    }

    /// The EventTypeID of the audit row (guide 000, audit.Events).
    pub const fn event_type_id(self) -> u8 {
        match self {
            Self::Verified => 13,
            Self::VerifiedTimeLost => 7,
            Self::Malformed | Self::Failed | Self::Replayed | Self::NotAuthenticated => 6,
            Self::Stale | Self::OutOfBounds => 14,
        }
    }

    /// The status code that the caller sees.
    pub const fn status(self) -> u32 {
        match self {
            Self::Verified => 0,
            Self::Malformed | Self::Failed => 6000,
            Self::Replayed => 6001,
            Self::VerifiedTimeLost => 6002,
            Self::Stale | Self::OutOfBounds => 6003,
            Self::NotAuthenticated => 3021,
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The result.
    pub outcome: Outcome,
    /// The frame's counter; none for malformed and failed.
    pub counter: Option<u32>,
    /// Band clock minus expected band clock, positive if the band is ahead; none for malformed,
    /// failed and verified_time_lost. Saturates at the ends of i64, which only out_of_bounds can
    /// reach.
    pub skew_ms: Option<i64>,
    /// The state to keep; only for verified.
    pub next: Option<VerificationState>,
}

impl Verification {
    const fn of(outcome: Outcome, counter: Option<u32>, skew_ms: Option<i64>) -> Self {
        Self {
            outcome,
            counter,
            skew_ms,
            next: None,
        }
    }
}

/// Verifies one reported frame against one (band, T_set): the eight steps of the chapter
/// [Presence](crate::manual::presence), in order.
///
/// Pure: whoever calls it reads state, writes [`next`](Verification::next) in the same transaction, and
/// makes it durable before it tells anyone. Arithmetic is exact for every time, counter and parameter.
///
/// ```
/// use nymi_core::presence::*;
/// use nymi_core::{BandId, UnixMillis};
///
/// let key = PacKey::new(&AdvKey::new([7; 16]), BandId::new([1; 6]));
/// let t_set = TSet::new(1_700_000_000_000).unwrap();
/// let flags = Flags { authenticated: true, worn: true, ..Flags::default() };
/// let frame = Frame::signed(&key, flags, 60, t_set.into(), 4).to_bytes();
/// let claim = Claim {
///     frame: &frame,
///     now: UnixMillis(1_700_000_061_000),
///     agent: "agent",
///     endpoint: "terminal-7",
/// };
/// let state = VerificationState::default();
/// let found = verify(&key, t_set, &PacParameters::default(), &state, &claim);
/// assert_eq!(found.outcome, Outcome::Verified);
/// ```
pub fn verify(
    key: &PacKey,
    t_set: TSet,
    parameters: &PacParameters,
    state: &VerificationState,
    claim: &Claim<'_>,
) -> Verification {
    let Ok(frame) = Frame::parse(claim.frame) else {
        return Verification::of(Outcome::Malformed, None, None);
    };
    let tail = frame
        .boot_nonce
        .map_or_else(|| t_set.into(), Tail::BootNonce);
    if !key.verifies(&frame, tail) {
        return Verification::of(Outcome::Failed, None, None);
    }
    if frame.flags.time_lost {
        return Verification::of(Outcome::VerifiedTimeLost, Some(frame.counter), None);
    }
    let window = Window::new(t_set, parameters, claim.now);
    let skew = window.skew(frame.counter);
    let (outcome, best) = judge(&window, skew, &frame, state, claim);
    let skew_ms = saturate(skew);
    Verification {
        next: (outcome == Outcome::Verified).then(|| VerificationState {
            best,
            last: Some(Last {
                counter: frame.counter,
                agent: claim.agent.to_owned(),
                endpoint: claim.endpoint.to_owned(),
            }),
        }),
        ..Verification::of(outcome, Some(frame.counter), Some(skew_ms))
    }
}

/// Steps 4 to 8, and the freshest arrival after this one.
fn judge(
    window: &Window,
    skew: i128,
    frame: &Frame,
    state: &VerificationState,
    claim: &Claim<'_>,
) -> (Outcome, Option<Best>) {
    if !window.contains(frame.counter) {
        return (Outcome::OutOfBounds, None);
    }
    let aged = state.best.map(|best| window.aged(best));
    if aged.is_some_and(|aged| skew < aged - window.patience) {
        return (Outcome::Stale, None);
    }
    if !matches!(
        frame.flags,
        Flags {
            authenticated: true,
            worn: true,
            ..
        }
    ) {
        return (Outcome::NotAuthenticated, None);
    }
    if state
        .last
        .as_ref()
        .is_some_and(|last| is_replay(last, frame.counter, claim))
    {
        return (Outcome::Replayed, None);
    }
    let fresher = aged.is_none_or(|aged| skew >= aged);
    let here = Best {
        skew_ms: saturate(skew),
        at: claim.now,
    };
    (
        Outcome::Verified,
        if fresher { Some(here) } else { state.best },
    )
}

fn is_replay(last: &Last, counter: u32, claim: &Claim<'_>) -> bool {
    counter < last.counter
        || counter == last.counter && (claim.agent != last.agent || claim.endpoint != last.endpoint)
}

/// Where the band's clock may be now, in milliseconds since T_set.
pub(super) struct Window {
    t_interval: i128,
    /// `e - mid`: where the middle of the window is.
    middle: i128,
    /// `var`.
    half_width: i128,
    /// `2*DvIntent + TInterval`: how much later than the freshest an arrival may be.
    pub(super) patience: i128,
    drift_ppm: i128,
    now: i128,
}

impl Window {
    pub(super) fn new(t_set: TSet, parameters: &PacParameters, now: UnixMillis) -> Self {
        let v = parameters.values();
        let wide = i128::from;
        let elapsed = wide(now.0) - wide(t_set.0);
        let drifted = (elapsed * wide(v.dm_clock_drift)).div_euclid(1_000_000);
        let midpoint =
            wide(v.dm_nba_nes_time) + wide(v.dm_nba_nb_time) + drifted + wide(v.dm_intent);
        let half_width = wide(v.dv_nba_nes_time)
            + wide(v.dv_nba_nb_time)
            + drift(elapsed, wide(v.dv_clock_drift))
            + wide(v.dv_intent);
        Self {
            t_interval: wide(v.t_interval),
            middle: elapsed - midpoint,
            half_width,
            patience: 2 * wide(v.dv_intent) + wide(v.t_interval),
            drift_ppm: wide(v.dv_clock_drift),
            now: wide(now.0),
        }
    }

    pub(super) fn skew(&self, counter: u32) -> i128 {
        i128::from(counter) * self.t_interval + self.t_interval.div_euclid(2) - self.middle
    }

    pub(super) fn contains(&self, counter: u32) -> bool {
        let first = (self.middle - self.half_width).div_euclid(self.t_interval);
        let last = (self.middle + self.half_width).div_euclid(self.t_interval);
        (first..=last).contains(&i128::from(counter))
    }

    /// The freshest skew, less what the clocks may have drifted since.
    pub(super) fn aged(&self, best: Best) -> i128 {
        i128::from(best.skew_ms) - drift(self.now - i128::from(best.at.0), self.drift_ppm)
    }
}

/// `ceil(max(elapsed, 0) * ppm / 10^6)`.
pub(super) fn drift(elapsed_ms: i128, ppm: i128) -> i128 {
    let product = elapsed_ms.max(0) * ppm;
    product.div_euclid(1_000_000) + i128::from(product.rem_euclid(1_000_000) != 0)
}

/// The nearest number of 64 bits.
pub(super) fn saturate(value: i128) -> i64 {
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}
