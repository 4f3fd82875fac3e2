//! The Enterprise Server's REST interface, typed: log in once, keep the token, renew it in time and
//! after a 401, and turn every failure into the status code that the caller reports.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nymi_core::message::{AssertIdentityAnswer, NesUrl, Status, UserStatusAnswer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::http::{HttpClient, HttpError, HttpReply};

mod reply;

/// How long a token is used before it is renewed: two thirds of its 30 minutes.
const TOKEN_AGE: Duration = Duration::from_secs(20 * 60);
/// How long one request may take unless the caller says otherwise.
const DEADLINE: Duration = Duration::from_secs(15);

/// Who logs in to NES.
#[derive(Clone)]
pub enum Credentials {
    /// A user (`DOMAIN\user`) or service account and its password.
    Basic {
        /// The account.
        user: String,
        /// Its password.
        password: Zeroizing<String>,
    },
    /// A token that someone else obtained; it cannot be renewed.
    Token(Zeroizing<String>),
}

/// A failure, as the status code that the caller reports.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct NesError {
    /// The code, of the 2000s or what NES said.
    pub status: Status,
    /// A sentence for `error_specifics`.
    pub message: String,
    /// Everything else in NES's refusal: `skew_ms`, `EventTypeID`, `outcome`, …
    pub detail: Map<String, Value>,
}

impl NesError {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            detail: Map::new(),
        }
    }

    /// `EventTypeID` of the refusal, where NES gave one.
    pub fn event_type_id(&self) -> Option<i64> {
        self.detail.get("EventTypeID")?.as_i64()
    }

    /// Whether NES answers but put this log-in off (HTTP 429), whoever's it is.
    pub fn is_busy(&self) -> bool {
        self.detail.contains_key(reply::BUSY)
    }
}

/// One row of `api/NymiBands`; absent columns are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(
    missing_docs,
    reason = "the columns of the guide, under their own names"
)]
pub struct BandRow {
    pub username: Option<String>,
    pub domain: Option<String>,
    #[serde(rename = "NymiBandID")]
    pub nymi_band_id: Option<String>,
    #[serde(rename = "NfcUID")]
    pub nfc_uid: Option<String>,
    pub serial_number: Option<String>,
    pub band_label: Option<String>,
    pub is_active: Option<Value>,
    pub is_primary: Option<Value>,
    pub firmware_version: Option<String>,
    pub hardware_version: Option<String>,
    pub identity_public_key: Option<String>,
}

/// The answer of `api/Certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CertificateReply {
    /// PEM, leaf first.
    pub chain: Vec<String>,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// RFC 3339.
    pub not_after: String,
}

/// The answer of POST `api/Enrollments`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EnrollmentReply {
    /// 32 hexadecimal digits.
    pub enrollment_id: String,
    /// PEM: NES agreement, L2, L1.
    pub chain: Vec<String>,
}

/// The answer of `SetTime`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SetTimeReply {
    /// The tag, 32 hexadecimal digits.
    pub set_time: String,
    /// How often the code changes, milliseconds.
    pub t_interval_ms: u32,
}

/// The service URL that a user's or administrator's text means: `https://host/nes` as it is, the
/// host alone (with or without `https://`) with the service's name added; http to loopback only.
///
/// # Errors
/// A [`NesError`] with [`Status::INVALID_FIELD`] that says what is wrong.
pub fn service_url(text: &str, service: &str) -> Result<String, NesError> {
    let base = text.trim_end_matches('/');
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    let full = if rest.contains('/') {
        base.to_owned()
    } else {
        format!("{base}/{service}")
    };
    full.parse::<NesUrl>()
        .map(|url| url.as_str().to_owned())
        .map_err(|error| {
            NesError::new(
                Status::INVALID_FIELD,
                format!("nes_url {text:?} is wrong: {error}"),
            )
        })
}

/// A session with one NES; cheap to clone, clones share the token.
#[derive(Clone)]
pub struct NesClient {
    shared: Arc<Shared>,
    deadline: Duration,
}

struct Shared {
    url: String,
    http: HttpClient,
    credentials: Credentials,
    token: Mutex<Option<Token>>,
}

