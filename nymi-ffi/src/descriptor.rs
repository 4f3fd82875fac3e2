//! A descriptor that can be read while there are updates, for `poll` and its relatives.
//!
//! It is one end of a pair of sockets. The other end puts one byte in when updates begin to be
//! there, and takes it out when the last one was read.

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

/// Other systems have none.
#[cfg(not(unix))]
pub(crate) struct Descriptor(std::convert::Infallible);

#[cfg(not(unix))]
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
