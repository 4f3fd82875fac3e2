//! Whatever is presented: no panic, and nothing is accepted that was not signed.

use std::sync::LazyLock;

use nymi_core::chain::{Certificate, Crl, Csr, GradeRequirement, Profile, Requirements, verify};
use nymi_core::crypto::RustCrypto;
use nymi_crypto_ring::RingVerifier;
use proptest::prelude::*;

use crate::chain_revocation::List;
use crate::chain_writer::*;

static CHAIN: LazyLock<(Trio, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let mut trio = Trio::new();
    let constraints = tlv(0xa1, &seq(&[&tlv(0x82, b"evil.example")]));
    trio.l2.set(NAME_CONSTRAINTS, true, &seq(&[&constraints]));
    let names = seq(&[
        &tlv(0x82, b"kiosk.example"),
        &tlv(0x86, b"https://kiosk.example/"),
    ]);
    trio.leaf.set(SUBJECT_ALT_NAME, false, &names);
    let presented = trio.presented();
    (trio, presented)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Every octet of a chain is covered by a signature, or is one.
    #[test]
    fn a_changed_octet_is_noticed(which in 0usize..2, place in any::<prop::sample::Index>(), change in 1u8..) {
        let (trio, presented) = &*CHAIN;
        let mut presented = presented.clone();
        let place = place.index(presented[which].len());
        presented[which][place] ^= change;
        let result = check(&[trio.l1.anchor()], &presented, NOW, &requirements());
        prop_assert!(result.is_err());
    }

    #[test]
    fn a_shortened_or_lengthened_certificate_is_noticed(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..9)) {
        let (trio, presented) = &*CHAIN;
        let short = presented[0][..cut.index(presented[0].len())].to_vec();
        let long = [presented[0].as_slice(), &more].concat();
        for leaf in [short, long] {
            let presented = [leaf, presented[1].clone()];
            prop_assert!(check(&[trio.l1.anchor()], &presented, NOW, &requirements()).is_err());
        }
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::from_der(&octets);
        let _ = Crl::from_der(&octets);
        let _ = Csr::from_der(&RustCrypto, &octets);
        let anchors = [CHAIN.0.l1.anchor()];
        let presented = [octets.as_slice(), &CHAIN.1[1]];
        prop_assert!(verify(&RingVerifier, &anchors, &presented, NOW, &requirements()).is_err());
    }

    /// Changed and signed again: whatever is read is judged, and never by a panic.
    #[test]
    fn any_extension_is_judged(number in 14u8..60, critical: bool, value in prop::collection::vec(any::<u8>(), 0..40), shape in 0u8..4) {
        let value = match shape {
            0 => value,
            1 => tlv(0x30, &value),
            2 => seq(&[&tlv(0x30, &value)]),
            _ => seq(&[&tlv(0xa0, &seq(&[&tlv(0x82, &value)]))]),
        };
        let mut trio = CHAIN.0.clone();
        trio.leaf.set(number, critical, &value);
        let conforming = Requirements::new(GradeRequirement::Any).with_profile(Profile::Conforming);
        let _ = trio.check_with(&conforming);
        trio.l2.set(number, critical, &value);
        let _ = trio.check_with(&conforming);
    }

    #[test]
    fn a_list_with_a_changed_octet_is_not_used(place in any::<prop::sample::Index>(), change in 1u8..) {
        let trio = &CHAIN.0;
        let mut der = List::new(&trio.l2).revoke(&[0x55], 1).crl(&trio.l2).der().to_vec();
        let place = place.index(der.len());
        der[place] ^= change;
        if let Ok(crl) = Crl::from_der(&der) {
            let crls = [crl];
            let requirements = requirements().with_crls(&crls);
            let result = trio.check_with(&requirements.with_revocation(nymi_core::chain::Revocation::Required));
            prop_assert!(result.is_err());
        }
    }
}
