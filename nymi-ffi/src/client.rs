//! The handle interface: clients, their requests as JSON and their updates as JSON.

use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nymi_napi::{Client, Config, LogConfig, LogLevel, LogSink, NeaName, StartError};

use crate::boundary::{Growing, Out, optional_text, read_growing, required_text};
use crate::callbacks::{Callbacks, Courier, Inbox};
use crate::descriptor::Descriptor;
use crate::error::{Failure, NymiError, NymiResult, ending_entry, entry};
use crate::handles::{Full, Table};
use crate::memory::{give_text, take_back_text};
use crate::network::GuestNetwork;
use crate::process::{claim, is_elevated};
use crate::reserve::is_there_for_threads;
use crate::threads::block_signals;

/// Waits without end, as a timeout.
pub const NYMI_FOREVER: u32 = u32::MAX;

/// A client. Several may be in a process; each has its own connection, name and queue.
///
/// The pointer is a handle: it leads nowhere, and one that was freed is recognised and refused.
pub struct NymiClient(());

/// How a client is to be. Set it to zeros, then `size`, then what is wanted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiClientConfig {
    /// sizeof (struct NymiClientConfig), so that the library knows which fields the program has.
    pub size: usize,
    /// The application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'.
    pub nea_name: *const c_char,
    /// The agent's channel socket, such as "ws://127.0.0.1:9120"; NULL for what NYMI_AGENT_URL or
    /// /etc/nymi/nes.toml (the registry on Windows) name, else this machine's.
    pub agent_url: *const c_char,
    /// The folder of certificates and keys; NULL for NYMI_NSL_DIR, else the user's data folder. It is
    /// made if it is not there; one that group or others may write is refused.
    pub store_directory: *const c_char,
    /// An existing directory for nymi_api.log; NULL for no file.
    pub log_directory: *const c_char,
    /// How much goes into the file: enum NapiLog.
    pub log_level: u32,
    /// How much goes to `on_log`: enum NapiLog.
    pub on_log_level: u32,
    /// Called with each update, instead of nymi_client_get; NULL for none. The update is JSON and
    /// belongs to the library: copy what outlives the call. After the last one, when the client was
    /// terminated, it is called once with NULL. It must return, and let no exception out.
    pub on_update:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, update: *const c_char)>,
    /// Called with each line of the log, without its end; NULL for none. It must return, and let no
    /// exception out.
    pub on_log: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, level: u32, line: *const c_char),
    >,
    /// What both are called with.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), its size first; numbers, pointers and optional functions, for which zeros are
// NULL.
unsafe impl Growing for NymiClientConfig {
    const NAME: &'static str = "NymiClientConfig";
    const FIRST_SIZE: usize = size_of::<[usize; 8]>() + 2 * size_of::<u32>();
}

/// A client and whoever waits for its updates.
pub(crate) struct Hosted {
    pub(crate) client: Arc<Client>,
    name: NeaName,
    bell: Arc<Bell>,
    courier: Option<Courier>,
    takes_updates_itself: bool,
}

/// Told when there is something to read.
#[derive(Default)]
struct Bell {
    inbox: Option<Arc<Inbox>>,
    descriptor: OnceLock<Descriptor>,
}

impl Bell {
    fn ring(&self, is_readable: bool) {
        if let Some(inbox) = &self.inbox {
            inbox.set_has_updates(is_readable);
        }
        if let Some(descriptor) = self.descriptor.get() {
            descriptor.set(is_readable);
        }
    }
}

static CLIENTS: Table<Hosted> = Table::new();

