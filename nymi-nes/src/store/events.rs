//! audit.Events: what happened, under the guide's EventTypeIDs.

use nymi_core::enrollment::EventType;
use nymi_core::{BandId, UnixMillis};
use sqlx::{FromRow, SqliteConnection};

use super::audit::Table;
use super::{Store, StoreError, Write};
use crate::admin::AuditRow;

/// One event to write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) event_type_id: u8,
    pub(crate) user_core_id: Option<i64>,
    pub(crate) username: Option<String>,
    pub(crate) initial_tap: Option<String>,
    pub(crate) confirm_tap: Option<String>,
    pub(crate) modified_by: String,
    pub(crate) disconnect_user_core_id: Option<i64>,
    pub(crate) hardware_id: Option<String>,
    /// What the guide's columns have no room for.
    pub(crate) verification: Option<Verification>,
}

/// What is kept with an event of presence verification, and of an enrollment the band.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verification {
    pub(crate) band: Option<BandId>,
    /// Who reported the frame, or who enrolled.
    pub(crate) agent: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) method: Option<&'static str>,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) status: u32,
    pub(crate) counter: Option<u32>,
    pub(crate) skew_ms: Option<i64>,
    pub(crate) azp: Option<String>,
    pub(crate) jti: Option<[u8; 16]>,
    pub(crate) token_hash: Option<[u8; 32]>,
    pub(crate) document_sha256: Option<[u8; 32]>,
    pub(crate) intent_id: Option<[u8; 16]>,
    pub(crate) meaning: Option<String>,
}

impl Write<'_> {
    /// Writes an event and its link.
    pub(crate) async fn event(&mut self, event: &Event) -> Result<(), StoreError> {
        let id = sqlx::query(
            r#"INSERT INTO "audit.Events" ("EventTypeID", "UserCoreID", "Username", "InitialTapNymiBandId",
                "ConfirmTapNymiBandId", "CreatedAt", "ModifiedAt", "ModifiedBy", "DisconnectUserCoreId", "HardwareID")
            VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)"#,
        )
        .bind(event.event_type_id)
        .bind(event.user_core_id)
        .bind(&event.username)
        .bind(&event.initial_tap)
        .bind(&event.confirm_tap)
        .bind(self.stamp())
        .bind(&event.modified_by)
        .bind(event.disconnect_user_core_id)
        .bind(&event.hardware_id)
        .execute(self.sql())
        .await?
        .last_insert_rowid();
        if let Some(verification) = &event.verification {
            self.verification(id, verification).await?;
        }
        self.link(Table::Events, id).await
    }

    async fn verification(&mut self, event: i64, v: &Verification) -> Result<(), StoreError> {
        sqlx::query(
            r#"INSERT INTO "audit.Verification" ("EventID", "NymiBandID", "Agent", "Endpoint", "Method", "Outcome",
                "Status", "Counter", "SkewMs", "Azp", "Jti", "TokenHash", "DocumentSha256", "IntentID", "Meaning")
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"#,
        )
        .bind(event)
        .bind(v.band.map(|band| band.to_string()))
        .bind(&v.agent)
        .bind(&v.endpoint)
        .bind(v.method)
        .bind(v.outcome)
        .bind(v.status)
        .bind(v.counter)
        .bind(v.skew_ms)
        .bind(&v.azp)
        .bind(v.jti.as_ref().map(<[u8; 16]>::as_slice))
        .bind(v.token_hash.as_ref().map(<[u8; 32]>::as_slice))
        .bind(v.document_sha256.as_ref().map(<[u8; 32]>::as_slice))
        .bind(v.intent_id.as_ref().map(<[u8; 16]>::as_slice))
        .bind(&v.meaning)
        .execute(self.sql())
        .await?;
        Ok(())
    }
}

#[derive(FromRow)]
#[sqlx(rename_all = "PascalCase")]
struct Shown {
    #[sqlx(rename = "ID")]
    id: i64,
    created_at: String,
    #[sqlx(rename = "EventTypeID")]
    event_type_id: u8,
    username: Option<String>,
    #[sqlx(rename = "NymiBandID")]
    nymi_band_id: Option<String>,
    agent: Option<String>,
    endpoint: Option<String>,
    method: Option<String>,
    outcome: Option<String>,
    status: Option<u32>,
    counter: Option<u32>,
    skew_ms: Option<i64>,
    azp: Option<String>,
    jti: Option<Vec<u8>>,
    document_sha256: Option<Vec<u8>>,
    meaning: Option<String>,
    #[sqlx(rename = "HardwareID")]
    hardware_id: Option<String>,
}

impl Shown {
    fn row(self) -> AuditRow {
        let jti = self.jti.and_then(|jti| uuid::Uuid::from_slice(&jti).ok());
        AuditRow {
            id: self.id,
            created_at: self.created_at.parse().unwrap_or(UnixMillis(0)),
            event_type_id: self.event_type_id,
            event: EventType::from_id(self.event_type_id).map_or("Unknown event", EventType::text),
            username: self.username,
            band: self.nymi_band_id.and_then(|band| band.parse().ok()),
            agent: self.agent,
            endpoint: self.endpoint,
            method: self.method,
            outcome: self.outcome,
            status: self.status,
            counter: self.counter,
            skew_ms: self.skew_ms,
            azp: self.azp,
            jti: jti.map(|jti| jti.to_string()),
            document_sha256: self.document_sha256.map(hex::encode),
            meaning: self.meaning,
            serial_number: self.hardware_id,
        }
    }
}

async fn newest(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows: Vec<Shown> = sqlx::query_as(
        r#"SELECT e."ID", e."CreatedAt", e."EventTypeID", e."Username", v."NymiBandID", v."Agent", v."Endpoint",
            v."Method", v."Outcome", v."Status", v."Counter", v."SkewMs", v."Azp", v."Jti", v."DocumentSha256",
            v."Meaning", e."HardwareID"
        FROM "audit.Events" e LEFT JOIN "audit.Verification" v ON v."EventID" = e."ID"
        ORDER BY e."ID" DESC LIMIT $1"#,
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Shown::row).collect())
}

impl Store {
    /// The newest events, newest first.
    pub(crate) async fn newest_events(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        newest(&mut *self.read().await?, limit).await
    }
}
