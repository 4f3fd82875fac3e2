use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures that are free, per name and address.
const FREE_PER_NAME: u32 = 5;
/// Failures that are free, per address, whatever the names.
const FREE_PER_ADDRESS: u32 = 50;
/// After this long without a failure they are forgotten.
const MEMORY_MS: i64 = 15 * 60_000;
const LONGEST_WAIT_MS: i64 = 5 * 60_000;
/// Entries kept at most; the oldest go first.
const MAX_ENTRIES: usize = 10_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last_ms: i64,
    blocked_until_ms: i64,
}

/// Slows sign-in down after failures, for names that exist and names that do not alike.
#[derive(Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<(IpAddr, String), Failures>>,
}

impl Throttle {
    fn keys(address: IpAddr, name: &str) -> [((IpAddr, String), u32); 2] {
        [
            ((address, name.to_lowercase()), FREE_PER_NAME),
            // No account name is empty, so that this key is the address's own.
            ((address, String::new()), FREE_PER_ADDRESS),
        ]
    }

    /// How long this name must wait, seconds; none if it may try now.
    pub(crate) fn wait(&self, address: IpAddr, name: &str, now_ms: i64) -> Option<u64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Self::keys(address, name)
            .iter()
            .filter_map(|(key, _)| failures.get(key))
            .map(|entry| entry.blocked_until_ms)
            .max()?;
        let wait_ms = until.saturating_sub(now_ms);
        (wait_ms > 0).then(|| u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000))
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, address: IpAddr, name: &str, now_ms: i64) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_ENTRIES {
            make_room(&mut failures, now_ms);
        }
        for (key, free) in Self::keys(address, name) {
            let entry = failures.entry(key).or_insert(Failures {
                count: 0,
                last_ms: now_ms,
                blocked_until_ms: now_ms,
            });
            if now_ms.saturating_sub(entry.last_ms) > MEMORY_MS {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            entry.last_ms = now_ms;
            if entry.count > free {
                let doubled = 1_000_i64 << (entry.count - free).min(20);
                entry.blocked_until_ms = now_ms.saturating_add(doubled.min(LONGEST_WAIT_MS));
            }
        }
    }

    /// A right password clears the name's failures.
    pub(crate) fn succeeded(&self, address: IpAddr, name: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&(address, name.to_lowercase()));
    }
}

fn make_room(failures: &mut HashMap<(IpAddr, String), Failures>, now_ms: i64) {
    failures.retain(|_, entry| now_ms.saturating_sub(entry.last_ms) <= MEMORY_MS);
    if failures.len() >= MAX_ENTRIES {
        let mut times: Vec<i64> = failures.values().map(|entry| entry.last_ms).collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        failures.retain(|_, entry| entry.last_ms > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn waits_double_after_the_free_failures() {
        let throttle = Throttle::default();
        for _ in 0..FREE_PER_NAME {
            throttle.failed(HERE, "CORP\\bob", 0);
            assert_eq!(throttle.wait(HERE, "CORP\\bob", 0), None);
        }
        throttle.failed(HERE, "corp\\BOB", 0);
        assert_eq!(
            throttle.wait(HERE, "CORP\\bob", 0),
            Some(2),
            "whatever the case"
        );
        assert_eq!(throttle.wait(HERE, "CORP\\eve", 0), None, "not for others");
        assert_eq!(
            throttle.wait(THERE, "CORP\\bob", 0),
            None,
            "not from elsewhere"
        );
        assert_eq!(
            throttle.wait(HERE, "CORP\\bob", 2_000),
            None,
            "until it has passed"
        );
        throttle.failed(HERE, "CORP\\bob", 2_000);
        assert_eq!(throttle.wait(HERE, "CORP\\bob", 2_000), Some(4));
        throttle.succeeded(HERE, "CORP\\bob");
        assert_eq!(throttle.wait(HERE, "CORP\\bob", 2_000), None);
    }

    #[test]
    fn many_names_from_one_address_wait_too() {
        let throttle = Throttle::default();
        for index in 0..=FREE_PER_ADDRESS {
            throttle.failed(HERE, &format!("CORP\\u{index}"), 0);
        }
        assert!(throttle.wait(HERE, "CORP\\new", 0).is_some());
    }

    #[test]
    fn failures_are_forgotten() {
        let throttle = Throttle::default();
        for _ in 0..9 {
            throttle.failed(HERE, "n", 0);
        }
        let later = MEMORY_MS + 1;
        throttle.failed(HERE, "n", later);
        assert_eq!(throttle.wait(HERE, "n", later), None);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for index in 0..3 * MAX_ENTRIES as i64 {
            throttle.failed(HERE, &index.to_string(), index);
        }
        assert!(throttle.failures.lock().unwrap().len() <= MAX_ENTRIES + 1);
    }
}
