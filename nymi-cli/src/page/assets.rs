use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;

use super::PageConfig;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, media type and content of every file of the page.
pub(super) const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("assets/index.html")),
    ("/app.css", CSS, include_str!("assets/app.css")),
    ("/icon.svg", SVG, include_str!("assets/icon.svg")),
    ("/app.js", SCRIPT, include_str!("assets/app.js")),
    ("/audit.js", SCRIPT, include_str!("assets/audit.js")),
    ("/bands.js", SCRIPT, include_str!("assets/bands.js")),
    ("/dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("/http.js", SCRIPT, include_str!("assets/http.js")),
    ("/kept.js", SCRIPT, include_str!("assets/kept.js")),
    ("/notices.js", SCRIPT, include_str!("assets/notices.js")),
    ("/record.js", SCRIPT, include_str!("assets/record.js")),
    (
        "/signatures.js",
        SCRIPT,
        include_str!("assets/signatures.js"),
    ),
    ("/signing.js", SCRIPT, include_str!("assets/signing.js")),
    ("/webapi.js", SCRIPT, include_str!("assets/webapi.js")),
];

/// A route for each file.
pub(super) fn routes() -> Router<Arc<PageConfig>> {
    FILES
        .iter()
        .fold(Router::new(), |router, &(path, media_type, content)| {
            router.route(
                path,
                get(async move || ([(header::CONTENT_TYPE, media_type)], content)),
            )
        })
}