impl Hosted {
    /// Starts a client as a guest of this process, without callbacks.
    pub(crate) fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, None)
    }

    fn start_with(
        mut config: Config,
        callbacks: Option<(Callbacks, LogLevel)>,
    ) -> Result<Self, StartError> {
        let threads = 1 + usize::from(callbacks.is_some()) + usize::from(config.log.is_some());
        if !is_there_for_threads(threads) {
            return Err(StartError::Thread(std::io::ErrorKind::OutOfMemory.into()));
        }
        claim();
        config.on_thread_start = Some(block_signals);
        config.network = Arc::new(GuestNetwork);
        config.ignores_environment = is_elevated();
        #[cfg(windows)]
        {
            config.key_protection = Some(Arc::new(crate::dpapi::Dpapi));
        }
        let inbox = callbacks.map(|_| Arc::new(Inbox::default()));
        if let (
            Some(inbox),
            Some((
                Callbacks {
                    on_log: Some(_), ..
                },
                level,
            )),
        ) = (&inbox, callbacks)
        {
            let inbox = Arc::clone(inbox);
            let write = Arc::new(move |level, line: &str| inbox.add_line(level, line));
            config.log_sink = Some(LogSink { level, write });
        }
        let bell = Arc::new(Bell {
            inbox: inbox.clone(),
            descriptor: OnceLock::new(),
        });
        config.on_readable = Some({
            let bell = Arc::clone(&bell);
            Arc::new(move |is_readable| bell.ring(is_readable))
        });
        let name = config.nea_name.clone();
        let client = Arc::new(Client::start(config)?);
        let courier = match (inbox, callbacks) {
            (Some(inbox), Some((callbacks, _))) => {
                let courier = Courier::start(Arc::clone(&client), inbox, callbacks);
                Some(courier.map_err(StartError::Thread)?)
            }
            _ => None,
        };
        Ok(Self {
            client,
            name,
            bell,
            courier,
            takes_updates_itself: callbacks
                .is_some_and(|(callbacks, _)| callbacks.on_update.is_some()),
        })
    }

    /// Refuses to read updates that a callback gets.
    pub(crate) fn check_reads_updates(&self) -> Result<(), Failure> {
        if self.takes_updates_itself {
            let detail = "its updates go to on_update of struct NymiClientConfig";
            return Err(Failure::new(NymiResult::CallbackMode, detail));
        }
        Ok(())
    }

    fn descriptor(&self) -> Result<c_int, Failure> {
        self.check_reads_updates()?;
        if self.bell.descriptor.get().is_none() {
            let new = Descriptor::new().map_err(|error| match error.kind() {
                std::io::ErrorKind::Unsupported => Failure::new(NymiResult::Unsupported, ""),
                _ => Failure::new(NymiResult::System, error.to_string()),
            })?;
            // If another thread was quicker, its descriptor is the one.
            let _ = self.bell.descriptor.set(new);
            self.client.announce_readable();
        }
        let descriptor = self.bell.descriptor.get();
        descriptor.map_or(Err(Failure::new(NymiResult::Fault, "")), |it| {
            Ok(it.number())
        })
    }

    /// Ends it; when this returns, no callback runs, except for one that called this.
    fn end(&self) {
        self.client.terminate();
        if let Some(courier) = &self.courier {
            courier.stop();
        }
    }
}

impl Drop for Hosted {
    /// On the thread of whichever call was the last to use it, so nothing is waited for that the
    /// program could hold up.
    fn drop(&mut self) {
        self.client.terminate();
        if let Some(courier) = &self.courier {
            courier.ask_to_stop();
        }
    }
}

/// The client of a handle.
pub(crate) fn hosted(client: *mut NymiClient) -> Result<Arc<Hosted>, Failure> {
    let found = CLIENTS.get(client.addr());
    found.ok_or_else(|| Failure::new(NymiResult::BadHandle, ""))
}

/// The application that a client was made for.
pub(crate) fn nea_name(client: *mut NymiClient) -> Result<String, Failure> {
    Ok(hosted(client)?.name.to_string())
}

/// A timeout of the header.
pub(crate) fn timeout(timeout_ms: u32) -> Option<Duration> {
    (timeout_ms != NYMI_FOREVER).then(|| Duration::from_millis(timeout_ms.into()))
}

