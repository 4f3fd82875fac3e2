//! The classic interface: five functions over one client of the process, which is hosted as those of
//! the handle interface are.
//!
//! The client stays after its end, since what it queued can still be read; the next configure puts
//! another one in its place.

use std::ffi::{c_char, c_int, c_ulonglong};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nymi_napi::{
    AgentUrl, Client, Config, GetError, LogConfig, LogLevel, NeaName, PutError, StartError,
};

use crate::boundary::{TextOut, bytes, guarded, text};
use crate::client::Hosted;
use crate::process::is_forked;
use crate::reserve;

/// What napiConfigure returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NapiConfigure {
    /// The client runs. Whether the agent can be reached is told by updates.
    Okay = 0,
    /// `provisions` is not a JSON object.
    InvalidProvisionJson = 1,
    /// `neaName` is NULL, empty or not the name of an application.
    MissingNeaName = 2,
    /// The log directory cannot be used, or the system refused a thread or memory.
    FailedToInit = 3,
    /// A client runs already, another argument cannot be used, or the process was made by fork from
    /// one that used the library.
    Error = 4,
    /// A fault in the library.
    Impossible = 5,
}

/// What napiPut returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NapiPut {
    /// Taken. The answer comes as an update.
    Okay = 0,
    /// There is no client, or it was terminated.
    NapiNotRunning = 1,
    /// The text is not JSON in UTF-8.
    UnparseableJson = 2,
    /// `json` is NULL, or there is no memory for it.
    Error = 3,
    /// A fault in the library.
    Impossible = 4,
}

/// What napiGet returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NapiGet {
    /// The buffer holds an update.
    Okay = 0,
    /// There is no client, or its end has been told.
    NapiNotRunning = 1,
    /// The update needs `*len` bytes, and stays the next one.
    BufferTooSmall = 2,
    /// The client was terminated and nothing is left to read.
    NapiTerminated = 3,
    /// `len` is NULL, or `buffer` is NULL although `max` is not 0.
    Error = 4,
    /// A fault in the library.
    Impossible = 5,
}

/// What napiTryGet returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NapiTryGet {
    /// The buffer holds an update.
    Okay = 0,
    /// No update is there now; `*len` is 0.
    Nothing = 1,
    /// There is no client, or its end has been told.
    NapiNotRunning = 2,
    /// The update needs `*len` bytes, and stays the next one.
    BufferTooSmall = 3,
    /// The client was terminated and nothing is left to read.
    NapiTerminated = 4,
    /// `len` is NULL, or `buffer` is NULL although `max` is not 0.
    Error = 5,
    /// A fault in the library.
    Impossible = 6,
}

/// How much napiConfigure lets into nymi_api.log.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NapiLog {
    /// No log file.
    None = 0,
    /// Errors and warnings.
    Normal = 1,
    /// What happened, besides.
    Info = 2,
    /// How it came about, besides.
    Debug = 3,
    /// Everything. Keys, passwords and tokens are never written.
    Verbose = 4,
}

/// The client of the process. A panic while it is locked leaves it whole, so poison means nothing.
static CURRENT: Mutex<Option<Arc<Hosted>>> = Mutex::new(None);

/// The agent's port if the caller names none.
const DEFAULT_PORT: c_int = 9120;

fn lock() -> MutexGuard<'static, Option<Arc<Hosted>>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// None in a forked child either: it has no client of its own, and the lock may be held for ever.
fn current() -> Option<Arc<Client>> {
    if is_forked() {
        return None;
    }
    lock().as_ref().map(|hosted| Arc::clone(&hosted.client))
}

