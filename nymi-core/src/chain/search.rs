//! Building a path from the leaf to an anchor over intermediates in any order.
//!
//! Depth first, the most promising issuer first: anchors before intermediates, certificates that
//! are sound on their own before others, those with the key identifier that the child names before
//! others. A name that fits and a signature that verifies make an edge; a path that reaches an anchor
//! is held to all rules ([`path`](mod@super::path)), and the search goes on if it breaks one. Faults of a
//! complete path say more than those of the search, so they are reported first. Signatures are
//! remembered, and a budget bounds the whole ([`Work`]).

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::OnceCell;

use super::certificate::{Certificate, SubjectKey};
use super::conforming;
use super::error::Fault;
use super::name::{self, Canonical};
use super::path::{self, Link, Report};
use super::requirements::{Profile, Requirements};
use super::revocation::List;
use super::work::Work;
use crate::UnixMillis;
use crate::crypto::SignatureVerifier;

/// The longest path in certificates, self-issued ones included.
const LONGEST_PATH: usize = 16;

/// A certificate that may be part of a path.
pub(crate) struct Node {
    pub(crate) link: Link,
    pub(crate) is_anchor: bool,
    subject: OnceCell<Canonical>,
}

impl Node {
    pub(crate) const fn new(link: Link, is_anchor: bool) -> Self {
        Self {
            link,
            is_anchor,
            subject: OnceCell::new(),
        }
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.link.certificate
    }

    fn subject(&self) -> &Canonical {
        self.subject
            .get_or_init(|| name::canonical(self.certificate().subject_der()))
    }

    /// The same key under the same name: a path does not go through it twice (RFC 4158, 2.4.2).
    fn is_same_entity(&self, other: &Self) -> bool {
        let (one, another) = (self.certificate(), other.certificate());
        one.spki_der() == another.spki_der()
            && name::compare(one.subject_der(), another.subject_der())
                .unwrap_or_else(|| self.subject() == other.subject())
    }
}

/// What a path must lead to.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'a> {
    pub(crate) requirements: Requirements<'a>,
    /// The one anchor that counts; none: any.
    pub(crate) anchor: Option<usize>,
}

/// Faults of the search, and of complete paths.
#[derive(Default)]
pub(crate) struct Reports {
    pub(crate) complete: Report,
    pub(crate) partial: Report,
}

/// A CRL's signature that was verified before: the digest of the CRL and the key.
pub(crate) type KnownCrl = ([u8; 32], [u8; 65]);

