//! Finding a path among certificates in any order, and giving up in time.

use std::sync::Mutex;

use nymi_core::chain::{MAX_DEPTH, Purpose, Requirements, TrustAnchor, oid};
use nymi_core::crypto::{
    BadSignature, PrivateKey, PublicKey, RustCrypto, SecretKey, SignatureVerifier,
};

use crate::chain_writer::*;

fn verify(
    root: &Cert,
    presented: &[Vec<u8>],
    requirements: &Requirements<'_>,
) -> Option<(u32, Option<usize>)> {
    fault(check(&[root.anchor()], presented, NOW, requirements))
}

/// `count` CAs below a root, each issued by the one before, and a leaf.
fn ladder(count: u8) -> (Cert, Vec<Vec<u8>>) {
    let root = Cert::root("Root", 1);
    let mut issuer = root.clone();
    let mut presented = vec![];
    for step in 0..count {
        let ca = Cert::ca(&format!("CA {step}"), 10 + step, &issuer.subject, None);
        presented.insert(0, ca.signed_by(&issuer));
        issuer = ca;
    }
    let leaf = Cert::end("leaf", 2, &issuer.subject);
    presented.insert(0, leaf.signed_by(&issuer));
    (root, presented)
}

#[test]
fn the_order_of_intermediates_does_not_matter() {
    let (root, mut presented) = ladder(4);
    assert_eq!(verify(&root, &presented, &any_path()), None);
    presented[1..].reverse();
    assert_eq!(verify(&root, &presented, &any_path()), None);
    presented.swap(2, 3);
    presented.push(presented[1].clone());
    presented.push(root.signed_by(&root));
    presented.push(vec![0x30, 0x03, 1, 2, 3]);
    presented.push(Cert::root("Stranger", 9).signed_by(&Cert::root("Stranger", 9)));
    assert_eq!(verify(&root, &presented, &any_path()), None);
}

#[test]
fn the_depth_is_limited() {
    for depth in 0..=MAX_DEPTH {
        let (root, presented) = ladder(depth);
        assert_eq!(
            verify(&root, &presented, &any_path().with_max_depth(depth)),
            None
        );
        let shallower = depth
            .checked_sub(1)
            .map(|depth| any_path().with_max_depth(depth));
        if let Some(shallower) = shallower {
            assert_eq!(verify(&root, &presented, &shallower), Some((112, None)));
        }
    }
    let (root, presented) = ladder(MAX_DEPTH + 1);
    assert_eq!(
        verify(&root, &presented, &any_path().with_max_depth(255)),
        Some((112, None))
    );
    // The search itself goes no further than fourteen intermediates.
    let (root, presented) = ladder(40);
    let error = check(&[root.anchor()], &presented, NOW, &any_path()).unwrap_err();
    assert_eq!(error.number(), 112);
    assert!(error.to_string().contains("14 intermediates"), "{error}");
}

#[test]
fn at_most_128_certificates_are_presented() {
    let (root, mut presented) = ladder(1);
    presented.resize(128, presented[1].clone());
    assert_eq!(verify(&root, &presented, &any_path()), None);
    presented.push(presented[1].clone());
    assert_eq!(verify(&root, &presented, &any_path()), Some((103, None)));
}

/// The keys by which signatures were verified, in order.
#[derive(Default)]
struct Recording(Mutex<Vec<PublicKey>>);

impl SignatureVerifier for Recording {
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.0.lock().unwrap().push(*key);
        RustCrypto.verify_der(key, message, signature)
    }

    fn verify_fixed(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Err(BadSignature)
    }
}

/// The keys that are tried, whether a path is found or not.
fn tried(
    anchors: &[TrustAnchor],
    presented: &[Vec<u8>],
    requirements: &Requirements<'_>,
) -> Vec<PublicKey> {
    let recording = Recording::default();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let _ = nymi_core::chain::verify(&recording, anchors, &presented, NOW, requirements);
    recording.0.into_inner().unwrap()
}

/// Anchors before intermediates, then sound certificates before others, then those with the key
/// identifier that the child names.
#[test]
fn the_most_promising_issuer_is_tried_first() {
    let root = Cert::root("Root", 1);
    let mut leaf = Cert::end("leaf", 2, &cn("CA"));
    leaf.set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[7])]));
    let ca = |number: u8, sound: bool, named: bool| {
        let mut ca = Cert::ca("CA", number, &root.subject, None);
        ca.set(SUBJECT_KEY_ID, false, &octets(&[if named { 7 } else { 8 }]));
        if !sound {
            ca.not_after = utc("260513082959Z");
        }
        ca
    };
    // Each is worse than the one before: whether an anchor, sound, and with the key named.
    let ranks = [
        (true, true, true),
        (true, true, false),
        (true, false, true),
        (true, false, false),
        (false, true, true),
        (false, true, false),
        (false, false, true),
        (false, false, false),
    ];
    for (place, better) in ranks.iter().enumerate() {
        for worse in &ranks[place + 1..] {
            let (mut anchors, mut presented) = (vec![root.anchor()], vec![leaf.sign(&key(99))]);
            for (number, (is_anchor, sound, named)) in [(3, *worse), (4, *better)] {
                let ca = ca(number, sound, named);
                if is_anchor {
                    anchors.push(TrustAnchor::from_der(&ca.signed_by(&root)).unwrap());
                } else {
                    presented.push(ca.signed_by(&root));
                }
            }
            let tried = tried(&anchors, &presented, &any_path());
            let expected: [SecretKey; 2] = [key(4), key(3)];
            assert_eq!(
                tried,
                expected.map(|key| key.public_key()),
                "{better:?} before {worse:?}"
            );
        }
    }
}

