//! Distribution points: which list is for which certificate.

use nymi_core::chain::Crl;

use super::*;
use crate::chain_writer::*;

/// A fullName of one URI, as DistributionPointName.
fn uri(text: &str) -> Vec<u8> {
    tlv(0xa0, &tlv(0xa0, &tlv(0x86, text.as_bytes())))
}

#[test]
fn distribution_points_by_name() {
    let mut trio = Trio::new();
    let (here, there) = (uri("http://crl.example/1"), uri("http://crl.example/2"));
    trio.leaf.set(
        CRL_DISTRIBUTION_POINTS,
        false,
        &distribution_points(&[&[&here]]),
    );
    let list = List::new(&trio.l2).revoke(&[0x11], 1);
    assert_eq!(
        covered(&trio, &[list.clone().point(&here).crl(&trio.l2)]),
        REVOKED
    );
    assert_eq!(
        covered(&trio, &[list.clone().point(&there).crl(&trio.l2)]),
        None
    );
    assert_eq!(
        covered(&trio, &[list.crl(&trio.l2)]),
        REVOKED,
        "a list for all points"
    );
    // A name relative to the issuer's against the same name in full.
    let part = seq(&[&id(&[0x55, 4, 3]), &tlv(0x0c, b"CRL 1")]);
    let relative = tlv(0xa0, &tlv(0xa1, &part));
    let full_name = [&trio.l2.subject[2..], &tlv(0x31, &part)].concat();
    let full = tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &tlv(0x30, &full_name))));
    trio.leaf.set(
        CRL_DISTRIBUTION_POINTS,
        false,
        &distribution_points(&[&[&relative]]),
    );
    let list = List::new(&trio.l2).revoke(&[0x11], 1);
    assert_eq!(
        covered(&trio, &[list.clone().point(&full).crl(&trio.l2)]),
        REVOKED
    );
    assert_eq!(
        covered(&trio, &[list.point(&relative).crl(&trio.l2)]),
        REVOKED
    );
}

#[test]
fn lists_for_one_kind_of_certificates() {
    let trio = Trio::new();
    let list = List::new(&trio.l2).revoke(&[0x11], 1);
    let with = |tag| {
        covered(
            &trio,
            &[list.clone().point(&tlv(tag, &[0xff])).crl(&trio.l2)],
        )
    };
    assert_eq!(with(0x81), REVOKED, "onlyContainsUserCerts");
    assert_eq!(with(0x82), None, "onlyContainsCACerts");
    assert_eq!(with(0x85), None, "onlyContainsAttributeCerts");
}

#[test]
fn lists_for_some_reasons_must_add_up() {
    let trio = Trio::new();
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    let some = |bits: &[u8]| List::new(&trio.l2).point(&tlv(0x83, bits));
    // Bits 1 and 2: the keys; the others below.
    let keys = some(&[5, 0x60]);
    let rest = some(&[7, 0x1f, 0x80]);
    let with = |lists: &[Crl]| required(&trio, &[std::slice::from_ref(&l1), lists].concat());
    assert_eq!(with(&[keys.crl(&trio.l2)]), UNKNOWN);
    assert_eq!(with(&[keys.crl(&trio.l2), rest.crl(&trio.l2)]), None);
    let revoked = rest.revoke(&[0x11], 4).crl(&trio.l2);
    assert_eq!(with(&[keys.crl(&trio.l2), revoked.clone()]), REVOKED);
    assert_eq!(covered(&trio, &[revoked]), REVOKED);
}

#[test]
fn a_list_for_other_reasons_than_the_point_does_not_apply() {
    let mut trio = Trio::new();
    let here = uri("http://crl.example/1");
    let (keys, rest) = (&[5u8, 0x60][..], &[7u8, 0x1f, 0x80][..]);
    trio.leaf.set(
        CRL_DISTRIBUTION_POINTS,
        false,
        &distribution_points(&[&[&here, &tlv(0x81, keys)]]),
    );
    let with = |reasons: &[u8]| {
        let parts = [here.clone(), tlv(0x83, reasons)].concat();
        let list = List::new(&trio.l2).point(&parts).revoke(&[0x11], 1);
        covered(&trio, &[list.crl(&trio.l2)])
    };
    assert_eq!(with(keys), REVOKED);
    assert_eq!(with(rest), None);
}

/// A name relative to the CRL's issuer, which is not the certificate's (4.2.1.13).
#[test]
fn a_relative_name_is_added_to_the_name_of_the_crl_issuer() {
    let mut trio = Trio::new();
    let authority = Cert::ca("CRL authority", 50, &trio.l1.subject, None);
    let part = seq(&[&id(&[0x55, 4, 3]), &tlv(0x0c, b"CRL 1")]);
    let relative = tlv(0xa0, &tlv(0xa1, &part));
    let crl_issuer = tlv(0xa2, &tlv(0xa4, &authority.subject));
    let points = distribution_points(&[&[&relative, &crl_issuer]]);
    trio.leaf.set(CRL_DISTRIBUTION_POINTS, false, &points);
    let with = |issuer: &Cert| {
        let name = tlv(0x30, &[&issuer.subject[2..], &tlv(0x31, &part)].concat());
        let full = tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &name)));
        let list = List::new(&authority)
            .point(&[full, tlv(0x84, &[0xff])].concat())
            .revoke_of(&[0x11], &trio.l2.subject);
        let crls = [list.crl(&authority)];
        let mut presented = trio.presented();
        presented.push(authority.signed_by(&trio.l1));
        let requirements = requirements().with_crls(&crls);
        fault(check(&[trio.l1.anchor()], &presented, NOW, &requirements))
    };
    assert_eq!(with(&authority), REVOKED);
    assert_eq!(with(&trio.l2), None);
}
