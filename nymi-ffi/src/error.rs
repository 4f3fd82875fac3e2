//! How functions say what went wrong: a number, and an object with words if the caller wants them.

use std::ffi::c_char;

use nymi_core::message::{Status, Update};
use nymi_napi::{GetError, PutError, StartError};

use crate::boundary::guarded;
use crate::memory::{CStruct, Parts, give, take_back};
use crate::process::is_forked;
use crate::reserve;

/// What the `nymi_` functions return when it is not a status of enum NymiStatus. Those begin at 1000.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NymiResult {
    /// Done; the outputs are written.
    Okay = 0,
    /// An argument is NULL, not UTF-8, too long or out of its range; the detail names it.
    BadArgument = 1,
    /// The client was freed, or never was one.
    BadHandle = 2,
    /// Nothing came in time.
    Timeout = 3,
    /// nymi_client_wake ended the wait.
    Interrupted = 4,
    /// The client was terminated, and nothing is left to read.
    Terminated = 5,
    /// The client gives its updates to a callback.
    CallbackMode = 6,
    /// The process was made by fork from one that used the library; use exec, or another process.
    Forked = 7,
    /// The log directory cannot be used.
    LogUnusable = 8,
    /// The system refused a thread, a descriptor or another resource.
    System = 9,
    /// Too many clients, or updates that were not read.
    TooMany = 10,
    /// A struct is from a newer header and asks for something that this library does not have.
    TooNew = 11,
    /// This system does not have it.
    Unsupported = 12,
    /// A fault in the library.
    Fault = 13,
    /// There is not enough memory; nothing was done.
    NoMemory = 14,
}

/// What people are told about a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What it means: the message of the error.
    pub message: &'static str,
    /// Why it usually happens.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl NymiResult {
    /// Every result, by number.
    pub const fn all() -> [Self; 15] {
        [
            Self::Okay,
            Self::BadArgument,
            Self::BadHandle,
            Self::Timeout,
            Self::Interrupted,
            Self::Terminated,
            Self::CallbackMode,
            Self::Forked,
            Self::LogUnusable,
            Self::System,
            Self::TooMany,
            Self::TooNew,
            Self::Unsupported,
            Self::Fault,
            Self::NoMemory,
        ]
    }

    /// What it means, why it happens and what to do.
    pub const fn words(self) -> Words {
        let (message, cause, remedy) = match self {
            Self::Okay => (
                "Success.",
                "The function did what it was asked.",
                "Nothing is to be done.",
            ),
            Self::BadArgument => (
                "An argument cannot be used.",
                "A pointer is NULL that must not be, a text is not UTF-8 or longer than 1 MiB, or a struct has no `size`.",
                "Correct the argument that the detail names.",
            ),
            Self::BadHandle => (
                "The client was freed, or never was one.",
                "The program goes on with a client after nymi_client_free, or nymi_client_new failed before.",
                "Find who freed it; no other thread may begin a call after nymi_client_free.",
            ),
            Self::Timeout => (
                "Nothing came in time.",
                "Nobody tapped, or nothing changed, until the timeout of a wait.",
                "Wait again.",
            ),
            Self::Interrupted => (
                "The wait was interrupted.",
                "nymi_client_wake was called.",
                "Look at what the waking thread wants, then wait again or stop.",
            ),
            Self::Terminated => (
                "The client was terminated.",
                "nymi_client_terminate or nymi_client_free was called, and nothing is left to read.",
                "Free the client; for more work make a new one.",
            ),
            Self::CallbackMode => (
                "The client gives its updates to a callback.",
                "The client was made with `on_update`, and the program waits for updates, too.",
                "Use either the callback or the functions that wait.",
            ),
            Self::Forked => (
                "A process made by fork cannot use the library of its parent.",
                "The parent made a client, then called fork.",
                "Call exec in the child, or fork before the first client is made.",
            ),
            Self::LogUnusable => (
                "The log directory cannot be used.",
                "`log_directory` does not exist, or this user may not write there.",
                "Make the directory, or give another; the detail has the system's reason.",
            ),
            Self::System => (
                "The system refused a resource.",
                "The process has as many threads or open files as it may have.",
                "Raise the limits of the process, or free clients that are no longer used.",
            ),
            Self::TooMany => (
                "There are too many clients, or updates that were not read.",
                "The program makes clients and does not free them, or sends requests and does not read the updates.",
                "Free each client; one is enough for an application. Read updates on a thread of their own, or by a callback.",
            ),
            Self::TooNew => (
                "The library is older than the program.",
                "The program was compiled with a newer header and sets a field that this library does not know.",
                "Install the version of the library that the program was built for.",
            ),
            Self::Unsupported => (
                "This system does not have it.",
                "nymi_client_descriptor was called where there are neither descriptors nor events.",
                "Wait on a thread, or take updates by callback.",
            ),
            Self::Fault => (
                "A fault in the library.",
                "The library met a state that it should not have.",
                "Report it, with the log and the version.",
            ),
            Self::NoMemory => (
                "There is not enough memory.",
                "The process has used up what it may have, or a text needs more than is left.",
                "Free something, then try again: nothing was done.",
            ),
        };
        Words {
            message,
            cause,
            remedy,
        }
    }
}

