//! Choosing the detection parameters from recorded samples: `nymi tap tune`.
//!
//! How strongly a band is heard depends on the adapter, on where it is plugged in, on gloves and
//! metal: no default fits all places. So somebody records a few taps and what must not be one
//! ([`recording`](super::recording)), and [`propose`] derives:
//!
//! | parameter | from |
//! | --- | --- |
//! | rssi_window_tap, rssi_tap_threshold | fewest missed and false taps; then 6 dB to spare on both sides; then the shortest wait |
//! | tap_hysteresis | more than the mean sags while the band is held, less than it falls between taps; 6 dB if both allow |
//! | rssi_cutoff_close, rssi_cutoff_far | a third of the way from the weakest `close` and the strongest `far` mean to each other |
//!
//! rssi_window_long stays. A proposal is for an operator to judge: it comes with what it would have
//! done to the recording, beside the same figures for the parameters in force.
//!
//! ```
//! use nymi_core::tap::TapConfig;
//! use nymi_core::tap::recording::{Label, Recording, Sample};
//! use nymi_core::tap::tune::{TuneError, propose};
//! use nymi_core::{BandId, UnixMillis};
//!
//! // Six taps through gloves: -48 dBm held for a second, -70 dBm for four seconds between.
//! let samples = (0..300).map(|step| {
//!     let held = step % 50 < 10;
//!     Sample {
//!         at: UnixMillis(step * 100),
//!         band: BandId::new([1; 6]),
//!         rssi_dbm: if held { -48 } else { -70 },
//!         label: if held { Label::Tap } else { Label::NotTap },
//!     }
//! });
//! let recording = Recording::try_from(samples.collect::<Vec<_>>())?;
//! let proposal = propose(&TapConfig::default(), &recording)?;
//! assert_eq!((proposal.now.hits, proposal.now.missed()), (0, 6));
//! assert_eq!((proposal.then.hits, proposal.then.false_taps), (6, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::config::{TapConfig, TapConfigValues};
use super::recording::{Label, Recording, Sample};
use super::track::{FORGOTTEN_MS, Track};
use crate::{BandId, UnixMillis};

/// The fewest approaches (runs of samples labelled `tap`) that are worth a proposal.
pub const MIN_APPROACHES: usize = 5;
/// The fewest samples that must not tap.
pub const MIN_OTHER: usize = 100;

/// A tap so long before the label began or after it ended still belongs to the approach: people label
/// by hand.
const GRACE_MS: i64 = 500;
/// A silence this long ends an approach.
const SILENCE_MS: i64 = 3000;
/// To spare on both sides of the threshold, where the samples allow it, in tenths of a dB.
const ENOUGH_TENTHS: i64 = 60;
/// The windows that are tried.
const WINDOWS: [usize; 7] = [5, 8, 10, 12, 15, 20, 30];
/// The most thresholds tried per window.
const THRESHOLDS: i64 = 14;

/// What parameters, or any other detector, make of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Runs of samples labelled `tap`.
    pub approaches: usize,
    /// Of those, the ones with a tap.
    pub hits: usize,
    /// Taps elsewhere, and second taps of one approach.
    pub false_taps: usize,
    /// From the first sample of an approach to its tap, ms: the median of the hits.
    pub median_ms: Option<i64>,
    /// The same: the longest.
    pub worst_ms: Option<i64>,
}

impl Effect {
    /// Approaches without a tap.
    pub const fn missed(&self) -> usize {
        self.approaches - self.hits
    }
}

/// Parameters that fit what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The parameters.
    pub config: TapConfig,
    /// What those in force make of the recording.
    pub now: Effect,
    /// What the proposed ones make of it.
    pub then: Effect,
    /// How far the weakest approach is above the threshold and everything else below it, tenths of a
    /// dB: the smaller of both. Negative where the two overlap.
    pub margin_tenths_db: i64,
    /// Whether `close` and `far` were recorded and lie apart, so that cut-offs are proposed.
    pub cutoffs: bool,
}

