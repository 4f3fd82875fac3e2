//! A revocation list of any bytes, DER or PEM: what parses is kept as it was, and can be used with
//! the seeds' chain, also with every signature taken for good.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use nymi_core::UnixMillis;
use nymi_core::chain::{Crl, GradeRequirement, Requirements, Revocation, TrustAnchor, verify};
use nymi_crypto_ring::RingVerifier;
use nymi_fuzz::der;
use nymi_fuzz::toy::AcceptAll;

const GENUINE: &[u8] = include_bytes!("../seeds/chain/nea");
/// 2027-06-01, inside the seeds' validity.
const NOW: UnixMillis = UnixMillis(1_811_808_000_000);

static ANCHOR: LazyLock<TrustAnchor> = LazyLock::new(|| {
    TrustAnchor::from_der(include_bytes!("../seeds/certificate/l1.der")).expect("the seed is an L1")
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    der::mutate(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(crl) = Crl::from_der(bytes) {
        assert_eq!(crl.der(), bytes);
        // An entry has a serial number and a time.
        assert!(crl.len() <= bytes.len() / 15);
        let at = crl.this_update();
        let crls = [crl];
        let presented: Vec<&[u8]> = der::parts(GENUINE).collect();
        let anchors = std::slice::from_ref(&*ANCHOR);
        let demanded = Requirements::new(GradeRequirement::Any).with_crls(&crls);
        for at in [at, NOW] {
            let passes = |requirements: Requirements<'_>| {
                verify(&AcceptAll, anchors, &presented, at, &requirements).is_ok()
            };
            let required = passes(demanded.with_revocation(Revocation::Required));
            assert!(
                !required || passes(demanded),
                "demanding less refuses nothing more"
            );
        }
        let _ = verify(&RingVerifier, anchors, &presented, NOW, &demanded);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(lists) = Crl::from_pem(text)
    {
        assert!(!lists.is_empty());
    }
});
