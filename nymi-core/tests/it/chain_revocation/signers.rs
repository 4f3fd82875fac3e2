//! Who signs lists: issuers, separate keys, indirect lists.

use nymi_core::chain::{PolicyId, PolicyInputs, Profile, Revocation, TrustAnchor};
use nymi_core::crypto::RustCrypto;

use super::*;
use crate::chain_writer::*;

/// A list that another authority issues for L2, named in the leaf.
#[test]
fn indirect_lists() {
    let mut trio = Trio::new();
    let authority = Cert::ca("CRL authority", 50, &trio.l1.subject, None);
    let crl_issuer = tlv(0xa2, &tlv(0xa4, &authority.subject));
    trio.leaf.set(
        CRL_DISTRIBUTION_POINTS,
        false,
        &distribution_points(&[&[&crl_issuer]]),
    );
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    let indirect = List::new(&authority).point(&tlv(0x84, &[0xff]));
    let verify = |list: &List, with_authority: bool| {
        let crls = [l1.clone(), list.crl(&authority)];
        let mut presented = trio.presented();
        if with_authority {
            presented.push(authority.signed_by(&trio.l1));
        }
        let requirements = requirements()
            .with_crls(&crls)
            .with_revocation(Revocation::Required);
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements))
    };
    assert_eq!(verify(&indirect, true), None);
    assert_eq!(verify(&indirect, false), UNUSABLE, "who is the authority?");
    assert_eq!(
        verify(&List::new(&authority), true),
        UNKNOWN,
        "not declared indirect"
    );
    let ours = indirect.clone().revoke_of(&[0x11], &trio.l2.subject);
    assert_eq!(verify(&ours, true), REVOKED);
    let of_another = indirect.clone().revoke_of(&[0x11], &cn("Other CA"));
    assert_eq!(verify(&of_another, true), None);
    assert_eq!(
        verify(&indirect.clone().entry(&[0x11], &[]), true),
        None,
        "the authority's own"
    );
    // The issuer of an entry holds for those after it (5.3.3).
    let after = indirect
        .revoke_of(&[0x33], &trio.l2.subject)
        .entry(&[0x11], &[]);
    assert_eq!(verify(&after, true), REVOKED);
}

/// A signer of lists vouches for itself only where its own issuer says so.
#[test]
fn a_signer_that_is_on_its_own_list() {
    let trio = Trio::new();
    let mut signer = Cert::new(cn("CRL authority"), key(62), &trio.l2.subject);
    signer.extensions = vec![ext(KEY_USAGE, true, &tlv(3, &[1, 2]))];
    signer.serial = vec![0x62];
    let point = tlv(0xa2, &tlv(0xa4, &signer.subject));
    let points = distribution_points(&[&[&point]]);
    let l1 = List::new(&trio.l1);
    let list = List::new(&signer).point(&tlv(0x84, &[0xff]));
    let verify = |signer: &Cert, list: &List| {
        let leaf = trio
            .leaf
            .clone()
            .with(CRL_DISTRIBUTION_POINTS, false, &points);
        let crls = [l1.crl(&trio.l1), list.crl(signer)];
        let mut presented = vec![leaf.signed_by(&trio.l2)];
        presented.extend([signer.signed_by(&trio.l2), trio.l2.signed_by(&trio.l1)]);
        let requirements = requirements()
            .with_crls(&crls)
            .with_revocation(Revocation::Required);
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements))
    };
    assert_eq!(
        verify(&signer, &list),
        UNUSABLE,
        "nobody answers for the signer"
    );
    signer.set(CRL_DISTRIBUTION_POINTS, false, &points);
    assert_eq!(verify(&signer, &list), None);
    let itself = list.revoke_of(&[0x62], &trio.l2.subject);
    assert_eq!(verify(&signer, &itself), UNUSABLE, "it revokes itself");
}

