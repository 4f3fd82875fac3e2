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

/// While this lives, the thread that made it is not cancelled: pthread_cancel ends a thread by unwinding its stack, which
/// cannot go through frames of Rust.
#[cfg(unix)]
pub(crate) struct Uncancelled {
    before: libc::c_int,
}

#[cfg(unix)]
impl Uncancelled {
    pub(crate) fn new() -> Self {
        let mut before = CANCEL_ENABLE;
        // SAFETY: it writes to the place that it is given. It fails for states that do not exist only.
        unsafe { pthread_setcancelstate(CANCEL_DISABLE, &mut before) };
        Self { before }
    }
}

#[cfg(unix)]
impl Drop for Uncancelled {
    fn drop(&mut self) {
        let mut ours = 0;
        // SAFETY: as above; the state is the one that was found.
        unsafe { pthread_setcancelstate(self.before, &mut ours) };
    }
}

/// `PTHREAD_CANCEL_ENABLE` and `PTHREAD_CANCEL_DISABLE` of glibc and musl, which the libc crate does not have.
#[cfg(unix)]
const CANCEL_ENABLE: libc::c_int = 0;
#[cfg(unix)]
const CANCEL_DISABLE: libc::c_int = 1;

#[cfg(unix)]
unsafe extern "C" {
    fn pthread_setcancelstate(state: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
}

/// Other systems cancel no threads.
#[cfg(not(unix))]
pub(crate) struct Uncancelled;

#[cfg(not(unix))]
impl Uncancelled {
    pub(crate) const fn new() -> Self {
        Self
    }
}
