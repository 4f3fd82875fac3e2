//! What stands in a session with a band, of any bytes: cut into parts anywhere it comes together the same,
//! and what decodes, encodes to something that decodes the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::band::session::{SessionAnswer, SessionFrames, SessionRequest, session_frame};

fuzz_target!(|bytes: &[u8]| {
    let cut = usize::from(bytes.last().copied().unwrap_or(0));
    if let Ok(request) = SessionRequest::from_bytes(bytes) {
        let again = SessionRequest::from_bytes(&request.to_bytes());
        assert_eq!(again.as_ref(), Ok(&request));
    }
    if let Ok(answer) = SessionAnswer::from_bytes(bytes) {
        let again = SessionAnswer::from_bytes(&answer.to_bytes());
        assert_eq!(again.as_ref(), Ok(&answer));
    }
    let (first, second) = bytes.split_at(cut % (bytes.len() + 1));
    let mut parts = SessionFrames::default();
    let _ = parts.push(first).and_then(|()| parts.message());
    let _ = parts.push(second).and_then(|()| parts.message());
    if let Ok(stream) = session_frame(bytes) {
        let (first, second) = stream.split_at(cut % stream.len());
        let mut frames = SessionFrames::default();
        frames.push(first).expect("a part fits");
        assert_eq!(frames.message(), Ok(None));
        frames.push(second).expect("the rest fits");
        assert_eq!(frames.message(), Ok(Some(bytes.to_vec())));
    }
});
