//! A client of the C library and the agent that it talks to, over a socket: the agent takes the client in, and
//! then answers each request well, badly or not as what was asked, says what nobody asked for, and ends
//! connections. Every result is one that the header allows, what was given can be read, and the client ends.
#![no_main]

#[path = "client_agent/agent.rs"]
mod agent;
#[path = "client_agent/enterprise.rs"]
mod enterprise;
#[path = "client_calls/given.rs"]
mod given;

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

use nymi_api::NymiCall;
use nymi_api::client::*;
use nymi_api::error::*;
use nymi_api::events::*;
use nymi_api::info::*;
use nymi_api::operations::*;
use nymi_core::message::Status;

use agent::{Agent, Say};
use given::{Given, check_given, free_as, read};

/// What the program asks for.
#[derive(Arbitrary, Debug)]
enum Ask {
    Subscribe,
    Unsubscribe,
    Lookup,
    Assert,
    UserStatus,
    Info,
    Endpoints,
    Put(u8),
    Get,
    Tap,
    Event,
}

/// Requests as JSON.
const PUT: [&str; 4] = [
    r#"{"operation":"list_endpoints","exchange":"e","payload":{}}"#,
    r#"{"operation":"subscribe_endpoint","exchange":"e","payload":{"endpoint_id":"desk"}}"#,
    r#"{"operation":"cancel","payload":{"exchange":"e"}}"#,
    r#"{"operation":"user_status","payload":{"Username":"bob","Domain":"ACME"}}"#,
];

const BAND: &std::ffi::CStr = c"AA:BB:CC:DD:EE:FF";

struct Program {
    client: *mut NymiClient,
    call: NymiCall,
}

// SAFETY: a client may be used on any thread.
unsafe impl Send for Program {}

fn optional(text: *const c_char) {
    if !text.is_null() {
        read(text);
    }
}

/// Pointers of a list that the library gave.
fn list<'a, T: 'a>(count: usize, first: *const *const T) -> impl Iterator<Item = &'a T> {
    let all = match count {
        0 => &[],
        count => unsafe { std::slice::from_raw_parts(first, count) },
    };
    all.iter().map(|it| unsafe { &**it })
}

fn check_endpoint(endpoint: &NymiEndpointInfo) {
    read(endpoint.endpoint_id);
    optional(endpoint.hostname);
    for hardware in list(endpoint.adapter_count, endpoint.adapters)
        .chain(list(endpoint.reader_count, endpoint.readers))
    {
        optional(hardware.id);
        optional(hardware.kind);
        optional(hardware.state);
    }
}

impl Program {
    /// A client in a session: until the agent is asked for something it is a good one.
    fn start(agent: &Agent) -> Self {
        let make = |text: &str| CString::new(text).expect("no NUL");
        let (url, store, l1) = (
            make(&agent.url),
            make(&agent.enterprise.store),
            make(&agent.enterprise.l1),
        );
        let config = NymiClientConfig {
            size: size_of::<NymiClientConfig>(),
            nea_name: c"Records".as_ptr(),
            agent_url: url.as_ptr(),
            store_directory: store.as_ptr(),
            log_directory: null(),
            log_level: 0,
            on_log_level: 0,
            on_update: None,
            on_log: None,
            user_data: null_mut(),
        };
        let mut client = null_mut();
        assert_eq!(
            unsafe { nymi_client_new(&config, &mut client, null_mut()) },
            0
        );
        let options = NymiInitOptions {
            size: size_of::<NymiInitOptions>(),
            nea_name: null(),
            nes_url: null(),
            username: null(),
            password: null(),
            token: null(),
            l1: l1.as_ptr(),
            grade: c"bronze".as_ptr(),
            agent_url: null(),
        };
        let call = NymiCall {
            size: size_of::<NymiCall>(),
            timeout_ms: 60_000,
            exchange: null(),
        };
        let program = Self { client, call };
        let mut init = null_mut();
        let init_result = program.checked(|error| unsafe {
            nymi_client_init(client, &options, &call, &mut init, error)
        });
        assert_eq!(init_result, 0, "the agent has said nothing wrong yet");
        read(unsafe { &*init }.certificate_serial);
        nymi_init_free(init);
        program
    }

    /// Makes a call and looks at its error, if there is one.
    fn checked(&self, call: impl FnOnce(*mut *mut NymiError) -> u32) -> u32 {
        let mut error = null_mut();
        let result = call(&mut error);
        let is_status = Status::ALL.iter().any(|status| status.code() == result);
        assert!(
            is_status || result <= NymiResult::NoMemory as u32,
            "{result}"
        );
        assert_eq!(error.is_null(), result == 0);
        if !error.is_null() {
            check_given(Given::Error(error, result));
            nymi_error_free(error);
        }
        result
    }

    /// The same for a call with an answer: it comes on success alone.
    fn answer<T>(
        &self,
        call: impl FnOnce(*mut *mut T, *mut *mut NymiError) -> u32,
        check: impl FnOnce(&T),
        free: extern "C" fn(*mut T),
    ) -> u32 {
        let mut answer = null_mut();
        let result = self.checked(|error| call(&mut answer, error));
        assert_eq!(answer.is_null(), result != 0);
        if !answer.is_null() {
            check(unsafe { &*answer });
            free(answer);
        }
        result
    }

