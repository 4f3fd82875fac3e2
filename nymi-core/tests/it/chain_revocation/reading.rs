//! How lists are read.

use nymi_core::chain::{Crl, Profile};

use super::*;
use crate::chain_writer::*;

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
    // A list that is out of date says of nobody that they are not revoked.
    let of_l1 = List::new(&trio.l1);
    let mut of_l2 = List::new(&trio.l2);
    for (last, expected) in [("260513083000Z", None), ("260513082959Z", OUTDATED)] {
        of_l2.next_update = utc(last);
        let lists = [of_l1.crl(&trio.l1), of_l2.crl(&trio.l2)];
        assert_eq!(required(&trio, &lists), expected);
    }
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
