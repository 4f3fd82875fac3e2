//! A token of any text: none that the seeds' L1 did not vouch for verifies.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nymi_core::assertion::{self, Check, Expectations, VerifiedAssertion};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_crypto_ring::RingVerifier;

const L1: &[u8] = include_bytes!("../seeds/certificate/l1.der");
const GENUINE: &str = include_str!("../seeds/assertion/token");

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::from_der(L1).expect("the seed is an L1"));

fn verified(token: &str) -> Option<VerifiedAssertion> {
    let anchors = std::slice::from_ref(&*ANCHOR);
    let expect = Expectations::new(Check::Signature).with_grade(GradeRequirement::Any);
    assertion::verify(&RingVerifier, anchors, token, &expect).ok()
}

/// What the signature is over.
fn signed(token: &str) -> Option<&str> {
    token.rsplit_once('.').map(|(signed, _)| signed)
}

fuzz_target!(
    init: {
        assert!(verified(GENUINE).is_some(), "the seed verifies, else this target reaches little");
    },
    |token: &str| {
        if let Some(assertion) = verified(token) {
            assert_eq!(signed(token), signed(GENUINE));
            assert!(assertion.claims().check().is_ok());
        }
    }
);
