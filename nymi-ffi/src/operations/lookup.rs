//! Whose band it is, and which band somebody has.

use std::ffi::c_char;

use nymi_core::message::{LookupColumn, Operation, Status};
use serde::Deserialize;
use serde_json::Value;

use crate::boundary::{Growing, guarded, read_growing};
use crate::call::{Fields, NymiCall, operation};
use crate::client::NymiClient;
use crate::error::{Failure, NymiError};
use crate::memory::{CStruct, Parts, take_back};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::tests::read;
    use serde_json::json;

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
}
