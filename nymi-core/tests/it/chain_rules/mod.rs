//! A chain that is right, and what is said of one that is not.

mod errors;
mod grades;
mod reading;

use nymi_core::UnixMillis;
use nymi_core::chain::{Fault, Grade, Role};

use crate::chain_writer::*;

#[test]
fn the_platform_chain_is_verified() {
    let trio = Trio::new();
    let chain = trio.check().unwrap();
    assert_eq!(chain.leaf().subject_cn(), Some("kiosk"));
    assert_eq!(chain.issuer().subject_cn(), Some("Acme NES L2 CA"));
    assert_eq!(chain.anchor().subject_cn(), Some("Acme NES L1 CA"));
    assert_eq!(chain.grade(), Some(Grade::Bronze));
    assert_eq!(chain.path().len(), 3);
    assert_eq!(Some(chain.public_key()), chain.leaf().public_key());
    assert_eq!(chain.leaf().serial_hex(), "11");
    assert_eq!(
        chain.leaf().not_before().to_string(),
        "2026-01-01T00:00:00.000Z"
    );
    assert!(chain.leaf().has_role(Role::Nea) && !chain.leaf().has_role(Role::Nba));
    assert_eq!(chain.leaf().spki_der(), trio.leaf.spki);
    assert_eq!(trio.l1.anchor().fingerprint(), chain.anchor().fingerprint());
}

#[test]
fn the_last_second_counts_to_its_end() {
    let trio = Trio::new();
    let end: UnixMillis = "2027-01-01T00:00:00Z".parse().unwrap();
    let anchors = [trio.l1.anchor()];
    let at = |ms| check(&anchors, &trio.presented(), UnixMillis(ms), &requirements());
    assert!(at(end.0 + 999).is_ok());
    assert_eq!(fault(at(end.0 + 1000)), Some((29, Some(2))));
}

#[test]
fn signatures_and_what_they_cover() {
    let trio = Trio::new();
    let other = key(77);
    let anchors = [trio.l1.anchor()];
    let verify = |presented: &[Vec<u8>]| fault(check(&anchors, presented, NOW, &requirements()));
    let (leaf, l2) = (trio.leaf.signed_by(&trio.l2), trio.l2.signed_by(&trio.l1));
    assert_eq!(
        verify(&[trio.leaf.sign(&other), l2.clone()]),
        Some((106, Some(0)))
    );
    assert_eq!(
        verify(&[leaf.clone(), trio.l2.sign(&other)]),
        Some((106, Some(1)))
    );
    // Another enterprise with the same names.
    let mut foreign = Trio::new();
    foreign.l1 = Cert::root("Acme NES L1 CA", 9);
    assert_eq!(verify(&foreign.presented()), Some((106, Some(1))));
    // L2 is missing; the order is wrong; L1 is presented as the leaf.
    assert_eq!(verify(std::slice::from_ref(&leaf)), Some((105, Some(0))));
    assert_eq!(verify(&[l2.clone(), leaf]), Some((116, Some(0))));
    assert_eq!(
        verify(&[trio.l1.signed_by(&trio.l1), l2]),
        Some((129, Some(0)))
    );
    // A leaf that signed itself.
    let alone = Cert::end("kiosk", 3, &cn("kiosk"));
    assert_eq!(verify(&[alone.signed_by(&alone)]), Some((105, Some(0))));
}

#[test]
fn nothing_presented_nothing_pinned_too_much_presented() {
    let trio = Trio::new();
    let anchors = [trio.l1.anchor()];
    assert_eq!(
        fault(check(&anchors, &[], NOW, &requirements())),
        Some((5, None))
    );
    assert_eq!(
        fault(check(&[], &trio.presented(), NOW, &requirements())),
        Some((131, None))
    );
    let many = vec![vec![0x30, 0]; 129];
    assert_eq!(
        fault(check(&anchors, &many, NOW, &requirements())),
        Some((103, None))
    );
}

#[test]
fn what_is_presented_has_512_kib_at_most() {
    let trio = Trio::new();
    let mut presented = trio.presented();
    let honest: usize = presented.iter().map(Vec::len).sum();
    presented.extend([60_000; 8].map(|size| vec![0; size]));
    presented.push(vec![0; 512 * 1024 - honest - 8 * 60_000]);
    let found = |presented: &[Vec<u8>]| {
        let anchors = [trio.l1.anchor()];
        fault(check(&anchors, presented, NOW, &requirements()))
    };
    assert_eq!(found(&presented), None);
    presented.push(vec![0]);
    let error = check(&[trio.l1.anchor()], &presented, NOW, &requirements()).unwrap_err();
    let (found, limit) = (512 * 1024 + 1, 512 * 1024);
    assert_eq!(error.index(), None);
    assert_eq!(*error.fault(), Fault::TooLarge { found, limit });
}