    fn lookup(&self) -> u32 {
        let query = NymiLookupQuery {
            size: size_of::<NymiLookupQuery>(),
            username: c"bob".as_ptr(),
            domain: null(),
            band: null(),
            nfc_uid: null(),
            serial_number: null(),
        };
        let check = |found: &NymiLookup| {
            for it in list(found.count, found.matches) {
                optional(it.username);
                optional(it.band);
                optional(it.identity_public_key);
            }
        };
        self.answer(
            |out, error| unsafe { nymi_client_lookup(self.client, &query, &self.call, out, error) },
            check,
            nymi_lookup_free,
        )
    }

    fn assert(&self) -> u32 {
        let digest = [0xAB; 32];
        let options = NymiAssertOptions {
            size: size_of::<NymiAssertOptions>(),
            band: BAND.as_ptr(),
            intent_id: null(),
            document_sha256: digest.as_ptr(),
            meaning: c"approved".as_ptr(),
            audience: null(),
            nonce: null(),
        };
        let check = |it: &NymiAssertion| {
            optional(it.username);
            optional(it.verified_at);
            read(it.assertion);
        };
        self.answer(
            |out, error| unsafe {
                nymi_client_assert(self.client, &options, &self.call, out, error)
            },
            check,
            nymi_assertion_free,
        )
    }

    /// Whether there was an update.
    fn get(&self) -> bool {
        let mut update = null_mut();
        let result =
            self.checked(|error| unsafe { nymi_client_get(self.client, 0, &mut update, error) });
        assert_eq!(update.is_null(), result != 0);
        if !update.is_null() {
            check_given(Given::Update(update));
            // As something else, which changes nothing.
            free_as(update.cast(), 2);
            nymi_string_free(update);
        }
        result == 0
    }

    fn event(&self) -> u32 {
        let mut event = null_mut();
        let result = self
            .checked(|error| unsafe { nymi_client_wait_event(self.client, 0, &mut event, error) });
        assert_eq!(event.is_null(), result != 0);
        if !event.is_null() {
            check_given(Given::Event(event));
            nymi_event_free(event);
        }
        result
    }

    fn ask(&self, ask: &Ask) -> u32 {
        let (client, call) = (self.client, &raw const self.call);
        match ask {
            Ask::Subscribe => self.answer(
                |out, error| unsafe {
                    nymi_client_subscribe(client, c"desk".as_ptr(), call, out, error)
                },
                |it: &NymiEndpoint| {
                    read(it.endpoint_id);
                },
                nymi_endpoint_free,
            ),
            Ask::Unsubscribe => self.checked(|error| unsafe {
                nymi_client_unsubscribe(client, c"desk".as_ptr(), call, error)
            }),
            Ask::Lookup => self.lookup(),
            Ask::Assert => self.assert(),
            Ask::UserStatus => self.answer(
                |out, error| unsafe {
                    let (user, domain) = (c"bob".as_ptr(), c"ACME".as_ptr());
                    nymi_client_user_status(client, user, domain, call, out, error)
                },
                |_: &NymiUserStatus| {},
                nymi_user_status_free,
            ),
            Ask::Info => self.answer(
                |out, error| unsafe { nymi_client_info(client, call, out, error) },
                |it: &NymiInfo| {
                    read(it.version);
                    list(it.endpoint_count, it.endpoints).for_each(check_endpoint);
                    list(it.band_count, it.bands).for_each(|band| optional(band.band));
                },
                nymi_info_free,
            ),
            Ask::Endpoints => self.answer(
                |out, error| unsafe { nymi_client_list_endpoints(client, call, out, error) },
                |it: &NymiEndpoints| list(it.count, it.endpoints).for_each(check_endpoint),
                nymi_endpoints_free,
            ),
            Ask::Put(which) => {
                let json = CString::new(PUT[usize::from(*which) % PUT.len()]).expect("no NUL");
                self.checked(|error| unsafe { nymi_client_put(client, json.as_ptr(), error) })
            }
            Ask::Get => {
                self.get();
                0
            }
            Ask::Tap => {
                let check = |tap: &NymiTap| {
                    read(tap.endpoint_id);
                    read(tap.band);
                };
                self.answer(
                    |out, error| unsafe { nymi_client_wait_tap(client, 0, out, error) },
                    check,
                    nymi_tap_free,
                );
                0
            }
            Ask::Event => {
                self.event();
                0
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        assert_eq!(nymi_client_free(self.client), 0);
    }
}

/// A session begins with signatures, which take ten times as long as what an input does in it. So it serves as many,
/// unless the agent ended it.
const INPUTS: u32 = 200;

static SESSION: Mutex<Option<(Program, u32)>> = Mutex::new(None);

fuzz_target!(|input: (Vec<Say>, Vec<Ask>)| {
    let (says, asks) = input;
    let agent = Agent::here();
    let kept = SESSION.lock().expect("no input failed before").take();
    agent.will_say(Vec::new());
    let (program, inputs) = kept.unwrap_or_else(|| (Program::start(agent), 0));
    agent.will_say(says);
    let mut is_lost = false;
    for ask in asks.iter().take(12) {
        is_lost = program.ask(ask) == Status::AGENT_MISSING.code();
        // What comes back by itself takes a while, and a program would wait for it.
        if is_lost {
            break;
        }
    }
    while program.get() {}
    // Nothing is left of this input.
    is_lost |= program.ask(&Ask::Endpoints) == Status::AGENT_MISSING.code();
    while program.get() {}
    if !is_lost && inputs < INPUTS {
        *SESSION.lock().expect("as above") = Some((program, inputs + 1));
    }
});
