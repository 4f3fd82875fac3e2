//! A presence frame: what parses writes back the same bytes, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::presence::Frame;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::parse(bytes) {
        assert_eq!(frame.to_bytes(), bytes);
    }
});
