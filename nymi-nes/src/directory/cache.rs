use std::sync::{Mutex, PoisonError};

use nymi_core::UnixMillis;
use nymi_core::directory::{AccountStatus, CacheDecision, CachePolicy, CachedStatus, StatusCache};

use crate::Clock;

/// Answers of the directory, kept for as long as the policy says.
#[derive(Default)]
pub(crate) struct Statuses {
    /// Under the clock that nobody sets, so that setting the other does not make an answer young.
    kept: Mutex<StatusCache>,
}

/// How a request for a status is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The policy does not offer it.
    NotOffered,
    /// The directory must be asked.
    Ask,
    /// With what it said then.
    Kept(AccountStatus, UnixMillis),
}

impl Statuses {
    /// How to answer now.
    pub(crate) fn decide(
        &self,
        policy: CachePolicy,
        domain: &str,
        username: &str,
        clock: &dyn Clock,
    ) -> Known {
        let now = UnixMillis(clock.monotonic_ms());
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.decide(policy, domain, username, now) {
            CacheDecision::NotOffered => Known::NotOffered,
            CacheDecision::Ask => Known::Ask,
            CacheDecision::Serve(answer) => {
                let age_ms = now.since(answer.checked_at);
                let at = clock.now().saturating_add(age_ms.saturating_neg());
                Known::Kept(answer.status, at)
            }
        }
    }

    /// Keeps an answer of this moment, if the policy says so.
    pub(crate) fn keep(
        &self,
        policy: CachePolicy,
        domain: &str,
        username: &str,
        status: AccountStatus,
        clock: &dyn Clock,
    ) {
        let checked_at = UnixMillis(clock.monotonic_ms());
        let answer = CachedStatus { status, checked_at };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keep(policy, domain, username, answer);
    }
}
