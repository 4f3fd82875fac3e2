//! The air between a band and the adapter: path loss, noise, and the way a band is carried.
//!
//! A log-distance model: at one metre a band is heard at [`RSSI_AT_1_M`]; each tenfold distance
//! costs [`LOSS_PER_DECADE_DB`]; noise is added per frame. Whoever is tapping brings the band to
//! [`TAP_METRES`], holds it there and takes it back.

use std::collections::VecDeque;

use nymi_core::UnixMillis;
use rand::{Rng, RngExt};

/// Mean strength at one metre, dBm.
pub const RSSI_AT_1_M: f64 = -59.0;
/// Loss per tenfold distance, dB: free space.
pub const LOSS_PER_DECADE_DB: f64 = 20.0;
/// Standard deviation of the noise on one frame, dB.
pub const NOISE_DB: f64 = 2.0;
/// The weakest frame that an adapter still hears, dBm.
pub const SENSITIVITY_DBM: i16 = -95;
/// Frames lost to collisions, of a thousand.
pub const LOST_PER_MILLE: u32 = 10;
/// How far a band is from the adapter unless it was moved, metres.
pub const IDLE_METRES: f64 = 2.0;
/// The farthest place that makes sense, metres.
pub const MAX_METRES: f64 = 10_000.0;
/// How near a band comes in a tap, metres.
pub const TAP_METRES: f64 = 0.03;

const NEAREST_METRES: f64 = 0.01;
const REACH_MS: i64 = 100;
const HOLD_MS: i64 = 1200;
const REST_MS: i64 = 1200;
const MAX_LEGS: usize = 32;

/// Mean strength at a distance, dBm.
pub fn mean_rssi(metres: f64) -> f64 {
    RSSI_AT_1_M - LOSS_PER_DECADE_DB * metres.max(NEAREST_METRES).log10()
}

/// Whether a terminal and a band at this distance can talk.
pub fn in_range(metres: f64) -> bool {
    mean_rssi(metres) >= f64::from(SENSITIVITY_DBM)
}

/// How strongly one frame is heard, if it is, in ordinary air.
pub fn sample(metres: f64, rng: &mut dyn Rng) -> Option<i16> {
    Air::default().sample(metres, rng)
}

/// What is between a band and what an adapter reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Air {
    /// Standard deviation of the noise on one frame, dB.
    pub noise_db: f64,
    /// Frames lost, of a thousand.
    pub lost_per_mille: u32,
    /// What clothes, gloves and the adapter's own antenna take away, dB.
    pub damping_db: f64,
}

impl Default for Air {
    fn default() -> Self {
        Self {
            noise_db: NOISE_DB,
            lost_per_mille: LOST_PER_MILLE,
            damping_db: 0.0,
        }
    }
}

impl Air {
    /// How strongly one frame is heard, if it is.
    pub fn sample(&self, metres: f64, rng: &mut dyn Rng) -> Option<i16> {
        let lost = rng.random_range(0..1000) < self.lost_per_mille;
        let mean = mean_rssi(metres) - self.damping_db;
        let noisy = mean + self.noise_db * normal(rng);
        let rssi = noisy.round().clamp(-127.0, 20.0) as i16;
        (!lost && rssi >= SENSITIVITY_DBM).then_some(rssi)
    }
}

