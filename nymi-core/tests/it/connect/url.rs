//! URL patterns: exactly as documented, and look-alikes.

use nymi_core::connect::{PageUrl, UrlPattern};
use proptest::prelude::*;

fn matches(pattern: &str, url: &str) -> bool {
    let pattern: UrlPattern = pattern.parse().unwrap();
    PageUrl::parse(url).is_some_and(|page| pattern.matches(&page))
}

const PAGE: &str = "https://myapp.domain.com";
const SITE: &str = "https://mysite.domain.com/*";
const SUBDOMAINS: &str = "https://*.domain.com/*";

#[test]
fn the_guides_urls_match_as_it_says() {
    for (pattern, url, expected) in [
        (PAGE, "https://myapp.domain.com", true),
        (SITE, "https://mysite.domain.com/login", true),
        (SITE, "https://mysite.domain.com/process1/sign", true),
        (SITE, "https://mysite.domain.com", true),
        (SUBDOMAINS, "https://mysite.domain.com/login", true),
        (
            SUBDOMAINS,
            "https://emea.mymes.domain.com/process1/sign",
            true,
        ),
        (SUBDOMAINS, "https://domain.com", false),
    ] {
        assert_eq!(matches(pattern, url), expected, "{pattern} {url}");
    }
}

#[test]
fn parts_that_mean_the_same_match() {
    for (pattern, url) in [
        (PAGE, "https://myapp.domain.com/"),
        (PAGE, "HTTPS://MyApp.Domain.COM:443/"),
        (PAGE, "https://myapp.domain.com/?next=%2Fx#top"),
        (PAGE, "https://myapp.domain.com?a b\\c"),
        ("https://MYAPP.domain.com:443", "https://myapp.domain.com"),
        (
            "https://mysite.domain.com/app/*",
            "https://mysite.domain.com/app",
        ),
        (
            "https://mysite.domain.com/app/*",
            "https://mysite.domain.com/app/",
        ),
        (
            "https://mysite.domain.com/app/*",
            "https://mysite.domain.com/app/a/b.html",
        ),
        (
            "https://mysite.domain.com/*/sign",
            "https://mysite.domain.com/a/b/sign",
        ),
        ("https://*.domain.com", "https://a.domain.com/"),
        (
            "https://mysite.domain.com:8443/*",
            "https://mysite.domain.com:8443/x",
        ),
        ("http://10.0.0.5/*", "http://10.0.0.5:80/x"),
        ("https://[::1]:8443/*", "https://[::1]:8443/x"),
        ("https://[::]:8443/*", "https://[::]:8443/x"),
        ("mysite.domain.com", "https://mysite.domain.com/any/path"),
        ("*.domain.com", "https://mysite.domain.com/any/path"),
        (
            "https://xn--mller-kva.example/*",
            "https://xn--mller-kva.example/a",
        ),
        ("localhost:5000", "https://localhost:5000/"),
    ] {
        assert!(matches(pattern, url), "{pattern} {url}");
    }
}

