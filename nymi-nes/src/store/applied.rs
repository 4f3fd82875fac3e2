//! nub.AppliedPolicy: what each band was given of its user's policy, and whether that is current.

use nymi_core::band::{FirmwareVersion, HardwareVersion};
use nymi_core::policy::{
    ActiveBand, AppliedPolicy, GroupPolicy, LivenessSupport, PolicySet, PolicyStatus, UserCoreId,
    policy_status,
};
use sqlx::{FromRow, SqliteConnection};

use super::bands::NymiBand;
use super::{StoreError, Write};

/// What a band can do about liveness, by the versions that it reported.
pub(crate) fn liveness(band: &NymiBand) -> LivenessSupport {
    let parsed = |text: &Option<String>| text.clone().unwrap_or_default();
    let hardware: Option<HardwareVersion> = parsed(&band.hardware_version).parse().ok();
    let firmware: Option<FirmwareVersion> = parsed(&band.firmware_version).parse().ok();
    LivenessSupport::of(hardware.and_then(HardwareVersion::model), firmware)
}

fn read(settings: &str) -> Result<AppliedPolicy, StoreError> {
    serde_json::from_str(settings).map_err(|_| StoreError::Corrupt("nub.AppliedPolicy"))
}

/// What a band was given; none where an earlier version of this server enrolled it.
pub(crate) async fn of_band(
    connection: &mut SqliteConnection,
    band: i64,
) -> Result<Option<AppliedPolicy>, StoreError> {
    let settings: Option<String> =
        sqlx::query_scalar(r#"SELECT "Settings" FROM "nub.AppliedPolicy" WHERE "NymiBandId" = $1"#)
            .bind(band)
            .fetch_optional(connection)
            .await?;
    settings.as_deref().map(read).transpose()
}

/// The status of a user's policy on the user's active band.
pub(crate) async fn status_of_user(
    connection: &mut SqliteConnection,
    user: i64,
    effective: &GroupPolicy,
) -> Result<PolicyStatus, StoreError> {
    let Some(band) = super::bands::active_of(connection, user).await? else {
        return Ok(policy_status(None, effective));
    };
    let applied = of_band(connection, band.id).await?;
    let active = ActiveBand {
        applied: applied.as_ref(),
        liveness: liveness(&band),
    };
    Ok(policy_status(Some(active), effective))
}

/// A band with what it was given.
#[derive(FromRow)]
struct Given {
    #[sqlx(flatten)]
    band: NymiBand,
    #[sqlx(rename = "Settings")]
    settings: Option<String>,
}

impl Write<'_> {
    /// Keeps what a band was given, in place of what it had before.
    pub(crate) async fn set_applied(
        &mut self,
        band: i64,
        applied: Option<&AppliedPolicy>,
    ) -> Result<(), StoreError> {
        let Some(applied) = applied else {
            sqlx::query(r#"DELETE FROM "nub.AppliedPolicy" WHERE "NymiBandId" = $1"#)
                .bind(band)
                .execute(self.sql())
                .await?;
            return Ok(());
        };
        let settings =
            serde_json::to_string(applied).map_err(|_| StoreError::Corrupt("nub.AppliedPolicy"))?;
        sqlx::query(
            r#"INSERT INTO "nub.AppliedPolicy" VALUES ($1, $2)
               ON CONFLICT ("NymiBandId") DO UPDATE SET "Settings" = $2"#,
        )
        .bind(band)
        .bind(settings)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// After a change of policies: each band's row names its user's individual policy, and says
    /// whether the band has the settings that now hold.
    pub(crate) async fn sync_bands(
        &mut self,
        policies: &PolicySet,
        by: &str,
    ) -> Result<(), StoreError> {
        let bands: Vec<Given> = sqlx::query_as(
            r#"SELECT b.*, a."Settings" FROM "nub.NymiBand" b
               LEFT JOIN "nub.AppliedPolicy" a ON a."NymiBandId" = b."ID""#,
        )
        .fetch_all(self.sql())
        .await?;
        for Given { band, settings } in bands {
            let Some(user) = band.user_core_id.map(UserCoreId) else {
                continue;
            };
            let is_synced = match &settings {
                Some(settings) => read(settings)?
                    .status(&policies.effective(user), liveness(&band))
                    .is_synced(),
                None => band.is_synced,
            };
            let new = NymiBand {
                is_synced,
                individual_user_policy_id: policies.policy_of(user).map(|(id, _)| id.0),
                modified_by: by.to_owned(),
                ..band.clone()
            };
            self.update_band(&band, &new).await?;
        }
        Ok(())
    }
}
