//! Who may talk to a listener: the browser guard of every HTTP and WebSocket server.
//!
//! A page on another site can open a WebSocket to a loopback port, or reach it by DNS rebinding. So
//! `Host` must be loopback or allowed (421 otherwise), and a request with an `Origin` must be of that
//! very host or allowed (403, before any upgrade); the origin `null` never is. No `Origin`: not a
//! browser, allowed.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// The hosts and origins that a listener accepts besides loopback and itself.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed_hosts: BTreeSet<String>,
    allowed_origins: BTreeSet<String>,
}

/// Why the guard refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 421.
    #[error("this server is not known by that Host; add the name to allowed_hosts if it should be")]
    Host,
    /// 403.
    #[error(
        "pages of that Origin may not use this server; add it to allowed_origins if they should"
    )]
    Origin,
}

impl Refused {
    /// The HTTP status that says so.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

impl Guard {
    /// Loopback hosts and same-origin pages only.
    pub fn loopback() -> Self {
        Self::default()
    }

    /// Also accepts these host names or addresses (without port).
    #[must_use]
    pub fn with_hosts<T: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.allowed_hosts
            .extend(hosts.into_iter().map(|host| normal_host(host.as_ref())));
        self
    }

    /// Also accepts pages of these origins, such as `https://records.example.com`.
    #[must_use]
    pub fn with_origins<T: AsRef<str>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        let origins = origins
            .into_iter()
            .map(|origin| normal_origin(origin.as_ref()));
        self.allowed_origins.extend(origins);
        self
    }

    /// Judges a request by its headers; `tls` tells how this listener is reached.
    ///
    /// # Errors
    /// What the guard refused.
    pub fn check(
        &self,
        headers: &HeaderMap,
        uri_host: Option<&str>,
        tls: bool,
    ) -> Result<(), Refused> {
        let host = single(headers, header::HOST).ok_or(Refused::Host)?;
        let host = host.or(uri_host).ok_or(Refused::Host)?;
        let name = host_name(host).ok_or(Refused::Host)?;
        if !is_loopback_host(&name) && !self.allowed_hosts.contains(&name) {
            return Err(Refused::Host);
        }
        match single(headers, header::ORIGIN).ok_or(Refused::Origin)? {
            None => Ok(()),
            Some(origin) => self.check_origin(origin, host, tls),
        }
    }

    fn check_origin(&self, origin: &str, host: &str, tls: bool) -> Result<(), Refused> {
        let origin = normal_origin(origin);
        let scheme = if tls { "https" } else { "http" };
        let own = normal_origin(&format!("{scheme}://{host}"));
        let fits = origin != "null" && (origin == own || self.allowed_origins.contains(&origin));
        if fits { Ok(()) } else { Err(Refused::Origin) }
    }

    /// `router` behind this guard.
    pub fn protect(self, router: Router, tls: bool) -> Router {
        let guard = Arc::new(self);
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let guard = Arc::clone(&guard);
            async move {
                match guard.check(
                    request.headers(),
                    request.uri().authority().map(|a| a.as_str()),
                    tls,
                ) {
                    Ok(()) => next.run(request).await,
                    Err(refused) => refused.into_response(),
                }
            }
        }))
    }
}

/// The header's one value; the outer none if it is there twice or not text.
fn single(headers: &HeaderMap, name: header::HeaderName) -> Option<Option<&str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => Some(Some(HeaderValue::to_str(value).ok()?)),
        (Some(_), Some(_)) => None,
    }
}

/// The name in a `Host` header, lower case, without port and brackets.
fn host_name(host: &str) -> Option<String> {
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    Some(normal_host(authority.host()))
}

fn normal_host(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Lower case, without the scheme's default port and a final slash.
fn normal_origin(origin: &str) -> String {
    let origin = origin.trim_end_matches('/').to_ascii_lowercase();
    let default_port = match origin.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        _ => return origin,
    };
    origin
        .strip_suffix(default_port)
        .map_or(origin.clone(), str::to_owned)
}

/// `localhost`, 127.0.0.0/8 or ::1.
pub fn is_loopback_host(host: &str) -> bool {
    let host = normal_host(host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
