//! When is everything ready? A web application that listens decides: it speaks the WebAPI like any
//! other and hears the endpoint's radio and every band.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nymi_core::BandId;
use nymi_nbe::Health;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::evaluation::User;
use crate::data_dir;
use crate::error::CliError;

const PATIENCE: Duration = Duration::from_secs(20);

/// Where everything of a running system is.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Ready {
    pub ready: bool,
    pub agent: String,
    pub webapi: String,
    pub nes: String,
    pub page: String,
    pub nymulator: String,
    pub data: PathBuf,
    pub l1: PathBuf,
    pub users: Vec<User>,
    pub bands: Vec<Band>,
    pub endpoints: Vec<String>,
}

/// An enrolled virtual band.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Band {
    #[serde(rename = "NymiBandID")]
    pub band_id: BandId,
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
    #[serde(rename = "Username")]
    pub username: String,
}

impl Ready {
    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same for a person; `colour` if a terminal shows it.
    pub(super) fn summary(&self, colour: bool) -> String {
        let (bold, plain) = if colour {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        let mut text = format!(
            "{bold}Ready.{plain} Everything runs on this machine, for evaluation only.\n\n\
             {bold}  Page      {}{plain}\n\
             \x20 WebAPI    {}\n  Agent     {}\n  Server    {}\n  Hardware  {}\n  Data      {}\n  L1        {}\n\n",
            self.page,
            self.webapi,
            self.agent,
            self.nes,
            self.nymulator,
            self.data.display(),
            self.l1.display(),
        );
        for (user, band) in self.users.iter().zip(&self.bands) {
            let _ = writeln!(
                text,
                "  {}\\{} wears {} ({}); password {}",
                user.domain, user.username, band.serial_number, band.band_id, user.password
            );
        }
        if let Some(band) = self.bands.first() {
            let _ = write!(
                text,
                "\n  Tap a band on the page, or with: nymi tap {}{}\n  Ctrl-C ends it.\n",
                band.serial_number,
                self.data_option()
            );
        }
        text
    }
}

impl Ready {
    /// What other commands need to find this system: nothing where it is in the usual place.
    fn data_option(&self) -> String {
        match data_dir::default_dir() {
            Ok(usual) if usual == self.data => String::new(),
            _ => format!(" --data {}", self.data.display()),
        }
    }
}

fn late(awaited: &str) -> CliError {
    let seconds = PATIENCE.as_secs();
    CliError::new(format!("{awaited} could not be heard within {seconds} s"))
}

/// A WebAPI connection that subscribed to the endpoint of this machine.
pub(super) struct Listener {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard: HashSet<String>,
    deadline: Instant,
}

impl Listener {
    pub(super) async fn connect(webapi_url: &str) -> Result<Self, CliError> {
        let (socket, _) = connect_async(webapi_url)
            .await
            .map_err(|error| CliError::about(format_args!("the WebAPI at {webapi_url}"), error))?;
        Ok(Self {
            socket,
            heard: HashSet::new(),
            deadline: Instant::now() + PATIENCE,
        })
    }

    /// Waits until the endpoint has joined and its radio works, and subscribes to it.
    pub(super) async fn endpoint_is_ready(
        &mut self,
        endpoint: &mut watch::Receiver<Health>,
    ) -> Result<(), CliError> {
        let joined = timeout_at(self.deadline, endpoint.wait_for(Health::is_ready));
        match joined.await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return Err(CliError::new("the endpoint ended")),
            Err(_) => return Err(late("the endpoint")),
        }
        self.subscribe().await?;
        loop {
            let update = self.update("the endpoint's radio").await?;
            match (update["operation"].as_str(), update["status"].as_u64()) {
                (Some("endpoint"), Some(0)) if update["payload"]["event"] == "ble_ready" => {
                    return Ok(());
                }
                (Some("subscribe_endpoint"), Some(status)) if status != 0 => {
                    return Err(CliError::new(format!(
                        "the agent does not know the endpoint that joined: {update}"
                    )));
                }
                _ => {}
            }
        }
    }

    async fn subscribe(&mut self) -> Result<(), CliError> {
        let request = json!({
            "operation": "subscribe_endpoint",
            "exchange": "ready",
            "payload": {"endpoint_id": "127.0.0.1"},
        });
        self.socket
            .send(Message::text(request.to_string()))
            .await
            .map_err(|error| CliError::about("the WebAPI", error))
    }

    /// Waits until each of these bands was heard, worn and authenticated.
    pub(super) async fn all_heard(
        &mut self,
        bands: impl Iterator<Item = BandId>,
    ) -> Result<(), CliError> {
        let mut missing: HashSet<String> = bands.map(|band| band.to_string()).collect();
        loop {
            missing.retain(|band| !self.heard.contains(band));
            if missing.is_empty() {
                return Ok(());
            }
            self.update("the bands").await?;
        }
    }

    async fn update(&mut self, awaited: &str) -> Result<Value, CliError> {
        loop {
            let message = timeout_at(self.deadline, self.socket.next())
                .await
                .map_err(|_| late(awaited))?;
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_))) | None => {
                    return Err(CliError::new("the agent closed the connection"));
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(CliError::about("the WebAPI", error)),
            };
            let update: Value = serde_json::from_str(&text)
                .map_err(|error| CliError::about("the WebAPI's answer", error))?;
            self.note(&update);
            return Ok(update);
        }
    }

    fn note(&mut self, update: &Value) {
        let payload = &update["payload"];
        if update["operation"] == "presence"
            && payload["authenticated"] == true
            && payload["worn"] == true
            && let Some(band) = payload["NymiBandID"].as_str()
        {
            self.heard.insert(band.to_owned());
        }
    }
}
