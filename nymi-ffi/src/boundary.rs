//! The line between C and Rust: strings in, bytes out, and no panic across.

use std::ffi::{CStr, c_char, c_ulonglong};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs an entry; a panic becomes `otherwise`, and never the caller's problem.
pub(crate) fn guarded<T>(otherwise: T, entry: impl FnOnce() -> T) -> T {
    // After a panic nothing that it may have left half done is looked at again: the shared state
    // recovers by itself (see `classic`).
    catch_unwind(AssertUnwindSafe(entry)).unwrap_or(otherwise)
}

/// The bytes of a C string without its NUL; none for NULL.
///
/// # Safety
/// `text` is NULL or points to bytes that end with a NUL and stay as they are for `'a`.
pub(crate) unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the caller promises a NUL-terminated string that lives for 'a.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The text of a C string; none for NULL and for what is not UTF-8.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller promises what `bytes` asks for.
    unsafe { bytes(text) }.and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// A caller's buffer for a NUL-terminated text, and the place for its length.
pub(crate) struct TextOut {
    buffer: *mut c_char,
    /// How many bytes fit, the NUL included.
    max: usize,
    len: *mut c_ulonglong,
}

impl TextOut {
    /// None if something is missing: the length's place, or a buffer that is said to have room.
    ///
    /// # Safety
    /// Until the value is dropped, `buffer` is NULL or can be written for `max` bytes, and `len` is
    /// NULL or can be written.
    pub(crate) unsafe fn new(
        buffer: *mut c_char,
        max: c_ulonglong,
        len: *mut c_ulonglong,
    ) -> Option<Self> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let usable = !len.is_null() && (max == 0 || !buffer.is_null());
        usable.then_some(Self { buffer, max, len })
    }

    /// How long a text may be, its NUL not counted.
    pub(crate) fn room(&self) -> usize {
        self.max.saturating_sub(1)
    }

    /// Says how many bytes a text needs, its NUL included.
    pub(crate) fn needs(&self, text_len: usize) {
        self.set_len(text_len.saturating_add(1));
    }

    /// Says that there is no text.
    pub(crate) fn nothing(&self) {
        self.set_len(0);
    }

    /// Writes a text of at most [`TextOut::room`] bytes and its length; false if it is longer.
    pub(crate) fn write(&self, text: &str) -> bool {
        if text.len() >= self.max {
            return false;
        }
        // SAFETY: the buffer has `max` bytes by `new`'s contract (it is not NULL as max > 0), and
        // the text and its NUL fit by the line above; a Rust string cannot overlap a buffer that
        // the caller lends us for writing.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), self.buffer, text.len());
            *self.buffer.add(text.len()) = 0;
        }
        self.needs(text.len());
        true
    }

    fn set_len(&self, len: usize) {
        // SAFETY: not NULL and writable by `new`'s contract.
        unsafe { *self.len = len as c_ulonglong };
    }
}
