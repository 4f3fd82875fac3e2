//! For every rule a chain that breaks this rule alone.

use nymi_core::chain::oid;

use crate::chain_writer::*;

type Break = fn(&mut Trio);

/// (what, number, index, how to break the chain)
const BROKEN: &[(&str, u32, usize, Break)] = &[
    // Validity: 6.1.3 (a)(2), of the anchor too.
    ("leaf expired", 29, 0, |trio| {
        trio.leaf.not_after = utc("260513082959Z")
    }),
    ("L2 expired", 29, 1, |trio| {
        trio.l2.not_after = utc("260513082959Z")
    }),
    ("L1 expired", 29, 2, |trio| {
        trio.l1.not_after = utc("260513082959Z")
    }),
    ("leaf not yet", 29, 0, |trio| {
        trio.leaf.not_before = utc("260513083001Z")
    }),
    ("L2 not yet", 29, 1, |trio| {
        trio.l2.not_before = utc("260513083001Z")
    }),
    ("L1 not yet", 29, 2, |trio| {
        trio.l1.not_before = utc("260513083001Z")
    }),
    // Keys are points on P-256 (SEC 1, 3.2.2.1), that of the leaf too, which signs nothing here.
    ("leaf's key off the curve", 101, 0, |trio| {
        *trio.leaf.spki.last_mut().unwrap() ^= 1;
    }),
    ("L2's key off the curve", 101, 1, |trio| {
        *trio.l2.spki.last_mut().unwrap() ^= 1;
    }),
    // Grade of L2.
    ("no grade", 14, 1, |trio| trio.l2.remove(POLICIES)),
    ("gold", 14, 1, |trio| {
        trio.l2
            .set(POLICIES, false, &policies(&[oid::GRADE_GOLD.content()]));
    }),
    ("both grades", 14, 1, |trio| {
        let both = [oid::GRADE_GOLD.content(), oid::GRADE_BRONZE.content()];
        trio.l2.set(POLICIES, false, &policies(&both));
    }),
    // Purpose of the leaf.
    ("another role", 114, 0, |trio| {
        trio.leaf.set(
            KEY_PURPOSES,
            false,
            &ids(&[oid::CLIENT_AUTH, oid::ROLE_AGENT]),
        );
    }),
    ("no clientAuth", 114, 0, |trio| {
        trio.leaf.set(KEY_PURPOSES, false, &ids(&[oid::ROLE_NEA]));
    }),
    ("no key purposes", 114, 0, |trio| {
        trio.leaf.remove(KEY_PURPOSES)
    }),
    ("L2 for agents alone", 114, 1, |trio| {
        trio.l2.set(
            KEY_PURPOSES,
            false,
            &ids(&[oid::CLIENT_AUTH, oid::ROLE_AGENT]),
        );
    }),
    ("L1 for servers alone", 114, 2, |trio| {
        trio.l1.set(KEY_PURPOSES, false, &ids(&[oid::SERVER_AUTH]));
    }),
    ("leaf may not sign", 113, 0, |trio| {
        trio.leaf.set(KEY_USAGE, true, &tlv(3, &[3, 8]))
    }),
    ("leaf has no key usage", 113, 0, |trio| {
        trio.leaf.remove(KEY_USAGE)
    }),
    ("leaf is a CA", 116, 0, |trio| {
        trio.leaf
            .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, None));
    }),
    ("leaf may sign certificates", 128, 0, |trio| {
        trio.leaf.set(KEY_USAGE, true, &tlv(3, &[2, 0x84]));
    }),
    ("leaf constrains names", 128, 0, |trio| {
        let base = tlv(0xa0, &seq(&[&tlv(0x82, b"example.com")]));
        trio.leaf.set(NAME_CONSTRAINTS, true, &seq(&[&base]));
    }),
    // CAs: 6.1.4 (k) to (n).
    ("L2 has no basicConstraints", 110, 1, |trio| {
        trio.l2.remove(BASIC_CONSTRAINTS)
    }),
    ("L2 is no CA", 110, 1, |trio| {
        trio.l2
            .set(BASIC_CONSTRAINTS, true, &basic_constraints(false, None));
    }),
    ("L1 is no CA", 110, 2, |trio| {
        trio.l1.remove(BASIC_CONSTRAINTS)
    }),
    ("L2 may not sign certificates", 113, 1, |trio| {
        trio.l2.set(KEY_USAGE, true, &tlv(3, &[1, 2]));
    }),
    ("L2 has no key usage", 113, 1, |trio| {
        trio.l2.remove(KEY_USAGE)
    }),
    ("L1 may not sign certificates", 113, 2, |trio| {
        trio.l1.set(KEY_USAGE, true, &tlv(3, &[1, 2]));
    }),
    ("L1 allows no CA below it", 111, 2, |trio| {
        trio.l1
            .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, Some(0)));
    }),
    // Signatures, algorithms, names.
    ("leaf signed by another key", 106, 0, |trio| {
        trio.l2.spki = Trio::new().l1.spki
    }),
    ("leaf with SHA-384", 107, 0, |trio| {
        trio.leaf.algorithms(ECDSA_SHA384)
    }),
    ("L2 with SHA-384", 107, 1, |trio| {
        trio.l2.algorithms(ECDSA_SHA384)
    }),
    ("algorithm with parameters", 107, 0, |trio| {
        let with_null = seq(&[&id(ECDSA_SHA256), &tlv(5, &[])]);
        trio.leaf.inner_algorithm = with_null.clone();
        trio.leaf.outer_algorithm = with_null;
    }),
    ("inner algorithm differs", 109, 0, |trio| {
        trio.leaf.inner_algorithm = seq(&[&id(ECDSA_SHA384)]);
    }),
    ("leaf with a P-384 key", 108, 0, |trio| {
        trio.leaf.spki = p384_key()
    }),
    ("L2 with a P-384 key", 108, 1, |trio| {
        trio.l2.spki = p384_key()
    }),
    ("leaf with a compressed key", 108, 0, |trio| {
        let mut key = trio.leaf.spki.clone();
        key.truncate(59);
        (key[1], key[24], key[26]) = (57, 34, 2);
        trio.leaf.spki = key;
    }),
    ("leaf of an unknown issuer", 105, 0, |trio| {
        trio.leaf.issuer = cn("Acme NES L3 CA")
    }),
    ("L2 of an unknown issuer", 105, 1, |trio| {
        trio.l2.issuer = cn("Other NES L1 CA")
    }),
    ("leaf without issuer", 130, 0, |trio| {
        trio.leaf.issuer = seq(&[])
    }),
    ("leaf without any name", 128, 0, |trio| {
        trio.leaf.subject = seq(&[])
    }),
    ("leaf whose only name is not critical", 128, 0, |trio| {
        trio.leaf.subject = seq(&[]);
        trio.leaf.set(
            SUBJECT_ALT_NAME,
            false,
            &seq(&[&tlv(0x82, b"kiosk.example")]),
        );
    }),
    // Fields.
    ("version 1", 120, 0, |trio| trio.leaf.version = vec![]),
    ("version 1 written out", 120, 0, |trio| {
        trio.leaf.version = tlv(0xa0, &tlv(2, &[0]))
    }),
    ("version 2", 120, 0, |trio| {
        trio.leaf.version = tlv(0xa0, &tlv(2, &[1]))
    }),
    ("version 4", 120, 0, |trio| {
        trio.leaf.version = tlv(0xa0, &tlv(2, &[3]))
    }),
    ("serial 0", 119, 0, |trio| trio.leaf.serial = vec![0]),
    ("negative serial", 119, 0, |trio| {
        trio.leaf.serial = vec![0x80]
    }),
    ("serial of 21 octets", 119, 0, |trio| {
        trio.leaf.serial = vec![1; 21]
    }),
    ("serial not minimal", 101, 0, |trio| {
        trio.leaf.serial = vec![0, 1]
    }),
    ("L2 with serial 0", 119, 1, |trio| trio.l2.serial = vec![0]),
    ("time without seconds", 101, 0, |trio| {
        trio.leaf.not_after = utc("2701010000Z")
    }),
    ("time with an offset", 101, 0, |trio| {
        trio.leaf.not_after = utc("270101000000+0000")
    }),
    ("time with a fraction", 101, 0, |trio| {
        trio.leaf.not_after = tlv(0x18, b"20270101000000.5Z");
    }),
    ("a month 13", 101, 0, |trio| {
        trio.leaf.not_after = utc("271301000000Z")
    }),
    ("bytes after the extensions", 101, 0, |trio| {
        trio.leaf.tail = tlv(5, &[])
    }),
    ("unsorted set in a name", 101, 0, |trio| {
        let [o, ou] = [10, 11].map(|kind| seq(&[&id(&[0x55, 4, kind]), &tlv(12, b"x")]));
        trio.leaf.subject = seq(&[&tlv(0x31, &[ou, o].concat())]);
    }),
    // Extensions.
    ("unknown critical extension", 117, 0, |trio| {
        trio.leaf.set(99, true, &[])
    }),
    ("unknown critical extension of L2", 117, 1, |trio| {
        trio.l2.set(99, true, &[])
    }),
    ("the same extension twice", 118, 0, |trio| {
        trio.leaf
            .extensions
            .push(ext(KEY_USAGE, true, &tlv(3, &[7, 0x80])));
    }),
    ("the same unknown extension twice", 118, 0, |trio| {
        trio.leaf
            .extensions
            .extend([ext(99, false, &[]), ext(99, false, &[])]);
    }),
    ("critical FALSE written out", 101, 0, |trio| {
        trio.leaf.extensions[1].critical = vec![1, 1, 0];
    }),
    ("critical neither FF nor 00", 101, 0, |trio| {
        trio.leaf.extensions[0].critical = vec![1, 1, 1];
    }),
    ("bytes after an extension's value", 101, 0, |trio| {
        trio.leaf.extensions[0].value.push(0);
    }),
    ("key usage without a bit", 101, 0, |trio| {
        trio.leaf.set(KEY_USAGE, true, &tlv(3, &[0]))
    }),
    ("key usage not minimal", 101, 0, |trio| {
        trio.leaf.set(KEY_USAGE, true, &tlv(3, &[6, 0x80]));
    }),
    ("path length without CA", 101, 0, |trio| {
        trio.leaf
            .set(BASIC_CONSTRAINTS, true, &basic_constraints(false, Some(0)));
    }),
    ("negative path length", 101, 1, |trio| {
        let value = seq(&[&[1, 1, 0xff], &tlv(2, &[0xff])]);
        trio.l2.set(BASIC_CONSTRAINTS, true, &value);
    }),
    ("no purpose in key purposes", 101, 0, |trio| {
        trio.leaf.set(KEY_PURPOSES, false, &seq(&[]))
    }),
    ("no alternative name", 101, 0, |trio| {
        trio.leaf.set(SUBJECT_ALT_NAME, false, &seq(&[]))
    }),
    ("address of 5 octets", 101, 0, |trio| {
        trio.leaf
            .set(SUBJECT_ALT_NAME, false, &seq(&[&tlv(0x87, &[1; 5])]));
    }),
    ("host name that is not ASCII", 101, 0, |trio| {
        trio.leaf.set(
            SUBJECT_ALT_NAME,
            false,
            &seq(&[&tlv(0x82, "ü.example".as_bytes())]),
        );
    }),
    ("no constraint in name constraints", 101, 1, |trio| {
        trio.l2.set(NAME_CONSTRAINTS, true, &seq(&[]));
    }),
    ("no subtree among the permitted", 101, 1, |trio| {
        trio.l2
            .set(NAME_CONSTRAINTS, true, &seq(&[&tlv(0xa0, &[])]));
    }),
    ("subtree with a maximum", 101, 1, |trio| {
        let subtree = seq(&[&tlv(0x82, b"example"), &tlv(0x81, &[3])]);
        trio.l2
            .set(NAME_CONSTRAINTS, true, &seq(&[&tlv(0xa1, &subtree)]));
    }),
    ("policy twice", 101, 1, |trio| {
        let twice = [oid::GRADE_BRONZE.content(), oid::GRADE_BRONZE.content()];
        trio.l2.set(POLICIES, false, &policies(&twice));
    }),
    ("empty policy constraints", 101, 1, |trio| {
        trio.l2.set(POLICY_CONSTRAINTS, true, &seq(&[]));
    }),
    ("critical key identifier", 101, 0, |trio| {
        trio.leaf.set(SUBJECT_KEY_ID, true, &octets(&[1]));
    }),
    ("critical authority key identifier", 101, 0, |trio| {
        trio.leaf
            .set(AUTHORITY_KEY_ID, true, &seq(&[&tlv(0x80, &[1])]));
    }),
    (
        "issuer without serial number in authority key identifier",
        101,
        0,
        |trio| {
            let issuer = tlv(0xa1, &tlv(0xa4, &cn("x")));
            trio.leaf
                .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[1]), &issuer]));
        },
    ),
    ("critical information access", 101, 0, |trio| {
        let access = seq(&[&id(&[0x2a, 3]), &tlv(0x86, b"http://x.example")]);
        let value = seq(&[&access]);
        trio.leaf
            .extensions
            .push(other_ext(&[0x2b, 6, 1, 5, 5, 7, 1, 1], true, &value));
    }),
    ("empty information access", 101, 0, |trio| {
        let value = seq(&[]);
        trio.leaf
            .extensions
            .push(other_ext(&[0x2b, 6, 1, 5, 5, 7, 1, 1], false, &value));
    }),
];

