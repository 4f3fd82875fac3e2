use axum::http::HeaderValue;
use nymi_core::message::Status;
use serde_json::{Map, Value, json};

use super::PageConfig;

/// What the scripts need to know: addresses, L1, and what each status code means.
pub(super) fn for_browser(config: &PageConfig) -> Value {
    json!({
        "webapi": config.webapi_url,
        "nes": config.nes_url,
        "endpoint": config.endpoint,
        "enterprise": config.enterprise,
        "grade": config.grade,
        "l1": { "sha256": hex::encode(config.l1_fingerprint) },
        "nymulator": config.nymulator,
        "statuses": statuses(),
    })
}

fn statuses() -> Map<String, Value> {
    Status::ALL
        .iter()
        .map(|status| {
            let entry = json!({
                "name": status.name(),
                "description": status.description(),
                "cause": status.cause(),
                "remedy": status.remedy(),
            });
            (status.code().to_string(), entry)
        })
        .collect()
}

/// Scripts and styles from this server's files only, connections to it and the WebAPI only, and no
/// way for text to become markup.
pub(super) fn content_security_policy(webapi_url: &str) -> HeaderValue {
    let webapi = origin(webapi_url).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {webapi}; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// `ws://host:port` of a WebSocket address; none if it could say more than an origin in a policy.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let fits = matches!(scheme, "ws" | "wss") && authority.chars().all(plain);
    (fits && !authority.is_empty()).then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_webapi_and_nothing_that_hides_in_its_address() {
        let policy = content_security_policy("ws://127.0.0.1:8080/");
        let policy = policy.to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' ws://127.0.0.1:8080;"),
            "{policy}"
        );
        for hostile in [
            "ws://a; script-src *",
            "https://example.com/",
            "ws:///",
            "ws://a b/",
            "x",
        ] {
            let policy = content_security_policy(hostile);
            assert!(
                policy.to_str().unwrap().contains("connect-src 'self' ;"),
                "{hostile}"
            );
        }
    }
}
