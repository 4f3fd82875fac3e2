//! Verification: from presented certificates to a verified chain.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::anchor::TrustAnchor;
use super::certificate::Certificate;
use super::crl::Crl;
use super::error::{ChainError, Fault, FoundGrade};
use super::name;
use super::path::{self, Link, Report};
use super::requirements::{Grade, Requirements};
use super::search::{Goal, KnownCrl, Node, Reports, Search};
use crate::UnixMillis;
use crate::crypto::{PublicKey, SignatureVerifier};

/// More certificates than anyone presents.
const MAX_PRESENTED: usize = 128;

/// How many octets they may have together; honest chains have a few thousand.
const MAX_PRESENTED_SIZE: usize = 512 * 1024;

/// A chain that leads from an anchor to the leaf and met the requirements. Only validation makes one.
#[derive(Clone, Debug)]
pub struct VerifiedChain {
    /// Anchor first, leaf last; at least these two.
    path: Vec<Arc<Certificate>>,
    leaf: Arc<Certificate>,
    issuer: Arc<Certificate>,
    anchor: Arc<Certificate>,
    key: PublicKey,
    /// Presented certificates outside the path that signed revocation lists.
    list_signers: Vec<Arc<Certificate>>,
}

impl VerifiedChain {
    /// From the certificates of a path, anchor first.
    fn new(search: &Search<'_>, nodes: &[usize]) -> Option<Self> {
        let path: Vec<_> = nodes.iter().map(|node| search.certificate(*node)).collect();
        let [anchor, below @ ..] = path.as_slice() else {
            return None;
        };
        let (leaf, intermediates) = below.split_last()?;
        let (leaf, anchor) = (Arc::clone(leaf), Arc::clone(anchor));
        let issuer = Arc::clone(intermediates.last().unwrap_or(&anchor));
        Some(Self {
            list_signers: search
                .list_signers(nodes)
                .map(|node| search.certificate(node))
                .collect(),
            key: *leaf.public_key()?,
            leaf,
            issuer,
            anchor,
            path,
        })
    }

    /// The leaf.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// The certificate that issued the leaf: L2.
    pub fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    /// The anchor that the chain leads to: L1.
    pub fn anchor(&self) -> &Certificate {
        &self.anchor
    }

    /// The whole chain, anchor first and leaf last.
    pub fn path(&self) -> &[Arc<Certificate>] {
        &self.path
    }

    /// The public key of the leaf.
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The grade that L2 states; none if it states none or both.
    pub fn grade(&self) -> Option<Grade> {
        match path::found_grade(self.issuer()) {
            FoundGrade::One(grade) => Some(grade),
            FoundGrade::None | FoundGrade::Both => None,
        }
    }

    /// Keeps the validated part above the leaf, for further leaves of the same L2.
    pub fn into_issuer(self) -> VerifiedIssuer {
        let mut above = self.path;
        above.pop();
        VerifiedIssuer {
            issuer: self.issuer,
            above,
            list_signers: self.list_signers,
            known_crls: Vec::new(),
        }
    }
}

/// A validated issuer that was kept: many leaves under one L2 cost one signature each.
///
/// The signatures above the leaf are not verified again. Everything else is held to the rules anew
/// each time: validity, revocation, names, policies, purposes.
///
/// ```
/// # macro_rules! example {
/// #     ($name:literal) => {
/// #         include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/enterprise/", $name))
/// #     };
/// # }
/// use nymi_core::UnixMillis;
/// use nymi_core::chain::{Certificate, Crl, GradeRequirement, Requirements, Role, TrustAnchor, verify};
/// use nymi_core::crypto::RustCrypto;
///
/// let anchors = [TrustAnchor::from_pem(example!("l1.pem"))?];
/// let [first, second, l2] = [example!("mes.pem"), example!("kiosk.pem"), example!("l2.pem")]
///     .map(|text| Certificate::from_pem(text).unwrap());
/// let now: UnixMillis = "2026-05-13T08:30:00.000Z".parse()?;
/// let requirements = Requirements::new(GradeRequirement::Gold).with_role(Role::Nea);
/// let presented = [first.der(), l2.der()];
/// let mut issuer = verify(&RustCrypto, &anchors, &presented, now, &requirements)?.into_issuer();
/// assert!(issuer.verify_leaf(&RustCrypto, second.der(), now, &requirements).is_ok());
///
/// // L2's list, verified once, refuses that leaf from now on.
/// let crls = Crl::from_pem(example!("crl.pem"))?;
/// issuer.remember_crls(&RustCrypto, &crls);
/// let current = requirements.with_crls(&crls);
/// let error = issuer.verify_leaf(&RustCrypto, second.der(), now, &current).unwrap_err();
/// assert_eq!(error.number(), 124);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedIssuer {
    issuer: Arc<Certificate>,
    /// Anchor first, this issuer last.
    above: Vec<Arc<Certificate>>,
    /// Certificates outside the path that signed revocation lists when it was verified.
    list_signers: Vec<Arc<Certificate>>,
    known_crls: Vec<KnownCrl>,
}

