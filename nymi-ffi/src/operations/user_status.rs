//! Whether the account of a user is good.

use std::ffi::c_char;

use nymi_core::message::{Operation, UserStatusAnswer};

use crate::boundary::guarded;
use crate::call::{Fields, NymiCall, operation};
use crate::client::NymiClient;
use crate::error::NymiError;
use crate::memory::{CStruct, Parts, take_back};

/// Whether a user's account is good. The library may add fields at the end.
#[repr(C)]
pub struct NymiUserStatus {
    /// The status of the account, such as "active".
    pub status: *const c_char,
    /// When the directory was asked, RFC 3339 in UTC.
    pub checked_at: *const c_char,
    /// The same in milliseconds since 1970.
    pub checked_at_ms: i64,
    /// Whether the server had it still from before.
    pub cached: bool,
}

impl CStruct for NymiUserStatus {}

/// Asks whether a user's account is good. The server answers only if its policy enables Check User
/// Status; that of `nymi up` does not.
///
/// username, domain  the user
/// call              timeout and name of this call, or NULL
/// status            receives the answer
///
/// Ownership: free the answer with nymi_user_status_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_FORBIDDEN_BY_POLICY while the policy is off, NYMI_STATUS_USER_NOT_FOUND,
/// NYMI_STATUS_NES_..., and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiUserStatus *status;
/// result = nymi_client_user_status(client, "alice", "CORP", NULL, &status, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_user_status(
    client: *mut NymiClient,
    username: *const c_char,
    domain: *const c_char,
    call: *const NymiCall,
    status: *mut *mut NymiUserStatus,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller passes NULL or NUL-terminated texts.
    let fields = || unsafe {
        let fields = Fields::default().required("Username", username)?;
        fields.required("Domain", domain)
    };
    let target = (client, call, Operation::UserStatus);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, user_status_view, ("status", status, error)) }
}

fn user_status_view(answer: UserStatusAnswer, parts: &mut Parts) -> NymiUserStatus {
    NymiUserStatus {
        status: parts.text(&answer.status),
        checked_at: parts.time(answer.checked_at),
        checked_at_ms: answer.checked_at.0,
        cached: answer.cached,
    }
}

/// Frees what nymi_client_user_status gave.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_user_status_free(status);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_user_status_free(status: *mut NymiUserStatus) {
    guarded((), || take_back(status));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::tests::read;
    use serde_json::json;

    #[test]
    fn the_status_of_a_user_is_read() {
        let answer = json!({"status": "locked", "cached": true,
            "checked_at": "2026-01-02T03:04:05.678Z"});
        let mut parts = Parts::default();
        let view = user_status_view(serde_json::from_value(answer).unwrap(), &mut parts);
        assert_eq!(read(view.status), Some("locked"));
        assert_eq!(read(view.checked_at), Some("2026-01-02T03:04:05.678Z"));
        assert_eq!((view.checked_at_ms, view.cached), (1_767_323_045_678, true));
    }
}
