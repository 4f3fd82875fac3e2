//! A certificate of any bytes: what parses is all of the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::chain::Certificate;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        assert_eq!(certificate.der(), bytes);
        assert!(!certificate.spki_der().is_empty());
        let _ = (
            certificate.subject_cn(),
            certificate.public_key(),
            certificate.fingerprint(),
        );
    }
});
