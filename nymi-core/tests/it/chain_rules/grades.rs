//! Grades and roles (trust.md, Certificates).

use nymi_core::chain::oid;
use nymi_core::chain::{GradeRequirement, Requirements, Role};
use nymi_core::crypto::RustCrypto;

use crate::chain_writer::*;

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

/// Whoever allows CA certificates as leaves does not mean those with a role.
#[test]
fn a_leaf_with_a_role_is_no_ca() {
    let mut trio = Trio::new();
    trio.leaf = Cert::ca("CA", 0x21, &trio.l2.subject, None);
    trio.leaf.set(KEY_USAGE, true, &tlv(3, &[1, 0x86]));
    trio.leaf.set(
        KEY_PURPOSES,
        false,
        &ids(&[oid::CLIENT_AUTH, oid::ROLE_NEA]),
    );
    trio.l2.set(
        BASIC_CONSTRAINTS,
        true,
        &seq(&[&tlv(1, &[0xff]), &tlv(2, &[1])]),
    );
    let any = Requirements::new(GradeRequirement::Any);
    assert_eq!(fault(trio.check_with(&any)), Some((116, Some(0))));
    assert_eq!(fault(trio.check_with(&any.with_ca_leaf(true))), None);
    let role = any.with_ca_leaf(true).with_role(Role::Nea);
    assert_eq!(fault(trio.check_with(&role)), Some((116, Some(0))));
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
