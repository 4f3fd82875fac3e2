//! Verification: from presented certificates to a verified chain.

use super::anchor::TrustAnchor;
use super::certificate::Certificate;
use super::error::ChainError;
use super::requirements::{Grade, Requirements};
use crate::UnixMillis;
use crate::crypto::{PublicKey, SignatureVerifier};

/// A chain that leads from an anchor to the leaf and met the requirements. Only validation makes one.
#[derive(Clone, Debug)]
pub struct VerifiedChain {
    path: alloc::vec::Vec<Certificate>,
    key: PublicKey,
}

impl VerifiedChain {
    /// The leaf.
    pub fn leaf(&self) -> &Certificate {
        todo!()
    }
    /// The certificate that issued the leaf: L2.
    pub fn issuer(&self) -> &Certificate {
        todo!()
    }
    /// The anchor that the chain leads to: L1.
    pub fn anchor(&self) -> &Certificate {
        todo!()
    }
    /// The whole chain, anchor first and leaf last.
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }
    /// The public key of the leaf.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }
    /// The grade that L2 states; none if it states none or both.
    pub fn grade(&self) -> Option<Grade> {
        todo!()
    }
    /// Keeps the validated part above the leaf, for further leaves of the same L2.
    pub fn into_issuer(self) -> VerifiedIssuer {
        todo!()
    }
}

/// A validated issuer that was kept: many leaves under one L2 cost one signature each. Validity and
/// revocation are checked anew each time.
#[derive(Clone, Debug)]
pub struct VerifiedIssuer {}

impl VerifiedIssuer {
    /// Verifies a leaf that this issuer signed.
    pub fn verify_leaf(
        &self,
        _provider: &dyn SignatureVerifier,
        _leaf: &[u8],
        _at: UnixMillis,
        _requirements: &Requirements<'_>,
    ) -> Result<VerifiedChain, ChainError> {
        todo!()
    }
}

/// Verifies the chain of a presented leaf to one of the anchors at this moment.
///
/// `presented` holds the leaf first, then intermediates in any order; the anchor may be among them.
pub fn verify(
    _provider: &dyn SignatureVerifier,
    _anchors: &[TrustAnchor],
    _presented: &[&[u8]],
    _at: UnixMillis,
    _requirements: &Requirements<'_>,
) -> Result<VerifiedChain, ChainError> {
    todo!()
}