#[test]
fn what_is_presented_twice_is_tried_once() {
    let root = Cert::root("Root", 1);
    let ca = Cert::ca("CA", 2, &root.subject, None);
    let leaf = Cert::end("leaf", 3, &ca.subject);
    let mut presented = vec![leaf.signed_by(&ca)];
    for _ in 0..2 {
        presented.extend([ca.signed_by(&root), root.signed_by(&root)]);
    }
    // No path does, so all are gone through.
    let server = any_path().with_max_depth(0);
    let expected = [key(2), key(1)].map(|key| key.public_key());
    assert_eq!(tried(&[root.anchor()], &presented, &server), expected);
}

/// One key under two names is two entities, and a path may go through both.
#[test]
fn one_key_under_two_names() {
    let root = Cert::root("Root", 1);
    let upper = Cert::ca("\u{c4}", 2, &root.subject, None);
    let lower = Cert::ca("\u{d6}", 2, &upper.subject, None);
    let leaf = Cert::end("leaf", 3, &lower.subject);
    let presented = [
        leaf.signed_by(&lower),
        lower.signed_by(&upper),
        upper.signed_by(&root),
    ];
    assert_eq!(verify(&root, &presented, &any_path()), None);
}

#[test]
fn path_lengths_count_what_is_not_self_issued() {
    let root = Cert::root("Root", 1);
    let upper = Cert::ca("CA", 2, &root.subject, Some(0));
    let rollover = Cert::ca("CA", 3, &upper.subject, Some(0));
    let lower = Cert::ca("Lower", 4, &upper.subject, None);
    let leaf = Cert::end("leaf", 5, &upper.subject);
    let presented = [
        leaf.signed_by(&rollover),
        rollover.signed_by(&upper),
        upper.signed_by(&root),
    ];
    assert_eq!(
        verify(&root, &presented, &any_path().with_max_depth(1)),
        None
    );
    let leaf = Cert::end("leaf", 5, &lower.subject);
    let presented = [
        leaf.signed_by(&lower),
        lower.signed_by(&upper),
        upper.signed_by(&root),
    ];
    assert_eq!(verify(&root, &presented, &any_path()), Some((111, Some(2))));
    // The leaf does not count, CA or not.
    let presented = [lower.signed_by(&upper), upper.signed_by(&root)];
    assert_eq!(
        verify(&root, &presented, &any_path().with_ca_leaf(true)),
        None
    );
    assert_eq!(verify(&root, &presented, &any_path()), Some((116, Some(0))));
}

#[test]
fn a_lower_limit_does_not_rise_again() {
    let root = Cert::root("Root", 1);
    let one = Cert::ca("One", 2, &root.subject, Some(1));
    let nine = Cert::ca("Nine", 3, &one.subject, Some(9));
    let last = Cert::ca("Last", 4, &nine.subject, None);
    let leaf = Cert::end("leaf", 5, &last.subject);
    let presented = [
        leaf.signed_by(&last),
        last.signed_by(&nine),
        nine.signed_by(&one),
        one.signed_by(&root),
    ];
    assert_eq!(verify(&root, &presented, &any_path()), Some((111, Some(3))));
}

/// Several certificates for one CA: the search goes on after one that does not do.
#[test]
fn other_ways_are_tried() {
    let root = Cert::root("Root", 1);
    let gone = Cert::root("Gone", 6);
    let good = Cert::ca("CA", 2, &root.subject, None);
    let leaf = Cert::end("leaf", 3, &good.subject);
    let mut expired = good.clone();
    expired.not_after = utc("260513082959Z");
    let elsewhere = Cert::ca("CA", 2, &gone.subject, None);
    let other_key = Cert::ca("CA", 7, &root.subject, None);
    let mut constrained = good.clone();
    let subtree = seq(&[&tlv(0xa4, &cn("nobody"))]);
    constrained.set(NAME_CONSTRAINTS, true, &seq(&[&tlv(0xa0, &subtree)]));
    let mut unknown = good.clone();
    unknown.set(99, true, &[]);
    let bad = [
        expired.signed_by(&root),
        elsewhere.signed_by(&gone),
        other_key.signed_by(&root),
        constrained.signed_by(&root),
        unknown.signed_by(&root),
    ];
    let leaf = leaf.signed_by(&good);
    let presented = [
        vec![leaf.clone()],
        bad.to_vec(),
        vec![good.signed_by(&root)],
    ]
    .concat();
    assert_eq!(verify(&root, &presented, &any_path()), None);
    // Without the good one, the fault of a complete path is reported.
    let presented = [vec![leaf.clone()], bad.to_vec()].concat();
    assert_eq!(verify(&root, &presented, &any_path()), Some((29, Some(1))));
    let presented = [leaf.clone(), bad[3].clone()];
    assert_eq!(verify(&root, &presented, &any_path()), Some((121, Some(0))));
    let presented = [leaf, bad[4].clone()];
    assert_eq!(verify(&root, &presented, &any_path()), Some((117, Some(1))));
}

