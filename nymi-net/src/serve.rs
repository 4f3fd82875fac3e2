//! Listeners: bind with an error that names the port and the remedy, serve behind a [`Guard`], with
//! TLS where asked and a limit to open connections, and shut down within a second.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use crate::guard::{Guard, Reached};
pub use crate::tls::{ServerTls, TlsError, TlsFiles};
pub use connections::ConnectionLimits;
use connections::{Connections, Counted};

mod connections;

/// How long a client may take to send its request head, and to finish a TLS handshake.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long open requests may go on once shutdown began.
const GRACE: Duration = Duration::from_millis(500);

/// A listener that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {port} on {ip} is in use by another program; stop that program or choose another port", port = .0.port(), ip = .0.ip())]
    InUse(SocketAddr),
    /// The system does not let this user listen there.
    #[error(
        "not allowed to listen on {0}; choose a port from 1024 on, or run with the right to bind it"
    )]
    Forbidden(SocketAddr),
    /// This machine has no such address.
    #[error(
        "{0} is not an address of this machine; listen on 127.0.0.1 or an address that `ip addr` shows"
    )]
    NoSuchAddress(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {source}; check the address and the system's limits")]
    Other {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Opens a listening socket; port 0 takes a free one.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            io::ErrorKind::PermissionDenied => BindError::Forbidden(address),
            io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address),
            _ => BindError::Other { address, source },
        })
}

/// A running server. Dropped, it stops at once; [`ServerHandle::shutdown`] lets requests finish.
#[derive(Debug)]
pub struct ServerHandle {
    local_addr: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl ServerHandle {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Becomes true when shutdown begins; long-lived handlers (WebSockets) should end then.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Stops accepting, lets open requests finish for half a second, then ends.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Serves `router` behind `guard`. Handlers find the peer as `ConnectInfo<SocketAddr>`.
///
/// # Errors
/// If the listener has no local address any more.
pub fn serve(
    listener: TcpListener,
    router: Router,
    guard: Guard,
    tls: Option<ServerTls>,
) -> io::Result<ServerHandle> {
    serve_at_most(ConnectionLimits::default(), listener, router, guard, tls)
}

/// [`serve`] with other limits for open connections, WebSockets included.
///
/// # Errors
/// If the listener has no local address any more.
pub fn serve_at_most(
    limits: ConnectionLimits,
    listener: TcpListener,
    router: Router,
    guard: Guard,
    tls: Option<ServerTls>,
) -> io::Result<ServerHandle> {
    let local_addr = listener.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    let reached = Reached {
        port: local_addr.port(),
        tls: tls.is_some(),
    };
    let router = guard.protect(router, reached);
    let open = Connections::new(limits);
    let task = tokio::spawn(accept_loop(listener, router, tls, open, stopping));
    Ok(ServerHandle {
        local_addr,
        stop,
        task: Some(task),
    })
}

async fn accept_loop(
    listener: TcpListener,
    router: Router,
    tls: Option<ServerTls>,
    open: Connections,
    mut stopping: watch::Receiver<bool>,
) {
    let mut failing = false;
    let mut connections = JoinSet::new();
    let for_connections = stopping.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    failing = false;
                    // Beyond the limits the stream is dropped, which closes it.
                    let Some(slot) = open.admit(peer.ip()) else { continue };
                    let stream = Counted::new(stream, slot);
                    let (router, tls) = (router.clone(), tls.clone());
                    let stopping = for_connections.clone();
                    connections.spawn(connection(stream, peer, router, tls, stopping));
                }
                Err(error) => {
                    // Out of file descriptors and the like: pausing beats spinning.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "cannot accept connections");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, drained).await;
}

async fn connection(
    stream: Counted,
    peer: SocketAddr,
    router: Router,
    tls: Option<ServerTls>,
    stopping: watch::Receiver<bool>,
) {
    let Some(tls) = tls else {
        return http(stream, peer, router, stopping).await;
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(tls.current());
    match tokio::time::timeout(HEAD_DEADLINE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, peer, router, stopping).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

async fn http<S>(stream: S, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = run(connection.as_mut(), stopped(&mut stopping)).await;
    let result = match ended {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Waits until the value is true or its sender is gone.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The guard that it answers must not live across an await.
    drop(stopping.wait_for(|stop| *stop).await);
}

/// The connection's result, or none if the server stops first.
async fn run<F: Future>(connection: F, stopped: impl Future<Output = ()>) -> Option<F::Output> {
    tokio::select! {
        result = connection => Some(result),
        () = stopped => None,
    }
}
