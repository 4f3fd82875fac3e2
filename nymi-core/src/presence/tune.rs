//! Choosing the PAC parameters from what was seen: `nymi pac tune`.
//!
//! Wide parameters let a recorded frame pass for longer; narrow ones refuse people whose clocks are
//! merely off. What the clocks of an installation really do is in its own history: each verified
//! frame tells how far the band's clock was behind when it arrived, its *lag*
//! `e - (counter*TInterval + TInterval/2)`, and each setting of a clock tells how far the terminal
//! was from NES. From those [`propose`] derives the parameters:
//!
//! | parameters | from |
//! | --- | --- |
//! | DmNBANESTime, DvNBANESTime | middle and half width of the terminals' differences |
//! | DmClockDrift, DvClockDrift | slope of the lag over time, of series of a day and more: median, and farthest from it |
//! | DvIntent | how much later than its freshest a band's arrivals come; half of it, as step 5 of the verification takes it twice |
//! | DmIntent | what is left of the middle of all lags |
//! | DvNBANBTime | what is left of their half width |
//!
//! TInterval and DmNBANBTime stay, since nothing observed tells DmNBANBTime from DmIntent. Each Dv has
//! a fifth added for what was not observed. A few of the latest arrivals may be left out
//! (`tolerated_per_mille`): whoever delays frames on purpose would otherwise teach patience.
//!
//! A proposal is for an operator to judge: it says what it would have refused of the observed
//! arrivals, and for how long a code would pass, beside the same figures for the parameters in force; and its
//! [`Caution`]s say what it was made from too little of, and what it lets pass for long. An arrival that
//! repeats another in every field is one arrival.
//!
//! ```
//! use nymi_core::presence::tune::{Arrival, Observations, code_lifetime_ms, propose};
//! use nymi_core::presence::{PacParameters, TSet};
//! use nymi_core::{BandId, UnixMillis};
//!
//! // A band whose frames arrive half a second after the middle of their interval, for two days.
//! let t_set = TSet::new(1_778_600_000_000).unwrap();
//! let arrivals: Vec<Arrival> = (0..48)
//!     .map(|hour| Arrival {
//!         band: BandId::new([1; 6]),
//!         t_set,
//!         t_interval_ms: 1000,
//!         counter: hour * 3600,
//!         at: UnixMillis(t_set.ms() as i64 + i64::from(hour) * 3_600_000 + 1000),
//!     })
//!     .collect();
//! let observed = Observations { arrivals: &arrivals, terminals_ms: &[-40, 25], tolerated_per_mille: 0 };
//! let proposal = propose(&PacParameters::default(), &observed)?;
//! assert_eq!((proposal.then.out_of_bounds, proposal.then.stale), (0, 0));
//! // Such clocks need much less patience than the defaults have: 8.8 s an hour after setting.
//! assert_eq!(code_lifetime_ms(&PacParameters::default(), 3_600_000), 8_844);
//! assert!(proposal.then.code_lifetime_ms < proposal.now.code_lifetime_ms / 2);
//! # Ok::<(), nymi_core::presence::tune::TuneError>(())
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::caution::{Basis, cautions};
use super::parameters::{PacParameterError, PacParameterValues, PacParameters};
use super::verify::{Best, TSet, Window, drift, saturate};
use crate::{BandId, UnixMillis};

pub use super::caution::{
    Caution, ENOUGH_BANDS, ENOUGH_DAYS, LONG_CODE_MS, LONG_DELAY_MS, MUCH_DRIFT_PPM,
};

/// The fewest arrivals that are worth a proposal.
pub const MIN_ARRIVALS: usize = 30;

const DAY_MS: i64 = 86_400_000;
/// A series tells a drift from this span on: a day.
const MIN_SPAN_MS: i64 = DAY_MS;
/// And from this many arrivals on.
const MIN_SERIES: usize = 10;
/// Clocks wander with the temperature even where none was seen to: ppm.
const MIN_DRIFT_PPM: i64 = 5;
/// The smallest Dv that is proposed for a time: ms.
const MIN_DV_MS: i64 = 100;

/// An authentic frame that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Whose.
    pub band: BandId,
    /// The clock setting it counts from.
    pub t_set: TSet,
    /// The interval it counts in.
    pub t_interval_ms: u32,
    /// Its counter.
    pub counter: u32,
    /// The server's clock at arrival.
    pub at: UnixMillis,
}

