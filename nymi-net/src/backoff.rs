//! When to try again: exponential, capped, with jitter, so that a fleet of terminals that lost the
//! same server does not come back in step.

use std::time::Duration;

/// Delays that grow from `first` to `max`, each shortened by up to half at random.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// Delays from `first`, doubling up to `max`.
    pub fn new(first: Duration, max: Duration) -> Self {
        let max = max.max(first);
        Self {
            first,
            max,
            next: first,
        }
    }

    /// The next delay, between half and all of the present step; the step doubles.
    pub fn delay(&mut self) -> Duration {
        let step = self.next;
        self.next = step.saturating_mul(2).min(self.max);
        let mut random = [0; 4];
        // A system that has no random bytes now: then without jitter.
        let _ = getrandom::fill(&mut random);
        let shortened = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX) / 2.0;
        step.mul_f64(1.0 - shortened)
    }

    /// Starts over, after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

impl Default for Backoff {
    /// From 100 ms to 10 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_stay_under_the_cap_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for step_ms in [100, 200, 350, 350] {
            let step = Duration::from_millis(step_ms);
            let delay = backoff.delay();
            assert!(step / 2 <= delay && delay <= step, "{delay:?} for {step:?}");
        }
        backoff.reset();
        assert!(backoff.delay() <= Duration::from_millis(100));
    }
}