/// What went wrong, in words. The library may add fields at the end.
#[repr(C)]
#[derive(Debug)]
pub struct NymiError {
    /// What the function returned: enum NymiResult or enum NymiStatus.
    pub code: u32,
    /// With NYMI_STATUS_CERTIFICATES, the number of the certificate error; else 0.
    pub nsl: u32,
    /// What the code means. Never NULL.
    pub message: *const c_char,
    /// What exactly was wrong this time. Never NULL, may be empty.
    pub detail: *const c_char,
}

impl CStruct for NymiError {}

/// An error that is there from the start and never freed.
struct Fixed(NymiError);

// SAFETY: it is read alone, and its texts are literals.
unsafe impl Sync for Fixed {}

/// Nothing may be allocated or locked in a forked child.
static FORKED: Fixed = Fixed(NymiError {
    code: NymiResult::Forked as u32,
    nsl: 0,
    message: c"A process made by fork cannot use the library of its parent.".as_ptr(),
    detail: c"".as_ptr(),
});

/// Nothing can be allocated for it.
static NO_MEMORY: Fixed = Fixed(NymiError {
    code: NymiResult::NoMemory as u32,
    nsl: 0,
    message: c"There is not enough memory.".as_ptr(),
    detail: c"".as_ptr(),
});

/// Frees an error.
///
/// Ownership: the error and its texts are gone after the call. NULL, and an error that was freed
/// before, are ignored. Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_error_free(error);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_error_free(error: *mut NymiError) {
    guarded((), || take_back(error));
}

/// Why an entry fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: u32,
    nsl: u32,
    message: String,
    detail: String,
}

