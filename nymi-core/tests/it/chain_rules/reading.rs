//! How certificates are read, and what the conforming profile asks for.

use nymi_core::chain::{Certificate, Fault, Profile, TrustAnchor};

use crate::chain_writer::*;

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
