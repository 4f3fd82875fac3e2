//! DNS names in certificates: syntax and subtrees.

/// Text that is no DNS name of the form that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAName;

/// A DNS name whose syntax was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    wildcard: bool,
    /// What follows `*.`, or all of it; empty for the root.
    text: &'a str,
}

/// Letters, digits, hyphens within; underscores, which hosts must not have, only where they are
/// common in practice.
fn is_label(label: &str, underscore: bool) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || underscore && byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_name(text: &str, underscore: bool) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, underscore))
}

/// "Preferred name syntax" (RFC 1034, 3.5, and RFC 1123, 2.1).
pub(crate) fn is_host(text: &str) -> bool {
    is_name(text, false)
}

/// A dNSName as an issuer may state it: a host, or `*.` before at least two labels (RFC 9525, 6.3;
/// directly below a top-level domain it would stand for the names of strangers).
pub(crate) fn is_presentable(text: &str) -> bool {
    match text.strip_prefix("*.") {
        Some(rest) => rest.contains('.') && is_host(rest),
        None => is_host(text),
    }
}

/// Whether a common name could be taken for a host: at least two labels, the first perhaps a wildcard.
pub(crate) fn looks_like_host(text: &str) -> bool {
    match text.strip_prefix("*.") {
        Some(rest) => is_name(rest, true),
        None => text.contains('.') && is_name(text, true),
    }
}

impl<'a> Name<'a> {
    /// A name that a certificate states, perhaps with a wildcard as its first label.
    pub(crate) fn presented(text: &'a str) -> Result<Self, NotAName> {
        let (wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if is_name(rest, true) {
            Ok(Self {
                wildcard,
                text: rest,
            })
        } else {
            Err(NotAName)
        }
    }

    /// The base of a subtree: a name without wildcard or leading period (RFC 5280, 4.2.1.10), or
    /// nothing, which is the root and holds every name.
    pub(crate) fn base(text: &'a str) -> Result<Self, NotAName> {
        if text.is_empty() || is_name(text, true) {
            Ok(Self {
                wildcard: false,
                text,
            })
        } else {
            Err(NotAName)
        }
    }

    /// A host name without wildcard.
    pub(crate) fn host(text: &'a str) -> Result<Self, NotAName> {
        if is_name(text, true) {
            Ok(Self {
                wildcard: false,
                text,
            })
        } else {
            Err(NotAName)
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(other.text)
    }

    /// Strictly below, by at least one label.
    pub(crate) fn is_below(&self, base: &Self) -> bool {
        if base.text.is_empty() {
            return true;
        }
        let Some(split) = self.text.len().checked_sub(base.text.len() + 1) else {
            return false;
        };
        let (head, tail) = self.text.as_bytes().split_at(split);
        !head.is_empty() && tail[0] == b'.' && tail[1..].eq_ignore_ascii_case(base.text.as_bytes())
    }

    /// Every name that this one stands for is the base or below it.
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.is_same(base) || self.is_below(base)
    }

    /// Some name that this one stands for is the base or below it.
    pub(crate) fn may_be_within(&self, base: &Self) -> bool {
        let expands_to_base = || {
            let parent = base.text.split_once('.').map_or("", |(_, parent)| parent);
            self.wildcard && !base.text.is_empty() && self.text.eq_ignore_ascii_case(parent)
        };
        self.is_within(base) || expands_to_base()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(name: &str, base: &str) -> Result<(bool, bool), NotAName> {
        let (name, base) = (Name::presented(name)?, Name::base(base)?);
        Ok((name.is_within(&base), name.may_be_within(&base)))
    }

    #[test]
    fn subtrees_end_at_labels() {
        assert_eq!(within("example.com", "example.com"), Ok((true, true)));
        assert_eq!(within("A.Example.COM", "example.com"), Ok((true, true)));
        assert_eq!(within("notexample.com", "example.com"), Ok((false, false)));
        assert_eq!(within("com", "example.com"), Ok((false, false)));
        assert_eq!(within("example.com", ""), Ok((true, true)));
        assert_eq!(within("example.com", ".example.com"), Err(NotAName));
        assert_eq!(within("example.com", "*.example.com"), Err(NotAName));
        assert_eq!(within(".example.com", "example.com"), Err(NotAName));
        assert_eq!(within("example.com.", "example.com"), Err(NotAName));
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert_eq!(within("*.example.com", "example.com"), Ok((true, true)));
        assert_eq!(
            within("*.example.com", "bar.example.com"),
            Ok((false, true))
        );
        assert_eq!(
            within("*.example.com", "foo.bar.example.com"),
            Ok((false, false))
        );
        assert_eq!(
            within("*.example.com", "bar.example.org"),
            Ok((false, false))
        );
        assert_eq!(within("*", "com"), Err(NotAName));
        assert_eq!(within("foo.*.com", "com"), Err(NotAName));
    }

    #[test]
    fn what_may_be_stated() {
        for text in [
            "localhost",
            "a.example",
            "*.example.com",
            "xn--n3h.com",
            "1.2.example",
        ] {
            assert!(is_presentable(text), "{text}");
        }
        for text in [
            "",
            " ",
            "*",
            "*.com",
            "a_b.example.com",
            "a..b",
            "-a.com",
            "a-.com",
            "a*.b.com",
            "a.com.",
            "xn--*-1b3c148a.example.com",
        ] {
            assert!(!is_presentable(text), "{text}");
        }
        assert!(!is_host(&"a.".repeat(127).trim_end_matches('.').repeat(2)));
        assert!(looks_like_host("kiosk.example.com"));
        assert!(looks_like_host("*.com"));
        assert!(!looks_like_host("kiosk"));
        assert!(!looks_like_host("*."));
        assert!(!looks_like_host("Acme NES L1 CA v1.2"));
    }
}
