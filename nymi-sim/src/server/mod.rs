//! The server around a [`World`]: control port, radio stream, state file.

mod connection;
mod lines;
mod place;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::band::FirmwareGrade;
use crate::clock::{Clock, SystemClock};
use crate::state::{self, StateError};
use crate::world::{BandInfo, CommandError, MAX_BANDS, Seeds, World};
use place::Place;

/// The most connections at a time; more wait.
const MAX_CONNECTIONS: usize = 64;
/// Before the next try where a connection cannot be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a nymulator runs.
pub struct Config {
    /// Where it listens; a loopback address. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Makes the radio and the factory repeatable; none: random. Keys are random in either case.
    pub seed: Option<u64>,
    /// How many bands there are at least, once the state file is read.
    pub bands: usize,
    /// Where bands are remembered (mode 0600: it holds their keys); none: not at all.
    pub state_file: Option<PathBuf>,
    /// Which firmware new bands have.
    pub firmware: FirmwareGrade,
    /// The time it runs by.
    pub clock: Arc<dyn Clock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: None,
            bands: 0,
            state_file: None,
            firmware: FirmwareGrade::Bronze,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a nymulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The text port has no authentication, so that only this machine may reach it.
    #[error("nymulator listens on loopback only, and {0} is not a loopback address: use 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The port cannot be bound.
    #[error(
        "nymulator cannot listen on {address}: {source}; stop what uses that port or choose another with --listen"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// A band cannot be added.
    #[error(transparent)]
    Bands(#[from] CommandError),
}

/// The server.
pub struct Nymulator;

impl Nymulator {
    /// Starts a nymulator.
    ///
    /// # Errors
    /// If the address is not loopback or taken, or the state file cannot be used.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        if !config.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(config.listen));
        }
        let world = open(&config)?;
        let bind_error = |source| StartError::Bind {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let place = Arc::new(Place::new(world, config.clock, config.state_file));
        place.save().await?;
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(run(listener, place.clone(), stopping));
        tracing::info!("nymulator listens on {address}");
        Ok(Handle {
            address,
            place,
            stop,
        })
    }
}

/// The world of the state file, or a new one, with as many bands as asked for.
fn open(config: &Config) -> Result<World, StartError> {
    let now = config.clock.now();
    let mut random = rand::rng();
    let air = config
        .seed
        .map(|seed| Sha256::digest(seed.to_be_bytes()).into());
    let seeds = Seeds {
        air: air.unwrap_or_else(|| random.random()),
        secrets: random.random(),
    };
    let saved = match &config.state_file {
        Some(path) => state::load(path)?.map(|saved| (path, saved)),
        None => None,
    };
    let mut world = match saved {
        Some((path, saved)) => World::restore(seeds, config.firmware.clone(), saved, now)
            .map_err(|error| state::unusable(path, &error))?,
        None => World::new(seeds, config.firmware.clone()),
    };
    for _ in world.bands(now).len()..config.bands.min(MAX_BANDS) {
        world.add(None, now)?;
    }
    Ok(world)
}

/// Accepts connections and drives the bands until told to stop.
async fn run(listener: TcpListener, place: Arc<Place>, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let accept = async {
        loop {
            let Ok(permit) = room.clone().acquire_owned().await else {
                return;
            };
            // Running out of descriptors passes; a connection that is gone already concerns nobody.
            let Ok((socket, _)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let place = place.clone();
            connections.spawn(async move {
                connection::serve(socket, &place).await;
                drop(permit);
            });
            while connections.try_join_next().is_some() {}
        }
    };
    tokio::select! {
        () = accept => {}
        () = place.drive() => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connections.shutdown().await;
    if let Err(error) = place.save().await {
        tracing::error!("{error}");
    }
    drop(stopping);
}

/// A running nymulator; dropping it ends the server without waiting for it.
pub struct Handle {
    address: SocketAddr,
    place: Arc<Place>,
    stop: watch::Sender<bool>,
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Runs one line of the text control port in process: what follows `ok`, or what follows `error`.
    ///
    /// # Errors
    /// As the control port answers.
    pub async fn command(&self, line: &str) -> Result<String, String> {
        self.place.command(line).await
    }

    /// What `list` shows.
    pub fn bands(&self) -> Vec<BandInfo> {
        self.place.bands()
    }

    /// Ends the server: no connection is served any more and the state is on disk when it returns.
    pub async fn shutdown(self) {
        self.stop().await;
    }

    /// As [`Handle::shutdown`], for those who share the handle.
    pub async fn stop(&self) {
        let _ = self.stop.send(true);
        // The task keeps its receiver to the end.
        self.stop.closed().await;
    }
}
