//! nub.NymiBand: the bands and whose they are.

use nymi_core::BandId;
use sqlx::{FromRow, SqliteConnection};

use super::audit::{Change, Table};
use super::{StoreError, Write};

/// The columns of nub.NymiBand that this server sets; the others keep their defaults.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[sqlx(rename_all = "PascalCase")]
pub(crate) struct NymiBand {
    #[sqlx(rename = "ID")]
    pub(crate) id: i64,
    pub(crate) user_core_id: Option<i64>,
    #[sqlx(rename = "NymiBandID")]
    pub(crate) nymi_band_id: String,
    #[sqlx(rename = "NfcUID")]
    pub(crate) nfc_uid: Option<String>,
    #[sqlx(rename = "HardwareID")]
    pub(crate) hardware_id: String,
    pub(crate) is_active: bool,
    pub(crate) is_primary: bool,
    /// Inverted, as the guide prints it: 0 once a fingerprint enrollment has completed.
    pub(crate) has_fingerprint: bool,
    pub(crate) misc_note: Option<String>,
    pub(crate) band_label: Option<String>,
    pub(crate) firmware_version: Option<String>,
    pub(crate) created_at: String,
    pub(crate) modified_at: String,
    pub(crate) modified_by: String,
    pub(crate) is_synced: bool,
    pub(crate) individual_user_policy_id: Option<i64>,
    pub(crate) seos_id: Option<String>,
    pub(crate) static_mac_address: Option<String>,
    #[sqlx(rename = "TSetTime")]
    pub(crate) t_set_time: Option<String>,
    pub(crate) is_band_enrolled_here: bool,
    pub(crate) hardware_version: Option<String>,
}

impl NymiBand {
    /// The NymiBandID of the enrollment that the row is about.
    pub(crate) fn band_id(&self) -> Result<BandId, StoreError> {
        let corrupt = |_| StoreError::Corrupt("nub.NymiBand.NymiBandID");
        self.nymi_band_id.parse().map_err(corrupt)
    }

    /// Whether the two differ in anything but when and by whom they were changed.
    fn same_content(&self, other: &Self) -> bool {
        let other = Self {
            modified_at: self.modified_at.clone(),
            modified_by: self.modified_by.clone(),
            ..other.clone()
        };
        *self == other
    }
}

const COPY: &str = r#"INSERT INTO "audit.NymiBand" SELECT NULL, $1, $2, $3, * FROM "nub.NymiBand" WHERE "ID" = $4"#;

/// The band under this NymiBandID.
pub(crate) async fn by_band_id(
    connection: &mut SqliteConnection,
    band: BandId,
) -> Result<Option<NymiBand>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "nub.NymiBand" WHERE "NymiBandID" = $1"#)
            .bind(band.to_string())
            .fetch_optional(connection)
            .await?,
    )
}

/// The band with this row id.
pub(crate) async fn by_id(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Option<NymiBand>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "nub.NymiBand" WHERE "ID" = $1"#)
            .bind(id)
            .fetch_optional(connection)
            .await?,
    )
}

/// The band with this serial number, and the bands of this user.
pub(crate) async fn of_serial_or_user(
    connection: &mut SqliteConnection,
    serial: &str,
    user: Option<i64>,
) -> Result<Vec<NymiBand>, StoreError> {
    Ok(sqlx::query_as(
        r#"SELECT * FROM "nub.NymiBand" WHERE "HardwareID" = $1 OR "UserCoreId" = $2"#,
    )
    .bind(serial)
    .bind(user)
    .fetch_all(connection)
    .await?)
}

/// The primary bands of users who have an earlier one that is primary.
pub(crate) async fn second_primaries(
    connection: &mut SqliteConnection,
) -> Result<Vec<NymiBand>, StoreError> {
    Ok(sqlx::query_as(
        r#"SELECT b.* FROM "nub.NymiBand" b WHERE b."IsPrimary" = 1 AND EXISTS (
            SELECT 1 FROM "nub.NymiBand" e
            WHERE e."UserCoreId" = b."UserCoreId" AND e."IsPrimary" = 1 AND e."ID" < b."ID")"#,
    )
    .fetch_all(connection)
    .await?)
}

