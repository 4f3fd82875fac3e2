//! A certificate signing request of any bytes, DER or PEM.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::chain::Csr;
use nymi_crypto_ring::RingVerifier;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(csr) = Csr::from_der(&RingVerifier, bytes) {
        let _ = (csr.public_key(), csr.subject_cn());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Csr::from_pem(&RingVerifier, text);
    }
});
