//! Where the simulator's time comes from.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nymi_core::UnixMillis;
use tokio::sync::watch;

/// The future that [`Clock::wait_until`] gives.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of time, and a way to wait for a moment of it.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> UnixMillis;

    /// Completes once the clock shows `at` or later; it may complete too early.
    fn wait_until(&self, at: UnixMillis) -> Wait<'_>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn wait_until(&self, at: UnixMillis) -> Wait<'_> {
        let ms = u64::try_from(at.since(self.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<UnixMillis>);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: UnixMillis) -> Self {
        Self(watch::Sender::new(at))
    }

    /// Moves the clock forward by `ms`.
    pub fn advance(&self, ms: i64) {
        self.0.send_modify(|now| *now = now.saturating_add(ms));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        *self.0.borrow()
    }

    fn wait_until(&self, at: UnixMillis) -> Wait<'_> {
        let mut shown = self.0.subscribe();
        Box::pin(async move {
            // The sender lives in self, so that waiting cannot fail.
            let _ = shown.wait_for(|now| *now >= at).await;
        })
    }
}
