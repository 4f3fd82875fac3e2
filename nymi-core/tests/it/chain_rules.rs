//! A chain that is right, and what is said of one that is not.

use nymi_core::UnixMillis;
use nymi_core::chain::oid::{self};
use nymi_core::chain::{
    Certificate, ChainError, FAULTS, Fault, Grade, GradeRequirement, Profile, Requirements, Role,
    TrustAnchor,
};

use nymi_core::crypto::RustCrypto;

use crate::chain_writer::*;

#[test]
fn the_platform_chain_is_verified() {
    let trio = Trio::new();
    let chain = trio.check().unwrap();
    assert_eq!(chain.leaf().subject_cn(), Some("kiosk"));
    assert_eq!(chain.issuer().subject_cn(), Some("Acme NES L2 CA"));
    assert_eq!(chain.anchor().subject_cn(), Some("Acme NES L1 CA"));
    assert_eq!(chain.grade(), Some(Grade::Bronze));
    assert_eq!(chain.path().len(), 3);
    assert_eq!(Some(chain.public_key()), chain.leaf().public_key());
    assert_eq!(chain.leaf().serial_hex(), "11");
    assert_eq!(
        chain.leaf().not_before().to_string(),
        "2026-01-01T00:00:00.000Z"
    );
    assert!(chain.leaf().has_role(Role::Nea) && !chain.leaf().has_role(Role::Nba));
    assert_eq!(chain.leaf().spki_der(), trio.leaf.spki);
    assert_eq!(trio.l1.anchor().fingerprint(), chain.anchor().fingerprint());
}

#[test]
fn the_last_second_counts_to_its_end() {
    let trio = Trio::new();
    let end: UnixMillis = "2027-01-01T00:00:00Z".parse().unwrap();
    let anchors = [trio.l1.anchor()];
    let at = |ms| check(&anchors, &trio.presented(), UnixMillis(ms), &requirements());
    assert!(at(end.0 + 999).is_ok());
    assert_eq!(fault(at(end.0 + 1000)), Some((29, Some(2))));
}

#[test]
fn the_encoding_is_strict_from_the_first_byte_to_the_last() {
    let trio = Trio::new();
    let anchors = [trio.l1.anchor()];
    let verify = |leaf: Vec<u8>| {
        let presented = [leaf, trio.l2.signed_by(&trio.l1)];
        fault(check(&anchors, &presented, NOW, &requirements()))
    };
    let leaf = trio.leaf.signed_by(&trio.l2);
    assert_eq!(verify(leaf.clone()), None);
    let malformed = Some((101, Some(0)));
    assert_eq!(
        verify([leaf.as_slice(), &[0]].concat()),
        malformed,
        "trailing byte"
    );
    assert_eq!(
        verify(leaf[..leaf.len() - 1].to_vec()),
        malformed,
        "cut off"
    );
    assert_eq!(verify(vec![]), malformed, "empty");
    let long = [&[0x30, 0x83, 0], &leaf[2..]].concat();
    assert_eq!(verify(long), malformed, "length not minimal");
    let indefinite = [&[0x30, 0x80], &leaf[4..], &[0, 0]].concat();
    assert_eq!(verify(indefinite), malformed, "indefinite length");
    assert_eq!(verify(vec![0x30; 70_000]), Some((102, Some(0))));
}

