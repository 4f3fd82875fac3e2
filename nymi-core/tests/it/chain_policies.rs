//! Certificate policies: explicit policy, mappings, anyPolicy, and what inhibits them.

use nymi_core::chain::{PolicyId, PolicyInputs};

use crate::chain_writer::*;

const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
const P1: &[u8] = &[0x2a, 1];
const P2: &[u8] = &[0x2a, 2];
const P3: &[u8] = &[0x2a, 3];
/// The same in dotted form.
const DOTTED: [&str; 3] = ["1.2.1", "1.2.2", "1.2.3"];
const LEAF: Option<(u32, Option<usize>)> = Some((POLICY, Some(0)));

/// requireExplicitPolicy and inhibitPolicyMapping.
pub(crate) fn limits(explicit: Option<u8>, mapping: Option<u8>) -> Vec<u8> {
    let number = |tag, count: Option<u8>| count.map_or(vec![], |count| tlv(tag, &[count]));
    seq(&[&number(0x80, explicit), &number(0x81, mapping)])
}

pub(crate) fn mappings(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
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
        self.verify_for(PolicyInputs::new())
    }

    /// For a caller that accepts these alone, and requires one.
    fn verify_for_one_of(&self, acceptable: &[&str]) -> Option<(u32, Option<usize>)> {
        let acceptable: Vec<PolicyId> = acceptable.iter().map(|id| id.parse().unwrap()).collect();
        let inputs = PolicyInputs::new().with_acceptable(&acceptable);
        self.verify_for(inputs.with_explicit(true))
    }

    fn verify_for(&self, inputs: PolicyInputs<'_>) -> Option<(u32, Option<usize>)> {
        let presented = [
            self.leaf.signed_by(&self.lower),
            self.lower.signed_by(&self.upper),
            self.upper.signed_by(&self.root),
        ];
        let requirements = any_path().with_policies(inputs);
        fault(check(&[self.root.anchor()], &presented, NOW, &requirements))
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

#[test]
fn a_caller_can_require_a_policy() {
    let required = PolicyInputs::new().with_explicit(true);
    let verify = |path: Path| path.verify_for(required);
    assert_eq!(verify(Path::new(&[P1], &[P1], &[P1])), None);
    assert_eq!(
        verify(Path::new(&[P1], &[P2], &[P2])),
        Some((POLICY, Some(1)))
    );
    assert_eq!(verify(Path::new(&[], &[], &[])), Some((POLICY, Some(2))));
}

#[test]
fn a_caller_can_say_which_policies_will_do() {
    let [one, two, three] = DOTTED;
    let path = Path::new(&[P1, P2], &[P1, P2], &[P1]);
    assert_eq!(path.verify_for_one_of(&[one]), None);
    assert_eq!(path.verify_for_one_of(&[three, two, one]), None);
    assert_eq!(path.verify_for_one_of(&[two]), LEAF);
    assert_eq!(path.verify_for_one_of(&[]), LEAF, "none will do");
    assert_eq!(
        path.verify_for_one_of(&[two, "2.5.29.32.0"]),
        None,
        "anyPolicy"
    );

    let acceptable = [two.parse().unwrap()];
    let inputs = PolicyInputs::new().with_acceptable(&acceptable);
    assert_eq!(path.verify_for(inputs), None, "nobody requires one");
    let requiring = Path::explicit(&[P1], &[P1], &[P1]);
    assert_eq!(requiring.verify_for(inputs), LEAF, "a certificate does");
}

#[test]
fn any_policy_stands_for_what_the_caller_accepts() {
    let [one, two, _] = DOTTED;
    assert_eq!(
        Path::new(&[ANY], &[ANY], &[ANY]).verify_for_one_of(&[one]),
        None
    );
    assert_eq!(
        Path::new(&[ANY], &[ANY], &[ANY]).verify_for_one_of(&[]),
        LEAF
    );
    for path in [
        Path::new(&[ANY], &[ANY], &[P1]),
        Path::new(&[ANY], &[P1], &[ANY]),
        Path::new(&[P1], &[ANY], &[ANY]),
        Path::new(&[P1, ANY], &[P1], &[P1]),
    ] {
        assert_eq!(path.verify_for_one_of(&[one]), None);
        assert_eq!(path.verify_for_one_of(&[two]), LEAF);
    }
    let path = Path::new(&[ANY], &[P1], &[P1]);
    let inputs = PolicyInputs::new()
        .with_explicit(true)
        .with_any_inhibited(true);
    assert_eq!(path.verify_for(inputs), Some((POLICY, Some(2))));
}

#[test]
fn the_policies_that_will_do_are_those_of_the_anchors_domain() {
    let [one, two, three] = DOTTED;
    let mapped = |stated: &[u8], pairs: &[(&[u8], &[u8])]| {
        let mut path = Path::new(&[stated, P2], &[P3], &[P3]);
        path.upper.set(POLICY_MAPPINGS, true, &mappings(pairs));
        path
    };
    let path = mapped(P1, &[(P1, P3)]);
    assert_eq!(path.verify_for_one_of(&[one]), None);
    assert_eq!(path.verify_for_one_of(&[two]), LEAF);
    assert_eq!(path.verify_for_one_of(&[three]), LEAF);
    let from_any = mapped(ANY, &[(P1, P3)]);
    assert_eq!(from_any.verify_for_one_of(&[one]), None);
    assert_eq!(from_any.verify_for_one_of(&[three]), LEAF);
    let of_both = mapped(P1, &[(P1, P3), (P2, P3)]);
    assert_eq!(of_both.verify_for_one_of(&[one]), None);
    assert_eq!(of_both.verify_for_one_of(&[two]), None);

    let inputs = PolicyInputs::new()
        .with_explicit(true)
        .with_mapping_inhibited(true);
    assert_eq!(path.verify_for(inputs), Some((POLICY, Some(1))));
}

/// Each of many policies comes from each of many others.
#[test]
fn very_many_acceptable_policies_take_bounded_work() {
    let many: Vec<[u8; 3]> = (0..320u16)
        .map(|n| [0x2a, 0x81 + (n >> 7) as u8, (n & 0x7f) as u8])
        .collect();
    let stated: Vec<&[u8]> = many.iter().map(<[u8; 3]>::as_slice).collect();
    let path = Path::new(&[ANY], &stated[..100], &stated[..100]);
    let ids: Vec<String> = (0..2000).map(|number| format!("1.3.{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(path.verify_for_one_of(&ids[..100]), LEAF);
    assert_eq!(
        path.verify_for_one_of(&ids).map(|(number, _)| number),
        Some(104)
    );
    let mut path = Path::new(&stated[..200], &[P1], &[P1]);
    let pairs: Vec<(&[u8], &[u8])> = stated[..200].iter().map(|from| (*from, P1)).collect();
    path.upper.set(POLICY_MAPPINGS, true, &mappings(&pairs));
    assert_eq!(path.verify_for_one_of(&ids[..100]), LEAF);
    assert_eq!(
        path.verify_for_one_of(&ids[..400])
            .map(|(number, _)| number),
        Some(104)
    );
    // Each of ten is mapped to each of these.
    let web = |count: usize| {
        let (from, to) = (&stated[..10], &stated[100..100 + count]);
        let mut path = Path::new(from, to, to);
        let pairs = from
            .iter()
            .flat_map(|from| to.iter().map(|to| (*from, *to)));
        let pairs: Vec<(&[u8], &[u8])> = pairs.collect();
        path.upper.set(POLICY_MAPPINGS, true, &mappings(&pairs));
        path.verify_for_one_of(&["1.2.128"])
            .map(|(number, _)| number)
    };
    assert_eq!(web(40), None);
    assert_eq!(web(60), Some(104));
    // One is mapped to all of these, and then all are valid.
    let fan = |count: usize| {
        let mut path = Path::new(&[P1], &[ANY], &stated[..1]);
        let pairs: Vec<(&[u8], &[u8])> = stated[..count].iter().map(|to| (P1, *to)).collect();
        path.upper.set(POLICY_MAPPINGS, true, &mappings(&pairs));
        path.verify_for_one_of(&["1.2.1"]).map(|(number, _)| number)
    };
    assert_eq!(fan(200), None);
    assert_eq!(fan(320), Some(104));
}
