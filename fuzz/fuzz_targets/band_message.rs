//! A message to or from a band, of any bytes: what decodes, encodes to something that decodes the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::band::{BandReply, BandRequest};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = BandRequest::from_bytes(bytes) {
        assert_eq!(
            BandRequest::from_bytes(&request.to_bytes()).as_ref(),
            Ok(&request)
        );
    }
    if let Ok(reply) = BandReply::from_bytes(bytes) {
        assert_eq!(
            BandReply::from_bytes(&reply.to_bytes()).as_ref(),
            Ok(&reply)
        );
    }
});