/// Starts the client of this process. It connects to the Nymi Agent in the background.
///
/// neaName       the application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'
/// logDirectory  an existing directory for nymi_api.log; NULL or "" only with NAPI_LOG_NONE
/// provisions    NULL or a JSON object such as "{}"; its contents are ignored
/// logLevel      NAPI_LOG_NONE to NAPI_LOG_VERBOSE
/// port          the agent's port, or -1 for 9120
/// host          the agent's host name or address; NULL or "" for this machine, or what
/// ```c
///           NYMI_AGENT_URL or /etc/nymi/nes.toml name
/// ```
///
/// Returns NAPI_CONFIGURE_OKAY also while no agent can be reached: then an update with status 4000
/// comes, and the client goes on trying. After napiTerminate it can be called again; updates that
/// were not read by then are dropped.
///
/// Ownership: nothing is kept of the arguments. Threads: any.
/// Errors: see enum NapiConfigure; neaName is checked first.
///
/// Example:
///
/// ```c
/// int result = napiConfigure("Records", "/var/log/records", "{}", NAPI_LOG_INFO, -1, "");
/// ```
///
/// # Safety
/// Each pointer is NULL or points to a NUL-terminated string.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the published names")]
pub unsafe extern "C" fn napiConfigure(
    neaName: *const c_char,
    logDirectory: *const c_char,
    provisions: *const c_char,
    logLevel: c_int,
    port: c_int,
    host: *const c_char,
) -> c_int {
    let entry = || {
        // SAFETY: the caller passes NULL or NUL-terminated strings, which outlive this call.
        let arguments = unsafe {
            Arguments {
                nea_name: text(neaName),
                log_directory: bytes(logDirectory).unwrap_or_default(),
                provisions: (!provisions.is_null()).then(|| bytes(provisions).unwrap_or_default()),
                log_level: logLevel,
                port,
                host: bytes(host).unwrap_or_default(),
            }
        };
        let bytes = [
            arguments.provisions.unwrap_or_default(),
            arguments.log_directory,
            arguments.host,
        ];
        if !reserve::is_there(bytes.iter().map(|bytes| bytes.len()).sum()) {
            return NapiConfigure::FailedToInit;
        }
        match configure(&arguments) {
            Ok(()) => NapiConfigure::Okay,
            Err(result) => result,
        }
    };
    guarded(NapiConfigure::Impossible, entry) as c_int
}

struct Arguments<'a> {
    nea_name: Option<&'a str>,
    log_directory: &'a [u8],
    provisions: Option<&'a [u8]>,
    log_level: c_int,
    port: c_int,
    host: &'a [u8],
}

fn configure(arguments: &Arguments<'_>) -> Result<(), NapiConfigure> {
    let name = arguments
        .nea_name
        .and_then(|name| name.parse::<NeaName>().ok());
    let name = name.ok_or(NapiConfigure::MissingNeaName)?;
    if let Some(provisions) = arguments.provisions {
        serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(provisions)
            .map_err(|_| NapiConfigure::InvalidProvisionJson)?;
    }
    let mut config = Config::new(name);
    config.log = log_config(arguments)?;
    config.agent_url = agent_url(arguments)?;

    if is_forked() {
        return Err(NapiConfigure::Error);
    }
    let mut current = lock();
    let is_running = |hosted: &Arc<Hosted>| hosted.client.is_running();
    if current.as_ref().is_some_and(is_running) {
        return Err(NapiConfigure::Error);
    }
    let hosted = Hosted::start(config).map_err(|error| match error {
        StartError::Log { .. } | StartError::Store(_) | StartError::Thread(_) => {
            NapiConfigure::FailedToInit
        }
        StartError::Site(_) => NapiConfigure::Error,
    })?;
    *current = Some(Arc::new(hosted));
    Ok(())
}

fn log_config(arguments: &Arguments<'_>) -> Result<Option<LogConfig>, NapiConfigure> {
    let level = match arguments.log_level {
        0 => LogLevel::None,
        1 => LogLevel::Normal,
        2 => LogLevel::Info,
        3 => LogLevel::Debug,
        4 => LogLevel::Verbose,
        _ => return Err(NapiConfigure::Error),
    };
    if arguments.log_directory.is_empty() && level == LogLevel::None {
        // Also keeps the client's events from whatever the process logs.
        return Ok(None);
    }
    let directory = path(arguments.log_directory).ok_or(NapiConfigure::FailedToInit)?;
    Ok(Some(LogConfig { directory, level }))
}

