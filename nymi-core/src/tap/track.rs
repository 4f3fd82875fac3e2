use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::config::TapConfig;
use crate::UnixMillis;

/// How long a band has been silent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Heard within the last 5 s.
    Yes,
    /// Within 15 s.
    Likely,
    /// Within 60 s.
    Unlikely,
    /// Not for 60 s, or never.
    #[default]
    No,
}

/// How near a band is to the adapter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Proximity {
    /// Held at the adapter: from a tap until the hand is taken away.
    Tap,
    /// Close.
    Close,
    /// Far.
    Far,
    /// Not heard for 30 s, or not yet long enough to judge.
    #[default]
    Gone,
}

/// What happens to a band that stays silent, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    /// The next approach is a new tap.
    Rearm,
    Becomes(Presence),
    Gone,
}

/// After so long a silence a band is forgotten: it comes back as one never heard, with empty windows.
pub(super) const FORGOTTEN_MS: i64 = 60_000;

const SILENCES: [(i64, Silence); 5] = [
    (3_000, Silence::Rearm),
    (5_000, Silence::Becomes(Presence::Likely)),
    (15_000, Silence::Becomes(Presence::Unlikely)),
    (30_000, Silence::Gone),
    (FORGOTTEN_MS, Silence::Becomes(Presence::No)),
];

/// After a silence, samples as strong as a tap count as so much below the threshold: far enough that
/// two or three strong reflections do not make a tap of them.
const REMEMBERED_DB: i64 = 12;

/// The last samples, and their sum.
#[derive(Clone, Debug)]
struct Window {
    samples: VecDeque<i16>,
    sum: i64,
    size: usize,
}

impl Window {
    fn new(size: i64) -> Self {
        Self {
            samples: VecDeque::new(),
            sum: 0,
            size: usize::try_from(size).unwrap_or(1),
        }
    }

    fn push(&mut self, rssi: i16) {
        if self.samples.len() == self.size {
            self.sum -= i64::from(self.samples.pop_front().unwrap_or(0));
        }
        self.samples.push_back(rssi);
        self.sum += i64::from(rssi);
    }

    fn clear(&mut self) {
        self.samples.clear();
        self.sum = 0;
    }

    /// Lets what is as strong as a tap count as well below one.
    fn weaken(&mut self, threshold: i64) {
        let (Ok(strong), Ok(weak)) = (
            i16::try_from(threshold),
            i16::try_from(threshold - REMEMBERED_DB),
        ) else {
            return;
        };
        for sample in &mut self.samples {
            if *sample >= strong {
                self.sum += i64::from(weak) - i64::from(*sample);
                *sample = weak;
            }
        }
    }

    /// The mean of a full window; none until it is full.
    fn mean(&self) -> Option<Mean> {
        (self.samples.len() == self.size).then_some(Mean {
            sum: self.sum,
            of: self.size as i64,
        })
    }
}

/// A mean that is compared without rounding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mean {
    sum: i64,
    of: i64,
}

impl Mean {
    const fn at_least(self, dbm: i64) -> bool {
        self.sum >= dbm * self.of
    }

    const fn at_most(self, dbm: i64) -> bool {
        self.sum <= dbm * self.of
    }

    /// To the nearest dBm.
    pub(super) const fn rounded(self) -> i16 {
        (2 * self.sum + self.of).div_euclid(2 * self.of) as i16
    }
}

/// What is known of one band.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) heard: UnixMillis,
    pub(super) presence: Presence,
    pub(super) proximity: Proximity,
    /// Index of the next of [`SILENCES`].
    next_silence: usize,
    tap: Window,
    long: Window,
    /// Whether the next approach is a tap.
    armed: bool,
    /// Close or far by the long window or a tap; none before.
    near: Option<Proximity>,
}

impl Track {
    pub(super) fn new(config: &TapConfig) -> Self {
        Self {
            heard: UnixMillis(i64::MIN),
            presence: Presence::No,
            proximity: Proximity::Gone,
            next_silence: 0,
            tap: Window::new(config.values().rssi_window_tap),
            long: Window::new(config.values().rssi_window_long),
            armed: true,
            near: None,
        }
    }

    /// Begins new windows; what was concluded stays.
    pub(super) fn reconfigure(&mut self, config: &TapConfig) {
        self.tap = Window::new(config.values().rssi_window_tap);
        self.long = Window::new(config.values().rssi_window_long);
        if !config.detects_taps() {
            self.armed = true;
        }
        if !config.judges_proximity() {
            self.near = None;
            self.proximity = Proximity::Gone;
        }
    }

    /// Heard just now: every silence is ahead again.
    pub(super) fn hear(&mut self, now: UnixMillis) {
        self.heard = now;
        self.next_silence = 0;
        self.presence = Presence::Yes;
    }

