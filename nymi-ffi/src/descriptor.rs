//! A descriptor that can be read while there are updates, for `poll` and its relatives.
//!
//! It is one end of a pair of sockets. The other end puts one byte in when updates begin to be
//! there, and takes it out when the last one was read. On Windows it is an event that is set and reset.

use std::io;

/// Both ends.
#[cfg(unix)]
pub(crate) struct Descriptor {
    /// What the program polls.
    theirs: std::os::unix::net::UnixStream,
    ours: std::os::unix::net::UnixStream,
    /// Whether the byte is in. Changed under the lock of the queue alone, and under this one.
    is_set: std::sync::Mutex<bool>,
}

#[cfg(unix)]
impl Descriptor {
    pub(crate) fn new() -> io::Result<Self> {
        let (theirs, ours) = std::os::unix::net::UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        ours.set_nonblocking(true)?;
        let is_set = std::sync::Mutex::new(false);
        Ok(Self {
            theirs,
            ours,
            is_set,
        })
    }

    /// Its number, the program's to poll and ours to close.
    pub(crate) fn number(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.theirs)
    }

    /// Makes it readable, or no longer readable.
    pub(crate) fn set(&self, is_readable: bool) {
        use std::io::{Read as _, Write as _};
        let lock = self.is_set.lock();
        let mut is_set = lock.unwrap_or_else(std::sync::PoisonError::into_inner);
        if *is_set == is_readable {
            return;
        }
        *is_set = is_readable;
        // Neither can block or fail: there is room for a byte, or there is a byte. A program that
        // read it against the rules loses a wake-up, no more.
        let _ = if is_readable {
            (&self.ours).write(&[1])
        } else {
            (&self.theirs).read(&mut [0])
        };
    }
}

/// An event that stays set until it is reset.
#[cfg(windows)]
pub(crate) struct Descriptor(std::os::windows::io::OwnedHandle);

#[cfg(windows)]
impl Descriptor {
    pub(crate) fn new() -> io::Result<Self> {
        use std::os::windows::io::{FromRawHandle as _, OwnedHandle};
        use windows_sys::Win32::System::Threading::CreateEventW;
        // SAFETY: neither attributes nor a name are given.
        let event = unsafe { CreateEventW(std::ptr::null(), 1, 0, std::ptr::null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was made above, and nobody else closes it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(event) }))
    }

    /// Its number, the program's to wait for and ours to close. Handles have 32 significant bits, so
    /// that 32-bit and 64-bit programs can hand them to each other.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper bits say nothing"
    )]
    pub(crate) fn number(&self) -> i32 {
        std::os::windows::io::AsRawHandle::as_raw_handle(&self.0).addr() as i32
    }

    /// Sets it, or resets it.
    pub(crate) fn set(&self, is_readable: bool) {
        use windows_sys::Win32::System::Threading::{ResetEvent, SetEvent};
        let event = std::os::windows::io::AsRawHandle::as_raw_handle(&self.0);
        // SAFETY: the event is open as long as this value is; with it, neither can fail.
        let _ = unsafe {
            if is_readable {
                SetEvent(event)
            } else {
                ResetEvent(event)
            }
        };
    }
}

/// Other systems have none.
#[cfg(not(any(unix, windows)))]
pub(crate) struct Descriptor(std::convert::Infallible);

#[cfg(not(any(unix, windows)))]
impl Descriptor {
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn number(&self) -> i32 {
        match self.0 {}
    }

    pub(crate) fn set(&self, _: bool) {
        match self.0 {}
    }
}