/// Why nothing is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// Too few taps.
    #[error(
        "{found} recorded taps are too few to propose parameters from; record at least {MIN_APPROACHES}"
    )]
    Approaches {
        /// Approaches found.
        found: usize,
    },
    /// Too little of what must not tap.
    #[error(
        "{found} samples that are not taps are too few to propose parameters from; record at least {MIN_OTHER}, of what people do near the terminal"
    )]
    Other {
        /// Samples found.
        found: usize,
    },
    /// No window tells both how strong taps and how strong everything else is.
    #[error(
        "the recording does not tell how strongly taps and everything else are heard; hold each tap for a second, and rest some seconds between taps"
    )]
    Evidence,
}

/// One run of samples labelled `tap`.
#[derive(Clone, Copy, Debug)]
struct Approach {
    band: BandId,
    from: UnixMillis,
    to: UnixMillis,
}

/// The samples of one band.
type Tracks<'a> = BTreeMap<BandId, Vec<&'a Sample>>;

/// What these parameters make of a recording.
pub fn effect_on(config: &TapConfig, recording: &Recording) -> Effect {
    judge(recording, &taps(config, recording))
}

/// The taps that the detector with these parameters finds in a recording.
pub fn taps(config: &TapConfig, recording: &Recording) -> Vec<(BandId, UnixMillis)> {
    let mut tracks = BTreeMap::new();
    let mut taps = Vec::new();
    for sample in recording.samples() {
        let track = tracks
            .entry(sample.band)
            .or_insert_with(|| Track::new(config));
        while track.deadline().is_some_and(|due| due <= sample.at) {
            track.fall_silent(config);
        }
        if track.deadline().is_none() {
            *track = Track::new(config);
        }
        track.hear(sample.at);
        if track.measure(config, sample.rssi_dbm).is_some() {
            taps.push((sample.band, sample.at));
        }
    }
    taps
}

/// Compares any taps with what a recording says of them.
pub fn judge(recording: &Recording, taps: &[(BandId, UnixMillis)]) -> Effect {
    let times = tap_times(recording, taps);
    let mut hits: Vec<i64> = times.iter().copied().flatten().collect();
    hits.sort_unstable();
    Effect {
        approaches: times.len(),
        hits: hits.len(),
        false_taps: taps.len() - hits.len(),
        median_ms: hits.get(hits.len() / 2).copied(),
        worst_ms: hits.last().copied(),
    }
}

/// For each approach of a recording, in order of time, from its first sample to its tap, ms; 0 for a
/// tap that came a little sooner.
pub fn tap_times(recording: &Recording, taps: &[(BandId, UnixMillis)]) -> Vec<Option<i64>> {
    let approaches = approaches(recording);
    let mut times = alloc::vec![None; approaches.len()];
    for (band, at) in taps {
        let begun =
            |approach: &Approach| approach.band == *band && at.since(approach.from) >= -GRACE_MS;
        // An approach may begin in the grace of the one before: the later one counts.
        let Some(index) = approaches.iter().rposition(begun) else {
            continue;
        };
        let approach = approaches[index];
        if at.since(approach.to) <= GRACE_MS && times[index].is_none() {
            times[index] = Some(at.since(approach.from).max(0));
        }
    }
    times
}

/// In order of their beginning.
fn approaches(recording: &Recording) -> Vec<Approach> {
    let mut open: BTreeMap<BandId, Approach> = BTreeMap::new();
    let mut done = Vec::new();
    for sample in recording.samples() {
        let Sample { at, band, .. } = *sample;
        let fresh = Approach {
            band,
            from: at,
            to: at,
        };
        if sample.label != Label::Tap {
            done.extend(open.remove(&band));
            continue;
        }
        let approach = open.entry(band).or_insert(fresh);
        if at.since(approach.to) >= SILENCE_MS {
            done.push(core::mem::replace(approach, fresh));
        }
        approach.to = at;
    }
    done.extend(open.into_values());
    done.sort_by_key(|approach| (approach.from, approach.band));
    done
}

