//! Threads in somebody's process.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The stack of each thread that a client starts, in bytes. Stated, so that nothing in the environment (`RUST_MIN_STACK`) makes it
/// another in somebody's process.
pub const THREAD_STACK: usize = 2 * 1024 * 1024;

/// Starts a thread that is set up by one function and does its work in the other. Returns once it is set
/// up: what a thread needs of the system to begin is there then, whatever the program takes away next.
///
/// # Errors
/// The system gives no thread.
pub fn start_thread(
    name: &str,
    set_up: impl FnOnce() + Send + 'static,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let progress = Arc::new(Progress::default());
    let done = Done(Arc::clone(&progress));
    let builder = Builder::new()
        .name(name.to_owned())
        .stack_size(THREAD_STACK);
    let thread = builder.spawn(move || {
        set_up();
        drop(done);
        work();
    })?;
    let is_done = progress.is_done.lock();
    let is_done = is_done.unwrap_or_else(PoisonError::into_inner);
    let waited = progress.changed.wait_while(is_done, |is_done| !*is_done);
    drop(waited);
    Ok(thread)
}

/// Has the present thread own what libraries beneath want once on each thread that runs clients: tokio, and the
/// random numbers of tungstenite. For that the C library allocates, and ends the process if it cannot; this is
/// to be called while there is memory.
///
/// # Panics
/// If the system has no random bytes.
pub fn prepare_thread() {
    // An error says that this is no thread of a runtime.
    let _ = tokio::runtime::Handle::try_current();
    let _ = tokio_tungstenite::tungstenite::handshake::client::generate_key();
}

#[derive(Default)]
struct Progress {
    is_done: Mutex<bool>,
    changed: Condvar,
}

/// Tells that the thread is set up, or that setting it up failed.
struct Done(Arc<Progress>);

impl Drop for Done {
    fn drop(&mut self) {
        let is_done = self.0.is_done.lock();
        *is_done.unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_thread_is_set_up_before_anyone_goes_on() {
        let is_set_up = Arc::new(AtomicBool::new(false));
        let sets = Arc::clone(&is_set_up);
        let set_up = move || {
            std::thread::yield_now();
            sets.store(true, Ordering::Relaxed);
        };
        let thread = start_thread("set up", set_up, || {
            assert_eq!(std::thread::current().name(), Some("set up"));
        });
        assert!(is_set_up.load(Ordering::Relaxed));
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn a_thread_that_cannot_be_set_up_holds_nobody_up() {
        let thread = start_thread("fails", || panic!("no"), || unreachable!());
        assert!(thread.unwrap().join().is_err());
    }
}
