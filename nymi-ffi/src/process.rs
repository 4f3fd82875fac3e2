//! One process: a child made by `fork` has our memory, but not our threads.
//!
//! Locks may have been held at the fork and would never be released, so nothing is locked before
//! this was asked.

use std::sync::atomic::{AtomicU32, Ordering};

/// The process that uses the library; 0 before the first client.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Makes this process the one that uses the library, if none does.
pub(crate) fn claim() {
    let this = std::process::id();
    let _ = OWNER.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed);
    #[cfg(windows)]
    stay_loaded();
}

/// Keeps the library where it is, whoever frees it: a client's threads run in its code. On Linux the
/// linker is told so.
#[cfg(windows)]
fn stay_loaded() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the name is an address, which is in this library; the handle can be
    // written. It cannot fail for an address in a library that is loaded.
    let _ = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            (&raw const OWNER).cast(),
            &mut module,
        )
    };
}

/// Whether this is the child of a process that had used the library before it forked.
pub(crate) fn is_forked() -> bool {
    let owner = OWNER.load(Ordering::Relaxed);
    owner != 0 && owner != std::process::id()
}
