//! A chain of any certificates below a real L1: only certificates that it vouches for get through.
//!
//! The input is the presented chain, each certificate after its length in two bytes. It is verified
//! by real signatures, and with every signature taken for good, so that changed certificates reach
//! the rules behind them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use nymi_core::UnixMillis;
use nymi_core::chain::{
    self, GradeRequirement, Profile, Requirements, Role, TrustAnchor, VerifiedChain,
};
use nymi_core::crypto::SignatureVerifier;
use nymi_crypto_ring::RingVerifier;
use nymi_fuzz::der;
use nymi_fuzz::toy::AcceptAll;

const L1: &[u8] = include_bytes!("../seeds/certificate/l1.der");
const L2: &[u8] = include_bytes!("../seeds/certificate/l2.der");
const GENUINE: &[u8] = include_bytes!("../seeds/chain/nea");
/// 2027-06-01, inside the seeds' validity.
const NOW: UnixMillis = UnixMillis(1_811_808_000_000);

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::from_der(L1).expect("the seed is an L1"));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    der::mutate_one_of(data, size, max_size, seed)
});

fn verified(
    provider: &dyn SignatureVerifier,
    bytes: &[u8],
    requirements: &Requirements<'_>,
) -> Option<VerifiedChain> {
    let presented: Vec<&[u8]> = der::parts(bytes).collect();
    let anchors = std::slice::from_ref(&*ANCHOR);
    chain::verify(provider, anchors, &presented, NOW, requirements).ok()
}

const ANY: Requirements<'static> = Requirements::new(GradeRequirement::Any);

fuzz_target!(
    init: {
        let genuine = verified(&RingVerifier, GENUINE, &ANY);
        assert!(genuine.is_some(), "the seed verifies, else this target reaches little");
    },
    |bytes: &[u8]| {
        if let Some(chain) = verified(&RingVerifier, bytes, &ANY) {
            // Nobody but L1's key makes another L2, and the fuzzer does not have it.
            assert_eq!(chain.issuer().der(), L2);
            assert!(verified(&AcceptAll, bytes, &ANY).is_some(), "forging helps nobody less");
        }
        let strict = ANY.with_role(Role::Nea).with_profile(Profile::Conforming);
        if let Some(chain) = verified(&AcceptAll, bytes, &strict) {
            assert!(chain.leaf().has_role(Role::Nea) && !chain.leaf().is_ca());
            assert!(chain.path().iter().rev().skip(1).all(|above| above.is_ca()));
            assert!(chain.path().iter().skip(1).all(|part| part.is_valid_at(NOW)));
            assert_eq!(chain.anchor().der(), L1);
            assert!(verified(&AcceptAll, bytes, &ANY).is_some(), "fewer demands refuse nothing more");
        }
        let deep = ANY.with_max_depth(8).with_ca_leaf(true);
        let _ = verified(&AcceptAll, bytes, &deep);
    }
);