/// A standard normal value: twelve uniform ones (Irwin-Hall), the same on every machine.
fn normal(rng: &mut dyn Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Where a band is, and where it is being carried.
#[derive(Clone, Debug)]
pub struct Walk {
    home: f64,
    from: f64,
    since: UnixMillis,
    legs: VecDeque<Leg>,
}

#[derive(Clone, Copy, Debug)]
struct Leg {
    to: f64,
    ms: i64,
}

impl Walk {
    /// At rest.
    pub fn new(metres: f64, now: UnixMillis) -> Self {
        Self {
            home: metres,
            from: metres,
            since: now,
            legs: VecDeque::new(),
        }
    }

    /// Where it rests when nothing is going on, metres.
    pub fn home(&self) -> f64 {
        self.home
    }

    /// Puts it somewhere else at once, and ends what was going on.
    pub fn place(&mut self, metres: f64, now: UnixMillis) {
        *self = Self::new(metres, now);
    }

    /// Walks it there in a straight line; after whatever is going on.
    pub fn walk(&mut self, metres: f64, ms: i64, now: UnixMillis) -> bool {
        let begun = self.begin(now, 1);
        if begun {
            self.home = metres;
            self.legs.push_back(Leg {
                to: metres,
                ms: ms.max(0),
            });
        }
        begun
    }

    /// Approach, hold, retreat, and a rest before the next; after whatever is going on. False if
    /// too much is waiting already.
    pub fn tap(&mut self, now: UnixMillis) -> bool {
        let begun = self.begin(now, 4);
        if begun {
            let home = self.home;
            self.legs.extend([
                Leg {
                    to: TAP_METRES,
                    ms: REACH_MS,
                },
                Leg {
                    to: TAP_METRES,
                    ms: HOLD_MS,
                },
                Leg {
                    to: home,
                    ms: REACH_MS,
                },
                Leg {
                    to: home,
                    ms: REST_MS,
                },
            ]);
        }
        begun
    }

    fn begin(&mut self, now: UnixMillis, legs: usize) -> bool {
        self.metres(now);
        if self.legs.is_empty() {
            self.since = now;
        }
        self.legs.len() + legs <= MAX_LEGS
    }

    /// Where it is now, metres. Legs that are over are forgotten.
    pub fn metres(&mut self, now: UnixMillis) -> f64 {
        if now < self.since {
            self.since = now;
        }
        while let Some(leg) = self.legs.front().copied() {
            let elapsed = now.since(self.since);
            if elapsed < leg.ms {
                return self.from + (leg.to - self.from) * (elapsed as f64 / leg.ms as f64);
            }
            self.from = leg.to;
            self.since = self.since.saturating_add(leg.ms);
            self.legs.pop_front();
        }
        self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn strength_falls_with_distance() {
        assert_eq!(mean_rssi(1.0), -59.0);
        assert_eq!(mean_rssi(10.0), -79.0);
        assert!(mean_rssi(0.0).is_finite());
        assert!(in_range(IDLE_METRES) && !in_range(MAX_METRES));
    }

    #[test]
    fn noise_is_centred_and_as_wide_as_it_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let samples: Vec<f64> = (0..4000)
            .filter_map(|_| sample(1.0, &mut rng))
            .map(f64::from)
            .collect();
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let variance =
            samples.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / samples.len() as f64;
        assert!((mean - RSSI_AT_1_M).abs() < 0.2, "{mean}");
        assert!((variance.sqrt() - NOISE_DB).abs() < 0.2, "{variance}");
        assert!((3900..4000).contains(&samples.len()), "{}", samples.len());
    }

    #[test]
    fn a_tap_goes_there_and_back() {
        let mut walk = Walk::new(2.0, UnixMillis(0));
        assert!(walk.tap(UnixMillis(1000)));
        assert_eq!(walk.metres(UnixMillis(1000)), 2.0);
        assert!((walk.metres(UnixMillis(1050)) - 1.015).abs() < 1e-9);
        assert_eq!(walk.metres(UnixMillis(1100)), TAP_METRES);
        assert_eq!(walk.metres(UnixMillis(2299)), TAP_METRES);
        assert_eq!(walk.metres(UnixMillis(2400)), 2.0);
        assert_eq!(walk.metres(UnixMillis(99_000)), 2.0);
    }

    #[test]
    fn taps_queue_up_to_a_bound() {
        let mut walk = Walk::new(2.0, UnixMillis(0));
        assert_eq!((0..100).filter(|_| walk.tap(UnixMillis(0))).count(), 8);
        walk.place(5.0, UnixMillis(1));
        assert_eq!(walk.metres(UnixMillis(1)), 5.0);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_throw_the_band_about() {
        let mut walk = Walk::new(2.0, UnixMillis(10_000));
        assert!(walk.walk(4.0, 1000, UnixMillis(10_000)));
        assert_eq!(walk.metres(UnixMillis(0)), 2.0);
        assert_eq!(walk.metres(UnixMillis(500)), 3.0);
        assert_eq!(walk.home(), 4.0);
    }
}
