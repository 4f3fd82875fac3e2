//! The network as a guest in somebody's process uses it.

use std::future::{Future, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use nymi_napi::{Connection, Network, Tcp};

use crate::reserve::is_there_for_threads;

/// The system's network. A name is looked up on a thread of its own, for which there must be addresses
/// ([`is_there_for_threads`]).
#[derive(Debug)]
pub(crate) struct GuestNetwork;

impl Network for GuestNetwork {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Connection>> + Send + 'a>> {
        if host.parse::<IpAddr>().is_err() && !is_there_for_threads(1) {
            return Box::pin(ready(Err(io::ErrorKind::OutOfMemory.into())));
        }
        Tcp.connect(host, port)
    }
}
