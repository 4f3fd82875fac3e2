//! Certificate policies along a path (RFC 5280, 6.1.3 (d) to (f), 6.1.4 (a) and (b), as RFC 9618
//! has it).
//!
//! The graph is empty exactly if its lowest level is, and each level follows from the one above:
//! only the lowest is kept. Two nodes never share a policy, so a level has at most as many nodes as
//! the certificate has policies and mappings. Where only some policies are acceptable, each node also
//! knows the policies of the anchor's domain that it comes from (6.1.5 (g)).

use alloc::vec::Vec;

use super::certificate::Certificate;
use super::error::Fault;
use super::oid;
use super::policy_inputs::{PolicyId, PolicyInputs};
use super::work::Work;

const ANY: &[u8] = oid::ANY_POLICY.content();

/// A valid policy, and the policies that satisfy it in the next certificate.
struct Node<'a> {
    policy: &'a [u8],
    expected: Vec<&'a [u8]>,
    /// The policies below anyPolicy that lead here, or anyPolicy; empty where any policy is acceptable.
    origins: Vec<&'a [u8]>,
}

/// The policy state between two certificates of a path.
pub(crate) struct Policies<'a> {
    nodes: Vec<Node<'a>>,
    /// What the caller accepts; none: any policy.
    acceptable: Option<&'a [PolicyId]>,
    /// Certificates until a valid policy is required; 0: now.
    explicit: u32,
    /// Certificates until mappings are no longer followed.
    mapping: u32,
    /// Certificates until anyPolicy is no longer heeded.
    any: u32,
}

impl<'a> Policies<'a> {
    /// The state before the first of `length` certificates below the anchor (6.1.2). Constraints
    /// that the anchor states hold from there on (RFC 5937).
    pub(crate) fn new(anchor: &Certificate, length: usize, inputs: &PolicyInputs<'a>) -> Self {
        let none = u32::try_from(length + 1).unwrap_or(u32::MAX);
        let unless = |now| if now { 0 } else { none };
        let mut state = Self {
            nodes: Vec::new(),
            acceptable: inputs.acceptable(),
            explicit: unless(inputs.explicit),
            mapping: unless(inputs.mapping_inhibited),
            any: unless(inputs.any_inhibited),
        };
        state.nodes.push(Node {
            policy: ANY,
            expected: alloc::vec![ANY],
            origins: state.first_origin(ANY),
        });
        state.constrain(anchor);
        state
    }

    /// 6.1.3 (d) to (f) for one certificate.
    pub(crate) fn enter(
        &mut self,
        certificate: &'a Certificate,
        is_leaf: bool,
        work: &mut Work,
    ) -> Result<(), Fault> {
        match &certificate.extensions.policies {
            None => self.nodes.clear(),
            Some(spans) if !self.nodes.is_empty() => {
                let stated: Vec<&[u8]> =
                    spans.iter().map(|span| certificate.bytes(*span)).collect();
                let any = self.any > 0 || !is_leaf && certificate.is_self_issued();
                self.descend(&stated, any, work)?;
            }
            Some(_) => {}
        }
        self.require()
    }