/// Starts a client. It connects to the Nymi Agent in the background.
///
/// config  how it is to be; `size` and `nea_name` must be set
/// client  receives the client
/// error   receives what went wrong, if it is not NULL
///
/// Succeeds also while no agent can be reached: then an update with status 4000 comes, and the client
/// goes on trying.
///
/// With `on_update` or `on_log` the client has a second thread, "nymi-callback", on which both are
/// called, one call at a time; the signals of the process are blocked there. A callback may call every
/// function of this library with this or another client, nymi_client_free included. It must return:
/// an exception that leaves it, pthread_exit or a cancellation of its thread end the process, and what
/// longjmp out of it does is undefined. It holds up the next one while it runs. Lines of the log that find 1024 others
/// waiting are dropped, and their number is told.
///
/// Ownership: free the client with nymi_client_free; nothing is kept of `config` but `user_data`,
/// which must live until nymi_client_free has returned. Threads: any.
/// Errors: NYMI_RESULT_BAD_ARGUMENT, NYMI_RESULT_LOG_UNUSABLE, NYMI_RESULT_SYSTEM,
/// NYMI_RESULT_TOO_MANY beyond 4096 clients, NYMI_RESULT_TOO_NEW, NYMI_RESULT_NO_MEMORY.
///
/// Example:
///
/// ```c
/// struct NymiClientConfig config = {.size = sizeof config, .nea_name = "Records"};
/// struct NymiClient *client;
/// struct NymiError *error;
/// if (nymi_client_new(&config, &client, &error) != NYMI_RESULT_OKAY) {
///   fprintf(stderr, "%s %s\n", error->message, error->detail);
///   nymi_error_free(error);
/// }
/// ```
///
/// # Safety
/// The pointers are NULL or as described; the config's texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_new(
    config: *const NymiClientConfig,
    client: *mut *mut NymiClient,
    error: *mut *mut NymiError,
) -> u32 {
    let work = || {
        // SAFETY: the caller passes NULL or what the header asks for.
        let (out, config) = unsafe { (Out::new("client", client)?, read_growing(config)?) };
        // SAFETY: the caller passes NULL or NUL-terminated texts in the config.
        let (engine, callbacks) = unsafe { read_config(&config) }?;
        let hosted = Arc::new(Hosted::start_with(engine, callbacks)?);
        match CLIENTS.insert(Arc::clone(&hosted)) {
            Ok(handle) => {
                out.set(std::ptr::without_provenance_mut(handle));
                Ok(())
            }
            Err(Full) => {
                // Its callbacks may have begun, and must not outlive this call.
                hosted.end();
                Err(Failure::new(NymiResult::TooMany, ""))
            }
        }
    };
    // SAFETY: the caller passes NULL or a place to write.
    unsafe { entry(error, work) }
}

/// # Safety
/// The config's texts are NULL or end with a NUL.
unsafe fn read_config(
    config: &NymiClientConfig,
) -> Result<(Config, Option<(Callbacks, LogLevel)>), Failure> {
    // SAFETY: the caller promises that.
    let (name, agent_url, store, log) = unsafe {
        (
            required_text("nea_name", config.nea_name)?,
            optional_text("agent_url", config.agent_url)?,
            optional_text("store_directory", config.store_directory)?,
            optional_text("log_directory", config.log_directory)?,
        )
    };
    if store == Some("") {
        return Err(Failure::argument(
            "store_directory",
            "empty; NULL stands for the usual folder",
        ));
    }
    if log == Some("") {
        return Err(Failure::argument(
            "log_directory",
            "empty; NULL stands for no log file",
        ));
    }
    let invalid =
        |name: &str, error: &dyn std::fmt::Display| Failure::argument(name, &error.to_string());
    let name = name.parse().map_err(|error| invalid("nea_name", &error))?;
    let mut engine = Config::new(name);
    engine.agent_url = match agent_url {
        None => None,
        Some(url) => Some(url.parse().map_err(|error| invalid("agent_url", &error))?),
    };
    engine.store = store.map(Into::into);
    let level = log_level("log_level", config.log_level)?;
    engine.log = match (log, level) {
        (Some(directory), level) => Some(LogConfig {
            directory: directory.into(),
            level,
        }),
        (None, LogLevel::None) => None,
        (None, _) => {
            return Err(Failure::argument(
                "log_directory",
                "NULL, but log_level is set",
            ));
        }
    };
    let on_log_level = log_level("on_log_level", config.on_log_level)?;
    let callbacks = Callbacks {
        on_update: config.on_update,
        on_log: config.on_log,
        user_data: config.user_data,
    };
    let wanted = callbacks.on_update.is_some() || callbacks.on_log.is_some();
    Ok((engine, wanted.then_some((callbacks, on_log_level))))
}

