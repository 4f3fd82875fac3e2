//! A program that knows what each call has to answer.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use nymi_api::NymiCall;
use nymi_api::classic::*;
use nymi_api::client::*;
use nymi_api::error::*;
use nymi_api::events::*;
use nymi_api::operations::nymi_client_cancel;
use nymi_core::message::Status;

use crate::given::{Given, check_given, free_as, read};
use crate::passed::{Options, Size, Sized, Step, Text, Texts, Which, nowhere, pick};

use NymiResult::{
    BadArgument, BadHandle, CallbackMode, Fault, Interrupted, NoMemory, Okay, Terminated, Timeout,
};

struct OwnClient {
    handle: *mut NymiClient,
    hears: bool,
    is_terminated: bool,
}

#[derive(Default)]
pub(crate) struct Program {
    clients: Vec<OwnClient>,
    freed: Vec<*mut NymiClient>,
    given: Vec<Given>,
    classic_runs: bool,
}

unsafe extern "C-unwind" fn hear_update(_: *mut c_void, update: *const c_char) {
    if !update.is_null() {
        read(update);
    }
}

unsafe extern "C-unwind" fn hear_line(_: *mut c_void, level: u32, line: *const c_char) {
    assert!((1..=4).contains(&level));
    read(line);
}

fn one_of(result: u32, expected: &[NymiResult]) -> bool {
    expected.iter().any(|it| *it as u32 == result)
}

impl Program {
    /// The handle, and which own client it is.
    fn client(&self, which: &Which) -> (*mut NymiClient, Option<usize>) {
        let near = |number: usize| std::ptr::without_provenance_mut(number);
        let handle = match which {
            Which::Own(own) if self.clients.is_empty() => near(usize::from(*own)),
            Which::Own(own) => pick(&self.clients, *own).handle,
            Which::Freed(_) if self.freed.is_empty() => null_mut(),
            Which::Freed(freed) => *pick(&self.freed, *freed),
            Which::Near(_, by) if self.clients.is_empty() => near(*by as usize),
            Which::Near(own, by) => {
                let handle = pick(&self.clients, *own).handle.addr();
                near(handle.wrapping_add_signed(isize::from(*by)))
            }
            Which::Number(number) => near(*number as usize),
            Which::Memory => (&raw const *self).cast_mut().cast(),
            Which::Null => null_mut(),
        };
        let own = self.clients.iter().position(|it| it.handle == handle);
        (handle, own)
    }

    /// A call with a place for an error; what it returned.
    fn call(&mut self, call: impl FnOnce(*mut *mut NymiError) -> u32) -> u32 {
        let mut error = null_mut();
        let result = call(&mut error);
        let is_status = Status::ALL.iter().any(|status| status.code() == result);
        assert!(is_status || result <= NoMemory as u32, "{result}");
        assert!(!one_of(result, &[Fault, NoMemory]) && result != Status::INTERNAL.code());
        assert_eq!(error.is_null(), result == 0);
        if !error.is_null() {
            self.given.push(Given::Error(error, result));
        }
        result
    }

    /// The same for a typed operation: its answer comes on success alone, and it needs `init`.
    pub(crate) fn ask<T>(
        &mut self,
        which: &Which,
        options: &Options,
        ask: impl FnOnce(
            &mut Texts,
            *mut NymiClient,
            *const NymiCall,
            *mut *mut T,
            *mut *mut NymiError,
        ) -> u32,
    ) {
        let (handle, own) = self.client(which);
        let mut texts = Texts::default();
        let exchange = texts.pass(&options.exchange);
        let timeout_ms = *pick(&[1, 20, 0, 120_001], options.timeout);
        let make = |size| NymiCall {
            size,
            timeout_ms,
            exchange,
        };
        let call = Sized::new(make, &options.call);
        let mut answer = null_mut();
        let result = self.call(|error| {
            ask(
                &mut texts,
                handle,
                call.pass(&options.call),
                &mut answer,
                error,
            )
        });
        assert!(
            result != 0 && answer.is_null(),
            "nobody is there who could answer"
        );
        match own {
            None => assert_eq!(result, BadHandle as u32),
            Some(own) => {
                let ended = self.clients[own].is_terminated;
                assert!(!one_of(result, &[BadHandle, CallbackMode]), "{result}");
                assert!(ended || result != Terminated as u32);
            }
        }
    }

    /// An `init` may be in flight under that name, if it is quick.
    pub(crate) fn cancel(&mut self, which: &Which, named: &Text) {
        let ((handle, own), mut texts) = (self.client(which), Texts::default());
        let exchange = texts.pass(named);
        let result = self.call(|error| unsafe { nymi_client_cancel(handle, exchange, error) });
        match own.map(|own| self.clients[own].is_terminated) {
            None => assert_eq!(result, BadHandle as u32),
            Some(ended) => {
                assert!(!one_of(result, &[BadHandle, CallbackMode]), "{result}");
                assert!(ended || result != Terminated as u32);
            }
        }
    }

