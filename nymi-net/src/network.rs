//! How connections are made: over TCP, or over what a simulation puts in its place.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Uri;
use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::{Connected, Connection as Pooled, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use crate::names::Names;
use crate::tls::secure;

/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What bytes go through.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection to a host.
pub type Connection = Box<dyn Stream>;

/// Makes connections. [`Tcp`] is the real one; a simulation has its own, whose faults and time it
/// rules.
pub trait Network: fmt::Debug + Send + Sync {
    /// Connects to a port of a host (a name or an address, IPv6 without brackets).
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Connection>>;
}

/// The system's network: names are looked up, and of several addresses the first that answers is
/// taken (RFC 8305).
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Network for Tcp {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Connection>> {
        Box::pin(async move {
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.to_owned()
            };
            let uri = Uri::try_from(format!("tcp://{host}:{port}"))
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            let mut tcp = HttpConnector::new_with_resolver(Names);
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(CONNECT));
            let stream = tcp.call(uri).await.map_err(|error| cause(&error))?;
            Ok(Box::new(stream.into_inner()) as Connection)
        })
    }
}

/// What the system said, without the layers around it.
fn cause(error: &(dyn std::error::Error + 'static)) -> io::Error {
    let mut error = error;
    while let Some(below) = error.source() {
        error = below;
    }
    let kind = error
        .downcast_ref::<io::Error>()
        .map_or(io::ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, error.to_string())
}

/// A network as the HTTP client wants it, with TLS for https.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) tls: Arc<ClientConfig>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Connection>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { network, tls } = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            let is_plain = uri.scheme_str() == Some("http");
            let default_port = if is_plain { 80 } else { 443 };
            let connecting = network.connect(host, uri.port_u16().unwrap_or(default_port));
            let connection = tokio::time::timeout(CONNECT, connecting)
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            let connection = match is_plain {
                true => connection,
                false => secure(tls, host, connection).await?,
            };
            Ok(TokioIo::new(connection))
        })
    }
}

impl Pooled for Connection {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_system_says_is_passed_on() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(Tcp.connect("127.0.0.1", port).await.is_ok());
        drop(listener);
        for host in ["127.0.0.1", "localhost"] {
            let error = Tcp.connect(host, port).await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
            assert!(error.to_string().contains("refused"), "{error}");
        }
        assert!(Tcp.connect("no host", 1).await.is_err());
    }
}