fn log_level(name: &str, level: u32) -> Result<LogLevel, Failure> {
    match level {
        0 => Ok(LogLevel::None),
        1 => Ok(LogLevel::Normal),
        2 => Ok(LogLevel::Info),
        3 => Ok(LogLevel::Debug),
        4 => Ok(LogLevel::Verbose),
        _ => Err(Failure::argument(name, "expected 0 to 4, enum NapiLog")),
    }
}

/// Ends a client within a second, whatever is in flight. Its handle stays until nymi_client_free.
///
/// Requests that wait for their answer get an update with status 1007, every call that waits is
/// woken, and what is queued can still be read or is given to the callback. Again is harmless.
///
/// Ownership: the client is still the caller's to free. Threads: any, callbacks included.
/// Errors: NYMI_RESULT_BAD_HANDLE.
///
/// Example:
///
/// ```c
/// nymi_client_terminate(client);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_client_terminate(client: *mut NymiClient) -> u32 {
    let work = || {
        hosted(client)?.client.terminate();
        Ok(())
    };
    ending_entry(work)
}

/// Terminates a client and frees it. What was not read by then is dropped.
///
/// Calls of other threads that wait in it return NYMI_RESULT_TERMINATED. When this returns, no
/// callback of this client runs any more, so it waits for one that runs; do not hold a lock that a
/// callback wants. From a callback of the same client it returns at once, and that call is the last.
/// Of two callbacks that free each other's client, the one that comes second does not wait.
///
/// Ownership: the client is gone; its handle means nothing from now on, and its descriptor is
/// closed. Threads: any, callbacks included. Errors: NYMI_RESULT_BAD_HANDLE for a client that was
/// freed before; NULL is allowed.
///
/// Example:
///
/// ```c
/// nymi_client_free(client);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_client_free(client: *mut NymiClient) -> u32 {
    let work = || {
        if client.is_null() {
            return Ok(());
        }
        let Some(hosted) = CLIENTS.remove(client.addr()) else {
            return Err(Failure::new(NymiResult::BadHandle, ""));
        };
        hosted.end();
        Ok(())
    };
    ending_entry(work)
}

/// Sends a request as JSON. Only its syntax is checked here; everything else is told by the update
/// that answers it.
///
/// json  a request in UTF-8, such as {"operation":"info","exchange":"1"}
///
/// Ownership: nothing is kept of `json`. Threads: any; never waits for the network.
/// Errors: NYMI_RESULT_BAD_ARGUMENT if it is not JSON in UTF-8 or longer than 1 MiB,
/// NYMI_RESULT_TOO_MANY while 16384 updates or 16 MiB of them wait to be read, until half of them were
/// read, NYMI_RESULT_BAD_HANDLE, NYMI_RESULT_TERMINATED, NYMI_RESULT_NO_MEMORY.
///
/// Example:
///
/// ```c
/// nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"1\"}", NULL);
/// ```
///
/// # Safety
/// `json` is NULL or ends with a NUL; `error` is NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_put(
    client: *mut NymiClient,
    json: *const c_char,
    error: *mut *mut NymiError,
) -> u32 {
    let work = || {
        let hosted = hosted(client)?;
        // SAFETY: the caller passes NULL or a NUL-terminated text.
        let json = unsafe { required_text("json", json) }?;
        Ok(hosted.client.put(json)?)
    };
    // SAFETY: the caller passes NULL or a place to write.
    unsafe { entry(error, work) }
}

