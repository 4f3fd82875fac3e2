//! Input that is made to cost much: what the holder of any leaf's key can sign below its leaf, where every
//! name and signature fits and no path is ever right. Each of these took seconds to minutes while names
//! were read again for each path, each distribution point and each list.

use nymi_core::chain::{Purpose, Requirements, oid, verify};

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

#[test]
fn nobody_is_asked_whether_a_path_that_is_none_was_revoked() {
    let trio = Trio::new();
    let list = [List::new(&trio.l2).crl(&trio.l2)];
    let listed = requirements().with_crls(&list);
    let signatures = |presented: &[Vec<u8>]| {
        let provider = Counting::default();
        let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
        let _ = verify(&provider, &[trio.l1.anchor()], &presented, NOW, &listed);
        provider.taken()
    };
    assert_eq!(signatures(&trio.presented()), 2 + 1, "and the list's");
    let below = Cert::end("victim", 31, &trio.leaf.subject);
    let mut presented = vec![below.signed_by(&trio.leaf)];
    presented.extend(trio.presented());
    assert_eq!(signatures(&presented), 3);
}

/// 1,900 points times 60 names of a list are more comparisons than anybody needs, as are 600 points of ten
/// names each times 20.
#[test]
fn points_times_names_of_a_list_are_bounded() {
    let mut trio = Trio::new();
    let uris = |count: u32| -> Vec<u8> {
        (0..count)
            .flat_map(|number| tlv(0x86, format!("a:{number}").as_bytes()))
            .collect()
    };
    let point = |names: &[u8]| tlv(0xa0, &tlv(0xa0, names));
    let mut found = |points: u32, of_each: u32, names: u32| {
        let points: Vec<u8> = (0..points)
            .flat_map(|_| seq(&[&point(&uris(of_each))]))
            .collect();
        trio.leaf
            .set(CRL_DISTRIBUTION_POINTS, false, &tlv(0x30, &points));
        let list = [List::new(&trio.l2)
            .point(&point(&uris(names)))
            .crl(&trio.l2)];
        let listed = requirements().with_crls(&list);
        fault(trio.check_with(&listed)).map(|(number, _)| number)
    };
    assert_eq!(found(1900, 1, 10), None);
    assert_eq!(found(1900, 1, 60), Some(104));
    assert_eq!(found(600, 10, 10), None);
    assert_eq!(found(600, 10, 20), Some(104));
}

/// What honest certificates of unusual size cost is far from the budget.
#[test]
fn long_names_and_many_points_in_a_sound_chain_pass() {
    let mut trio = Trio::new();
    let long = "Acme Pharmaceuticals Manufacturing Enterprise Server L2 CA, Plant 7";
    trio.l2 = Cert::ca(long, 2, &trio.l1.subject, Some(0)).with(
        POLICIES,
        false,
        &policies(&[oid::GRADE_BRONZE.content()]),
    );
    trio.leaf.issuer = trio.l2.subject.clone();
    let point = |place: &str| tlv(0xa0, &tlv(0xa0, &tlv(0x86, place.as_bytes())));
    let points: Vec<u8> = (0..600)
        .flat_map(|number| {
            let place = format!("http://crl.acme.example/plants/7/enterprise/{number}/list.crl");
            seq(&[&point(&place)])
        })
        .collect();
    trio.leaf
        .set(CRL_DISTRIBUTION_POINTS, false, &tlv(0x30, &points));
    let far = format!("http://crl.acme.example/{}", "a".repeat(60_000));
    let lists = [
        List::new(&trio.l2).crl(&trio.l2),
        List::new(&trio.l2).point(&point(&far)).crl(&trio.l2),
    ];
    let listed = requirements().with_crls(&lists);
    assert_eq!(refused(&trio, &trio.presented(), &listed), None);

    let mut named = Trio::new();
    let excluded = seq(&[&tlv(0xa1, &seq(&[&tlv(0x82, b"evil.example")]))]);
    named.l2.set(NAME_CONSTRAINTS, true, &excluded);
    named.leaf.subject = dn(&[
        (10, "Acme Pharmaceuticals Manufacturing"),
        (3, "kiosk at the line of plant 7"),
    ]);
    let names: Vec<u8> = (0..2_000)
        .flat_map(|number| tlv(0x82, format!("kiosk-{number}.acme.example").as_bytes()))
        .collect();
    named.leaf.set(SUBJECT_ALT_NAME, false, &tlv(0x30, &names));
    assert_eq!(refused(&named, &named.presented(), &requirements()), None);
}

/// A CA that may have any policy maps thousands of them: each is looked up among what was there before.
#[test]
fn thousands_of_mappings_of_any_policy() {
    let any = policies(&[&[0x55, 0x1d, 0x20, 0]]);
    let mappings: Vec<u8> = (0..5_000u16)
        .flat_map(|number| {
            let [high, low] = [(number >> 7) as u8 | 0x80, number as u8 & 0x7f];
            seq(&[&id(&[0x2a, 0x81, high, low]), &id(&[0x2a, 3])])
        })
        .collect();
    let mut trio = Trio::new();
    let ca = Cert::ca("mapper", 20, &trio.l1.subject, None)
        .with(POLICIES, false, &any)
        .with(POLICY_MAPPINGS, false, &tlv(0x30, &mappings));
    trio.leaf.issuer.clone_from(&ca.subject);
    let mut presented = vec![trio.leaf.sign(&ca.key)];
    for serial in 1..8 {
        let ca = Cert {
            serial: vec![serial],
            ..ca.clone()
        };
        presented.push(ca.signed_by(&trio.l1));
    }
    assert_eq!(refused(&trio, &presented, &requirements()), Some(14));
}

/// Each path compares the purposes of all its certificates.
#[test]
fn very_many_key_purposes_are_refused() {
    let with = |count: usize| {
        let mut trio = Trio::new();
        let client = id(oid::CLIENT_AUTH.content());
        trio.l2
            .set(KEY_PURPOSES, false, &tlv(0x30, &client.repeat(count)));
        let purpose = Purpose::KeyPurpose(oid::CLIENT_AUTH);
        let requirements = any_path().with_purpose(purpose);
        let presented = trio.presented();
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements)).map(|(number, _)| number)
    };
    assert_eq!(with(100), None);
    assert_eq!(with(101), Some(101));
}
