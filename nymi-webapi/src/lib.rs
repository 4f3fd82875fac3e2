//! The Nymi Agent: channel protocol and WebAPI.

mod agent;
mod config;

pub use agent::{Agent, AgentHandle, StartError};
pub use config::{AgentConfig, Limits, NesAccess};
