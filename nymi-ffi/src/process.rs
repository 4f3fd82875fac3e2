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
}

/// Whether this is the child of a process that had used the library before it forked.
pub(crate) fn is_forked() -> bool {
    let owner = OWNER.load(Ordering::Relaxed);
    owner != 0 && owner != std::process::id()
}
