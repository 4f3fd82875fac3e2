//! What there is: the client's own state, terminals, and the bands that they hear.

use std::ffi::c_char;

use nymi_core::message::channel::{AdapterStatus, ReaderStatus};
use nymi_core::message::{
    CertificateInfo, EndpointInfo, ListEndpointsAnswer, Operation, PresenceEvent,
};
use serde::Deserialize;

use crate::boundary::guarded;
use crate::call::{Fields, NymiCall, operation};
use crate::client::NymiClient;
use crate::error::NymiError;
use crate::events::{NymiPresence, presence_view, word};
use crate::memory::{CStruct, Parts, take_back};
use crate::operations::certificate_view;

/// A Bluetooth adapter or an NFC reader of a terminal. The library may add fields at the end.
#[repr(C)]
pub struct NymiHardware {
    /// Its id at the terminal, such as the port; a reader's name.
    pub id: *const c_char,
    /// What an adapter is, such as "virtual"; NULL for a reader.
    pub kind: *const c_char,
    /// "ready", "missing" or "failed".
    pub state: *const c_char,
    /// Why an adapter does not work, or NULL.
    pub detail: *const c_char,
}

impl CStruct for NymiHardware {}

/// A terminal, and what it has. The library may add fields at the end.
#[repr(C)]
pub struct NymiEndpointInfo {
    /// Its stable id, as taps and presence name it.
    pub endpoint_id: *const c_char,
    /// Its host name, or NULL.
    pub hostname: *const c_char,
    /// How many addresses it has.
    pub address_count: usize,
    /// Each, that from which it connects included.
    pub addresses: *const *const c_char,
    /// How many Bluetooth adapters it has.
    pub adapter_count: usize,
    /// Where each is.
    pub adapters: *const *const NymiHardware,
    /// How many NFC readers it has.
    pub reader_count: usize,
    /// Where each is.
    pub readers: *const *const NymiHardware,
    /// Whether the agent has it and an adapter of it works.
    pub ready: bool,
}

impl CStruct for NymiEndpointInfo {}

/// What nymi_client_list_endpoints answers. The library may add fields at the end.
#[repr(C)]
pub struct NymiEndpoints {
    /// How many; may be 0.
    pub count: usize,
    /// Where each is, in the order in which they came to the agent.
    pub endpoints: *const *const NymiEndpointInfo,
}

impl CStruct for NymiEndpoints {}

/// What nymi_client_info answers. The library may add fields at the end.
#[repr(C)]
pub struct NymiInfo {
    /// The version of the library.
    pub version: *const c_char,
    /// The agent's URL while the client is connected to it, or NULL.
    pub agent: *const c_char,
    /// The server's URL, or NULL.
    pub nes: *const c_char,
    /// The serial number of the application's certificate in hex; NULL before nymi_client_init.
    pub certificate_serial: *const c_char,
    /// Until when it is valid, RFC 3339 in UTC, or NULL.
    pub certificate_not_after: *const c_char,
    /// The same in milliseconds since 1970, or 0.
    pub certificate_not_after_ms: i64,
    /// How many terminals the agent has.
    pub endpoint_count: usize,
    /// Where each is.
    pub endpoints: *const *const NymiEndpointInfo,
    /// How many bands are heard at the terminals that this client is subscribed to; at all of them
    /// while it is subscribed to none.
    pub band_count: usize,
    /// Where each is.
    pub bands: *const *const NymiPresence,
}

impl CStruct for NymiInfo {}

/// As `InfoAnswer`, with the bands read.
#[derive(Deserialize)]
struct Answer {
    version: String,
    agent: Option<String>,
    nes: Option<String>,
    endpoints: Vec<EndpointInfo>,
    bands: Vec<PresenceEvent>,
    certificate: Option<CertificateInfo>,
}

fn adapter_view(adapter: &AdapterStatus, parts: &mut Parts) -> NymiHardware {
    NymiHardware {
        id: parts.text(&adapter.id),
        kind: parts.text(&adapter.kind),
        state: parts.text(&word(&adapter.state)),
        detail: parts.optional(adapter.detail.as_deref()),
    }
}

