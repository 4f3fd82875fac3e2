use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use nymi_core::UnixMillis;

use super::UserStatus;

const MAX_ENTRIES: usize = 10_000;

#[derive(Clone, Copy)]
struct Kept {
    status: UserStatus,
    at: UnixMillis,
    /// By the clock that nobody sets, so that setting the other does not make an answer young.
    monotonic_ms: i64,
}

/// Answers of the directory, kept for as long as the policy says.
#[derive(Default)]
pub(crate) struct StatusCache {
    kept: Mutex<HashMap<(String, String), Kept>>,
}

impl StatusCache {
    fn key(domain: &str, username: &str) -> (String, String) {
        (domain.to_lowercase(), username.to_lowercase())
    }

    /// The answer of at most `max_age_ms` ago, and when it was given.
    pub(crate) fn recent(
        &self,
        domain: &str,
        username: &str,
        monotonic_ms: i64,
        max_age_ms: i64,
    ) -> Option<(UserStatus, UnixMillis)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.get(&Self::key(domain, username))?;
        let age = monotonic_ms.saturating_sub(answer.monotonic_ms);
        (age < max_age_ms).then_some((answer.status, answer.at))
    }

    /// Keeps an answer.
    pub(crate) fn keep(
        &self,
        domain: &str,
        username: &str,
        status: UserStatus,
        at: UnixMillis,
        monotonic_ms: i64,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_ENTRIES {
            kept.clear();
        }
        kept.insert(
            Self::key(domain, username),
            Kept {
                status,
                at,
                monotonic_ms,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_until_it_expires() {
        let cache = StatusCache::default();
        assert_eq!(cache.recent("CORP", "bob", 0, 1000), None);
        cache.keep("CORP", "bob", UserStatus::Active, UnixMillis(5), 0);
        let kept = Some((UserStatus::Active, UnixMillis(5)));
        assert_eq!(cache.recent("corp", "BOB", 999, 1000), kept);
        assert_eq!(cache.recent("CORP", "bob", 1000, 1000), None);
    }
}