struct Token {
    value: Arc<Zeroizing<String>>,
    since: Instant,
}

impl NesClient {
    /// A client of the service at `nes_url` (see [`service_url`]). Nothing is sent yet.
    ///
    /// # Errors
    /// If the URL cannot be used.
    pub fn new(
        nes_url: &str,
        http: HttpClient,
        credentials: Credentials,
    ) -> Result<Self, NesError> {
        let url = service_url(nes_url, "nes")?;
        let token = Mutex::new(None);
        Ok(Self {
            shared: Arc::new(Shared {
                url,
                http,
                credentials,
                token,
            }),
            deadline: DEADLINE,
        })
    }

    /// The same session with another limit for each request.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The service URL, ending in the service's name.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Logs in now, whether or not a token is at hand.
    ///
    /// # Errors
    /// [`Status::NES_CREDENTIALS`] if NES refuses them; the other 2000s if it cannot be asked.
    pub async fn login(&self) -> Result<(), NesError> {
        let mut token = self.shared.token.lock().await;
        *token = Some(self.fresh_token().await?);
        Ok(())
    }

    /// Whether NES accepts another user name and password; this session stays as it is.
    ///
    /// # Errors
    /// [`Status::NES_CREDENTIALS`] if NES refuses them; the other 2000s if it cannot be asked.
    pub async fn check_login(&self, user: &str, password: &str) -> Result<(), NesError> {
        self.basic_login(user, password).await.map(drop)
    }

    /// A NEA certificate for a PKCS#10 request in PEM.
    ///
    /// # Errors
    /// As for every request: a [`NesError`] with the code to report.
    pub async fn certificates(
        &self,
        csr_pem: &str,
        nea_name: &str,
    ) -> Result<CertificateReply, NesError> {
        let body = serde_json::json!({"csr": csr_pem, "nea_name": nea_name});
        self.ask(Method::POST, "api/Certificates", Some(&body))
            .await
    }

    /// The bands that match all given columns.
    ///
    /// # Errors
    /// As for every request.
    pub async fn bands(&self, query: &[(&str, &str)]) -> Result<Vec<BandRow>, NesError> {
        self.ask(
            Method::GET,
            &reply::with_query("api/NymiBands", query),
            None,
        )
        .await
    }

    /// [`NesClient::bands`] as NES wrote them: an array of objects.
    ///
    /// # Errors
    /// As for every request.
    pub async fn band_objects(
        &self,
        query: &[(&str, &str)],
    ) -> Result<Vec<Map<String, Value>>, NesError> {
        self.ask(
            Method::GET,
            &reply::with_query("api/NymiBands", query),
            None,
        )
        .await
    }

    /// `api/Pac/verify` with the body of nes.md.
    ///
    /// # Errors
    /// As for every request; a refused frame carries its status and `skew_ms`.
    pub async fn pac_verify(&self, body: &Value) -> Result<Map<String, Value>, NesError> {
        self.ask(Method::POST, "api/Pac/verify", Some(body)).await
    }

    /// `api/Assertions` with the body of nes.md. Never repeated by itself after it reached NES.
    ///
    /// # Errors
    /// As for every request; a refused frame carries its status and `skew_ms`.
    pub async fn assertions(&self, body: &Value) -> Result<AssertIdentityAnswer, NesError> {
        self.ask(Method::POST, "api/Assertions", Some(body)).await
    }

    /// Opens an enrollment for the user of this session.
    ///
    /// # Errors
    /// As for every request.
    pub async fn begin_enrollment(&self, body: &Value) -> Result<EnrollmentReply, NesError> {
        self.ask(Method::POST, "api/Enrollments", Some(body)).await
    }

    /// Completes an enrollment with the band's answer and columns.
    ///
    /// # Errors
    /// As for every request.
    pub async fn finish_enrollment(&self, id: &str, body: &Value) -> Result<Value, NesError> {
        let path = format!("api/Enrollments/{}", reply::segment(id));
        self.ask(Method::PUT, &path, Some(body)).await
    }