/// Waits for the next update and gives it as JSON.
///
/// timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
/// update      receives the update
///
/// Ownership: free the update with nymi_string_free. Threads: any, several at once; each update goes
/// to one of them. Errors: NYMI_RESULT_TIMEOUT, NYMI_RESULT_INTERRUPTED by nymi_client_wake,
/// NYMI_RESULT_TERMINATED once nothing is left, NYMI_RESULT_CALLBACK_MODE, NYMI_RESULT_BAD_HANDLE,
/// NYMI_RESULT_BAD_ARGUMENT, NYMI_RESULT_NO_MEMORY.
///
/// Example:
///
/// ```c
/// char *update;
/// while (nymi_client_get(client, NYMI_FOREVER, &update, NULL) == NYMI_RESULT_OKAY) {
///   puts(update);
///   nymi_string_free(update);
/// }
/// ```
///
/// # Safety
/// `update` and `error` are NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_get(
    client: *mut NymiClient,
    timeout_ms: u32,
    update: *mut *mut c_char,
    error: *mut *mut NymiError,
) -> u32 {
    let work = || {
        let hosted = hosted(client)?;
        // SAFETY: the caller passes NULL or a place to write.
        let out = unsafe { Out::new("update", update) }?;
        hosted.check_reads_updates()?;
        let update = hosted.client.get(timeout(timeout_ms))?;
        let update = update.ok_or_else(|| Failure::new(NymiResult::Timeout, ""))?;
        out.set(give_text(&update));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { entry(error, work) }
}

/// Ends every wait of a client now: calls that wait, on whichever thread, return
/// NYMI_RESULT_INTERRUPTED, and requests that they waited for are given up. If nobody waits, the next
/// call that would wait for an update, tap or event returns so at once.
///
/// Ownership: none. Threads: any. Errors: NYMI_RESULT_BAD_HANDLE.
///
/// Example:
///
/// ```c
/// stop = 1;
/// nymi_client_wake(client);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_client_wake(client: *mut NymiClient) -> u32 {
    let work = || {
        hosted(client)?.client.wake();
        Ok(())
    };
    ending_entry(work)
}

/// A file descriptor that can be read while there are updates, and after the end: for poll, select
/// or epoll, level-triggered. When it can be, call nymi_client_get, nymi_client_wait_event or
/// nymi_client_wait_tap with timeout 0 until NYMI_RESULT_TIMEOUT. Answers to nymi_client_put keep it
/// readable until nymi_client_get takes them. On Windows it is an event instead, which is set as long:
/// (HANDLE)(intptr_t)descriptor, for WaitForMultipleObjects and its relatives.
///
/// descriptor  receives it
///
/// Ownership: it belongs to the library, which closes it in nymi_client_free; do not read, write, reset
/// or close it. Threads: any. Errors: NYMI_RESULT_CALLBACK_MODE, NYMI_RESULT_SYSTEM,
/// NYMI_RESULT_UNSUPPORTED on systems that have neither, NYMI_RESULT_BAD_HANDLE,
/// NYMI_RESULT_BAD_ARGUMENT.
///
/// Example:
///
/// ```c
/// struct pollfd poll_for = {.events = POLLIN};
/// nymi_client_descriptor(client, &poll_for.fd, NULL);
/// ```
///
/// # Safety
/// `descriptor` and `error` are NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_descriptor(
    client: *mut NymiClient,
    descriptor: *mut c_int,
    error: *mut *mut NymiError,
) -> u32 {
    let work = || {
        let hosted = hosted(client)?;
        // SAFETY: the caller passes NULL or a place to write.
        let out = unsafe { Out::new("descriptor", descriptor) }?;
        out.set(hosted.descriptor()?);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { entry(error, work) }
}

/// Frees a text that the library gave to keep.
///
/// Ownership: it is wiped and gone. NULL, and a text that was freed before, are ignored. Threads:
/// any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_string_free(update);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_string_free(text: *mut c_char) {
    crate::boundary::guarded((), || take_back_text(text));
}
