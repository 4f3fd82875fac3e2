//! Certificate policies against the tree of RFC 5280, 6.1.2 to 6.1.5, as it is written there: slow and obvious.

use nymi_core::chain::{PolicyId, PolicyInputs};
use proptest::prelude::*;

use crate::chain_policies::{limits, mappings};
use crate::chain_writer::*;

/// anyPolicy and three others.
const IDS: [&[u8]; 4] = [
    &[0x55, 0x1d, 0x20, 0x00],
    &[0x2a, 1],
    &[0x2a, 2],
    &[0x2a, 3],
];
const ANY: usize = 0;

#[derive(Clone, Debug, Default)]
struct Stated {
    policies: Option<Vec<usize>>,
    mappings: Vec<(usize, usize)>,
    explicit: Option<u8>,
    inhibit_mapping: Option<u8>,
    inhibit_any: Option<u8>,
    is_self_issued: bool,
}

#[derive(Clone, Debug)]
struct Asked {
    acceptable: Option<Vec<usize>>,
    explicit: bool,
    mapping_inhibited: bool,
    any_inhibited: bool,
}

/// A node of the valid_policy_tree.
#[derive(Clone, Debug)]
struct Node {
    depth: usize,
    policy: usize,
    expected: Vec<usize>,
    parent: usize,
    is_there: bool,
}

struct Tree(Vec<Node>);

impl Tree {
    fn new() -> Self {
        let root = Node {
            depth: 0,
            policy: ANY,
            expected: vec![ANY],
            parent: 0,
            is_there: true,
        };
        Self(vec![root])
    }

    fn at(&self, depth: usize) -> Vec<usize> {
        let is_at = |node: &Node| node.is_there && node.depth == depth;
        (0..self.0.len())
            .filter(|index| is_at(&self.0[*index]))
            .collect()
    }

    fn add(&mut self, parent: usize, policy: usize, expected: Vec<usize>) {
        let depth = self.0[parent].depth + 1;
        self.0.push(Node {
            depth,
            policy,
            expected,
            parent,
            is_there: true,
        });
    }

    fn has_child(&self, parent: usize) -> bool {
        (1..self.0.len()).any(|index| self.0[index].is_there && self.0[index].parent == parent)
    }

    /// Nodes above `depth` without children go, as often as there are any.
    fn prune(&mut self, depth: usize) {
        for above in (0..depth).rev() {
            for index in self.at(above) {
                self.0[index].is_there = self.has_child(index);
            }
        }
    }

    fn remove_below(&mut self, index: usize) {
        self.0[index].is_there = false;
        for child in index + 1..self.0.len() {
            if self.0[child].parent == index && self.0[child].is_there {
                self.remove_below(child);
            }
        }
    }

    fn is_null(&self) -> bool {
        !self.0[0].is_there
    }

    fn clear(&mut self) {
        self.0[0].is_there = false;
        self.0.iter_mut().for_each(|node| node.is_there = false);
    }

    /// 6.1.3 (d).
    fn enter(&mut self, depth: usize, policies: &[usize], any: bool) {
        let above = self.at(depth - 1);
        for policy in policies.iter().copied().filter(|policy| *policy != ANY) {
            let mut matched = false;
            for parent in &above {
                if self.0[*parent].expected.contains(&policy) {
                    matched = true;
                    self.add(*parent, policy, vec![policy]);
                }
            }
            if !matched
                && let Some(any) = above.iter().find(|parent| self.0[**parent].policy == ANY)
            {
                self.add(*any, policy, vec![policy]);
            }
        }
        if any && policies.contains(&ANY) {
            for parent in &above {
                for policy in self.0[*parent].expected.clone() {
                    let is_child = |node: &Node| {
                        node.depth == depth && node.parent == *parent && node.policy == policy
                    };
                    if !self.0.iter().any(is_child) {
                        self.add(*parent, policy, vec![policy]);
                    }
                }
            }
        }
        self.prune(depth);
    }

