//! Delta lists.

use nymi_core::chain::Crl;

use super::*;
use crate::chain_writer::*;

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

/// A list that has a certificate twice means the worse of both.
#[test]
fn a_hold_beside_another_reason_does_not_end() {
    let trio = Trio::new();
    let back = delta(&trio, 7, 8).revoke(&[0x11], 8);
    for reasons in [[6, 1], [1, 6]] {
        let twice = reasons
            .into_iter()
            .fold(List::new(&trio.l2), |list, reason| {
                list.revoke(&[0x11], reason)
            });
        assert_eq!(with(&trio, &[&twice, &back]), REVOKED);
    }
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
