//! Starting and stopping an agent.

use nymi_net::nes::NesError;
use nymi_net::serve::{BindError, ServerHandle, TlsError};

use crate::config::AgentConfig;

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

impl Agent {
    /// Starts an agent on the present runtime.
    ///
    /// # Errors
    /// If a setting is wrong, a port is taken or NES refuses the account. A NES that cannot be
    /// reached is no error: the agent starts and logs in when it can.
    pub async fn start(config: AgentConfig) -> Result<AgentHandle, StartError> {
        let _ = config;
        Err(StartError::Config("not yet".to_owned()))
    }
}

/// A running agent. Dropped, it stops at once.
#[derive(Debug)]
pub struct AgentHandle {
    agent_url: String,
    webapi_url: String,
    servers: Vec<ServerHandle>,
}

impl AgentHandle {
    /// `ws://host:port/socket/websocket`.
    pub fn agent_url(&self) -> &str {
        &self.agent_url
    }

    /// `ws://host:port/` of the WebAPI, or `/webapi` of the first listener if it has none of its own.
    pub fn webapi_url(&self) -> &str {
        &self.webapi_url
    }

    /// Reads certificates and keys again, without dropping connections.
    ///
    /// # Errors
    /// If a file is wrong; the present certificates stay.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        Ok(())
    }

    /// Closes every connection and stops, within a second.
    pub async fn shutdown(self) {
        for server in self.servers {
            server.shutdown().await;
        }
    }
}