fn reader_view(reader: &ReaderStatus, parts: &mut Parts) -> NymiHardware {
    NymiHardware {
        id: parts.text(&reader.name),
        kind: std::ptr::null(),
        state: parts.text(&word(&reader.state)),
        detail: std::ptr::null(),
    }
}

fn endpoint_view(endpoint: &EndpointInfo, parts: &mut Parts) -> NymiEndpointInfo {
    NymiEndpointInfo {
        endpoint_id: parts.text(&endpoint.endpoint_id),
        hostname: parts.optional(endpoint.hostname.as_deref()),
        address_count: endpoint.addresses.len(),
        addresses: parts.texts(&endpoint.addresses),
        adapter_count: endpoint.adapters.len(),
        adapters: parts.objects(&endpoint.adapters, adapter_view),
        reader_count: endpoint.readers.len(),
        readers: parts.objects(&endpoint.readers, reader_view),
        ready: endpoint.ready,
    }
}

fn endpoints_view(answer: ListEndpointsAnswer, parts: &mut Parts) -> NymiEndpoints {
    NymiEndpoints {
        count: answer.endpoints.len(),
        endpoints: parts.objects(&answer.endpoints, endpoint_view),
    }
}

fn info_view(answer: Answer, parts: &mut Parts) -> NymiInfo {
    let certificate = certificate_view(answer.certificate.as_ref(), parts);
    NymiInfo {
        version: parts.text(&answer.version),
        agent: parts.optional(answer.agent.as_deref()),
        nes: parts.optional(answer.nes.as_deref()),
        certificate_serial: certificate.serial,
        certificate_not_after: certificate.not_after,
        certificate_not_after_ms: certificate.not_after_ms,
        endpoint_count: answer.endpoints.len(),
        endpoints: parts.objects(&answer.endpoints, endpoint_view),
        band_count: answer.bands.len(),
        bands: parts.objects(&answer.bands, presence_view),
    }
}

/// What the client has: its agent, server and certificate, and the terminals and bands that the agent
/// knows. Works before nymi_client_init and without an agent, with less in the answer.
///
/// call   timeout and name of this call, or NULL
/// info   receives the answer
/// error  receives what went wrong, if it is not NULL
///
/// Ownership: free the answer with nymi_info_free. Threads: any; waits for the answer. Errors:
/// NYMI_STATUS_AGENT_OVERLOADED if the agent is connected and does not answer, and those of enum
/// NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiInfo *info;
/// if (nymi_client_info(client, NULL, &info, &error) == NYMI_RESULT_OKAY) {
///   printf("agent: %s\n", info->agent != NULL ? info->agent : "none");
///   nymi_info_free(info);
/// }
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_info(
    client: *mut NymiClient,
    call: *const NymiCall,
    info: *mut *mut NymiInfo,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || Ok(Fields::default());
    let target = (client, call, Operation::Info);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, info_view, ("info", info, error)) }
}

/// Frees what nymi_client_info gave.
///
/// Ownership: it and all that it leads to are gone. NULL, and what was freed before, are ignored.
/// Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_info_free(info);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_info_free(info: *mut NymiInfo) {
    guarded((), || take_back(info));
}

/// The terminals that the agent has, to choose one for nymi_client_subscribe.
///
/// call       timeout and name of this call, or NULL
/// endpoints  receives the answer
/// error      receives what went wrong, if it is not NULL
///
/// Ownership: free the answer with nymi_endpoints_free. Threads: any; waits for the answer. Errors:
/// NYMI_STATUS_AGENT_MISSING, NYMI_STATUS_NOT_INITIALISED, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiEndpoints *endpoints;
/// if (nymi_client_list_endpoints(client, NULL, &endpoints, &error) == NYMI_RESULT_OKAY) {
///   for (size_t i = 0; i < endpoints->count; i++) {
///     puts(endpoints->endpoints[i]->endpoint_id);
///   }
///   nymi_endpoints_free(endpoints);
/// }
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_list_endpoints(
    client: *mut NymiClient,
    call: *const NymiCall,
    endpoints: *mut *mut NymiEndpoints,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || Ok(Fields::default());
    let target = (client, call, Operation::ListEndpoints);
    let out = ("endpoints", endpoints, error);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, endpoints_view, out) }
}

