//! Signature schemes for fuzzing, through the same trait as the real ones.

use nymi_core::crypto::{BadSignature, PublicKey, SignatureVerifier};

/// Takes every signature for good, so that changed certificates get past that step.
pub struct AcceptAll;

impl SignatureVerifier for AcceptAll {
    fn verify_der(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }

    fn verify_fixed(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }
}

/// A scheme in which anybody can sign, and which still tells who signed what: the signature is a
/// checksum of key and message. It costs next to nothing, and a changed message fails.
pub struct Checksum;

/// The signature of this message by that key.
pub fn checksum(key: &PublicKey, message: &[u8]) -> [u8; 8] {
    let spki = key.to_spki_der();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in spki.iter().chain(message) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.to_be_bytes()
}

impl SignatureVerifier for Checksum {
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match signature == checksum(key, message) {
            true => Ok(()),
            false => Err(BadSignature),
        }
    }

    fn verify_fixed(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.verify_der(key, message, signature)
    }
}
