//! Input that is made to cost much: what the holder of any leaf's key can sign below its leaf, where every
//! name and signature fits and no path is ever right. Each of these took seconds to minutes while names
//! were read again for each path, each distribution point and each list.

use nymi_core::chain::{Requirements, verify};

use crate::chain_kept::Counting;
use crate::chain_revocation::List;
use crate::chain_writer::*;

/// The most signatures that one verification costs.
const SIGNATURES: usize = 100;

/// A name of about so many octets.
fn big_name(octets: usize) -> Vec<u8> {
    let rdn = tlv(0x31, &seq(&[&id(&[0x55, 4, 3]), &tlv(0x0c, b"x")]));
    tlv(0x30, &rdn.repeat(octets / rdn.len()))
}

/// Layers of two "CAs" each, of one name and key, below the leaf of a sound chain; what is added to each of
/// them, and to the leaf below them.
fn lattice(trio: &Trio, layers: u8, of_each: &[Ext], of_leaf: &[Ext]) -> Vec<Vec<u8>> {
    let mut issuer = trio.leaf.clone();
    let mut others = vec![];
    for layer in 0..layers {
        let mut ca = Cert::ca(&format!("layer {layer}"), 20 + layer, &issuer.subject, None);
        ca.extensions.extend_from_slice(of_each);
        for serial in [0x10, 0x11] {
            ca.serial = vec![serial];
            others.push(ca.sign(&issuer.key));
        }
        issuer = ca;
    }
    let mut leaf = Cert::end("victim", 90, &issuer.subject);
    leaf.extensions.extend_from_slice(of_leaf);
    let mut presented = vec![leaf.sign(&issuer.key)];
    presented.extend(others);
    presented.extend(trio.presented());
    presented
}

/// The number of the error, if any. It is the one that helps, not that there was too much to do.
fn refused(trio: &Trio, presented: &[Vec<u8>], requirements: &Requirements<'_>) -> Option<u32> {
    let provider = Counting::default();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let found = verify(
        &provider,
        &[trio.l1.anchor()],
        &presented,
        NOW,
        requirements,
    );
    let taken = provider.taken();
    assert!(taken <= SIGNATURES, "{taken} signatures");
    let number = fault(found).map(|(number, _)| number);
    assert_ne!(number, Some(104), "too much work");
    number
}

#[test]
fn thousands_of_paths_below_a_leaf() {
    let trio = Trio::new();
    let presented = lattice(&trio, 12, &[], &[]);
    assert_eq!(refused(&trio, &presented, &requirements()), Some(14));
}

#[test]
fn thousands_of_paths_with_long_names() {
    let trio = Trio::new();
    let general = |name: &[u8]| seq(&[&tlv(0xa4, name)]);
    let excluded = |name: &[u8]| seq(&[&tlv(0xa1, &seq(&[&tlv(0xa4, name)]))]);
    let names = ext(SUBJECT_ALT_NAME, false, &general(&big_name(60_000)));
    let small = ext(NAME_CONSTRAINTS, true, &excluded(&cn("y")));
    let long = ext(NAME_CONSTRAINTS, true, &excluded(&big_name(14_000)));
    for (of_each, of_leaf) in [(small, vec![names]), (long, vec![])] {
        let presented = lattice(&trio, 12, &[of_each], &of_leaf);
        assert_eq!(refused(&trio, &presented, &requirements()), Some(14));
    }
}

/// The same by someone who has a CA: nothing but the budget ends it.
#[test]
fn many_paths_below_a_ca_with_long_names() {
    let mut trio = Trio::new();
    trio.l1 = Cert::root("Acme NES L1 CA", 1);
    let general = seq(&[&tlv(0xa4, &big_name(50_000))]);
    let excluded = seq(&[&tlv(0xa1, &seq(&[&tlv(0xa4, &big_name(14_000))]))]);
    let mut issuer = trio.l1.clone();
    let mut presented = vec![];
    for layer in 0..7u8 {
        let mut ca = Cert::ca(&format!("layer {layer}"), 20 + layer, &issuer.subject, None).with(
            NAME_CONSTRAINTS,
            true,
            &excluded,
        );
        for serial in [0x10, 0x11] {
            ca.serial = vec![serial];
            presented.push(ca.sign(&issuer.key));
        }
        issuer = ca;
    }
    // The last has no role, so that each path fails at its end.
    let leaf = Cert::end("victim", 90, &issuer.subject).with(SUBJECT_ALT_NAME, false, &general);
    presented.insert(0, leaf.sign(&issuer.key));
    let requirements = requirements().with_max_depth(8);
    assert_eq!(refused(&trio, &presented, &requirements), Some(14));
}

#[test]
fn thousands_of_distribution_points_beside_long_names() {
    let trio = Trio::new();
    let list = [List::new(&trio.l2).crl(&trio.l2)];
    let points: Vec<u8> = (0..1900)
        .flat_map(|number| {
            let place = format!("http://a/{number}");
            seq(&[&tlv(0xa0, &tlv(0xa0, &tlv(0x86, place.as_bytes())))])
        })
        .collect();
    let points = tlv(0x30, &points);
    let decoys: Vec<Vec<u8>> = (0..100)
        .map(|number| {
            let mut decoy = Cert::ca("x", 50, &cn("nobody"), None);
            decoy.serial = vec![0x01, number];
            decoy.subject = big_name(4_000);
            decoy.sign(&decoy.key)
        })
        .collect();
    let listed = requirements().with_crls(&list);

    let fake = Cert::ca("Acme NES L2 CA", 30, &trio.leaf.subject, None);
    let leaf = Cert::end("victim", 31, &fake.subject).with(CRL_DISTRIBUTION_POINTS, false, &points);
    let mut below = vec![leaf.signed_by(&fake), fake.signed_by(&trio.leaf)];
    below.extend(trio.presented());
    below.extend_from_slice(&decoys);
    assert_eq!(refused(&trio, &below, &listed), Some(14));

    // A leaf of L2's own may have as many: it is covered by L2's list, or revoked by it.
    let mut own = trio.clone();
    own.leaf.set(CRL_DISTRIBUTION_POINTS, false, &points);
    let mut presented = own.presented();
    presented.extend_from_slice(&decoys);
    assert_eq!(refused(&own, &presented, &listed), None);
    let revoked = [List::new(&own.l2).revoke(&own.leaf.serial, 1).crl(&own.l2)];
    assert_eq!(
        refused(&own, &presented, &requirements().with_crls(&revoked)),
        Some(124)
    );
}

#[test]
fn a_crowd_of_long_names_costs_a_bounded_number_of_comparisons() {
    let trio = Trio::new();
    let mut presented = trio.presented();
    for number in 0..110 {
        let mut decoy = Cert::ca("x", 50, &big_name(2_000), None);
        decoy.serial = vec![0x01, number];
        decoy.subject = big_name(2_000);
        presented.push(decoy.sign(&decoy.key));
    }
    assert_eq!(refused(&trio, &presented, &requirements()), None);
}
