//! How functions say what went wrong: a number, and an object with words if the caller wants them.

use std::ffi::c_char;

use nymi_core::message::{Status, Update};
use nymi_napi::{GetError, PutError, StartError};

use crate::boundary::guarded;
use crate::memory::{CStruct, Parts, give, take_back};
use crate::process::is_forked;

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
    /// Too many clients.
    TooMany = 10,
    /// A struct is from a newer header and asks for something that this library does not have.
    TooNew = 11,
    /// This system does not have it.
    Unsupported = 12,
    /// A fault in the library.
    Fault = 13,
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
        let message = match result {
            NymiResult::Okay => "Success.",
            NymiResult::BadArgument => "An argument cannot be used.",
            NymiResult::BadHandle => "The client was freed, or never was one.",
            NymiResult::Timeout => "Nothing came in time.",
            NymiResult::Interrupted => "The wait was interrupted.",
            NymiResult::Terminated => "The client was terminated.",
            NymiResult::CallbackMode => "The client gives its updates to a callback.",
            NymiResult::Forked => "The process was made by fork.",
            NymiResult::LogUnusable => "The log directory cannot be used.",
            NymiResult::System => "The system refused a resource.",
            NymiResult::TooMany => "There are too many clients.",
            NymiResult::TooNew => "The library is older than the program.",
            NymiResult::Unsupported => "This system does not have it.",
            NymiResult::Fault => "A fault in the library.",
        };
        Self {
            code: result as u32,
            nsl: 0,
            message: message.to_owned(),
            detail: detail.into(),
        }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(name: &str, what: &str) -> Self {
        Self::new(NymiResult::BadArgument, format!("{name}: {what}"))
    }

    /// What a failed update says; its status is the number.
    pub(crate) fn of_update(update: &Update) -> Self {
        let error = update.error.clone().unwrap_or_default();
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
        Self {
            code: Status::INTERNAL.code(),
            nsl: 0,
            message: Status::INTERNAL.description().to_owned(),
            detail: format!("the answer cannot be read: {}", fault.to_string()),
        }
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
        };
        Self::new(result, error.to_string())
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::NotRunning => Self::new(NymiResult::Terminated, ""),
            PutError::NotJson(why) => Self::argument("json", &why),
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

/// Runs an entry of the handle interface: nothing of it in a forked child, no panic out of it, and
/// its failure as a number and, where the caller wants it, as an object.
///
/// # Safety
/// `error` is NULL or can be written.
pub(crate) unsafe fn entry(
    error: *mut *mut NymiError,
    work: impl FnOnce() -> Result<(), Failure>,
) -> u32 {
    if is_forked() {
        if !error.is_null() {
            // SAFETY: not NULL, and the caller promises that it can be written.
            unsafe { *error = (&raw const FORKED.0).cast_mut() };
        }
        return FORKED.0.code;
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