    /// 6.1.4 (b).
    fn follow(&mut self, depth: usize, mappings: &[(usize, usize)], allowed: bool) {
        let mut from: Vec<usize> = mappings.iter().map(|pair| pair.0).collect();
        from.sort_unstable();
        from.dedup();
        let here = self.at(depth);
        for issuer in from {
            let same: Vec<usize> = here
                .iter()
                .copied()
                .filter(|index| self.0[*index].policy == issuer)
                .collect();
            if !allowed {
                same.iter()
                    .for_each(|index| self.0[*index].is_there = false);
                self.prune(depth);
                continue;
            }
            let to: Vec<usize> = mappings
                .iter()
                .filter(|pair| pair.0 == issuer)
                .map(|pair| pair.1)
                .collect();
            for index in &same {
                self.0[*index].expected.clone_from(&to);
            }
            if same.is_empty()
                && let Some(any) = here.iter().find(|index| self.0[**index].policy == ANY)
            {
                self.add(self.0[*any].parent, issuer, to);
            }
        }
    }

    /// 6.1.5 (g) (iii), with the leaf at `depth`.
    fn intersect(&mut self, depth: usize, acceptable: &[usize]) {
        let mut right_below: Vec<usize> = (1..self.0.len())
            .filter(|index| self.0[*index].is_there && self.0[self.0[*index].parent].policy == ANY)
            .collect();
        for index in right_below.clone() {
            let policy = self.0[index].policy;
            if policy != ANY && !acceptable.contains(&policy) {
                self.remove_below(index);
            }
        }
        right_below.retain(|index| self.0[*index].is_there);
        let open = self
            .at(depth)
            .into_iter()
            .find(|index| self.0[*index].policy == ANY);
        if let Some(open) = open {
            for policy in acceptable {
                if !right_below
                    .iter()
                    .any(|index| self.0[*index].policy == *policy)
                {
                    self.add(self.0[open].parent, *policy, vec![*policy]);
                }
            }
            self.0[open].is_there = false;
        }
        self.prune(depth);
    }
}

/// Whether the path is valid as far as policies go.
fn is_valid(path: &[Stated], asked: &Asked) -> bool {
    let length = path.len();
    let unless = |now: bool| if now { 0 } else { length + 1 };
    let mut explicit = unless(asked.explicit);
    let mut mapping = unless(asked.mapping_inhibited);
    let mut any = unless(asked.any_inhibited);
    let mut tree = Tree::new();
    for (position, stated) in path.iter().enumerate() {
        let depth = position + 1;
        let is_leaf = depth == length;
        match &stated.policies {
            Some(policies) if !tree.is_null() => {
                tree.enter(
                    depth,
                    policies,
                    any > 0 || !is_leaf && stated.is_self_issued,
                );
            }
            Some(_) => {}
            None => tree.clear(),
        }
        if explicit == 0 && tree.is_null() {
            return false;
        }
        if is_leaf {
            explicit = explicit.saturating_sub(1);
            if stated.explicit == Some(0) {
                explicit = 0;
            }
            continue;
        }
        if !tree.is_null() {
            tree.follow(depth, &stated.mappings, mapping > 0);
        }
        if !stated.is_self_issued {
            explicit = explicit.saturating_sub(1);
            mapping = mapping.saturating_sub(1);
            any = any.saturating_sub(1);
        }
        let least =
            |now: usize, count: Option<u8>| count.map_or(now, |count| now.min(count.into()));
        explicit = least(explicit, stated.explicit);
        mapping = least(mapping, stated.inhibit_mapping);
        any = least(any, stated.inhibit_any);
    }
    if let Some(acceptable) = asked
        .acceptable
        .as_ref()
        .filter(|list| !list.contains(&ANY))
        && !tree.is_null()
    {
        tree.intersect(length, acceptable);
    }
    explicit > 0 || !tree.is_null()
}

