//! The native client engine: what a Nymi-enabled application talks to, in its own process.
//!
//! A [`Client`] takes requests as JSON ([`Client::put`]) and gives updates as JSON
//! ([`Client::get`], [`Client::try_get`]); the C library is a thin layer over it. Behind that stand
//! a thread with its own runtime, the connection to the agent and, for `init`, a session with the
//! enterprise server.
//!
//! ```no_run
//! use nymi_napi::{Client, Config};
//!
//! let client = Client::start(Config::new("Records".parse()?))?;
//! client.put(r#"{"operation":"init","exchange":"1","payload":{"nea_name":"Records"}}"#)?;
//! let answer = client.get(None)?;
//! client.terminate();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | does |
//! | --- | --- |
//! | `client`, `wait`, `outbox`, `desk`, `exchanges` | requests in, updates out, and what is in between |
//! | `engine`, `link`, `subscriptions` | the session with the agent, kept up |
//! | `band` | sessions with bands, and what is asked in them |
//! | `init`, `identity`, `csr`, `store`, `protection`, `site` | certificates: from where, checked how, kept where |
//! | `log` | `nymi_api.log` |
//! | `files` | files that others may have put in the way |
//! | [`enroll`] | what an enrollment terminal does |
#![forbid(unsafe_code)]

mod band;
mod client;
mod config;
mod csr;
mod desk;
mod engine;
pub mod enroll;
mod exchanges;
mod files;
mod identity;
mod init;
mod link;
mod log;
mod log_file;
mod outbox;
mod protection;
mod site;
mod store;
mod subscriptions;
mod wait;

pub use client::{Client, GetError, PutError, StartError};
pub use config::{Clock, Config, LogConfig, LogLevel, LogSink, OnReadable, WriteLog};
pub use nymi_core::message::{AgentUrl, NeaName};
pub use nymi_net::network::{Connection, Network, Tcp};
pub use nymi_net::threads::{THREAD_STACK, start_thread};
pub use protection::KeyProtection;
