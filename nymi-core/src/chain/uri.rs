//! The host of a URI (RFC 3986, 3.2.2), for name constraints.

use super::dns;

/// The host, if the URI has an authority whose host is a fully qualified domain name; constraints
/// apply to no other URIs, and certificates with such are refused (RFC 5280, 4.2.1.10).
pub(crate) fn host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let authority = rest.strip_prefix("//")?;
    let authority = authority.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host,
    };
    let is_address = host.parse::<core::net::Ipv4Addr>().is_ok();
    (is_scheme && host.contains('.') && dns::is_host(host) && !is_address).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn finds_the_host() {
        assert_eq!(host("http://example.com/a?b#c"), Some("example.com"));
        assert_eq!(
            host("ldap://user:pass@a.example.com:389/x@y.org"),
            Some("a.example.com")
        );
        assert_eq!(host("https://example.com"), Some("example.com"));
        for none in [
            "mailto:a@example.com",
            "http://10.0.0.1/",
            "http://[::1]/",
            "urn:x",
            "example.com",
            "http:///x",
            "http://localhost/",
            "http://a.b:c/",
            "1http://example.com",
        ] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
