//! Fixed work for counting instructions: `instructions WORK TIMES`. See `tests/instructions/run`.
#![allow(clippy::disallowed_methods, reason = "a program has arguments")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use nymi_core::chain::verify;
use nymi_core::presence::{
    AdvKey, Claim, Flags, Frame, Outcome, PacKey, PacParameters, TSet, VerificationState,
    verify as verify_presence,
};
use nymi_core::{BandId, UnixMillis};
use nymi_crypto_ring::RingVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ECDSA_P256_SHA256};

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/chain_writer.rs"]
mod chain_writer;

use chain_writer::{NOW, Trio, requirements};

/// A presence code with a prepared key.
fn pac(times: u32) -> bool {
    let band = BandId::new([0xc0, 0, 0, 0, 0, 1]);
    let key = PacKey::new(&AdvKey::new([7; 16]), band);
    let tail = TSet::new(1_700_000_000_000).expect("in range").into();
    let flags = Flags {
        authenticated: true,
        worn: true,
        ..Flags::default()
    };
    let frame = Frame::signed(&key, flags, 60, tail, 4);
    (0..times).all(|_| black_box(&key).verifies(black_box(&frame), tail))
}

/// When the clock of every band here was set, ms.
const T_SET: u64 = 1_700_000_000_000;

/// The advertising key of the band and a frame of it, 61 s after its clock was set.
fn band(number: u32) -> (BandId, PacKey, Vec<u8>) {
    let [_, a, b, c] = number.to_be_bytes();
    let band = BandId::new([0xc0, 0, 0, a, b, c]);
    let key = PacKey::new(&AdvKey::new([7; 16]), band);
    let flags = Flags {
        authenticated: true,
        worn: true,
        ..Flags::default()
    };
    let tail = TSet::new(T_SET).expect("in range").into();
    let bytes = Frame::signed(&key, flags, 60, tail, 4).to_bytes();
    (band, key, bytes)
}

/// All eight steps of a verification with this key.
fn is_present(key: &PacKey, frame: &[u8]) -> bool {
    let claim = Claim {
        frame: black_box(frame),
        now: UnixMillis(T_SET as i64 + 61_000),
        agent: "agent",
        endpoint: "terminal",
    };
    let t_set = TSet::new(T_SET).expect("in range");
    let (parameters, state) = (PacParameters::default(), VerificationState::default());
    verify_presence(key, t_set, &parameters, &state, &claim).outcome == Outcome::Verified
}

/// A frame of a band through all eight steps of a verification.
fn steps(times: u32) -> bool {
    let (_, key, frame) = band(1);
    (0..times).all(|_| is_present(black_box(&key), &frame))
}

/// The same of one of 10,000 bands, which is found by its address.
fn address(times: u32) -> bool {
    let bands: Vec<_> = (0..10_000).map(band).collect();
    // A fixed hasher: the default one's seed, and with it the count, differs from run to run.
    let keys: HashMap<BandId, &PacKey, BuildHasherDefault<DefaultHasher>> =
        bands.iter().map(|(band, key, _)| (*band, key)).collect();
    let places = (0..bands.len()).cycle().step_by(7919);
    places.take(times as usize).all(|place| {
        let (band, _, frame) = &bands[place];
        is_present(keys[black_box(band)], frame)
    })
}

/// A chain L1, L2, leaf, with ring.
fn chain(times: u32) -> bool {
    let trio = Trio::new();
    let presented = trio.presented();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let (anchors, requirements) = ([trio.l1.anchor()], requirements());
    (0..times).all(|_| {
        verify(
            &RingVerifier,
            &anchors,
            black_box(&presented),
            NOW,
            &requirements,
        )
        .is_ok()
    })
}

/// A leaf under a kept issuer, with ring.
fn leaf(times: u32) -> bool {
    let trio = Trio::new();
    let (presented, requirements) = (trio.presented(), requirements());
    let issuer = trio.check().expect("a sound chain").into_issuer();
    let at: UnixMillis = NOW;
    (0..times).all(|_| {
        issuer
            .verify_leaf(&RingVerifier, black_box(&presented[0]), at, &requirements)
            .is_ok()
    })
}

/// The same chain by rustls-webpki.
fn webpki(times: u32) -> bool {
    let trio = Trio::new();
    let presented: Vec<CertificateDer<'_>> = trio
        .presented()
        .into_iter()
        .map(CertificateDer::from)
        .collect();
    let root = CertificateDer::from(trio.l1.anchor().der().to_vec());
    let anchors = [anchor_from_trusted_cert(&root).expect("a sound anchor")];
    let time = UnixTime::since_unix_epoch(Duration::from_millis(NOW.0 as u64));
    (0..times).all(|_| {
        EndEntityCert::try_from(black_box(&presented[0])).is_ok_and(|leaf| {
            leaf.verify_for_usage(
                &[ECDSA_P256_SHA256],
                &anchors,
                &presented[1..],
                time,
                KeyUsage::client_auth(),
                None,
                None,
            )
            .is_ok()
        })
    })
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, times] = arguments.as_slice() else {
        return usage();
    };
    let (work, times): (fn(u32) -> bool, _) = match (work.as_str(), times.parse()) {
        ("pac", Ok(times)) => (pac, times),
        ("steps", Ok(times)) => (steps, times),
        ("address", Ok(times)) => (address, times),
        ("chain", Ok(times)) => (chain, times),
        ("leaf", Ok(times)) => (leaf, times),
        ("webpki", Ok(times)) => (webpki, times),
        _ => return usage(),
    };
    if work(times) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: instructions pac|steps|address|chain|leaf|webpki TIMES");
    ExitCode::from(2)
}