/// The user's active band.
pub(crate) async fn active_of(
    connection: &mut SqliteConnection,
    user: i64,
) -> Result<Option<NymiBand>, StoreError> {
    Ok(
        sqlx::query_as(
            r#"SELECT * FROM "nub.NymiBand" WHERE "UserCoreId" = $1 AND "IsActive" = 1"#,
        )
        .bind(user)
        .fetch_optional(connection)
        .await?,
    )
}

/// The active band of another serial number that holds the NFC UID of `band`, which stands in its way.
pub(crate) async fn nfc_uid_holder(
    connection: &mut SqliteConnection,
    band: &NymiBand,
) -> Result<Option<NymiBand>, StoreError> {
    Ok(sqlx::query_as(
        r#"SELECT * FROM "nub.NymiBand"
           WHERE "NfcUID" = $1 AND "IsActive" = 1 AND "HardwareID" <> $2"#,
    )
    .bind(&band.nfc_uid)
    .bind(&band.hardware_id)
    .fetch_optional(connection)
    .await?)
}

/// The band of another serial number that says the factory address of `band`.
pub(crate) async fn factory_address_holder(
    connection: &mut SqliteConnection,
    band: &NymiBand,
) -> Result<Option<NymiBand>, StoreError> {
    Ok(sqlx::query_as(
        r#"SELECT * FROM "nub.NymiBand" WHERE "StaticMacAddress" = $1 AND "HardwareID" <> $2"#,
    )
    .bind(&band.static_mac_address)
    .bind(&band.hardware_id)
    .fetch_optional(connection)
    .await?)
}

/// The enrollments of this serial number that were disconnected.
pub(crate) async fn disconnected(
    connection: &mut SqliteConnection,
    serial: &str,
) -> Result<Vec<BandId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar(
        r#"SELECT "NymiBandID" FROM "nub.Disconnected" WHERE "HardwareID" = $1"#,
    )
    .bind(serial)
    .fetch_all(connection)
    .await?;
    let corrupt = |_| StoreError::Corrupt("nub.Disconnected.NymiBandID");
    ids.iter().map(|id| id.parse().map_err(corrupt)).collect()
}

/// The serial number of a band whose enrollment under this NymiBandID was disconnected.
pub(crate) async fn disconnected_serial(
    connection: &mut SqliteConnection,
    band: BandId,
) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar(
            r#"SELECT "HardwareID" FROM "nub.Disconnected" WHERE "NymiBandID" = $1"#,
        )
        .bind(band.to_string())
        .fetch_optional(connection)
        .await?,
    )
}