impl VerifiedIssuer {
    /// The certificate that issues the leaves: L2.
    pub fn certificate(&self) -> &Certificate {
        &self.issuer
    }

    /// Verifies the signatures of these lists once, so that they cost nothing when the same lists
    /// are given with a leaf. Whether they are current is checked with each leaf. Lists that this
    /// issuer did not sign are passed over.
    pub fn remember_crls(&mut self, provider: &dyn SignatureVerifier, crls: &[Crl]) {
        self.known_crls.clear();
        let Some(key) = self.certificate().public_key().copied() else {
            return;
        };
        for crl in crls {
            let (message, signature) = crl.signature();
            if provider.verify_der(&key, message, signature).is_ok() {
                self.known_crls
                    .push((*crl.digest(), *key.as_uncompressed()));
            }
        }
    }

    /// Verifies a leaf that this issuer signed. Indices of errors: 0 is the leaf, 1 this issuer,
    /// and so on up to the anchor.
    ///
    /// # Errors
    /// As of [`verify()`]; a leaf of another issuer is 105, never searched for.
    pub fn verify_leaf(
        &self,
        provider: &dyn SignatureVerifier,
        leaf: &[u8],
        at: UnixMillis,
        requirements: &Requirements<'_>,
    ) -> Result<VerifiedChain, ChainError> {
        let leaf = Arc::new(read_leaf(leaf)?);
        let nodes: Vec<Node> = core::iter::once(&leaf)
            .chain(self.above.iter().rev())
            .chain(&self.list_signers)
            .enumerate()
            .map(|(index, certificate)| {
                let link = Link {
                    certificate: Arc::clone(certificate),
                    index,
                };
                Node::new(link, index == self.above.len())
            })
            .collect();
        let path: Vec<usize> = (0..=self.above.len()).collect();
        let mut search = Search::new(provider, nodes, at, &self.known_crls);
        let goal = Goal {
            requirements: *requirements,
            anchor: None,
        };
        let mut reports = Reports::default();
        if !name::equal(self.issuer.subject_der(), leaf.issuer_der()) {
            let issuer = name::display(leaf.issuer_der());
            return Err(ChainError::new(Some(0), Fault::UnknownIssuer { issuer }));
        }
        let found = match search.check_edge(0, 1, &mut reports) {
            Ok(true) => search.complete(&path, &goal, &mut reports.complete),
            Ok(false) => None,
            Err(fault) => return Err(ChainError::new(None, fault)),
        };
        outcome(&search, found.as_deref(), reports)
    }
}

