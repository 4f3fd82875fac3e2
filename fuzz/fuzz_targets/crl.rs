//! A revocation list of any bytes, DER or PEM.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::chain::Crl;

fuzz_target!(|bytes: &[u8]| {
    let _ = Crl::from_der(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Crl::from_pem(text);
    }
});
