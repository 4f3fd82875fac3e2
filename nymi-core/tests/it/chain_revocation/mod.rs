//! Revocation lists of every kind, and what becomes of certificates without one.

mod delta;
mod points;
mod reading;
mod signers;

use nymi_core::chain::{Crl, Revocation};

use crate::chain_writer::*;

/// A CRL to be changed at will before it is signed.
#[derive(Clone)]
pub(crate) struct List {
    /// INTEGER 1 for version 2, or nothing.
    pub(crate) version: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) this_update: Vec<u8>,
    pub(crate) next_update: Vec<u8>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Ext>,
}

pub(crate) const NUMBER: u8 = 20;
pub(crate) const BASE_NUMBER: u8 = 27;
const ISSUING_POINT: u8 = 28;

impl List {
    pub(crate) fn new(issuer: &Cert) -> Self {
        Self {
            version: tlv(2, &[1]),
            issuer: issuer.subject.clone(),
            this_update: utc("260501000000Z"),
            next_update: utc("260601000000Z"),
            entries: vec![],
            extensions: vec![ext(NUMBER, false, &tlv(2, &[7]))],
        }
    }

    pub(crate) fn entry(mut self, serial: &[u8], extensions: &[Ext]) -> Self {
        let extensions = if extensions.is_empty() {
            vec![]
        } else {
            write_exts(extensions)
        };
        self.entries
            .push(seq(&[&tlv(2, serial), &utc("260502000000Z"), &extensions]));
        self
    }

    pub(crate) fn revoke(self, serial: &[u8], reason: u8) -> Self {
        self.entry(serial, &[ext(21, false, &tlv(0x0a, &[reason]))])
    }

    /// For indirect CRLs: the issuer of the certificate.
    pub(crate) fn revoke_of(self, serial: &[u8], issuer: &[u8]) -> Self {
        let names = seq(&[&tlv(0xa4, issuer)]);
        self.entry(serial, &[ext(29, true, &names)])
    }

    pub(crate) fn set(mut self, number: u8, critical: bool, value: &[u8]) -> Self {
        self.extensions
            .retain(|extension| extension.id != [0x55, 0x1d, number]);
        self.extensions.push(ext(number, critical, value));
        self
    }

    /// issuingDistributionPoint with these parts.
    pub(crate) fn point(self, parts: &[u8]) -> Self {
        self.set(ISSUING_POINT, true, &tlv(0x30, parts))
    }

    pub(crate) fn der(&self, signer: &Cert) -> Vec<u8> {
        let algorithm = seq(&[&id(ECDSA_SHA256)]);
        let entries = if self.entries.is_empty() {
            vec![]
        } else {
            tlv(0x30, &self.entries.concat())
        };
        let extensions = if self.extensions.is_empty() {
            vec![]
        } else {
            tlv(0xa0, &write_exts(&self.extensions))
        };
        let to_be_signed = seq(&[
            &self.version,
            &algorithm,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &entries,
            &extensions,
        ]);
        sign(&to_be_signed, &algorithm, &signer.key)
    }

    pub(crate) fn crl(&self, signer: &Cert) -> Crl {
        Crl::from_der(&self.der(signer)).unwrap()
    }
}

type Found = Option<(u32, Option<usize>)>;

fn covered(trio: &Trio, crls: &[Crl]) -> Found {
    fault(trio.check_with(&requirements().with_crls(crls)))
}

/// Every certificate must have a known status.
fn required(trio: &Trio, crls: &[Crl]) -> Found {
    let requirements = requirements()
        .with_crls(crls)
        .with_revocation(Revocation::Required);
    fault(trio.check_with(&requirements))
}

const REVOKED: Found = Some((124, Some(0)));
const UNKNOWN: Found = Some((125, Some(0)));
const OUTDATED: Found = Some((126, Some(0)));
const UNUSABLE: Found = Some((127, Some(0)));

