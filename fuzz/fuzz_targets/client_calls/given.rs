//! What the library gave, until it is freed.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null;

use nymi_api::band::nymi_key_free;
use nymi_api::client::nymi_string_free;
use nymi_api::error::{NymiError, nymi_error_free};
use nymi_api::events::{NymiEvent, NymiEventKind, nymi_event_free, nymi_tap_free};
use nymi_api::operations::{nymi_assertion_free, nymi_lookup_free};

#[derive(Clone, Copy)]
pub(crate) enum Given {
    Update(*mut c_char),
    Error(*mut NymiError, u32),
    Event(*mut NymiEvent),
}

/// Every byte of a text that the library gave.
pub(crate) fn read<'a>(text: *const c_char) -> &'a str {
    assert!(!text.is_null());
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().expect("texts are UTF-8")
}

/// Frees something as what it may not be.
pub(crate) fn free_as(given: *mut c_void, like: u8) {
    match like % 8 {
        0 => nymi_string_free(given.cast()),
        1 => nymi_error_free(given.cast()),
        2 => nymi_event_free(given.cast()),
        3 => nymi_tap_free(given.cast()),
        4 => nymi_lookup_free(given.cast()),
        5 => nymi_key_free(given.cast()),
        6 => nymi_string_free(given.cast::<c_char>().wrapping_add(1)),
        _ => nymi_assertion_free(given.cast()),
    }
}

/// What was given is whole.
pub(crate) fn check_given(given: Given) {
    let (json, error) = match given {
        Given::Update(update) => (update.cast_const(), null()),
        Given::Error(error, code) => {
            assert_eq!(unsafe { &*error }.code, code);
            (null(), error.cast_const())
        }
        Given::Event(event) => {
            let event = unsafe { &*event };
            assert_eq!(
                event.kind == NymiEventKind::Error as u32,
                !event.error.is_null()
            );
            (event.json, event.error)
        }
    };
    if !json.is_null() {
        serde_json::from_str::<serde_json::Value>(read(json)).expect("updates are JSON");
    }
    if !error.is_null() {
        let error = unsafe { &*error };
        assert!(!read(error.message).is_empty());
        read(error.detail);
    }
}
