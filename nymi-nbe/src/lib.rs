//! The Bluetooth endpoint: owns the radio and readers of one terminal and tells the agent what it hears.
#![forbid(unsafe_code)]

use std::net::SocketAddr;

use nymi_core::tap::TapConfig;

/// How an endpoint runs.
#[derive(Clone, Debug)]
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
    /// Detection.
    pub tap: TapConfig,
}

/// Which radio an endpoint owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterConfig {
    /// Virtual hardware: a nymulator at this address.
    Virtual(SocketAddr),
}

/// Why an endpoint does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error("{key}: {reason}")]
    Setting {
        /// Its name in `nbe.toml`.
        key: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// The endpoint.
pub struct Endpoint;

impl Endpoint {
    /// Starts an endpoint. That agent or adapter are missing is no error: it keeps trying.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        let _ = config;
        todo!()
    }
}

/// A running endpoint; dropping it ends it.
pub struct Handle {}

impl Handle {
    /// Leaves the agent and ends.
    pub async fn shutdown(self) {
        todo!()
    }
}