    fn new_client(
        &mut self,
        size: &Size,
        config: impl FnOnce(usize, &mut Texts) -> NymiClientConfig,
        hears: bool,
    ) {
        if self.clients.len() >= 4 {
            return;
        }
        let mut texts = Texts::default();
        let config = Sized::new(|size| config(size, &mut texts), size);
        let mut handle = null_mut();
        let result =
            self.call(|error| unsafe { nymi_client_new(config.pass(size), &mut handle, error) });
        assert_eq!(handle.is_null(), result != 0);
        assert!(!one_of(
            result,
            &[BadHandle, Terminated, NymiResult::TooMany]
        ));
        if result == 0 {
            assert!(
                handle.addr() % 2 == 1 && !self.freed.contains(&handle),
                "a handle of its own"
            );
            assert!(self.clients.iter().all(|it| it.handle != handle));
            self.clients.push(OwnClient {
                handle,
                hears,
                is_terminated: false,
            });
        }
    }

    /// What every function says that waits for updates; true if it gave one.
    fn waited(&self, own: Option<usize>, result: u32) -> bool {
        let expected: &[_] = match own.map(|own| &self.clients[own]) {
            None => &[BadHandle],
            Some(client) if client.hears => &[CallbackMode],
            Some(client) if client.is_terminated => &[Okay, Interrupted, Terminated],
            Some(_) => &[Okay, Timeout, Interrupted],
        };
        assert!(one_of(result, expected), "{result} of {expected:?}");
        result == 0
    }

    fn free(&mut self, which: &Which) {
        let (handle, own) = self.client(which);
        let result = nymi_client_free(handle);
        if let Some(own) = own {
            self.freed.push(self.clients.swap_remove(own).handle);
        }
        let expected = if own.is_some() || handle.is_null() {
            Okay
        } else {
            BadHandle
        };
        assert_eq!(result, expected as u32);
    }

    fn free_given(&mut self, which: u8, like: u8) {
        if self.given.is_empty() {
            return;
        }
        let which = usize::from(which) % self.given.len();
        let given = self.given[which];
        let (address, own) = match given {
            Given::Update(update) => (update.cast::<c_void>(), 0),
            Given::Error(error, _) => (error.cast(), 1),
            Given::Event(event) => (event.cast(), 2),
        };
        free_as(address, like);
        if like % 8 == own {
            self.given.swap_remove(which);
            free_as(address, like);
        } else {
            check_given(given);
        }
    }

    fn configure(&mut self, name: &Text, provisions: &Text, level: i8, port: i8, host: u8) {
        let mut texts = Texts::default();
        let (name, provisions) = (texts.pass(name), texts.pass(provisions));
        // Port 0 and less than -1 are none, 1 has no agent. No names that would be looked up.
        let host = *pick(&[c"", c"127.0.0.1", c"::1", c"a/b", c"\xff"], host);
        let port = match port {
            -1 => 1,
            port => c_int::from(port).min(1),
        };
        let result =
            unsafe { napiConfigure(name, null(), provisions, level.into(), port, host.as_ptr()) };
        assert!((0..=4).contains(&result), "{result}");
        if result == NapiConfigure::Okay as c_int {
            assert!(!self.classic_runs);
            self.classic_runs = true;
        }
    }

