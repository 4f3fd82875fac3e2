//! Starting and stopping the server.

use std::net::SocketAddr;
use std::sync::Arc;

use nymi_net::guard::Guard;
use nymi_net::serve;
use nymi_net::tls::ServerTls;

use crate::{Admin, Clock, Config, SystemClock, http};

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
    ///
    /// # Errors
    /// If the data directory, the TLS files or the port cannot be used.
    pub async fn start(config: Config) -> Result<ServerHandle, StartError> {
        Self::start_with(config, Arc::new(SystemClock)).await
    }

    /// The same with another clock.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<ServerHandle, StartError> {
        if config.tls.is_none() && !config.listen.ip().is_loopback() && !config.insecure {
            return Err(StartError(format!(
                "{} is not a loopback address, where plain http would show passwords; set certfile and \
                 keyfile, or listen on 127.0.0.1",
                config.listen
            )));
        }
        let tls = config.tls.clone().map(ServerTls::load).transpose();
        let tls = tls.map_err(|error| StartError(error.to_string()))?;
        let listener = serve::bind(config.listen).await;
        let listener = listener.map_err(|error| StartError(error.to_string()))?;
        let admin = Admin::open_with(&config, clock).await?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError(error.to_string()))?;
        let url = config
            .public_url
            .clone()
            .unwrap_or_else(|| own_url(&config, address));
        let _ = admin.nes.url.set(url.clone());
        let guard = Guard::loopback()
            .with_hosts(&config.allowed_hosts)
            .with_origins(&config.allowed_origins);
        let router = http::router(Arc::clone(&admin.nes));
        let http = serve::serve(listener, router, guard, tls);
        let http = http.map_err(|error| StartError(error.to_string()))?;
        tracing::info!(%url, data = %config.data_dir.display(), "the Enterprise Server is ready");
        Ok(ServerHandle {
            http,
            admin,
            local_url: own_url(&config, address),
        })
    }
}

fn own_url(config: &Config, address: SocketAddr) -> String {
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{address}/{}", config.directory_service_id)
}

/// A running server. Dropped, it stops at once.
pub struct ServerHandle {
    http: serve::ServerHandle,
    admin: Admin,
    local_url: String,
}

impl ServerHandle {
    /// The service URL on this machine, such as `http://127.0.0.1:8443/nes`.
    pub fn url(&self) -> &str {
        &self.local_url
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.http.local_addr()
    }

    /// Administration in process.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Stops accepting, finishes open requests, closes the database.
    pub async fn shutdown(self) {
        self.http.shutdown().await;
        self.admin.close().await;
    }
}