/// Frees what nymi_client_list_endpoints gave.
///
/// Ownership: it and all that it leads to are gone. NULL, and what was freed before, are ignored.
/// Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_endpoints_free(endpoints);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_endpoints_free(endpoints: *mut NymiEndpoints) {
    guarded((), || take_back(endpoints));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::ffi::CStr;

    fn read(text: *const c_char) -> Option<String> {
        // SAFETY: NULL, or a text of parts that the test still holds.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned())
    }

    fn list<'a, T>(places: *const *const T, count: usize) -> Vec<&'a T> {
        // SAFETY: the list has as many places as the view says, each of a struct in the parts.
        let places = unsafe { std::slice::from_raw_parts(places, count) };
        // SAFETY: as above.
        places.iter().map(|it| unsafe { &**it }).collect()
    }

    #[test]
    fn all_of_info_is_read() {
        let answer = json!({
            "version": "1", "agent": null, "nes": "https://n/nes",
            "endpoints": [
                {"endpoint_id": "a", "hostname": "h", "addresses": ["10.0.0.1", "::1"], "ready": true,
                 "adapters": [{"id": "0", "kind": "virtual", "state": "failed", "detail": "broken"}],
                 "readers": [{"name": "r", "state": "ready"}]},
                {"endpoint_id": "b", "hostname": null, "ready": false},
            ],
            "bands": [{"endpoint_id": "a", "NymiBandID": "AA:BB:CC:DD:EE:FF", "before": "no",
                "after": "yes", "authenticated": true, "worn": true, "rssi": -40, "proximity": null}],
            "certificate": {"serial": "0a", "not_after": "2026-01-02T03:04:05.678Z"},
        });
        let mut parts = Parts::default();
        let view = info_view(serde_json::from_value(answer).unwrap(), &mut parts);
        let text = |text| read(text).unwrap_or_default();
        assert_eq!(
            (text(view.version), read(view.agent)),
            ("1".to_owned(), None)
        );
        assert_eq!(text(view.nes), "https://n/nes");
        assert_eq!(text(view.certificate_serial), "0a");
        assert_eq!(view.certificate_not_after_ms, 1_767_323_045_678);
        let endpoints = list(view.endpoints, view.endpoint_count);
        let [a, b] = &endpoints[..] else {
            panic!("{} endpoints", endpoints.len())
        };
        assert!(a.ready && !b.ready);
        assert_eq!((text(a.hostname), read(b.hostname)), ("h".to_owned(), None));
        // SAFETY: as in `list`.
        let addresses = unsafe { std::slice::from_raw_parts(a.addresses, a.address_count) };
        let addresses: Vec<_> = addresses.iter().map(|it| text(*it)).collect();
        assert_eq!(addresses, ["10.0.0.1", "::1"]);
        let adapter = list(a.adapters, a.adapter_count)[0];
        let words = [adapter.id, adapter.kind, adapter.state, adapter.detail].map(text);
        assert_eq!(words, ["0", "virtual", "failed", "broken"]);
        let reader = list(a.readers, a.reader_count)[0];
        assert_eq!(
            (text(reader.id), text(reader.state)),
            ("r".into(), "ready".into())
        );
        assert!(reader.kind.is_null() && reader.detail.is_null());
        assert_eq!(
            (b.address_count, b.adapter_count, b.reader_count),
            (0, 0, 0)
        );
        let band = list(view.bands, view.band_count)[0];
        assert_eq!(text(band.after), "yes");
        assert_eq!(band.rssi_dbm, -40);
    }

    #[test]
    fn no_terminal_is_an_empty_list() {
        let mut parts = Parts::default();
        let view = endpoints_view(ListEndpointsAnswer::default(), &mut parts);
        assert_eq!(view.count, 0);
        assert!(!view.endpoints.is_null());
    }
}
