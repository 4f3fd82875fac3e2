//! PEM of any text: what is read, written again, reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::chain::{Certificate, TrustAnchor, pem};

fuzz_target!(|text: &str| {
    for label in [
        "CERTIFICATE",
        "X509 CRL",
        "CERTIFICATE REQUEST",
        "PRIVATE KEY",
    ] {
        if let Ok(blocks) = pem::decode(text, label) {
            assert!(!blocks.is_empty() && blocks.len() <= text.len() / label.len());
            let again: String = blocks.iter().map(|der| pem::encode(label, der)).collect();
            assert_eq!(pem::decode(&again, label), Ok(blocks));
        }
    }
    let _ = (Certificate::from_pem(text), TrustAnchor::from_pem(text));
});