#[test]
fn look_alikes_do_not_match() {
    for url in [
        "https://evil-domain.com/login",
        "https://evildomain.com/",
        "https://mysite.evil-domain.com/",
        "https://mysite.domain.com.evil/",
        "https://mysite.domain.com.evil.com/",
        "https://domain.com/",
        "https://domain.com.",
        "https://.domain.com/",
        "https://mysite..domain.com/",
        "https://mysite.domain.com./",
        "https://mysite.domain.com@evil.com/",
        "https://mysite.domain.com:443@evil.com/",
        "https://user@mysite.domain.com/",
        "https://user:password@mysite.domain.com/",
        "https://evil.com\\@mysite.domain.com/",
        "https://evil.com/mysite.domain.com/",
        "https://evil.com?mysite.domain.com/",
        "https://evil.com#@mysite.domain.com/",
        "https://evil.com?.domain.com",
        "https://mysite.domain.com:444/",
        "https://mysite.domain.com:0443x/",
        "https://mysite.domain.com:99999/",
        "https://mysite.domain.com:/",
        "http://mysite.domain.com/",
        "httpss://mysite.domain.com/",
        "https:/mysite.domain.com/",
        "https:mysite.domain.com/",
        "https:///mysite.domain.com/",
        "javascript://mysite.domain.com/",
        "view-source:https://mysite.domain.com/",
        "mysite.domain.com/",
        "https://mysite%2edomain.com/",
        "https://evil.com%2f.domain.com/",
        "https://evil.com%00.domain.com/",
        "https://mysite.domain\u{3002}com/",
        "https://mys\u{456}te.domain.com/",
        "https://mysite.dom\u{430}in.com/",
        "https://mysite.domain.com\t/",
        "https://mysite.\ndomain.com/",
        " https://mysite.domain.com/",
        "https://mysite.domain.com /",
        "https://xn--mysite-9ve.xn--domin-4ve.com/",
        "https://[mysite.domain.com]/",
        "https://[::1].domain.com/",
        "https://*.domain.com.evil/",
        "file:///C:/mysite.domain.com/",
        "",
    ] {
        for pattern in [SUBDOMAINS, SITE, "mysite.domain.com", "*.domain.com"] {
            assert!(!matches(pattern, url), "{pattern} {url:?}");
        }
    }
    // A page of another site that happens to be named like the pattern.
    assert!(
        matches(SUBDOMAINS, "https://evil.domain.com/"),
        "a subdomain is trusted"
    );
    assert!(!matches(SITE, "https://evil.mysite.domain.com/"));
    assert!(
        !matches(PAGE, "https://myapp.domain.com/login"),
        "one page, not the site"
    );
}

#[test]
fn paths_cannot_be_left() {
    let app = "https://mysite.domain.com/app/*";
    for path in [
        "/application",
        "/ap",
        "/APP/x",
        "/app%2fx",
        "/x/app/",
        "//app/",
        "/app/../admin",
        "/app/..",
        "/app/./x",
        "/app/%2e%2e/admin",
        "/app/.%2E/admin",
        "/app/%252e%252e/admin",
        "/app/..%2fadmin",
        "/app/%2e%2e%5cadmin",
        "/app/..;/admin",
        "/app/..;a=b/admin",
        "/app/..%3b/admin",
        "/app/%2e%2e%253Ba/admin",
        "/app/%c0%ae%C0%AE/admin",
        "/app/x/..%c0%afadmin",
        "/app/%e0%80%ae./admin",
        "/app/%25c0%25ae./admin",
        "/app/%25252e./x/%252e%252e%252fadmin",
        "/app\\..\\admin",
        "/app/a\\..\\..\\admin",
        "/app/a b",
        "/app/\u{fc}",
    ] {
        assert!(
            !matches(app, &format!("https://mysite.domain.com{path}")),
            "{path}"
        );
    }
    for path in [
        "/app/...",
        "/app/a..b",
        "/app/%20",
        "/app/.well-known/x",
        "/app//x",
    ] {
        assert!(
            matches(app, &format!("https://mysite.domain.com{path}")),
            "{path}"
        );
    }
}

