//! Revocation lists of every kind, and what becomes of certificates without one.

use nymi_core::chain::{Crl, Profile, Revocation, TrustAnchor};
use nymi_core::crypto::RustCrypto;

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
const UNUSABLE: Found = Some((127, Some(0)));

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

#[test]
fn lists_are_read_strictly() {
    let trio = Trio::new();
    let list = List::new(&trio.l2);
    let number = |list: &List| fault(Crl::from_der(&list.der(&trio.l2))).map(|(number, _)| number);
    assert_eq!(number(&list), None);
    assert_eq!(
        number(&list.clone().set(99, true, &[])),
        Some(117),
        "unknown critical extension"
    );
    assert_eq!(number(&list.clone().set(99, false, &[])), None);
    assert_eq!(
        number(&list.clone().set(NUMBER, true, &tlv(2, &[7]))),
        Some(127)
    );
    assert_eq!(
        number(&list.clone().set(NUMBER, false, &tlv(2, &[0x80]))),
        Some(101)
    );
    assert_eq!(
        number(&list.clone().entry(&[5], &[ext(99, true, &[])])),
        Some(117)
    );
    assert_eq!(
        number(&list.clone().revoke(&[5], 7)),
        Some(101),
        "reason 7 is not used"
    );
    let two_kinds = [tlv(0x81, &[0xff]), tlv(0x82, &[0xff])].concat();
    assert_eq!(number(&list.clone().point(&two_kinds)), Some(101));
    let der = list.der(&trio.l2);
    assert!(Crl::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    assert!(Crl::from_der(&der[..der.len() - 1]).is_err());
}

#[test]
fn a_list_tells_its_times_and_entries() {
    let trio = Trio::new();
    let empty = List::new(&trio.l2);
    let two = empty.clone().revoke(&[5], 1).revoke(&[6], 1);
    let (found, other) = (two.crl(&trio.l2), empty.crl(&trio.l2));
    assert_eq!((found.len(), other.len()), (2, 0));
    assert_eq!(found.this_update().to_string(), "2026-05-01T00:00:00.000Z");
    let next = found.next_update().map(|next| next.to_string());
    assert_eq!(next.as_deref(), Some("2026-06-01T00:00:00.000Z"));
    let mut last = empty;
    last.next_update = vec![];
    assert_eq!(last.crl(&trio.l2).next_update(), None);
    assert_eq!(found, two.crl(&trio.l2));
    assert_ne!(found, other);
}

#[test]
fn a_list_is_current_from_its_first_to_its_last_second() {
    let trio = Trio::new();
    let mut list = List::new(&trio.l2).revoke(&[0x11], 1);
    list.this_update = utc("260513083000Z");
    assert_eq!(covered(&trio, &[list.crl(&trio.l2)]), REVOKED);
    list.this_update = utc("260501000000Z");
    list.next_update = utc("260513083000Z");
    assert_eq!(covered(&trio, &[list.crl(&trio.l2)]), REVOKED);
}

#[test]
fn extensions_need_version_2() {
    let trio = Trio::new();
    let number = |list: &List| fault(Crl::from_der(&list.der(&trio.l2))).map(|(number, _)| number);
    let mut list = List::new(&trio.l2);
    list.version = vec![];
    assert_eq!(number(&list), Some(127), "a number");
    list.extensions.clear();
    assert_eq!(number(&list), None);
    let key = seq(&[&tlv(0x80, &[2])]);
    let authority = list.clone().set(AUTHORITY_KEY_ID, false, &key);
    assert_eq!(number(&authority), Some(127), "the issuer's key");
    let base = list.clone().set(BASE_NUMBER, true, &tlv(2, &[6]));
    assert_eq!(number(&base), Some(127), "a delta");
    let point = list.clone().point(&tlv(0x81, &[0xff]));
    assert_eq!(number(&point), Some(127), "a distribution point");
    let no_key = list.clone().set(AUTHORITY_KEY_ID, false, &seq(&[]));
    assert_eq!(number(&no_key), Some(127), "an issuer without key");
    let unknown = list.clone().set(99, false, &tlv(5, &[]));
    assert_eq!(number(&unknown), Some(127), "an extension not read here");
    let entry = list.clone().revoke(&[0x55], 1);
    assert_eq!(number(&entry), Some(127), "an entry's reason");
    assert_eq!(number(&list.clone().entry(&[0x55], &[])), None);
    list.version = tlv(2, &[1]);
    assert_eq!(number(&list), None, "version 2 needs no extension");
}

#[test]
fn only_an_indirect_list_states_issuers_of_entries() {
    let trio = Trio::new();
    let list = List::new(&trio.l2).revoke_of(&[0x01], &cn("Somebody else"));
    let hidden = list.entry(&[0x11], &[]);
    let number = |list: &List| fault(Crl::from_der(&list.der(&trio.l2))).map(|(number, _)| number);
    assert_eq!(number(&hidden), Some(127));
    assert_eq!(number(&hidden.point(&tlv(0x84, &[0xff]))), None);
}

#[test]
fn extensions_of_lists_have_their_form() {
    let trio = Trio::new();
    let list = List::new(&trio.l2);
    let number = |list: &List| fault(Crl::from_der(&list.der(&trio.l2))).map(|(number, _)| number);
    let key = seq(&[&tlv(0x80, &[2])]);
    assert_eq!(
        number(&list.clone().set(AUTHORITY_KEY_ID, false, &key)),
        None
    );
    assert_eq!(
        number(&list.clone().set(AUTHORITY_KEY_ID, true, &key)),
        Some(117),
        "never critical (5.2.1)"
    );
    let broken = list.clone().set(AUTHORITY_KEY_ID, false, &tlv(2, &[1]));
    assert_eq!(number(&broken), Some(101));
    for (octets, expected) in [(20, None), (21, Some(101))] {
        let longest = list.clone().set(NUMBER, false, &tlv(2, &vec![1; octets]));
        assert_eq!(number(&longest), expected, "{octets} octets");
    }
    let unknown = list.clone().entry(&[5], &[ext(99, false, &[])]);
    assert_eq!(number(&unknown), None, "of an entry");
}

#[test]
fn a_list_of_16_mib_is_read_and_no_longer_one() {
    let number = |length: usize| fault(Crl::from_der(&vec![0; length])).map(|(number, _)| number);
    assert_eq!(number(16 * 1024 * 1024), Some(101));
    assert_eq!(number(16 * 1024 * 1024 + 1), Some(127));
    assert_eq!(number(16 * 1024 * 1024 + 2), Some(127));
}

/// A fullName of one URI, as DistributionPointName.
fn uri(text: &str) -> Vec<u8> {
    tlv(0xa0, &tlv(0xa0, &tlv(0x86, text.as_bytes())))
}

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

/// A delta list of L2, with the numbers of its base and of its own.
fn delta(trio: &Trio, base: u8, number: u8) -> List {
    List::new(&trio.l2)
        .set(NUMBER, false, &tlv(2, &[number]))
        .set(BASE_NUMBER, true, &tlv(2, &[base]))
}

/// What the lists of L2 say of the leaf.
fn with(trio: &Trio, lists: &[&List]) -> Found {
    let crls: Vec<Crl> = lists.iter().map(|list| list.crl(&trio.l2)).collect();
    covered(trio, &crls)
}

#[test]
fn a_delta_list_adds_to_the_complete_one() {
    let trio = Trio::new();
    let complete = List::new(&trio.l2);
    let revoking = delta(&trio, 7, 8).revoke(&[0x11], 1);
    assert_eq!(with(&trio, &[&complete, &revoking]), REVOKED);
    assert_eq!(with(&trio, &[&revoking, &complete]), REVOKED);
    assert_eq!(with(&trio, &[&complete, &delta(&trio, 7, 8)]), None);
    let crls = [complete.crl(&trio.l2), revoking.crl(&trio.l1)];
    assert_eq!(
        covered(&trio, &crls),
        None,
        "a delta list that L2 did not sign"
    );
}

/// RFC 5280, 5.3.1: a hold may end, and only then.
#[test]
fn a_current_delta_list_ends_a_hold() {
    let trio = Trio::new();
    let held = List::new(&trio.l2).revoke(&[0x11], 6);
    let silent = delta(&trio, 7, 8);
    let removing = silent.clone().revoke(&[0x11], 8);
    assert_eq!(with(&trio, &[&held, &removing]), None);
    assert_eq!(with(&trio, &[&held, &silent]), REVOKED);
    let stolen = List::new(&trio.l2).revoke(&[0x11], 1);
    assert_eq!(with(&trio, &[&stolen, &removing]), REVOKED);
    let both = removing.clone().revoke(&[0x11], 1);
    assert_eq!(with(&trio, &[&held, &both]), REVOKED, "removed and revoked");
    // The newest of several.
    let newest = delta(&trio, 7, 9).revoke(&[0x11], 8);
    assert_eq!(with(&trio, &[&held, &silent, &newest]), None);
    let on_hold = delta(&trio, 7, 8).revoke(&[0x11], 6);
    let complete = List::new(&trio.l2);
    assert_eq!(with(&trio, &[&complete, &on_hold, &newest]), None);
    assert_eq!(
        with(&trio, &[&complete, &on_hold, &delta(&trio, 7, 9)]),
        REVOKED
    );
    let older = delta(&trio, 7, 8).revoke(&[0x11], 8);
    let held_again = delta(&trio, 7, 9).revoke(&[0x11], 6);
    assert_eq!(with(&trio, &[&complete, &older, &held_again]), REVOKED);
    let revoked = delta(&trio, 7, 8).revoke(&[0x11], 1);
    assert_eq!(with(&trio, &[&complete, &revoked, &newest]), REVOKED);
}

/// What a list out of date, without an end, of another base or not of this scope says must not let pass.
#[test]
fn a_delta_list_that_cannot_be_combined_ends_no_hold() {
    let trio = Trio::new();
    let held = List::new(&trio.l2).revoke(&[0x11], 6);
    let removing = |base, number| delta(&trio, base, number).revoke(&[0x11], 8);
    let mut outdated = removing(7, 8);
    outdated.next_update = utc("260513082959Z");
    let mut endless = removing(7, 8);
    endless.next_update = vec![];
    let mut old = endless.clone();
    old.this_update = utc("200101000000Z");
    let mut to_come = removing(7, 8);
    to_come.this_update = utc("260514083000Z");
    let other_scope = removing(7, 8).point(&tlv(0x81, &[0xff]));
    let mut unnumbered = removing(7, 8);
    unnumbered
        .extensions
        .retain(|extension| extension.id != [0x55, 0x1d, NUMBER]);
    for (why, list) in [
        ("out of date", outdated),
        ("without nextUpdate", endless),
        ("of 2020, without nextUpdate", old),
        ("from tomorrow on", to_come),
        ("of another scope", other_scope),
        ("without a number", unnumbered),
        ("of a newer base", removing(8, 9)),
        ("no newer than the complete list", removing(5, 7)),
    ] {
        assert_eq!(with(&trio, &[&held, &list]), REVOKED, "{why}");
    }
}

/// An entry that the issuer signed counts, unless a newer list takes it back.
#[test]
fn who_is_revoked_in_a_delta_list_that_cannot_be_combined_stays_revoked() {
    let trio = Trio::new();
    let complete = List::new(&trio.l2);
    let revoking = |base, number| delta(&trio, base, number).revoke(&[0x11], 1);
    let mut outdated = revoking(7, 8);
    outdated.next_update = utc("260512000000Z");
    let mut endless = revoking(7, 8);
    endless.next_update = vec![];
    let mut unnumbered = revoking(7, 8);
    unnumbered
        .extensions
        .retain(|extension| extension.id != [0x55, 0x1d, NUMBER]);
    for (why, list) in [
        ("out of date", &outdated),
        ("without nextUpdate", &endless),
        ("without a number", &unnumbered),
        ("of a newer base", &revoking(8, 9)),
        (
            "as old as the complete list, which contradicts it",
            &revoking(5, 7),
        ),
        (
            "of another scope",
            &revoking(7, 8).point(&tlv(0x81, &[0xff])),
        ),
    ] {
        assert_eq!(with(&trio, &[&complete, list]), REVOKED, "{why}");
        assert_eq!(with(&trio, &[list]), REVOKED, "{why}, alone");
    }
    assert_eq!(
        with(&trio, &[&complete, &revoking(5, 6)]),
        None,
        "the complete list is newer"
    );
    let mut to_come = revoking(7, 8);
    to_come.this_update = utc("260514083000Z");
    assert_eq!(with(&trio, &[&complete, &to_come]), None, "not issued yet");
    let cas = revoking(7, 8).point(&tlv(0x82, &[0xff]));
    assert_eq!(with(&trio, &[&complete, &cas]), None, "of CAs alone");
}

/// Who is not on a delta list may be on its base.
#[test]
fn a_delta_list_without_its_base_says_of_nobody_that_they_are_not_revoked() {
    let trio = Trio::new();
    let silent = delta(&trio, 7, 8);
    assert_eq!(with(&trio, &[&silent]), UNUSABLE);
    assert_eq!(with(&trio, &[&silent.clone().revoke(&[0x11], 8)]), UNUSABLE);
    // A complete list for some reasons alone, and its delta: what is not covered passes by default.
    let some = |list: List| list.point(&tlv(0x83, &[5, 0x60]));
    let (part, continued) = (some(List::new(&trio.l2)), some(silent.clone()));
    assert_eq!(with(&trio, &[&part]), None);
    assert_eq!(with(&trio, &[&part, &continued]), None);
    assert_eq!(with(&trio, &[&part, &silent]), UNUSABLE);
}

#[test]
fn pem_holds_several_lists() {
    let trio = Trio::new();
    let text: String = [&trio.l1, &trio.l2]
        .map(|issuer| nymi_core::chain::pem::encode("X509 CRL", &List::new(issuer).der(issuer)))
        .concat();
    let crls = Crl::from_pem(&text).unwrap();
    assert_eq!(crls.len(), 2);
    assert_eq!(
        crls[1].this_update().to_string(),
        "2026-05-01T00:00:00.000Z"
    );
    assert_eq!(required(&trio, &crls), None);
}

#[test]
fn bit_0_of_the_reasons_is_not_used() {
    let trio = Trio::new();
    let l1 = List::new(&trio.l1).crl(&trio.l1);
    let all = List::new(&trio.l2).point(&tlv(0x83, &[7, 0xff, 0x80]));
    assert_eq!(required(&trio, &[l1, all.crl(&trio.l2)]), None);
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

#[test]
fn conforming_lists_have_a_number() {
    let trio = Trio::new();
    let numbered = List::new(&trio.l2);
    let mut bare = numbered.clone();
    bare.extensions.clear();
    let with = |list: &List, profile| {
        let crls = [list.crl(&trio.l2)];
        let requirements = requirements().with_crls(&crls).with_profile(profile);
        fault(trio.check_with(&requirements))
    };
    assert_eq!(with(&numbered, Profile::Conforming), None);
    assert_eq!(with(&bare, Profile::Conforming), UNUSABLE);
    assert_eq!(with(&numbered, Profile::Path), None);
    assert_eq!(with(&bare, Profile::Path), None);
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
