//! The Nymi Agent: routes between applications and the Bluetooth endpoints of terminals.
//!
//! [`Agent::start`] opens two listeners. On the first, endpoints and native clients speak Phoenix
//! channels; on the second, web applications speak the WebAPI (both under `socket`, over the
//! connection pump in `pump`, with bounded queues from `outbox`). What endpoints hear and who wants
//! to know it meets in the `hub`; requests come through a `session` to the `operations`, which ask
//! the Enterprise Server through the `nes_session`. `file` reads `nymi_agent.toml` for the program
//! `nymi-agent`; tests and `nymi up` give an [`AgentConfig`] instead.
#![forbid(unsafe_code)]

mod agent;
mod config;
mod file;
mod http;
mod hub;
mod metrics;
mod nes_session;
mod operations;
mod outbox;
mod pump;
mod session;
mod shared;
mod socket;

pub use agent::{Agent, AgentHandle, StartError};
pub use config::{AgentConfig, Limits, NesAccess};
pub use file::{FileError, read_config};