/// Verifies the chain of a presented leaf to one of the anchors at this moment.
///
/// `presented` holds the leaf first, then intermediates in any order. The anchor may be among them,
/// as may certificates that do not belong to the chain: they are passed over. Nothing is trusted
/// that does not lead to an anchor by signatures that `provider` verifies.
///
/// # Errors
/// The fault of the best path that says most to an operator; the table is [`FAULTS`](super::FAULTS).
///
/// ```
/// # macro_rules! example {
/// #     ($name:literal) => {
/// #         include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/enterprise/", $name))
/// #     };
/// # }
/// use nymi_core::UnixMillis;
/// use nymi_core::chain::{GradeRequirement, Requirements, Role, TrustAnchor, pem, verify};
/// use nymi_core::crypto::RustCrypto;
///
/// let anchors = [TrustAnchor::from_pem(example!("l1.pem"))?];
/// let leaf = pem::decode(example!("mes.pem"), "CERTIFICATE")?.remove(0);
/// let l2 = pem::decode(example!("l2.pem"), "CERTIFICATE")?.remove(0);
/// let now: UnixMillis = "2026-05-13T08:30:00.000Z".parse()?;
///
/// let requirements = Requirements::new(GradeRequirement::Gold).with_role(Role::Nea);
/// let chain = verify(&RustCrypto, &anchors, &[&leaf, &l2], now, &requirements)?;
/// assert_eq!(chain.leaf().subject_cn(), Some("mes"));
/// assert_eq!(chain.path().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    provider: &dyn SignatureVerifier,
    anchors: &[TrustAnchor],
    presented: &[&[u8]],
    at: UnixMillis,
    requirements: &Requirements<'_>,
) -> Result<VerifiedChain, ChainError> {
    let refuse = |index, fault| Err(ChainError::new(index, fault));
    let Some((leaf, intermediates)) = presented.split_first() else {
        return refuse(None, Fault::Missing);
    };
    if anchors.is_empty() {
        return refuse(None, Fault::NoAnchor);
    }
    if presented.len() > MAX_PRESENTED {
        return refuse(
            None,
            Fault::TooMany {
                found: presented.len(),
                limit: MAX_PRESENTED,
            },
        );
    }
    let size = presented.iter().map(|der| der.len()).sum();
    if size > MAX_PRESENTED_SIZE {
        return refuse(
            None,
            Fault::TooLarge {
                found: size,
                limit: MAX_PRESENTED_SIZE,
            },
        );
    }
    if anchors.iter().any(|anchor| anchor.der() == *leaf) {
        return refuse(Some(0), Fault::LeafIsAnchor);
    }
    let leaf = Arc::new(read_leaf(leaf)?);
    let mut nodes = alloc::vec![Node::new(
        Link {
            certificate: leaf,
            index: 0
        },
        false
    )];
    let mut reports = Reports::default();
    take_intermediates(&mut nodes, anchors, intermediates, &mut reports.partial);
    for anchor in anchors {
        let copy = presented.iter().position(|der| *der == anchor.der());
        let index = copy.unwrap_or(presented.len());
        nodes.push(Node::new(
            Link {
                certificate: anchor.shared(),
                index,
            },
            true,
        ));
    }
    let mut search = Search::new(provider, nodes, at, &[]);
    let goal = Goal {
        requirements: *requirements,
        anchor: None,
    };
    let found = search.find(0, &goal, &mut reports);
    outcome(&search, found.as_deref(), reports)
}

fn read_leaf(der: &[u8]) -> Result<Certificate, ChainError> {
    Certificate::parse(der).map_err(|fault| ChainError::new(Some(0), fault))
}

/// Intermediates that can be read; one that cannot is to blame only if no path is found without it.
fn take_intermediates(
    nodes: &mut Vec<Node>,
    anchors: &[TrustAnchor],
    presented: &[&[u8]],
    report: &mut Report,
) {
    for (position, der) in presented.iter().enumerate() {
        let index = position + 1;
        let again = nodes.iter().any(|node| node.certificate().der() == *der);
        if again || anchors.iter().any(|anchor| anchor.der() == *der) {
            continue;
        }
        match Certificate::parse(der) {
            Ok(certificate) => {
                let link = Link {
                    certificate: Arc::new(certificate),
                    index,
                };
                nodes.push(Node::new(link, false));
            }
            Err(fault) => report.add(Some(index), fault),
        }
    }
}

/// The verified chain, or the fault that says most.
fn outcome(
    search: &Search<'_>,
    path: Option<&[usize]>,
    reports: Reports,
) -> Result<VerifiedChain, ChainError> {
    if let Some(chain) = path.and_then(|path| VerifiedChain::new(search, path)) {
        return Ok(chain);
    }
    let error = reports
        .complete
        .into_error()
        .or(reports.partial.into_error());
    Err(error.unwrap_or(ChainError::new(None, Fault::Missing)))
}