#[test]
fn a_kept_issuer_knows_the_separate_key_for_lists() {
    let trio = Trio::new();
    let mut signer = Cert::new(trio.l2.subject.clone(), key(60), &trio.l1.subject);
    signer.extensions = vec![ext(KEY_USAGE, true, &tlv(3, &[1, 2]))];
    signer.serial = vec![0x60];
    let list = List::new(&trio.l2);
    let crls = [List::new(&trio.l1).crl(&trio.l1), list.crl(&signer)];
    let required = |crls| {
        requirements()
            .with_crls(crls)
            .with_revocation(Revocation::Required)
    };
    let mut presented = trio.presented();
    presented.push(signer.signed_by(&trio.l1));
    let chain = check(&[trio.l1.anchor()], &presented, NOW, &required(&crls)).unwrap();
    let issuer = chain.into_issuer();
    let again = |crls| fault(issuer.verify_leaf(&RustCrypto, &presented[0], NOW, &required(crls)));
    assert_eq!(again(&crls), None);
    let revoked = [crls[0].clone(), list.revoke(&[0x11], 1).crl(&signer)];
    assert_eq!(again(&revoked), REVOKED);
}

/// L2 signs its lists with a key of their own.
#[test]
fn a_separate_key_for_lists() {
    let trio = Trio::new();
    let mut signer = Cert::new(trio.l2.subject.clone(), key(60), &trio.l1.subject);
    signer.extensions = vec![ext(KEY_USAGE, true, &tlv(3, &[1, 2]))];
    signer.serial = vec![0x60];
    let list = List::new(&trio.l2);
    let l1 = List::new(&trio.l1);
    let verify = |list: &List, l1: &List, issuer: &Cert| {
        let crls = [l1.crl(&trio.l1), list.crl(&signer)];
        let mut presented = trio.presented();
        presented.push(signer.signed_by(issuer));
        let requirements = requirements()
            .with_crls(&crls)
            .with_revocation(Revocation::Required);
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements))
    };
    assert_eq!(verify(&list, &l1, &trio.l1), None);
    assert_eq!(
        verify(&list.clone().revoke(&[0x11], 1), &l1, &trio.l1),
        REVOKED
    );
    assert_eq!(
        verify(&list, &l1.clone().revoke(&[0x60], 1), &trio.l1),
        UNUSABLE,
        "revoked signer"
    );
    assert_eq!(
        verify(&list, &l1, &Cert::root("Acme NES L1 CA", 61)),
        UNUSABLE,
        "forged signer"
    );
}

/// Another anchor is not the one that the path leads to, even if that one signed it (6.3.3 (f)).
#[test]
fn an_anchor_outside_the_path_signs_no_lists_for_it() {
    let trio = Trio::new();
    let mut signer = Cert::new(trio.l2.subject.clone(), key(60), &trio.l1.subject);
    signer.extensions = vec![ext(KEY_USAGE, true, &tlv(3, &[1, 2]))];
    let signer_der = signer.signed_by(&trio.l1);
    let crls = [List::new(&trio.l2).crl(&signer)];
    let requirements = requirements().with_crls(&crls);
    let anchors = [
        trio.l1.anchor(),
        TrustAnchor::from_der(&signer_der).unwrap(),
    ];
    let found = check(&anchors, &trio.presented(), NOW, &requirements);
    assert_eq!(fault(found), UNUSABLE);
    let presented = [trio.presented(), vec![signer_der]].concat();
    let found = check(&anchors[..1], &presented, NOW, &requirements);
    assert_eq!(fault(found), None, "as an intermediate it does");
}

