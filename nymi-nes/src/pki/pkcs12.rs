//! `fullchain.p12`: L1, L2 and the L2 private key under a password, in the legacy or the modern
//! encoding.

use nymi_core::crypto::{PrivateKey, PublicKey, SecretKey};
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as P12Error;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The largest file looked at; two certificates and a key have some 3 KiB.
const MAX_FILE: usize = 64 * 1024;
/// The most rounds of key derivation that a whole file may ask for; openssl writes 6,144, and no
/// known program more than 600,000 for each of the MAC, the certificates and the key.
pub(super) const MAX_ROUNDS: u64 = 2_000_000;
/// Elements deeper than this are not looked into.
pub(super) const MAX_DEPTH: u8 = 32;
/// The contents of the identifier of scrypt (RFC 7914, 7), which may ask for a GiB of memory.
const SCRYPT: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b];

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
    /// Opening it would take long, or much memory.
    #[error(
        "the file wants its password to be derived too expensively ({0}); export it again with fewer iterations"
    )]
    Work(String),
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
    check_work(file)?;
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

/// The library bounds each derivation of a key, but not how many there are: a small file could keep
/// it busy for an hour. What is encrypted is not seen here; only who knows the password could hide
/// more in there.
fn check_work(file: &[u8]) -> Result<(), FullChainError> {
    match rounds(file, MAX_DEPTH) {
        None => Err(FullChainError::Work("by scrypt".to_owned())),
        Some(rounds) if rounds > MAX_ROUNDS => {
            Err(FullChainError::Work(format!("in {rounds} iterations")))
        }
        Some(_) => Ok(()),
    }
}

/// The rounds of every derivation that shows in these elements: PBKDF2 (RFC 8018, A.2), PBES1 as in
/// PKCS#12 (RFC 7292, C) and the MAC (RFC 7292, 4) each write `salt OCTET STRING, iterations INTEGER`,
/// and nothing else in such a file has an integer after an octet string. None for scrypt.
pub(super) fn rounds(mut elements: &[u8], depth: u8) -> Option<u64> {
    let (mut rounds, mut after_salt) = (0_u64, false);
    while let Some((tag, content, rest)) = element(elements) {
        match tag {
            0x02 if after_salt => rounds = rounds.saturating_add(number(content)),
            0x06 if content == SCRYPT => return None,
            _ if depth > 0 && (tag == 0x04 || tag & 0x20 != 0) => {
                rounds = rounds.saturating_add(self::rounds(content, depth - 1)?);
            }
            _ => {}
        }
        after_salt = tag == 0x04;
        elements = rest;
    }
    Some(rounds)
}

/// A positive INTEGER; what is negative or too large for the library is no number of rounds.
fn number(content: &[u8]) -> u64 {
    match content {
        [first, ..] if first & 0x80 != 0 => 0,
        _ => content.iter().fold(0_u64, |all, octet| {
            all.saturating_mul(256).saturating_add(u64::from(*octet))
        }),
    }
}

/// Tag and content of the first element, and what follows it; the library reads definite lengths
/// alone.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = octets
                .iter()
                .fold(0, |all, octet| all << 8 | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::{octet_string, oid, sequence, tlv, unsigned};

    const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
    const SECRET_BAG: &[u64] = &[1, 2, 840, 113549, 1, 12, 10, 1, 5];
    const PBES2: &[u64] = &[1, 2, 840, 113549, 1, 5, 13];
    const PBKDF2: &[u64] = &[1, 2, 840, 113549, 1, 5, 12];
    const HMAC_SHA256: &[u64] = &[1, 2, 840, 113549, 2, 9];
    const AES256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];

    fn pbkdf2(rounds: u32) -> Vec<u8> {
        let prf = sequence(&[&oid(HMAC_SHA256), &tlv(5, &[])]);
        let parameters = [octet_string(&[7; 8]), unsigned(&rounds.to_be_bytes()), prf];
        sequence(&[&oid(PBKDF2), &tlv(0x30, &parameters.concat())])
    }

    /// One that wants a gigabyte: N is 2^20, r is 8.
    fn scrypt() -> Vec<u8> {
        let parameters = [
            octet_string(&[7; 8]),
            unsigned(&[0x10, 0, 0]),
            unsigned(&[8]),
            unsigned(&[1]),
        ];
        sequence(&[&tlv(6, SCRYPT), &tlv(0x30, &parameters.concat())])
    }

    /// A secret that does not decrypt: the library derives its key, finds that, and goes on.
    fn bag(derivation: &[u8]) -> Vec<u8> {
        let cipher = sequence(&[&oid(AES256_CBC), &octet_string(&[9; 16])]);
        let algorithm = sequence(&[&oid(PBES2), &sequence(&[derivation, &cipher])]);
        let secret = sequence(&[&algorithm, &octet_string(&[5; 16])]);
        let secret = sequence(&[&oid(DATA), &tlv(0xa0, &octet_string(&secret))]);
        sequence(&[&oid(SECRET_BAG), &tlv(0xa0, &secret)])
    }

    fn content(inner: &[u8]) -> Vec<u8> {
        sequence(&[&oid(DATA), &tlv(0xa0, &octet_string(inner))])
    }

    /// Without a MAC, so that no password is needed to make it.
    fn file(derivations: &[Vec<u8>]) -> Vec<u8> {
        let bags: Vec<u8> = derivations.iter().flat_map(|one| bag(one)).collect();
        let safe = tlv(0x30, &content(&tlv(0x30, &bags)));
        sequence(&[&unsigned(&[3]), &content(&safe)])
    }

    fn fault(derivations: &[Vec<u8>]) -> Option<FullChainError> {
        read(&file(derivations), "password").err()
    }

    #[test]
    fn a_file_that_would_take_long_is_refused_before_anything_is_derived() {
        assert_eq!(
            fault(&[pbkdf2(1000), pbkdf2(1000)]),
            Some(FullChainError::NoKey),
            "opened"
        );
        // Each is within what the library takes; all together are not.
        let many = vec![pbkdf2(1_000_000); 300];
        let refused = FullChainError::Work("in 300000000 iterations".to_owned());
        assert!(file(&many).len() < MAX_FILE);
        assert_eq!(fault(&many), Some(refused));
        assert_eq!(
            fault(&[scrypt()]),
            Some(FullChainError::Work("by scrypt".to_owned()))
        );
    }

    #[test]
    fn rounds_are_what_follows_a_salt() {
        assert_eq!(
            rounds(&file(&[pbkdf2(2048), pbkdf2(70_000)]), MAX_DEPTH),
            Some(72_048)
        );
        assert_eq!(rounds(&file(&[]), MAX_DEPTH), Some(0));
        assert_eq!(
            rounds(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], MAX_DEPTH),
            Some(0)
        );
        let nested = (0..2 * MAX_DEPTH).fold(Vec::new(), |inner, _| tlv(0x30, &inner));
        assert_eq!(rounds(&nested, MAX_DEPTH), Some(0));
    }
}