impl Arrival {
    /// The arrival that showed this skew under the parameters then in force; none if no counter did.
    pub fn from_skew(
        (band, t_set): (BandId, TSet),
        at: UnixMillis,
        skew_ms: i64,
        parameters: &PacParameters,
    ) -> Option<Self> {
        let window = Window::new(t_set, parameters, at);
        let t_interval_ms = parameters.t_interval_ms();
        let counted = i128::from(skew_ms) - window.skew(0);
        let exact = counted.rem_euclid(i128::from(t_interval_ms)) == 0;
        let counter = u32::try_from(counted.div_euclid(i128::from(t_interval_ms))).ok()?;
        exact.then_some(Self {
            band,
            t_set,
            t_interval_ms,
            counter,
            at,
        })
    }

    fn elapsed(&self) -> i128 {
        i128::from(self.at.0) - i128::from(self.t_set.ms())
    }

    /// How far the band's clock, in the middle of the counted interval, was behind T_set and now.
    fn lag(&self) -> i128 {
        let t_interval = i128::from(self.t_interval_ms);
        self.elapsed() - i128::from(self.counter) * t_interval - t_interval / 2
    }
}

/// What was observed.
#[derive(Clone, Copy, Debug)]
pub struct Observations<'a> {
    /// Authentic frames of worn, authenticated bands, in any order: the verified ones, and those
    /// refused as stale or out_of_bounds that the operator takes to be honest.
    pub arrivals: &'a [Arrival],
    /// NES minus terminal, at each setting of a clock, ms; may be empty.
    pub terminals_ms: &'a [i64],
    /// How many of a thousand arrivals, the latest, may be refused.
    pub tolerated_per_mille: u16,
}

/// What one set of parameters does to the observed arrivals, and to an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Arrivals refused as out_of_bounds.
    pub out_of_bounds: usize,
    /// Arrivals refused as stale.
    pub stale: usize,
    /// How long one code passes when the band was not heard since its clock was set, at the longest
    /// elapsed time observed; see [`code_lifetime_ms`].
    pub code_lifetime_ms: i64,
    /// How long a withheld code passes when the band was heard just before; see
    /// [`delay_in_use_ms`].
    pub delay_in_use_ms: i64,
}

/// Parameters that fit what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The parameters.
    pub parameters: PacParameters,
    /// Arrivals considered, each once.
    pub arrivals: usize,
    /// Arrivals left out, as they repeat another in every field.
    pub duplicates: usize,
    /// Bands among them.
    pub bands: usize,
    /// Days of UTC on which one arrived.
    pub days: usize,
    /// Pairs of band and clock setting among them.
    pub series: usize,
    /// Series that were long enough to tell a drift; with none, the drift parameters stay.
    pub drift_series: usize,
    /// What the parameters in force do.
    pub now: Effect,
    /// What the proposed ones would have done.
    pub then: Effect,
    /// What to look at before they are taken.
    pub cautions: Vec<Caution>,
}

/// Why nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// Too little was seen.
    #[error(
        "{found} different arrivals are too few to propose parameters from; wait until there are {MIN_ARRIVALS}"
    )]
    TooFew {
        /// Arrivals found, each once.
        found: usize,
    },
    /// What was seen is beyond what the parameters can express.
    #[error(
        "the observed clocks differ by more than the parameters allow ({0}); set the clocks of NES and terminals first"
    )]
    OutOfRange(#[from] PacParameterError),
}

/// How long one code is within bounds, `2*var + TInterval`: the longest time for which a recorded
/// frame of a band that was not heard since T_set may pass.
pub fn code_lifetime_ms(parameters: &PacParameters, elapsed_ms: i64) -> i64 {
    let v = parameters.values();
    let fixed = v.dv_nba_nes_time + v.dv_nba_nb_time + v.dv_intent;
    let var = i128::from(fixed) + drift(i128::from(elapsed_ms), i128::from(v.dv_clock_drift));
    saturate(2 * var + i128::from(v.t_interval))
}

/// How much later than its freshest arrival a band's frame may come, `2*DvIntent + TInterval` and the
/// drift since then: the longest time for which a withheld frame of a band in use may pass.
pub fn delay_in_use_ms(parameters: &PacParameters, idle_ms: i64) -> i64 {
    let v = parameters.values();
    let aged = drift(i128::from(idle_ms), i128::from(v.dv_clock_drift));
    saturate(i128::from(2 * v.dv_intent + v.t_interval) + aged)
}

