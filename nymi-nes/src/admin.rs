//! Administration in process: what the command line, `nymi up` and tests do without HTTP.

use nymi_core::{BandId, UnixMillis};

/// Administers one open data directory. Cheap to clone.
#[derive(Clone)]
pub struct Admin {}

/// What a service account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// A Nymi Agent: reports frames of these endpoints; `*` stands for any.
    Agent {
        /// Endpoint ids, or `*`.
        endpoints: Vec<String>,
    },
    /// An enrollment terminal: its certificates carry the roles nea and nba.
    EnrollmentTerminal,
}

/// Why an administrative action failed: a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AdminError(pub String);

/// One row of the audit trail, for showing.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuditRow {
    /// The row's number in audit.Events.
    #[serde(rename = "ID")]
    pub id: i64,
    /// When.
    pub created_at: UnixMillis,
    /// What, as the number of guide 000, audit.Events.
    #[serde(rename = "EventTypeID")]
    pub event_type_id: u8,
    /// What, in words.
    pub event: &'static str,
    /// Whose band, or who logged in.
    pub username: Option<String>,
    /// The band.
    #[serde(rename = "NymiBandID")]
    pub band: Option<BandId>,
    /// Who reported the frame.
    pub agent: Option<String>,
    /// Who heard it.
    pub endpoint: Option<String>,
    /// `ble` or `nfc+ble`.
    pub method: Option<String>,
    /// The outcome of presence verification: `verified`, `replayed`, …
    pub outcome: Option<String>,
    /// The status answered, 0 for success.
    pub status: Option<u32>,
    /// The frame's counter.
    pub counter: Option<u32>,
    /// The assertion's jti, if one was issued.
    pub jti: Option<String>,
    /// The document signed, lower-case hex.
    pub document_sha256: Option<String>,
}

impl Admin {
    /// Makes an evaluation enterprise: bronze L1 and L2, and the leaves under it. Refused where an
    /// enterprise exists, or where the server accepts gold only.
    pub async fn create_evaluation_enterprise(&self, name: &str) -> Result<(), AdminError> {
        let _ = name;
        todo!()
    }

    /// Takes over the vendor's `fullchain.p12`: L1, L2 and the L2 private key.
    pub async fn import_fullchain(&self, p12: &[u8], password: &str) -> Result<(), AdminError> {
        let _ = (p12, password);
        todo!()
    }

    /// The enterprise's L1 in PEM; none before there is an enterprise.
    pub fn l1_pem(&self) -> Option<String> {
        todo!()
    }

    /// Creates a built-in user; refused if the name is taken.
    pub async fn create_user(
        &self,
        domain: &str,
        username: &str,
        password: &str,
    ) -> Result<(), AdminError> {
        let _ = (domain, username, password);
        todo!()
    }

    /// Creates a built-in user who administers the server.
    pub async fn create_administrator(
        &self,
        domain: &str,
        username: &str,
        password: &str,
    ) -> Result<(), AdminError> {
        let _ = (domain, username, password);
        todo!()
    }

    /// Creates an account for a program. It logs in with this name, without a domain.
    pub async fn create_service_account(
        &self,
        name: &str,
        password: &str,
        kind: ServiceKind,
    ) -> Result<(), AdminError> {
        let _ = (name, password, kind);
        todo!()
    }

    /// Suspends (false) or restores (true) a band.
    pub async fn set_band_active(&self, band: BandId, active: bool) -> Result<(), AdminError> {
        let _ = (band, active);
        todo!()
    }

    /// The newest audit events, newest first.
    pub async fn audit_rows(&self, limit: u32) -> Result<Vec<AuditRow>, AdminError> {
        let _ = limit;
        todo!()
    }

    /// Checks the hash chain over all audit rows; the error names the first row that was edited,
    /// removed or reordered. Returns how many rows were checked.
    pub async fn verify_audit(&self) -> Result<u64, AdminError> {
        todo!()
    }
}
