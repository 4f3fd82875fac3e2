use alloc::vec::Vec;
use core::fmt;

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use zeroize::Zeroizing;

use super::{BadPoint, BadSignature, PrivateKey, PublicKey, SharedSecret, SignatureVerifier};

/// The pure-Rust provider, on the RustCrypto crates.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

/// Whether this is an uncompressed point, and on the curve.
pub(super) fn is_on_curve(point: &[u8; 65]) -> bool {
    point[0] == 4 && p256::PublicKey::from_sec1_bytes(point).is_ok()
}

fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    VerifyingKey::from_sec1_bytes(key.as_uncompressed())
        .map_err(|_| BadSignature)?
        .verify(message, signature)
        .map_err(|_| BadSignature)
}

impl SignatureVerifier for RustCrypto {
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let signature = Signature::from_der(signature).map_err(|_| BadSignature)?;
        verify(key, message, &signature)
    }

    fn verify_fixed(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        verify(key, message, &signature)
    }
}

/// A P-256 private key in memory; cleared when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey(p256::SecretKey);

impl SecretKey {
    /// The key with this scalar, 32 bytes big-endian from a random source of the caller's; none if
    /// it is zero or not below the order of the curve (chance 2^-32: draw again).
    pub fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        p256::SecretKey::from_slice(scalar).ok().map(Self)
    }

    /// Reads a PKCS#8 private key in DER; none if it is not a P-256 key.
    pub fn from_pkcs8_der(der: &[u8]) -> Option<Self> {
        p256::SecretKey::from_pkcs8_der(der).ok().map(Self)
    }

    /// Signs a SHA-256 digest that the caller made; `r || s`.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> [u8; 64] {
        use p256::ecdsa::signature::hazmat::PrehashSigner;
        let signed: Result<Signature, _> = SigningKey::from(&self.0).sign_prehash(digest);
        match signed {
            Ok(signature) => signature.to_bytes().into(),
            // Only for a digest that is too short; zeros verify under no key.
            Err(_) => [0; 64],
        }
    }

    /// The key as PKCS#8 in DER.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        match self.0.to_pkcs8_der() {
            Ok(document) => Zeroizing::new(document.as_bytes().to_vec()),
            // A P-256 key always encodes; an empty key reads back as none.
            Err(_) => Zeroizing::new(Vec::new()),
        }
    }
}

impl PrivateKey for SecretKey {
    fn public_key(&self) -> PublicKey {
        use p256::elliptic_curve::sec1::ToSec1Point;
        let point = self.0.public_key().to_sec1_point(false);
        let mut bytes = [4; 65];
        bytes.copy_from_slice(point.as_bytes());
        PublicKey(bytes)
    }

    fn sign_fixed(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = SigningKey::from(&self.0).sign(message);
        signature.to_bytes().into()
    }

    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, BadPoint> {
        let peer = p256::PublicKey::from_sec1_bytes(peer).map_err(|_| BadPoint)?;
        let shared = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), peer.as_affine());
        let mut x = Zeroizing::new([0; 32]);
        x.copy_from_slice(shared.raw_secret_bytes());
        Ok(x)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}
