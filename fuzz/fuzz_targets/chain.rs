//! A chain of any certificates below a real L1: only certificates that it vouches for get through.
//!
//! The input is the presented chain, each certificate after its length in two bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nymi_core::UnixMillis;
use nymi_core::chain::{self, GradeRequirement, Requirements, TrustAnchor, VerifiedChain};
use nymi_crypto_ring::RingVerifier;

const L1: &[u8] = include_bytes!("../seeds/certificate/l1.der");
const L2: &[u8] = include_bytes!("../seeds/certificate/l2.der");
const GENUINE: &[u8] = include_bytes!("../seeds/chain/nea");
/// 2026-11-22, inside the seeds' validity.
const NOW: UnixMillis = UnixMillis(1_795_305_600_000);

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::from_der(L1).expect("the seed is an L1"));

fn verified(bytes: &[u8]) -> Option<VerifiedChain> {
    let mut presented = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (certificate, after) = after.split_at(length);
        presented.push(certificate);
        rest = after;
    }
    let anchors = std::slice::from_ref(&*ANCHOR);
    let requirements = Requirements::new(GradeRequirement::Any);
    chain::verify(&RingVerifier, anchors, &presented, NOW, &requirements).ok()
}

fuzz_target!(
    init: {
        assert!(verified(GENUINE).is_some(), "the seed verifies, else this target reaches little");
    },
    |bytes: &[u8]| {
        if let Some(chain) = verified(bytes) {
            // Nobody but L1's key makes another L2, and the fuzzer does not have it.
            assert_eq!(chain.issuer().der(), L2);
        }
    }
);
