//! The client as its caller sees it.

use std::time::Duration;

use nymi_core::message::{Request, Update};

use crate::Config;

/// A running client. Every method may be called from any thread.
#[derive(Debug)]
pub struct Client {}

/// The client did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log file cannot be written.
    #[error("the log file in {directory} cannot be written: {error}. Name a directory that this user can write to")]
    Log {
        /// The directory asked for.
        directory: String,
        /// Why.
        error: std::io::Error,
    },
    /// The runtime or its thread did not start.
    #[error("the client's thread did not start: {0}")]
    Thread(std::io::Error),
    /// The agent's address is not one.
    #[error("the agent's address {0:?} is not a ws:// or wss:// address")]
    AgentUrl(String),
}

/// A request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The client was terminated.
    #[error("the client is not running")]
    NotRunning,
    /// The text is not JSON.
    #[error("the request is not JSON: {0}")]
    NotJson(String),
}

/// No update was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// The client was terminated; said once to each getter that was blocked, or to the next one.
    #[error("the client was terminated")]
    Terminated,
    /// The client was terminated, and that has been said.
    #[error("the client is not running")]
    NotRunning,
    /// The next update is longer than asked for; it stays the next one.
    #[error("the next update needs {needed} bytes")]
    TooLong {
        /// Its length in bytes.
        needed: usize,
    },
}

impl Client {
    /// Starts a client; it connects to the agent in the background.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let _ = config;
        todo!()
    }

    /// Takes a request. Only JSON syntax is checked here; whatever else is wrong comes as an update.
    pub fn put(&self, json: &str) -> Result<(), PutError> {
        let _ = json;
        todo!()
    }

    /// Waits for the next update, without end or for `timeout`; none when that passes.
    pub fn get(&self, timeout: Option<Duration>) -> Result<Option<String>, GetError> {
        self.get_within(usize::MAX, timeout)
    }

    /// The next update, if there is one now.
    pub fn try_get(&self) -> Result<Option<String>, GetError> {
        self.get(Some(Duration::ZERO))
    }

    /// Like [`Client::get`], but an update of more than `max` bytes stays where it is.
    pub fn get_within(&self, max: usize, timeout: Option<Duration>) -> Result<Option<String>, GetError> {
        let _ = (max, timeout);
        todo!()
    }

    /// Sends a request whose last update comes back here, not through [`Client::get`].
    pub async fn call(&self, request: Request) -> Update {
        let _ = request;
        todo!()
    }

    /// Ends the client within a second: requests in flight are answered with 1007, what is queued
    /// can still be read, every blocked getter wakes. Again is harmless.
    pub fn terminate(&self) {
        todo!()
    }
}
