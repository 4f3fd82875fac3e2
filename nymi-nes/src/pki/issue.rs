//! Writing certificates: X.509 v3, ECDSA P-256 with SHA-256, extensions as the trust rules demand.

use nymi_core::UnixMillis;
use nymi_core::chain::oid::Oid;
use nymi_core::crypto::{PrivateKey, PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::der::{
    bit_string, common_name, named_bits, octet_string, oid, sequence, time, tlv, unsigned,
};

/// RFC 5280, 4.2.1.3.
pub(super) const DIGITAL_SIGNATURE: u8 = 0;
pub(super) const KEY_AGREEMENT: u8 = 4;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;

const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];

/// Who signs.
pub(super) struct Issuer<'a> {
    /// The subject of its certificate, DER.
    pub(super) name: &'a [u8],
    /// Its subject key identifier.
    pub(super) key_id: &'a [u8],
    pub(super) key: &'a dyn PrivateKey,
}

/// What the certificate is for.
pub(super) enum Purpose<'a> {
    Ca {
        path_length: u8,
        policy: Option<Oid>,
    },
    Leaf {
        key_usage: u8,
        extended: &'a [Oid],
    },
}

/// From when to when; whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: UnixMillis,
    pub(crate) not_after: UnixMillis,
}

impl Validity {
    /// Whether two thirds of the life have passed.
    pub(super) fn wants_renewal(&self, now: UnixMillis) -> bool {
        let life = self.not_after.since(self.not_before);
        now.since(self.not_before) >= life / 3 * 2
    }
}

/// A certificate to be.
pub(super) struct Template<'a> {
    pub(super) common_name: &'a str,
    pub(super) key: PublicKey,
    pub(super) validity: Validity,
    pub(super) purpose: Purpose<'a>,
}

/// The distinguished name of one common name, DER.
pub(super) fn name(common_name_: &str) -> Vec<u8> {
    common_name(common_name_)
}

/// A key identifier: the leftmost 160 bits of SHA-256 of the public key (RFC 7093, 2).
pub(super) fn key_id(key: &PublicKey) -> Vec<u8> {
    Sha256::digest(key.as_uncompressed())[..20].to_vec()
}

/// A positive serial of 128 random bits.
pub(super) fn random_serial() -> Result<[u8; 16], getrandom::Error> {
    let mut serial = [0; 16];
    while serial == [0; 16] {
        getrandom::fill(&mut serial)?;
    }
    Ok(serial)
}

/// A new private key.
pub(super) fn random_key() -> Result<SecretKey, getrandom::Error> {
    loop {
        let mut scalar = Zeroizing::new([0; 32]);
        getrandom::fill(scalar.as_mut_slice())?;
        if let Some(key) = SecretKey::from_scalar(&scalar) {
            return Ok(key);
        }
    }
}

/// Signs `template`.
pub(super) fn sign(issuer: &Issuer<'_>, template: &Template<'_>, serial: &[u8; 16]) -> Vec<u8> {
    let algorithm = sequence(&[&oid(ECDSA_WITH_SHA256)]);
    let validity = sequence(&[
        &time(template.validity.not_before),
        &time(template.validity.not_after),
    ]);
    let to_be_signed = sequence(&[
        &tlv(0xa0, &unsigned(&[2])),
        &unsigned(serial),
        &algorithm,
        issuer.name,
        &validity,
        &common_name(template.common_name),
        &template.key.to_spki_der(),
        &tlv(0xa3, &extensions(issuer, template)),
    ]);
    let signature = issuer.key.sign_fixed(&to_be_signed);
    let signature = sequence(&[&unsigned(&signature[..32]), &unsigned(&signature[32..])]);
    sequence(&[&to_be_signed, &algorithm, &bit_string(&signature)])
}

fn extensions(issuer: &Issuer<'_>, template: &Template<'_>) -> Vec<u8> {
    let mut all = Vec::new();
    let mut add = |id: &[u64], critical: bool, value: &[u8]| {
        let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        all.extend(sequence(&[&oid(id), critical, &octet_string(value)]));
    };
    match &template.purpose {
        Purpose::Ca {
            path_length,
            policy,
        } => {
            let constraints = sequence(&[&[1, 1, 0xff], &unsigned(&[*path_length])]);
            add(BASIC_CONSTRAINTS, true, &constraints);
            add(KEY_USAGE, true, &named_bits(&[KEY_CERT_SIGN, CRL_SIGN]));
            if let Some(policy) = policy {
                add(
                    CERTIFICATE_POLICIES,
                    false,
                    &sequence(&[&sequence(&[&policy.to_der()])]),
                );
            }
        }
        Purpose::Leaf {
            key_usage,
            extended,
        } => {
            add(BASIC_CONSTRAINTS, true, &sequence(&[]));
            add(KEY_USAGE, true, &named_bits(&[*key_usage]));
            let purposes: Vec<u8> = extended.iter().flat_map(Oid::to_der).collect();
            add(EXTENDED_KEY_USAGE, false, &sequence(&[&purposes]));
        }
    }
    add(SUBJECT_KEY_ID, false, &octet_string(&key_id(&template.key)));
    add(
        AUTHORITY_KEY_ID,
        false,
        &sequence(&[&tlv(0x80, issuer.key_id)]),
    );
    sequence(&[&all])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_is_due_at_two_thirds() {
        let validity = Validity {
            not_before: UnixMillis(0),
            not_after: UnixMillis(9_000),
        };
        assert!(!validity.wants_renewal(UnixMillis(5_999)));
        assert!(validity.wants_renewal(UnixMillis(6_000)));
    }
}
