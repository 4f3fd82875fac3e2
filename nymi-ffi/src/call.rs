//! What every typed operation does: fields into a request, the answer into a struct.
//!
//! A request is checked where requests in JSON are, by the core, so both say the same about a field
//! that is wrong.

use std::ffi::c_char;

use nymi_core::message::{FieldFault, Map, Operation, Request, Status, Update};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::boundary::{Growing, Out, optional_text, read_growing, required_text};
use crate::client::{Hosted, NymiClient, hosted};
use crate::error::{Failure, NymiError, NymiResult, entry};
use crate::memory::{CStruct, Parts, give};

/// How an operation is called; NULL in its place means the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiCall {
    /// sizeof (struct NymiCall).
    pub size: usize,
    /// How long to wait for the answer, at most 120000; 0 for 15000. A call returns at most a quarter of a
    /// second later, in which the agent may say what it waited for.
    pub timeout_ms: u32,
    /// A name by which nymi_client_cancel finds this call; no two in flight may have the same. NULL
    /// for none.
    pub exchange: *const c_char,
}

// SAFETY: repr(C), its size first; a number and a pointer.
unsafe impl Growing for NymiCall {
    const NAME: &'static str = "NymiCall";
    const FIRST_SIZE: usize = 3 * size_of::<usize>();
}

/// Fields of requests that have another name in the header: as argument, or in a struct.
const NAMES: [(&str, &str); 10] = [
    ("deadline_ms", "timeout_ms"),
    ("device", "band"),
    ("length", "size"),
    ("hash", "sha256"),
    ("endpoint_id", "named"),
    ("Username", "username"),
    ("Domain", "domain"),
    ("NymiBandID", "band"),
    ("NfcUID", "nfc_uid"),
    ("SerialNumber", "serial_number"),
];

/// The name in the header of a field of a request.
fn header_name(field: &str) -> &str {
    let named = NAMES.iter().find(|(json, _)| *json == field);
    named.map_or(field, |(_, header)| header)
}

/// What the core says of a request's fields, with the names of the header.
fn in_header_names(faults: &[FieldFault]) -> String {
    let sentence = |fault: &FieldFault| {
        let names = fault.path.iter().map(|name| header_name(name).to_owned());
        FieldFault {
            path: names.collect(),
            ..fault.clone()
        }
        .to_string()
    };
    faults.iter().map(sentence).collect::<Vec<_>>().join("; ")
}

/// The fields of a request.
#[derive(Default)]
pub(crate) struct Fields(Map);

impl Fields {
    /// A field that has to be there.
    ///
    /// # Safety
    /// `text` is NULL or ends with a NUL.
    pub(crate) unsafe fn required(
        mut self,
        name: &str,
        text: *const c_char,
    ) -> Result<Self, Failure> {
        // SAFETY: the caller promises that.
        let text = unsafe { required_text(header_name(name), text) }?;
        self.0.insert(name.to_owned(), text.into());
        Ok(self)
    }

    /// A field that is left out if it is NULL.
    ///
    /// # Safety
    /// As for [`Fields::required`].
    pub(crate) unsafe fn optional(self, name: &str, text: *const c_char) -> Result<Self, Failure> {
        if text.is_null() {
            return Ok(self);
        }
        // SAFETY: the caller promises that.
        unsafe { self.required(name, text) }
    }

