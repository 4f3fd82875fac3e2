//! A certificate of any bytes: what parses is all of the input, and another parser reads the same
//! in it.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use nymi_core::chain::{Certificate, Role, TrustAnchor};
use x509_parser::prelude::{FromDer, X509Certificate};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nymi_fuzz::der::mutate(data, size, max_size, seed)
});

fn agrees(certificate: &Certificate, other: &X509Certificate<'_>) {
    assert_eq!(certificate.subject_der(), other.subject().as_raw());
    assert_eq!(certificate.issuer_der(), other.issuer().as_raw());
    assert_eq!(certificate.spki_der(), other.public_key().raw);
    let validity = other.validity();
    assert_eq!(
        certificate.not_before().as_secs(),
        validity.not_before.timestamp()
    );
    assert_eq!(
        certificate.not_after().as_secs(),
        validity.not_after.timestamp()
    );
    let serial = other.raw_serial();
    let serial = serial.strip_prefix(&[0]).unwrap_or(serial);
    let hex: String = serial.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(certificate.serial_hex(), hex);
    // The other parser passes over a path length of more than 32 bits, together with its extension.
    if let Ok(Some(found)) = other.basic_constraints() {
        assert_eq!(certificate.is_ca(), found.value.ca);
        assert_eq!(certificate.path_length(), found.value.path_len_constraint);
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        assert_eq!(certificate.der(), bytes);
        assert!(!certificate.spki_der().is_empty());
        let _ = (
            certificate.subject_cn(),
            certificate.public_key(),
            certificate.fingerprint(),
        );
        let _ = (
            certificate.subject_display(),
            Role::ALL.map(|role| certificate.has_role(role)),
        );
        let _ = TrustAnchor::from_der(bytes);
        if let Ok((rest, other)) = X509Certificate::from_der(bytes) {
            assert!(rest.is_empty(), "both read all of it");
            agrees(&certificate, &other);
        }
    }
});
