//! The pinned certificate that every chain must lead to.

use alloc::sync::Arc;

use super::certificate::Certificate;
use super::error::ChainError;

/// A certificate that the operator trusts: the enterprise's L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    certificate: Arc<Certificate>,
}

impl TrustAnchor {
    /// Reads an anchor from DER.
    ///
    /// # Errors
    /// The certificate breaks a rule that concerns it alone; no index is given.
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        Ok(Self {
            certificate: Arc::new(Certificate::from_der(der)?),
        })
    }

    /// Reads an anchor from PEM: the first certificate of the text.
    ///
    /// # Errors
    /// As of [`from_der`](Self::from_der); or the text has no certificate (132).
    pub fn from_pem(text: &str) -> Result<Self, ChainError> {
        Ok(Self {
            certificate: Arc::new(Certificate::from_pem(text)?),
        })
    }

    /// The encoding.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// SHA-256 of the encoding.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.certificate.fingerprint()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(crate) fn shared(&self) -> Arc<Certificate> {
        Arc::clone(&self.certificate)
    }
}
