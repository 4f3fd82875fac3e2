//! Settings: `nbe.toml`, and the same names in capitals in the environment, which override it.

mod file;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use nymi_core::tap::{TapConfigError, TapConfigs};

pub use file::{DEFAULT_FILE, Settings};
pub use watch::Watch;

/// The agent on this machine.
pub const DEFAULT_AGENT_URL: &str = "ws://127.0.0.1:9120/socket/websocket";
/// Where a nymulator listens unless told otherwise.
pub const DEFAULT_NYMULATOR: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9130);

/// How an endpoint runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The agent's socket, `ws://127.0.0.1:9120/socket/websocket`.
    pub agent_url: String,
    /// The stable id of this terminal.
    pub endpoint_id: String,
    /// What the agent asks of endpoints that are not on loopback.
    pub credential: Option<String>,
    /// Further names of this terminal.
    pub hostname: Option<String>,
    /// Further addresses of this terminal.
    pub addresses: Vec<String>,
    /// The radio.
    pub adapter: AdapterConfig,
    /// Detection, for each kind of adapter.
    pub tap: TapConfigs,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("agent_url", &self.agent_url)
            .field("endpoint_id", &self.endpoint_id)
            .field("credential", &self.credential.as_ref().map(|_| "…"))
            .field("hostname", &self.hostname)
            .field("addresses", &self.addresses)
            .field("adapter", &self.adapter)
            .field("tap", &self.tap)
            .finish()
    }
}

/// Which radio an endpoint owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterConfig {
    /// Virtual hardware: a nymulator at this address.
    Virtual(SocketAddr),
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}; check the path and its mode", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {reason}")]
    Syntax {
        /// The file.
        place: String,
        /// Where and what.
        reason: String,
    },
    /// A key that nobody reads: a typing mistake.
    #[error("{place}: unknown key {key:?}; known there: {known}")]
    UnknownKey {
        /// The file.
        place: String,
        /// The key, with its section.
        key: String,
        /// What may stand there.
        known: String,
    },
    /// A value of another kind.
    #[error("{place}: {key} must be {expected}")]
    Value {
        /// The file, or the environment.
        place: String,
        /// The key, with its section.
        key: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A detection parameter outside its range.
    #[error("{place}: {section}{error}")]
    Tap {
        /// The file, or the environment.
        place: String,
        /// The section, if it is one.
        section: String,
        /// What is wrong.
        error: TapConfigError,
    },
    /// There is no name for this terminal.
    #[error("this machine has no host name to be known by: set endpoint_id in nbe.toml")]
    NoEndpointId,
}