#[test]
fn signatures_and_what_they_cover() {
    let trio = Trio::new();
    let other = key(77);
    let anchors = [trio.l1.anchor()];
    let verify = |presented: &[Vec<u8>]| fault(check(&anchors, presented, NOW, &requirements()));
    let (leaf, l2) = (trio.leaf.signed_by(&trio.l2), trio.l2.signed_by(&trio.l1));
    assert_eq!(
        verify(&[trio.leaf.sign(&other), l2.clone()]),
        Some((106, Some(0)))
    );
    assert_eq!(
        verify(&[leaf.clone(), trio.l2.sign(&other)]),
        Some((106, Some(1)))
    );
    // Another enterprise with the same names.
    let mut foreign = Trio::new();
    foreign.l1 = Cert::root("Acme NES L1 CA", 9);
    assert_eq!(verify(&foreign.presented()), Some((106, Some(1))));
    // L2 is missing; the order is wrong; L1 is presented as the leaf.
    assert_eq!(verify(std::slice::from_ref(&leaf)), Some((105, Some(0))));
    assert_eq!(verify(&[l2.clone(), leaf]), Some((116, Some(0))));
    assert_eq!(
        verify(&[trio.l1.signed_by(&trio.l1), l2]),
        Some((129, Some(0)))
    );
    // A leaf that signed itself.
    let alone = Cert::end("kiosk", 3, &cn("kiosk"));
    assert_eq!(verify(&[alone.signed_by(&alone)]), Some((105, Some(0))));
}

#[test]
fn nothing_presented_nothing_pinned_too_much_presented() {
    let trio = Trio::new();
    let anchors = [trio.l1.anchor()];
    assert_eq!(
        fault(check(&anchors, &[], NOW, &requirements())),
        Some((5, None))
    );
    assert_eq!(
        fault(check(&[], &trio.presented(), NOW, &requirements())),
        Some((131, None))
    );
    let many = vec![vec![0x30, 0]; 129];
    assert_eq!(
        fault(check(&anchors, &many, NOW, &requirements())),
        Some((103, None))
    );
}

#[test]
fn roles_ask_for_what_belongs_to_them() {
    let mut trio = Trio::new();
    trio.leaf
        .set(KEY_PURPOSES, false, &ids(&[oid::ROLE_NES_AGREEMENT]));
    let agreement = Requirements::new(GradeRequirement::Any).with_role(Role::NesAgreement);
    assert_eq!(fault(trio.check_with(&agreement)), Some((113, Some(0))));
    trio.leaf.set(KEY_USAGE, true, &tlv(3, &[3, 8]));
    assert_eq!(fault(trio.check_with(&agreement)), None);
    for role in Role::ALL {
        let requirements = Requirements::new(GradeRequirement::Any).with_role(role);
        let result = fault(trio.check_with(&requirements)).map(|(number, _)| number);
        let expected = if role == Role::NesAgreement {
            None
        } else {
            Some(114)
        };
        assert_eq!(result, expected, "{role}");
    }
}

#[test]
fn grades() {
    let trio = Trio::new();
    let with = |grade| fault(trio.check_with(&Requirements::new(grade)));
    assert_eq!(with(GradeRequirement::Bronze), None);
    assert_eq!(with(GradeRequirement::Any), None);
    assert_eq!(with(GradeRequirement::Gold), Some((14, Some(1))));
    assert_eq!("gold".parse(), Ok(GradeRequirement::Gold));
    assert!("Gold".parse::<GradeRequirement>().is_err());
}

/// An anchor that breaks a rule on its own cannot be pinned.
#[test]
fn anchors_are_read_as_strictly() {
    let mut root = Cert::root("Acme NES L1 CA", 1);
    let read = |root: &Cert| fault(TrustAnchor::from_der(&root.signed_by(root)));
    assert_eq!(read(&root), None);
    root.serial = vec![0];
    assert_eq!(read(&root), Some((119, None)));
    root.serial = vec![1];
    root.set(99, true, &[]);
    assert_eq!(read(&root), Some((117, None)));
    root.remove(99);
    root.subject = seq(&[]);
    assert_eq!(read(&root), Some((130, None)));
    assert_eq!(fault(TrustAnchor::from_pem("no PEM")), Some((132, None)));
}

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

