//! Keys and verification state of presence, and spent gestures.

use nymi_core::presence::agreement::AdvKeys;
use nymi_core::presence::{AdvKey, Best, Last, TSet, VerificationState};
use nymi_core::{BandId, UnixMillis};
use sqlx::{FromRow, SqliteConnection};

use super::{StoreError, Write};
use crate::keys::{Place, Sealer};

/// The state of one (band, T_set).
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) t_set: TSet,
    pub(crate) t_interval_ms: u32,
    /// Counts the changes: an update names the one that it read.
    generation: i64,
    pub(crate) state: VerificationState,
}

/// Settings of the clock that may wait for their first frame at the same time.
const MAX_PENDING: i64 = 3;

#[derive(FromRow)]
#[sqlx(rename_all = "PascalCase")]
struct StateRow {
    t_set: i64,
    t_interval: u32,
    generation: i64,
    best_skew_ms: Option<i64>,
    best_at: Option<i64>,
    last_counter: Option<u32>,
    last_agent: Option<String>,
    last_endpoint: Option<String>,
}

impl StateRow {
    fn setting(self) -> Option<Setting> {
        let best = self
            .best_skew_ms
            .zip(self.best_at)
            .map(|(skew_ms, at)| Best {
                skew_ms,
                at: UnixMillis(at),
            });
        let last = match (self.last_counter, self.last_agent, self.last_endpoint) {
            (Some(counter), Some(agent), Some(endpoint)) => Some(Last {
                counter,
                agent,
                endpoint,
            }),
            _ => None,
        };
        Some(Setting {
            t_set: TSet::new(u64::try_from(self.t_set).ok()?)?,
            t_interval_ms: self.t_interval,
            generation: self.generation,
            state: VerificationState { best, last },
        })
    }
}

/// The settings of a band's clock that frames may be under, the latest first.
pub(crate) async fn settings(
    connection: &mut SqliteConnection,
    band: i64,
) -> Result<Vec<Setting>, StoreError> {
    let rows: Vec<StateRow> = sqlx::query_as(
        r#"SELECT * FROM "nub.PresenceState" WHERE "NymiBandId" = $1 ORDER BY "TSet" DESC"#,
    )
    .bind(band)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            row.setting()
                .ok_or(StoreError::Corrupt("nub.PresenceState"))
        })
        .collect()
}

/// The advertising keys of a band, if it has any.
pub(crate) async fn adv_keys(
    connection: &mut SqliteConnection,
    sealer: &Sealer,
    band: i64,
    user: i64,
) -> Result<Option<AdvKeys>, StoreError> {
    let sealed: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        r#"SELECT "AdvKey1", "AdvKey2" FROM "nub.AdvertisingKey" WHERE "NymiBandId" = $1"#,
    )
    .bind(band)
    .fetch_optional(connection)
    .await?;
    let Some((first, second)) = sealed else {
        return Ok(None);
    };
    let open = |column: &'static str, sealed: &[u8]| {
        let secret = sealer.open_sealed(key_place(column, band, user), sealed)?;
        let bytes = secret
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::Corrupt(column))?;
        Ok::<_, StoreError>(AdvKey::new(bytes))
    };
    Ok(Some(AdvKeys {
        first: open("AdvKey1", &first)?,
        second: open("AdvKey2", &second)?,
    }))
}

const fn key_place(column: &'static str, band: i64, user: i64) -> Place<'static> {
    Place {
        table: "nub.AdvertisingKey",
        column,
        row: band,
        user,
    }
}

/// Whether an enrollment or registration has used this NymiBandID.
pub(crate) async fn has_agreed(
    connection: &mut SqliteConnection,
    band: BandId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        r#"SELECT EXISTS (SELECT 1 FROM "nub.KeyAgreement" WHERE "NymiBandID" = $1)"#,
    )
    .bind(band.to_string())
    .fetch_one(connection)
    .await?)
}

