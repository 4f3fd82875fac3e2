//! A caller's time, made to run forwards only.

use crate::UnixMillis;

/// Further back than this, time was set and not merely told out of order.
const STEP_MS: i64 = 1000;

/// Time that goes on from where it was when the caller's is set back.
#[derive(Clone, Debug)]
pub(crate) struct ForwardClock {
    /// The latest moment, in a time that never runs back.
    now: Option<UnixMillis>,
    /// That time minus the caller's.
    ahead_ms: i64,
}

impl ForwardClock {
    /// A clock that was told nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            now: None,
            ahead_ms: 0,
        }
    }

    /// The caller's moment, in the time that never runs back.
    pub(crate) fn tick(&mut self, outside: UnixMillis) -> UnixMillis {
        let told = outside.saturating_add(self.ahead_ms);
        let latest = self.now.map_or(told, |now| now.max(told));
        let back_ms = latest.since(told);
        if back_ms > STEP_MS {
            self.ahead_ms = self.ahead_ms.saturating_add(back_ms);
        }
        self.now = Some(latest);
        latest
    }

    /// A moment of that time, in the caller's.
    pub(crate) const fn outside(&self, inside: UnixMillis) -> UnixMillis {
        UnixMillis(inside.0.saturating_sub(self.ahead_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_when_time_is_set_back_and_waits_when_told_out_of_order() {
        let mut clock = ForwardClock::new();
        let mut tick = |ms| {
            let inside = clock.tick(UnixMillis(ms));
            (inside.0, clock.outside(inside).0)
        };
        assert_eq!(tick(10_000), (10_000, 10_000));
        assert_eq!(
            tick(9_000),
            (10_000, 10_000),
            "a second back is out of order"
        );
        assert_eq!(tick(10_500), (10_500, 10_500));
        assert_eq!(tick(9_499), (10_500, 9_499), "more than that was set");
        assert_eq!(tick(9_599), (10_600, 9_599), "and goes on from there");
        assert_eq!(tick(20_000), (21_001, 20_000), "forth is forth");
    }
}
