use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Attempts that are free, per name and place; after them the wait doubles.
const FREE_PER_NAME: u32 = 5;
const LONGEST_WAIT_MS: i64 = 5 * 60_000;
/// After this long without an attempt they are forgotten.
const MEMORY_MS: i64 = 15 * 60_000;
/// What a name may spend from all unknown places together, and what a place may spend on all names.
const NAME: Bucket = Bucket {
    burst: 20,
    refill_ms: 60_000,
};
const PLACE: Bucket = Bucket {
    burst: 50,
    refill_ms: 18_000,
};
/// Entries kept at most; the oldest go first.
const MAX_ENTRIES: usize = 10_000;

/// So many at once, then one more in each `refill_ms`.
struct Bucket {
    burst: i64,
    refill_ms: i64,
}

/// Addresses that one guesser can choose among count as one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Loopback,
    Address(IpAddr),
}

impl Place {
    /// All loopback addresses are one place, and so is each IPv6 /64.
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            address => Self::Address(address),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    NameAt(Place, String),
    Name(String),
    Place(Place),
}

#[derive(Clone, Copy, Default)]
struct Spent {
    /// Attempts in a row, of a name at a place.
    count: u32,
    last_ms: i64,
    /// When the name may try again, or when the bucket is full again.
    until_ms: i64,
    /// The name has logged in from this place.
    known: bool,
}

impl Spent {
    fn wait_ms(&self, bucket: &Bucket, now_ms: i64) -> i64 {
        let next = self.until_ms.max(now_ms).saturating_add(bucket.refill_ms);
        next.saturating_sub(now_ms) - bucket.burst * bucket.refill_ms
    }

    fn spend(&mut self, bucket: &Bucket, now_ms: i64) {
        let most = now_ms.saturating_add(bucket.burst * bucket.refill_ms);
        let next = self.until_ms.max(now_ms).saturating_add(bucket.refill_ms);
        self.until_ms = next.min(most);
        self.last_ms = now_ms;
    }

    fn attempt(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.last_ms) > MEMORY_MS {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last_ms = now_ms;
        if self.count > FREE_PER_NAME {
            let doubled = 1_000_i64 << (self.count - FREE_PER_NAME).min(20);
            self.until_ms = now_ms.saturating_add(doubled.min(LONGEST_WAIT_MS));
        }
    }
}

/// An attempt that was counted before its outcome is known. Dropped, it stays counted.
#[derive(Debug)]
pub(crate) struct Attempt {
    place: Place,
    name: String,
    service: bool,
    /// Why it is checked in the slow lane: what is left of the wait, seconds.
    pub(crate) over_budget_s: Option<u64>,
}

/// Slows sign-in down after failures, for names that exist and names that do not alike.
///
/// Every attempt is counted before the password is looked at, so that attempts at the same time do not
/// pass together, and given back if it was right. A name waits at the place where it failed, and, where
/// it never logged in from, after a slow budget over all places. Nobody waits for other names: a place
/// that spent its budget, and a service account's name beyond its own, is checked in the slow lane.
#[derive(Default)]
pub(crate) struct Throttle {
    spent: Mutex<HashMap<Key, Spent>>,
}

impl Throttle {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Spent>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt, or says how many seconds it must wait. `service`: the name has the form of a
    /// service account's, which is always checked.
    pub(crate) fn attempt(
        &self,
        address: IpAddr,
        name: &str,
        service: bool,
        now_ms: i64,
    ) -> Result<Attempt, u64> {
        let (place, name) = (Place::of(address), name.to_lowercase());
        let mut spent = self.lock();
        if spent.len() >= MAX_ENTRIES {
            make_room(&mut spent, now_ms);
        }
        let of = |key: Key| spent.get(&key).copied().unwrap_or_default();
        let here = of(Key::NameAt(place, name.clone()));
        let mut wait_ms = match here.count > FREE_PER_NAME {
            true => here.until_ms.saturating_sub(now_ms),
            false => 0,
        };
        let mut over_budget_s = None;
        if service {
            over_budget_s = seconds(wait_ms);
        } else {
            if !here.known {
                wait_ms = wait_ms.max(of(Key::Name(name.clone())).wait_ms(&NAME, now_ms));
            }
            if let Some(seconds) = seconds(wait_ms) {
                return Err(seconds);
            }
            over_budget_s =
                over_budget_s.or_else(|| seconds(of(Key::Place(place)).wait_ms(&PLACE, now_ms)));
            let entry = |key| (key, Spent::default());
            for (bucket, (key, new)) in [
                (&NAME, entry(Key::Name(name.clone()))),
                (&PLACE, entry(Key::Place(place))),
            ] {
                // Failures at a known place are that place's alone.
                if !(here.known && matches!(key, Key::Name(_))) {
                    spent.entry(key).or_insert(new).spend(bucket, now_ms);
                }
            }
        }
        spent
            .entry(Key::NameAt(place, name.clone()))
            .or_default()
            .attempt(now_ms);
        Ok(Attempt {
            place,
            name,
            service,
            over_budget_s,
        })
    }

    /// The password was right: nothing is counted, and the place is known.
    pub(crate) fn succeeded(&self, attempt: Attempt, now_ms: i64) {
        let key = Key::NameAt(attempt.place, attempt.name.clone());
        self.give_back(attempt, now_ms);
        let here = Spent {
            last_ms: now_ms,
            known: true,
            ..Spent::default()
        };
        self.lock().insert(key, here);
    }

