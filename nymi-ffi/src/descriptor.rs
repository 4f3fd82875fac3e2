//! A descriptor that can be read while there are updates, for `poll` and its relatives.
//!
//! It is one end of a pair of sockets. The other end puts one byte in when updates begin to be
//! there, and takes it out when the last one was read. On Windows it is an event that is set and reset.

use std::io;

/// Both ends.
#[cfg(unix)]
pub(crate) struct Descriptor {
    /// What the program polls: another descriptor of the end that is read. It may close it against the rules, so
    /// it is neither used here nor closed by std, which ends the process where it checks such things.
    theirs: std::os::fd::RawFd,
    read: std::os::unix::net::UnixStream,
    write: std::os::unix::net::UnixStream,
    /// Whether the byte is in. Changed under the lock of the queue alone, and under this one.
    is_set: std::sync::Mutex<bool>,
}

#[cfg(unix)]
impl Descriptor {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = std::os::unix::net::UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let theirs = std::os::fd::IntoRawFd::into_raw_fd(read.try_clone()?);
        let is_set = std::sync::Mutex::new(false);
        Ok(Self {
            theirs,
            read,
            write,
            is_set,
        })
    }

    /// Its number, the program's to poll and ours to close.
    pub(crate) fn number(&self) -> i32 {
        self.theirs
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
            (&self.write).write(&[1])
        } else {
            (&self.read).read(&mut [0])
        };
    }
}

#[cfg(unix)]
impl Drop for Descriptor {
    /// Under a number that the program has closed there may be somebody else's file by now.
    fn drop(&mut self) {
        let own = std::os::fd::AsRawFd::as_raw_fd(&self.read);
        if file_of(own).is_some_and(|own| file_of(self.theirs) == Some(own)) {
            // SAFETY: it is ours to close, and nobody uses it from here on.
            unsafe { libc::close(self.theirs) };
        }
    }
}

/// What the system knows the file behind a number by.
#[cfg(unix)]
fn file_of(number: std::os::fd::RawFd) -> Option<(libc::dev_t, libc::ino_t)> {
    let mut about = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: there is room for what fstat writes, any number may be asked for, and what it has written
    // is read only if it has.
    unsafe {
        (libc::fstat(number, about.as_mut_ptr()) == 0).then(|| {
            let about = about.assume_init();
            (about.st_dev, about.st_ino)
        })
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