#[test]
fn several_anchors() {
    let (one, other) = (Cert::root("Root", 1), Cert::root("Root", 2));
    let leaf = Cert::end("leaf", 3, &other.subject);
    let anchors = [one.anchor(), other.anchor()];
    let chain = check(&anchors, &[leaf.signed_by(&other)], NOW, &any_path()).unwrap();
    assert_eq!(chain.anchor().der(), other.anchor().der());
    assert_eq!(chain.issuer(), chain.anchor());
}

#[test]
fn key_purposes_of_rfc_5280() {
    let root = Cert::root("Root", 1);
    let server = any_path().with_purpose(Purpose::KeyPurpose(oid::SERVER_AUTH));
    let with = |purposes: Option<Vec<u8>>| {
        let mut leaf = Cert::end("leaf", 3, &root.subject);
        if let Some(purposes) = purposes {
            leaf.set(KEY_PURPOSES, false, &purposes);
        }
        verify(&root, &[leaf.signed_by(&root)], &server)
    };
    assert_eq!(with(None), None);
    assert_eq!(with(Some(ids(&[oid::CLIENT_AUTH, oid::SERVER_AUTH]))), None);
    assert_eq!(with(Some(ids(&[oid::CLIENT_AUTH]))), Some((115, Some(0))));
    // anyExtendedKeyUsage in a leaf is not the very purpose.
    assert_eq!(
        with(Some(seq(&[&id(&[0x55, 0x1d, 0x25, 0])]))),
        Some((115, Some(0)))
    );
}

#[test]
fn cycles_end() {
    let root = Cert::root("Root", 1);
    let (mut a, mut b) = (Cert::root("A", 2), Cert::root("B", 3));
    a.issuer = b.subject.clone();
    b.issuer = a.subject.clone();
    let leaf = Cert::end("leaf", 4, &a.subject);
    let presented = [leaf.signed_by(&a), a.signed_by(&b), b.signed_by(&a)];
    assert_eq!(verify(&root, &presented, &any_path()), Some((105, Some(2))));
}

/// CAs that all have one name, each with its own key: every one could be everyone's issuer.
#[test]
fn hostile_heaps_are_given_up() {
    let root = Cert::root("Root", 1);
    let heap: Vec<Cert> = (10..110)
        .map(|number| Cert::ca("CA", number, &cn("CA"), None))
        .collect();
    let mut presented = vec![Cert::end("leaf", 2, &cn("CA")).signed_by(&heap[99])];
    for (position, ca) in heap.iter().enumerate() {
        presented.push(ca.signed_by(&heap[position.saturating_sub(1)]));
    }
    let result = verify(&root, &presented, &any_path());
    assert!(matches!(result, Some((104..=106, _))), "{result:?}");
    // One key for all of them.
    let presented: Vec<Vec<u8>> = (0..100u8)
        .map(|number| {
            let mut ca = Cert::ca(
                &format!("CA {}", number % 10),
                9,
                &cn(&format!("CA {}", (number + 1) % 10)),
                None,
            );
            ca.serial = vec![1, number];
            ca.sign(&key(9))
        })
        .collect();
    let result = verify(&root, &presented, &any_path().with_ca_leaf(true));
    assert!(result.is_some(), "{result:?}");
}

/// Two certificates on each rung double the ways with each step up, few as the signatures are.
#[test]
fn ways_that_double_are_given_up() {
    let root = Cert::root("Root", 1);
    let rung =
        |number: u8, issuer: &[u8]| Cert::ca(&format!("CA {number}"), 10 + number, issuer, None);
    let good = rung(0, &root.subject).signed_by(&root);
    let leaf = Cert::end("leaf", 2, &cn("CA 0")).sign(&key(10));
    let with = |rungs: u8| {
        let mut presented = vec![leaf.clone()];
        for number in 0..rungs {
            for serial in [1, 2] {
                let mut ca = rung(number, &cn(&format!("CA {}", number + 1)));
                ca.serial = vec![serial];
                presented.push(ca.sign(&key(11 + number)));
            }
        }
        presented.push(good.clone());
        verify(&root, &presented, &any_path())
    };
    assert_eq!(with(4), None);
    assert_eq!(with(13).map(|(number, _)| number), Some(104));
}
