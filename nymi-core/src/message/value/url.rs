use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ValueError, as_text};

/// Host, optional port and path of a URL without user, query or fragment.
struct Parts<'a> {
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

fn split(rest: &str) -> Option<Parts<'_>> {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0)?)
        }
        None if port.is_empty() => None,
        _ => return None,
    };
    (is_host(host) && path.chars().all(plain) && !path.contains("//")).then_some(Parts {
        host,
        port,
        path: path.trim_end_matches('/'),
    })
}

fn is_host(host: &str) -> bool {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<core::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.len() <= 253
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<core::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

fn join(scheme: &str, parts: &Parts<'_>, default_path: &str) -> String {
    let host = parts.host.to_ascii_lowercase();
    let port = parts
        .port
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path = if parts.path.is_empty() {
        default_path
    } else {
        parts.path
    };
    format!("{scheme}://{host}{port}{path}")
}

/// The URL of an NES service, such as `https://nes.example.com/nes`.
///
/// Read from a URL or from a host alone (then https, service `nes`); `http` only to loopback.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NesUrl(String);

impl NesUrl {
    pub(in crate::message) const EXPECTED: &'static str =
        "an NES URL such as https://nes.example.com/nes, http only to a loopback address";

    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NesUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = ValueError(Self::EXPECTED);
        let (scheme, rest) = match (
            without_prefix(text, "https://"),
            without_prefix(text, "http://"),
        ) {
            (Some(rest), _) => ("https", rest),
            (None, Some(rest)) => ("http", rest),
            (None, None) => ("https", text),
        };
        let parts = split(rest).ok_or(refused)?;
        if scheme == "http" && !is_loopback(parts.host) {
            return Err(refused);
        }
        Ok(Self(join(scheme, &parts, "/nes")))
    }
}

impl fmt::Display for NesUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(NesUrl);

/// The URL of an agent, such as `wss://agent.example.com:9120/socket/websocket`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentUrl(String);

impl AgentUrl {
    pub(in crate::message) const EXPECTED: &'static str =
        "an agent URL such as wss://agent.example.com:9120/socket/websocket, ws or wss";

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = ValueError(Self::EXPECTED);
        let (scheme, rest) = without_prefix(text, "wss://")
            .map(|rest| ("wss", rest))
            .or_else(|| without_prefix(text, "ws://").map(|rest| ("ws", rest)))
            .ok_or(refused)?;
        let parts = split(rest).ok_or(refused)?;
        Ok(Self(join(scheme, &parts, "/socket/websocket")))
    }
}

impl fmt::Display for AgentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(AgentUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_alone_means_https_and_the_usual_service() {
        for (text, url) in [
            ("nes.example.com", "https://nes.example.com/nes"),
            ("nes.example.com:8443", "https://nes.example.com:8443/nes"),
            ("HTTPS://NES.example.com/", "https://nes.example.com/nes"),
            (
                "https://nes.example.com/Other/",
                "https://nes.example.com/Other",
            ),
            ("http://127.0.0.1:8443/nes", "http://127.0.0.1:8443/nes"),
            ("http://[::1]:8443", "http://[::1]:8443/nes"),
            ("http://localhost/nes", "http://localhost/nes"),
        ] {
            assert_eq!(text.parse::<NesUrl>().unwrap().as_str(), url);
        }
    }

    #[test]
    fn urls_that_leak_or_mislead_are_refused() {
        for text in [
            "",
            "https://",
            "http://nes.example.com/nes",
            "http://127.0.0.1.example.com/nes",
            "http://localhost@example.com/nes",
            "https://user:password@nes.example.com/nes",
            "https://nes.example.com/nes?x=1",
            "https://nes.example.com/nes#x",
            "https://nes.example.com:0/nes",
            "https://nes.example.com:99999/nes",
            "https://nes.example.com:+1/nes",
            "https://nes example.com/nes",
            "https://[::1/nes",
            "https://[::1]x/nes",
            "https://nes.example.com//nes",
            "ftp://nes.example.com/nes",
        ] {
            assert!(text.parse::<NesUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn agents_are_reached_by_websocket() {
        for (text, url) in [
            (
                "ws://127.0.0.1:9120",
                "ws://127.0.0.1:9120/socket/websocket",
            ),
            ("wss://agent.example.com/x", "wss://agent.example.com/x"),
        ] {
            let parsed: AgentUrl = text.parse().unwrap();
            assert_eq!((parsed.as_str(), parsed.to_string().as_str()), (url, url));
        }
        for text in ["http://127.0.0.1:9120", "127.0.0.1:9120", "ws://"] {
            assert!(text.parse::<AgentUrl>().is_err(), "{text}");
        }
    }
}
