//! An appsettings.json of any bytes, and a page of any URL: settings that decide, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::connect::{Attributes, Decision, PageUrl, Settings, Target, UrlPattern};

fuzz_target!(|bytes: &[u8]| {
    // What stands behind the first zero byte is the page's URL.
    let (file, url) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &b"https://mysite.domain.com/login"[..]),
    };
    let url = core::str::from_utf8(url).ok();
    if let Ok(settings) = Settings::parse(file) {
        let target = Target {
            process: "msedge.exe",
            title: "Sign in",
            url,
        };
        let decision = settings.decide(&target);
        assert!(settings.is_restricted() || decision != Decision::NotConfigured);
        for entry in &settings.included {
            if let Some(pattern) = &entry.url {
                let again: UrlPattern = pattern.to_string().parse().expect("our own text parses");
                assert_eq!(again, *pattern);
            }
        }
    }
    if let Some(page) = url.and_then(PageUrl::parse) {
        let all: UrlPattern = "https://*.domain.com/*".parse().expect("a pattern");
        if all.matches(&page) {
            let host = url.and_then(|url| url.split(['/', '?', '#']).nth(2));
            let host = host.expect("a page has a host").to_ascii_lowercase();
            let name = host.strip_suffix(":443").unwrap_or(&host);
            assert!(name.ends_with(".domain.com") && !name.contains(['@', '%', '\\']));
        }
    }
    if let Ok(text) = core::str::from_utf8(file)
        && let Ok(attributes) = Attributes::parse(text)
    {
        assert_eq!(Attributes::parse(&attributes.to_json()), Ok(attributes));
    }
});
