use crate::UnixMillis;

/// Further back than this, time was set and not merely told out of order.
const STEP_MS: i64 = 1000;

/// The caller's time, made to run forwards only.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// The latest moment, in a time that never runs back.
    now: Option<UnixMillis>,
    /// That time minus the caller's.
    ahead_ms: i64,
}

impl Clock {
    /// The moment in the time that never runs back.
    pub(super) fn tick(&mut self, outside: UnixMillis) -> UnixMillis {
        let told = outside.saturating_add(self.ahead_ms);
        let latest = self.now.map_or(told, |now| now.max(told));
        let back_ms = latest.since(told);
        if back_ms > STEP_MS {
            self.ahead_ms = self.ahead_ms.saturating_add(back_ms);
        }
        self.now = Some(latest);
        latest
    }

    /// A moment in the caller's time.
    pub(super) const fn outside(&self, inside: UnixMillis) -> UnixMillis {
        UnixMillis(inside.0.saturating_sub(self.ahead_ms))
    }
}
