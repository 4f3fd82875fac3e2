//! Certification requests: from another maker, and broken on purpose.

use nymi_core::chain::{Csr, CsrError, pem};
use nymi_core::crypto::{PrivateKey, RustCrypto, SecretKey};
use nymi_crypto_ring::RingVerifier;

use crate::chain_writer::*;

struct Request {
    version: u8,
    subject: Vec<u8>,
    key: SecretKey,
    spki: Vec<u8>,
    attributes: Vec<u8>,
    algorithm: &'static [u8],
}

impl Request {
    fn new() -> Self {
        let key = key(3);
        Self {
            version: 0,
            subject: cn("kiosk"),
            spki: key.public_key().to_spki_der(),
            key,
            attributes: tlv(0xa0, &[]),
            algorithm: ECDSA_SHA256,
        }
    }

    fn der(&self) -> Vec<u8> {
        let info = seq(&[
            &tlv(2, &[self.version]),
            &self.subject,
            &self.spki,
            &self.attributes,
        ]);
        sign(&info, &seq(&[&id(self.algorithm)]), &self.key)
    }

    fn read(&self) -> Result<Csr, CsrError> {
        let (pure, fast) = (
            Csr::from_der(&RustCrypto, &self.der()),
            Csr::from_der(&RingVerifier, &self.der()),
        );
        assert_eq!(pure, fast);
        fast
    }
}

#[test]
fn what_a_request_says() {
    let request = Request::new();
    let csr = request.read().unwrap();
    assert_eq!(csr.subject_cn(), Some("kiosk"));
    assert_eq!(*csr.public_key(), request.key.public_key());
    for label in ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"] {
        let text = pem::encode(label, &request.der());
        assert_eq!(Csr::from_pem(&RustCrypto, &text), Ok(csr.clone()));
    }
}

#[test]
fn requests_of_another_library() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(["kiosk.example".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "kiosk");
    let request = params.serialize_request(&key).unwrap();
    let csr = Csr::from_pem(&RingVerifier, &request.pem().unwrap()).unwrap();
    assert_eq!(csr.subject_cn(), Some("kiosk"));
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let request = params.serialize_request(&key).unwrap();
    let result = Csr::from_der(&RingVerifier, request.der());
    assert!(
        matches!(result, Err(CsrError::Unsupported(_))),
        "{result:?}"
    );
}

#[test]
fn proof_of_possession() {
    let mut request = Request::new();
    request.spki = key(4).public_key().to_spki_der();
    assert_eq!(request.read(), Err(CsrError::ProofOfPossession));
    let mut der = Request::new().der();
    let place = der
        .windows(5)
        .position(|window| window == b"kiosk")
        .unwrap();
    der[place] = b'K';
    assert_eq!(
        Csr::from_der(&RustCrypto, &der),
        Err(CsrError::ProofOfPossession)
    );
}

#[test]
fn broken_requests() {
    let malformed = |change: fn(&mut Request)| {
        let mut request = Request::new();
        change(&mut request);
        matches!(request.read(), Err(CsrError::Malformed(_)))
    };
    assert!(malformed(|request| request.version = 1));
    assert!(malformed(|request| request.attributes = vec![]));
    assert!(malformed(
        |request| request.subject = tlv(0x30, &tlv(0x31, &[]))
    ));
    assert!(malformed(
        |request| request.attributes = tlv(0xa0, &tlv(0x30, &[]))
    ));
    let mut request = Request::new();
    request.algorithm = ECDSA_SHA384;
    assert!(matches!(request.read(), Err(CsrError::Unsupported(_))));
    assert!(matches!(
        Csr::from_der(&RustCrypto, &[0; 70_000]),
        Err(CsrError::TooLarge(_))
    ));
    assert!(matches!(
        Csr::from_pem(&RustCrypto, "hello"),
        Err(CsrError::Pem(_))
    ));
}

#[test]
fn a_request_of_64_kib_is_read_and_no_longer_one() {
    let read = |length: usize| Csr::from_der(&RustCrypto, &vec![0; length]);
    assert!(matches!(read(64 * 1024), Err(CsrError::Malformed(_))));
    assert_eq!(read(64 * 1024 + 1), Err(CsrError::TooLarge(64 * 1024)));
}