    /// A field that is known.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, as a field of another request.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// Sends a request and waits for its answer.
///
/// # Safety
/// `call` is NULL or a struct of the header, whose text ends with a NUL.
unsafe fn ask(
    (client, call, operation): (*mut NymiClient, *const NymiCall, Operation),
    fields: impl FnOnce() -> Result<Fields, Failure>,
) -> Result<Update, Failure> {
    // A handle that is not a client is told before anything else that is wrong.
    let hosted = hosted(client)?;
    // SAFETY: the caller promises that.
    unsafe { send(&hosted, call, operation, fields()?) }
}

/// The part of [`ask`] that is the same for all.
///
/// # Safety
/// As for [`ask`].
unsafe fn send(
    hosted: &Hosted,
    call: *const NymiCall,
    operation: Operation,
    mut fields: Fields,
) -> Result<Update, Failure> {
    let mut exchange = None;
    if !call.is_null() {
        // SAFETY: the caller promises a struct of the header.
        let call = unsafe { read_growing(call) }?;
        // SAFETY: the caller promises that its text ends.
        exchange = unsafe { optional_text("exchange", call.exchange) }?;
        if call.timeout_ms != 0 {
            fields = fields.with("deadline_ms", call.timeout_ms);
        }
    }
    let envelope = json!({"operation": operation.name(), "exchange": exchange, "payload": fields.into_value()});
    let request = Request::read(&envelope).map_err(|refused| {
        let failure = Failure::of_update(&refused.answer);
        match &refused.fields[..] {
            [] => failure,
            fields => failure.with_detail(in_header_names(fields)),
        }
    })?;
    let update = hosted.client.ask(request)?;
    if update.status == Status::TERMINATED {
        // As every other call that waits says it.
        return Err(Failure::new(NymiResult::Terminated, update.specifics()));
    }
    if !update.status.is_success() {
        return Err(Failure::of_update(&update));
    }
    Ok(update)
}

/// An operation whose answer is a struct.
///
/// # Safety
/// As for [`ask`]; `out` and `error` are NULL or can be written.
pub(crate) unsafe fn operation<A, T>(
    target: (*mut NymiClient, *const NymiCall, Operation),
    fields: impl FnOnce() -> Result<Fields, Failure>,
    view: impl FnOnce(A, &mut Parts) -> T,
    (name, out, error): (&str, *mut *mut T, *mut *mut NymiError),
) -> u32
where
    A: for<'de> Deserialize<'de>,
    T: CStruct,
{
    let work = || {
        // SAFETY: the caller promises NULL or a place to write.
        let out = unsafe { Out::new(name, out) }?;
        // SAFETY: the caller promises what `ask` wants.
        let update = unsafe { ask(target, fields) }?;
        let answer: A = update.payload_as().map_err(Failure::unreadable)?;
        let mut parts = Parts::default();
        let view = view(answer, &mut parts);
        out.set(give(view, parts));
        Ok(())
    };
    // SAFETY: the caller promises NULL or a place to write.
    unsafe { entry(error, work) }
}

/// An operation whose answer says no more than that it was done.
///
/// # Safety
/// As for [`ask`]; `error` is NULL or can be written.
pub(crate) unsafe fn action(
    target: (*mut NymiClient, *const NymiCall, Operation),
    fields: impl FnOnce() -> Result<Fields, Failure>,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller promises what `ask` wants.
    let work = || unsafe { ask(target, fields) }.map(|_| ());
    // SAFETY: the caller promises NULL or a place to write.
    unsafe { entry(error, work) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_the_names_of_the_header() {
        for (operation, payload, told) in [
            (
                "random",
                json!({"device": "x", "length": 65}),
                "band: expected a NymiBandID such as AA:BB:CC:DD:EE:FF, found a string of another form; size: expected a whole number from 1 to 64, found the number 65",
            ),
            (
                "lookup",
                json!({"query": {"Domain": 1}, "lookup_keys": ["NymiBandID"]}),
                "query.domain: expected a non-empty string of at most 1024 bytes without control characters, found the number 1",
            ),
            (
                "sign",
                json!({}),
                "band is missing: expected a NymiBandID such as AA:BB:CC:DD:EE:FF; sha256 is missing: expected 32 bytes in hex, 64 digits",
            ),
            // Names of fields within values are the program's own.
            (
                "assert_identity",
                json!({"assert_type": "length; device: x"}),
                "assert_type: expected \"assert_user\", found a string of another form",
            ),
        ] {
            let envelope = json!({"operation": operation, "payload": payload});
            let refused = Request::read(&envelope).unwrap_err();
            assert_eq!(in_header_names(&refused.fields), told);
        }
    }
}