    /// The password was not looked at.
    pub(crate) fn give_back(&self, attempt: Attempt, now_ms: i64) {
        let mut spent = self.lock();
        let mut known = false;
        if let Some(here) = spent.get_mut(&Key::NameAt(attempt.place, attempt.name.clone())) {
            here.count = here.count.saturating_sub(1);
            here.until_ms = here.until_ms.min(now_ms);
            known = here.known;
        }
        if attempt.service {
            return;
        }
        if !known && let Some(name) = spent.get_mut(&Key::Name(attempt.name)) {
            name.until_ms = name.until_ms.saturating_sub(NAME.refill_ms);
        }
        if let Some(place) = spent.get_mut(&Key::Place(attempt.place)) {
            place.until_ms = place.until_ms.saturating_sub(PLACE.refill_ms);
        }
    }
}

fn seconds(ms: i64) -> Option<u64> {
    (ms > 0).then(|| u64::try_from(ms).unwrap_or_default().div_ceil(1000))
}

fn make_room(spent: &mut HashMap<Key, Spent>, now_ms: i64) {
    spent.retain(|_, entry| {
        entry.known || entry.until_ms > now_ms || now_ms.saturating_sub(entry.last_ms) <= MEMORY_MS
    });
    if spent.len() >= MAX_ENTRIES {
        let mut times: Vec<i64> = spent.values().map(|entry| entry.last_ms).collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        spent.retain(|_, entry| entry.last_ms > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn there(index: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, index])
    }

    fn user(throttle: &Throttle, address: IpAddr, name: &str, ms: i64) -> Result<Attempt, u64> {
        throttle.attempt(address, name, false, ms)
    }

    #[test]
    fn attempts_are_counted_before_their_outcome() {
        let throttle = Throttle::default();
        let open: Vec<_> = (0..60)
            .map(|_| user(&throttle, HERE, "CORP\\bob", 0))
            .collect();
        assert_eq!(open.iter().filter(|attempt| attempt.is_ok()).count(), 6);
        assert_eq!(user(&throttle, HERE, "corp\\BOB", 0).unwrap_err(), 2);
        assert!(user(&throttle, HERE, "CORP\\eve", 0).is_ok(), "not others");
        assert!(user(&throttle, HERE, "CORP\\bob", 2_000).is_ok());
        assert_eq!(user(&throttle, HERE, "CORP\\bob", 2_000).unwrap_err(), 4);
        let right = user(&throttle, HERE, "CORP\\bob", 6_000).unwrap();
        throttle.succeeded(right, 6_000);
        for _ in 0..50 {
            let right = user(&throttle, HERE, "CORP\\bob", 6_000).unwrap();
            throttle.succeeded(right, 6_000);
        }
    }

    #[test]
    fn changing_the_address_does_not_help() {
        let throttle = Throttle::default();
        let known = user(&throttle, HERE, "CORP\\bob", 0).unwrap();
        throttle.succeeded(known, 0);
        let passed =
            (0..100).filter(|index| user(&throttle, there(*index), "CORP\\bob", 0).is_ok());
        assert_eq!(passed.count(), 20);
        assert_eq!(
            user(&throttle, there(200), "CORP\\bob", 1_000).unwrap_err(),
            59
        );
        assert!(user(&throttle, there(200), "CORP\\bob", 60_000).is_ok());
        assert!(
            user(&throttle, HERE, "CORP\\bob", 60_000).is_ok(),
            "nobody is locked out where they have logged in before"
        );
    }

    #[test]
    fn addresses_of_one_guesser_are_one_place() {
        let place = |text: &str| Place::of(text.parse().unwrap());
        assert_eq!(place("127.0.0.1"), place("127.9.9.9"));
        assert_eq!(place("127.0.0.1"), place("::1"));
        assert_eq!(place("127.0.0.1"), place("::ffff:127.0.0.2"));
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:0:0:1"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
    }

    #[test]
    fn a_place_that_guesses_is_slow_but_locks_nobody_out() {
        let throttle = Throttle::default();
        for index in 0..50 {
            let attempt = user(&throttle, HERE, &format!("CORP\\u{index}"), 0).unwrap();
            assert_eq!(attempt.over_budget_s, None);
        }
        let other = user(&throttle, HERE, "CORP\\new", 0).unwrap();
        assert!(other.over_budget_s.is_some(), "in the slow lane");
        let service = throttle.attempt(HERE, "agent", true, 0).unwrap();
        assert_eq!(service.over_budget_s, None, "with a budget of its own");
    }

    #[test]
    fn a_service_account_is_always_checked() {
        let throttle = Throttle::default();
        for index in 0..100 {
            let attempt = throttle.attempt(HERE, "agent", true, 0).unwrap();
            assert_eq!(attempt.over_budget_s.is_some(), index > 5, "{index}");
        }
        let right = throttle.attempt(HERE, "agent", true, 0).unwrap();
        throttle.succeeded(right, 0);
        let next = throttle.attempt(HERE, "agent", true, 0).unwrap();
        assert_eq!(next.over_budget_s, None);
    }

    #[test]
    fn what_was_not_looked_at_is_not_counted() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            let attempt = user(&throttle, HERE, "CORP\\bob", 0).unwrap();
            assert_eq!(attempt.over_budget_s, None);
            throttle.give_back(attempt, 0);
        }
    }

    #[test]
    fn failures_are_forgotten() {
        let throttle = Throttle::default();
        for _ in 0..6 {
            user(&throttle, HERE, "n", 0).unwrap();
        }
        let later = MEMORY_MS + 1;
        for _ in 0..6 {
            user(&throttle, HERE, "n", later).unwrap();
        }
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for index in 0..2 * MAX_ENTRIES as i64 {
            let _ = user(&throttle, HERE, &index.to_string(), index);
        }
        assert!(throttle.lock().len() <= MAX_ENTRIES + 3);
    }
}
