//! nub.SeosRecord: the imported records of Seos bands.

use std::collections::{HashMap, HashSet};

use nymi_core::band::SerialNumber;
use nymi_core::import::{Action, BandRecord, Known, SeosId};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::audit::{Change, Table};
use super::bands::{self, NymiBand};
use super::{StoreError, Write};

/// The rows after one.
const COPY_AFTER: &str = r#"INSERT INTO "audit.SeosRecord"
    SELECT NULL, $1, $2, $3, * FROM "nub.SeosRecord" WHERE "ID" > $4 ORDER BY "ID""#;

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

/// What is stored of Seos bands before an import.
pub(crate) struct Stored {
    /// By serial number.
    records: HashMap<String, SeosId>,
    /// Whose each Seos ID is.
    owners: HashMap<SeosId, String>,
    /// Serial numbers of the bands that are associated with a user.
    bands: HashSet<String>,
}

impl Stored {
    /// All of it: an import has thousands of rows.
    pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as(r#"SELECT "HardwareID", "SeosId" FROM "nub.SeosRecord""#)
                .fetch_all(&mut *connection)
                .await?;
        let bands: Vec<String> = sqlx::query_scalar(r#"SELECT "HardwareID" FROM "nub.NymiBand""#)
            .fetch_all(connection)
            .await?;
        let mut stored = Self {
            records: HashMap::new(),
            owners: HashMap::new(),
            bands: bands.into_iter().collect(),
        };
        for (serial, seos_id) in rows {
            let seos_id: SeosId = seos_id
                .parse()
                .map_err(|_| StoreError::Corrupt("nub.SeosRecord.SeosId"))?;
            stored.owners.insert(seos_id.clone(), serial.clone());
            stored.records.insert(serial, seos_id);
        }
        Ok(stored)
    }

    /// What is known of a band.
    pub(crate) fn known(&self, serial: &SerialNumber) -> Known {
        match self.records.get(serial.as_str()) {
            Some(record) => Known::Record(record.clone()),
            None if self.bands.contains(serial.as_str()) => Known::Band,
            None => Known::No,
        }
    }

    /// The Seos ID that the band of this record has, if it is another.
    pub(crate) fn other_seos_id(&self, record: &BandRecord) -> Option<&SeosId> {
        let stored = self.records.get(record.serial.as_str());
        stored.filter(|stored| **stored != record.seos_id)
    }

    /// Whether another band has the Seos ID of this record.
    pub(crate) fn is_taken(&self, record: &BandRecord) -> bool {
        let owner = self.owners.get(&record.seos_id);
        owner.is_some_and(|owner| owner != record.serial.as_str())
    }
}

/// Records that one statement writes.
const BATCH: usize = 500;

impl Write<'_> {
    /// Carries out what an import says, each record with its audit row.
    pub(crate) async fn import_seos(
        &mut self,
        actions: &[Action<'_>],
        by: &str,
    ) -> Result<(), StoreError> {
        let new: Vec<&BandRecord> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Add(record) | Action::Complete(record) => Some(*record),
                Action::Keep(_) | Action::Refuse(_) => None,
            })
            .collect();
        for batch in new.chunks(BATCH) {
            self.insert_seos(batch, by).await?;
        }
        for action in actions {
            if let Action::Complete(record) = action {
                self.complete_band(record, by).await?;
            }
        }
        Ok(())
    }

    async fn insert_seos(&mut self, records: &[&BandRecord], by: &str) -> Result<(), StoreError> {
        let stamp = self.stamp();
        let before: Option<i64> = sqlx::query_scalar(r#"SELECT MAX("ID") FROM "nub.SeosRecord""#)
            .fetch_one(self.sql())
            .await?;
        let mut insert = QueryBuilder::<Sqlite>::new(
            r#"INSERT INTO "nub.SeosRecord" ("HardwareID", "SeosId", "CreatedAt", "ModifiedBy") "#,
        );
        insert.push_values(records, |mut row, record| {
            row.push_bind(record.serial.as_str())
                .push_bind(record.seos_id.as_str())
                .push_bind(&stamp)
                .push_bind(by);
        });
        insert.build().execute(self.sql()).await?;
        self.audit_copy(
            Table::SeosRecord,
            COPY_AFTER,
            Change::Created,
            before.unwrap_or(0),
        )
        .await
    }

    /// A band that an earlier version enrolled without its record gets the Seos ID.
    async fn complete_band(&mut self, record: &BandRecord, by: &str) -> Result<(), StoreError> {
        let serial = record.serial.as_str();
        for band in bands::of_serial_or_user(self.sql(), serial, None).await? {
            if band.seos_id.is_none() {
                let new = NymiBand {
                    seos_id: Some(record.seos_id.to_string()),
                    modified_by: by.to_owned(),
                    ..band.clone()
                };
                self.update_band(&band, &new).await?;
            }
        }
        Ok(())
    }
}
