//! What `openapi.json` says of the answers: every answer that a test gets must be described there.

use std::sync::LazyLock;

use axum::http::Method;
use serde_json::Value;

/// The document, before the server's address is filled in.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../src/http/openapi.json")).unwrap());

/// Whether a request's path is of this form.
fn is_of(form: &str, path: &str) -> bool {
    let (mut form, mut path) = (form.split('/'), path.split('/'));
    loop {
        match (form.next(), path.next()) {
            (None, None) => return true,
            (Some(form), Some(found)) if form.starts_with('{') || form == found => {}
            _ => return false,
        }
    }
}

/// An answer of a described route has a described code; a method that is not described is refused.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, code: u16) {
    let path = format!("/{}", path.split('?').next().unwrap_or_default());
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let Some((form, operations)) = paths.iter().find(|(form, _)| is_of(form, &path)) else {
        return;
    };
    match operations.get(method.as_str().to_lowercase()) {
        Some(operation) => assert!(
            operation["responses"].get(code.to_string()).is_some(),
            "openapi.json does not describe {code} of {method} {form}"
        ),
        None => assert_eq!(code, 405, "openapi.json does not describe {method} {form}"),
    }
}
