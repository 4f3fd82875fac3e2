//! The line between C and Rust: strings in, bytes out, and no panic across.

use std::ffi::{CStr, c_char, c_ulonglong};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Failure, NymiResult};
use crate::reserve;
use crate::threads::Uncancelled;

/// Runs an entry; a panic becomes `otherwise`, and never the caller's problem. A thread that is cancelled meanwhile ends after it.
pub(crate) fn guarded<T>(otherwise: T, entry: impl FnOnce() -> T) -> T {
    let _uncancelled = Uncancelled::new();
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

/// The longest text that the handle interface takes, in bytes: no message may be longer.
pub(crate) const MAX_TEXT: usize = 1024 * 1024;

/// The text of a C string of at most [`MAX_TEXT`] bytes, for which there is memory; none for NULL.
///
/// # Safety
/// `text` is NULL or points to bytes that end with a NUL and stay as they are for `'a`.
pub(crate) unsafe fn optional_text<'a>(
    name: &str,
    text: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller promises a NUL at the end, and nothing is read behind the first one.
    let is_nul = |at: &usize| unsafe { *text.add(*at) } == 0;
    let Some(length) = (0..=MAX_TEXT).find(is_nul) else {
        return Err(Failure::argument(name, "longer than 1 MiB"));
    };
    if !reserve::is_there(length) {
        return Err(Failure::new(NymiResult::NoMemory, name));
    }
    // SAFETY: that many bytes are there before the NUL, and stay as they are.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast(), length) };
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::argument(name, "not UTF-8"))?;
    Ok(Some(text))
}

/// The text of a C string that has to be there.
///
/// # Safety
/// As for [`optional_text`].
pub(crate) unsafe fn required_text<'a>(
    name: &str,
    text: *const c_char,
) -> Result<&'a str, Failure> {
    // SAFETY: the caller promises what `optional_text` asks for.
    unsafe { optional_text(name, text) }?.ok_or_else(|| Failure::argument(name, "NULL"))
}

/// The 32 bytes of a SHA-256 digest; none for NULL.
///
/// # Safety
/// `bytes` is NULL or points to 32 bytes.
pub(crate) unsafe fn optional_digest(bytes: *const u8) -> Option<[u8; 32]> {
    if bytes.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the caller promises 32 bytes; an array of bytes needs no alignment.
    Some(unsafe { *bytes.cast::<[u8; 32]>() })
}

/// The place for an output.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Refuses NULL, before anything is done whose result would be lost.
    ///
    /// # Safety
    /// `place` is NULL, or can be written until the value is dropped.
    pub(crate) unsafe fn new(name: &str, place: *mut T) -> Result<Self, Failure> {
        if place.is_null() {
            return Err(Failure::argument(name, "NULL"));
        }
        Ok(Self(place))
    }

    pub(crate) fn set(self, value: T) {
        // SAFETY: not NULL and writable by `new`'s contract; what was there is not read or dropped.
        unsafe { self.0.write(value) };
    }
}

/// A struct that programs fill in, which begins with its size so that it can grow.
///
/// # Safety
/// The struct is `repr(C)`, its first field is its size as a `usize`, and zeros are a value of every
/// field.
pub(crate) unsafe trait Growing: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Its size when it was first published: a number that stays when fields are added, in words since
    /// pointers differ.
    const FIRST_SIZE: usize;
}

/// The largest size that a newer header could mean.
const MAX_SIZE: usize = 4096;

/// Reads a struct of an older, the same or a newer header: fields that it lacks are zero, and those
/// that this library does not know must be.
///
/// # Safety
/// `given` is NULL, or points to a size and then as many bytes as it says, its own included.
pub(crate) unsafe fn read_growing<T: Growing>(given: *const T) -> Result<T, Failure> {
    const { assert!(T::FIRST_SIZE <= size_of::<T>()) };
    if given.is_null() {
        return Err(Failure::argument(T::NAME, "NULL"));
    }
    let bytes = given.cast::<u8>();
    // SAFETY: the caller promises that a size is there; it may lie anywhere.
    let size = unsafe { given.cast::<usize>().read_unaligned() };
    if !(T::FIRST_SIZE..=MAX_SIZE).contains(&size) {
        let what = format!("its size is {size}; set it to sizeof (struct {})", T::NAME);
        return Err(Failure::argument(T::NAME, &what));
    }
    for at in size_of::<T>()..size {
        // SAFETY: within the size that the caller promises.
        if unsafe { *bytes.add(at) } != 0 {
            let detail = format!("{}: byte {at} means nothing to this library", T::NAME);
            return Err(Failure::new(NymiResult::TooNew, detail));
        }
    }
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: both have that many bytes and do not overlap; with zeros for the rest, and fields for
    // which zeros are a value, the struct is whole.
    unsafe {
        let known = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping(bytes, value.as_mut_ptr().cast(), known);
        Ok(value.assume_init())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Grown {
        size: usize,
        old: u64,
        new: u64,
    }

    // SAFETY: repr(C), a size first, then numbers.
    unsafe impl Growing for Grown {
        const NAME: &'static str = "Grown";
        const FIRST_SIZE: usize = 16;
    }

    /// Of a header to come.
    #[repr(C)]
    struct Newer {
        known: Grown,
        unknown: u64,
    }

    fn read(size: usize, unknown: u64) -> Result<(u64, u64), Failure> {
        let known = Grown {
            size,
            old: 1,
            new: 2,
        };
        let newer = Newer { known, unknown };
        // SAFETY: there are at least as many bytes as each size below that is read.
        let read = unsafe { read_growing((&raw const newer).cast::<Grown>()) }?;
        Ok((read.old, read.new))
    }

    #[test]
    fn structs_of_older_and_newer_headers_are_read() {
        assert_eq!(read(16, 9), Ok((1, 0)), "older");
        assert_eq!(read(24, 9), Ok((1, 2)), "the same");
        assert_eq!(read(32, 0), Ok((1, 2)), "newer, nothing new used");
        let newer = read(32, 9).unwrap_err();
        assert_eq!(newer, {
            let detail = "Grown: byte 24 means nothing to this library";
            Failure::new(NymiResult::TooNew, detail)
        });
    }

    #[test]
    fn sizes_that_no_header_had_are_refused() {
        for size in [0, 1, 15, MAX_SIZE + 1, usize::MAX] {
            assert!(read(size, 0).is_err(), "{size}");
        }
        // SAFETY: NULL is allowed.
        assert!(unsafe { read_growing::<Grown>(std::ptr::null()) }.is_err());
    }

    #[test]
    #[cfg_attr(miri, ignore = "a million steps")]
    fn texts_are_bounded() {
        let long = vec![b'a'; MAX_TEXT + 2];
        // SAFETY: more bytes are there than are read.
        let text = unsafe { optional_text("it", long.as_ptr().cast()) };
        assert_eq!(text, Err(Failure::argument("it", "longer than 1 MiB")));
    }

    #[test]
    fn texts_are_checked() {
        // SAFETY: literals, each with its NUL, and NULL.
        unsafe {
            assert_eq!(optional_text("it", c"a".as_ptr()), Ok(Some("a")));
            assert_eq!(optional_text("it", std::ptr::null()), Ok(None));
            let not_utf8 = c"\xff".as_ptr();
            let expected = Failure::argument("it", "not UTF-8");
            assert_eq!(optional_text("it", not_utf8), Err(expected));
            let expected = Failure::argument("it", "NULL");
            assert_eq!(required_text("it", std::ptr::null()), Err(expected));
        }
    }
}
