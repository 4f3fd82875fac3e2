//! A PAC verification with a prepared key, against the `cmac` crate doing the same work, and finding
//! one band among 10,000 by its address.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::collections::HashMap;
use std::hint::black_box;

use ::cmac::{Cmac, KeyInit, Mac};
use aes::Aes128;
use criterion::{Criterion, criterion_group, criterion_main};
use nymi_core::presence::{
    AdvKey, Claim, Flags, Frame, Outcome, PacKey, PacParameters, TSet, VerificationState, verify,
};
use nymi_core::{BandId, UnixMillis};

mod in_turn;

use in_turn::work;

const T_SET: u64 = 1_700_000_000_000;
const KEY: [u8; 16] = [7; 16];

fn t_set() -> TSet {
    TSet::new(T_SET).expect("in range")
}

fn frame(band: BandId, counter: u32) -> Vec<u8> {
    let flags = Flags {
        authenticated: true,
        worn: true,
        ..Flags::default()
    };
    let key = PacKey::new(&AdvKey::new(KEY), band);
    Frame::signed(&key, flags, counter, t_set().into(), 4).to_bytes()
}

/// The same check as a program would write it on the `cmac` crate: key in, code compared.
fn pac_by_cmac_crate(key: &[u8; 16], band: BandId, frame: &[u8]) -> bool {
    let mut mac = <Cmac<Aes128> as KeyInit>::new(key.into());
    mac.update(b"P");
    mac.update(&frame[..1]);
    mac.update(band.as_bytes());
    mac.update(&frame[1..5]);
    mac.update(&((T_SET / 1000) as u32).to_be_bytes());
    mac.verify_truncated_left(&frame[5..13]).is_ok()
}

fn pac(c: &mut Criterion) {
    let band = BandId::new([1, 2, 3, 4, 5, 6]);
    let bytes = frame(band, 60);
    let key = PacKey::new(&AdvKey::new(KEY), band);

    let parsed = Frame::parse(&bytes).expect("well formed");
    let (state, parameters) = (VerificationState::default(), PacParameters::default());
    let works = [
        work("cmac crate", || {
            pac_by_cmac_crate(black_box(&KEY), band, black_box(&bytes))
        }),
        work("prepared key", || {
            black_box(&key).verifies(black_box(&parsed), t_set().into())
        }),
        work("all eight steps", || {
            let claim = Claim {
                frame: black_box(&bytes),
                now: UnixMillis(T_SET as i64 + 61_000),
                agent: "agent",
                endpoint: "terminal",
            };
            verify(&key, t_set(), &parameters, &state, &claim).outcome == Outcome::Verified
        }),
    ];
    let mut group = c.benchmark_group("pac");
    for work in &works {
        group.bench_function(work.name, |b| b.iter(|| (work.call)()));
    }
    group.finish();
    in_turn::compare(&works, 2_000, 100);
}

fn ten_thousand(c: &mut Criterion) {
    let id = |n: u32| {
        let [_, a, b, d] = n.to_be_bytes();
        BandId::new([0xc0, 0, 0, a, b, d])
    };
    let bands: HashMap<BandId, PacKey> = (0..10_000)
        .map(|n| (id(n), PacKey::new(&AdvKey::new(KEY), id(n))))
        .collect();
    let frames: Vec<_> = (0..10_000).map(|n| (id(n), frame(id(n), 60))).collect();
    let state = VerificationState::default();
    let parameters = PacParameters::default();
    let mut next = 0;
    c.bench_function("verify one of 10,000 bands by address", |b| {
        b.iter(|| {
            next = (next + 7919) % frames.len();
            let (band, bytes) = &frames[next];
            let claim = Claim {
                frame: bytes,
                now: UnixMillis(T_SET as i64 + 61_000),
                agent: "agent",
                endpoint: "terminal",
            };
            verify(&bands[band], t_set(), &parameters, &state, &claim).outcome
        });
    });
}

criterion_group!(benches, pac, ten_thousand);
criterion_main!(benches);
