//! Who may talk to a listener: the browser guard of every HTTP and WebSocket server.
//!
//! A page on another site can open a WebSocket to a loopback port, or reach it by DNS rebinding. So
//! `Host` must be loopback or allowed (421 otherwise), and a request with an `Origin` must be of that
//! very host or allowed (403, before any upgrade); the origin `null` never is. A loopback `Host` must
//! have the listener's port too, unless the host is in the list of allowed ones (a forwarded port);
//! a target in absolute form must name the same authority as `Host`.
//!
//! No `Origin`: allowed, since it is no browser, or a browser's request that runs no script of another
//! site with the answer. Where the browser says that another site made it (`Sec-Fetch-Site:
//! cross-site`), only opening the page itself is: a GET navigation to `/`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// The hosts and origins that a listener accepts besides loopback and itself.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed_hosts: BTreeSet<String>,
    allowed_origins: BTreeSet<String>,
}

/// How a listener is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The listener's port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl Reached {
    const fn scheme(self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    const fn default_port(self) -> u16 {
        if self.tls { 443 } else { 80 }
    }
}

/// The origin of the page that made a request, as the guard compared it: handlers find it among the
/// request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOrigin(pub String);

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

    /// Judges a request; the origin of its page, if a page made it.
    ///
    /// # Errors
    /// What the guard refused.
    pub fn check(
        &self,
        request: &Request,
        reached: Reached,
    ) -> Result<Option<PageOrigin>, Refused> {
        let headers = request.headers();
        let target = request.uri().authority().map(Authority::as_str);
        let host = single(headers, header::HOST).ok_or(Refused::Host)?;
        let text = host.or(target).ok_or(Refused::Host)?;
        let host = HostPort::parse(text).ok_or(Refused::Host)?;
        let default = reached.default_port();
        let is_same = |target: HostPort| {
            (&target.name, target.port.unwrap_or(default))
                == (&host.name, host.port.unwrap_or(default))
        };
        if !target.is_none_or(|target| HostPort::parse(target).is_some_and(is_same)) {
            return Err(Refused::Host);
        }
        let is_allowed = self.allowed_hosts.contains(&host.name);
        if !is_allowed && !is_loopback_host(&host.name) {
            return Err(Refused::Host);
        }
        let origin = match single(headers, header::ORIGIN).ok_or(Refused::Origin)? {
            Some(origin) => Some(self.check_origin(origin, text, reached)?),
            None if is_foreign(request) => return Err(Refused::Origin),
            None => None,
        };
        // A browser leaves out the scheme's default port only; a program may have left out any.
        let port = match (host.port, &origin) {
            (None, None) => reached.port,
            (port, _) => port.unwrap_or(default),
        };
        if port == reached.port || is_allowed {
            Ok(origin)
        } else {
            Err(Refused::Host)
        }
    }

    fn check_origin(
        &self,
        origin: &str,
        host: &str,
        reached: Reached,
    ) -> Result<PageOrigin, Refused> {
        let origin = normal_origin(origin);
        let own = normal_origin(&format!("{}://{host}", reached.scheme()));
        let fits = origin != "null" && (origin == own || self.allowed_origins.contains(&origin));
        if fits {
            Ok(PageOrigin(origin))
        } else {
            Err(Refused::Origin)
        }
    }

    /// `router` behind this guard.
    pub fn protect(self, router: Router, reached: Reached) -> Router {
        let guard = Arc::new(self);
        router.layer(middleware::from_fn(
            move |mut request: Request, next: Next| {
                let guard = Arc::clone(&guard);
                async move {
                    match guard.check(&request, reached) {
                        Ok(origin) => {
                            if let Some(origin) = origin {
                                request.extensions_mut().insert(origin);
                            }
                            next.run(request).await
                        }
                        Err(refused) => refused.into_response(),
                    }
                }
            },
        ))
    }
}

/// Whether another site made this request, other than by a link to the page.
fn is_foreign(request: &Request) -> bool {
    let is = |name: &str, value: &str| {
        let values = request.headers().get_all(name);
        values
            .iter()
            .any(|found| found.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    let opens_page = request.method() == Method::GET
        && request.uri().path() == "/"
        && is("sec-fetch-mode", "navigate");
    is("sec-fetch-site", "cross-site") && !opens_page
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

/// A `Host` header or an authority: the name in lower case without brackets, and the port.
struct HostPort {
    name: String,
    port: Option<u16>,
}

impl HostPort {
    fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let name = normal_host(authority.host());
        let port = authority.port_u16();
        // A port that is no number is none to `port_u16`.
        let ends_with_name = authority.as_str().len() == authority.host().len();
        (port.is_some() || ends_with_name).then_some(Self { name, port })
    }
}

/// Lower case, without brackets and the one dot that may end a full name.
fn normal_host(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

/// Scheme, host and port as browsers write them: lower case, without the scheme's default port, a
/// final slash and the dot of a full name. What is no such thing stays as it is.
fn normal_origin(origin: &str) -> String {
    let origin = origin.strip_suffix('/').unwrap_or(origin);
    let origin = origin.to_ascii_lowercase();
    let parts = origin
        .split_once("://")
        .and_then(|(scheme, host)| Some((scheme, HostPort::parse(host)?)));
    let Some((scheme, HostPort { name, port })) = parts else {
        return origin;
    };
    let is_default = matches!((scheme, port), ("http", Some(80)) | ("https", Some(443)));
    let brackets = if name.contains(':') {
        ("[", "]")
    } else {
        ("", "")
    };
    let host = format!("{}{name}{}", brackets.0, brackets.1);
    match port {
        Some(port) if !is_default => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}

/// `localhost`, 127.0.0.0/8 or ::1.
pub fn is_loopback_host(host: &str) -> bool {
    let host = normal_host(host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