/// One verification under way.
pub(crate) struct Search<'a> {
    pub(crate) provider: &'a dyn SignatureVerifier,
    pub(crate) nodes: Vec<Node>,
    pub(crate) at: UnixMillis,
    pub(crate) work: Work,
    /// For each certificate, whose name is that of its issuer: found when first asked for.
    named: Vec<Option<Vec<usize>>>,
    /// Whether the first is signed by the second.
    edges: BTreeMap<(usize, usize), bool>,
    /// Whether a CRL is signed by a node.
    pub(crate) crl_edges: BTreeMap<(usize, usize), bool>,
    /// What was found out about the CRLs, by their place.
    pub(crate) lists: BTreeMap<usize, Rc<List>>,
    /// The delta CRL for a complete one and its signer.
    pub(crate) deltas: BTreeMap<(usize, usize), Option<usize>>,
    pub(crate) known_crls: &'a [KnownCrl],
    /// Nodes whose revocation status is being decided.
    pub(crate) deciding: Vec<usize>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        provider: &'a dyn SignatureVerifier,
        nodes: Vec<Node>,
        at: UnixMillis,
        known_crls: &'a [KnownCrl],
    ) -> Self {
        Self {
            provider,
            named: alloc::vec![None; nodes.len()],
            nodes,
            at,
            work: Work::new(),
            edges: BTreeMap::new(),
            crl_edges: BTreeMap::new(),
            lists: BTreeMap::new(),
            deltas: BTreeMap::new(),
            known_crls,
            deciding: Vec::new(),
        }
    }

    pub(crate) fn certificate(&self, node: usize) -> Arc<Certificate> {
        Arc::clone(&self.nodes[node].link.certificate)
    }

    /// Certificates outside the path with whose keys revocation lists verified.
    pub(crate) fn list_signers(&self, path: &[usize]) -> impl Iterator<Item = usize> {
        let mut signers: Vec<usize> = self
            .crl_edges
            .iter()
            .filter(|(_, signed)| **signed)
            .map(|((_, node), _)| *node)
            .filter(|node| !path.contains(node))
            .collect();
        signers.sort_unstable();
        signers.dedup();
        signers.into_iter()
    }

    /// A path that leads from an anchor to the leaf and fulfils the goal, anchor first.
    pub(crate) fn find(
        &mut self,
        leaf: usize,
        goal: &Goal<'_>,
        reports: &mut Reports,
    ) -> Option<Vec<usize>> {
        let mut path = alloc::vec![leaf];
        match self.extend(&mut path, goal, reports) {
            Ok(found) => found,
            Err(fault) => {
                reports.partial.add(None, fault);
                None
            }
        }
    }

    /// Extends a path (leaf first) upwards; an error ends the whole search.
    fn extend(
        &mut self,
        path: &mut Vec<usize>,
        goal: &Goal<'_>,
        reports: &mut Reports,
    ) -> Result<Option<Vec<usize>>, Fault> {
        self.work.step()?;
        let Some(&child) = path.last() else {
            return Ok(None);
        };
        let issuers = self.issuers(child, path, goal)?;
        if issuers.is_empty() {
            let fault = if path.len() + 1 < LONGEST_PATH {
                let issuer = name::display(self.nodes[child].certificate().issuer_der());
                Fault::UnknownIssuer { issuer }
            } else {
                Fault::TooDeep {
                    limit: goal.requirements.max_depth,
                    found: path.len() - 1,
                }
            };
            reports.partial.add(self.index(child), fault);
        }
        for issuer in issuers {
            if !self.check_edge(child, issuer, reports)? {
                continue;
            }
            path.push(issuer);
            let found = if self.nodes[issuer].is_anchor {
                self.complete(path, goal, &mut reports.complete)
            } else {
                self.extend(path, goal, reports)?
            };
            path.pop();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn index(&self, node: usize) -> Option<usize> {
        Some(self.nodes[node].link.index)
    }

    /// Who may have issued a certificate, the most promising first.
    fn issuers(
        &mut self,
        child: usize,
        path: &[usize],
        goal: &Goal<'_>,
    ) -> Result<Vec<usize>, Fault> {
        let named = match self.named[child].take() {
            Some(named) => named,
            None => self.named_as(self.certificate(child).issuer_der(), Some(child))?,
        };
        let below = &self.nodes[child];
        let mut issuers: Vec<(u8, usize)> = Vec::new();
        for position in named.iter().copied() {
            let node = &self.nodes[position];
            let fits = if node.is_anchor {
                goal.anchor.is_none_or(|anchor| anchor == position)
            } else {
                path.len() + 1 < LONGEST_PATH && position != path[0]
            };
            if fits {
                let passed = |passed: &usize| self.nodes[*passed].is_same_entity(node);
                if node.is_anchor || !path.iter().any(passed) {
                    issuers.push((self.penalty(node, below), position));
                }
            }
        }
        issuers.sort_unstable();
        self.named[child] = Some(named);
        Ok(issuers.into_iter().map(|(_, position)| position).collect())
    }

    /// The certificates with this subject. Where it is the issuer of a node, that node is named, and nobody
    /// asks again whether it issued itself.
    pub(crate) fn named_as(
        &mut self,
        name: &[u8],
        issuer_of: Option<usize>,
    ) -> Result<Vec<usize>, Fault> {
        let mut prepared: Option<Canonical> = None;
        let mut found = Vec::new();
        for (position, node) in self.nodes.iter().enumerate() {
            if issuer_of == Some(position) {
                found.extend(node.certificate().is_self_issued().then_some(position));
                continue;
            }
            let subject = node.certificate().subject_der();
            self.work.compare_names(subject.len(), name.len())?;
            let same = match name::compare(subject, name) {
                Some(same) => same,
                None => {
                    if prepared.is_none() {
                        self.work.prepare_name(name.len())?;
                    }
                    let name = prepared.get_or_insert_with(|| name::canonical(name));
                    node.subject() == name
                }
            };
            if same {
                found.push(position);
            }
        }
        Ok(found)
    }

    fn penalty(&self, issuer: &Node, child: &Node) -> u8 {
        let certificate = issuer.certificate();
        let sound = path::check_issuer(certificate).is_ok() && certificate.is_valid_at(self.at);
        let named = child.certificate().extensions.authority_key;
        let other_key = match (named, certificate.extensions.subject_key) {
            (Some(named), Some(key)) => child.certificate().bytes(named) != certificate.bytes(key),
            _ => false,
        };
        4 * u8::from(!issuer.is_anchor) + 2 * u8::from(!sound) + u8::from(other_key)
    }

    /// Whether the child's signature verifies with the issuer's key.
    pub(crate) fn check_edge(
        &mut self,
        child: usize,
        issuer: usize,
        reports: &mut Reports,
    ) -> Result<bool, Fault> {
        let certificate = self.certificate(child);
        if let Err(found) = certificate.signed.check_supported(certificate.der()) {
            reports
                .partial
                .add(self.index(child), Fault::UnsupportedSignature { found });
            return Ok(false);
        }
        let signer = self.certificate(issuer);
        let key = match &signer.key {
            SubjectKey::P256(key) => key,
            SubjectKey::Other(found) => {
                let found = found.clone();
                reports
                    .partial
                    .add(self.index(issuer), Fault::UnsupportedKey { found });
                return Ok(false);
            }
        };
        let known = self.edges.get(&(child, issuer)).copied();
        let signed = match known {
            Some(signed) => signed,
            None => {
                self.work.signature()?;
                let (message, signature) = certificate.signature();
                self.provider.verify_der(key, message, signature).is_ok()
            }
        };
        self.edges.insert((child, issuer), signed);
        if !signed {
            reports.partial.add(self.index(child), Fault::BadSignature);
        }
        Ok(signed)
    }

    /// Holds a complete path (leaf first) to the rules.
    pub(crate) fn complete(
        &mut self,
        path: &[usize],
        goal: &Goal<'_>,
        report: &mut Report,
    ) -> Option<Vec<usize>> {
        if let Err(fault) = self.work.steps(path.len()) {
            report.add(None, fault);
            return None;
        }
        let path: Vec<usize> = path.iter().rev().copied().collect();
        let links: Vec<Link> = path
            .iter()
            .map(|node| self.nodes[*node].link.clone())
            .collect();
        let mut faults = Report::default();
        path::check(
            &links,
            self.at,
            &goal.requirements,
            &mut self.work,
            &mut faults,
        );
        if goal.requirements.profile == Profile::Conforming {
            self.check_self_signed(path[0], &mut faults);
        }
        if !faults.is_no_path() {
            self.check_revocation(&path, goal, &mut faults);
        }
        let passed = faults.is_empty();
        report.merge(faults);
        passed.then_some(path)
    }

    /// Key identifiers of a self-signed anchor; a self-issued one that another key signed may well
    /// name that key.
    fn check_self_signed(&mut self, anchor: usize, faults: &mut Report) {
        let certificate = self.certificate(anchor);
        if !certificate.is_self_issued() || !conforming::identifiers_differ(&certificate) {
            return;
        }
        if let Ok(true) = self.check_edge(anchor, anchor, &mut Reports::default()) {
            let rule = "the key identifiers of a self-signed certificate are the same (4.2.1.1)";
            faults.add(self.index(anchor), Fault::NotConforming { rule });
        }
    }
}
