//! `fullchain.p12`: L1, L2 and the L2 private key under a password, in the legacy or the modern
//! encoding.

use nymi_core::crypto::{PrivateKey, PublicKey, SecretKey};
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as P12Error;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The largest file looked at.
const MAX_FILE: usize = 256 * 1024;

/// What a full chain holds.
pub(super) struct FullChain {
    pub(super) l1: Vec<u8>,
    pub(super) l2: Vec<u8>,
    pub(super) l2_key: SecretKey,
}

/// A file that is not a full chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FullChainError {
    /// The integrity check failed under this password.
    #[error("the password does not open the PKCS#12 file; type the one that came with it")]
    Password,
    /// Not PKCS#12, or in an encoding that is not read.
    #[error(
        "the file is not a PKCS#12 file that can be read ({0}); ask the vendor for fullchain.p12 again"
    )]
    Unreadable(String),
    /// No private key in it, or none on P-256.
    #[error(
        "the file holds no P-256 private key, so L2 cannot issue; export it again with the L2 private key"
    )]
    NoKey,
    /// The key belongs to none of the certificates.
    #[error(
        "the file holds a private key, but not the certificate of that key (L2); export the L2 certificate with its key"
    )]
    NoL2,
    /// The certificate that issued L2 is not in it.
    #[error(
        "the file holds no L1: none of its other certificates issued L2 ({l2}); export the whole chain"
    )]
    NoL1 {
        /// The subject of L2.
        l2: String,
    },
    /// More than one certificate has the name of L2's issuer.
    #[error(
        "the file holds {count} certificates that have the name of L2's issuer; keep the one L1"
    )]
    AmbiguousL1 {
        /// How many.
        count: usize,
    },
}

/// Opens the file. The certificates may come in any order; what links them is checked, and whether
/// they are valid is left to chain validation.
pub(super) fn read(file: &[u8], password: &str) -> Result<FullChain, FullChainError> {
    if file.len() > MAX_FILE {
        return Err(FullChainError::Unreadable(format!(
            "it has {} bytes",
            file.len()
        )));
    }
    let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(|error| match error {
        P12Error::MacError(_) | P12Error::UnpadError => FullChainError::Password,
        other => FullChainError::Unreadable(other.to_string()),
    })?;
    let keys: Vec<SecretKey> = archive
        .keys
        .iter()
        .filter_map(|bag| SecretKey::from_pkcs8_der(bag.key.as_der()))
        .collect();
    if keys.is_empty() {
        return Err(FullChainError::NoKey);
    }
    let certificates: Vec<&[u8]> = archive.certs.iter().map(|bag| bag.cert.as_der()).collect();
    let (l2, l2_key) = pair(&certificates, keys)?;
    let l1 = issuer_of(&certificates, l2)?;
    Ok(FullChain {
        l1: l1.to_vec(),
        l2: l2.to_vec(),
        l2_key,
    })
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der)
        .ok()
        .map(|(_, certificate)| certificate)
}

/// The certificate whose key is in the file, and that key.
fn pair<'a>(
    certificates: &[&'a [u8]],
    keys: Vec<SecretKey>,
) -> Result<(&'a [u8], SecretKey), FullChainError> {
    let holds = |der: &[u8], key: &SecretKey| {
        parse(der).and_then(|certificate| PublicKey::from_spki_der(certificate.public_key().raw))
            == Some(key.public_key())
    };
    keys.into_iter()
        .find_map(|key| {
            let l2 = certificates.iter().copied().find(|der| holds(der, &key))?;
            Some((l2, key))
        })
        .ok_or(FullChainError::NoL2)
}

/// The one other certificate that has the name of L2's issuer.
fn issuer_of<'a>(certificates: &[&'a [u8]], l2: &[u8]) -> Result<&'a [u8], FullChainError> {
    let issued = parse(l2).ok_or(FullChainError::NoL2)?;
    let issuers: Vec<&[u8]> = certificates
        .iter()
        .copied()
        .filter(|der| *der != l2)
        .filter(|der| {
            parse(der)
                .is_some_and(|candidate| candidate.subject().as_raw() == issued.issuer().as_raw())
        })
        .collect();
    match issuers.as_slice() {
        [l1] => Ok(l1),
        [] => Err(FullChainError::NoL1 {
            l2: issued.subject().to_string(),
        }),
        several => Err(FullChainError::AmbiguousL1 {
            count: several.len(),
        }),
    }
}
