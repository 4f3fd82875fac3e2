//! Who this client can prove to be: a key, its certificate, and the L1 that both rest on.

use nymi_core::UnixMillis;
use nymi_core::chain::{
    self, ChainError, GradeRequirement, Requirements, Role, TrustAnchor, VerifiedChain,
};
use nymi_core::crypto::PrivateKey as _;
use nymi_core::message::channel::{Authenticate, CertificateDer, nea_proof_message};
use nymi_core::message::{CertificateInfo, HexBytes, NeaName};
use nymi_crypto_ring::RingVerifier;

use crate::store::Entry;

/// An entry whose chain was validated at `at` or later. Nothing else makes one.
#[derive(Clone)]
pub(crate) struct Identity {
    entry: Entry,
    serial: String,
    not_before: UnixMillis,
    not_after: UnixMillis,
}

/// A chain that this client will not use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("{0}")]
    Chain(#[from] ChainError),
    #[error("the certificate is for another key; ask for a new one")]
    OtherKey,
    #[error("the certificate names {found:?} instead of {expected:?}; ask for a new one")]
    OtherName { found: String, expected: String },
}

/// "Certificates missing", for what has no chain to find fault with.
pub(crate) const NSL_MISSING: u32 = 5;

impl IdentityError {
    /// The number under which this is logged and reported.
    pub(crate) fn nsl(&self) -> u32 {
        match self {
            Self::Chain(error) => error.number(),
            Self::OtherKey | Self::OtherName { .. } => NSL_MISSING,
        }
    }
}

impl Identity {
    /// Validates the chain of an entry: to one of these L1, of this grade, with the role of an
    /// application, for its own key and name. The entry is kept under the L1 that it led to.
    pub(crate) fn verify(
        mut entry: Entry,
        anchors: &[TrustAnchor],
        name: &NeaName,
        grade: GradeRequirement,
        at: UnixMillis,
    ) -> Result<Self, IdentityError> {
        let presented: Vec<&[u8]> = entry.chain.iter().map(Vec::as_slice).collect();
        let requirements = Requirements::new(grade).with_role(Role::Nea);
        let verified = chain::verify(&RingVerifier, anchors, &presented, at, &requirements)?;
        let leaf = verified.leaf();
        if leaf.spki_der() != entry.key.public_key().to_spki_der() {
            return Err(IdentityError::OtherKey);
        }
        if leaf.subject_cn() != Some(name.as_str()) {
            let found = leaf.subject_cn().unwrap_or_default().to_owned();
            return Err(IdentityError::OtherName {
                found,
                expected: name.to_string(),
            });
        }
        let reached = verified.anchor().fingerprint();
        if let Some(anchor) = anchors.iter().find(|it| it.fingerprint() == reached) {
            entry.anchor = anchor.clone();
        }
        Ok(Self::of(&verified, entry))
    }

    fn of(verified: &VerifiedChain, entry: Entry) -> Self {
        let leaf = verified.leaf();
        Self {
            serial: leaf.serial_hex(),
            not_before: leaf.not_before(),
            not_after: leaf.not_after(),
            entry,
        }
    }

    /// The validated entry.
    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Proves to an agent who this is: its nonce and this topic, signed.
    pub(crate) fn prove(&self, nonce: &[u8; 32], topic: &str) -> Authenticate {
        let signature = self.entry.key.sign_fixed(&nea_proof_message(nonce, topic));
        Authenticate {
            chain: self
                .entry
                .chain
                .iter()
                .cloned()
                .map(CertificateDer)
                .collect(),
            signature: HexBytes(signature.to_vec()),
        }
    }

    /// What `init` and `info` say of it.
    pub(crate) fn info(&self) -> CertificateInfo {
        CertificateInfo {
            serial: self.serial.clone(),
            not_after: self.not_after,
        }
    }

    /// When a new certificate is due: two thirds into its life.
    pub(crate) fn renewal_due(&self) -> UnixMillis {
        let life = self.not_after.since(self.not_before).max(0);
        self.not_before.saturating_add(life / 3 * 2)
    }

    /// Whether its time is over.
    pub(crate) fn has_expired(&self, now: UnixMillis) -> bool {
        now > self.not_after
    }
}
