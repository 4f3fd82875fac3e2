//! A channel message in either serializer: what decodes, encodes to something that decodes the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::message::phoenix::{Vsn, decode, encode};

fuzz_target!(|text: &str| {
    for vsn in [Vsn::V1, Vsn::V2] {
        if let Ok(message) = decode(vsn, text) {
            let again = decode(vsn, &encode(vsn, &message)).expect("our own text decodes");
            assert_eq!(again, message);
        }
    }
});
