//! The server around a [`World`](crate::world::World): control port, radio stream, state file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::band::FirmwareGrade;
use crate::clock::{Clock, SystemClock};
use crate::state::StateError;
use crate::world::BandInfo;

/// How a nymulator runs.
pub struct Config {
    /// Where it listens; a loopback address. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Makes radio noise, serial numbers and keys repeatable; none: random.
    pub seed: Option<u64>,
    /// How many bands there are at least, once the state file is read.
    pub bands: usize,
    /// Where bands are remembered (mode 0600: it holds their keys); none: not at all.
    pub state_file: Option<PathBuf>,
    /// Which firmware new bands have.
    pub firmware: FirmwareGrade,
    /// The time it runs by.
    pub clock: Arc<dyn Clock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: None,
            bands: 0,
            state_file: None,
            firmware: FirmwareGrade::Bronze,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a nymulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The text port has no authentication, so that only this machine may reach it.
    #[error("nymulator listens on loopback only, and {0} is not a loopback address: use 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The port cannot be bound.
    #[error("nymulator cannot listen on {address}: {source}; stop what uses that port or choose another with --listen")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The state file cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The server.
pub struct Nymulator;

impl Nymulator {
    /// Starts a nymulator.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        let _ = config;
        todo!()
    }
}

/// A running nymulator; dropping it ends the server without waiting for it.
pub struct Handle {
    address: SocketAddr,
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Runs one line of the text control port in process: what follows `ok`, or what follows `error`.
    pub async fn command(&self, line: &str) -> Result<String, String> {
        let _ = line;
        todo!()
    }

    /// What `list` shows.
    pub fn bands(&self) -> Vec<BandInfo> {
        todo!()
    }

    /// Ends the server: no connection is served any more and the state is on disk when it returns.
    pub async fn shutdown(self) {
        todo!()
    }
}
