//! The few cryptographic operations that the core needs, behind traits that the caller passes in.
//!
//! There is no process-wide default: whoever calls a verification says who does the arithmetic.
//! [`RustCrypto`] is the pure-Rust provider; `nymi-crypto-ring` holds a faster verifier.
//!
//! | operation | as | standard | used for |
//! | --- | --- | --- | --- |
//! | verify | [`SignatureVerifier`] | ECDSA P-256 with SHA-256: FIPS 186-5, RFC 3279 and RFC 7518 forms | chains, CRLs, requests, assertions |
//! | sign | [`PrivateKey::sign_fixed`] | the same, `r ‖ s`; [`SecretKey`] with nonces of RFC 6979 | assertions, channel proofs |
//! | agree | [`PrivateKey::agree`] | ECDH P-256: SP 800-56A, 5.7.1.2 | advertising keys |
//!
//! AES-CMAC and SHA-256 are not behind traits: they take keys that the core holds anyway.
//!
//! ```
//! use nymi_core::crypto::{PrivateKey, RustCrypto, SecretKey, SignatureVerifier};
//!
//! // 32 random bytes of the caller's.
//! let key = SecretKey::from_scalar(&[5; 32]).unwrap();
//! let signature = key.sign_fixed(b"message");
//! assert!(RustCrypto.verify_fixed(&key.public_key(), b"message", &signature).is_ok());
//! assert!(RustCrypto.verify_fixed(&key.public_key(), b"another", &signature).is_err());
//!
//! // Both sides of an agreement arrive at the same secret; debug output shows no key.
//! let other = SecretKey::from_scalar(&[6; 32]).unwrap();
//! let here = key.agree(other.public_key().as_uncompressed()).unwrap();
//! let there = other.agree(&key.public_key().to_compressed()).unwrap();
//! assert_eq!(here, there);
//! assert_eq!(format!("{key:?}"), "SecretKey(…)");
//! ```

mod rustcrypto;

pub use rustcrypto::{RustCrypto, SecretKey};

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

/// A point on P-256, uncompressed: `04 || X || Y`, as SubjectPublicKeyInfo carries it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 65]);

/// The DER bytes that precede the point in a P-256 SubjectPublicKeyInfo (RFC 5480, 2).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl PublicKey {
    /// The key with this uncompressed point; none if the form is another or the point is not on the
    /// curve (SEC 1, 3.2.2.1).
    pub fn from_uncompressed(point: &[u8]) -> Option<Self> {
        let point: [u8; 65] = point.try_into().ok()?;
        rustcrypto::is_on_curve(&point).then_some(Self(point))
    }

    /// Reads a P-256 SubjectPublicKeyInfo in DER; none if it is anything else.
    pub fn from_spki_der(der: &[u8]) -> Option<Self> {
        Self::from_uncompressed(der.strip_prefix(SPKI_PREFIX.as_slice())?)
    }

    /// Whether this is a P-256 SubjectPublicKeyInfo with an uncompressed point, be it on the curve or not.
    pub(crate) fn has_spki_form(der: &[u8]) -> bool {
        der.len() == SPKI_PREFIX.len() + 65
            && der
                .strip_prefix(SPKI_PREFIX.as_slice())
                .is_some_and(|point| point[0] == 4)
    }

    /// `04 || X || Y`.
    pub const fn as_uncompressed(&self) -> &[u8; 65] {
        &self.0
    }

    /// The point in compressed form, 02 or 03 and X.
    pub fn to_compressed(self) -> [u8; 33] {
        let mut point = [0; 33];
        point[0] = 2 | (self.0[64] & 1);
        point[1..].copy_from_slice(&self.0[1..33]);
        point
    }

    /// The key as a SubjectPublicKeyInfo in DER, 91 bytes.
    pub fn to_spki_der(self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.0].concat()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.to_compressed()))
    }
}

/// A signature does not verify, or its encoding is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// A point is not on P-256, or the agreement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key is not a point on P-256")]
pub struct BadPoint;

/// Verifies ECDSA P-256 signatures with SHA-256.
pub trait SignatureVerifier: Send + Sync {
    /// Verifies an ASN.1 DER `ECDSA-Sig-Value` (RFC 3279, 2.2.3), as certificates carry it.
    ///
    /// # Errors
    /// The signature is not by this key over this message, or its encoding is no valid DER.
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature>;

    /// Verifies the 64 bytes `r || s`, as JWS (RFC 7518, 3.4) and the channel proof carry it.
    ///
    /// # Errors
    /// The signature is not 64 bytes, or not by this key over this message.
    fn verify_fixed(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature>;
}

/// The x-coordinate of an ECDH result, 32 bytes; cleared when dropped.
pub type SharedSecret = Zeroizing<[u8; 32]>;

/// Makes ECDSA P-256 signatures with SHA-256 and takes part in P-256 key agreement.
///
/// A trait, so that a key may live in a hardware module.
pub trait PrivateKey: Send + Sync {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs a message; `r || s`.
    fn sign_fixed(&self, message: &[u8]) -> [u8; 64];

    /// The x-coordinate of this key times `peer`, a compressed (33 bytes) or uncompressed (65 bytes)
    /// point on the curve.
    ///
    /// # Errors
    /// `peer` is not a point on the curve, or is the point at infinity.
    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, BadPoint>;
}
