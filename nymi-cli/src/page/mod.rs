//! The page that `nymi up` serves: live presence, virtual bands to move and tap, a record to sign,
//! the signature with how it was verified, and the audit trail.
//!
//! The browser does the signing itself. It opens the WebAPI, another origin, and speaks the same
//! envelope as any web application: `subscribe_endpoint`, `lookup`, `assert_identity`. This router
//! only serves the files, and stands in for what a browser has no protocol for:
//!
//! | route | stands in for |
//! | --- | --- |
//! | `GET /config.json` | where the WebAPI is, and what each status code means |
//! | `GET /l1.pem` | the enterprise's root certificate, to verify with elsewhere |
//! | `GET /api/bands`, `POST /api/bands/{serial}/{tap,move,wear,remove,auth}` | the wrist |
//! | `GET`/`POST /api/endpoint` | the endpoint's power switch |
//! | `GET /api/audit?limit=` | an auditor at the server's audit trail |
//! | `POST /api/verify` | a third party who has nothing but L1, the token and the document |
//!
//! What acts is behind [`Actions`], what verifies behind [`Verifier`], so that the page is tested
//! without a system and a system without the page.

mod api;
mod assets;
mod config;

use std::sync::Arc;

use async_trait::async_trait;
use nymi_core::UnixMillis;
use serde::{Deserialize, Serialize};

/// What the page needs to know, and who acts for it.
#[derive(Clone)]
pub struct PageConfig {
    /// The WebAPI's address as browsers reach it: `ws://127.0.0.1:8080/`.
    pub webapi_url: String,
    /// The server's address, which assertions carry as `iss`.
    pub nes_url: String,
    /// The enterprise whose L1 everything leads to.
    pub enterprise: String,
    /// SHA-256 of L1's DER.
    pub l1_fingerprint: [u8; 32],
    /// L1 in PEM, to take along with a signature.
    pub l1_pem: String,
    /// The grade of the enterprise's certificates, `bronze` or `gold`.
    pub grade: String,
    /// What the page subscribes to: an endpoint's id or address.
    pub endpoint: String,
    /// Where the virtual bands are controlled: `host:port`.
    pub nymulator: String,
    /// Who acts.
    pub actions: Arc<dyn Actions>,
    /// Who verifies signatures.
    pub verifier: Arc<dyn Verifier>,
}

/// What a person can do on the page, and what an auditor can see.
#[async_trait]
pub trait Actions: Send + Sync + 'static {
    /// The virtual bands, in a stable order.
    async fn bands(&self) -> Result<Vec<BandState>, ActionError>;
    /// Does something to the band with this serial number.
    async fn act(&self, serial_number: &str, action: BandAction) -> Result<(), ActionError>;
    /// Whether the endpoint runs.
    async fn endpoint_running(&self) -> Result<bool, ActionError>;
    /// Starts or stops the endpoint; nothing happens if it is so already.
    async fn set_endpoint_running(&self, running: bool) -> Result<(), ActionError>;
    /// The newest rows of the audit trail, newest first, at most `limit`.
    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, ActionError>;
}

/// Verifies a signature offline, against L1 alone.
pub trait Verifier: Send + Sync + 'static {
    /// The signed facts, or a sentence that says what is wrong.
    fn verify(&self, token: &str, document: &[u8]) -> Result<Signature, String>;
}

/// What happens to a virtual band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BandAction {
    /// Tapped: held to the adapter, or laid on the reader.
    Tap(TapMethod),
    /// Moved to this many metres from the adapter.
    Move(f64),
    /// Put on a wrist.
    Wear,
    /// Taken off.
    Remove,
    /// Authenticated by its wearer.
    Authenticate,
}

/// How a band is tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TapMethod {
    /// Held close to the Bluetooth adapter.
    Ble,
    /// Laid on an NFC reader.
    Nfc,
}

/// A virtual band as the simulator knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BandState {
    /// The serial number on its casing.
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
    /// The address of its enrollment, if it is enrolled.
    #[serde(rename = "NymiBandID")]
    pub band_id: Option<String>,
    /// The user it is enrolled for.
    #[serde(rename = "Username")]
    pub username: Option<String>,
    /// The user's domain.
    #[serde(rename = "Domain")]
    pub domain: Option<String>,
    /// Metres from the adapter.
    pub metres: f64,
    /// On a wrist.
    pub worn: bool,
    /// Its wearer authenticated and has not taken it off since.
    pub authenticated: bool,
}

/// A row of the audit trail, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its number; later rows have higher ones.
    pub id: i64,
    /// When it was written.
    pub at: UnixMillis,
    /// The server's event number.
    #[serde(rename = "EventTypeID")]
    pub event_type_id: u32,
    /// What that number means, in a few words.
    pub event: String,
    /// `DOMAIN\user`.
    pub user: Option<String>,
    /// The band it is about.
    #[serde(rename = "NymiBandID")]
    pub band_id: Option<String>,
    /// The endpoint that heard the band.
    pub endpoint: Option<String>,
    /// Anything more, in a few words: outcome, counter, document hash.
    pub detail: Option<String>,
}

/// The facts of a signature that verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// The verified claims, by the names that the assertion gives them.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Who issued it: the subject of the leaf certificate.
    pub leaf: String,
    /// The subject of L2.
    pub l2: String,
    /// SHA-256 of the pinned L1, lower-case hex.
    pub l1_fingerprint: String,
    /// `gold` or `bronze`.
    pub grade: String,
}

/// Why an action was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// No band has that serial number.
    #[error("there is no virtual band with the serial number {0}; reload the page")]
    UnknownBand(String),
    /// The band or endpoint refused.
    #[error("{0}")]
    Refused(String),
    /// What should act does not answer.
    #[error("{0}; is nymi up still running?")]
    Unavailable(String),
}

/// The page's routes. Serve them behind the guard of `nymi-net`, on loopback.
pub fn router(config: PageConfig) -> axum::Router {
    api::routes(Arc::new(config), api::BODY_DEADLINE)
}
