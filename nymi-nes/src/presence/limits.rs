use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nymi_core::BandId;

/// Failures in a row that are audited, per agent and band.
const BURST: i64 = 20;
/// After these, one more in this time.
const REFILL_MS: i64 = 1000;
/// Events that one account reports at once, and then one more in this time.
const REPORTS: i64 = 100;
const REPORT_MS: i64 = 1000;
/// Bands that one account enrolls or registers at once, and then one more in this time.
const ENROLLMENTS: i64 = 20;
const ENROLLMENT_MS: i64 = 3 * 60_000;
const TIME_LOST_MS: i64 = 60_000;
const MAX_ENTRIES: usize = 10_000;

/// Keeps failures from filling the audit trail: per agent and band, and per band for lost clocks.
/// Keeps an account from claiming serial numbers without end.
/// A frame that verifies is never limited.
#[derive(Default)]
pub(crate) struct Limits {
    /// When the bucket of an agent and band will be full again.
    failures: Mutex<HashMap<(String, Option<BandId>), i64>>,
    /// When the bucket of an account that reports events will be full again.
    reports: Mutex<HashMap<i64, i64>>,
    /// When the bucket of an account that enrolls will be full again.
    enrollments: Mutex<HashMap<i64, i64>>,
    /// When a band's lost clock was last audited.
    time_lost: Mutex<HashMap<BandId, i64>>,
}

impl Limits {
    /// Counts a failure; false if it is beyond the limit.
    pub(crate) fn failure_allowed(&self, agent: &str, band: Option<BandId>, now_ms: i64) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        prune(&mut failures, now_ms);
        let full_at = failures.entry((agent.to_owned(), band)).or_insert(now_ms);
        let next = (*full_at).max(now_ms).saturating_add(REFILL_MS);
        let allowed = next.saturating_sub(now_ms) <= BURST * REFILL_MS;
        if allowed {
            *full_at = next;
        }
        allowed
    }

    /// Counts an event that an account reports, or says after how many seconds it may.
    pub(crate) fn report(&self, account: i64, now_ms: i64) -> Result<(), u64> {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        prune(&mut reports, now_ms);
        let full_at = reports.entry(account).or_insert(now_ms);
        *full_at = spent(*full_at, REPORTS, REPORT_MS, now_ms)?;
        Ok(())
    }

    /// Counts an enrollment or registration that an account completes, or says after how many seconds
    /// it may.
    pub(crate) fn enroll(&self, account: i64, now_ms: i64) -> Result<(), u64> {
        let mut enrollments = self.lock_enrollments();
        prune(&mut enrollments, now_ms);
        let full_at = enrollments.entry(account).or_insert(now_ms);
        *full_at = spent(*full_at, ENROLLMENTS, ENROLLMENT_MS, now_ms)?;
        Ok(())
    }

    /// The same without counting: whether an enrollment that begins now could be completed.
    pub(crate) fn may_enroll(&self, account: i64, now_ms: i64) -> Result<(), u64> {
        let full_at = self.lock_enrollments().get(&account).copied();
        let full_at = full_at.unwrap_or(now_ms);
        spent(full_at, ENROLLMENTS, ENROLLMENT_MS, now_ms).map(drop)
    }

    fn lock_enrollments(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        let lock = self.enrollments.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a band's lost clock is due for the audit trail.
    pub(crate) fn time_lost_allowed(&self, band: BandId, now_ms: i64) -> bool {
        let mut time_lost = self
            .time_lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        prune(&mut time_lost, now_ms.saturating_sub(TIME_LOST_MS));
        match time_lost.get(&band) {
            Some(last) if now_ms.saturating_sub(*last) < TIME_LOST_MS => false,
            _ => {
                time_lost.insert(band, now_ms);
                true
            }
        }
    }
}

/// When a bucket will be full again after one more, or how many seconds are left until it may be.
fn spent(full_at: i64, burst: i64, refill_ms: i64, now_ms: i64) -> Result<i64, u64> {
    let next = full_at.max(now_ms).saturating_add(refill_ms);
    let wait_ms = next.saturating_sub(now_ms) - burst * refill_ms;
    match u64::try_from(wait_ms) {
        Ok(wait_ms @ 1..) => Err(wait_ms.div_ceil(1000)),
        _ => Ok(next),
    }
}

/// Forgets what is past; what is still counted stays, so that nobody can flush it.
fn prune<K: Eq + Hash>(entries: &mut HashMap<K, i64>, before: i64) {
    if entries.len() >= MAX_ENTRIES {
        entries.retain(|_, at| *at > before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: BandId = BandId::new([1; 6]);

    #[test]
    fn failures_beyond_the_burst_trickle() {
        let limits = Limits::default();
        let allowed = |ms| limits.failure_allowed("agent", Some(BAND), ms);
        assert_eq!((0..100).filter(|_| allowed(0)).count(), 20);
        assert!(!allowed(999));
        assert!(allowed(1000));
        assert!(!allowed(1000));
        assert!(
            limits.failure_allowed("agent", Some(BandId::new([2; 6])), 1000),
            "per band"
        );
        assert!(
            limits.failure_allowed("other", Some(BAND), 1000),
            "per agent"
        );
        assert_eq!(
            (0..100).filter(|_| allowed(60_000)).count(),
            20,
            "it fills up again"
        );
    }

    #[test]
    fn an_account_enrolls_20_bands_and_then_one_each_3_minutes() {
        let limits = Limits::default();
        for _ in 0..100 {
            limits.may_enroll(1, 0).unwrap();
        }
        let enrolled = (0..100).filter(|_| limits.enroll(1, 0).is_ok());
        assert_eq!(enrolled.count(), 20, "asking counted nothing");
        assert_eq!(limits.enroll(1, 1_000), Err(179));
        assert_eq!(limits.may_enroll(1, 1_000), Err(179));
        limits.enroll(2, 1_000).unwrap();
        limits.enroll(1, ENROLLMENT_MS).unwrap();
        limits.enroll(1, ENROLLMENT_MS).unwrap_err();
    }

    #[test]
    fn a_lost_clock_is_audited_once_a_minute() {
        let limits = Limits::default();
        assert!(limits.time_lost_allowed(BAND, 0));
        assert!(!limits.time_lost_allowed(BAND, 59_999));
        assert!(
            limits.time_lost_allowed(BandId::new([2; 6]), 59_999),
            "per band"
        );
        assert!(limits.time_lost_allowed(BAND, 60_000));
    }
}
