//! JSON over HTTP/1.1 with deadlines and bounded bodies: https with the system's roots and L1, plain
//! http to loopback only.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use serde_json::Value;

use crate::guard::is_loopback_host;
use crate::network::{Connector, Network, Tcp};
use crate::tls::{TlsError, client_config, is_no_tls};

/// The largest body that is read, bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The URL is not one that this client may use.
    #[error("{url} cannot be used: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it and what to do.
        reason: &'static str,
    },
    /// No connection, or it broke.
    #[error(
        "cannot reach {url}: {detail}; check the address, that the server runs and that no firewall is between"
    )]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the system says.
        detail: String,
    },
    /// The server's certificate is not trusted, or TLS failed otherwise.
    #[error(
        "the TLS connection to {url} is not trusted: {detail}; install the server's root certificate or give L1"
    )]
    Tls {
        /// What was asked.
        url: String,
        /// What rustls says.
        detail: String,
    },
    /// The server answers, but not in TLS.
    #[error(
        "the server of {url} does not speak TLS on that port; check the port, or write http:// if the server is plain HTTP on this machine"
    )]
    NoTls {
        /// What was asked.
        url: String,
    },
    /// No answer in time.
    #[error("{url} did not answer within {} ms; the server is overloaded or the network drops packets", .after.as_millis())]
    Timeout {
        /// What was asked.
        url: String,
        /// How long it was waited.
        after: Duration,
    },
    /// The body is too large or broke off.
    #[error("the answer of {url} cannot be read: {detail}")]
    Body {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body, at most 4 MiB.
    pub body: Bytes,
}

impl HttpReply {
    /// The body as JSON; none if it is not.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// An HTTP client with a connection pool; cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<Connector, Full<Bytes>>,
}

impl HttpClient {
    /// A client that trusts the system's roots and these (DER).
    ///
    /// # Errors
    /// If a root is not a certificate.
    pub fn new(extra_roots: &[Vec<u8>]) -> Result<Self, TlsError> {
        Ok(Self::with_tls(client_config(extra_roots)?))
    }

    /// A client with this TLS configuration.
    pub fn with_tls(tls: Arc<ClientConfig>) -> Self {
        Self::over(Arc::new(Tcp), tls)
    }

    /// A client whose connections this network makes.
    pub fn over(network: Arc<dyn Network>, tls: Arc<ClientConfig>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(Connector { network, tls });
        Self { client }
    }

    /// Asks and reads the whole answer. `authorization` is the header's value; it is marked
    /// sensitive and never logged.
    ///
    /// # Errors
    /// If there is no complete answer within `deadline`.
    pub async fn request(
        &self,
        method: Method,
        url: &str,
        authorization: Option<&str>,
        body: Option<&Value>,
        deadline: Duration,
    ) -> Result<HttpReply, HttpError> {
        let uri = checked(url)?;
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::ACCEPT, "application/json")
            .header(header::CACHE_CONTROL, "no-store");
        if let Some(value) = authorization {
            let mut value = HeaderValue::from_str(value).map_err(|_| HttpError::Url {
                url: url.to_owned(),
                reason: "the credentials hold characters that HTTP cannot carry",
            })?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let bytes = body
            .map(|body| Bytes::from(body.to_string()))
            .unwrap_or_default();
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(bytes)).map_err(|_| HttpError::Url {
            url: url.to_owned(),
            reason: "it does not make an HTTP request",
        })?;
        tokio::time::timeout(deadline, self.exchange(url, request))
            .await
            .unwrap_or_else(|_| {
                Err(HttpError::Timeout {
                    url: url.to_owned(),
                    after: deadline,
                })
            })
    }

    async fn exchange(
        &self,
        url: &str,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpReply, HttpError> {
        let answer = self
            .client
            .request(request)
            .await
            .map_err(|error| broken(url, &error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_BODY)
            .collect()
            .await
            .map_err(|error| HttpError::Body {
                url: url.to_owned(),
                detail: error.to_string(),
            })?;
        Ok(HttpReply {
            status: head.status,
            body: body.to_bytes(),
        })
    }
}

/// The URL, if it is https, or http to loopback.
fn checked(url: &str) -> Result<Uri, HttpError> {
    let refuse = |reason| HttpError::Url {
        url: url.to_owned(),
        reason,
    };
    let uri: Uri = url
        .parse()
        .map_err(|_| refuse("it is not a URL; write https://host/…"))?;
    let host = uri
        .host()
        .ok_or_else(|| refuse("it names no host; write https://host/…"))?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback_host(host) => Ok(uri),
        Some("http") => Err(refuse("http:// is for loopback only; use https://")),
        _ => Err(refuse("only https:// is supported")),
    }
}

/// Tells a refused certificate from a server that is not there or speaks something else.
fn broken(url: &str, error: &(dyn std::error::Error + 'static)) -> HttpError {
    if is_no_tls(error) {
        return HttpError::NoTls {
            url: url.to_owned(),
        };
    }
    let mut detail = error.to_string();
    let mut tls = None;
    let mut source = error.source();
    while let Some(error) = source {
        detail = error.to_string();
        tls = tls.or_else(|| tls_error(error));
        source = error.source();
    }
    let url = url.to_owned();
    match tls {
        Some(detail) => HttpError::Tls { url, detail },
        None => HttpError::Unreachable { url, detail },
    }
}

fn tls_error(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(error.to_string());
    }
    let io = error.downcast_ref::<std::io::Error>()?;
    tls_error(io.get_ref()? as &(dyn std::error::Error + 'static))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for url in [
            "https://nes.example.com/nes",
            "http://127.0.0.1:1/nes",
            "http://localhost/",
            "http://[::1]:8443/",
        ] {
            assert!(checked(url).is_ok(), "{url}");
        }
        for url in [
            "http://nes.example.com/nes",
            "http://127.0.0.1.example.com/",
            "ftp://host/",
            "/nes",
            "nes",
        ] {
            assert!(checked(url).is_err(), "{url}");
        }
    }
}
