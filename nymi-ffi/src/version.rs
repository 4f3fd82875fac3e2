//! Which library this is.

use std::ffi::c_char;

/// The number of the binary interface: the header's `NYMI_ABI_VERSION`.
pub const NYMI_ABI_VERSION: u32 = 1;

/// The version of the binary interface that the loaded library has.
///
/// It changes only when something that was published changes its meaning or goes away; functions and
/// status codes that are added leave it as it is. Compare it with NYMI_ABI_VERSION, the version of
/// the header that the program was compiled with, before anything else is called.
///
/// Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// if (nymi_abi_version() != NYMI_ABI_VERSION) { finish(); }
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_abi_version() -> u32 {
    NYMI_ABI_VERSION
}

/// The version of the loaded library, such as "0.1.0", for logs and support.
///
/// Ownership: the text belongs to the library, is NUL-terminated and lives as long as the library is
/// loaded; do not free it. Threads: any. Errors: none, never NULL.
///
/// Example:
///
/// ```c
/// printf("nymi_api %s\n", nymi_version());
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