/// Proposes parameters; see the [module](self).
///
/// # Errors
/// There is too little to propose from.
pub fn propose(current: &TapConfig, recording: &Recording) -> Result<Proposal, TuneError> {
    let now = effect_on(current, recording);
    if now.approaches < MIN_APPROACHES {
        return Err(TuneError::Approaches {
            found: now.approaches,
        });
    }
    let samples = recording.samples().iter();
    let found = samples.filter(|s| s.label != Label::Tap).count();
    if found < MIN_OTHER {
        return Err(TuneError::Other { found });
    }
    let tracks = by_band(recording);
    let mut best: Option<(Rank, TapConfigValues, i64)> = None;
    for window in WINDOWS {
        let Some(levels) = Levels::of(&tracks, window) else {
            continue;
        };
        for threshold in levels.thresholds() {
            let mut values = *current.values();
            values.rssi_window_tap = window as i64;
            values.rssi_tap_threshold = threshold;
            values.tap_hysteresis = hysteresis(&tracks, window, threshold);
            let Ok(config) = TapConfig::try_from(values) else {
                continue;
            };
            let margin = levels.margin(threshold);
            let rank = Rank::new(&effect_on(&config, recording), margin);
            if best.as_ref().is_none_or(|(least, ..)| rank < *least) {
                best = Some((rank, values, margin));
            }
        }
    }
    let (_, mut values, margin) = best.ok_or(TuneError::Evidence)?;
    let found = cutoffs(&tracks, &values).filter(|_| current.judges_proximity());
    if let Some((close, far)) = found {
        (values.rssi_cutoff_close, values.rssi_cutoff_far) = (close, far);
    }
    // Values within their ranges; if not, those in force.
    let config = TapConfig::try_from(values).unwrap_or(*current);
    Ok(Proposal {
        config,
        now,
        then: effect_on(&config, recording),
        margin_tenths_db: margin,
        cutoffs: found.is_some(),
    })
}

/// How good a proposal is: the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    wrong: usize,
    false_taps: usize,
    /// By how much the margin falls short of enough.
    short: i64,
    worst_ms: i64,
    margin: core::cmp::Reverse<i64>,
}

impl Rank {
    fn new(effect: &Effect, margin: i64) -> Self {
        Self {
            wrong: effect.missed() + effect.false_taps,
            false_taps: effect.false_taps,
            short: (ENOUGH_TENTHS - margin).max(0),
            worst_ms: effect.worst_ms.unwrap_or(i64::MAX),
            margin: core::cmp::Reverse(margin),
        }
    }
}

fn by_band(recording: &Recording) -> Tracks<'_> {
    let mut tracks = Tracks::new();
    for sample in recording.samples() {
        tracks.entry(sample.band).or_default().push(sample);
    }
    tracks
}

/// The mean of each full window, in tenths of a dB, with its last sample's index. A window begins anew
/// where the detector has forgotten the band.
fn means(track: &[&Sample], window: usize) -> impl Iterator<Item = (usize, i64)> {
    let (mut sum, mut held) = (0, 0);
    (0..track.len()).filter_map(move |index| {
        let before = index.checked_sub(1).map(|before| track[before].at);
        if before.is_some_and(|before| track[index].at.since(before) >= FORGOTTEN_MS) {
            (sum, held) = (0, 0);
        }
        sum += i64::from(track[index].rssi_dbm);
        if held == window {
            sum -= i64::from(track[index - window].rssi_dbm);
        }
        held = (held + 1).min(window);
        (held == window).then(|| (index, (10 * sum).div_euclid(window as i64)))
    })
}

/// For each sample, when the next one labelled as a tap comes.
fn next_taps(track: &[&Sample]) -> Vec<Option<UnixMillis>> {
    let mut next = None;
    let mut times: Vec<_> = track
        .iter()
        .rev()
        .map(|sample| {
            if sample.label == Label::Tap {
                next = Some(sample.at);
            }
            next
        })
        .collect();
    times.reverse();
    times
}

/// How strong approaches and everything else get, as means of one window, tenths of a dB.
#[derive(Clone, Copy, Debug)]
struct Levels {
    weakest_peak: i64,
    strongest_peak: i64,
    strongest_other: i64,
}

