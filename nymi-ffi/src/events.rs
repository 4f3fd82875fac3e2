//! What happens without being asked for: taps and other events.

use std::ffi::c_char;
use std::ptr;

use nymi_core::message::{
    EndpointEvent, Event, EventPayload as _, PresenceEvent, TapEvent, Update,
};
use nymi_napi::{Client, GetError};
use serde::Serialize;

use crate::boundary::{Out, guarded};
use crate::client::{NymiClient, hosted, timeout};
use crate::error::{Failure, NymiError, NymiResult, entry};
use crate::memory::{CStruct, Parts, give, take_back};

/// A tap: someone means to do something. The library may add fields at the end.
#[repr(C)]
pub struct NymiTap {
    /// The terminal.
    pub endpoint_id: *const c_char,
    /// The NymiBandID.
    pub band: *const c_char,
    /// What the reader saw of the band, for a tap by NFC; else NULL.
    pub nfc_uid: *const c_char,
    /// "ble" or "nfc".
    pub method: *const c_char,
    /// Names the intent in nymi_client_assert.
    pub intent_id: *const c_char,
    /// When the agent heard of it, RFC 3339 in UTC.
    pub at: *const c_char,
    /// The same in milliseconds since 1970.
    pub at_ms: i64,
}

impl CStruct for NymiTap {}

/// A band came, went or changed: a hint, until an assertion verifies. The library may add fields at
/// the end.
#[repr(C)]
pub struct NymiPresence {
    /// The terminal that hears the band.
    pub endpoint_id: *const c_char,
    /// The NymiBandID.
    pub band: *const c_char,
    /// The state that it left: "yes", "likely", "unlikely" or "no".
    pub before: *const c_char,
    /// The state that it is in.
    pub after: *const c_char,
    /// How near it is, or NULL.
    pub proximity: *const c_char,
    /// Smoothed signal strength in dBm; 0 if it is not known.
    pub rssi_dbm: i32,
    /// Whether the wearer has authenticated, as the band says.
    pub authenticated: bool,
    /// Whether it is worn, as the band says.
    pub worn: bool,
}

impl CStruct for NymiPresence {}

/// A terminal changed. The library may add fields at the end.
#[repr(C)]
pub struct NymiEndpointChange {
    /// The terminal.
    pub endpoint_id: *const c_char,
    /// "ble_ready", "ble_lost", "nfc_ready", "nfc_lost", "gone" or "back".
    pub change: *const c_char,
}

impl CStruct for NymiEndpointChange {}

/// What an event is about. Numbers are added.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NymiEventKind {
    /// Something that this version does not know; see `json`.
    Other = 0,
    /// A tap; see `tap`.
    Tap = 1,
    /// See `presence`.
    Presence = 2,
    /// See `endpoint`.
    Endpoint = 3,
    /// Something failed that no request caused, such as NYMI_STATUS_AGENT_MISSING, or an event cannot
    /// be read (NYMI_STATUS_INTERNAL); see `error`.
    Error = 4,
}

/// An event. Of the pointers to structs the one of its kind is set. The library may add fields at the
/// end.
#[repr(C)]
pub struct NymiEvent {
    /// enum NymiEventKind.
    pub kind: u32,
    /// The update as it came.
    pub json: *const c_char,
    /// A tap, or NULL.
    pub tap: *const NymiTap,
    /// What a band's presence is now, or NULL.
    pub presence: *const NymiPresence,
    /// What changed at a terminal, or NULL.
    pub endpoint: *const NymiEndpointChange,
    /// What failed, or NULL.
    pub error: *const NymiError,
}

impl CStruct for NymiEvent {}

fn tap_view(tap: &TapEvent, parts: &mut Parts) -> NymiTap {
    NymiTap {
        endpoint_id: parts.text(&tap.endpoint_id),
        band: parts.text(&tap.band.to_string()),
        nfc_uid: parts.optional(tap.nfc_uid.as_ref().map(|uid| uid.as_str())),
        method: parts.text(&word(&tap.method)),
        intent_id: parts.text(tap.intent_id.as_str()),
        at: parts.time(tap.at),
        at_ms: tap.at.0,
    }
}

