//! The C interface, called as a C program calls it.

use std::ffi::{CStr, CString, c_char, c_int, c_ulonglong, c_void};
use std::ptr::{null, null_mut};

use nymi_api::classic::{napiConfigure, napiGet, napiPut, napiTerminate};
use nymi_api::client::{
    NYMI_FOREVER, NymiClient, NymiClientConfig, nymi_client_free, nymi_client_get, nymi_client_new,
    nymi_client_put, nymi_string_free,
};
use nymi_api::events::{NymiTap, nymi_client_wait_tap, nymi_tap_free};
use nymi_api::operations::{
    NymiEndpoint, NymiInit, NymiInitOptions, NymiLookup, NymiLookupQuery, nymi_client_init,
    nymi_client_lookup, nymi_client_subscribe, nymi_client_unsubscribe, nymi_endpoint_free,
    nymi_init_free, nymi_lookup_free,
};
use serde_json::{Value, json};

use crate::system::Ready;

/// The name of every client here.
pub(crate) const NEA_NAME: &str = "BenchClient";

pub(crate) fn c(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).expect("without NUL")
}

/// A request as a program keeps it ready.
pub(crate) fn request(operation: &str, payload: &Value) -> CString {
    let request = json!({"operation": operation, "exchange": "1", "payload": payload});
    c(request.to_string())
}

/// What a program does with an update: reads it, and sees that it is a success.
fn succeeded(update: &CStr) -> Value {
    let mut update: Value = serde_json::from_slice(update.to_bytes()).expect("JSON");
    assert_eq!(update["status"], 0, "{update}");
    update["payload"].take()
}

/// The function that gets updates, and what it is called with.
pub(crate) type OnUpdate = (
    unsafe extern "C-unwind" fn(*mut c_void, *const c_char),
    *mut c_void,
);

/// A client of the handle interface.
pub(crate) struct Client(*mut NymiClient);

impl Client {
    /// Starts a client of this system; what `on_update` is called with must outlive it.
    pub(crate) fn start(ready: &Ready, on_update: Option<OnUpdate>) -> Self {
        let (name, agent) = (c(NEA_NAME), c(ready.agent()));
        let config = NymiClientConfig {
            size: size_of::<NymiClientConfig>(),
            nea_name: name.as_ptr(),
            agent_url: agent.as_ptr(),
            store_directory: null(),
            log_directory: null(),
            log_level: 0,
            on_log_level: 0,
            on_update: on_update.map(|(function, _)| function),
            on_log: None,
            user_data: on_update.map_or(null_mut(), |(_, data)| data),
        };
        let mut client = null_mut();
        // SAFETY: the config and its texts live as long as the call.
        let result = unsafe { nymi_client_new(&config, &mut client, null_mut()) };
        assert_eq!(result, 0);
        Self(client)
    }

    /// A client whose `init` has succeeded, with a certificate from the server if none is stored.
    pub(crate) fn ready(ready: &Ready) -> Self {
        let client = Self::start(ready, None);
        client.ask(&request("init", &ready.init(NEA_NAME)));
        client
    }

    /// Has an earlier client's certificate used.
    pub(crate) fn init(&self) {
        let grade = c("bronze");
        let options = NymiInitOptions {
            size: size_of::<NymiInitOptions>(),
            nea_name: null(),
            nes_url: null(),
            username: null(),
            password: null(),
            token: null(),
            l1: null(),
            grade: grade.as_ptr(),
            agent_url: null(),
        };
        let mut init: *mut NymiInit = null_mut();
        // SAFETY: the options and their text live as long as the call.
        let result = unsafe { nymi_client_init(self.0, &options, null(), &mut init, null_mut()) };
        assert_eq!(result, 0);
        nymi_init_free(init);
    }

    pub(crate) fn put(&self, request: &CStr) {
        // SAFETY: the text ends with a NUL.
        let result = unsafe { nymi_client_put(self.0, request.as_ptr(), null_mut()) };
        assert_eq!(result, 0);
    }

