//! nub.SeosRecord: the imported records of Seos bands.

use nymi_core::band::SerialNumber;
use sqlx::SqliteConnection;

use super::audit::{Change, Table};
use super::{StoreError, Write};

const COPY: &str = r#"INSERT INTO "audit.SeosRecord" SELECT NULL, $1, $2, $3, * FROM "nub.SeosRecord" WHERE "ID" = $4"#;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Imported {
    /// It is new.
    Added,
    /// The band had one; it stays as it was.
    Known,
    /// Another band has this Seos ID.
    IdTaken,
}

/// The Seos ID that was imported for a band.
pub(crate) async fn of_serial(
    connection: &mut SqliteConnection,
    serial: &SerialNumber,
) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar(r#"SELECT "SeosId" FROM "nub.SeosRecord" WHERE "HardwareID" = $1"#)
            .bind(serial.as_str())
            .fetch_optional(connection)
            .await?,
    )
}

impl Write<'_> {
    /// Adds the record of a band.
    pub(crate) async fn import_seos(
        &mut self,
        serial: &SerialNumber,
        seos_id: &str,
        by: &str,
    ) -> Result<Imported, StoreError> {
        if of_serial(self.sql(), serial).await?.is_some() {
            return Ok(Imported::Known);
        }
        let stamp = self.stamp();
        let written = sqlx::query(
            r#"INSERT INTO "nub.SeosRecord" ("HardwareID", "SeosId", "CreatedAt", "ModifiedBy")
               VALUES ($1, $2, $3, $4) ON CONFLICT ("SeosId") DO NOTHING"#,
        )
        .bind(serial.as_str())
        .bind(seos_id)
        .bind(stamp)
        .bind(by)
        .execute(self.sql())
        .await?;
        if written.rows_affected() == 0 {
            return Ok(Imported::IdTaken);
        }
        let id = written.last_insert_rowid();
        self.audit_copy(Table::SeosRecord, COPY, Change::Created, id)
            .await?;
        Ok(Imported::Added)
    }
}
