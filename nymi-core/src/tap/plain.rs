use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::config::TapConfig;
use super::recording::Recording;
use crate::{BandId, UnixMillis};

/// The taps that a rolling mean with no memory but its window finds in a recording: one whenever the
/// mean comes up to the threshold (Administration Guide, 8.1.1). The detector is measured against it.
pub fn plain_taps(config: &TapConfig, recording: &Recording) -> Vec<(BandId, UnixMillis)> {
    let size = usize::try_from(config.values().rssi_window_tap).unwrap_or(1);
    let threshold = config.values().rssi_tap_threshold;
    let mut bands: BTreeMap<BandId, (VecDeque<i64>, bool)> = BTreeMap::new();
    let mut taps = Vec::new();
    for sample in recording.samples() {
        let (window, above) = bands.entry(sample.band).or_default();
        if window.len() == size {
            window.pop_front();
        }
        window.push_back(i64::from(sample.rssi_dbm));
        let sum: i64 = window.iter().sum();
        let reaches =
            config.detects_taps() && window.len() == size && sum >= threshold * size as i64;
        if reaches && !*above {
            taps.push((sample.band, sample.at));
        }
        *above = reaches;
    }
    taps
}
