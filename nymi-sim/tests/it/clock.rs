//! Drift and skew, seen through frames.

use nymi_core::band::BandReply;

use crate::pki::{NOW_MS, enterprise};
use crate::terminal::{Bands, Bench, NOW, set_time};

const DAY_MS: i64 = 86_400_000;

fn counter(bench: &mut Bench, after_ms: i64) -> i64 {
    let now = NOW.saturating_add(after_ms);
    i64::from(bench.band.frame(now, &mut bench.rng).unwrap().1.counter)
}

#[test]
fn drift_adds_up() {
    let (mut bench, _) = Bench::in_use(&enterprise());
    assert_eq!(counter(&mut bench, DAY_MS), 86_400);
    bench.band.set_drift(NOW, 20);
    assert_eq!(counter(&mut bench, DAY_MS), 86_401);
    assert_eq!(counter(&mut bench, 30 * DAY_MS), 30 * 86_400 + 51);
    bench.band.set_drift(NOW, -20);
    assert_eq!(counter(&mut bench, 30 * DAY_MS), 30 * 86_400 - 52);
}

#[test]
fn a_skew_stays_until_the_clock_is_set() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    bench.band.skew(20_000);
    assert_eq!(counter(&mut bench, 100_000), 120);
    bench.band.skew(-20_000);
    assert_eq!(
        counter(&mut bench, 100_000),
        80,
        "a skew replaces the last one"
    );
    assert_eq!(
        counter(&mut bench, 5_000),
        0,
        "there is no step before T_set"
    );
    bench.now = NOW.saturating_add(100_000);
    let request = set_time(&enrolled, NOW_MS as u64 + 100_000);
    assert_eq!(bench.ask(&request), BandReply::Done);
    assert_eq!(counter(&mut bench, 107_000), 7);
}

#[test]
fn a_counter_that_does_not_fit_is_a_lost_clock() {
    let (mut bench, _) = Bench::in_use(&enterprise());
    let beyond = NOW.saturating_add((i64::from(u32::MAX) + 1) * 1000);
    let last = bench
        .band
        .frame(beyond.saturating_add(-1), &mut bench.rng)
        .unwrap()
        .1;
    assert_eq!((last.counter, last.flags.time_lost), (u32::MAX, false));
    let lost = bench.band.frame(beyond, &mut bench.rng).unwrap().1;
    assert_eq!((lost.counter, lost.flags.time_lost), (0, true));
}