/// Proposes parameters; see the [module](self).
///
/// # Errors
/// There are too few arrivals, or no parameters within their ranges would do.
pub fn propose(
    current: &PacParameters,
    observed: &Observations<'_>,
) -> Result<Proposal, TuneError> {
    let series = series(observed.arrivals);
    let arrivals: Vec<Arrival> = series.values().flatten().copied().collect();
    if arrivals.len() < MIN_ARRIVALS {
        return Err(TuneError::TooFew {
            found: arrivals.len(),
        });
    }
    let slopes: Vec<i64> = series
        .values()
        .filter_map(|series| slope_ppm(series))
        .collect();
    let mut values = *current.values();
    if let Some((middle, farthest)) = center(slopes.clone()) {
        values.dm_clock_drift = middle;
        values.dv_clock_drift = with_margin(farthest, MIN_DRIFT_PPM);
    }
    if let (Some(least), Some(most)) = (
        observed.terminals_ms.iter().min(),
        observed.terminals_ms.iter().max(),
    ) {
        values.dm_nba_nes_time = saturate((i128::from(*least) + i128::from(*most)).div_euclid(2));
        let farthest = i128::from(*most) - i128::from(values.dm_nba_nes_time);
        values.dv_nba_nes_time = with_margin(saturate(farthest), MIN_DV_MS);
    }
    let tolerated = Tolerated(observed.tolerated_per_mille);
    values.dv_intent = with_margin(half_lateness(&series, &values, tolerated), MIN_DV_MS);
    let (middle, half_width) = middle_and_half_width(&arrivals, &values, tolerated);
    values.dm_intent =
        saturate(middle - i128::from(values.dm_nba_nes_time) - i128::from(values.dm_nba_nb_time));
    let covered = i128::from(values.dv_nba_nes_time) + i128::from(values.dv_intent);
    values.dv_nba_nb_time = with_margin(saturate(half_width - covered), MIN_DV_MS);
    let parameters = values.try_into()?;
    let then = effect(&parameters, &series);
    let basis = Basis {
        bands: distinct(arrivals.iter().map(|arrival| arrival.band)),
        days: distinct(
            arrivals
                .iter()
                .map(|arrival| arrival.at.0.div_euclid(DAY_MS)),
        ),
        drift_series: slopes.len(),
        terminals: observed.terminals_ms.len(),
    };
    Ok(Proposal {
        parameters,
        arrivals: arrivals.len(),
        duplicates: observed.arrivals.len() - arrivals.len(),
        bands: basis.bands,
        days: basis.days,
        series: series.len(),
        drift_series: basis.drift_series,
        now: effect(current, &series),
        then,
        cautions: cautions(&basis, &parameters, &then),
    })
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<BTreeSet<T>>().len()
}

/// What these parameters do to arrivals, each counted once.
pub fn effect_on(parameters: &PacParameters, arrivals: &[Arrival]) -> Effect {
    effect(parameters, &series(arrivals))
}

type Series = BTreeMap<(BandId, TSet), Vec<Arrival>>;

/// The arrivals by band and clock setting, in order of time, each once.
fn series(arrivals: &[Arrival]) -> Series {
    let mut series = Series::new();
    for arrival in arrivals {
        series
            .entry((arrival.band, arrival.t_set))
            .or_default()
            .push(*arrival);
    }
    for arrivals in series.values_mut() {
        arrivals.sort_by_key(|arrival| (arrival.at, arrival.counter, arrival.t_interval_ms));
        arrivals.dedup();
    }
    series
}

/// By how many ppm the lag grows, by least squares; none if the series is too short to tell.
fn slope_ppm(series: &[Arrival]) -> Option<i64> {
    let (first, last) = (series.first()?, series.last()?);
    if series.len() < MIN_SERIES || last.at.since(first.at) < MIN_SPAN_MS {
        return None;
    }
    // Around the first arrival and in whole seconds, which keeps the squares far below 2^127.
    let points = || {
        series.iter().map(|a| {
            (
                (a.elapsed() - first.elapsed()) / 1000,
                a.lag() - first.lag(),
            )
        })
    };
    let count = series.len() as i128;
    let mean_x = points().map(|(x, _)| x).sum::<i128>() / count;
    let (products, squares) = points().fold((0i128, 0i128), |(products, squares), (x, y)| {
        let dx = x - mean_x;
        (
            products.saturating_add(dx.saturating_mul(y)),
            squares.saturating_add(dx.saturating_mul(dx)),
        )
    });
    // ms per s is a thousandth.
    let slope = products.saturating_mul(1000).checked_div(squares)?;
    Some(saturate(slope))
}

