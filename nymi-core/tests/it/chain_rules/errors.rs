//! What errors say.

use nymi_core::chain::oid;
use nymi_core::chain::{ChainError, FAULTS, Fault, GradeRequirement, Requirements, Role};

use crate::chain_writer::*;

#[test]
fn the_fault_that_helps_most_is_reported() {
    let mut trio = Trio::new();
    trio.leaf.not_after = utc("260513082959Z");
    trio.leaf.set(KEY_PURPOSES, false, &ids(&[oid::ROLE_AGENT]));
    trio.l2
        .set(POLICIES, false, &policies(&[oid::GRADE_GOLD.content()]));
    assert_eq!(
        fault(trio.check()),
        Some((29, Some(0))),
        "expired before grade and role"
    );
    trio.leaf.not_after = utc("270101000000Z");
    assert_eq!(
        fault(trio.check()),
        Some((14, Some(1))),
        "grade before role"
    );
    trio.l2
        .set(POLICIES, false, &policies(&[oid::GRADE_BRONZE.content()]));
    assert_eq!(fault(trio.check()), Some((114, Some(0))));
    // Where the certificate above has expired as well, renewing the leaf alone would not help.
    trio.leaf.not_after = utc("260513082959Z");
    trio.l2.not_after = utc("260513082959Z");
    assert_eq!(fault(trio.check()), Some((29, Some(1))));
}

#[test]
fn errors_say_what_was_expected_and_found() {
    let mut trio = Trio::new();
    trio.leaf.not_after = utc("260513082959Z");
    let error = trio.check().unwrap_err();
    let Fault::Validity {
        not_before,
        not_after,
        at,
    } = error.fault()
    else {
        panic!("{error:?}");
    };
    assert_eq!(not_before.to_string(), "2026-01-01T00:00:00.000Z");
    assert_eq!(not_after.to_string(), "2026-05-13T08:29:59.000Z");
    assert_eq!(*at, NOW);
    assert_eq!(error.log_line(), "nsl_verify_nea_cert_chain, 29");
    let text = error.to_string();
    assert!(
        text.contains("certificate 0") && text.contains("2026-05-13T08:29:59"),
        "{text}"
    );
    assert!(text.ends_with(error.remedy()), "{text}");
    let text = Trio::new()
        .check_with(&Requirements::new(GradeRequirement::Gold))
        .unwrap_err();
    assert!(
        text.to_string().contains("bronze") && text.to_string().contains("gold"),
        "{text}"
    );
}

#[test]
fn the_table_of_numbers_is_append_only() {
    let numbers: Vec<u32> = FAULTS.iter().map(|info| info.number).collect();
    let mut expected = vec![5, 14, 29];
    expected.extend(101..=134);
    assert_eq!(numbers, expected);
    assert!(
        FAULTS
            .iter()
            .all(|info| !info.name.is_empty() && !info.remedy.is_empty())
    );
}

#[test]
fn chain_errors_are_errors() {
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    is_error::<ChainError>();
}

#[test]
fn errors_say_what_was_found_and_what_helps() {
    let mut trio = Trio::new();
    trio.leaf.set(KEY_USAGE, true, &tlv(3, &[3, 8]));
    let error = trio.check().unwrap_err();
    assert!(error.to_string().contains("digitalSignature"), "{error}");
    assert!(error.to_string().ends_with(error.remedy()), "{error}");
    assert_eq!(
        Some(error.remedy()),
        nymi_core::chain::fault_info(113).map(|info| info.remedy)
    );
    let mut trio = Trio::new();
    trio.leaf.algorithms(ECDSA_SHA384);
    let error = trio.check().unwrap_err().to_string();
    assert!(error.contains("1.2.840.10045.4.3.3"), "{error}");
    let mut trio = Trio::new();
    trio.leaf.serial = vec![0, 0x7f];
    let Err(error) = trio.check() else {
        panic!("the serial number is not minimal")
    };
    let Fault::Malformed(der) = error.fault() else {
        panic!("{error}")
    };
    assert_eq!(der.what(), "an INTEGER is not minimal");
    // After the heads of three SEQUENCEs and the version, and the serial number's own.
    let certificate = trio.leaf.signed_by(&trio.l2);
    assert_eq!(certificate[der.offset()..][..2], [0, 0x7f]);
}

#[test]
fn a_certificate_out_of_its_time_says_at_which_end() {
    let error = |edit: fn(&mut Cert)| {
        let mut trio = Trio::new();
        edit(&mut trio.leaf);
        trio.check().unwrap_err().to_string()
    };
    let early = error(|leaf| leaf.not_before = utc("260513083001Z"));
    assert!(
        early.contains("not valid before 2026-05-13T08:30:01"),
        "{early}"
    );
    let late = error(|leaf| leaf.not_after = utc("260513082959Z"));
    assert!(late.contains("expired at 2026-05-13T08:29:59"), "{late}");
}

#[test]
fn the_ca_that_first_limits_the_length_is_named() {
    let root = Cert::ca("Root", 1, &cn("Root"), Some(1));
    let upper = Cert::ca("Upper", 2, &root.subject, Some(0));
    let lower = Cert::ca("Lower", 3, &upper.subject, None);
    let leaf = Cert::end("leaf", 4, &lower.subject);
    let presented = [
        leaf.signed_by(&lower),
        lower.signed_by(&upper),
        upper.signed_by(&root),
    ];
    let found = check(&[root.anchor()], &presented, NOW, &any_path());
    assert_eq!(fault(found), Some((111, Some(3))));
}

#[test]
fn the_missing_use_of_a_key_is_named() {
    let mut trio = Trio::new();
    trio.leaf
        .set(KEY_PURPOSES, false, &ids(&[oid::ROLE_NES_AGREEMENT]));
    let agreement = Requirements::new(GradeRequirement::Bronze).with_role(Role::NesAgreement);
    let error = trio.check_with(&agreement).unwrap_err().to_string();
    assert!(error.contains("keyAgreement"), "{error}");
    let mut trio = Trio::new();
    trio.l2.set(KEY_USAGE, true, &tlv(3, &[1, 2]));
    let error = trio.check().unwrap_err().to_string();
    assert!(error.contains("keyCertSign"), "{error}");
}