/// Rules of section 4 that the platform does not need but issuers are held to on request.
#[test]
fn conforming_issuers() {
    let conforming = any_path().with_profile(Profile::Conforming);
    let mut trio = Trio::new();
    trio.l1.set(SUBJECT_KEY_ID, false, &octets(&[1]));
    trio.l2
        .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[1])]));
    trio.l2.set(SUBJECT_KEY_ID, false, &octets(&[2]));
    trio.leaf
        .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[2])]));
    assert_eq!(fault(trio.check_with(&conforming)), None);
    let alternative = |tag, text: &[u8]| seq(&[&tlv(tag, text)]);
    type Break<'a> = &'a dyn Fn(&mut Trio);
    let broken: &[(&str, usize, Break<'_>)] = &[
        ("leaf names no key", 0, &|trio| {
            trio.leaf.remove(AUTHORITY_KEY_ID)
        }),
        ("L2 names no key", 1, &|trio| {
            trio.l2.remove(AUTHORITY_KEY_ID)
        }),
        ("L2 has no key identifier", 0, &|trio| {
            trio.l2.remove(SUBJECT_KEY_ID)
        }),
        ("authority without key", 0, &|trio| {
            let issuer = tlv(0xa1, &tlv(0xa4, &trio.l1.subject));
            let value = seq(&[&issuer, &tlv(0x82, &[0x11])]);
            trio.leaf.set(AUTHORITY_KEY_ID, false, &value);
        }),
        ("L1 names another key as its own", 2, &|trio| {
            trio.l1
                .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[9])]));
        }),
        ("basicConstraints of L1 is not critical", 2, &|trio| {
            trio.l1
                .set(BASIC_CONSTRAINTS, false, &basic_constraints(true, None));
        }),
        ("underscore in a host name", 0, &|trio| {
            trio.leaf.set(
                SUBJECT_ALT_NAME,
                false,
                &alternative(0x82, b"a_b.example.com"),
            );
        }),
        ("wildcard below a top-level domain", 0, &|trio| {
            trio.leaf
                .set(SUBJECT_ALT_NAME, false, &alternative(0x82, b"*.com"));
        }),
        ("mailbox without host", 0, &|trio| {
            trio.leaf
                .set(SUBJECT_ALT_NAME, false, &alternative(0x81, b"kiosk"));
        }),
        ("URI without scheme", 0, &|trio| {
            trio.leaf
                .set(SUBJECT_ALT_NAME, false, &alternative(0x86, b"kiosk"));
        }),
    ];
    for (what, index, break_it) in broken {
        let mut trio = trio.clone();
        break_it(&mut trio);
        assert_eq!(
            fault(trio.check_with(&conforming)),
            Some((128, Some(*index))),
            "{what}"
        );
        assert_eq!(
            fault(trio.check_with(&any_path())),
            None,
            "{what} matters to conformity alone"
        );
    }
}

#[test]
fn chain_errors_are_errors() {
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    is_error::<ChainError>();
}

#[test]
fn a_certificate_tells_its_hash_and_subject_and_is_like_no_other() {
    let trio = Trio::new();
    let der = trio.leaf.signed_by(&trio.l2);
    let leaf = Certificate::from_der(&der).unwrap();
    let hash = nymi_core::assertion::Sha256Hex::of(&der);
    assert_eq!(&leaf.fingerprint(), hash.as_bytes());
    assert_eq!(leaf.subject_display(), "CN=kiosk");
    assert_eq!(leaf, Certificate::from_der(&der).unwrap());
    assert_ne!(leaf, Certificate::from_der(&trio.presented()[1]).unwrap());
}

#[test]
fn a_subject_is_shown_with_the_usual_letters() {
    let mut leaf = Trio::new().leaf;
    let attributes = [
        (6, "CH"),
        (8, "ZH"),
        (7, "Bern"),
        (10, "Acme"),
        (11, "QA"),
        (3, "k"),
    ];
    let mail = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let mail = tlv(0x31, &seq(&[&id(&mail), &tlv(0x16, b"a@b.ch")]));
    let names = dn(&attributes);
    leaf.subject = tlv(0x30, &[&names[2..], &mail].concat());
    let shown = Certificate::from_der(&leaf.signed_by(&Trio::new().l2)).unwrap();
    let shown = shown.subject_display();
    for part in [
        "C=CH",
        "ST=ZH",
        "L=Bern",
        "O=Acme",
        "OU=QA",
        "CN=k",
        "emailAddress=a@b.ch",
    ] {
        assert!(
            shown.split(", ").any(|found| found == part),
            "{part}: {shown}"
        );
    }
}