    /// The next update, given to `read`.
    pub(crate) fn get<T>(&self, read: impl FnOnce(&CStr) -> T) -> T {
        let mut update = null_mut();
        // SAFETY: both are ours.
        let result = unsafe { nymi_client_get(self.0, NYMI_FOREVER, &mut update, null_mut()) };
        assert_eq!(result, 0);
        // SAFETY: the library gave a text, which lives until it is freed below.
        let value = read(unsafe { CStr::from_ptr(update) });
        nymi_string_free(update);
        value
    }

    /// One request; its answer's payload.
    pub(crate) fn ask(&self, request: &CStr) -> Value {
        self.put(request);
        self.get(succeeded)
    }

    /// So many requests, of which `in_flight` are under way at once.
    pub(crate) fn ask_often(&self, requests: &[CString], in_flight: usize) {
        for sent in 0..requests.len() + in_flight {
            if sent >= in_flight {
                self.get(succeeded);
            }
            if let Some(request) = requests.get(sent) {
                self.put(request);
            }
        }
    }

    /// The typed lookup of a user; how many were found.
    pub(crate) fn lookup(&self, username: &CStr) -> usize {
        let query = NymiLookupQuery {
            size: size_of::<NymiLookupQuery>(),
            username: username.as_ptr(),
            domain: null(),
            band: null(),
            nfc_uid: null(),
            serial_number: null(),
        };
        let mut found: *mut NymiLookup = null_mut();
        // SAFETY: the query and its text live as long as the call.
        let result = unsafe { nymi_client_lookup(self.0, &query, null(), &mut found, null_mut()) };
        assert_eq!(result, 0);
        // SAFETY: the library gave it, and it lives until it is freed below.
        let count = unsafe { (*found).count };
        nymi_lookup_free(found);
        count
    }

    pub(crate) fn subscribe(&self, endpoint: &CStr) {
        let mut answer: *mut NymiEndpoint = null_mut();
        // SAFETY: the text lives as long as the call.
        let result = unsafe {
            nymi_client_subscribe(self.0, endpoint.as_ptr(), null(), &mut answer, null_mut())
        };
        assert_eq!(result, 0);
        nymi_endpoint_free(answer);
    }

    pub(crate) fn unsubscribe(&self, endpoint: &CStr) {
        // SAFETY: the text lives as long as the call.
        let result =
            unsafe { nymi_client_unsubscribe(self.0, endpoint.as_ptr(), null(), null_mut()) };
        assert_eq!(result, 0);
    }

    pub(crate) fn wait_tap(&self) {
        let mut tap: *mut NymiTap = null_mut();
        // SAFETY: both are ours.
        let result = unsafe { nymi_client_wait_tap(self.0, NYMI_FOREVER, &mut tap, null_mut()) };
        assert_eq!(result, 0);
        nymi_tap_free(tap);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        nymi_client_free(self.0);
    }
}

/// The classic interface's one client.
pub(crate) struct Classic;

impl Classic {
    pub(crate) fn ready(ready: &Ready) -> Self {
        let (name, empty) = (c(NEA_NAME), c(""));
        let port = c_int::from(ready.agent_port());
        // SAFETY: the texts live as long as the call.
        let result = unsafe {
            napiConfigure(
                name.as_ptr(),
                empty.as_ptr(),
                null(),
                0,
                port,
                empty.as_ptr(),
            )
        };
        assert_eq!(result, 0);
        let classic = Self;
        classic.ask(&request("init", &ready.init(NEA_NAME)));
        classic
    }

    pub(crate) fn ask(&self, request: &CStr) -> Value {
        self.exchange(request, succeeded)
    }

    /// One request and its answer, given to `read`.
    pub(crate) fn exchange<T>(&self, request: &CStr, read: impl FnOnce(&CStr) -> T) -> T {
        let mut buffer = [0; 8192];
        let mut length: c_ulonglong = 0;
        // SAFETY: the text ends with a NUL, and the buffer is as long as said.
        let results = unsafe {
            [
                napiPut(request.as_ptr()),
                napiGet(
                    buffer.as_mut_ptr(),
                    buffer.len() as c_ulonglong,
                    &mut length,
                ),
            ]
        };
        assert_eq!(results, [0, 0]);
        // SAFETY: the library ended the text with a NUL.
        read(unsafe { CStr::from_ptr(buffer.as_ptr()) })
    }
}

impl Drop for Classic {
    fn drop(&mut self) {
        napiTerminate();
    }
}
