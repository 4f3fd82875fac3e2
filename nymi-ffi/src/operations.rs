//! Typed operations that agent and server answer.

use std::ffi::c_char;

use nymi_core::message::{
    AssertIdentity, AssertIdentityAnswer, CertificateInfo, InitAnswer, LookupColumn, Operation,
    Status, SubscribeEndpointAnswer, UserStatusAnswer,
};
use serde::Deserialize;
use serde_json::Value;

use crate::boundary::{Growing, guarded, optional_digest, read_growing};
use crate::call::{Fields, NymiCall, action, operation};
use crate::client::NymiClient;
use crate::error::{Failure, NymiError};
use crate::memory::{CStruct, Parts, take_back};

/// What nymi_client_init needs. Set it to zeros, then `size`, then what is known; without anything
/// else the stored certificate of an earlier run is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiInitOptions {
    /// sizeof (struct NymiInitOptions).
    pub size: usize,
    /// The application, if it is not the `nea_name` of the client's config.
    pub nea_name: *const c_char,
    /// The server, such as `https://nes.example.com/nes`.
    pub nes_url: *const c_char,
    /// Who asks the server for the certificate, `DOMAIN\user` or `user@domain`.
    pub username: *const c_char,
    /// Its password.
    pub password: *const c_char,
    /// A session token of the server, instead of user and password.
    pub token: *const c_char,
    /// The enterprise's root certificate, PEM or a file's path.
    pub l1: *const c_char,
    /// The grade that certificates must have, "gold" or "bronze"; NULL for gold.
    pub grade: *const c_char,
    /// The agent, if not the client's.
    pub agent_url: *const c_char,
}

// SAFETY: repr(C), its size first, then pointers.
unsafe impl Growing for NymiInitOptions {
    const NAME: &'static str = "NymiInitOptions";
    const FIRST_SIZE: usize = 9 * size_of::<usize>();
}

/// What nymi_client_init answers. The library may add fields at the end.
#[repr(C)]
pub struct NymiInit {
    /// The application.
    pub nea_name: *const c_char,
    /// The agent's URL, or NULL.
    pub agent: *const c_char,
    /// The server's URL, or NULL.
    pub nes: *const c_char,
    /// The serial number of the application's certificate in hex, or NULL.
    pub certificate_serial: *const c_char,
    /// Until when it is valid, RFC 3339 in UTC, or NULL.
    pub certificate_not_after: *const c_char,
    /// The same in milliseconds since 1970, or 0.
    pub certificate_not_after_ms: i64,
}

impl CStruct for NymiInit {}

/// A certificate, as fields of a struct; NULL and 0 if there is none.
pub(crate) struct CertificateView {
    pub(crate) serial: *const c_char,
    pub(crate) not_after: *const c_char,
    pub(crate) not_after_ms: i64,
}

pub(crate) fn certificate_view(
    certificate: Option<&CertificateInfo>,
    parts: &mut Parts,
) -> CertificateView {
    CertificateView {
        serial: parts.optional(certificate.map(|it| it.serial.as_str())),
        not_after: certificate.map_or(std::ptr::null(), |it| parts.time(it.not_after)),
        not_after_ms: certificate.map_or(0, |it| it.not_after.0),
    }
}