#[test]
fn a_certificate_of_64_kib_is_read_and_no_longer_one() {
    let fault = |length: usize| Certificate::from_der(&vec![0; length]).unwrap_err();
    assert!(matches!(fault(65_536).fault(), Fault::Malformed(_)));
    assert!(matches!(
        fault(65_537).fault(),
        Fault::TooLarge {
            found: 65_537,
            limit: 65_536
        }
    ));
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

/// Rules that only a certificate can break that is in no path of the platform, or that a good one
/// would break if they were read wrongly.
#[test]
fn what_conforms_is_accepted() {
    let conforming = any_path().with_profile(Profile::Conforming);
    let mut trio = Trio::new();
    trio.l1.set(SUBJECT_KEY_ID, false, &octets(&[1]));
    trio.l2
        .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[1])]));
    trio.l2.set(SUBJECT_KEY_ID, false, &octets(&[2]));
    trio.leaf
        .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[2])]));
    let names = [
        tlv(0x82, b"*.kiosk.example.com"),
        tlv(0x81, b"kiosk@example.com"),
        tlv(0x86, b"https://kiosk.example.com/"),
    ];
    trio.leaf
        .set(SUBJECT_ALT_NAME, false, &seq(&[&names.concat()]));
    // keyCertSign without cRLSign.
    trio.l2.set(KEY_USAGE, true, &tlv(3, &[2, 4]));
    assert_eq!(fault(trio.check_with(&conforming)), None);
    // A CA at the end of a path whose key neither signs certificates nor lists.
    let mut idle = trio.clone();
    idle.leaf.set(SUBJECT_KEY_ID, false, &octets(&[3]));
    idle.leaf
        .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, None));
    idle.l2
        .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, None));
    let ca_leaf = conforming.with_ca_leaf(true);
    assert_eq!(fault(idle.check_with(&ca_leaf)), Some((128, Some(0))));
}