    /// Takes one measurement; the mean if it completes a tap.
    pub(super) fn measure(&mut self, config: &TapConfig, rssi: i16) -> Option<Mean> {
        self.tap.push(rssi);
        self.long.push(rssi);
        self.judge(config);
        let mean = self.tap.mean().filter(|_| config.detects_taps())?;
        let threshold = config.values().rssi_tap_threshold;
        if self.armed && mean.at_least(threshold) {
            self.armed = false;
            self.near = Some(Proximity::Close);
            return Some(mean);
        }
        // A hysteresis of 0 still needs a mean below the threshold.
        if mean.at_most(threshold - config.values().tap_hysteresis) && !mean.at_least(threshold) {
            self.armed = true;
        }
        None
    }

    fn judge(&mut self, config: &TapConfig) {
        let Some(mean) = self.long.mean() else { return };
        if mean.at_least(config.values().rssi_cutoff_close) {
            self.near = Some(Proximity::Close);
        } else if self.near.is_none() || !mean.at_least(config.values().rssi_cutoff_far) {
            self.near = Some(Proximity::Far);
        }
    }

    /// What the proximity is by now, where it may differ from what was last reported.
    pub(super) fn current_proximity(&self) -> Proximity {
        match self.near {
            Some(_) if !self.armed => Proximity::Tap,
            Some(near) => near,
            None => Proximity::Gone,
        }
    }

    /// When the silence means something next.
    pub(super) fn deadline(&self) -> Option<UnixMillis> {
        let (after, _) = SILENCES.get(self.next_silence)?;
        Some(self.heard.saturating_add(*after))
    }

    /// The deadline passed in silence.
    pub(super) fn fall_silent(&mut self, config: &TapConfig) {
        let Some((_, silence)) = SILENCES.get(self.next_silence) else {
            return;
        };
        self.next_silence += 1;
        match silence {
            Silence::Rearm => {
                self.armed = true;
                self.tap.weaken(config.values().rssi_tap_threshold);
            }
            Silence::Becomes(presence) => self.presence = *presence,
            Silence::Gone => {
                self.near = None;
                self.long.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::TapConfigValues;
    use super::*;

    fn config(change: impl FnOnce(&mut TapConfigValues)) -> TapConfig {
        let mut values = TapConfigValues {
            rssi_window_long: 2,
            rssi_tap_threshold: 0,
            ..TapConfigValues::default()
        };
        change(&mut values);
        values.try_into().unwrap()
    }

    fn measured(config: &TapConfig, rssi: &[i16]) -> Track {
        let mut track = Track::new(config);
        for rssi in rssi {
            track.measure(config, *rssi);
        }
        track
    }

    #[test]
    fn a_band_that_went_is_judged_by_what_is_heard_after() {
        let config = config(|_| {});
        let mut track = measured(&config, &[-50, -50]);
        assert_eq!(track.current_proximity(), Proximity::Close);
        for _ in 0..4 {
            track.fall_silent(&config);
        }
        for expected in [Proximity::Gone, Proximity::Far] {
            track.measure(&config, -90);
            assert_eq!(track.current_proximity(), expected);
        }
    }

    #[test]
    fn new_parameters_begin_new_windows_and_keep_what_was_concluded() {
        let config = config(|_| {});
        let mut track = measured(&config, &[-50, -50]);
        track.reconfigure(&config);
        for expected in [Proximity::Close, Proximity::Far] {
            track.measure(&config, -126);
            assert_eq!(track.current_proximity(), expected);
        }
    }

    #[test]
    fn without_proximity_nothing_stays_of_it() {
        let judged = config(|_| {});
        let mut track = measured(&judged, &[-50, -50]);
        track.reconfigure(&config(|values| values.rssi_cutoff_close = 0));
        assert_eq!(track.current_proximity(), Proximity::Gone);
        assert_eq!(track.proximity, Proximity::Gone);
    }

    #[test]
    fn without_taps_the_next_approach_is_one_again() {
        let taps = config(|values| {
            values.rssi_tap_threshold = -60;
            values.rssi_window_tap = 1;
        });
        let mut track = measured(&taps, &[-50]);
        assert_eq!(track.current_proximity(), Proximity::Tap);
        track.reconfigure(&taps);
        assert!(track.measure(&taps, -50).is_none(), "it is still held");
        track.reconfigure(&config(|_| {}));
        assert_eq!(track.current_proximity(), Proximity::Close);
        track.reconfigure(&taps);
        assert!(track.measure(&taps, -50).is_some());
    }

    #[test]
    fn a_mean_is_rounded_to_the_nearest() {
        let rounded = |sum| Mean { sum, of: 4 }.rounded();
        assert_eq!(
            [-163, -162, -161, -160, -159].map(rounded),
            [-41, -40, -40, -40, -40]
        );
        assert_eq!(rounded(-158), -39);
    }
}
