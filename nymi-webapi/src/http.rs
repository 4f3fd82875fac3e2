//! The routes of both listeners.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use nymi_core::message::phoenix::Vsn;
use nymi_net::guard::PageOrigin;
use nymi_net::ws::{self, MAX_MESSAGE};

use crate::shared::Shared;
use crate::socket;

/// What the WebAPI says about itself.
const ASYNCAPI: &str = include_str!("asyncapi.json");

/// The listener of endpoints and native clients.
pub(crate) fn agent_router(shared: &Arc<Shared>, with_webapi: bool) -> Router {
    let router = Router::new()
        .route("/socket/websocket", get(channel))
        .merge(common());
    let router = if with_webapi {
        router.route("/webapi", get(webapi))
    } else {
        router
    };
    router.with_state(Arc::clone(shared))
}

/// The listener of web applications.
pub(crate) fn webapi_router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(webapi))
        .merge(common())
        .with_state(Arc::clone(shared))
}

fn common() -> Router<Arc<Shared>> {
    Router::new()
        .route("/asyncapi.json", get(asyncapi))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
}

async fn channel(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    let Some(vsn) = Vsn::from_query(query.get("vsn").map(String::as_str)) else {
        let reason = "vsn: this agent speaks the serializers 1.0.0 and 2.0.0";
        return (StatusCode::FORBIDDEN, reason).into_response();
    };
    ws::accept(request, MAX_MESSAGE, move |socket| {
        socket::channel(socket, shared, vsn, peer)
    })
}

async fn webapi(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let origin = request.extensions().get::<PageOrigin>();
    let origin = origin.map(|origin| origin.0.clone());
    ws::accept(request, MAX_MESSAGE, move |socket| {
        socket::webapi(socket, shared, origin)
    })
}

async fn asyncapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], ASYNCAPI).into_response()
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let trouble = match &shared.nes {
        Some(nes) => nes.trouble(),
        None => Some("no Enterprise Server is configured: set nes_url".to_owned()),
    };
    match trouble {
        None => "ready\n".into_response(),
        Some(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        )
            .into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let hub = &shared.hub;
    let nes_ready = shared
        .nes
        .as_ref()
        .is_some_and(|nes| nes.trouble().is_none());
    let text = hub
        .metrics
        .text(hub.endpoint_count(), hub.band_count(), nes_ready);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
