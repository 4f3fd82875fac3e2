//! A fast signature verifier for `nymi-core`, from `ring`.
//!
//! The core verifies with whatever [`SignatureVerifier`] its caller passes. [`RingVerifier`] is the
//! one for servers and the native client, where many chains and assertions are verified;
//! `nymi_core::crypto::RustCrypto` is the pure-Rust one.
//!
//! ```
//! use nymi_core::crypto::{PrivateKey, SecretKey, SignatureVerifier};
//! use nymi_crypto_ring::RingVerifier;
//!
//! let key = SecretKey::from_scalar(&[7; 32]).expect("a scalar below the order");
//! let signature = key.sign_fixed(b"message");
//! assert!(RingVerifier.verify_fixed(&key.public_key(), b"message", &signature).is_ok());
//! assert!(RingVerifier.verify_fixed(&key.public_key(), b"another", &signature).is_err());
//! ```
#![forbid(unsafe_code)]

use nymi_core::crypto::{BadSignature, PublicKey, SignatureVerifier};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};

/// Verifies ECDSA P-256 signatures with SHA-256 by `ring`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingVerifier;

fn verify(
    algorithm: &'static EcdsaVerificationAlgorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    UnparsedPublicKey::new(algorithm, key.as_uncompressed())
        .verify(message, signature)
        .map_err(|_| BadSignature)
}

impl SignatureVerifier for RingVerifier {
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        verify(&ECDSA_P256_SHA256_ASN1, key, message, signature)
    }

    fn verify_fixed(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        verify(&ECDSA_P256_SHA256_FIXED, key, message, signature)
    }
}
