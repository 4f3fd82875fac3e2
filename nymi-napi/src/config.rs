//! What a client is told before it starts.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use nymi_core::UnixMillis;
use nymi_core::message::{AgentUrl, NeaName};
use nymi_net::nes::Credentials;
use nymi_net::network::{Network, Tcp};

use crate::KeyProtection;

/// How much goes into `nymi_api.log`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// No file.
    None,
    /// Errors and warnings.
    #[default]
    Normal,
    /// What happened, besides.
    Info,
    /// How it came about, besides.
    Debug,
    /// Everything.
    Verbose,
}

/// Where `nymi_api.log` goes.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// An existing directory that this user can write to.
    pub directory: PathBuf,
    /// How much is written.
    pub level: LogLevel,
}

/// Takes a line of the log, without its end and with its level.
pub type WriteLog = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Where the log goes besides, or instead of, a file.
#[derive(Clone)]
pub struct LogSink {
    /// How much is written.
    pub level: LogLevel,
    /// Called on whichever thread has something to log; must be quick and not call the client.
    pub write: WriteLog,
}

/// Told whether there is an update to read, whenever that changes, and from the end on that there
/// is. Called under the lock of the queue: must be quick and not call the client.
pub type OnReadable = Arc<dyn Fn(bool) + Send + Sync>;

/// Tells the time: a seam for tests.
pub type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

/// What a client is told before it starts.
#[derive(Clone)]
pub struct Config {
    /// The application's name.
    pub nea_name: NeaName,
    /// The agent's channel socket; none: the site's configuration, else the agent of this machine,
    /// `ws://127.0.0.1:9120/socket/websocket`.
    pub agent_url: Option<AgentUrl>,
    /// The log file. Without file and sink events go to the subscriber of the process, if it has one.
    pub log: Option<LogConfig>,
    /// Whoever else takes the log.
    pub log_sink: Option<LogSink>,
    /// Whoever waits for updates otherwise than in [`Client::get`](crate::Client::get).
    pub on_readable: Option<OnReadable>,
    /// The folder of certificates and keys; none: `NYMI_NSL_DIR`, else the user's data folder.
    pub store: Option<PathBuf>,
    /// What seals the keys in that folder. None: on Unix the mode of the files has to do; elsewhere
    /// nothing is stored.
    pub key_protection: Option<Arc<dyn KeyProtection>>,
    /// How to log in to NES where `init` names neither a token nor user and password: the account of
    /// a service, which has no domain and whose password stays out of messages.
    pub nes_login: Option<Credentials>,
    /// The clock that certificates are checked against.
    pub clock: Clock,
    /// What makes the connections: TCP, or a simulation's.
    pub network: Arc<dyn Network>,
    /// Called on the client's thread before anything else happens there, to set it up as the
    /// process wants its threads to be.
    pub on_thread_start: Option<fn()>,
    /// Whether environment variables say nothing: in a process with more rights than whoever started
    /// it, since they are that user's.
    pub ignores_environment: bool,
}

impl Config {
    /// Defaults for an application of this name.
    pub fn new(nea_name: NeaName) -> Self {
        Self {
            nea_name,
            agent_url: None,
            log: None,
            log_sink: None,
            on_readable: None,
            store: None,
            key_protection: None,
            nes_login: None,
            clock: Arc::new(system_time),
            network: Arc::new(Tcp),
            on_thread_start: None,
            ignores_environment: false,
        }
    }

    /// An environment variable that is set, not empty, and to be listened to.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        if self.ignores_environment {
            return None;
        }
        std::env::var_os(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("nea_name", &self.nea_name)
            .field("agent_url", &self.agent_url)
            .field("log", &self.log)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

fn system_time() -> UnixMillis {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        Err(before) => {
            UnixMillis(-i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX))
        }
    }
}