fn stated(is_leaf: bool) -> impl Strategy<Value = Stated> {
    let policies = prop::option::weighted(
        0.95,
        prop::sample::subsequence(vec![0, 1, 2, 3], 1..=4).prop_shuffle(),
    );
    let pairs =
        prop::collection::btree_set((1usize..4, 1usize..4), if is_leaf { 0..1 } else { 0..4 });
    let count = |often: f64| prop::option::weighted(often, 0u8..3);
    (
        policies,
        pairs,
        count(0.3),
        count(0.15),
        count(0.15),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            move |(policies, pairs, explicit, inhibit_mapping, inhibit_any, is_self_issued)| {
                Stated {
                    policies,
                    mappings: pairs.into_iter().collect(),
                    explicit,
                    inhibit_mapping,
                    inhibit_any: inhibit_any.filter(|_| !is_leaf),
                    is_self_issued: is_self_issued && !is_leaf,
                }
            },
        )
}

fn asked() -> impl Strategy<Value = Asked> {
    let acceptable =
        prop::option::weighted(0.8, prop::sample::subsequence(vec![1, 2, 3, 0], 0..=3));
    (
        acceptable,
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(acceptable, explicit, mapping_inhibited, any_inhibited)| Asked {
                acceptable,
                explicit,
                mapping_inhibited,
                any_inhibited,
            },
        )
}

fn verified(path: &[Stated], asked: &Asked) -> Option<u32> {
    let root = Cert::root("Root", 1);
    let mut issuer = root.clone();
    let mut presented = vec![];
    for (position, stated) in path.iter().enumerate() {
        let number = 2 + u8::try_from(position).unwrap();
        let mut certificate = if position + 1 == path.len() {
            Cert::end("leaf", number, &issuer.subject)
        } else {
            Cert::ca(&format!("CA {number}"), number, &issuer.subject, None)
        };
        if stated.is_self_issued {
            certificate.subject.clone_from(&issuer.subject);
        }
        if let Some(list) = &stated.policies {
            let list: Vec<&[u8]> = list.iter().map(|policy| IDS[*policy]).collect();
            certificate.set(POLICIES, false, &policies(&list));
        }
        if !stated.mappings.is_empty() {
            let pairs: Vec<_> = stated
                .mappings
                .iter()
                .map(|(from, to)| (IDS[*from], IDS[*to]))
                .collect();
            certificate.set(POLICY_MAPPINGS, true, &mappings(&pairs));
        }
        if stated.explicit.is_some() || stated.inhibit_mapping.is_some() {
            certificate.set(
                POLICY_CONSTRAINTS,
                true,
                &limits(stated.explicit, stated.inhibit_mapping),
            );
        }
        if let Some(count) = stated.inhibit_any {
            certificate.set(INHIBIT_ANY_POLICY, true, &tlv(2, &[count]));
        }
        presented.insert(0, certificate.signed_by(&issuer));
        issuer = certificate;
    }
    let names = ["2.5.29.32.0", "1.2.1", "1.2.2", "1.2.3"];
    let acceptable: Option<Vec<PolicyId>> = asked.acceptable.as_ref().map(|list| {
        list.iter()
            .map(|policy| names[*policy].parse().unwrap())
            .collect()
    });
    let mut inputs = PolicyInputs::new()
        .with_explicit(asked.explicit)
        .with_mapping_inhibited(asked.mapping_inhibited)
        .with_any_inhibited(asked.any_inhibited);
    if let Some(list) = &acceptable {
        inputs = inputs.with_acceptable(list);
    }
    let requirements = any_path().with_policies(inputs);
    fault(check(&[root.anchor()], &presented, NOW, &requirements)).map(|(number, _)| number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn policies_are_as_in_the_tree_of_rfc_5280(
        (path, asked) in (0usize..4).prop_flat_map(|cas| (prop::collection::vec(stated(false), cas), stated(true), asked()))
            .prop_map(|(mut path, leaf, asked)| { path.push(leaf); (path, asked) })
    ) {
        let expected = if is_valid(&path, &asked) { None } else { Some(123) };
        prop_assert_eq!(verified(&path, &asked), expected);
    }
}