/// Obtains or finds the application's certificate and makes it known to the agent. The first call;
/// all others but nymi_client_get and its like need its success.
///
/// options  what is known; NULL for nothing
/// call     timeout and name of this call, or NULL
/// init     receives the answer, if it is not NULL
/// error    receives what went wrong, if it is not NULL
///
/// Ownership: free the answer with nymi_init_free; nothing is kept of the arguments. Threads: any;
/// waits for the answer. Errors: NYMI_STATUS_CERTIFICATES (nsl in the error), NYMI_STATUS_NES_..., and
/// those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiInitOptions options = {.size = sizeof options, .nes_url = "https://nes.example.com/nes",
///                                   .username = "CORP\\alice", .password = password,
///                                   .l1 = "/etc/nymi/l1.pem"};
/// struct NymiInit *init;
/// uint32_t result = nymi_client_init(client, &options, NULL, &init, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_init(
    client: *mut NymiClient,
    options: *const NymiInitOptions,
    call: *const NymiCall,
    init: *mut *mut NymiInit,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        let name = crate::client::nea_name(client)?;
        let fields = Fields::default().with("nea_name", name);
        if options.is_null() {
            return Ok(fields);
        }
        // SAFETY: the caller passes a struct of the header, whose texts end with a NUL.
        unsafe {
            let options = read_growing(options)?;
            fields
                .optional("nea_name", options.nea_name)?
                .optional("nes_url", options.nes_url)?
                .optional("username", options.username)?
                .optional("password", options.password)?
                .optional("token", options.token)?
                .optional("l1", options.l1)?
                .optional("grade", options.grade)?
                .optional("agent_url", options.agent_url)
        }
    };
    let view = |answer: InitAnswer, parts: &mut Parts| {
        let certificate = certificate_view(answer.certificate.as_ref(), parts);
        NymiInit {
            nea_name: parts.text(answer.nea_name.as_str()),
            agent: parts.optional(answer.agent.as_deref()),
            nes: parts.optional(answer.nes.as_deref()),
            certificate_serial: certificate.serial,
            certificate_not_after: certificate.not_after,
            certificate_not_after_ms: certificate.not_after_ms,
        }
    };
    let target = (client, call, Operation::Init);
    if init.is_null() {
        // SAFETY: the caller passes NULL or what the header asks for.
        return unsafe { action(target, fields, error) };
    }
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("init", init, error)) }
}

/// Frees what nymi_client_init gave.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_init_free(init);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_init_free(init: *mut NymiInit) {
    guarded((), || take_back(init));
}

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

/// Whom nymi_client_lookup looks for: every value that is not NULL must match, and one must be there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiLookupQuery {
    /// sizeof (struct NymiLookupQuery).
    pub size: usize,
    /// The user's name.
    pub username: *const c_char,
    /// The user's domain.
    pub domain: *const c_char,
    /// The band's NymiBandID.
    pub band: *const c_char,
    /// What NFC readers see of the band.
    pub nfc_uid: *const c_char,
    /// What is printed on the band.
    pub serial_number: *const c_char,
}

// SAFETY: repr(C), its size first, then pointers.
unsafe impl Growing for NymiLookupQuery {
    const NAME: &'static str = "NymiLookupQuery";
    const FIRST_SIZE: usize = 6 * size_of::<usize>();
}

/// A user and a band. A text that the server does not have is NULL. The library may add fields at
/// the end.
#[repr(C)]
pub struct NymiMatch {
    /// The user's name.
    pub username: *const c_char,
    /// The user's domain.
    pub domain: *const c_char,
    /// The NymiBandID.
    pub band: *const c_char,
    /// What NFC readers see of the band.
    pub nfc_uid: *const c_char,
    /// What is printed on the band.
    pub serial_number: *const c_char,
    /// What the band shows.
    pub band_label: *const c_char,
    /// As the band reported it.
    pub firmware_version: *const c_char,
    /// As the band reported it.
    pub hardware_version: *const c_char,
    /// The band's identity key, SubjectPublicKeyInfo, as the server has it.
    pub identity_public_key: *const c_char,
    /// Whether the band may be used.
    pub is_active: bool,
    /// Whether it is the user's own band and no temporary one.
    pub is_primary: bool,
}

impl CStruct for NymiMatch {}

/// What nymi_client_lookup found. The library may add fields at the end.
#[repr(C)]
pub struct NymiLookup {
    /// How many; at least one.
    pub count: usize,
    /// Where each is.
    pub matches: *const *const NymiMatch,
}

impl CStruct for NymiLookup {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    username: Option<String>,
    domain: Option<String>,
    #[serde(rename = "NymiBandID")]
    band: Option<String>,
    #[serde(rename = "NfcUID")]
    nfc_uid: Option<String>,
    serial_number: Option<String>,
    band_label: Option<String>,
    firmware_version: Option<String>,
    hardware_version: Option<String>,
    identity_public_key: Option<String>,
    is_active: Option<bool>,
    is_primary: Option<bool>,
    /// Where there are several, they are all here, and nothing is at the top.
    #[serde(rename = "matches")]
    several: Option<Vec<Row>>,
}

