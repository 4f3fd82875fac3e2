//! How an agent is configured: in process by [`AgentConfig`], as a program by `nymi_agent.toml`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use nymi_core::chain::GradeRequirement;
use nymi_net::tls::TlsFiles;
use zeroize::Zeroizing;

/// What an agent needs to know. [`AgentConfig::new`] gives the defaults.
#[derive(Clone)]
pub struct AgentConfig {
    /// Where endpoints and native clients connect.
    pub listen: SocketAddr,
    /// TLS of that listener.
    pub tls: Option<TlsFiles>,
    /// Serve web applications at all.
    pub webapi: bool,
    /// Where web applications connect; none: only `/webapi` of the first listener.
    pub webapi_listen: Option<SocketAddr>,
    /// TLS of the WebAPI listener.
    pub webapi_tls: Option<TlsFiles>,
    /// Host names, besides loopback, that requests may carry.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages, besides the listeners' own, that may connect.
    pub allowed_origins: Vec<String>,
    /// Listen beyond loopback without TLS or without authentication.
    pub insecure: bool,
    /// The Enterprise Server; none: everything but assertions, look-ups and log-ins works.
    pub nes: Option<NesAccess>,
    /// L1 in PEM; none: no native client can prove itself.
    pub l1_pem: Option<String>,
    /// The grade that certificates of native clients must have.
    pub grade: GradeRequirement,
    /// Deadlines and bounds.
    pub limits: Limits,
}

/// The Enterprise Server and the agent's account there.
#[derive(Clone)]
pub struct NesAccess {
    /// `https://host/nes`, or the host alone.
    pub url: String,
    /// The service's name, where the URL has none.
    pub service: String,
    /// The agent's service account.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

/// Deadlines and bounds of agent.md; tests make them smaller.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until the first join or message of a connection.
    pub first_message: Duration,
    /// Without any message or pong, a connection is dead.
    pub silence: Duration,
    /// How often the WebAPI pings.
    pub ping: Duration,
    /// Answers and events that wait for one connection.
    pub queue: usize,
    /// Bytes of answers and events that wait for one connection, before one more is too much.
    pub queue_bytes: usize,
    /// Presence states that wait for one connection.
    pub presence_queue: usize,
    /// How long a connection that is being closed may take to read what waits for it.
    pub farewell: Duration,
    /// Unanswered requests of one connection.
    pub in_flight: usize,
    /// Endpoints at most.
    pub endpoints: usize,
    /// Endpoints of one connection.
    pub endpoints_per_connection: usize,
    /// How old an intent may be.
    pub intent_age: Duration,
    /// How long a frame counts as heard.
    pub heard: Duration,
    /// How long the first log-in to NES may hold up the start.
    pub first_login: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_message: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            ping: Duration::from_secs(25),
            queue: 1024,
            queue_bytes: 16 * 1024 * 1024,
            presence_queue: 1024,
            farewell: Duration::from_secs(5),
            in_flight: 64,
            endpoints: 4096,
            endpoints_per_connection: 8,
            intent_age: Duration::from_secs(60),
            heard: Duration::from_secs(15),
            first_login: Duration::from_secs(3),
        }
    }
}

impl AgentConfig {
    /// An agent on the usual ports of loopback, with this Enterprise Server, service account and L1.
    pub fn new(
        nes_url: &str,
        user: &str,
        password: &str,
        l1_pem: &str,
        grade: GradeRequirement,
    ) -> Self {
        let nes = NesAccess {
            url: nes_url.to_owned(),
            service: "nes".to_owned(),
            user: user.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        };
        Self {
            nes: Some(nes),
            l1_pem: Some(l1_pem.to_owned()),
            grade,
            ..Self::default()
        }
    }
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 9120).into(),
            tls: None,
            webapi: true,
            webapi_listen: Some((Ipv4Addr::LOCALHOST, 8080).into()),
            webapi_tls: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            insecure: false,
            nes: None,
            l1_pem: None,
            grade: GradeRequirement::Gold,
            limits: Limits::default(),
        }
    }
}
