use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ActionError, BandAction, PageConfig, TapMethod, assets, config};

/// A record, a token and room to spare.
const MAX_BODY: usize = 256 * 1024;
/// From the head of a request to the end of its body.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(15);
const AUDIT_ROWS: u32 = 50;
const MAX_AUDIT_ROWS: u32 = 500;
/// As far as the slider goes, and further than any band is heard.
const MAX_METRES: f64 = 100.0;

type Shared = State<Arc<PageConfig>>;

pub(super) fn routes(config: Arc<PageConfig>, body_deadline: Duration) -> Router {
    let headers = Arc::new(headers(&config));
    assets::routes()
        .route("/config.json", get(configuration))
        .route("/l1.pem", get(l1))
        .route("/api/bands", get(bands))
        .route("/api/bands/{serial}/{action}", post(act))
        .route("/api/endpoint", get(endpoint).post(switch_endpoint))
        .route("/api/audit", get(audit))
        .route("/api/verify", post(verify))
        .layer(middleware::from_fn(move |request, next| {
            whole_body(body_deadline, request, next)
        }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(only_json_changes_state))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let headers = Arc::clone(&headers);
            async move {
                let mut response = next.run(request).await;
                response.headers_mut().extend((*headers).clone());
                response
            }
        }))
        .with_state(config)
}

/// What every answer carries: nothing but our own files and the WebAPI, no frames, no cache.
fn headers(config: &PageConfig) -> HeaderMap {
    let policy = config::content_security_policy(&config.webapi_url);
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let mut headers: HeaderMap = fixed
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers
}

/// A form on another site can post text, but JSON only after a preflight that nobody answers.
async fn only_json_changes_state(request: Request, next: Next) -> Response {
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
    if request.method() == Method::POST && !json {
        let message = "what changes something is posted as application/json";
        return Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message.into()).into_response();
    }
    next.run(request).await
}

/// Reads the body before anything acts: it is not too long, and it is there in time.
async fn whole_body(deadline: Duration, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let reading = Bytes::from_request(Request::from_parts(head.clone(), body), &());
    let refusal = match tokio::time::timeout(deadline, reading).await {
        Ok(Ok(body)) => return next.run(Request::from_parts(head, body.into())).await,
        Ok(Err(fault)) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body is longer than {MAX_BODY} bytes");
            Refusal(StatusCode::PAYLOAD_TOO_LARGE, message)
        }
        Ok(Err(fault)) => Refusal(fault.status(), fault.body_text()),
        Err(_) => {
            let message = format!("the body did not arrive within {deadline:?}");
            Refusal(StatusCode::REQUEST_TIMEOUT, message)
        }
    };
    refusal.into_response()
}

async fn configuration(State(config): Shared) -> Response {
    answer(&config::for_browser(&config))
}

async fn l1(State(config): Shared) -> Response {
    let media_type = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (media_type, config.l1_pem.clone()).into_response()
}

async fn bands(State(config): Shared) -> Result<Response, Refusal> {
    Ok(answer(&config.actions.bands().await?))
}

#[derive(Deserialize)]
struct Tap {
    method: TapMethod,
}

#[derive(Deserialize)]
struct Move {
    metres: f64,
}

async fn act(
    State(config): Shared,
    Path((serial, action)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let action = match action.as_str() {
        "tap" => BandAction::Tap(parse::<Tap>(&body)?.method),
        "move" => BandAction::Move(distance(parse::<Move>(&body)?.metres)?),
        "wear" => BandAction::Wear,
        "remove" => BandAction::Remove,
        "auth" => BandAction::Authenticate,
        _ => {
            let message = "a band can be tapped, moved, worn, removed or authenticated: tap, move, wear, remove, auth";
            return Err(Refusal(StatusCode::NOT_FOUND, message.into()));
        }
    };
    config.actions.act(&serial, action).await?;
    Ok(answer(&json!({})))
}

fn distance(metres: f64) -> Result<f64, Refusal> {
    if (0.0..=MAX_METRES).contains(&metres) {
        Ok(metres)
    } else {
        let message = format!("metres is a number from 0 to {MAX_METRES}, found {metres}");
        Err(Refusal(StatusCode::BAD_REQUEST, message))
    }
}

#[derive(Deserialize)]
struct Switch {
    running: bool,
}

async fn endpoint(State(config): Shared) -> Result<Response, Refusal> {
    let running = config.actions.endpoint_running().await?;
    Ok(answer(&json!({ "running": running })))
}

async fn switch_endpoint(State(config): Shared, body: Bytes) -> Result<Response, Refusal> {
    let Switch { running } = parse(&body)?;
    config.actions.set_endpoint_running(running).await?;
    Ok(answer(&json!({ "running": running })))
}

#[derive(Deserialize)]
struct Limit {
    limit: Option<u32>,
}

async fn audit(
    State(config): Shared,
    query: Result<Query<Limit>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Limit { limit }) =
        query.map_err(|error| Refusal(error.status(), error.body_text()))?;
    let limit = limit.unwrap_or(AUDIT_ROWS).min(MAX_AUDIT_ROWS);
    Ok(answer(&config.actions.audit(limit).await?))
}

#[derive(Deserialize)]
struct Evidence {
    token: String,
    document: String,
}

async fn verify(State(config): Shared, body: Bytes) -> Result<Response, Refusal> {
    let Evidence { token, document } = parse(&body)?;
    // That a signature is wrong is an answer, not a failure to answer.
    Ok(match config.verifier.verify(&token, document.as_bytes()) {
        Ok(signature) => answer(&json!({ "signature": signature })),
        Err(sentence) => answer(&json!({ "Message": sentence })),
    })
}

fn answer<T: Serialize + ?Sized>(value: &T) -> Response {
    axum::Json(value).into_response()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal(
            StatusCode::BAD_REQUEST,
            format!("the body does not fit: {error}"),
        )
    })
}

/// A status and the sentence that goes with it, as `{"Message":…}`.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "Message": self.1 }))).into_response()
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        let status = match error {
            ActionError::UnknownBand(_) => StatusCode::NOT_FOUND,
            ActionError::Refused(_) => StatusCode::CONFLICT,
            ActionError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self(status, error.to_string())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
