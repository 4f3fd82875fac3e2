//! What every request works with.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::Clock;
use crate::directory::{Directory, Hasher, Statuses, Throttle};
use crate::enrollment::Pending;
use crate::pki::Pki;
use crate::presence::{ClockSteps, Limits};
use crate::store::Store;

/// One open server: its data, its certificates and its memory.
pub(crate) struct Nes {
    pub(crate) service: String,
    pub(crate) tls: bool,
    pub(crate) token_ttl: Duration,
    pub(crate) allowed_audiences: Vec<String>,
    pub(crate) store: Store,
    pub(crate) pki: Arc<Pki>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Box<dyn Directory>,
    pub(crate) statuses: Statuses,
    pub(crate) hasher: Hasher,
    pub(crate) throttle: Throttle,
    pub(crate) limits: Limits,
    pub(crate) steps: ClockSteps,
    pub(crate) enrollments: Pending,
    /// One import at a time.
    pub(crate) importing: Arc<Semaphore>,
    pub(crate) url: OnceLock<String>,
}

impl Nes {
    /// The service URL: the `iss` of assertions. Empty until the server listens.
    pub(crate) fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }
}
