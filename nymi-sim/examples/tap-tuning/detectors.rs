//! The detector and the plain rolling mean over the same samples.

use nymi_core::tap::recording::Recording;
use nymi_core::tap::tune::tap_times;
use nymi_core::tap::{Detector, Proximity, TapConfig, TapEvent, plain_taps};
use nymi_core::{BandId, UnixMillis};

use super::traces::{BORDER, DAY, LEAVES_MS, RETURNS_MS, Trace, since_start};

/// What a detector makes of one trace over several seeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) approaches: usize,
    pub(crate) hits: usize,
    pub(crate) false_taps: usize,
    /// From the hand's arrival to the tap, of each hit.
    pub(crate) times_ms: Vec<i64>,
}

impl Measured {
    /// Adds what one recording says of these taps.
    pub(crate) fn judge(&mut self, recording: &Recording, taps: &[(BandId, UnixMillis)]) {
        let times = tap_times(recording, taps);
        let hits = times.iter().flatten();
        self.approaches += times.len();
        self.hits += hits.clone().count();
        self.false_taps += taps.len() - hits.clone().count();
        self.times_ms.extend(hits);
        self.times_ms.sort_unstable();
    }

    pub(crate) fn median_ms(&self) -> Option<i64> {
        self.times_ms.get(self.times_ms.len() / 2).copied()
    }
}

type Taps = Vec<(BandId, UnixMillis)>;

/// The taps of the real detector.
pub(crate) fn ours(config: &TapConfig, recording: &Recording) -> Taps {
    let mut detector = Detector::new(*config);
    let mut taps = Vec::new();
    for sample in recording.samples() {
        for event in detector.handle_sample(sample.at, sample.band, sample.rssi_dbm) {
            if let TapEvent::Tap { band, at, .. } = event {
                taps.push((band, at));
            }
        }
    }
    taps
}

/// Both detectors over these seeds of a trace: first the plain one.
pub(crate) fn compare(
    config: &TapConfig,
    trace: &Trace,
    seeds: impl IntoIterator<Item = u64>,
) -> [Measured; 2] {
    let mut both = [Measured::default(), Measured::default()];
    for seed in seeds {
        let recording = trace.recording(seed);
        let found = [plain_taps(config, &recording), ours(config, &recording)];
        for (measured, taps) in both.iter_mut().zip(found) {
            measured.judge(&recording, &taps);
        }
    }
    both
}

/// What proximity made of a day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Followed {
    /// Changes while nobody moved.
    pub(crate) false_changes: usize,
    /// The same at the place where the cut-off is heard.
    pub(crate) at_the_border: usize,
    /// From leaving the desk until far.
    pub(crate) away_ms: i64,
    /// From being back until close.
    pub(crate) back_ms: i64,
}

/// The day under these parameters, over so many seeds: the sums of changes, the means of times.
pub(crate) fn day(config: &TapConfig, seeds: std::ops::Range<u64>) -> Followed {
    let count = seeds.end.saturating_sub(seeds.start).max(1) as i64;
    let mut sum = Followed::default();
    for seed in seeds {
        let one = follow(config, seed);
        sum.false_changes += one.false_changes;
        sum.at_the_border += changes(config, &BORDER.recording(seed))
            .len()
            .saturating_sub(1);
        sum.away_ms += one.away_ms;
        sum.back_ms += one.back_ms;
    }
    Followed {
        away_ms: sum.away_ms / count,
        back_ms: sum.back_ms / count,
        ..sum
    }
}

/// What was reported of the proximity, and when.
fn changes(config: &TapConfig, recording: &Recording) -> Vec<(Proximity, i64)> {
    let mut detector = Detector::new(*config);
    let mut changes = Vec::new();
    for sample in recording.samples() {
        for event in detector.handle_sample(sample.at, sample.band, sample.rssi_dbm) {
            if let TapEvent::Proximity { after, at, .. } = event {
                changes.push((after, since_start(at) - REST_MS));
            }
        }
    }
    changes
}

fn follow(config: &TapConfig, seed: u64) -> Followed {
    let changes = changes(config, &DAY.recording(seed));
    let first = |wanted, from| {
        let found = changes
            .iter()
            .find(|(after, at)| *after == wanted && *at >= from);
        found.map(|(_, at)| *at)
    };
    let away = first(Proximity::Far, LEAVES_MS);
    let back = first(Proximity::Close, away.unwrap_or(RETURNS_MS));
    // The first report of the day, far and close again: three are right.
    Followed {
        false_changes: changes.len().saturating_sub(3),
        at_the_border: 0,
        away_ms: away.map_or(0, |at| at - LEAVES_MS),
        back_ms: back.map_or(0, |at| at - RETURNS_MS),
    }
}

/// The rest before each way.
const REST_MS: i64 = 6000;