impl Write<'_> {
    /// Remembers a band's address and Q_B (hashed) for ever; false if either is known.
    pub(crate) async fn remember_agreement(
        &mut self,
        band: BandId,
        q_band_hash: &[u8; 32],
    ) -> Result<bool, StoreError> {
        let written = sqlx::query(
            r#"INSERT INTO "nub.KeyAgreement" ("NymiBandID", "QBandHash") VALUES ($1, $2) ON CONFLICT DO NOTHING"#,
        )
        .bind(band.to_string())
        .bind(q_band_hash.as_slice())
        .execute(self.sql())
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// Forgets that this NymiBandID was used; Q_B stays known.
    pub(super) async fn release_band_id(&mut self, band: &str) -> Result<(), StoreError> {
        sqlx::query(
            r#"UPDATE "nub.KeyAgreement" SET "NymiBandID" = 'released ' || hex("QBandHash")
               WHERE "NymiBandID" = $1"#,
        )
        .bind(band)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Stores the keys of a new enrollment; state of an earlier one goes.
    pub(crate) async fn set_adv_keys(
        &mut self,
        band: i64,
        user: i64,
        keys: &AdvKeys,
    ) -> Result<(), StoreError> {
        let first = self
            .sealer
            .seal(key_place("AdvKey1", band, user), keys.first.expose())?;
        let second = self
            .sealer
            .seal(key_place("AdvKey2", band, user), keys.second.expose())?;
        sqlx::query(
            r#"INSERT INTO "nub.AdvertisingKey" ("NymiBandId", "AdvKey1", "AdvKey2") VALUES ($1, $2, $3)
               ON CONFLICT ("NymiBandId") DO UPDATE SET "AdvKey1" = $2, "AdvKey2" = $3"#,
        )
        .bind(band)
        .bind(first)
        .bind(second)
        .execute(self.sql())
        .await?;
        sqlx::query(r#"DELETE FROM "nub.PresenceState" WHERE "NymiBandId" = $1"#)
            .bind(band)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Proposes a setting of the clock: pending until a frame under it verifies.
    pub(crate) async fn propose_t_set(
        &mut self,
        band: i64,
        t_set: TSet,
        t_interval_ms: u32,
    ) -> Result<(), StoreError> {
        let ms = i64::try_from(t_set.ms()).map_err(|_| StoreError::Corrupt("TSet"))?;
        sqlx::query(
            r#"INSERT INTO "nub.PresenceState" ("NymiBandId", "TSet", "TInterval", "Generation")
               VALUES ($1, $2, $3, 0)"#,
        )
        .bind(band)
        .bind(ms)
        .bind(t_interval_ms)
        .execute(self.sql())
        .await?;
        sqlx::query(
            r#"DELETE FROM "nub.PresenceState" WHERE "NymiBandId" = $1 AND "LastCounter" IS NULL AND "TSet" NOT IN
               (SELECT "TSet" FROM "nub.PresenceState" WHERE "NymiBandId" = $1 AND "LastCounter" IS NULL
                ORDER BY "TSet" DESC LIMIT $2)"#,
        )
        .bind(band)
        .bind(MAX_PENDING)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// The one conditional update of verification: replaces the state that was read by the one after
    /// the verified frame. False if someone else was first; then nothing changed.
    pub(crate) async fn claim(
        &mut self,
        band: i64,
        read: &Setting,
        next: &VerificationState,
    ) -> Result<bool, StoreError> {
        let t_set = i64::try_from(read.t_set.ms()).map_err(|_| StoreError::Corrupt("TSet"))?;
        let last = next.last.as_ref();
        let updated = sqlx::query(
            r#"UPDATE "nub.PresenceState" SET "Generation" = "Generation" + 1, "BestSkewMs" = $4, "BestAt" = $5,
                "LastCounter" = $6, "LastAgent" = $7, "LastEndpoint" = $8
            WHERE "NymiBandId" = $1 AND "TSet" = $2 AND "Generation" = $3"#,
        )
        .bind(band)
        .bind(t_set)
        .bind(read.generation)
        .bind(next.best.map(|best| best.skew_ms))
        .bind(next.best.map(|best| best.at.0))
        .bind(last.map(|last| last.counter))
        .bind(last.map(|last| last.agent.as_str()))
        .bind(last.map(|last| last.endpoint.as_str()))
        .execute(self.sql())
        .await?;
        if updated.rows_affected() != 1 {
            return Ok(false);
        }
        // The band's clock is at this setting or a later one now.
        sqlx::query(r#"DELETE FROM "nub.PresenceState" WHERE "NymiBandId" = $1 AND "TSet" < $2"#)
            .bind(band)
            .bind(t_set)
            .execute(self.sql())
            .await?;
        Ok(true)
    }

    /// After a step of this server's clock: what is the freshest arrival is measured anew.
    pub(crate) async fn forget_best(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            r#"UPDATE "nub.PresenceState" SET "Generation" = "Generation" + 1, "BestSkewMs" = NULL, "BestAt" = NULL
               WHERE "BestAt" IS NOT NULL"#,
        )
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Spends a gesture for a caller; false if that caller has spent it before.
    pub(crate) async fn spend_intent(
        &mut self,
        intent_id: &str,
        azp: &str,
        keep_ms: i64,
    ) -> Result<bool, StoreError> {
        let now = self.now;
        sqlx::query(r#"DELETE FROM "nub.IntentUse" WHERE "UsedAt" < $1"#)
            .bind(now.saturating_add(-keep_ms).0)
            .execute(self.sql())
            .await?;
        let written = sqlx::query(
            r#"INSERT INTO "nub.IntentUse" ("IntentID", "Azp", "UsedAt") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"#,
        )
        .bind(intent_id)
        .bind(azp)
        .bind(now.0)
        .execute(self.sql())
        .await?;
        Ok(written.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    async fn store(folder: &tempfile::TempDir) -> Store {
        let sealer = Sealer::open(&folder.path().join("master.key")).unwrap();
        let store = Store::open(&folder.path().join("nes.sqlite"), sealer)
            .await
            .unwrap();
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        sqlx::raw_sql(
            r#"INSERT INTO "nub.NymiBand" ("NymiBandID", "HardwareID", "IsActive", "IsPrimary", "HasFingerprint",
                "CreatedAt", "ModifiedAt", "ModifiedBy", "EvidianEnrollmentCompleted", "IsSynced", "IsBandEnrolledHere")
            VALUES ('AA:BB:CC:DD:EE:FF', 'AAAH-00001', 1, 1, 0, '', '', '', 1, 1, 1)"#,
        )
        .execute(write.sql())
        .await
        .unwrap();
        write.commit().await.unwrap();
        store
    }

    fn after(counter: u32) -> VerificationState {
        let last = Last {
            counter,
            agent: "agent".into(),
            endpoint: "t-7".into(),
        };
        VerificationState {
            best: None,
            last: Some(last),
        }
    }

    /// Two claims that read the same state, as they can where reading does not lock: one wins.
    #[tokio::test]
    async fn an_update_of_a_state_that_changed_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        write
            .propose_t_set(1, TSet::new(5_000).unwrap(), 1000)
            .await
            .unwrap();
        let read = settings(write.sql(), 1).await.unwrap().remove(0);
        assert!(write.claim(1, &read, &after(8)).await.unwrap());
        assert!(!write.claim(1, &read, &after(9)).await.unwrap());
        let now = settings(write.sql(), 1).await.unwrap().remove(0);
        assert_eq!(now.state, after(8));
        write.forget_best().await.unwrap();
        assert!(
            write.claim(1, &now, &after(9)).await.unwrap(),
            "there was no best to forget"
        );
    }

    #[tokio::test]
    async fn a_verified_setting_ends_the_earlier_ones_and_few_wait() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        for t_set in [1_000, 2_000, 3_000, 4_000] {
            write
                .propose_t_set(1, TSet::new(t_set).unwrap(), 1000)
                .await
                .unwrap();
        }
        let times = async |write: &mut Write<'_>| -> Vec<u64> {
            let settings = settings(write.sql(), 1).await.unwrap();
            settings.iter().map(|setting| setting.t_set.ms()).collect()
        };
        assert_eq!(times(&mut write).await, [4_000, 3_000, 2_000]);
        let middle = settings(write.sql(), 1).await.unwrap().remove(1);
        assert!(write.claim(1, &middle, &after(8)).await.unwrap());
        assert_eq!(times(&mut write).await, [4_000, 3_000]);
        for t_set in [5_000, 6_000, 7_000] {
            write
                .propose_t_set(1, TSet::new(t_set).unwrap(), 1000)
                .await
                .unwrap();
        }
        assert_eq!(
            times(&mut write).await,
            [7_000, 6_000, 5_000, 3_000],
            "the current one stays"
        );
    }
}