impl Levels {
    /// None where no full window lies in an approach, or none apart from all of them.
    fn of(tracks: &Tracks<'_>, window: usize) -> Option<Self> {
        let (mut peaks, mut strongest_other) = (Vec::new(), None);
        for track in tracks.values() {
            let (mut peak, mut since_tap) = (None, window);
            let begins = next_taps(track);
            for (index, mean) in means(track, window) {
                if track[index].label == Label::Tap {
                    peak = peak.max(Some(mean));
                    since_tap = 0;
                    continue;
                }
                peaks.extend(peak.take());
                since_tap += 1;
                // A hand that is on its way, and the window that still holds it or begins just after,
                // say nothing.
                let coming = begins[index].is_some_and(|at| at.since(track[index].at) <= GRACE_MS);
                if since_tap > window && !coming {
                    strongest_other = strongest_other.max(Some(mean));
                }
            }
            peaks.extend(peak);
        }
        Some(Self {
            weakest_peak: *peaks.iter().min()?,
            strongest_peak: *peaks.iter().max()?,
            strongest_other: strongest_other?,
        })
    }

    /// The smaller of the distances of a threshold to both sides.
    fn margin(&self, threshold: i64) -> i64 {
        let above = self.weakest_peak - 10 * threshold;
        above.min(10 * threshold - self.strongest_other)
    }

    /// Thresholds worth trying, in dBm, nearest to the band first: between everything else and the
    /// weakest approach, or all where they overlap.
    fn thresholds(&self) -> impl Iterator<Item = i64> + use<> {
        let (low, high) = if self.weakest_peak > self.strongest_other {
            (self.strongest_other, self.weakest_peak)
        } else {
            (self.weakest_peak, self.strongest_peak)
        };
        let (low, high) = (low.div_euclid(10).max(-127), high.div_euclid(10).min(-1));
        let step = ((high - low) / (THRESHOLDS - 1)).max(1);
        (0..THRESHOLDS)
            .map(move |n| high - n * step)
            .filter(move |threshold| (low..=high).contains(threshold))
    }
}

/// More than the mean sags while held, less than it falls between approaches, in dB.
fn hysteresis(tracks: &Tracks<'_>, window: usize, threshold: i64) -> i64 {
    const USUAL: i64 = 6;
    let (mut sag, mut dip) = (0, i64::MAX);
    for track in tracks.values() {
        let (mut held, mut fallen) = (false, None);
        for (index, mean) in means(track, window) {
            let below = 10 * threshold - mean;
            let labelled = track[index].label == Label::Tap;
            if labelled && below <= 0 {
                dip = fallen.take().map_or(dip, |fallen| dip.min(fallen));
                held = true;
            } else if labelled && held {
                sag = sag.max(below);
            } else if held || fallen.is_some() {
                held = false;
                fallen = fallen.max(Some(below));
            }
        }
    }
    let least = sag.div_euclid(10) + 2;
    let most = (dip / 10 - 2).max(least);
    USUAL.clamp(least, most).min(60)
}

/// rssi_cutoff_close and rssi_cutoff_far; none unless both labels were recorded and lie apart.
fn cutoffs(tracks: &Tracks<'_>, values: &TapConfigValues) -> Option<(i64, i64)> {
    let window = usize::try_from(values.rssi_window_long).ok()?;
    let (mut weakest_close, mut strongest_far) = (None, None);
    for track in tracks.values() {
        let mut run: Option<(Label, usize)> = None;
        for (index, mean) in means(track, window) {
            let label = track[index].label;
            let same = run.filter(|(before, _)| *before == label);
            let length = same.map_or(1, |(_, length)| length + 1);
            run = Some((label, length));
            if length < window {
                continue;
            }
            match label {
                Label::Close => {
                    weakest_close = Some(weakest_close.map_or(mean, |m: i64| m.min(mean)));
                }
                Label::Far => strongest_far = strongest_far.max(Some(mean)),
                Label::Tap | Label::NotTap => {}
            }
        }
    }
    let (near, away) = (
        weakest_close?.div_euclid(10),
        strongest_far?.div_euclid(10) + 1,
    );
    let third = (near - away) / 3;
    let (close, far) = (near - third, away + third);
    // Close is at or above far then; 0 would mean that proximity is not judged.
    (away < near && close < 0).then_some((close, far))
}

#[cfg(test)]
mod tests;
