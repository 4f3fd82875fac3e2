//! Cache by policy.

use std::collections::HashMap;

use nymi_core::UnixMillis;
use nymi_core::directory::*;
use nymi_core::policy::GroupPolicyValues;
use proptest::prelude::*;

const FRESH: CachedStatus = CachedStatus {
    status: AccountStatus::Active,
    checked_at: UnixMillis(1_000_000),
};

fn at(ms: i64) -> UnixMillis {
    FRESH.checked_at.saturating_add(ms)
}

#[test]
fn the_policys_fields_decide() {
    let policy = |check, cache, expiry| {
        CachePolicy::from(&GroupPolicyValues {
            check_user_status: check,
            cache_user_status: cache,
            cache_expiry_seconds: expiry,
            ..GroupPolicyValues::default()
        })
    };
    assert_eq!(
        CachePolicy::from(&GroupPolicyValues::default()),
        CachePolicy::Off
    );
    assert_eq!(policy(false, true, Some(900)), CachePolicy::Off);
    assert_eq!(policy(true, false, None), CachePolicy::AskAlways);
    assert_eq!(
        policy(true, true, Some(900)),
        CachePolicy::Keep { expiry_ms: 900_000 }
    );
    assert_eq!(
        policy(true, true, Some(30)),
        CachePolicy::Keep { expiry_ms: 30_000 }
    );
    assert_eq!(policy(true, true, None), CachePolicy::AskAlways);
}

#[test]
fn an_answer_serves_until_it_is_older_than_the_expiry() {
    let policy = CachePolicy::Keep { expiry_ms: 30_000 };
    let mut cache = StatusCache::default();
    assert_eq!(
        cache.decide(policy, "CORP", "ada", at(0)),
        CacheDecision::Ask
    );
    cache.keep(policy, "CORP", "ada", FRESH);
    for (ms, expected) in [
        (0, CacheDecision::Serve(FRESH)),
        (30_000, CacheDecision::Serve(FRESH)),
        (30_001, CacheDecision::Ask),
        (-1, CacheDecision::Ask),
    ] {
        assert_eq!(
            cache.decide(policy, "corp", "ADA", at(ms)),
            expected,
            "{ms}"
        );
    }
    assert_eq!(
        cache.decide(policy, "CORP", "bob", at(0)),
        CacheDecision::Ask
    );
    assert_eq!(
        cache.decide(policy, "OTHER", "ada", at(0)),
        CacheDecision::Ask
    );
    let shorter = CachePolicy::Keep { expiry_ms: 10_000 };
    assert_eq!(
        cache.decide(shorter, "CORP", "ada", at(20_000)),
        CacheDecision::Ask
    );
    assert_eq!(
        cache.decide(CachePolicy::AskAlways, "CORP", "ada", at(0)),
        CacheDecision::Ask
    );
    assert_eq!(
        cache.decide(CachePolicy::Off, "CORP", "ada", at(0)),
        CacheDecision::NotOffered
    );
    cache.forget("Corp", "Ada");
    assert!(cache.is_empty());
}

#[test]
fn nothing_is_kept_where_the_policy_keeps_nothing() {
    for policy in [CachePolicy::Off, CachePolicy::AskAlways] {
        let mut cache = StatusCache::default();
        cache.keep(policy, "CORP", "ada", FRESH);
        assert!(cache.is_empty());
    }
}

#[test]
fn a_flood_of_names_displaces_the_oldest() {
    let policy = CachePolicy::Keep { expiry_ms: 900_000 };
    let mut cache = StatusCache::default();
    let keep = |cache: &mut StatusCache, index: usize| {
        let answer = CachedStatus {
            checked_at: at(index as i64),
            ..FRESH
        };
        cache.keep(policy, "CORP", &format!("user{index}"), answer);
    };
    for index in 0..=MAX_CACHED {
        keep(&mut cache, index);
        assert!(cache.len() <= MAX_CACHED);
    }
    assert_eq!(cache.len(), MAX_CACHED / 2, "half goes at once");
    let last = at(MAX_CACHED as i64);
    assert_eq!(
        cache.decide(policy, "CORP", "user0", last),
        CacheDecision::Ask
    );
    let newest = format!("user{MAX_CACHED}");
    assert!(matches!(
        cache.decide(policy, "CORP", &newest, last),
        CacheDecision::Serve(_)
    ));
    // All at the same moment: there must still be room.
    let mut cache = StatusCache::default();
    for index in 0..2 * MAX_CACHED {
        cache.keep(policy, "CORP", &format!("user{index}"), FRESH);
        assert!(cache.len() <= MAX_CACHED);
    }
}

proptest! {
    #[test]
    fn the_directory_is_asked_as_often_as_the_model_says(
        expiry in 0..50i64,
        steps in prop::collection::vec((0..30i64, 0..3u8, any::<bool>()), 0..60),
    ) {
        let policy = CachePolicy::Keep { expiry_ms: expiry };
        let (mut cache, mut model) = (StatusCache::default(), HashMap::new());
        let mut now = 0;
        for (pause, user, locked) in steps {
            now += pause;
            let name = format!("user{user}");
            let known = model.get(&user).copied().filter(|(at, _): &(i64, _)| now - at <= expiry);
            match cache.decide(policy, "CORP", &name, UnixMillis(now)) {
                CacheDecision::Serve(kept) => {
                    prop_assert_eq!(known, Some((kept.checked_at.0, kept.status)));
                }
                CacheDecision::Ask => {
                    prop_assert_eq!(known, None);
                    let status = if locked { AccountStatus::Locked } else { AccountStatus::Active };
                    cache.keep(policy, "CORP", &name, CachedStatus { status, checked_at: UnixMillis(now) });
                    model.insert(user, (now, status));
                }
                CacheDecision::NotOffered => prop_assert!(false),
            }
        }
    }
}

#[test]
fn a_cache_tells_how_many_it_keeps() {
    let mut cache = StatusCache::default();
    assert!(cache.is_empty());
    for (name, kept) in [("ada", 1), ("bob", 2), ("ada", 2)] {
        cache.keep(CachePolicy::Keep { expiry_ms: 1000 }, "acme", name, FRESH);
        assert_eq!((cache.len(), cache.is_empty()), (kept, false));
    }
}
