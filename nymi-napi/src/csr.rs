//! A certificate request (PKCS#10, RFC 2986) for a P-256 key, proof of possession included.
//!
//! NES takes only the key from it and sets subject and usage itself; the name is there for whoever
//! looks at the request on its way.

use nymi_core::crypto::PrivateKey;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
/// No attributes: `[0] IMPLICIT SET OF` without elements.
const NO_ATTRIBUTES: [u8; 2] = [0xa0, 0x00];
/// id-at-commonName, 2.5.4.3.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// The request in DER.
pub(crate) fn certificate_request(common_name: &str, key: &dyn PrivateKey) -> Vec<u8> {
    let attribute = [
        tlv(OBJECT_IDENTIFIER, &COMMON_NAME),
        tlv(UTF8_STRING, common_name.as_bytes()),
    ]
    .concat();
    let subject = tlv(SEQUENCE, &tlv(SET, &tlv(SEQUENCE, &attribute)));
    let info = [
        tlv(INTEGER, &[0]),
        subject,
        key.public_key().to_spki_der(),
        NO_ATTRIBUTES.to_vec(),
    ]
    .concat();
    let info = tlv(SEQUENCE, &info);
    let algorithm = tlv(SEQUENCE, &tlv(OBJECT_IDENTIFIER, &ECDSA_WITH_SHA256));
    let signature = key.sign_fixed(&info);
    let mut bits = vec![0];
    bits.extend(tlv(
        SEQUENCE,
        &[unsigned(&signature[..32]), unsigned(&signature[32..])].concat(),
    ));
    tlv(
        SEQUENCE,
        &[info, algorithm, tlv(BIT_STRING, &bits)].concat(),
    )
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match value.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            out.push(0x80 | (bytes.len() - zeros) as u8);
            out.extend(&bytes[zeros..]);
        }
    }
    out.extend(value);
    out
}

/// An INTEGER without leading zeros, but with one where the first bit would make it negative.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut value = bytes[zeros.min(bytes.len() - 1)..].to_vec();
    if value[0] & 0x80 != 0 {
        value.insert(0, 0);
    }
    tlv(INTEGER, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::chain::Csr;
    use nymi_core::crypto::{RustCrypto, SecretKey};

    #[test]
    fn is_read_with_its_proof_of_possession() {
        for scalar in 1..60 {
            let key = SecretKey::from_scalar(&[scalar; 32]).unwrap();
            let csr = Csr::from_der(&RustCrypto, &certificate_request("Records", &key)).unwrap();
            assert_eq!(csr.subject_cn(), Some("Records"));
            assert_eq!(*csr.public_key(), key.public_key());
        }
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(unsigned(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }
}
