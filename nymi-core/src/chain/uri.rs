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
    // Readers differ over where the authority ends if one of these is in it.
    if uri
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || byte == b'\\')
    {
        return None;
    }
    let authority = rest.strip_prefix("//")?;
    let authority = authority.split(['/', '?', '#']).next()?;
    let host = match authority.split_once('@') {
        Some((user, host)) if is_user_information(user) => host,
        Some(_) => return None,
        None => authority,
    };
    let host = match host.split_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some(_) => return None,
        None => host,
    };
    let is_address = host.parse::<core::net::Ipv4Addr>().is_ok();
    (is_scheme && host.contains('.') && dns::is_host(host) && !is_address).then_some(host)
}

/// Unreserved characters, percent-encoded ones, sub-delims and colons (RFC 3986, 3.2.1).
fn is_user_information(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
        let mut digit = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        let encoded = byte == b'%' && digit() && digit();
        if !plain && !encoded {
            return false;
        }
    }
    true
}

/// Digits up to 65535, or nothing (RFC 3986, 3.2.3).
fn is_port(text: &str) -> bool {
    text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
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
        assert_eq!(host("https://example.com:"), Some("example.com"));
        assert_eq!(host("https://example.com:65535"), Some("example.com"));
        assert_eq!(host("https://a%41:b@example.com/"), Some("example.com"));
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
            "http://evil.com\\@good.com/",
            "http://a@evil.com@good.com/",
            "http://evil.com\0@good.com/",
            "http://evil.com @good.com/",
            "http://evil.com%@good.com/",
            "http://evil.com%4@good.com/",
            "http://[::1]@good.com/",
            "http://good.com:65536/",
            "http://good.com:99999999/",
            "http://good.com/\n",
            "http://good.com/a b",
            "http://good.com\\.evil.com/",
        ] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
