//! A network in virtual time, with faults at will.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nymi_napi::{Connection, Network};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::Numbers;

/// What becomes of those who talk to a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line {
    /// All goes well.
    Up,
    /// Nobody listens: connections are refused.
    Refusing,
    /// Nothing gets through and nobody hears of it: a cable pulled, a firewall that drops.
    Silent,
}

/// A line, and how often its connections were cut.
#[derive(Clone, Copy, Debug)]
struct State {
    line: Line,
    cuts: u64,
}

struct Host {
    state: watch::Sender<State>,
    arrivals: mpsc::UnboundedSender<DuplexStream>,
}

/// The network between the clients and the hosts of a simulation.
pub(crate) struct SimNetwork {
    hosts: Mutex<BTreeMap<u16, Host>>,
    weather: Mutex<Weather>,
}

struct Weather {
    numbers: Numbers,
    max_latency_ms: u64,
    /// Of a thousand pieces of data, so many end their connection.
    breaks: u64,
}

impl SimNetwork {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            hosts: Mutex::default(),
            weather: Mutex::new(Weather {
                numbers: Numbers(seed),
                max_latency_ms: 20,
                breaks: 0,
            }),
        })
    }

    /// A host at this port, which is up. If there was one, its name leads here from now on, and the
    /// connections of the old place are cut.
    pub(crate) fn listen(&self, port: u16) -> SimListener {
        let (arrivals, queue) = mpsc::unbounded_channel();
        let (state, _) = watch::channel(State {
            line: Line::Up,
            cuts: 0,
        });
        self.hosts
            .lock()
            .unwrap()
            .insert(port, Host { state, arrivals });
        SimListener { port, queue }
    }

    /// From now on a host is like this. Refusing, it has ended: its connections are cut.
    pub(crate) fn set(&self, port: u16, line: Line) {
        self.change(port, |state| {
            state.line = line;
            state.cuts += u64::from(line == Line::Refusing);
        });
    }

    /// Ends all connections of a host.
    pub(crate) fn cut(&self, port: u16) {
        self.change(port, |state| state.cuts += 1);
    }

    pub(crate) fn weather(&self, max_latency_ms: u64, breaks: u64) {
        let mut weather = self.weather.lock().unwrap();
        weather.max_latency_ms = max_latency_ms;
        weather.breaks = breaks;
    }

    fn change(&self, port: u16, change: impl FnOnce(&mut State)) {
        self.hosts.lock().unwrap()[&port].state.send_modify(change);
    }

    fn latency(&self) -> Duration {
        let mut weather = self.weather.lock().unwrap();
        let max = weather.max_latency_ms;
        Duration::from_millis(weather.numbers.below(max + 1))
    }

    fn breaks(&self) -> bool {
        let mut weather = self.weather.lock().unwrap();
        let breaks = weather.breaks;
        weather.numbers.below(1000) < breaks
    }

    fn state(&self, port: u16) -> Option<watch::Receiver<State>> {
        let hosts = self.hosts.lock().unwrap();
        hosts.get(&port).map(|host| host.state.subscribe())
    }

    async fn reach(network: Arc<Self>, port: u16) -> io::Result<Connection> {
        sleep(network.latency()).await;
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let mut state = network.state(port).ok_or_else(refused)?;
        let found = *state
            .wait_for(|state| state.line != Line::Silent)
            .await
            .map_err(|_| refused())?;
        if found.line == Line::Refusing {
            return Err(refused());
        }
        let (near, here) = duplex(64 * 1024);
        let (far, there) = duplex(64 * 1024);
        let hosts = network.hosts.lock().unwrap();
        hosts[&port].arrivals.send(far).map_err(|_| refused())?;
        drop(hosts);
        tokio::spawn(carry(network, here, there, state, found.cuts));
        Ok(Box::new(near))
    }
}

/// Carries bytes both ways until one side ends or the connection is cut.
async fn carry(
    network: Arc<SimNetwork>,
    here: DuplexStream,
    there: DuplexStream,
    state: watch::Receiver<State>,
    cuts: u64,
) {
    let (from_here, to_here) = split(here);
    let (from_there, to_there) = split(there);
    let mut watched = state.clone();
    tokio::select! {
        _ = one_way(&network, from_here, to_there, state.clone()) => {}
        _ = one_way(&network, from_there, to_here, state) => {}
        _ = watched.wait_for(|state| state.cuts != cuts) => {}
    }
}

async fn one_way(
    network: &SimNetwork,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    let mut piece = [0; 4096];
    loop {
        let length = from.read(&mut piece).await?;
        sleep(network.latency()).await;
        let _ = state.wait_for(|state| state.line != Line::Silent).await;
        if length == 0 || network.breaks() {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

/// The network as one client has it.
#[derive(Clone)]
pub(crate) struct Plug(pub(crate) Arc<SimNetwork>);

impl std::fmt::Debug for Plug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plug")
    }
}

impl Network for Plug {
    fn connect<'a>(
        &'a self,
        _: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Connection>> + Send + 'a>> {
        Box::pin(SimNetwork::reach(Arc::clone(&self.0), port))
    }
}

/// Where a host's connections arrive.
pub(crate) struct SimListener {
    port: u16,
    queue: mpsc::UnboundedReceiver<DuplexStream>,
}

impl axum::serve::Listener for SimListener {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.queue.recv().await {
            Some(stream) => (stream, SocketAddr::from(([127, 0, 0, 1], 1))),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], self.port)))
    }
}