#[test]
fn patterns_that_would_match_too_much_or_nothing_are_refused() {
    for (pattern, rule) in [
        ("", "its host"),
        ("https://", "its host"),
        ("https://*", "a * in the host"),
        ("https://*/*", "a * in the host"),
        ("*", "a * in the host"),
        ("https://*domain.com/*", "a * in the host"),
        ("https://my*.domain.com/*", "a * in the host"),
        ("https://mysite.*.com/*", "a * in the host"),
        ("https://*.*.com/*", "a * in the host"),
        ("https://*.0.0.5/*", "its host"),
        ("https://*.[::1]/*", "its host"),
        ("https://*./", "its host"),
        ("*://mysite.domain.com/*", "its scheme"),
        ("ftp://mysite.domain.com", "its scheme"),
        ("https://user@mysite.domain.com", "it has no user"),
        ("https://mysite.domain.com?x", "it has no user"),
        ("https://mysite.domain.com\\x", "it has no user"),
        ("https://mysite.domain.com:*/", "a port"),
        ("https://mysite.domain.com:0/", "a port"),
        (
            "https://mysite.domain.com*",
            "for every path write /* after the host",
        ),
        ("https://mysite.*.com*", "followed by a dot"),
        ("https://my site.domain.com", "it has no spaces"),
        ("https://m\u{fc}ller.example", "xn--"),
        ("https://mysite.domain.com/a/../b", "its path"),
        ("https://mysite.domain.com/%2e%2e/b", "its path"),
    ] {
        let error = pattern.parse::<UrlPattern>().unwrap_err();
        assert!(error.rule.contains(rule), "{pattern}: {error}");
        assert!(
            error.to_string().contains(&format!("{pattern:?}")),
            "{error}"
        );
    }
}

#[test]
fn a_url_and_a_pattern_have_at_most_4096_bytes() {
    let of_length = |length: usize| format!("{:x<length$}", "https://a.b/");
    let (longest, too_long) = (of_length(4096), of_length(4097));
    assert!(matches(&longest, &longest));
    assert!(too_long.parse::<UrlPattern>().is_err());
    assert_eq!(PageUrl::parse(&too_long), None);
}

/// `*` by trying every way to split.
fn slow_glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|from| slow_glob(rest, &text[from..])),
        Some((byte, rest)) => text.first() == Some(byte) && slow_glob(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn paths_match_as_the_slow_way_says(pattern in "/[ab/*]{0,7}", path in "/[ab/]{0,8}") {
        let stem = pattern.strip_suffix("/*").filter(|stem| !stem.is_empty());
        let slow = slow_glob(pattern.as_bytes(), path.as_bytes())
            || stem.is_some_and(|stem| slow_glob(stem.as_bytes(), path.as_bytes()));
        let found = matches(&format!("https://a.b{pattern}"), &format!("https://a.b{path}"));
        prop_assert_eq!(found, slow);
    }

    #[test]
    fn only_subdomains_match_a_wildcard(prefix in "[a-z.-]{0,12}", suffix in "[a-z.@:/-]{0,8}") {
        let url = format!("https://{prefix}domain.com{suffix}");
        if matches(SUBDOMAINS, &url) {
            prop_assert!(prefix.ends_with('.') && prefix.len() > 1, "{}", url);
            prop_assert!(suffix.is_empty() || suffix.starts_with('/'), "{}", url);
        }
    }

    #[test]
    fn a_pattern_reads_back_as_it_is_written(
        scheme in prop::sample::select(vec!["https://", "http://", ""]),
        star in prop::sample::select(vec!["*.", ""]),
        host in "[a-zA-Z][a-z0-9-]{0,8}(\\.[a-z]{1,4}){0,2}",
        port in prop::option::of(1u16..),
        path in "(/[a-zA-Z0-9*_-]{0,5}){0,3}",
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let pattern: UrlPattern = format!("{scheme}{star}{host}{port}{path}").parse().unwrap();
        prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
    }

    #[test]
    fn any_text_is_a_url_or_not(text in "\\PC{0,60}", pattern in "\\PC{0,60}") {
        if let (Some(page), Ok(pattern)) = (PageUrl::parse(&text), pattern.parse::<UrlPattern>()) {
            let _ = pattern.matches(&page);
        }
    }

    #[test]
    fn many_stars_take_no_time(stars in 1..2000usize) {
        let pattern = format!("https://a.b/{}b", "*a".repeat(stars));
        let url = format!("https://a.b/{}", "a".repeat(4000));
        let found = matches(&pattern, &url);
        prop_assert!(!found);
    }
}
