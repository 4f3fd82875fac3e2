//! The agent's session at the Enterprise Server: logged in at start, kept, and won back by itself.

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::Status;
use nymi_net::backoff::Backoff;
use nymi_net::http::HttpClient;
use nymi_net::nes::{Credentials, NesClient, NesError, service_url};
use tokio::sync::{Notify, watch};

use crate::agent::StartError;
use crate::config::NesAccess;

/// How long one attempt to log in may take.
const LOGIN: Duration = Duration::from_secs(10);

/// The pause after refused credentials: a directory locks accounts that try too often.
const REFUSED: Duration = Duration::from_secs(60);

/// A NES client that knows whether NES accepts it.
pub(crate) struct NesSession {
    client: NesClient,
    /// None while NES accepts the agent, else why not.
    trouble: watch::Sender<Option<String>>,
    poke: Notify,
}

impl NesSession {
    /// A session that trusts the system's roots and L1.
    pub(crate) fn new(access: &NesAccess, roots: &[Vec<u8>]) -> Result<Arc<Self>, StartError> {
        let config = |error: &dyn std::fmt::Display| StartError::Config(error.to_string());
        let http = HttpClient::new(roots)?;
        let url = service_url(&access.url, &access.service).map_err(|error| config(&error))?;
        let credentials = Credentials::Basic {
            user: access.user.clone(),
            password: access.password.clone(),
        };
        let client = NesClient::new(&url, http, credentials).map_err(|error| config(&error))?;
        let (trouble, _) = watch::channel(Some("not logged in yet".to_owned()));
        Ok(Arc::new(Self {
            client,
            trouble,
            poke: Notify::new(),
        }))
    }

    pub(crate) fn url(&self) -> &str {
        self.client.url()
    }

    /// A client whose requests end after `deadline`.
    pub(crate) fn client(&self, deadline: Duration) -> NesClient {
        self.client.clone().with_deadline(deadline)
    }

    /// Why NES cannot be used at present, if so.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// Tries once, for at most `patience`; wrong credentials are an error, anything else is not.
    pub(crate) async fn first_login(&self, patience: Duration) -> Result<(), StartError> {
        let client = self.client(patience);
        match tokio::time::timeout(patience, client.login()).await {
            Ok(Ok(())) => self.well(),
            Ok(Err(error)) if error.status == Status::NES_CREDENTIALS => {
                return Err(StartError::Nes(error));
            }
            Ok(Err(error)) => self.unwell(&error.to_string()),
            Err(_) => self.unwell("NES did not answer in time"),
        }
        Ok(())
    }

    /// Learns from the outcome of a request.
    pub(crate) fn observe<T>(&self, outcome: &Result<T, NesError>) {
        match outcome {
            Ok(_) => self.well(),
            Err(error) if is_outage(error.status) => {
                self.unwell(&error.to_string());
                self.poke.notify_one();
            }
            Err(_) => {}
        }
    }

    fn well(&self) {
        let changed = self
            .trouble
            .send_if_modified(|trouble| trouble.take().is_some());
        if changed {
            tracing::info!(nes = self.url(), "NES accepts the agent");
        }
    }

    fn unwell(&self, reason: &str) {
        let changed = self.trouble.send_if_modified(|trouble| {
            let first = trouble.as_deref() != Some(reason);
            *trouble = Some(reason.to_owned());
            first
        });
        if changed {
            tracing::warn!(nes = self.url(), "NES cannot be used: {reason}");
        }
    }

    /// Logs in again whenever NES cannot be used, until it can. Runs until dropped.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
            while self.trouble.borrow().is_some() {
                let client = self.client(LOGIN);
                match client.login().await {
                    Ok(()) => self.well(),
                    Err(error) => {
                        self.unwell(&error.to_string());
                        let refused = error.status == Status::NES_CREDENTIALS;
                        let pause = if refused { REFUSED } else { backoff.delay() };
                        tokio::time::sleep(pause).await;
                    }
                }
            }
            self.poke.notified().await;
        }
    }
}

fn is_outage(status: Status) -> bool {
    [
        Status::NES_UNREACHABLE,
        Status::NES_TLS,
        Status::NES_CREDENTIALS,
        Status::NES_TIMEOUT,
        Status::NES_VERSION,
    ]
    .contains(&status)
}
