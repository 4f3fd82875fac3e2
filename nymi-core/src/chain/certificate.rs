//! A certificate, read strictly and owned.

use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::error::ChainError;
use super::requirements::Role;
use crate::UnixMillis;
use crate::crypto::PublicKey;

/// A certificate that was read strictly. Reading says nothing about trust: that is what
/// [`verify`](super::verify) is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    /// Reads one certificate; the error has index 0.
    pub fn from_der(_der: &[u8]) -> Result<Self, ChainError> {
        todo!()
    }
    /// Reads one certificate, the first of the PEM text.
    pub fn from_pem(_text: &str) -> Result<Self, ChainError> {
        todo!()
    }
    /// The encoding that was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// SHA-256 of the encoding.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }
    /// The public key; none if it is not a P-256 key. The leaf of a verified chain has one.
    pub fn public_key(&self) -> Option<&PublicKey> {
        todo!()
    }
    /// The SubjectPublicKeyInfo in DER.
    pub fn spki_der(&self) -> &[u8] {
        todo!()
    }
    /// The subject in DER.
    pub fn subject_der(&self) -> &[u8] {
        todo!()
    }
    /// The issuer in DER.
    pub fn issuer_der(&self) -> &[u8] {
        todo!()
    }
    /// The common name of the subject; none if there is none or it is not plain text.
    pub fn subject_cn(&self) -> Option<&str> {
        todo!()
    }
    /// The serial number in lower-case hex, without leading zero octets.
    pub fn serial_hex(&self) -> String {
        todo!()
    }
    /// First moment of the validity.
    pub fn not_before(&self) -> UnixMillis {
        todo!()
    }
    /// Last second of the validity.
    pub fn not_after(&self) -> UnixMillis {
        todo!()
    }
    /// Whether extendedKeyUsage names this role.
    pub fn has_role(&self, _role: Role) -> bool {
        todo!()
    }
    /// Whether basicConstraints makes this a CA certificate.
    pub fn is_ca(&self) -> bool {
        todo!()
    }
}
