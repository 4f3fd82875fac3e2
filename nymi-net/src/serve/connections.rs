//! How many connections a listener has open: a bound for all and one for each peer address, so that
//! neither a leak nor one machine takes every file descriptor of the process.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Open connections of one listener at most; more are closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// From one address: every program of this machine, or a whole site behind one router.
    pub per_peer: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            total: 4096,
            per_peer: 1024,
        }
    }
}

/// The open connections of one listener.
#[derive(Clone)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: Count,
    peers: HashMap<IpAddr, Count>,
}

/// A number of connections, and whether it has been warned of since it was last half its limit.
#[derive(Default)]
struct Count {
    open: usize,
    warned: bool,
}

impl Count {
    /// Whether one more fits; the second value is true where a refusal is the episode's first.
    fn fits(&mut self, limit: usize) -> (bool, bool) {
        let fits = self.open < limit;
        let first = !fits && !std::mem::replace(&mut self.warned, true);
        (fits, first)
    }

    fn leave(&mut self, limit: usize) {
        self.open -= 1;
        self.warned &= self.open > limit / 2;
    }
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let open = Arc::default();
        Self { limits, open }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from there, if there is one.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Slot> {
        let peer = peer.to_canonical();
        let ConnectionLimits { total, per_peer } = self.limits;
        let mut open = self.open();
        let (fits, first) = open.total.fits(total);
        if first {
            tracing::warn!(total, "too many connections: more are closed at once");
        }
        if !fits {
            return None;
        }
        let of_peer = open.peers.entry(peer).or_default();
        let (fits, first) = of_peer.fits(per_peer);
        if first {
            tracing::warn!(%peer, per_peer, "too many connections from one address: more are closed at once");
        }
        if !fits {
            return None;
        }
        of_peer.open += 1;
        open.total.open += 1;
        drop(open);
        let connections = self.clone();
        Some(Slot { connections, peer })
    }
}

/// The place of one connection; dropped, it is free.
pub(super) struct Slot {
    connections: Connections,
    peer: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let ConnectionLimits { total, per_peer } = self.connections.limits;
        let mut open = self.connections.open();
        open.total.leave(total);
        if let Some(of_peer) = open.peers.get_mut(&self.peer) {
            of_peer.leave(per_peer);
            if of_peer.open == 0 {
                open.peers.remove(&self.peer);
            }
        }
    }
}

/// A connection with its place, which it keeps through TLS and an upgrade until it is closed.
pub(super) struct Counted {
    stream: TcpStream,
    _slot: Slot,
}

impl Counted {
    pub(super) fn new(stream: TcpStream, slot: Slot) -> Self {
        let _ = stream.set_nodelay(true);
        let _slot = slot;
        Self { stream, _slot }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
