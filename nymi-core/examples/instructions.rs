//! Fixed work for counting instructions: `instructions WORK TIMES`. See `tests/instructions/run`.
#![allow(clippy::disallowed_methods, reason = "a program has arguments")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use nymi_core::chain::verify;
use nymi_core::presence::{AdvKey, Flags, Frame, PacKey, TSet};
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
    eprintln!("usage: instructions pac|chain|leaf|webpki TIMES");
    ExitCode::from(2)
}