pub(crate) fn presence_view(presence: &PresenceEvent, parts: &mut Parts) -> NymiPresence {
    let proximity = presence.proximity.as_ref().map(word);
    NymiPresence {
        endpoint_id: parts.text(&presence.endpoint_id),
        band: parts.text(&presence.band.to_string()),
        before: parts.text(&word(&presence.before)),
        after: parts.text(&word(&presence.after)),
        proximity: parts.optional(proximity.as_deref()),
        rssi_dbm: presence.rssi.unwrap_or(0).into(),
        authenticated: presence.authenticated,
        worn: presence.worn,
    }
}

fn event_view(update: &Update, parts: &mut Parts) -> NymiEvent {
    let mut view = NymiEvent {
        kind: NymiEventKind::Other as u32,
        json: parts.text(&update.to_json()),
        tap: ptr::null(),
        presence: ptr::null(),
        endpoint: ptr::null(),
        error: ptr::null(),
    };
    let mut inner = Parts::default();
    match Event::from_update(update) {
        Some(Event::Tap(tap)) => {
            view.kind = NymiEventKind::Tap as u32;
            let tap = tap_view(&tap, &mut inner);
            view.tap = parts.object(tap, inner);
        }
        Some(Event::Presence(presence)) => {
            view.kind = NymiEventKind::Presence as u32;
            let presence = presence_view(&presence, &mut inner);
            view.presence = parts.object(presence, inner);
        }
        Some(Event::Endpoint(endpoint)) => {
            view.kind = NymiEventKind::Endpoint as u32;
            let endpoint = NymiEndpointChange {
                endpoint_id: inner.text(&endpoint.endpoint_id),
                change: inner.text(&word(&endpoint.event)),
            };
            view.endpoint = parts.object(endpoint, inner);
        }
        Some(Event::Error(..)) => view.set_error(&Failure::of_update(update), parts),
        None => {
            if let Some(failure) = unreadable(update) {
                view.set_error(&failure, parts);
            }
        }
    }
    view
}

impl NymiEvent {
    fn set_error(&mut self, failure: &Failure, parts: &mut Parts) {
        self.kind = NymiEventKind::Error as u32;
        let (error, inner) = failure.to_view();
        self.error = parts.object(error, inner);
    }
}

/// Why an event of a name that this version knows is not as it has to be.
fn unreadable(update: &Update) -> Option<Failure> {
    let fault = match update.operation.as_str() {
        TapEvent::OPERATION => update.payload_as::<TapEvent>().err(),
        PresenceEvent::OPERATION => update.payload_as::<PresenceEvent>().err(),
        EndpointEvent::OPERATION => update.payload_as::<EndpointEvent>().err(),
        _ => None,
    };
    fault.map(|fault| Failure::unreadable_event(&update.operation, fault))
}

/// How a value without fields is written in JSON.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Waits for an update and gives what `view` makes of it.
///
/// # Safety
/// `out` and `error` are NULL or can be written.
unsafe fn wait<T: CStruct>(
    client: *mut NymiClient,
    next: impl FnOnce(&Client) -> Result<Option<Update>, GetError>,
    view: impl FnOnce(&Update, &mut Parts) -> Result<T, Failure>,
    (name, out, error): (&str, *mut *mut T, *mut *mut NymiError),
) -> u32 {
    let work = || {
        let hosted = hosted(client)?;
        // SAFETY: the caller promises NULL or a place to write.
        let out = unsafe { Out::new(name, out) }?;
        hosted.check_reads_updates()?;
        let update = next(&hosted.client)?;
        let update = update.ok_or_else(|| Failure::new(NymiResult::Timeout, ""))?;
        let mut parts = Parts::default();
        let view = view(&update, &mut parts)?;
        out.set(give(view, parts));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { entry(error, work) }
}

/// Waits for the next tap at a terminal that nymi_client_subscribe listens to.
///
/// timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
/// tap         receives the tap
/// error       receives what went wrong, if it is not NULL
///
/// What fails in the meantime without having been asked for is returned, such as
/// NYMI_STATUS_AGENT_MISSING when the agent went away; the client goes on by itself, so wait again.
/// Presence and changes of terminals that came before the tap are dropped, answers to nymi_client_put
/// are left to nymi_client_get. To hear of all events, use nymi_client_wait_event.
///
/// Ownership: free the tap with nymi_tap_free. Threads: any, several at once; each tap goes to one of
/// them. Errors: as for nymi_client_get, and NYMI_STATUS_... of a failure.
///
/// Example:
///
/// ```c
/// struct NymiTap *tap;
/// if (nymi_client_wait_tap(client, 30000, &tap, NULL) == NYMI_RESULT_OKAY) {
///   printf("%s at %s\n", tap->band, tap->endpoint_id);
///   nymi_tap_free(tap);
/// }
/// ```
///
/// # Safety
/// `tap` and `error` are NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_wait_tap(
    client: *mut NymiClient,
    timeout_ms: u32,
    tap: *mut *mut NymiTap,
    error: *mut *mut NymiError,
) -> u32 {
    let next = |client: &Client| client.next_tap_or_failure(timeout(timeout_ms));
    let view = |update: &Update, parts: &mut Parts| {
        if update.operation != TapEvent::OPERATION {
            return Err(Failure::of_update(update));
        }
        let tap = update.payload_as::<TapEvent>();
        let tap = tap.map_err(|fault| Failure::unreadable_event(TapEvent::OPERATION, fault))?;
        Ok(tap_view(&tap, parts))
    };
    // SAFETY: the caller passes NULL or a place to write.
    unsafe { wait(client, next, view, ("tap", tap, error)) }
}

