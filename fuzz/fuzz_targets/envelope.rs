//! A request of any bytes: a request that writes back the same, or an answer that parses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::message::{Request, Update};

fuzz_target!(|bytes: &[u8]| {
    match Request::parse(bytes) {
        Ok(request) => {
            let again = Request::parse(request.to_json().as_bytes()).expect("our own text parses");
            assert_eq!(again.to_json(), request.to_json());
        }
        Err(answer) => {
            let text = answer.to_json();
            let again = Update::parse(text.as_bytes()).expect("our own answer parses");
            assert_eq!(again.to_json(), text);
        }
    }
    if let Ok(update) = Update::parse(bytes) {
        let _ = update.to_json();
    }
});
