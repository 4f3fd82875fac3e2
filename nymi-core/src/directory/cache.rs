use alloc::collections::BTreeMap;
use alloc::string::String;

use super::status::AccountStatus;
use crate::UnixMillis;
use crate::policy::GroupPolicyValues;

/// Answers that are kept at once; beyond it the oldest goes.
pub const MAX_CACHED: usize = 10_000;

/// What the active policy says of user status (guide 000, 4.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CachePolicy {
    /// *Check User Status* is off: there is no answer.
    Off,
    /// *Cache User Status* is off: the directory is asked each time.
    AskAlways,
    /// An answer serves until it is older than *Cache Expiry*.
    Keep {
        /// *Cache Expiry*.
        expiry_ms: i64,
    },
}

impl From<&GroupPolicyValues> for CachePolicy {
    fn from(policy: &GroupPolicyValues) -> Self {
        match (policy.check_user_status, policy.cache_user_status) {
            (false, _) => Self::Off,
            (true, false) => Self::AskAlways,
            (true, true) => policy
                .cache_expiry_seconds
                .map_or(Self::AskAlways, |seconds| Self::Keep {
                    expiry_ms: i64::from(seconds) * 1000,
                }),
        }
    }
}

/// An answer of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedStatus {
    /// What it said.
    pub status: AccountStatus,
    /// When it was asked.
    pub checked_at: UnixMillis,
}

/// How a request for a status is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheDecision {
    /// Refuse: the policy does not offer it.
    NotOffered,
    /// Ask the directory, and keep the answer if the policy says so.
    Ask,
    /// Answer with this.
    Serve(CachedStatus),
}

/// Answers of the directory by user, for as long as the policy says. Times are of a clock that runs
/// forwards; an answer from the future is not served.
#[derive(Clone, Debug, Default)]
pub struct StatusCache {
    kept: BTreeMap<(String, String), CachedStatus>,
}

fn key(domain: &str, username: &str) -> (String, String) {
    (domain.to_lowercase(), username.to_lowercase())
}

impl StatusCache {
    /// How to answer now. The policy is that of now: a shorter expiry holds for what was kept before.
    pub fn decide(
        &self,
        policy: CachePolicy,
        domain: &str,
        username: &str,
        now: UnixMillis,
    ) -> CacheDecision {
        let expiry_ms = match policy {
            CachePolicy::Off => return CacheDecision::NotOffered,
            CachePolicy::AskAlways => return CacheDecision::Ask,
            CachePolicy::Keep { expiry_ms } => expiry_ms,
        };
        self.kept
            .get(&key(domain, username))
            .filter(|kept| (0..=expiry_ms).contains(&now.since(kept.checked_at)))
            .map_or(CacheDecision::Ask, |kept| CacheDecision::Serve(*kept))
    }

    /// Keeps an answer, if the policy says so.
    pub fn keep(
        &mut self,
        policy: CachePolicy,
        domain: &str,
        username: &str,
        answer: CachedStatus,
    ) {
        if !matches!(policy, CachePolicy::Keep { .. }) {
            return;
        }
        let key = key(domain, username);
        if self.kept.len() >= MAX_CACHED && !self.kept.contains_key(&key) {
            self.forget_older_half();
        }
        self.kept.insert(key, answer);
    }

    /// Forgets what is kept of one user, after a change that is known.
    pub fn forget(&mut self, domain: &str, username: &str) {
        self.kept.remove(&key(domain, username));
    }

    /// How many answers are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Half at once, so that a flood of names costs little per name.
    fn forget_older_half(&mut self) {
        let mut times: alloc::vec::Vec<_> =
            self.kept.values().map(|kept| kept.checked_at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.kept.retain(|_, kept| kept.checked_at > median);
    }
}
