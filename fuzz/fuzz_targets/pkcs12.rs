//! The server's import of fullchain.p12, with any bytes: a chain that fits together, or an error;
//! never more key derivation than its bound. Built from the server's source: nothing of it is public.
#![no_main]
#![allow(dead_code)]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use nymi_core::chain::Certificate;
use nymi_core::crypto::PrivateKey;

#[path = "../../nymi-nes/src/pki/pkcs12.rs"]
mod pkcs12;

const PASSWORD: &str = "seed";
/// Files that want more rounds than this are not opened, only judged: it would take the time of
/// thousands of others.
const QUICK: u64 = 20_000;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nymi_fuzz::der::mutate(data, size, max_size, seed)
});

fuzz_target!(
    init: {
        for genuine in [
            &include_bytes!("../seeds/pkcs12/modern")[..],
            include_bytes!("../seeds/pkcs12/legacy"),
            include_bytes!("../seeds/pkcs12/plain"),
        ] {
            assert!(pkcs12::read(genuine, PASSWORD).is_ok(), "the seed opens, else this target reaches little");
        }
    },
    |bytes: &[u8]| {
        match pkcs12::rounds(bytes, pkcs12::MAX_DEPTH) {
            Some(rounds) if (QUICK..=pkcs12::MAX_ROUNDS).contains(&rounds) => return,
            Some(rounds) if rounds > pkcs12::MAX_ROUNDS => {
                assert!(pkcs12::read(bytes, PASSWORD).is_err());
                return;
            }
            None => {
                assert!(pkcs12::read(bytes, PASSWORD).is_err());
                return;
            }
            Some(_) => {}
        }
        if let Ok(chain) = pkcs12::read(bytes, PASSWORD) {
            assert_ne!(chain.l1, chain.l2);
            if let Ok(l2) = Certificate::from_der(&chain.l2) {
                assert_eq!(l2.public_key(), Some(&chain.l2_key.public_key()));
                if let Ok(l1) = Certificate::from_der(&chain.l1) {
                    assert_eq!(l1.subject_der(), l2.issuer_der());
                }
            }
        }
    }
);