    /// Permission to set a band's clock to `t_set_ms`.
    ///
    /// # Errors
    /// As for every request; [`Status::TERMINAL_CLOCK`] if NES's clock is too far from it.
    pub async fn set_time(&self, band: &str, t_set_ms: u64) -> Result<SetTimeReply, NesError> {
        let path = format!("api/NymiBands/{}/SetTime", reply::segment(band));
        self.ask(
            Method::POST,
            &path,
            Some(&serde_json::json!({"t_set_ms": t_set_ms})),
        )
        .await
    }

    /// Reports an enrollment event with its columns.
    ///
    /// # Errors
    /// As for every request.
    pub async fn enrollment_event(&self, body: &Value) -> Result<Value, NesError> {
        self.ask(Method::POST, "api/EnrollmentEvents", Some(body))
            .await
    }

    /// The directory's status of a user.
    ///
    /// # Errors
    /// As for every request.
    pub async fn user_status(
        &self,
        domain: &str,
        username: &str,
    ) -> Result<UserStatusAnswer, NesError> {
        let (domain, username) = (reply::segment(domain), reply::segment(username));
        self.ask(
            Method::GET,
            &format!("api/UserStatus/{domain}/{username}"),
            None,
        )
        .await
    }

    /// Any route under the service: the JSON answer of a request with this session's token.
    ///
    /// # Errors
    /// As for every request.
    pub async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, NesError> {
        let url = format!("{}/{path}", self.shared.url);
        let token = self.token(None).await?;
        let mut reply = self.send(&method, &url, &token, body).await?;
        if reply.status == StatusCode::UNAUTHORIZED && self.can_renew() {
            // NES restarted or revoked it; the request itself was not carried out.
            let token = self.token(Some(&token)).await?;
            reply = self.send(&method, &url, &token, body).await?;
        }
        reply::read(&url, &reply)
    }

    async fn send(
        &self,
        method: &Method,
        url: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<HttpReply, NesError> {
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let http = &self.shared.http;
        let sent = http
            .request(method.clone(), url, Some(&bearer), body, self.deadline)
            .await;
        sent.map_err(NesError::from)
    }

    fn can_renew(&self) -> bool {
        matches!(self.shared.credentials, Credentials::Basic { .. })
    }

    /// The present token, or a new one if it is old or is `refused`.
    async fn token(&self, refused: Option<&str>) -> Result<Arc<Zeroizing<String>>, NesError> {
        let mut token = self.shared.token.lock().await;
        if let Some(kept) = token.as_ref() {
            let usable = refused.is_none_or(|refused| refused != kept.value.as_str());
            if usable && (kept.since.elapsed() < TOKEN_AGE || !self.can_renew()) {
                return Ok(Arc::clone(&kept.value));
            }
        }
        let fresh = self.fresh_token().await?;
        let value = Arc::clone(&fresh.value);
        *token = Some(fresh);
        Ok(value)
    }

    async fn fresh_token(&self) -> Result<Token, NesError> {
        let value = match &self.shared.credentials {
            Credentials::Token(token) => token.clone(),
            Credentials::Basic { user, password } => self.basic_login(user, password).await?,
        };
        Ok(Token {
            value: Arc::new(value),
            since: Instant::now(),
        })
    }

    async fn basic_login(&self, user: &str, password: &str) -> Result<Zeroizing<String>, NesError> {
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let url = format!("{}/api/BasicLoginWithToken", self.shared.url);
        let http = &self.shared.http;
        let reply = http
            .request(Method::GET, &url, Some(&basic), None, self.deadline)
            .await?;
        reply::token(&url, user, &reply)
    }
}

impl From<HttpError> for NesError {
    fn from(error: HttpError) -> Self {
        let status = match &error {
            HttpError::Url { .. } => Status::INVALID_FIELD,
            HttpError::Unreachable { .. } | HttpError::NoTls { .. } => Status::NES_UNREACHABLE,
            HttpError::Tls { .. } => Status::NES_TLS,
            HttpError::Timeout { .. } => Status::NES_TIMEOUT,
            HttpError::Body { .. } => Status::NES_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}