    fn classic_get(&self, max: u16, no_buffer: bool, no_len: bool, waits: bool) {
        let mut buffer = vec![0x55_u8; usize::from(max)];
        let (mut len, size) = (77, u64::from(max));
        let place = if no_buffer {
            null_mut()
        } else {
            buffer.as_mut_ptr().cast()
        };
        let len_place = if no_len { null_mut() } else { &raw mut len };
        // Only a client that was ended has no end of waiting.
        let (result, tries) = match waits && !self.classic_runs {
            true => (unsafe { napiGet(place, size, len_place) }, 0),
            false => (unsafe { napiTryGet(place, size, len_place) }, 1),
        };
        match result {
            0 => {
                assert_eq!(
                    buffer.iter().position(|byte| *byte == 0),
                    Some(len as usize - 1)
                );
                assert!(
                    buffer[len as usize..].iter().all(|byte| *byte == 0x55),
                    "behind the text"
                );
                read(buffer.as_ptr().cast());
            }
            1 if tries == 1 => assert_eq!(len, 0),
            _ => {
                let is_short = result == NapiGet::BufferTooSmall as c_int + tries;
                assert!(result < NapiGet::Impossible as c_int + tries, "{result}");
                assert!(if is_short { len > size } else { len == 77 });
                assert!(buffer.iter().all(|byte| *byte == 0x55));
            }
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::New {
                size,
                name,
                agent,
                folders,
                levels,
                hears,
            } => {
                let folder = |which| {
                    *pick(
                        &[null(), c"/nowhere".as_ptr(), c"/dev/null".as_ptr()],
                        which,
                    )
                };
                let make = |size, texts: &mut Texts| NymiClientConfig {
                    size,
                    nea_name: texts.pass(name),
                    agent_url: nowhere(*agent),
                    store_directory: folder(folders / 3),
                    log_directory: folder(*folders),
                    log_level: u32::from(levels.0 % 7),
                    on_log_level: u32::from(levels.1 % 7),
                    on_update: hears.then_some(hear_update as _),
                    on_log: (levels.1 >= 128).then_some(hear_line as _),
                    user_data: null_mut(),
                };
                self.new_client(size, make, *hears);
            }
            Step::Free(which) => self.free(which),
            Step::Terminate(which) => {
                let (handle, own) = self.client(which);
                let expected = if own.is_some() { Okay } else { BadHandle };
                assert_eq!(nymi_client_terminate(handle), expected as u32);
                if let Some(own) = own {
                    self.clients[own].is_terminated = true;
                }
            }
            Step::Wake(which) => {
                let (handle, own) = self.client(which);
                let expected = if own.is_some() { Okay } else { BadHandle };
                assert_eq!(nymi_client_wake(handle), expected as u32);
            }
            Step::Put(which, text) => {
                let ((handle, own), mut texts) = (self.client(which), Texts::default());
                let json = texts.pass(text);
                let result = self.call(|error| unsafe { nymi_client_put(handle, json, error) });
                let expected: &[_] = match own.map(|own| self.clients[own].is_terminated) {
                    None => &[BadHandle],
                    Some(true) => &[Terminated, BadArgument],
                    Some(false) => &[Okay, BadArgument],
                };
                assert!(one_of(result, expected), "{result}");
            }
            Step::Get(which, waits) => {
                let ((handle, own), mut update) = (self.client(which), null_mut());
                let result = self.call(|error| unsafe {
                    nymi_client_get(handle, u32::from(*waits), &mut update, error)
                });
                assert_eq!(self.waited(own, result), !update.is_null());
                if !update.is_null() {
                    self.given.push(Given::Update(update));
                }
            }
            Step::WaitTap(which) => {
                let ((handle, own), mut tap) = (self.client(which), null_mut());
                let result =
                    self.call(|error| unsafe { nymi_client_wait_tap(handle, 0, &mut tap, error) });
                assert!(tap.is_null(), "nobody taps");
                assert!(result == Status::AGENT_MISSING.code() || !self.waited(own, result));
            }
            Step::WaitEvent(which, waits) => {
                let ((handle, own), mut event) = (self.client(which), null_mut());
                let result = self.call(|error| unsafe {
                    nymi_client_wait_event(handle, u32::from(*waits), &mut event, error)
                });
                assert_eq!(self.waited(own, result), !event.is_null());
                if !event.is_null() {
                    self.given.push(Given::Event(event));
                }
            }
            Step::Descriptor(which) => {
                let ((handle, own), mut descriptor) = (self.client(which), -1);
                let result = self.call(|error| unsafe {
                    nymi_client_descriptor(handle, &mut descriptor, error)
                });
                let expected = match own.map(|own| self.clients[own].hears) {
                    None => BadHandle,
                    Some(true) => CallbackMode,
                    Some(false) => Okay,
                };
                assert_eq!((result, descriptor >= 0), (expected as u32, result == 0));
            }
            Step::FreeGiven { which, like } => self.free_given(*which, *like),
            Step::Configure {
                name,
                provisions,
                level,
                port,
                host,
            } => {
                self.configure(name, provisions, *level, *port, *host);
            }
            Step::ClassicPut(text) => {
                let mut texts = Texts::default();
                let result = unsafe { napiPut(texts.pass(text)) };
                assert!((0..=3).contains(&result));
                assert_eq!(
                    result == NapiPut::NapiNotRunning as c_int,
                    !self.classic_runs
                );
            }
            Step::ClassicGet {
                max,
                no_buffer,
                no_len,
                waits,
            } => {
                self.classic_get(*max, *no_buffer, *no_len, *waits);
            }
            Step::ClassicTerminate => {
                napiTerminate();
                self.classic_runs = false;
            }
            typed => self.typed(typed),
        }
    }

    pub(crate) fn end(mut self) {
        for client in std::mem::take(&mut self.clients) {
            assert_eq!(nymi_client_free(client.handle), 0);
            assert_eq!(nymi_client_free(client.handle), BadHandle as u32);
        }
        napiTerminate();
        for given in self.given {
            check_given(given);
            match given {
                Given::Update(update) => nymi_string_free(update),
                Given::Error(error, _) => nymi_error_free(error),
                Given::Event(event) => nymi_event_free(event),
            }
        }
    }
}
