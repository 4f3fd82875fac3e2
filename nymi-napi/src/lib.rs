//! The native client engine: what a Nymi-enabled application talks to, in its own process.
//!
//! A [`Client`] takes requests as JSON ([`Client::put`]) and gives updates as JSON
//! ([`Client::get`], [`Client::try_get`]); the C library is a thin layer over it. Behind that stand
//! a thread with its own runtime, the connection to the agent and, for `init`, a session with the
//! enterprise server.
#![forbid(unsafe_code)]

mod client;
mod config;
pub mod enroll;

pub use client::{Client, GetError, PutError, StartError};
pub use config::{Config, LogConfig, LogLevel, NeaName, NeaNameError};