/// Frees a tap.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_tap_free(tap);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_tap_free(tap: *mut NymiTap) {
    guarded((), || take_back(tap));
}

/// Waits for the next event of any kind: a tap, presence, a change at a terminal, a failure. Answers
/// to nymi_client_put are left to nymi_client_get.
///
/// timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
/// event       receives the event
/// error       receives what went wrong, if it is not NULL
///
/// Ownership: free the event with nymi_event_free. Threads: any, several at once; each event goes to
/// one of them. Errors: as for nymi_client_get.
///
/// Example:
///
/// ```c
/// struct NymiEvent *event;
/// while (nymi_client_wait_event(client, 0, &event, NULL) == NYMI_RESULT_OKAY) {
///   if (event->kind == NYMI_EVENT_KIND_TAP) { puts(event->tap->band); }
///   nymi_event_free(event);
/// }
/// ```
///
/// # Safety
/// `event` and `error` are NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_wait_event(
    client: *mut NymiClient,
    timeout_ms: u32,
    event: *mut *mut NymiEvent,
    error: *mut *mut NymiError,
) -> u32 {
    let next = |client: &Client| client.next_event(timeout(timeout_ms));
    let view = |update: &Update, parts: &mut Parts| Ok(event_view(update, parts));
    // SAFETY: the caller passes NULL or a place to write.
    unsafe { wait(client, next, view, ("event", event, error)) }
}

/// Frees an event.
///
/// Ownership: it and what it points to are gone. NULL, and what was freed before, are ignored.
/// Threads: any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_event_free(event);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_event_free(event: *mut NymiEvent) {
    guarded((), || take_back(event));
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use nymi_core::message::Status;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_cannot_be_read_is_an_error_with_its_name() {
        for name in ["tap", "presence", "endpoint"] {
            let update = json!({"operation": name, "exchange": null, "status": 0,
                "payload": {"endpoint_id": "bench-1"}, "error": {}});
            let update = Update::parse(update.to_string().as_bytes()).unwrap();
            let mut parts = Parts::default();
            let view = event_view(&update, &mut parts);
            assert_eq!(view.kind, NymiEventKind::Error as u32);
            // SAFETY: an error that the parts hold, with texts that end.
            let (code, detail) =
                unsafe { ((*view.error).code, CStr::from_ptr((*view.error).detail)) };
            assert_eq!(code, Status::INTERNAL.code());
            let detail = detail.to_str().unwrap();
            assert!(
                detail.contains(&format!("the event {name} cannot be read: ")),
                "{detail}"
            );
            assert!(detail.contains("missing field"), "{detail}");
        }
        let newer = Update::ok("fly", None, Default::default());
        let view = event_view(&newer, &mut Parts::default());
        assert_eq!(
            (view.kind, view.error),
            (NymiEventKind::Other as u32, ptr::null())
        );
    }
}
