use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nymi_core::message::Status;
use serde_json::{Map, Value};

use crate::store::StoreError;

/// An answer that is no success: `{"Message":…}` and what helps the caller.
#[derive(Debug)]
pub(crate) struct Refusal {
    http: StatusCode,
    message: String,
    fields: Map<String, Value>,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// With a message alone.
    pub(crate) fn new(http: StatusCode, message: impl Into<String>) -> Self {
        Self {
            http,
            message: message.into(),
            fields: Map::new(),
            retry_after_s: None,
        }
    }

    /// With the status code that the caller reports.
    pub(crate) fn status(http: StatusCode, status: Status, message: impl Into<String>) -> Self {
        Self::new(http, message).with("Status", status.code())
    }

    /// 400 with status 1003.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::status(StatusCode::BAD_REQUEST, Status::INVALID_FIELD, message)
    }

    /// 403 with status 2003.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::status(StatusCode::FORBIDDEN, Status::NES_FORBIDDEN, message)
    }

    /// 404 with status 2201.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::status(StatusCode::NOT_FOUND, Status::NOT_FOUND, message)
    }

    /// 401: no token, or one that is not valid.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::status(StatusCode::UNAUTHORIZED, Status::NES_CREDENTIALS, message)
    }

    /// 503 with status 8000: no usable enterprise certificates.
    pub(crate) fn certificates(message: impl Into<String>) -> Self {
        Self::status(
            StatusCode::SERVICE_UNAVAILABLE,
            Status::CERTIFICATES,
            message,
        )
    }

    /// An enrollment failure: the message is the JSON of code and description.
    pub(crate) fn enrollment(http: StatusCode, response_code: u8, description: &str) -> Self {
        let description = Value::from(description);
        let message = format!(r#"{{"ResponseCode":{response_code},"Description":{description}}}"#);
        Self::new(http, message).with("EventTypeID", response_code)
    }

    /// The same with one more field in the body.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The same with a Retry-After header.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        // The log has what the administrator needs; the caller learns nothing of the inside.
        tracing::error!(%error, "a request failed");
        Self::status(
            StatusCode::INTERNAL_SERVER_ERROR,
            Status::NES_SERVER_ERROR,
            "The server met an internal error; its log has the cause.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("Message".into(), self.message.into());
        body.extend(self.fields);
        let mut response = (self.http, Json(body)).into_response();
        if self.http == StatusCode::UNAUTHORIZED {
            let challenge =
                HeaderValue::from_static("Bearer, Basic realm=\"NES\", charset=\"UTF-8\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
