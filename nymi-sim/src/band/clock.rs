use nymi_core::UnixMillis;
use serde::{Deserialize, Serialize};

/// The clock in a band: it was set once and has drifted since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandClock {
    /// The true moment when it was set.
    set_at: UnixMillis,
    /// What it was set to, milliseconds since 1970.
    shown_ms: i64,
    /// How fast it runs: parts per million, positive is fast.
    drift_ppm: i32,
    /// An error put on top on purpose; positive is ahead.
    skew_ms: i64,
}

impl BandClock {
    /// A clock fresh from the factory: it counts from 1970.
    pub(super) fn new(now: UnixMillis, drift_ppm: i32) -> Self {
        Self {
            set_at: now,
            shown_ms: 0,
            drift_ppm,
            skew_ms: 0,
        }
    }

    /// Sets it; a deliberate error is gone with that.
    pub(super) fn set(&mut self, now: UnixMillis, shown_ms: i64) {
        *self = Self {
            set_at: now,
            shown_ms,
            skew_ms: 0,
            ..*self
        };
    }

    /// Puts it `ms` ahead of where its own drift would have it (negative: behind).
    pub(super) fn skew(&mut self, ms: i64) {
        self.skew_ms = ms;
    }

    /// The deliberate error, milliseconds.
    pub const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// How fast it runs, parts per million.
    pub const fn drift_ppm(&self) -> i32 {
        self.drift_ppm
    }

    pub(super) fn set_drift(&mut self, now: UnixMillis, ppm: i32) {
        let skew_ms = self.skew_ms;
        let shown_ms = self.at(now).saturating_sub(skew_ms);
        *self = Self {
            set_at: now,
            shown_ms,
            drift_ppm: ppm,
            skew_ms,
        };
    }

    /// What it shows at a true moment, milliseconds since 1970; saturating.
    pub fn at(&self, now: UnixMillis) -> i64 {
        let elapsed = i128::from(now.0) - i128::from(self.set_at.0);
        let drifted = (elapsed * i128::from(self.drift_ppm)).div_euclid(1_000_000);
        let shown = i128::from(self.shown_ms) + elapsed + drifted + i128::from(self.skew_ms);
        i64::try_from(shown).unwrap_or(if shown < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drifts_and_is_skewed() {
        let mut clock = BandClock::new(UnixMillis(1000), 20);
        clock.set(UnixMillis(1000), 5000);
        assert_eq!(clock.at(UnixMillis(1000)), 5000);
        assert_eq!(clock.at(UnixMillis(1_001_000)), 1_005_020);
        clock.skew(-700);
        assert_eq!(clock.at(UnixMillis(1_001_000)), 1_004_320);
        clock.set_drift(UnixMillis(1_001_000), -20);
        assert_eq!(clock.at(UnixMillis(1_001_000)), 1_004_320);
        assert_eq!(clock.at(UnixMillis(2_001_000)), 2_004_300);
    }

    #[test]
    fn saturates() {
        let mut clock = BandClock::new(UnixMillis(0), 0);
        clock.skew(i64::MAX);
        assert_eq!(clock.at(UnixMillis(i64::MAX)), i64::MAX);
        clock.skew(i64::MIN);
        assert_eq!(clock.at(UnixMillis(-1)), i64::MIN);
    }
}
