//! Terminals to listen to, and requests to give up.

use std::ffi::c_char;

use nymi_core::message::{Operation, SubscribeEndpointAnswer};

use crate::boundary::guarded;
use crate::call::{Fields, NymiCall, action, operation};
use crate::client::NymiClient;
use crate::error::NymiError;
use crate::memory::{CStruct, Parts, take_back};

/// A terminal. The library may add fields at the end.
#[repr(C)]
pub struct NymiEndpoint {
    /// Its stable id, as taps and presence name it.
    pub endpoint_id: *const c_char,
}

impl CStruct for NymiEndpoint {}

/// Listens to a terminal from now on: its taps, the bands that come and go, its radio. The client
/// asks for it again by itself after the agent was away.
///
/// Until the agent was there once, this call waits for it, at most its timeout. What failed with
/// NYMI_STATUS_AGENT_MISSING is subscribed to once the agent is there.
///
/// named     its id, host name or an address; "127.0.0.1" is this machine's
/// call      timeout and name of this call, or NULL
/// endpoint  receives its stable id, if it is not NULL
///
/// Ownership: free the answer with nymi_endpoint_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_ENDPOINT_MISSING, NYMI_STATUS_AGENT_MISSING, NYMI_STATUS_NOT_INITIALISED, and
/// those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiEndpoint *endpoint;
/// result = nymi_client_subscribe(client, "127.0.0.1", NULL, &endpoint, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_subscribe(
    client: *mut NymiClient,
    named: *const c_char,
    call: *const NymiCall,
    endpoint: *mut *mut NymiEndpoint,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller passes NULL or a NUL-terminated text.
    let fields = || unsafe { Fields::default().required("endpoint_id", named) };
    let view = |answer: SubscribeEndpointAnswer, parts: &mut Parts| NymiEndpoint {
        endpoint_id: parts.text(&answer.endpoint_id),
    };
    let target = (client, call, Operation::SubscribeEndpoint);
    if endpoint.is_null() {
        // SAFETY: the caller passes NULL or what the header asks for.
        return unsafe { action(target, fields, error) };
    }
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("endpoint", endpoint, error)) }
}

/// Frees what nymi_client_subscribe gave.
///
/// Ownership: it and its text are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_endpoint_free(endpoint);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_endpoint_free(endpoint: *mut NymiEndpoint) {
    guarded((), || take_back(endpoint));
}

/// Listens to a terminal no longer.
///
/// named  as in nymi_client_subscribe
/// call   timeout and name of this call, or NULL
///
/// Ownership: nothing is kept. Threads: any; waits for the answer. Errors: as for
/// nymi_client_subscribe.
///
/// Example:
///
/// ```c
/// nymi_client_unsubscribe(client, "127.0.0.1", NULL, NULL);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_unsubscribe(
    client: *mut NymiClient,
    named: *const c_char,
    call: *const NymiCall,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller passes NULL or a NUL-terminated text.
    let fields = || unsafe { Fields::default().required("endpoint_id", named) };
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe {
        action(
            (client, call, Operation::UnsubscribeEndpoint),
            fields,
            error,
        )
    }
}

/// Gives up a request in flight: the call that waits for it returns NYMI_STATUS_CANCELLED, or the
/// update that answers it has that status.
///
/// exchange  of the request, or of the `struct NymiCall`
///
/// Ownership: nothing is kept. Threads: any. Errors: NYMI_STATUS_INVALID_FIELD if none of that name is
/// in flight, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// nymi_client_cancel(client, "signature", NULL);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_cancel(
    client: *mut NymiClient,
    exchange: *const c_char,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller passes NULL or a NUL-terminated text.
    let fields = || unsafe { Fields::default().required("exchange", exchange) };
    let target = (client, std::ptr::null(), Operation::Cancel);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { action(target, fields, error) }
}