impl Write<'_> {
    /// Adds a band; its id is given by the database.
    pub(crate) async fn insert_band(&mut self, band: &NymiBand) -> Result<i64, StoreError> {
        let id = sqlx::query(
            r#"INSERT INTO "nub.NymiBand" ("UserCoreId", "NymiBandID", "NfcUID", "HardwareID", "IsActive",
                "IsPrimary", "HasFingerprint", "MiscNote", "BandLabel", "FirmwareVersion", "CreatedAt",
                "ModifiedAt", "ModifiedBy", "EvidianEnrollmentCompleted", "IsSynced", "StaticMacAddress",
                "TSetTime", "IsBandEnrolledHere", "HardwareVersion", "IndividualUserPolicyId", "SeosId")
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, 1, $13, $14, $15, $16, $17, $18, $19)"#,
        )
        .bind(band.user_core_id)
        .bind(&band.nymi_band_id)
        .bind(&band.nfc_uid)
        .bind(&band.hardware_id)
        .bind(band.is_active)
        .bind(band.is_primary)
        .bind(band.has_fingerprint)
        .bind(&band.misc_note)
        .bind(&band.band_label)
        .bind(&band.firmware_version)
        .bind(self.stamp())
        .bind(&band.modified_by)
        .bind(band.is_synced)
        .bind(&band.static_mac_address)
        .bind(&band.t_set_time)
        .bind(band.is_band_enrolled_here)
        .bind(&band.hardware_version)
        .bind(band.individual_user_policy_id)
        .bind(&band.seos_id)
        .execute(self.sql())
        .await?
        .last_insert_rowid();
        self.audit_copy(Table::NymiBand, COPY, Change::Created, id)
            .await?;
        Ok(id)
    }

    /// Changes a band from `old` to `new`; without a difference nothing is written, no audit row either.
    pub(crate) async fn update_band(
        &mut self,
        old: &NymiBand,
        new: &NymiBand,
    ) -> Result<bool, StoreError> {
        if old.same_content(new) {
            return Ok(false);
        }
        sqlx::query(
            r#"UPDATE "nub.NymiBand" SET "UserCoreId" = $2, "NymiBandID" = $3, "NfcUID" = $4,
                "HardwareID" = $5, "IsActive" = $6, "IsPrimary" = $7, "HasFingerprint" = $8, "MiscNote" = $9,
                "BandLabel" = $10, "FirmwareVersion" = $11, "ModifiedAt" = $12, "ModifiedBy" = $13,
                "IsSynced" = $14, "StaticMacAddress" = $15, "TSetTime" = $16, "IsBandEnrolledHere" = $17,
                "HardwareVersion" = $18, "IndividualUserPolicyId" = $19, "SeosId" = $20
            WHERE "ID" = $1"#,
        )
        .bind(old.id)
        .bind(new.user_core_id)
        .bind(&new.nymi_band_id)
        .bind(&new.nfc_uid)
        .bind(&new.hardware_id)
        .bind(new.is_active)
        .bind(new.is_primary)
        .bind(new.has_fingerprint)
        .bind(&new.misc_note)
        .bind(&new.band_label)
        .bind(&new.firmware_version)
        .bind(self.stamp())
        .bind(&new.modified_by)
        .bind(new.is_synced)
        .bind(&new.static_mac_address)
        .bind(&new.t_set_time)
        .bind(new.is_band_enrolled_here)
        .bind(&new.hardware_version)
        .bind(new.individual_user_policy_id)
        .bind(&new.seos_id)
        .execute(self.sql())
        .await?;
        self.audit_copy(Table::NymiBand, COPY, Change::Updated, old.id)
            .await?;
        Ok(true)
    }

    /// Ends the association of a band with its user: an audit row that it is nobody's, and one that the
    /// row is deleted (guide 000, 11.1.2.5). What was kept for the enrollment goes with it. An
    /// enrollment of this server is remembered as disconnected; the NymiBandID of a registration,
    /// which another server's enrollment gave, is free again.
    pub(crate) async fn disconnect_band(
        &mut self,
        old: &NymiBand,
        by: &str,
    ) -> Result<(), StoreError> {
        let nobodys = NymiBand {
            user_core_id: None,
            is_active: false,
            is_primary: false,
            individual_user_policy_id: None,
            modified_by: by.to_owned(),
            ..old.clone()
        };
        self.update_band(old, &nobodys).await?;
        self.delete_authenticators(old.id, &[], by).await?;
        for delete in [
            r#"DELETE FROM "nub.AdvertisingKey" WHERE "NymiBandId" = $1"#,
            r#"DELETE FROM "nub.PresenceState" WHERE "NymiBandId" = $1"#,
        ] {
            sqlx::query(delete).bind(old.id).execute(self.sql()).await?;
        }
        self.set_applied(old.id, None).await?;
        self.audit_copy(Table::NymiBand, COPY, Change::Deleted, old.id)
            .await?;
        sqlx::query(r#"DELETE FROM "nub.NymiBand" WHERE "ID" = $1"#)
            .bind(old.id)
            .execute(self.sql())
            .await?;
        if !old.is_band_enrolled_here {
            return self.release_band_id(&old.nymi_band_id).await;
        }
        sqlx::query(
            r#"INSERT INTO "nub.Disconnected" ("NymiBandID", "HardwareID") VALUES ($1, $2)"#,
        )
        .bind(&old.nymi_band_id)
        .bind(&old.hardware_id)
        .execute(self.sql())
        .await?;
        Ok(())
    }
}
