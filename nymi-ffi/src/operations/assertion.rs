//! The server verifies who wears a band, and signs it.

use std::ffi::c_char;

use nymi_core::message::{AssertIdentity, AssertIdentityAnswer, Operation};

use crate::boundary::{Growing, guarded, optional_digest, read_growing};
use crate::call::{Fields, NymiCall, operation};
use crate::client::NymiClient;
use crate::error::NymiError;
use crate::memory::{CStruct, Parts, take_back};

/// What nymi_client_assert asks for. Set it to zeros, then `size`, then what is wanted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiAssertOptions {
    /// sizeof (struct NymiAssertOptions).
    pub size: usize,
    /// The band, as the tap named it.
    pub band: *const c_char,
    /// The intent of the tap, at most 60 s old and good for one assertion; needed with a document or
    /// meaning. NULL to ask only who wears the band.
    pub intent_id: *const c_char,
    /// The SHA-256 of the document that is signed, 32 bytes; NULL for none.
    pub document_sha256: *const u8,
    /// What the signature means, such as "approved"; NULL for nothing.
    pub meaning: *const c_char,
    /// Who the assertion is for; NULL for this application.
    pub audience: *const c_char,
    /// Comes back in the assertion, against replay; NULL for none.
    pub nonce: *const c_char,
}

// SAFETY: repr(C), its size first, then pointers.
unsafe impl Growing for NymiAssertOptions {
    const NAME: &'static str = "NymiAssertOptions";
    const FIRST_SIZE: usize = 7 * size_of::<usize>();
}

/// Who wears a band, verified by the server. The library may add fields at the end.
#[repr(C)]
pub struct NymiAssertion {
    /// The user's name.
    pub username: *const c_char,
    /// The user's domain.
    pub domain: *const c_char,
    /// The NymiBandID.
    pub band: *const c_char,
    /// "ble" or "nfc+ble".
    pub method: *const c_char,
    /// When the server verified it, RFC 3339 in UTC.
    pub verified_at: *const c_char,
    /// The same in milliseconds since 1970.
    pub verified_at_ms: i64,
    /// The signed assertion, a JWS in compact form: what to keep with the record.
    pub assertion: *const c_char,
}

impl CStruct for NymiAssertion {}

/// Has the server verify who wears a band, and sign it: a log-in, or with `document_sha256` the
/// signature of a document.
///
/// options    which band, and what is signed
/// call       timeout and name of this call, or NULL
/// assertion  receives the answer
///
/// Ownership: free the answer with nymi_assertion_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_PAC_..., NYMI_STATUS_BAND_..., NYMI_STATUS_INVALID_FIELD, and those of enum
/// NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiAssertOptions options = {.size = sizeof options, .band = tap->band,
///                                     .intent_id = tap->intent_id, .document_sha256 = digest,
///                                     .meaning = "approved"};
/// struct NymiAssertion *assertion;
/// result = nymi_client_assert(client, &options, NULL, &assertion, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_assert(
    client: *mut NymiClient,
    options: *const NymiAssertOptions,
    call: *const NymiCall,
    assertion: *mut *mut NymiAssertion,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        // SAFETY: the caller passes a struct of the header, whose texts end with a NUL and whose
        // digest has 32 bytes.
        let (fields, document) = unsafe {
            let options = read_growing(options)?;
            let fields = Fields::default()
                .with("assert_type", AssertIdentity::ASSERT_USER)
                .required("device", options.band)?
                .optional("intent_id", options.intent_id)?
                .optional("meaning", options.meaning)?
                .optional("audience", options.audience)?
                .optional("nonce", options.nonce)?;
            (fields, optional_digest(options.document_sha256))
        };
        Ok(match document {
            Some(digest) => fields.with("document_sha256", hex::encode(digest)),
            None => fields,
        })
    };
    let view = |answer: AssertIdentityAnswer, parts: &mut Parts| NymiAssertion {
        username: parts.text(&answer.username),
        domain: parts.text(&answer.domain),
        band: parts.text(&answer.band.to_string()),
        method: parts.text(&answer.method),
        verified_at: parts.time(answer.verified_at),
        verified_at_ms: answer.verified_at.0,
        assertion: parts.text(&answer.assertion),
    };
    let target = (client, call, Operation::AssertIdentity);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("assertion", assertion, error)) }
}

/// Frees what nymi_client_assert gave.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_assertion_free(assertion);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_assertion_free(assertion: *mut NymiAssertion) {
    guarded((), || take_back(assertion));
}