#[test]
fn grades_and_roles_are_written_and_read_by_name() {
    for (grade, text) in [
        (GradeRequirement::Gold, "gold"),
        (GradeRequirement::Bronze, "bronze"),
        (GradeRequirement::Any, "any"),
    ] {
        assert_eq!(grade.to_string(), text);
        assert_eq!(text.parse(), Ok(grade));
    }
    assert!("Gold".parse::<GradeRequirement>().is_err());
    let roles = Role::ALL.map(|role| role.to_string());
    let names = [
        "nea",
        "nes-agreement",
        "nes-assertion",
        "agent",
        "endpoint",
        "nba",
    ];
    assert_eq!(roles, names);
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
fn what_is_not_used_of_an_extension_has_its_form_all_the_same() {
    let read = |edit: &dyn Fn(&mut Cert)| {
        let mut trio = Trio::new();
        edit(&mut trio.leaf);
        fault(Certificate::from_der(&trio.leaf.signed_by(&trio.l2))).map(|(number, _)| number)
    };
    let policy = |qualifier: Vec<u8>| {
        let one = seq(&[&id(&[0x2a, 1]), &seq(&[&qualifier])]);
        read(&|leaf| leaf.set(POLICIES, false, &seq(&[&one])))
    };
    let cps = [0x2b, 6, 1, 5, 5, 7, 2, 1];
    assert_eq!(
        policy(seq(&[&id(&cps), &tlv(0x16, b"https://acme.example/")])),
        None
    );
    assert_eq!(
        policy(seq(&[&id(&cps)])),
        Some(101),
        "a qualifier without value"
    );
    let access = |description: Vec<u8>| {
        let id = [0x2b, 6, 1, 5, 5, 7, 1, 1];
        let extension = other_ext(&id, false, &seq(&[&description]));
        read(&|leaf| leaf.extensions.push(extension.clone()))
    };
    let ocsp = [0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    assert_eq!(
        access(seq(&[&id(&ocsp), &tlv(0x86, b"http://ocsp.example/")])),
        None
    );
    assert_eq!(
        access(seq(&[&id(&ocsp)])),
        Some(101),
        "an access without place"
    );
    let subject = |value: Vec<u8>| {
        let attribute = seq(&[&id(&[0x55, 4, 3]), &value]);
        read(&|leaf| leaf.subject = seq(&[&tlv(0x31, &attribute)]))
    };
    for tag in [0x16, 0x13, 0x1a] {
        assert_eq!(subject(tlv(tag, b"kiosk")), None);
        assert_eq!(
            subject(tlv(tag, b"kiosk \xfc")),
            Some(101),
            "not ASCII: {tag:#x}"
        );
    }
    assert_eq!(subject(tlv(0x12, b"47 11")), None);
    assert_eq!(subject(tlv(0x1e, b"\0k")), None);
    assert_eq!(subject(tlv(0x05, b"")), None);
    for (tag, value) in [
        (0x12, b"kiosk".as_slice()),
        (0x1e, b"abc"),
        (0x1c, b"abc"),
        (0x05, b"x"),
        (0x00, b""),
        (0x2c, b"\x0c\x01k"),
        (0x33, b"\x13\x01k"),
    ] {
        assert_eq!(subject(tlv(tag, value)), Some(101), "{tag:#x}");
    }
    let identifier = |value: &[u8]| read(&|leaf| leaf.unique = tlv(0x81, value));
    for value in [[0].as_slice(), &[0, 1], &[4, 0xf0], &[7, 0x80]] {
        assert_eq!(identifier(value), None, "{value:?}");
    }
    for value in [[].as_slice(), &[1], &[9, 1], &[4, 0xff], &[8, 0]] {
        assert_eq!(identifier(value), Some(101), "{value:?}");
    }
    let names = |value: &[u8]| read(&|leaf| leaf.set(SUBJECT_ALT_NAME, false, &tlv(0x30, value)));
    let other = |value: &[u8]| tlv(0xa0, &[id(&[0x2a, 3]), tlv(0xa0, value)].concat());
    assert_eq!(names(&other(b"\x0c\x01k")), None);
    // "value [0] EXPLICIT ANY": one element.
    for value in [b"".as_slice(), b"\x0c\x01k\x0c\x01k", b"\x0c", b"\x0c\x02k"] {
        assert_eq!(names(&other(value)), Some(101), "{value:?}");
    }
    for value in [b"".as_slice(), b"\xff\xff", &id(&[0x2a, 3])] {
        assert_eq!(names(&tlv(0xa0, value)), Some(101), "{value:?}");
    }
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

/// An L2 that signs a further L2 of its own name and another grade.
#[test]
fn no_ca_above_gives_a_grade_that_is_not_valid_there() {
    let root = Cert::root("Vendor Root", 1);
    let gold = policies(&[oid::GRADE_GOLD.content()]);
    let (other, any) = ([0x2a, 3, 4].as_slice(), [0x55, 0x1d, 0x20, 0].as_slice());
    let bronze = oid::GRADE_BRONZE.content();
    let judged = |of_root: &[&[u8]], of_l1: &[&[u8]]| {
        let stating = |mut cert: Cert, list: &[&[u8]]| {
            if !list.is_empty() {
                cert.set(POLICIES, true, &policies(list));
            }
            cert
        };
        let root = stating(root.clone(), of_root);
        let l1 = stating(Cert::ca("Acme NES L1 CA", 4, &root.subject, None), of_l1);
        let l2 = Cert::ca("Acme NES L2 CA", 2, &l1.subject, Some(0)).with(POLICIES, true, &gold);
        let leaf = Cert::end("kiosk", 3, &l2.subject).with(
            KEY_PURPOSES,
            false,
            &ids(&[oid::CLIENT_AUTH, oid::ROLE_NEA]),
        );
        let presented = [leaf.signed_by(&l2), l2.signed_by(&l1), l1.signed_by(&root)];
        let requirements = Requirements::new(GradeRequirement::Gold)
            .with_role(Role::Nea)
            .with_max_depth(2);
        fault(check(&[root.anchor()], &presented, NOW, &requirements))
    };
    for of_l1 in [
        &[][..],
        &[any],
        &[oid::GRADE_GOLD.content()],
        &[oid::GRADE_GOLD.content(), other],
    ] {
        assert_eq!(judged(&[], of_l1), None, "{of_l1:?}");
    }
    for of_l1 in [&[other][..], &[bronze], &[any, bronze]] {
        assert_eq!(judged(&[], of_l1), Some((14, Some(2))), "{of_l1:?}");
    }
    // RFC 5280, 6.1.1, asks nothing of an anchor's policies; but another grade alone is none of ours.
    for of_root in [
        &[][..],
        &[other],
        &[any],
        &[oid::GRADE_GOLD.content()],
        &[bronze, oid::GRADE_GOLD.content()],
    ] {
        assert_eq!(judged(of_root, &[]), None, "{of_root:?}");
    }
    assert_eq!(judged(&[bronze], &[]), Some((14, Some(3))));
}

#[test]
fn an_l2_cannot_give_a_grade_that_it_does_not_have() {
    let trio = Trio::new();
    let graded = |grade: &[u8]| {
        Cert::ca("Acme NES L2 CA", 4, &trio.l2.subject, Some(0)).with(
            POLICIES,
            false,
            &policies(&[grade]),
        )
    };
    let anchors = [trio.l1.anchor()];
    for (grade, wanted) in [
        (oid::GRADE_GOLD, GradeRequirement::Gold),
        (oid::GRADE_BRONZE, GradeRequirement::Bronze),
    ] {
        let raised = graded(grade.content());
        let presented = [
            trio.leaf.signed_by(&raised),
            raised.signed_by(&trio.l2),
            trio.l2.signed_by(&trio.l1),
        ];
        let requirements = Requirements::new(wanted).with_role(Role::Nea);
        let found = check(&anchors, &presented, NOW, &requirements);
        assert!(found.is_err(), "{wanted}: one L2 is allowed");
        let deep = requirements.with_max_depth(8);
        let found = fault(check(&anchors, &presented, NOW, &deep));
        let expected = (wanted == GradeRequirement::Gold).then_some((14, Some(2)));
        assert_eq!(found, expected, "{wanted}, with more depth");
    }
}

#[test]
fn what_is_presented_has_512_kib_at_most() {
    let trio = Trio::new();
    let mut presented = trio.presented();
    let honest: usize = presented.iter().map(Vec::len).sum();
    presented.extend([60_000; 8].map(|size| vec![0; size]));
    presented.push(vec![0; 512 * 1024 - honest - 8 * 60_000]);
    let found = |presented: &[Vec<u8>]| {
        let anchors = [trio.l1.anchor()];
        fault(check(&anchors, presented, NOW, &requirements()))
    };
    assert_eq!(found(&presented), None);
    presented.push(vec![0]);
    let error = check(&[trio.l1.anchor()], &presented, NOW, &requirements()).unwrap_err();
    let (found, limit) = (512 * 1024 + 1, 512 * 1024);
    assert_eq!(error.index(), None);
    assert_eq!(*error.fault(), Fault::TooLarge { found, limit });
}

/// "L2: CA, pathlen 0" (trust.md); where no grade is asked for, no L2 is.
#[test]
fn an_l2_has_a_path_length_of_zero() {
    for (stated, expected) in [
        (Some(0), None),
        (None, Some((133, Some(1)))),
        (Some(1), Some((133, Some(1)))),
    ] {
        let mut trio = Trio::new();
        trio.l2
            .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, stated));
        assert_eq!(fault(trio.check()), expected, "{stated:?}");
        assert_eq!(fault(trio.check_with(&any_path())), None, "{stated:?}");
        // An issuer that was kept for paths of any kind is no L2 for that.
        let leaf = trio.leaf.signed_by(&trio.l2);
        let issuer = trio.check_with(&any_path()).unwrap().into_issuer();
        let kept = issuer.verify_leaf(&RustCrypto, &leaf, NOW, &requirements());
        assert_eq!(fault(kept), expected, "{stated:?}");
    }
}

#[test]
fn a_leaf_has_one_role_and_a_terminal_two() {
    let outcome = |roles: &[Role], asked: Role| {
        let mut trio = Trio::new();
        let mut purposes = vec![oid::CLIENT_AUTH];
        purposes.extend(roles.iter().map(|role| role.oid()));
        trio.leaf.set(KEY_PURPOSES, false, &ids(&purposes));
        // digitalSignature and keyAgreement, so that every role could have the key.
        trio.leaf.set(KEY_USAGE, true, &tlv(0x03, &[3, 0x88]));
        fault(trio.check_with(&requirements().with_role(asked)))
    };
    let terminal = [Role::Nea, Role::Nba];
    for asked in Role::ALL {
        assert_eq!(outcome(&[asked], asked), None, "{asked}");
        for other in Role::ALL.into_iter().filter(|other| *other != asked) {
            let allowed = terminal.contains(&asked) && terminal.contains(&other);
            let expected = (!allowed).then_some((134, Some(0)));
            assert_eq!(outcome(&[asked, other], asked), expected, "{asked} {other}");
        }
        assert_eq!(outcome(&Role::ALL, asked), Some((134, Some(0))), "{asked}");
    }
}

/// Values whose type we do not know are in their one encoding as all others.
#[test]
fn unknown_values_in_names_are_der_too() {
    let malformed = Some((101, Some(0)));
    let attribute = |value: &[u8]| {
        let mut trio = Trio::new();
        let pair = seq(&[&id(&[0x2a, 3]), value]);
        trio.leaf.subject = tlv(0x30, &tlv(0x31, &pair));
        fault(trio.check())
    };
    for value in [
        tlv(0x01, &[0xff]),
        tlv(0x02, &[0x80]),
        tlv(0x1e, &[0, 0x61]),
        seq(&[&tlv(0x80, b"x"), &tlv(0x02, &[1])]),
    ] {
        assert_eq!(attribute(&value), None, "{value:02x?}");
    }
    for value in [
        tlv(0x01, &[0x01]),
        tlv(0x02, &[0, 0, 1]),
        tlv(0x1e, &[0xd8, 0]),
        tlv(0x30, &[0x80, 0x80]),
        (0..40).fold(vec![], |inner, _| tlv(0x30, &inner)),
    ] {
        assert_eq!(attribute(&value), malformed, "{value:02x?}");
    }
    let alternative = |name: &[u8]| {
        let mut trio = Trio::new();
        trio.leaf.set(SUBJECT_ALT_NAME, false, &seq(&[name]));
        fault(trio.check())
    };
    let other = |value: &[u8]| tlv(0xa0, &[id(&[0x2a, 3]), tlv(0xa0, value)].concat());
    let text = |tag| tlv(tag, &tlv(0x0c, b"x"));
    let country = tlv(0x61, &tlv(0x13, b"DE"));
    for name in [
        other(&tlv(0x0c, b"x")),
        tlv(0xa3, &seq(&[&country, &tlv(0x80, b"1")])),
        tlv(0xa5, &text(0xa1)),
        tlv(0xa5, &[text(0xa0), text(0xa1)].concat()),
    ] {
        assert_eq!(alternative(&name), None, "{name:02x?}");
    }
    for name in [
        other(&tlv(0x30, &[0x80, 1])),
        tlv(0xa3, &[0xff, 0xff]),
        tlv(0xa3, &country),
        tlv(0xa3, &seq(&[&tlv(0x61, &[0x13, 2, b'D'])])),
        tlv(0xa5, &[0xff]),
        tlv(0xa5, &text(0xa0)),
        tlv(0xa5, &tlv(0xa1, &tlv(0x0c, b""))),
        tlv(0xa5, &tlv(0xa1, &tlv(0x02, &[1]))),
        tlv(0xa5, &[text(0xa1), text(0xa1)].concat()),
    ] {
        assert_eq!(alternative(&name), malformed, "{name:02x?}");
    }
}
