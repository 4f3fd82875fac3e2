//! Certification requests (PKCS#10, RFC 2986).

use alloc::string::String;

use super::certificate::{Signed, SubjectKey, read_name, subject_key};
use super::der::{DerError, Reader, tag};
use super::pem::{self, PemError};
use super::{certificate, name};
use crate::crypto::{PublicKey, SignatureVerifier};

/// Why a certification request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// The text holds no request.
    #[error("the certification request cannot be read: {0}")]
    Pem(#[from] PemError),
    /// The encoding breaks a rule.
    #[error("the certification request is malformed: {0}; make it again with PKCS#10 in DER")]
    Malformed(#[from] DerError),
    /// The request is larger than any honest one.
    #[error("the certification request has more than {0} bytes")]
    TooLarge(usize),
    /// The key or the signature is not what the platform uses.
    #[error(
        "the certification request must have a P-256 key and an ECDSA signature with SHA-256, not {0}"
    )]
    Unsupported(String),
    /// Whoever made the request does not hold the private key.
    #[error(
        "the signature of the certification request does not verify with its own key: make the request again with the private key"
    )]
    ProofOfPossession,
}

/// A certification request whose maker has shown to hold the private key.
///
/// Of what the request asks for, subject and attributes are wishes: the issuer sets them itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    public_key: PublicKey,
    common_name: Option<String>,
}

impl Csr {
    /// Reads a request from DER and checks its signature with its own key.
    ///
    /// # Errors
    /// The encoding, the algorithms, or the signature: the sender does not hold the key.
    pub fn from_der(provider: &dyn SignatureVerifier, der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > certificate::MAX_CERTIFICATE {
            return Err(CsrError::TooLarge(certificate::MAX_CERTIFICATE));
        }
        let (signed, mut info) = Signed::read(der)?;
        let version = info.integer("the version is missing")?;
        if version.bytes() != [0] {
            return Err(version.fail("the version is not 1").into());
        }
        let (_, subject) = read_name(&mut info, "the subject is missing")?;
        let spki = info.element(tag::SEQUENCE, "the public key is missing")?;
        let key = subject_key(der, spki.whole, spki.content)?;
        attributes(info.read(tag::context_constructed(0), "the attributes are missing")?)?;
        info.finish()?;
        let public_key = match key {
            SubjectKey::P256(key) => key,
            SubjectKey::Other(found) => return Err(CsrError::Unsupported(found)),
        };
        signed.check_supported(der).map_err(CsrError::Unsupported)?;
        provider
            .verify_der(
                &public_key,
                signed.to_be_signed.of(der),
                signed.signature.of(der),
            )
            .map_err(|_| CsrError::ProofOfPossession)?;
        let common_name = name::common_name(subject)
            .and_then(|span| core::str::from_utf8(span.of(der)).ok())
            .map(String::from);
        Ok(Self {
            public_key,
            common_name,
        })
    }

    /// Reads a request from PEM (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`).
    ///
    /// # Errors
    /// As of [`from_der`](Self::from_der); or the text has no request.
    pub fn from_pem(provider: &dyn SignatureVerifier, text: &str) -> Result<Self, CsrError> {
        let blocks = pem::decode(text, "CERTIFICATE REQUEST")
            .or_else(|error| pem::decode(text, "NEW CERTIFICATE REQUEST").map_err(|_| error))?;
        Self::from_der(
            provider,
            blocks.first().map_or(&[], alloc::vec::Vec::as_slice),
        )
    }

    /// The key for which a certificate is requested.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The common name of the subject that was asked for; none if there is none.
    pub fn subject_cn(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

/// Attributes: read for their structure alone.
fn attributes(mut set: Reader<'_>) -> Result<(), DerError> {
    while !set.is_empty() {
        let mut attribute = set.sequence("an attribute is not a SEQUENCE")?;
        attribute.oid("an attribute has no type")?;
        attribute.read(tag::SET, "an attribute has no values")?;
        attribute.finish()?;
    }
    Ok(())
}
