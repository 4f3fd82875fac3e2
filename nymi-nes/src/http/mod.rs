//! The REST interface under `/{service}/`. The service's name is matched without regard to case.

mod bands;
mod certificates;
mod enrollments;
mod import;
mod login;
mod pac;
mod policies;
mod principal;
mod refusal;
mod search;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use nymi_core::message::Status;
use tower::ServiceExt;

pub(crate) use principal::{Kind, Principal};
pub(crate) use refusal::Refusal;

use crate::nes::Nes;

/// The largest body, where a route does not say otherwise.
const MAX_BODY: usize = 1024 * 1024;
/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Everything that this server answers.
pub(crate) fn router(nes: Arc<Nes>) -> Router {
    let service = Router::new()
        .route("/openapi.json", get(openapi))
        .route("/api/BasicLoginWithToken", get(login::basic))
        .route("/api/Certificates", post(certificates::issue))
        .route("/api/Enrollments", post(enrollments::begin))
        .route("/api/Enrollments/{id}", put(enrollments::finish))
        .route("/api/EnrollmentEvents", post(enrollments::event))
        .route("/api/NymiBands", get(users::bands))
        .route(
            "/api/NymiBands/{id}",
            get(users::band)
                .put(bands::put_band)
                .delete(bands::disconnect),
        )
        .route("/api/NymiBands/{id}/SetTime", post(enrollments::set_time))
        .route("/api/UserCores", get(users::user_cores))
        .route("/api/UserCores/{domain}/{username}", get(users::user_core))
        .route(
            "/api/UserStatus/{domain}/{username}",
            get(users::user_status),
        )
        .route("/api/Pac/verify", post(pac::verify))
        .route("/api/Assertions", post(pac::assertion))
        .route("/api/Import", post(import::seos))
        .route("/api/Search", get(search::search))
        .merge(policies::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::clone(&nes));
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .fallback(move |State(nes): State<Arc<Nes>>, request: Request| {
            let service = service.clone();
            async move { dispatch(&nes, service, request).await }
        })
        .layer(middleware::from_fn(finish))
        .with_state(nes)
}

/// The URI as the client wrote it.
#[derive(Clone)]
struct OriginalUri(Uri);

/// Hands a request whose first segment is the service's name to the service, without it.
async fn dispatch(nes: &Nes, service: Router, mut request: Request) -> Response {
    let original = request.uri().clone();
    let path = original.path().trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    request
        .extensions_mut()
        .insert(OriginalUri(original.clone()));
    if !first.eq_ignore_ascii_case(&nes.service) {
        return unknown_answer(nes, &request);
    }
    let rest = rest.trim_end_matches('/');
    let query = original
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    match format!("/{rest}{query}").parse::<Uri>() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return unknown_answer(nes, &request),
    }
    match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Deadline, and the headers that every answer carries.
async fn finish(request: Request, next: Next) -> Response {
    let mut response = match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::status(
            StatusCode::GATEWAY_TIMEOUT,
            Status::NES_TIMEOUT,
            "the request took longer than 15 s and was given up",
        )
        .into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn unknown_answer(nes: &Nes, request: &Request) -> Response {
    let uri = request
        .extensions()
        .get::<OriginalUri>()
        .map_or(request.uri(), |uri| &uri.0);
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = if nes.tls { "https" } else { "http" };
    let host = host
        .or(uri.authority().map(|authority| authority.as_str()))
        .unwrap_or("localhost");
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Refusal::new(
        StatusCode::NOT_FOUND,
        format!(
            "No HTTP resource was found that matches the request URI '{scheme}://{host}{path}'."
        ),
    )
    .into_response()
}

async fn unknown(State(nes): State<Arc<Nes>>, request: Request) -> Response {
    unknown_answer(&nes, &request)
}

async fn wrong_method(method: Method) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("The requested resource does not support http method '{method}'."),
    )
}

/// Ready: the database answers and there are certificates to work with.
async fn ready(State(nes): State<Arc<Nes>>) -> Result<&'static str, Refusal> {
    drop(nes.store.read().await?);
    match nes.pki.enterprise() {
        Some(_) => Ok("ready"),
        None => Err(Refusal::certificates(nes.pki.why_none())),
    }
}

async fn openapi(State(nes): State<Arc<Nes>>) -> Response {
    let text = include_str!("openapi.json").replace("{{service_url}}", nes.url());
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// A body of bounded size, read whole.
pub(crate) struct Body(axum::body::Bytes);

impl Body {
    /// The value in it.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.0)
            .map_err(|error| Refusal::invalid(format!("the body is not valid: {error}")))
    }
}

impl std::ops::Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Body {
    /// Reads a body of at most `max` bytes.
    pub(crate) async fn read(mut request: Request, max: usize) -> Result<Self, Refusal> {
        DefaultBodyLimit::max(max).apply(&mut request);
        match axum::body::Bytes::from_request(request, &()).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Refusal::status(
                StatusCode::PAYLOAD_TOO_LARGE,
                Status::TOO_LARGE,
                format!("the body is larger than {} MiB", max / (1024 * 1024)),
            )),
            Err(error) => Err(Refusal::invalid(error.body_text())),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        Self::read(request, MAX_BODY).await
    }
}
