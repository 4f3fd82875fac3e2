//! Certificate revocation lists.

use super::error::ChainError;

/// A revocation list that was read strictly; whether it may be used is decided with the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {}

impl Crl {
    /// Reads a list from DER.
    pub fn from_der(_der: &[u8]) -> Result<Self, ChainError> {
        todo!()
    }
    /// Reads every list of the PEM text.
    pub fn from_pem(_text: &str) -> Result<alloc::vec::Vec<Self>, ChainError> {
        todo!()
    }
}