fn distribution_points(points: &[&[&[u8]]]) -> Vec<u8> {
    tlv(
        0x30,
        &points
            .iter()
            .flat_map(|parts| seq(parts))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn revoked_leaf_and_revoked_l2() {
    let trio = Trio::new();
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    let l2 = List::new(&trio.l2);
    let other = l2.clone().revoke(&[0x12], 1).crl(&trio.l2);
    assert_eq!(required(&trio, &[l1.clone(), other.clone()]), None);
    assert_eq!(
        (other.len(), other.is_empty(), l1.is_empty()),
        (1, false, true)
    );
    let revoked = l2
        .clone()
        .revoke(&[0x10], 0)
        .revoke(&[0x11], 1)
        .revoke(&[0x12], 0);
    assert_eq!(
        required(&trio, &[l1.clone(), revoked.crl(&trio.l2)]),
        REVOKED
    );
    let upper = List::new(&trio.l1).revoke(&[0x11], 2).crl(&trio.l1);
    assert_eq!(
        required(&trio, &[upper, l2.crl(&trio.l2)]),
        Some((124, Some(1)))
    );
    // An entry without extensions, and certificateHold, revoke as well.
    assert_eq!(
        covered(&trio, &[l2.clone().entry(&[0x11], &[]).crl(&trio.l2)]),
        REVOKED
    );
    assert_eq!(
        covered(&trio, &[l2.revoke(&[0x11], 6).crl(&trio.l2)]),
        REVOKED
    );
}

#[test]
fn without_a_list() {
    let trio = Trio::new();
    let l2 = List::new(&trio.l2).crl(&trio.l2);
    assert_eq!(covered(&trio, &[]), None);
    assert_eq!(
        covered(&trio, std::slice::from_ref(&l2)),
        None,
        "L1 issued none"
    );
    assert_eq!(required(&trio, &[l2]), Some((125, Some(1))));
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    assert_eq!(required(&trio, std::slice::from_ref(&l1)), UNKNOWN);
    assert_eq!(covered(&trio, &[l1]), None);
    assert_eq!(required(&trio, &[]), Some((125, Some(1))));
}

#[test]
fn lists_that_cannot_be_used() {
    let trio = Trio::new();
    let list = List::new(&trio.l2);
    let mut old = list.clone();
    old.next_update = utc("260513082959Z");
    assert_eq!(covered(&trio, &[old.crl(&trio.l2)]), Some((126, Some(0))));
    let mut early = list.clone();
    early.this_update = utc("260513083001Z");
    assert_eq!(covered(&trio, &[early.crl(&trio.l2)]), Some((126, Some(0))));
    assert_eq!(
        covered(&trio, &[list.crl(&trio.l1)]),
        UNUSABLE,
        "signed by L1"
    );
    let mut silent = trio.clone();
    silent.l2.set(KEY_USAGE, true, &tlv(3, &[2, 4]));
    assert_eq!(
        covered(&silent, &[list.crl(&trio.l2)]),
        UNUSABLE,
        "L2 lacks cRLSign"
    );
    // One usable list is enough.
    assert_eq!(
        covered(&trio, &[old.crl(&trio.l2), list.crl(&trio.l2)]),
        None
    );
    let revoked = list.revoke(&[0x11], 1).crl(&trio.l2);
    assert_eq!(covered(&trio, &[old.crl(&trio.l2), revoked]), REVOKED);
}

#[test]
fn no_other_list_hides_what_one_says() {
    let trio = Trio::new();
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    let [clean, revoked] = [
        List::new(&trio.l2).crl(&trio.l2),
        List::new(&trio.l2).revoke(&[0x11], 1).crl(&trio.l2),
    ];
    for lists in [
        [l1.clone(), clean.clone(), revoked.clone()],
        [l1, revoked, clean],
    ] {
        assert_eq!(covered(&trio, &lists), REVOKED);
        assert_eq!(required(&trio, &lists), REVOKED);
    }
    // A list for some reasons does not make up for an old one for all.
    let mut old = List::new(&trio.l2);
    old.next_update = utc("260513082959Z");
    let some = List::new(&trio.l2).point(&tlv(0x83, &[5, 0x60]));
    let lists = [old.crl(&trio.l2), some.crl(&trio.l2)];
    assert_eq!(covered(&trio, &lists), Some((126, Some(0))));
}

#[test]
fn who_is_revoked_in_a_list_that_cannot_be_used_stays_revoked() {
    let trio = Trio::new();
    let numbered = |number: u8| List::new(&trio.l2).set(NUMBER, false, &tlv(2, &[number]));
    let mut endless = numbered(7).revoke(&[0x11], 1);
    endless.next_update = vec![];
    let mut outdated = numbered(7).revoke(&[0x11], 1);
    outdated.next_update = utc("260513082959Z");
    for unusable in [endless, outdated] {
        let unusable = unusable.crl(&trio.l2);
        let beside = |number: u8| {
            let sound = numbered(number).crl(&trio.l2);
            [
                covered(&trio, &[unusable.clone(), sound.clone()]),
                covered(&trio, &[sound, unusable.clone()]),
            ]
        };
        assert_eq!(covered(&trio, std::slice::from_ref(&unusable)), REVOKED);
        assert_eq!(beside(6), [REVOKED, REVOKED]);
        assert_eq!(beside(7), [REVOKED, REVOKED]);
        // A newer list does not have the certificate any more.
        assert_eq!(beside(8), [None, None]);
    }
    // Lists without numbers are as old as their times say.
    let dated = |from: &str, number: Option<u8>| {
        let mut list = List::new(&trio.l2);
        list.this_update = utc(from);
        match number {
            Some(number) => list.set(NUMBER, false, &tlv(2, &[number])),
            None => {
                list.extensions.clear();
                list
            }
        }
    };
    let mut outdated = dated("260502000000Z", None).revoke(&[0x11], 1);
    outdated.next_update = utc("260513082959Z");
    let outdated = outdated.crl(&trio.l2);
    for number in [None, Some(9)] {
        for (from, expected) in [
            ("260501235959Z", REVOKED),
            ("260502000000Z", REVOKED),
            ("260502000001Z", None),
        ] {
            let sound = dated(from, number).crl(&trio.l2);
            let lists = [outdated.clone(), sound];
            assert_eq!(covered(&trio, &lists), expected, "{from} {number:?}");
        }
    }
    // What was not issued yet says nothing.
    let mut to_come = numbered(7).revoke(&[0x11], 1);
    to_come.this_update = utc("260513083001Z");
    let lists = [to_come.crl(&trio.l2), numbered(6).crl(&trio.l2)];
    assert_eq!(covered(&trio, &lists), None);
}

#[test]
fn a_list_that_never_ends_is_not_used() {
    let trio = Trio::new();
    let mut endless = List::new(&trio.l2);
    endless.next_update = vec![];
    assert_eq!(covered(&trio, &[endless.crl(&trio.l2)]), UNUSABLE);
}

#[test]
fn the_serial_number_of_another_issuer_does_not_matter() {
    let trio = Trio::new();
    let other = Cert::ca("Other CA", 44, &trio.l1.subject, None);
    let foreign = List::new(&other).revoke(&[0x11], 1).crl(&other);
    assert_eq!(covered(&trio, &[foreign]), None);
}
