//! Certificate policies: explicit policy, mappings, anyPolicy, and what inhibits them.

use crate::chain_writer::*;

const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
const P1: &[u8] = &[0x2a, 1];
const P2: &[u8] = &[0x2a, 2];
const P3: &[u8] = &[0x2a, 3];

/// requireExplicitPolicy and inhibitPolicyMapping.
fn limits(explicit: Option<u8>, mapping: Option<u8>) -> Vec<u8> {
    let number = |tag, count: Option<u8>| count.map_or(vec![], |count| tlv(tag, &[count]));
    seq(&[&number(0x80, explicit), &number(0x81, mapping)])
}

fn mappings(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let list: Vec<u8> = pairs
        .iter()
        .flat_map(|(from, to)| seq(&[&id(from), &id(to)]))
        .collect();
    tlv(0x30, &list)
}

/// Two CAs and a leaf below a root; each states these policies.
struct Path {
    root: Cert,
    upper: Cert,
    lower: Cert,
    leaf: Cert,
}

impl Path {
    fn new(upper: &[&[u8]], lower: &[&[u8]], leaf: &[&[u8]]) -> Self {
        let root = Cert::root("Root", 1);
        let mut path = Self {
            upper: Cert::ca("Upper", 2, &root.subject, None),
            lower: Cert::ca("Lower", 3, &cn("Upper"), None),
            leaf: Cert::end("leaf", 4, &cn("Lower")),
            root,
        };
        let parts = [
            (&mut path.upper, upper),
            (&mut path.lower, lower),
            (&mut path.leaf, leaf),
        ];
        for (certificate, stated) in parts {
            if !stated.is_empty() {
                certificate.set(POLICIES, false, &policies(stated));
            }
        }
        path
    }

    /// The upper CA requires a valid policy from the start.
    fn explicit(upper: &[&[u8]], lower: &[&[u8]], leaf: &[&[u8]]) -> Self {
        let mut path = Self::new(upper, lower, leaf);
        path.upper
            .set(POLICY_CONSTRAINTS, true, &limits(Some(0), None));
        path
    }

    fn verify(&self) -> Option<(u32, Option<usize>)> {
        let presented = [
            self.leaf.signed_by(&self.lower),
            self.lower.signed_by(&self.upper),
            self.upper.signed_by(&self.root),
        ];
        fault(check(&[self.root.anchor()], &presented, NOW, &any_path()))
    }
}

const POLICY: u32 = 123;

#[test]
fn without_a_requirement_any_policies_pass() {
    assert_eq!(Path::new(&[P1], &[P2], &[P3]).verify(), None);
    assert_eq!(Path::new(&[], &[], &[]).verify(), None);
}

#[test]
fn a_required_policy_must_run_through() {
    assert_eq!(Path::explicit(&[P1], &[P1], &[P1]).verify(), None);
    assert_eq!(Path::explicit(&[P1, P2], &[P2, P3], &[P2]).verify(), None);
    assert_eq!(
        Path::explicit(&[P1], &[P2], &[P2]).verify(),
        Some((POLICY, Some(1)))
    );
    assert_eq!(
        Path::explicit(&[P1], &[P1], &[P2]).verify(),
        Some((POLICY, Some(0)))
    );
    assert_eq!(
        Path::explicit(&[P1], &[], &[P1]).verify(),
        Some((POLICY, Some(1)))
    );
    assert_eq!(
        Path::explicit(&[P1], &[P1], &[]).verify(),
        Some((POLICY, Some(0)))
    );
}

#[test]
fn any_policy_stands_for_all() {
    assert_eq!(Path::explicit(&[ANY], &[P1], &[P1]).verify(), None);
    assert_eq!(Path::explicit(&[P1], &[ANY], &[P1]).verify(), None);
    assert_eq!(Path::explicit(&[P1], &[ANY], &[ANY]).verify(), None);
    assert_eq!(
        Path::explicit(&[P1], &[ANY], &[P2]).verify(),
        Some((POLICY, Some(0)))
    );
}

#[test]
fn any_policy_can_be_inhibited() {
    let mut path = Path::explicit(&[P1], &[ANY], &[P1]);
    path.upper.set(INHIBIT_ANY_POLICY, true, &tlv(2, &[0]));
    assert_eq!(path.verify(), Some((POLICY, Some(1))));
    path.upper.set(INHIBIT_ANY_POLICY, true, &tlv(2, &[1]));
    assert_eq!(path.verify(), None);
    let mut path = Path::explicit(&[P1], &[P1], &[ANY]);
    path.upper.set(INHIBIT_ANY_POLICY, true, &tlv(2, &[1]));
    assert_eq!(path.verify(), Some((POLICY, Some(0))));
}

#[test]
fn a_requirement_can_start_further_down() {
    let after = |count| {
        let mut path = Path::new(&[P1], &[P2], &[P2]);
        path.upper
            .set(POLICY_CONSTRAINTS, true, &limits(Some(count), None));
        path.verify()
    };
    assert_eq!(after(0), Some((POLICY, Some(1))));
    assert_eq!(after(1), Some((POLICY, Some(0))));
    // The last certificate counts one further down at the end (6.1.5 (a)).
    assert_eq!(after(2), Some((POLICY, Some(0))));
    assert_eq!(after(3), None);
    let mut path = Path::new(&[P1], &[P2], &[P3]);
    path.leaf
        .set(POLICY_CONSTRAINTS, true, &limits(Some(0), None));
    assert_eq!(
        path.verify(),
        Some((POLICY, Some(0))),
        "the leaf itself requires one"
    );
    let mut path = Path::new(&[P1], &[P2], &[P3]);
    path.root
        .set(POLICY_CONSTRAINTS, true, &limits(Some(0), None));
    assert_eq!(
        path.verify(),
        Some((POLICY, Some(1))),
        "the anchor requires one"
    );
}

