//! Certification requests (PKCS#10, RFC 2986).

use super::der::DerError;
use super::pem::PemError;
use crate::crypto::{PublicKey, SignatureVerifier};

/// Why a certification request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// The text holds no request.
    #[error("the certification request cannot be read: {0}")]
    Pem(#[from] PemError),
    /// The encoding breaks a rule.
    #[error("the certification request is malformed: {0}; make it again with PKCS#10 in DER")]
    Malformed(#[from] DerError),
    /// The key or the signature is not what the platform uses.
    #[error("the certification request must have a P-256 key and an ECDSA signature with SHA-256")]
    Unsupported,
    /// Whoever made the request does not hold the private key.
    #[error(
        "the signature of the certification request does not verify with its own key: make it again with the private key"
    )]
    ProofOfPossession,
}

/// A certification request whose maker has shown to hold the private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    public_key: PublicKey,
}

impl Csr {
    /// Reads a request from DER and checks its signature with its own key.
    pub fn from_der(_provider: &dyn SignatureVerifier, _der: &[u8]) -> Result<Self, CsrError> {
        todo!()
    }

    /// Reads a request from PEM (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`).
    pub fn from_pem(_provider: &dyn SignatureVerifier, _text: &str) -> Result<Self, CsrError> {
        todo!()
    }

    /// The key for which a certificate is requested.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The common name of the subject that was asked for; none if there is none.
    pub fn subject_cn(&self) -> Option<&str> {
        todo!()
    }
}
