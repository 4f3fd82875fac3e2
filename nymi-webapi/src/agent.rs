//! Starting and stopping an agent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::chain::TrustAnchor;
use nymi_net::guard::Guard;
use nymi_net::nes::NesError;
use nymi_net::serve::{self, BindError, ServerHandle, ServerTls, TlsError};
use nymi_net::tls::TlsFiles;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::AgentConfig;
use crate::http;
use crate::hub::Hub;
use crate::nes_session::NesSession;
use crate::shared::Shared;

/// How long connections may take to end when the agent stops.
const STOPPING: Duration = Duration::from_millis(500);

/// Why an agent did not start. Each is one sentence that names what to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// TLS files are missing or wrong.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A setting is wrong.
    #[error("{0}")]
    Config(String),
    /// The Enterprise Server refused the agent's account.
    #[error("WebAPI Start failed: Check WebAPI settings and restart: {0}")]
    Nes(NesError),
    /// The system refused something else.
    #[error("the agent cannot start: {0}")]
    System(#[from] std::io::Error),
}

/// Starts agents.
#[derive(Debug)]
pub struct Agent;

/// A listener that is open but not served yet.
struct Opened {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<ServerTls>,
}

impl Opened {
    async fn open(
        address: SocketAddr,
        tls: Option<&TlsFiles>,
        insecure: bool,
    ) -> Result<Self, StartError> {
        if !address.ip().is_loopback() && !insecure {
            return Err(StartError::Config(format!(
                "listening on {address} lets other machines in, and endpoint credentials and WebAPI authentication are not available in this version: listen on 127.0.0.1, or set insecure = true where the network itself is protected"
            )));
        }
        let tls = tls.cloned().map(ServerTls::load).transpose()?;
        let listener = serve::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            tls,
        })
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{path}", self.address)
    }
}

impl Agent {
    /// Starts an agent on the present runtime.
    ///
    /// # Errors
    /// If a setting is wrong, a port is taken or NES refuses the account. A NES that cannot be
    /// reached is no error: the agent starts and logs in when it can.
    pub async fn start(config: AgentConfig) -> Result<AgentHandle, StartError> {
        let anchors = anchors(&config)?;
        let agent = Opened::open(config.listen, config.tls.as_ref(), config.insecure).await?;
        let webapi = match config.webapi_listen.filter(|_| config.webapi) {
            Some(address) => {
                Some(Opened::open(address, config.webapi_tls.as_ref(), config.insecure).await?)
            }
            None => None,
        };
        let roots: Vec<_> = anchors.iter().map(|anchor| anchor.der().to_vec()).collect();
        let nes = config
            .nes
            .as_ref()
            .map(|access| NesSession::new(access, &roots))
            .transpose()?;
        if let Some(nes) = &nes {
            nes.first_login(config.limits.first_login).await?;
        }
        let (stop, stopping) = watch::channel(false);
        let (open, ended) = mpsc::channel(1);
        let shared = Shared::new(
            Arc::new(Hub::new(config.limits.clone())),
            nes.clone(),
            agent.url("/socket/websocket"),
            (anchors, config.grade),
            stopping,
            open,
        );
        let mut handle = AgentHandle {
            agent_url: agent.url("/socket/websocket"),
            webapi_url: webapi_url(&config, &agent, webapi.as_ref()),
            servers: Vec::new(),
            tls: Vec::new(),
            stop,
            ended: Some(ended),
            keeper: nes.map(|nes| tokio::spawn(nes.keep())),
        };
        handle.serve(agent, http::agent_router(&shared, config.webapi), &config)?;
        if let Some(webapi) = webapi {
            handle.serve(webapi, http::webapi_router(&shared), &config)?;
        }
        Ok(handle)
    }
}

fn webapi_url(config: &AgentConfig, agent: &Opened, webapi: Option<&Opened>) -> String {
    match webapi {
        Some(webapi) => webapi.url("/"),
        None if config.webapi => agent.url("/webapi"),
        None => String::new(),
    }
}

fn anchors(config: &AgentConfig) -> Result<Vec<TrustAnchor>, StartError> {
    let Some(pem) = &config.l1_pem else {
        return Ok(Vec::new());
    };
    let anchor = TrustAnchor::from_pem(pem)
        .map_err(|error| StartError::Config(format!("l1 cannot be used: {error}")))?;
    Ok(vec![anchor])
}

/// A running agent. Dropped, it stops at once.
pub struct AgentHandle {
    agent_url: String,
    webapi_url: String,
    servers: Vec<ServerHandle>,
    tls: Vec<ServerTls>,
    stop: watch::Sender<bool>,
    ended: Option<mpsc::Receiver<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl AgentHandle {
    fn serve(
        &mut self,
        opened: Opened,
        router: axum::Router,
        config: &AgentConfig,
    ) -> Result<(), StartError> {
        let guard = Guard::loopback()
            .with_hosts(&config.allowed_hosts)
            .with_origins(&config.allowed_origins);
        self.tls.extend(opened.tls.clone());
        self.servers
            .push(serve::serve(opened.listener, router, guard, opened.tls)?);
        Ok(())
    }

    /// `ws://host:port/socket/websocket`.
    pub fn agent_url(&self) -> &str {
        &self.agent_url
    }

    /// `ws://host:port/` of the WebAPI, or `/webapi` of the first listener if it has none of its own;
    /// empty if it is off.
    pub fn webapi_url(&self) -> &str {
        &self.webapi_url
    }

    /// Reads certificates and keys again, without dropping connections.
    ///
    /// # Errors
    /// If a file is wrong; the present certificates stay.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        self.tls.iter().try_for_each(ServerTls::reload)
    }

    /// Tells every connection that the agent stops, closes them and ends, within a second.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        for server in std::mem::take(&mut self.servers) {
            server.shutdown().await;
        }
        if let Some(mut ended) = self.ended.take() {
            // Nothing is ever sent: this ends when the last connection has dropped its sender.
            let _ = tokio::time::timeout(STOPPING, ended.recv()).await;
        }
    }
}

impl Drop for AgentHandle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
    }
}
