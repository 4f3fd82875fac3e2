//! Comparison in turn: on a machine that does other things too, what is measured later must not look
//! slower for it.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is compared: prepared once, then called again and again.
pub(crate) struct Work<'a> {
    pub(crate) name: &'static str,
    pub(crate) call: Box<dyn Fn() -> bool + 'a>,
}

pub(crate) fn work<'a>(name: &'static str, call: impl Fn() -> bool + 'a) -> Work<'a> {
    assert!(call(), "{name}: what is measured succeeds");
    Work {
        name,
        call: Box::new(call),
    }
}

/// In `rounds` rounds calls all of them in turn, each `times` times together, and prints the medians for
/// one call with their ratios to the first. Each round has another order: who comes after a work with much
/// code of its own finds cold caches. Returns the medians, in nanoseconds.
pub(crate) fn compare(works: &[Work<'_>], rounds: usize, times: u32) -> Vec<f64> {
    let mut all = vec![Vec::with_capacity(rounds); works.len()];
    let mut order: Vec<usize> = (0..works.len()).collect();
    let mut seed = 1;
    for _ in 0..rounds {
        shuffle(&mut order, &mut seed);
        for &position in &order {
            let began = Instant::now();
            for _ in 0..times {
                black_box((works[position].call)());
            }
            all[position].push(began.elapsed());
        }
    }
    println!("in turn, medians of {rounds}:");
    let mut first = None;
    let median = |(work, mut all): (&Work<'_>, Vec<Duration>)| {
        all.sort_unstable();
        let median = all[rounds / 2].as_secs_f64() * 1e9 / f64::from(times);
        let ratio = median / *first.get_or_insert(median);
        println!("  {:45} {median:9.0} ns  {ratio:.3}", work.name);
        median
    };
    works.iter().zip(all).map(median).collect()
}

/// Fisher and Yates' shuffle with Marsaglia's xorshift.
fn shuffle(order: &mut [usize], seed: &mut u64) {
    for last in (1..order.len()).rev() {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        order.swap(last, (*seed % (last as u64 + 1)) as usize);
    }
}
