//! A certificate signing request of any bytes, DER or PEM, also with its signature taken for good.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use nymi_core::chain::Csr;
use nymi_crypto_ring::RingVerifier;
use nymi_fuzz::toy::AcceptAll;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nymi_fuzz::der::mutate(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let real = Csr::from_der(&RingVerifier, bytes);
    let trusting = Csr::from_der(&AcceptAll, bytes);
    if let Ok(csr) = &real {
        let other = trusting
            .as_ref()
            .expect("trusting more refuses nothing more");
        assert_eq!(csr.public_key(), other.public_key());
        assert_eq!(csr.subject_cn(), other.subject_cn());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Csr::from_pem(&RingVerifier, text);
    }
});
