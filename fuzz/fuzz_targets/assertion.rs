//! A token of any text: none that the seeds' L1 did not vouch for verifies.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nymi_core::assertion::{self, Check, Expectations};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_crypto_ring::RingVerifier;

const L1: &[u8] = include_bytes!("../seeds/certificate/l1.der");
const TOKEN: &str = include_str!("../seeds/assertion/token");

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::from_der(L1).expect("the seed is an L1"));

fuzz_target!(|token: &str| {
    let anchors = std::slice::from_ref(&*ANCHOR);
    let expect = Expectations::new(Check::Signature).with_grade(GradeRequirement::Any);
    if let Ok(verified) = assertion::verify(&RingVerifier, anchors, token, &expect) {
        let signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
        assert_eq!(signed(token), signed(TOKEN.trim_end()));
        assert!(verified.claims().check().is_ok());
    }
});
