//! Our thread as a guest in somebody's process.

/// Keeps the host's signals away from our thread, on that thread.
///
/// A handler of the host must not run on a thread that it does not know, and a write to a closed
/// connection must be an error here, not a SIGPIPE that ends a host which never asked for it. The
/// process's own dispositions stay as they are.
#[cfg(unix)]
pub(crate) fn block_signals() {
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set that it is given; the other calls take an initialised
    // set, and pthread_sigmask changes the mask of this thread alone.
    unsafe {
        if libc::sigfillset(signals.as_mut_ptr()) != 0 {
            return;
        }
        // A fault of this thread's own is delivered to it whatever its mask says; blocked, it
        // would end the process before the host's crash handler sees it.
        for fault in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGABRT,
        ] {
            libc::sigdelset(signals.as_mut_ptr(), fault);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut());
    }
}

/// Other systems have no signals to keep away.
#[cfg(not(unix))]
pub(crate) fn block_signals() {}