impl Failure {
    pub(crate) fn new(result: NymiResult, detail: impl Into<String>) -> Self {
        Self {
            code: result as u32,
            nsl: 0,
            message: result.words().message.to_owned(),
            detail: detail.into(),
        }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(name: &str, what: &str) -> Self {
        Self::new(NymiResult::BadArgument, format!("{name}: {what}"))
    }

    /// A status that is known before anything is sent.
    pub(crate) fn of_status(status: Status, detail: &str) -> Self {
        Self {
            code: status.code(),
            nsl: 0,
            message: status.description().to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// The same with other words about this time.
    pub(crate) fn with_detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    /// What a failed update says; its status is the number.
    pub(crate) fn of_update(update: &Update) -> Self {
        let error = update.error.clone().unwrap_or_default();
        if update.status == Status::NOT_INITIALISED && error.error_specifics.is_empty() {
            return Self::of_status(update.status, "nymi_client_init has to succeed first");
        }
        Self {
            code: update.status.code(),
            nsl: error.nsl.unwrap_or(0),
            message: match error.error_description {
                description if description.is_empty() => update.status.description().to_owned(),
                description => description,
            },
            detail: error.error_specifics,
        }
    }

    /// An answer that has another form than this version knows.
    pub(crate) fn unreadable(fault: impl ToString) -> Self {
        let detail = format!("the answer cannot be read: {}", fault.to_string());
        Self::of_status(Status::INTERNAL, &detail)
    }

    /// An event that has another form than this version knows, by its name.
    pub(crate) fn unreadable_event(name: &str, fault: impl ToString) -> Self {
        let detail = format!("the event {name} cannot be read: {}", fault.to_string());
        Self::of_status(Status::INTERNAL, &detail)
    }

    /// Puts the words into their struct.
    pub(crate) fn to_view(&self) -> (NymiError, Parts) {
        let mut parts = Parts::default();
        let view = NymiError {
            code: self.code,
            nsl: self.nsl,
            message: parts.text(&self.message),
            detail: parts.text(&self.detail),
        };
        (view, parts)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let result = match &error {
            StartError::Log { .. } => NymiResult::LogUnusable,
            StartError::Thread(_) => NymiResult::System,
            StartError::Site(_) => NymiResult::BadArgument,
            StartError::Store(why) => return Self::argument("store_directory", why),
        };
        Self::new(result, error.to_string())
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::NotRunning => Self::new(NymiResult::Terminated, ""),
            PutError::NotJson(why) => Self::argument("json", &why),
            PutError::TooManyUnread => Self::new(NymiResult::TooMany, error.to_string()),
        }
    }
}

impl From<GetError> for Failure {
    fn from(error: GetError) -> Self {
        let result = match error {
            GetError::Terminated | GetError::NotRunning => NymiResult::Terminated,
            GetError::Woken => NymiResult::Interrupted,
            // Nobody asks for a length here.
            GetError::TooLong { .. } => NymiResult::Fault,
        };
        Self::new(result, "")
    }
}

/// Runs an entry of the handle interface: nothing of it in a forked child or without memory, no panic
/// out of it, and its failure as a number and, where the caller wants it, as an object.
///
/// # Safety
/// `error` is NULL or can be written.
pub(crate) unsafe fn entry(
    error: *mut *mut NymiError,
    work: impl FnOnce() -> Result<(), Failure>,
) -> u32 {
    let mut work = Some(work);
    // SAFETY: the caller promises that.
    unsafe { entry_of(error, &mut || work.take().map_or(Ok(()), |work| work())) }
}

/// The part of [`entry`] that is the same for all, and stands in the library once.
///
/// # Safety
/// As for [`entry`].
unsafe fn entry_of(
    error: *mut *mut NymiError,
    work: &mut dyn FnMut() -> Result<(), Failure>,
) -> u32 {
    let refused = match (is_forked(), reserve::is_there(0)) {
        (true, _) => Some(&FORKED.0),
        (false, false) => Some(&NO_MEMORY.0),
        (false, true) => None,
    };
    if let Some(refused) = refused {
        if !error.is_null() {
            // SAFETY: not NULL, and the caller promises that it can be written.
            unsafe { *error = std::ptr::from_ref(refused).cast_mut() };
        }
        return refused.code;
    }
    guarded(NymiResult::Fault as u32, || {
        let result = guarded(Err(Failure::new(NymiResult::Fault, "")), work);
        let Err(failure) = result else {
            return NymiResult::Okay as u32;
        };
        if !error.is_null() {
            let (view, parts) = failure.to_view();
            // SAFETY: not NULL, and the caller promises that it can be written.
            unsafe { *error = give(view, parts) };
        }
        failure.code
    })
}

/// The same for what ends something: it says no more than a number, and works without memory.
pub(crate) fn ending_entry(work: impl FnOnce() -> Result<(), Failure>) -> u32 {
    if is_forked() {
        return NymiResult::Forked as u32;
    }
    guarded(NymiResult::Fault as u32, || {
        work().map_or_else(|failure| failure.code, |()| NymiResult::Okay as u32)
    })
}