/// A chain of list signers, each on the next one's list.
#[test]
fn three_signers_of_lists_may_vouch_for_each_other() {
    let mut trio = Trio::new();
    let with = |trio: &mut Trio, count: u8| {
        let signers: Vec<Cert> = (0..count)
            .map(|number| {
                let name = cn(&format!("CRL authority {number}"));
                let mut signer = Cert::new(name, key(70 + number), &trio.l1.subject);
                signer.serial = vec![70 + number];
                signer.extensions = vec![ext(KEY_USAGE, true, &tlv(3, &[1, 2]))];
                signer
            })
            .collect();
        let mut crls = vec![];
        let mut presented = vec![];
        for (number, signer) in signers.iter().enumerate() {
            crls.push(List::new(signer).point(&tlv(0x84, &[0xff])).crl(signer));
            let mut signer = signer.clone();
            if let Some(next) = signers.get(number + 1) {
                signer.set(CRL_DISTRIBUTION_POINTS, false, &points_of(next));
            }
            presented.push(signer.signed_by(&trio.l1));
        }
        trio.leaf
            .set(CRL_DISTRIBUTION_POINTS, false, &points_of(&signers[0]));
        let presented = [trio.presented(), presented].concat();
        let requirements = requirements().with_crls(&crls);
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements))
    };
    for count in 1..=3 {
        assert_eq!(with(&mut trio, count), None, "{count}");
    }
    assert_eq!(with(&mut trio, 4), UNUSABLE);
}

/// One distribution point whose lists this signer issues.
fn points_of(signer: &Cert) -> Vec<u8> {
    distribution_points(&[&[&tlv(0xa2, &tlv(0xa4, &signer.subject))]])
}

/// What issuers are obliged to beyond what paths need is asked of the path alone.
#[test]
fn signers_of_lists_are_held_to_the_rules_of_paths() {
    let mut trio = Trio::new();
    let mut signer = Cert::new(cn("CRL authority"), key(50), &trio.l1.subject);
    signer.extensions = vec![
        ext(KEY_USAGE, true, &tlv(3, &[1, 2])),
        ext(SUBJECT_ALT_NAME, false, &seq(&[&tlv(0x81, b"nobody")])),
    ];
    trio.leaf
        .set(CRL_DISTRIBUTION_POINTS, false, &points_of(&signer));
    let crls = [List::new(&signer).point(&tlv(0x84, &[0xff])).crl(&signer)];
    let presented = [trio.presented(), vec![signer.signed_by(&trio.l1)]].concat();
    let conforming = requirements()
        .with_crls(&crls)
        .with_profile(Profile::Conforming);
    let anchors = [trio.l1.anchor()];
    assert_eq!(fault(check(&anchors, &presented, NOW, &conforming)), None);
    let itself = any_path().with_profile(Profile::Conforming);
    let found = check(&anchors, &presented[2..], NOW, &itself);
    assert!(found.is_err(), "in a path of its own it does not conform");
}

/// The policies that a caller accepts are for the chain, not for who signs its lists.
#[test]
fn signers_of_lists_need_no_policy() {
    let mut trio = Trio::new();
    let signer = Cert::ca("CRL authority", 50, &trio.l1.subject, None);
    trio.leaf
        .set(CRL_DISTRIBUTION_POINTS, false, &points_of(&signer));
    let acceptable: [PolicyId; 1] = ["1.2.1".parse().unwrap()];
    for certificate in [&mut trio.l2, &mut trio.leaf] {
        certificate.set(POLICIES, false, &policies(&[acceptable[0].content()]));
    }
    let crls = [List::new(&signer).point(&tlv(0x84, &[0xff])).crl(&signer)];
    let policies = PolicyInputs::new()
        .with_acceptable(&acceptable)
        .with_explicit(true);
    let demanded = any_path().with_crls(&crls).with_policies(policies);
    let presented = [trio.presented(), vec![signer.signed_by(&trio.l1)]].concat();
    let anchors = [trio.l1.anchor()];
    assert_eq!(fault(check(&anchors, &presented, NOW, &demanded)), None);
    let itself = any_path().with_policies(policies).with_ca_leaf(true);
    let found = check(&anchors, &presented[2..], NOW, &itself);
    assert!(found.is_err(), "in a path of its own it has none");
}