fn match_view(row: &Row, parts: &mut Parts) -> NymiMatch {
    NymiMatch {
        username: parts.optional(row.username.as_deref()),
        domain: parts.optional(row.domain.as_deref()),
        band: parts.optional(row.band.as_deref()),
        nfc_uid: parts.optional(row.nfc_uid.as_deref()),
        serial_number: parts.optional(row.serial_number.as_deref()),
        band_label: parts.optional(row.band_label.as_deref()),
        firmware_version: parts.optional(row.firmware_version.as_deref()),
        hardware_version: parts.optional(row.hardware_version.as_deref()),
        identity_public_key: parts.optional(row.identity_public_key.as_deref()),
        is_active: row.is_active.unwrap_or(false),
        is_primary: row.is_primary.unwrap_or(false),
    }
}

/// Whose band this is, or which band a user has: every user and band that match.
///
/// query   what is known
/// call    timeout and name of this call, or NULL
/// lookup  receives what was found
///
/// Ownership: free the answer with nymi_lookup_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_NOT_FOUND, NYMI_STATUS_INVALID_FIELD, NYMI_STATUS_MISSING_FIELD for an empty
/// query, NYMI_STATUS_NES_..., and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiLookupQuery query = {.size = sizeof query, .band = tap->band};
/// struct NymiLookup *lookup;
/// if (nymi_client_lookup(client, &query, NULL, &lookup, &error) == NYMI_RESULT_OKAY) {
///   puts(lookup->matches[0]->username);
///   nymi_lookup_free(lookup);
/// }
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_lookup(
    client: *mut NymiClient,
    query: *const NymiLookupQuery,
    call: *const NymiCall,
    lookup: *mut *mut NymiLookup,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        // SAFETY: the caller passes a struct of the header, whose texts end with a NUL.
        let query = unsafe {
            let query = read_growing(query)?;
            Fields::default()
                .optional("Username", query.username)?
                .optional("Domain", query.domain)?
                .optional("NymiBandID", query.band)?
                .optional("NfcUID", query.nfc_uid)?
                .optional("SerialNumber", query.serial_number)?
        };
        if query.is_empty() {
            let detail = "query: at least one of username, domain, band, nfc_uid and serial_number";
            return Err(Failure::of_status(Status::MISSING_FIELD, detail));
        }
        let columns = LookupColumn::ALL.iter().map(|column| column.name());
        Ok(Fields::default()
            .with("query", query.into_value())
            .with("lookup_keys", columns.collect::<Value>()))
    };
    let target = (client, call, Operation::Lookup);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, lookup_view, ("lookup", lookup, error)) }
}

fn lookup_view(mut row: Row, parts: &mut Parts) -> NymiLookup {
    let rows = row.several.take().unwrap_or_else(|| vec![row]);
    NymiLookup {
        count: rows.len(),
        matches: parts.objects(&rows, match_view),
    }
}

/// Frees what nymi_client_lookup gave.
///
/// Ownership: it, its matches and their texts are gone. NULL, and what was freed before, are ignored.
/// Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_lookup_free(lookup);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_lookup_free(lookup: *mut NymiLookup) {
    guarded((), || take_back(lookup));
}

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
    use serde_json::json;
    use std::ffi::CStr;

    fn read<'a>(text: *const c_char) -> Option<&'a str> {
        // SAFETY: NULL, or a text of parts that the test still holds.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap())
    }

    fn found(answer: Value) -> Vec<(Option<String>, Option<String>, bool)> {
        let mut parts = Parts::default();
        let view = lookup_view(serde_json::from_value(answer).unwrap(), &mut parts);
        // SAFETY: the list has as many places as the view says, each of a struct in the parts.
        let matches = unsafe { std::slice::from_raw_parts(view.matches, view.count) };
        // SAFETY: as above.
        let matches = matches.iter().map(|it| unsafe { &**it });
        matches
            .map(|it| {
                let text = |text| read(text).map(str::to_owned);
                (text(it.username), text(it.band_label), it.is_active)
            })
            .collect()
    }

    #[test]
    fn one_match_and_several_are_read_and_what_is_missing_is_null() {
        let alice = json!({"Username": "alice", "BandLabel": null, "IsActive": true});
        let bob = json!({"Username": "bob", "BandLabel": "A1", "IsActive": false});
        let alice_found = (Some("alice".to_owned()), None, true);
        assert_eq!(found(alice.clone()), std::slice::from_ref(&alice_found));
        let bob_found = (Some("bob".to_owned()), Some("A1".to_owned()), false);
        let both = json!({"matches": [alice, bob]});
        assert_eq!(found(both), [alice_found, bob_found]);
    }

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