    fn descend(&mut self, stated: &[&'a [u8]], any: bool, work: &mut Work) -> Result<(), Fault> {
        let expected: usize = self.nodes.iter().map(|node| node.expected.len()).sum();
        work.compare((1 + stated.len()).saturating_mul(expected + 1))?;
        let has_any = self.nodes.iter().any(|node| node.policy == ANY);
        let expects =
            |policy: &&'a [u8]| self.nodes.iter().any(|node| node.expected.contains(policy));
        let mut next: Vec<&[u8]> = stated
            .iter()
            .copied()
            .filter(|policy| *policy != ANY && (expects(policy) || has_any))
            .collect();
        if any && stated.contains(&ANY) {
            let open = self.nodes.iter().flat_map(|node| &node.expected).copied();
            next.extend(open);
            next.sort_unstable();
            next.dedup();
        }
        if self.acceptable.is_some() {
            work.compare(next.len().saturating_mul(expected + self.known_origins()))?;
        }
        self.nodes = next
            .into_iter()
            .map(|policy| Node {
                policy,
                expected: alloc::vec![policy],
                origins: self.origins(policy),
            })
            .collect();
        Ok(())
    }

    /// What a policy comes from that is right below anyPolicy.
    fn first_origin(&self, policy: &'a [u8]) -> Vec<&'a [u8]> {
        match self.acceptable {
            Some(_) => alloc::vec![policy],
            None => Vec::new(),
        }
    }

    /// What a policy of the next level comes from: all that expect it, or else anyPolicy.
    fn origins(&self, policy: &'a [u8]) -> Vec<&'a [u8]> {
        if self.acceptable.is_none() {
            return Vec::new();
        }
        let parents = self
            .nodes
            .iter()
            .filter(|node| node.expected.contains(&policy));
        let mut origins: Vec<_> = parents.flat_map(|node| &node.origins).copied().collect();
        if origins.is_empty() {
            return self.first_origin(policy);
        }
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    fn known_origins(&self) -> usize {
        self.nodes.iter().map(|node| node.origins.len()).sum()
    }

    fn require(&self) -> Result<(), Fault> {
        if self.explicit == 0 && self.nodes.is_empty() {
            Err(Fault::Policy)
        } else {
            Ok(())
        }
    }

    /// 6.1.4 (a), (b), (h), (i) and (j): what a CA hands down.
    pub(crate) fn hand_down(&mut self, ca: &'a Certificate, work: &mut Work) -> Result<(), Fault> {
        self.follow_mappings(ca, work)?;
        if !ca.is_self_issued() {
            self.explicit = self.explicit.saturating_sub(1);
            self.mapping = self.mapping.saturating_sub(1);
            self.any = self.any.saturating_sub(1);
        }
        self.constrain(ca);
        Ok(())
    }

    fn constrain(&mut self, ca: &Certificate) {
        if let Some(constraints) = ca.extensions.policy_constraints {
            self.explicit = self
                .explicit
                .min(constraints.require_explicit.unwrap_or(u32::MAX));
            self.mapping = self
                .mapping
                .min(constraints.inhibit_mapping.unwrap_or(u32::MAX));
        }
        self.any = self
            .any
            .min(ca.extensions.inhibit_any_policy.unwrap_or(u32::MAX));
    }

    fn follow_mappings(&mut self, ca: &'a Certificate, work: &mut Work) -> Result<(), Fault> {
        let stated = &ca.extensions.policy_mappings;
        work.compare(stated.len().saturating_mul(self.nodes.len() + 1))?;
        let mut mappings: Vec<(&[u8], &[u8])> = stated
            .iter()
            .map(|(issuer, subject)| (ca.bytes(*issuer), ca.bytes(*subject)))
            .collect();
        if mappings
            .iter()
            .any(|(issuer, subject)| *issuer == ANY || *subject == ANY)
        {
            return Err(Fault::Policy);
        }
        mappings.sort_unstable();
        mappings.dedup();
        let had_any = self.nodes.iter().any(|node| node.policy == ANY);
        // Nodes made here are of other groups: nobody looks among them.
        let known = self.nodes.len();
        for group in mappings.chunk_by(|one, other| one.0 == other.0) {
            let issuer = group[0].0;
            if self.mapping == 0 {
                self.nodes.retain(|node| node.policy != issuer);
                continue;
            }
            let expected = group.iter().map(|(_, subject)| *subject).collect();
            let mut nodes = self.nodes.iter_mut().take(known);
            match nodes.find(|node| node.policy == issuer) {
                Some(node) => node.expected = expected,
                None if had_any => {
                    let origins = self.first_origin(issuer);
                    self.nodes.push(Node {
                        policy: issuer,
                        expected,
                        origins,
                    });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// 6.1.5 (a), (b) and (g), after the leaf was entered.
    pub(crate) fn finish(&mut self, leaf: &Certificate, work: &mut Work) -> Result<(), Fault> {
        self.explicit = self.explicit.saturating_sub(1);
        let constraints = leaf.extensions.policy_constraints;
        if constraints.is_some_and(|constraints| constraints.require_explicit == Some(0)) {
            self.explicit = 0;
        }
        self.require()?;
        match self.acceptable {
            Some(acceptable) if self.explicit == 0 => self.require_one_of(acceptable, work),
            _ => Ok(()),
        }
    }

    /// 6.1.5 (g): the user-constrained-policy-set is not empty. A path that is valid for any policy is valid
    /// for each of these.
    fn require_one_of(&self, acceptable: &[PolicyId], work: &mut Work) -> Result<(), Fault> {
        let mut origins = self.nodes.iter().flat_map(|node| &node.origins);
        work.compare(self.known_origins().saturating_mul(acceptable.len()))?;
        let is_acceptable = |origin: &&[u8]| {
            acceptable
                .iter()
                .any(|one| *origin == ANY || one.content() == *origin)
        };
        if origins.any(is_acceptable) {
            Ok(())
        } else {
            Err(Fault::Policy)
        }
    }
}