#[test]
fn mappings_translate() {
    let mapped = |pairs: &[(&[u8], &[u8])], leaf: &[&[u8]]| {
        let mut path = Path::explicit(&[P1], &[P1], leaf);
        path.lower.set(POLICY_MAPPINGS, true, &mappings(pairs));
        path.verify()
    };
    assert_eq!(mapped(&[(P1, P2)], &[P2]), None);
    assert_eq!(mapped(&[(P1, P2)], &[P1]), Some((POLICY, Some(0))));
    assert_eq!(mapped(&[(P1, P2), (P1, P3)], &[P2]), None);
    assert_eq!(mapped(&[(P1, P2), (P1, P3)], &[P3]), None);
    assert_eq!(mapped(&[(P3, P2)], &[P2]), Some((POLICY, Some(0))));
    assert_eq!(mapped(&[(P1, ANY)], &[P1]), Some((POLICY, Some(1))));
    assert_eq!(mapped(&[(ANY, P1)], &[P1]), Some((POLICY, Some(1))));
}

#[test]
fn mappings_from_what_any_policy_stands_for() {
    let mut path = Path::explicit(&[ANY], &[ANY], &[P2]);
    path.lower
        .set(POLICY_MAPPINGS, true, &mappings(&[(P1, P2)]));
    assert_eq!(path.verify(), None);
}

#[test]
fn mappings_can_be_inhibited() {
    let inhibited = |count, leaf: &[&[u8]]| {
        let mut path = Path::explicit(&[P1, P3], &[P1, P3], leaf);
        path.upper
            .set(POLICY_CONSTRAINTS, true, &limits(Some(0), Some(count)));
        path.lower
            .set(POLICY_MAPPINGS, true, &mappings(&[(P1, P2)]));
        path.verify()
    };
    assert_eq!(inhibited(1, &[P2]), None);
    assert_eq!(inhibited(0, &[P2]), Some((POLICY, Some(0))));
    assert_eq!(
        inhibited(0, &[P1]),
        Some((POLICY, Some(0))),
        "a mapped policy is given up"
    );
    assert_eq!(inhibited(0, &[P3]), None);
}

#[test]
fn self_issued_certificates_do_not_count() {
    let root = Cert::root("Root", 1).with(INHIBIT_ANY_POLICY, true, &tlv(2, &[1]));
    let upper = Cert::ca("Upper", 2, &root.subject, None)
        .with(POLICIES, false, &policies(&[P1]))
        .with(POLICY_CONSTRAINTS, true, &limits(Some(0), None));
    let rollover =
        Cert::ca("Upper", 3, &upper.subject, None).with(POLICIES, false, &policies(&[ANY]));
    let leaf = |stated: &[u8]| {
        let leaf = Cert::end("leaf", 4, &upper.subject).with(POLICIES, false, &policies(&[stated]));
        let presented = [
            leaf.signed_by(&rollover),
            rollover.signed_by(&upper),
            upper.signed_by(&root),
        ];
        fault(check(&[root.anchor()], &presented, NOW, &any_path()))
    };
    assert_eq!(leaf(P1), None, "anyPolicy of a self-issued CA is heeded");
    assert_eq!(leaf(ANY), Some((POLICY, Some(0))));
}

#[test]
fn very_many_policies_take_bounded_work() {
    let many: Vec<[u8; 3]> = (0..2000u16)
        .map(|n| [0x2a, 0x81 + (n >> 7) as u8, (n & 0x7f) as u8])
        .collect();
    let stated: Vec<&[u8]> = many.iter().map(<[u8; 3]>::as_slice).collect();
    let path = Path::explicit(&stated, &stated, &[P1]);
    assert_eq!(path.verify().map(|(number, _)| number), Some(104));
}

#[test]
fn a_mapping_of_a_policy_that_is_not_there_maps_nothing() {
    let mut path = Path::explicit(&[P1], &[P2], &[P2]);
    path.upper
        .set(POLICY_MAPPINGS, true, &mappings(&[(P3, P2)]));
    assert_eq!(path.verify(), Some((POLICY, Some(1))));
    path.upper
        .set(POLICY_MAPPINGS, true, &mappings(&[(P1, P2)]));
    assert_eq!(path.verify(), None);
}

/// One valid policy is looked for among many in each certificate.
#[test]
fn very_many_policies_in_every_certificate_take_bounded_work() {
    let others: Vec<[u8; 3]> = (0..8999u16)
        .map(|n| [0x2a, 0x81 + (n >> 7) as u8, (n & 0x7f) as u8])
        .collect();
    let mut many: Vec<&[u8]> = others.iter().map(<[u8; 3]>::as_slice).collect();
    many.push(P1);
    let many = policies(&many);
    let root = Cert::root("Root", 1);
    let with = |count: u8| {
        let mut issuer = root.clone();
        let mut presented = vec![];
        for number in 0..=count {
            let mut ca = Cert::ca(&format!("CA {number}"), 2 + number, &issuer.subject, None);
            let stated = if number == 0 {
                policies(&[P1])
            } else {
                many.clone()
            };
            ca.set(POLICIES, false, &stated);
            presented.insert(0, ca.signed_by(&issuer));
            issuer = ca;
        }
        let requirements = any_path().with_ca_leaf(true);
        fault(check(&[root.anchor()], &presented, NOW, &requirements)).map(|(number, _)| number)
    };
    // 2 * 9001 comparisons each, and 100 000 in all.
    assert_eq!(with(5), None);
    assert_eq!(with(6), Some(104));
}
