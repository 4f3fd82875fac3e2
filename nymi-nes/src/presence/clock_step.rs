use std::sync::{Mutex, PoisonError};

use nymi_core::UnixMillis;

/// How far the wall clock may move against the monotonic one before what was measured with it is
/// forgotten.
const STEP_MS: i64 = 1000;

/// Watches the wall clock against a clock that nobody can set.
///
/// If the wall clock jumped forth and back, the freshest arrivals measured in between would make
/// every later frame look recorded and lock the bands out.
pub(crate) struct ClockSteps {
    origin: Mutex<i64>,
}

impl ClockSteps {
    pub(crate) fn new(now: UnixMillis, monotonic_ms: i64) -> Self {
        Self {
            origin: Mutex::new(now.0.saturating_sub(monotonic_ms)),
        }
    }

    /// Whether the wall clock stepped since it was last settled.
    pub(crate) fn noticed(&self, now: UnixMillis, monotonic_ms: i64) -> bool {
        let origin = *self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = now.0.saturating_sub(monotonic_ms).saturating_sub(origin);
        if moved.saturating_abs() > STEP_MS {
            tracing::warn!(
                moved_ms = moved,
                "this machine's clock was stepped; the freshest arrivals of all bands are forgotten"
            );
            return true;
        }
        false
    }

    /// What depended on the old clock is gone for good.
    pub(crate) fn settled(&self, now: UnixMillis, monotonic_ms: i64) {
        let mut origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        *origin = now.0.saturating_sub(monotonic_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_more_than_a_second_is_noticed_until_settled() {
        let steps = ClockSteps::new(UnixMillis(50_000), 1_000);
        assert!(!steps.noticed(UnixMillis(60_000), 11_000), "time passes");
        assert!(
            !steps.noticed(UnixMillis(61_000), 11_000),
            "a second is not more than a second"
        );
        assert!(steps.noticed(UnixMillis(61_001), 11_000));
        assert!(steps.noticed(UnixMillis(58_999), 11_000), "backwards too");
        steps.settled(UnixMillis(58_999), 11_000);
        assert!(!steps.noticed(UnixMillis(58_999), 11_000));
    }
}
