//! audit.Events: what happened, under the guide's EventTypeIDs.

use nymi_core::enrollment::EventType;
use nymi_core::presence::TSet;
use nymi_core::presence::tune::Arrival;
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
    /// Of a verified frame, the setting of the clock that it counts from and its interval.
    pub(crate) setting: Option<(TSet, u32)>,
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
        let (t_set, t_interval_ms) = v.setting.unzip();
        let t_set = t_set.map(|t_set| i64::try_from(t_set.ms())).transpose();
        let t_set = t_set.map_err(|_| StoreError::Corrupt("TSet"))?;
        sqlx::query(
            r#"INSERT INTO "audit.Verification" ("EventID", "NymiBandID", "Agent", "Endpoint", "Method", "Outcome",
                "Status", "Counter", "SkewMs", "Azp", "Jti", "TokenHash", "DocumentSha256", "IntentID", "Meaning",
                "TSet", "TInterval")
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"#,
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
        .bind(t_set)
        .bind(t_interval_ms)
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

#[derive(FromRow)]
#[sqlx(rename_all = "PascalCase")]
struct Arrived {
    created_at: String,
    #[sqlx(rename = "NymiBandID")]
    nymi_band_id: String,
    t_set: i64,
    t_interval: u32,
    counter: u32,
}

impl Arrived {
    fn arrival(self) -> Option<Arrival> {
        Some(Arrival {
            band: self.nymi_band_id.parse().ok()?,
            t_set: TSet::new(u64::try_from(self.t_set).ok()?)?,
            t_interval_ms: self.t_interval,
            counter: self.counter,
            at: self.created_at.parse().ok()?,
        })
    }
}

/// How many events there are of a user with this band.
pub(crate) async fn count_of(
    connection: &mut SqliteConnection,
    user: i64,
    serial: &str,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        r#"SELECT COUNT(*) FROM "audit.Events" WHERE "UserCoreID" = $1 AND "HardwareID" = $2"#,
    )
    .bind(user)
    .bind(serial)
    .fetch_one(connection)
    .await?)
}

impl Store {
    /// The newest verified frames since a moment, oldest first.
    pub(crate) async fn arrivals(
        &self,
        since: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Arrival>, StoreError> {
        let rows: Vec<Arrived> = sqlx::query_as(
            r#"SELECT e."CreatedAt", v."NymiBandID", v."TSet", v."TInterval", v."Counter"
            FROM "audit.Events" e JOIN "audit.Verification" v ON v."EventID" = e."ID"
            WHERE e."CreatedAt" >= $1 AND v."TSet" IS NOT NULL
            ORDER BY e."ID" DESC LIMIT $2"#,
        )
        .bind(since.to_string())
        .bind(limit)
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter()
            .rev()
            .map(|row| {
                row.arrival()
                    .ok_or(StoreError::Corrupt("audit.Verification"))
            })
            .collect()
    }

    /// The newest events, newest first.
    pub(crate) async fn newest_events(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        newest(&mut *self.read().await?, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Sealer;

    #[tokio::test]
    async fn of_too_many_arrivals_the_newest_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = Sealer::open(&folder.path().join("key")).unwrap();
        let store = Store::open(&folder.path().join("db"), sealer)
            .await
            .unwrap();
        for at in [1_000, 2_000, 3_000] {
            let mut write = store.begin(UnixMillis(at)).await.unwrap();
            let verification = Verification {
                band: Some(BandId::new([0xc0, 0, 0, 0, 0, 1])),
                counter: Some(7),
                setting: TSet::new(500).map(|t_set| (t_set, 250)),
                ..Verification::default()
            };
            let event = Event {
                event_type_id: 13,
                verification: Some(verification),
                ..Event::default()
            };
            write.event(&event).await.unwrap();
            write.commit().await.unwrap();
        }
        let times = async |since, limit| -> Vec<i64> {
            let found = store.arrivals(UnixMillis(since), limit).await.unwrap();
            found.iter().map(|arrival| arrival.at.0).collect()
        };
        assert_eq!(times(0, 3).await, [1_000, 2_000, 3_000]);
        assert_eq!(times(0, 2).await, [2_000, 3_000]);
        assert_eq!(times(2_001, 3).await, [3_000]);
    }
}