fn p384_key() -> Vec<u8> {
    let algorithm = seq(&[
        &id(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        &id(&[0x2b, 0x81, 4, 0, 0x22]),
    ]);
    let mut point = vec![0, 4];
    point.extend([7; 96]);
    seq(&[&algorithm, &tlv(3, &point)])
}

#[test]
fn every_rule_is_broken_by_a_case_of_its_own() {
    for (what, number, index, break_it) in BROKEN {
        let mut trio = Trio::new();
        break_it(&mut trio);
        assert_eq!(fault(trio.check()), Some((*number, Some(*index))), "{what}");
    }
}

#[test]
fn what_looks_unusual_but_is_allowed() {
    let allowed: &[(&str, Break)] = &[
        ("last second of the validity", |trio| {
            trio.leaf.not_after = utc("260513083000Z")
        }),
        ("first second of the validity", |trio| {
            trio.leaf.not_before = utc("260513083000Z")
        }),
        ("GeneralizedTime before 2050", |trio| {
            trio.leaf.not_after = tlv(0x18, b"20270101000000Z")
        }),
        ("GeneralizedTime after 2050", |trio| {
            trio.leaf.not_after = tlv(0x18, b"29990101000000Z")
        }),
        ("serial of 20 octets", |trio| {
            trio.leaf.serial = vec![0x7f; 20]
        }),
        ("unknown extension", |trio| {
            trio.leaf.set(99, false, &[1, 2, 3])
        }),
        ("unique identifiers", |trio| {
            trio.leaf.unique = [tlv(0x81, &[0, 1]), tlv(0x82, &[0])].concat()
        }),
        ("leaf named by a critical alternative name alone", |trio| {
            trio.leaf.subject = seq(&[]);
            trio.leaf.set(
                SUBJECT_ALT_NAME,
                true,
                &seq(&[&tlv(0x82, b"kiosk.example")]),
            );
        }),
        ("name of the issuer in other case and string type", |trio| {
            let name = tlv(0x13, b"ACME  nes l2 CA ");
            trio.leaf.issuer = seq(&[&tlv(0x31, &seq(&[&id(&[0x55, 4, 3]), &name]))]);
        }),
        ("L2 for any purpose", |trio| {
            trio.l2
                .set(KEY_PURPOSES, false, &seq(&[&id(&[0x55, 0x1d, 0x25, 0])]));
        }),
        ("L1 that allows one CA", |trio| {
            trio.l1
                .set(BASIC_CONSTRAINTS, true, &basic_constraints(true, Some(1)));
        }),
        ("further roles", |trio| {
            let purposes = [oid::CLIENT_AUTH, oid::ROLE_NEA, oid::ROLE_NBA];
            trio.leaf.set(KEY_PURPOSES, true, &ids(&purposes));
        }),
    ];
    for (what, change) in allowed {
        let mut trio = Trio::new();
        change(&mut trio);
        assert_eq!(fault(trio.check()), None, "{what}");
    }
}

#[test]
fn an_authority_key_identifier_is_not_empty() {
    let with = |key: &[u8]| {
        let mut trio = Trio::new();
        trio.leaf
            .set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, key)]));
        fault(trio.check())
    };
    assert_eq!(with(&[1]), None);
    assert_eq!(with(&[]), Some((101, Some(0))));
}
