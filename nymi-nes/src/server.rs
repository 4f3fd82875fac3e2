//! Starting and stopping the server.

use std::sync::Arc;

use crate::{Admin, Clock, Config, SystemClock};

/// The Enterprise Server.
#[derive(Debug)]
pub struct Server;

/// Why the server did not start: a sentence that names what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl Server {
    /// Opens the data directory (creating it if missing), listens and serves.
    ///
    /// A server without enterprise certificates runs, but refuses what needs them with status 8000
    /// until [`Admin::create_evaluation_enterprise`] or [`Admin::import_fullchain`].
    pub async fn start(config: Config) -> Result<ServerHandle, StartError> {
        Self::start_with(config, Arc::new(SystemClock)).await
    }

    /// The same with another clock.
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<ServerHandle, StartError> {
        let _ = (config, clock);
        todo!()
    }
}

/// A running server. Dropped, it stops at once.
pub struct ServerHandle {}

impl ServerHandle {
    /// The service URL, such as `http://127.0.0.1:8443/nes`.
    pub fn url(&self) -> &str {
        todo!()
    }

    /// Administration in process.
    pub fn admin(&self) -> &Admin {
        todo!()
    }

    /// Stops accepting, finishes open requests, closes the database.
    pub async fn shutdown(self) {
        todo!()
    }
}