/// The median, and how far the farthest is from it.
fn center(mut values: Vec<i64>) -> Option<(i64, i64)> {
    values.sort_unstable();
    let (least, most) = (*values.first()?, *values.last()?);
    let median = values[values.len() / 2];
    Some((
        median,
        most.saturating_sub(median)
            .max(median.saturating_sub(least)),
    ))
}

/// A fifth more, and never less than the smallest.
fn with_margin(value: i64, least: i64) -> i64 {
    value.saturating_add(value / 5).max(least)
}

#[derive(Clone, Copy)]
struct Tolerated(u16);

impl Tolerated {
    /// The largest of the values after leaving out the tolerated share of the largest.
    fn largest(self, mut values: Vec<i128>) -> i128 {
        values.sort_unstable();
        // In 64 bits wherever it runs: an operator may have recorded millions.
        let left_out = values.len() as u64 * u64::from(self.0.min(1000)) / 1000;
        let left_out = usize::try_from(left_out).unwrap_or(usize::MAX);
        let kept = values.len().saturating_sub(left_out).max(1);
        values.get(kept - 1).copied().unwrap_or(0)
    }
}

/// The lag without its expected drift.
fn residual(arrival: &Arrival, values: &PacParameterValues) -> i128 {
    let ppm = i128::from(values.dm_clock_drift);
    arrival.lag() - (arrival.elapsed() * ppm).div_euclid(1_000_000)
}

/// Half of how much later than the freshest a band's arrivals come, beyond one interval.
fn half_lateness(series: &Series, values: &PacParameterValues, tolerated: Tolerated) -> i64 {
    let mut lateness = Vec::new();
    for arrivals in series.values() {
        let mut freshest: Option<(i128, UnixMillis)> = None;
        for arrival in arrivals {
            let late = residual(arrival, values);
            let ppm = i128::from(values.dv_clock_drift);
            let aged = freshest.map(|(late, at)| late + drift(arrival.at.since(at).into(), ppm));
            if let Some(aged) = aged {
                lateness.push(late - aged - i128::from(arrival.t_interval_ms));
            }
            if aged.is_none_or(|aged| late <= aged) {
                freshest = Some((late, arrival.at));
            }
        }
    }
    let half = tolerated.largest(lateness).max(0);
    saturate(half / 2 + half % 2)
}

/// The middle and half width that hold every lag, beside drift and the interval's own width.
fn middle_and_half_width(
    arrivals: &[Arrival],
    values: &PacParameterValues,
    tolerated: Tolerated,
) -> (i128, i128) {
    let allowance = |arrival: &Arrival| {
        drift(arrival.elapsed(), i128::from(values.dv_clock_drift))
            + i128::from(arrival.t_interval_ms / 2)
    };
    let latest = arrivals
        .iter()
        .map(|a| residual(a, values) - allowance(a))
        .collect();
    let latest = tolerated.largest(latest);
    // Nobody can make a band's frame arrive before it was sent: no earliest one is left out.
    let earliest = arrivals
        .iter()
        .map(|a| residual(a, values) + allowance(a))
        .min();
    let earliest = earliest.unwrap_or(latest);
    let middle = (earliest + latest).div_euclid(2);
    (middle, (latest - middle).max(0))
}

/// What these parameters would have refused: steps 4 and 5 of the verification over each series.
fn effect(parameters: &PacParameters, series: &Series) -> Effect {
    let (mut out_of_bounds, mut stale, mut longest) = (0, 0, 0);
    for arrival in series.values().flatten() {
        longest = longest.max(saturate(arrival.elapsed()));
    }
    for arrivals in series.values() {
        let mut best: Option<Best> = None;
        for arrival in arrivals {
            let Ok(parameters) = parameters.with_t_interval(arrival.t_interval_ms) else {
                continue;
            };
            let window = Window::new(arrival.t_set, &parameters, arrival.at);
            let skew = window.skew(arrival.counter);
            let aged = best.map(|best| window.aged(best));
            if !window.contains(arrival.counter) {
                out_of_bounds += 1;
            } else if aged.is_some_and(|aged| skew < aged - window.patience) {
                stale += 1;
            } else if aged.is_none_or(|aged| skew >= aged) {
                best = Some(Best {
                    skew_ms: saturate(skew),
                    at: arrival.at,
                });
            }
        }
    }
    Effect {
        out_of_bounds,
        stale,
        code_lifetime_ms: code_lifetime_ms(parameters, longest),
        delay_in_use_ms: delay_in_use_ms(parameters, 0),
    }
}
