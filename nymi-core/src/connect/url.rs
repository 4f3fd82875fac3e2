use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// The longest URL and pattern that are compared.
const MAX_LEN: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// What follows `://`, and the scheme before it in any case.
    fn split(text: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        if scheme.eq_ignore_ascii_case("https") {
            Some((Self::Https, rest))
        } else if scheme.eq_ignore_ascii_case("http") {
            Some((Self::Http, rest))
        } else {
            None
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A page's URL that has one meaning for every reader: http or https, a plain host, no user, no
/// backslash, no character that somebody might drop or decode to leave the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageUrl<'a> {
    scheme: Scheme,
    /// In lower case.
    host: String,
    port: u16,
    /// From its first slash, without query and fragment.
    path: &'a str,
}

impl<'a> PageUrl<'a> {
    /// Reads the whole URL of a page; none if it could be read in more than one way.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = &text[..text.find(['?', '#']).unwrap_or(text.len())];
        let plain = text.len() <= MAX_LEN
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let (scheme, rest) = Scheme::split(text).filter(|_| plain)?;
        let (authority, path) = split_authority(rest);
        let (host, port) = split_port(authority)?;
        let path = if path.is_empty() { "/" } else { path };
        (is_host(host) && !leaves_the_path(path)).then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or(scheme.default_port()),
            path,
        })
    }
}

fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// Host and port; none if the port is no number from 1 to 65535.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // Those within an IPv6 address are none of a port.
    let address = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority[address..].find(':') else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at(address + colon);
    let digits = &port[1..];
    let number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| number && *port != 0)?;
    Some((host, Some(port)))
}

/// A name of labels, or an IPv6 address in brackets. No user, no escapes, no empty label.
fn is_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return address.parse::<core::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

/// How the characters of a step are encoded, also in the longer forms of UTF-8 that some decoders take.
const ESCAPES: [(&str, &str); 14] = [
    ("%25", "%"),
    ("%2e", "."),
    ("%2f", "/"),
    ("%5c", "/"),
    ("%3b", ";"),
    ("%c0%ae", "."),
    ("%c0%af", "/"),
    ("%c1%9c", "/"),
    ("%e0%80%ae", "."),
    ("%e0%80%af", "/"),
    ("%e0%81%9c", "/"),
    ("%f0%80%80%ae", "."),
    ("%f0%80%80%af", "/"),
    ("%f0%80%81%9c", "/"),
];

/// Whether a `.` or `..`, in any of these encodings, is a step of the path.
fn leaves_the_path(path: &str) -> bool {
    let mut decoded = path.to_ascii_lowercase();
    // Twice, for servers behind servers that both decode.
    for _ in 0..2 {
        for (escape, plain) in ESCAPES {
            decoded = decoded.replace(escape, plain);
        }
    }
    decoded
        .split('/')
        .any(|step| matches!(step.split(';').next(), Some("." | "..")))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Is(String),
    /// Any name that ends with this, which begins with a dot.
    Beneath(String),
}

/// An `applicationUrl`: the URL or the host of a web application (guide 004, 4.4.1).
///
/// | pattern | matches |
/// | --- | --- |
/// | `https://myapp.domain.com` | that page alone |
/// | `https://mysite.domain.com/*` | the site's root and every path |
/// | `https://*.domain.com/*` | any page of any subdomain, not of `domain.com` itself |
/// | `https://mysite.domain.com/app/*` | `/app` and every path beneath it |
/// | `mysite.domain.com` | every page of that host, by https |
///
/// Scheme and port must be the same; a port that is not written is the scheme's own. Hosts are
/// compared without regard to case, paths with it; query and fragment play no part. A `*` stands
/// for the first labels of a host, or for any characters of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPattern {
    scheme: Scheme,
    host: Host,
    port: u16,
    path: String,
}

/// An `applicationUrl` that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no URL pattern such as https://*.domain.com/*: {rule}")]
pub struct UrlPatternError {
    /// The refused text, shortened.
    pub found: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl FromStr for UrlPattern {
    type Err = UrlPatternError;

    fn from_str(text: &str) -> Result<Self, UrlPatternError> {
        read(text).map_err(|rule| UrlPatternError {
            found: text.chars().take(80).collect(),
            rule,
        })
    }
}

fn read(text: &str) -> Result<UrlPattern, &'static str> {
    if text.len() > MAX_LEN {
        return Err("it has at most 4096 characters");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it has no spaces, and names in other scripts are written as xn--…");
    }
    if text.contains(['\\', '?', '#', '@']) {
        return Err("it has no user, query, fragment or backslash");
    }
    let (scheme, rest, path_of_host) = match Scheme::split(text) {
        Some((scheme, rest)) => (scheme, rest, "/"),
        None if text.contains("://") => return Err("its scheme is https or http"),
        None => (Scheme::Https, text, "/*"),
    };
    let (authority, path) = split_authority(rest);
    let (host, port) = split_port(authority).ok_or("a port is a number from 1 to 65535")?;
    let (name, beneath) = match host.strip_prefix("*.") {
        Some(name) => (name, true),
        None => (host, false),
    };
    if name.strip_suffix('*').is_some_and(is_host) {
        return Err("a * in the host is its first label; for every path write /* after the host");
    }
    if name.contains('*') {
        return Err("a * in the host is its first label, followed by a dot");
    }
    let numeric = name
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_host(name) || beneath && (name.starts_with('[') || numeric) {
        return Err("its host is a name such as mysite.domain.com");
    }
    if leaves_the_path(path) {
        return Err("its path has no . or .. steps");
    }
    let name = name.to_ascii_lowercase();
    Ok(UrlPattern {
        scheme,
        host: match beneath {
            true => Host::Beneath(alloc::format!(".{name}")),
            false => Host::Is(name),
        },
        port: port.unwrap_or(scheme.default_port()),
        path: if path.is_empty() { path_of_host } else { path }.to_string(),
    })
}

impl UrlPattern {
    /// Whether a page is one that was meant.
    pub fn matches(&self, page: &PageUrl<'_>) -> bool {
        let host_fits = match &self.host {
            Host::Is(name) => page.host == *name,
            // Every label of a page's host has characters, so there is one before the dot.
            Host::Beneath(end) => page.host.ends_with(end),
        };
        self.scheme == page.scheme
            && self.port == page.port
            && host_fits
            && self.path_fits(page.path)
    }

    fn path_fits(&self, path: &str) -> bool {
        glob(self.path.as_bytes(), path.as_bytes())
            || self
                .path
                .strip_suffix("/*")
                .is_some_and(|stem| !stem.is_empty() && glob(stem.as_bytes(), path.as_bytes()))
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        match &self.host {
            Host::Is(name) => f.write_str(name)?,
            Host::Beneath(end) => write!(f, "*{end}")?,
        }
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

/// Whether the pattern is the whole text, where `*` is any characters or none. Goes back to the last
/// `*` only, so it takes no longer than the product of both lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // Back to the star, which is to take one character more.
                Some((at, from)) => (p, t) = (at, from + 1),
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
