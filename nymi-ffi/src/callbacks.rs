//! Callbacks: one thread per client, on which the program's functions run one after the other.
//!
//! Neither the engine nor a caller ever runs the program's code. Updates stay in the client's queue
//! until this thread takes them; lines of the log wait in a short queue here.

use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::{io, ptr};

use nymi_napi::{Client, GetError, LogLevel, start_thread};

use crate::threads::block_signals;

/// How many lines of the log wait; what comes on top is dropped and counted.
const MOST_LINES: usize = 1024;

/// Takes an update; NULL after the last one.
pub(crate) type OnUpdate =
    unsafe extern "C-unwind" fn(user_data: *mut c_void, update: *const c_char);
/// Takes a line of the log.
pub(crate) type OnLog =
    unsafe extern "C-unwind" fn(user_data: *mut c_void, level: u32, line: *const c_char);

/// What the program wants to be called with.
#[derive(Clone, Copy)]
pub(crate) struct Callbacks {
    pub(crate) on_update: Option<OnUpdate>,
    pub(crate) on_log: Option<OnLog>,
    pub(crate) user_data: *mut c_void,
}

// SAFETY: the pointer is the program's, and only its own functions look at it; the header says on
// which thread they are called.
unsafe impl Send for Callbacks {}

/// What waits for the thread.
#[derive(Default)]
struct Waiting {
    has_updates: bool,
    lines: VecDeque<(LogLevel, CString)>,
    dropped_lines: u64,
    stop: bool,
}

/// Where the engine and callers leave what is for the thread.
#[derive(Default)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Inbox {
    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client's queue has updates.
    pub(crate) fn set_has_updates(&self, has_updates: bool) {
        self.change(|waiting| waiting.has_updates = has_updates);
    }

    /// A line of the log.
    pub(crate) fn add_line(&self, level: LogLevel, line: &str) {
        // The log shows control characters as escapes, so there is no NUL in a line.
        let Ok(line) = CString::new(line) else { return };
        self.change(|waiting| {
            if waiting.lines.len() < MOST_LINES {
                waiting.lines.push_back((level, line));
            } else {
                waiting.dropped_lines += 1;
            }
        });
    }

    /// What to do next.
    fn next(&self, takes_updates: bool) -> Turn {
        let mut waiting = self.lock();
        loop {
            if waiting.stop {
                return Turn::Stop;
            }
            if let Some((level, line)) = waiting.lines.pop_front() {
                return Turn::Line(level, line);
            }
            if let Some(line) = dropped_note(&mut waiting.dropped_lines) {
                return Turn::Line(LogLevel::Normal, line);
            }
            if takes_updates && waiting.has_updates {
                return Turn::Update;
            }
            let waited = self.changed.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn dropped_note(dropped: &mut u64) -> Option<CString> {
    match std::mem::take(dropped) {
        0 => None,
        count => CString::new(format!("{count} lines of the log were dropped here")).ok(),
    }
}

enum Turn {
    Line(LogLevel, CString),
    Update,
    Stop,
}

/// The thread of a client's callbacks.
pub(crate) struct Courier {
    inbox: Arc<Inbox>,
    id: ThreadId,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Courier {
    /// Starts the thread.
    pub(crate) fn start(
        client: Arc<Client>,
        inbox: Arc<Inbox>,
        callbacks: Callbacks,
    ) -> io::Result<Self> {
        let work = {
            let inbox = Arc::clone(&inbox);
            move || run(&client, &inbox, callbacks)
        };
        let thread = start_thread("nymi-callback", block_signals, work)?;
        Ok(Self {
            inbox,
            id: thread.thread().id(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Has the thread end after the callback that runs.
    pub(crate) fn ask_to_stop(&self) {
        self.inbox.change(|waiting| waiting.stop = true);
    }

    /// Ends the thread and waits until no callback runs any more; called from a callback, that one
    /// is the last. A callback that waits for this one already is not waited for.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        let Some(_wait) = Wait::begin(self.id) else {
            return;
        };
        let mut lock = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = lock.take() {
            // It has nothing to say, and a panic in it was its end all the same.
            let _ = thread.join();
        }
    }
}

/// Which thread waits for which, so that callbacks that free each other's client do not wait for ever.
static WAITS: Mutex<Vec<(ThreadId, ThreadId)>> = Mutex::new(Vec::new());

fn waits() -> MutexGuard<'static, Vec<(ThreadId, ThreadId)>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This thread waits for another, until this is dropped.
struct Wait(ThreadId);

impl Wait {
    /// None if the other is this thread, or waits for it itself, perhaps through others.
    fn begin(other: ThreadId) -> Option<Self> {
        let this = thread::current().id();
        let mut waits = waits();
        let mut last = Some(other);
        while let Some(thread) = last {
            if thread == this {
                return None;
            }
            let next = waits.iter().find(|(who, _)| *who == thread);
            last = next.map(|(_, for_whom)| *for_whom);
        }
        waits.push((this, other));
        Some(Self(this))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        waits().retain(|(who, _)| *who != self.0);
    }
}

fn run(client: &Client, inbox: &Inbox, callbacks: Callbacks) {
    let mut takes_updates = callbacks.on_update.is_some();
    loop {
        match inbox.next(takes_updates) {
            Turn::Stop => return,
            Turn::Line(level, line) => callbacks.log(level, &line),
            Turn::Update => match client.try_get() {
                Ok(Some(update)) => {
                    // JSON has no NUL in it.
                    if let Ok(update) = CString::new(update) {
                        callbacks.update(update.as_ptr());
                    }
                }
                Err(GetError::Terminated | GetError::NotRunning) => {
                    callbacks.update(ptr::null());
                    takes_updates = false;
                }
                Ok(None) | Err(_) => {}
            },
        }
    }
}

impl Callbacks {
    fn update(&self, update: *const c_char) {
        if let Some(on_update) = self.on_update {
            // SAFETY: the program gave this function for this data; the text lives until it returns.
            contained(|| unsafe { on_update(self.user_data, update) });
        }
    }

    fn log(&self, level: LogLevel, line: &CString) {
        if let Some(on_log) = self.on_log {
            // SAFETY: as above.
            contained(|| unsafe { on_log(self.user_data, level as u32, line.as_ptr()) });
        }
    }
}

/// A panic of a callback ends that call, and nothing else.
fn contained(call: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(call));
}