/// A path as this system has them; none if it is empty or cannot be one.
fn path(bytes: &[u8]) -> Option<PathBuf> {
    if bytes.is_empty() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Some(std::ffi::OsStr::from_bytes(bytes).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

/// None where neither host nor port is named: then the site's configuration decides.
fn agent_url(arguments: &Arguments<'_>) -> Result<Option<AgentUrl>, NapiConfigure> {
    let port = match arguments.port {
        -1 => DEFAULT_PORT,
        port @ 1..=65535 => port,
        _ => return Err(NapiConfigure::Error),
    };
    let host = std::str::from_utf8(arguments.host).map_err(|_| NapiConfigure::Error)?;
    if host.is_empty() && arguments.port == -1 {
        return Ok(None);
    }
    let url = match host {
        "" => format!("ws://127.0.0.1:{port}"),
        address if address.contains(':') && !address.starts_with('[') => {
            format!("ws://[{address}]:{port}")
        }
        // A path or another port would change what the caller means by host and port.
        name if name.contains(['/', ']']) && !name.ends_with(']') => {
            return Err(NapiConfigure::Error);
        }
        name => format!("ws://{name}:{port}"),
    };
    url.parse().map(Some).map_err(|_| NapiConfigure::Error)
}

/// Sends a request. Only the syntax of the JSON is checked here; everything else is told by the
/// update that answers it.
///
/// json  a request in UTF-8, such as {"operation":"info","exchange":"1","payload":{}}
///
/// While 16384 updates or 16 MiB of them wait to be read it is NAPI_PUT_ERROR, until half of them were
/// read.
///
/// Ownership: nothing is kept of `json`. Threads: any; never waits for the network.
/// Errors: see enum NapiPut.
///
/// Example:
///
/// ```c
/// if (napiPut("{\"operation\":\"info\",\"exchange\":\"1\"}") != NAPI_PUT_OKAY) { finish(); }
/// ```
///
/// # Safety
/// `json` is NULL or points to a NUL-terminated string.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the published names")]
pub unsafe extern "C" fn napiPut(json: *const c_char) -> c_int {
    let entry = || {
        let Some(client) = current().filter(|client| client.is_running()) else {
            return NapiPut::NapiNotRunning;
        };
        // SAFETY: the caller passes NULL or a NUL-terminated string, which outlives this call.
        let (is_null, json) = unsafe { (json.is_null(), text(json)) };
        if !reserve::is_there(json.map_or(0, str::len)) {
            return NapiPut::Error;
        }
        match (is_null, json.map(|json| client.put(json))) {
            (true, _) => NapiPut::Error,
            (false, None | Some(Err(PutError::NotJson(_)))) => NapiPut::UnparseableJson,
            (false, Some(Err(PutError::NotRunning))) => NapiPut::NapiNotRunning,
            (false, Some(Err(PutError::TooManyUnread))) => NapiPut::Error,
            (false, Some(Ok(()))) => NapiPut::Okay,
        }
    };
    guarded(NapiPut::Impossible, entry) as c_int
}

/// Waits for the next update and copies it.
///
/// buffer  where the update goes: UTF-8, NUL-terminated
/// max     the size of the buffer in bytes
/// len     receives the number of bytes written, the NUL included
///
/// With NAPI_GET_BUFFER_TOO_SMALL, `*len` is the size that is needed; the update stays and is the
/// next one again. Other results leave `*len` and the buffer as they were. After napiTerminate what
/// was queued can still be read; then each call that was waiting gets NAPI_GET_NAPI_TERMINATED, or
/// else the next call does, once; then NAPI_GET_NAPI_NOT_RUNNING.
///
/// Ownership: the buffer is the caller's and is not touched after the call. Threads: any, several at
/// once; each update goes to one of them. Blocks without end; napiTerminate wakes it.
/// Errors: see enum NapiGet.
///
/// Example:
///
/// ```c
/// char update[4096];
/// unsigned long long len;
/// while (napiGet(update, sizeof update, &len) == NAPI_GET_OKAY) { puts(update); }
/// ```
///
/// # Safety
/// `buffer` is NULL or can be written for `max` bytes; `len` is NULL or can be written.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the published names")]
pub unsafe extern "C" fn napiGet(
    buffer: *mut c_char,
    max: c_ulonglong,
    len: *mut c_ulonglong,
) -> c_int {
    let entry = || {
        let Some(client) = current() else {
            return NapiGet::NapiNotRunning;
        };
        // SAFETY: the caller lends buffer and len for the time of this call.
        let Some(out) = (unsafe { TextOut::new(buffer, max, len) }) else {
            return NapiGet::Error;
        };
        match take(&client, &out, None) {
            Ok(Some(())) => NapiGet::Okay,
            // Without a timeout there is always something, and nobody wakes this client.
            Ok(None) | Err(GetError::Woken) => NapiGet::Impossible,
            Err(GetError::TooLong { .. }) => NapiGet::BufferTooSmall,
            Err(GetError::Terminated) => NapiGet::NapiTerminated,
            Err(GetError::NotRunning) => NapiGet::NapiNotRunning,
        }
    };
    guarded(NapiGet::Impossible, entry) as c_int
}

/// Copies the next update if there is one now; never waits.
///
/// buffer  where the update goes: UTF-8, NUL-terminated
/// max     the size of the buffer in bytes
/// len     receives the number of bytes written, the NUL included
///
/// As napiGet, but without an update the result is NAPI_TRY_GET_NOTHING and `*len` is 0.
///
/// Ownership and threads: as for napiGet. Errors: see enum NapiTryGet.
///
/// Example:
///
/// ```c
/// switch (napiTryGet(update, sizeof update, &len)) {
/// case NAPI_TRY_GET_OKAY:    handle(update); break;
/// case NAPI_TRY_GET_NOTHING: break;
/// default:                   finish();
/// }
/// ```
///
/// # Safety
/// As for napiGet.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the published names")]
pub unsafe extern "C" fn napiTryGet(
    buffer: *mut c_char,
    max: c_ulonglong,
    len: *mut c_ulonglong,
) -> c_int {
    let entry = || {
        let Some(client) = current() else {
            return NapiTryGet::NapiNotRunning;
        };
        // SAFETY: the caller lends buffer and len for the time of this call.
        let Some(out) = (unsafe { TextOut::new(buffer, max, len) }) else {
            return NapiTryGet::Error;
        };
        match take(&client, &out, Some(Duration::ZERO)) {
            Ok(Some(())) => NapiTryGet::Okay,
            Ok(None) => {
                out.nothing();
                NapiTryGet::Nothing
            }
            Err(GetError::TooLong { .. }) => NapiTryGet::BufferTooSmall,
            Err(GetError::Terminated) => NapiTryGet::NapiTerminated,
            Err(GetError::NotRunning) => NapiTryGet::NapiNotRunning,
            Err(GetError::Woken) => NapiTryGet::Impossible,
        }
    };
    guarded(NapiTryGet::Impossible, entry) as c_int
}

fn take(client: &Client, out: &TextOut, timeout: Option<Duration>) -> Result<Option<()>, GetError> {
    match client.get_within(out.room(), timeout) {
        Ok(Some(update)) => {
            out.write(&update);
            Ok(Some(()))
        }
        Ok(None) => Ok(None),
        Err(GetError::TooLong { needed }) => {
            out.needs(needed);
            Err(GetError::TooLong { needed })
        }
        Err(error) => Err(error),
    }
}

/// Ends the client of this process, within a second whatever is in flight.
///
/// Requests that wait for their answer get an update with status 1007, every napiGet that waits is
/// woken, and what is queued can still be read. Without a running client nothing happens.
///
/// Threads: any, also while others are in napiGet or napiPut. Errors: none.
///
/// Example:
///
/// ```c
/// napiTerminate();
/// ```
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the published names")]
pub extern "C" fn napiTerminate() {
    guarded((), || {
        // Not under the lock: it may take a while, and nobody else should wait for it.
        if let Some(client) = current() {
            client.terminate();
        }
    });
}
