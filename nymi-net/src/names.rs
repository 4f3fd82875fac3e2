//! Names of hosts, looked up on threads that may fail to start: the runtime's own would panic, where a
//! client of ours is a guest in somebody's process.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::vec::IntoIter;

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::oneshot;
use tower::Service;

use crate::threads::{THREAD_STACK, prepare_thread};

/// How many look-ups may hang at once, in all of the process.
const MOST: usize = 64;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Asks the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names;

impl Service<Name> for Names {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(look_up(name, &RUNNING))
    }
}

async fn look_up(name: Name, running: &'static AtomicUsize) -> io::Result<IntoIter<SocketAddr>> {
    let running = Running::begin(running)?;
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("nymi-lookup".to_owned())
        .stack_size(THREAD_STACK);
    thread.spawn(move || {
        prepare_thread();
        let found = (name.as_str(), 0).to_socket_addrs();
        drop(running);
        // Whoever asked may have gone.
        let _ = sender.send(found);
    })?;
    receiver
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the look-up of the name failed")))
}

/// One look-up of the process's.
struct Running(&'static AtomicUsize);

impl Running {
    fn begin(count: &'static AtomicUsize) -> io::Result<Self> {
        let more = |running| (running < MOST).then_some(running + 1);
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map(|_| Self(count))
            .map_err(|_| {
                io::Error::other("too many look-ups of names hang; check the name servers")
            })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn names_are_found_or_said_to_be_unknown() {
        let mut local = look_up(name("localhost"), &RUNNING).await.unwrap();
        assert!(local.any(|address| address.ip().is_loopback()));
        let unknown = look_up(name("no-such-host.invalid"), &RUNNING).await;
        assert!(unknown.is_err());
    }

    #[tokio::test]
    async fn look_ups_that_hang_are_bounded() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let hanging: Vec<_> = std::iter::from_fn(|| Running::begin(&COUNT).ok()).collect();
        assert_eq!(hanging.len(), MOST);
        let refused = look_up(name("localhost"), &COUNT).await.unwrap_err();
        assert!(refused.to_string().contains("too many"), "{refused}");
        drop(hanging);
        assert!(look_up(name("localhost"), &COUNT).await.is_ok());
    }
}
