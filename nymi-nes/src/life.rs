//! Band life on the server: the rows that the core's [`Registry`] needs for one operation, and what
//! its changes write.

use std::collections::BTreeMap;

use nymi_core::UnixMillis;
use nymi_core::life::{Change, LifeError, Record, Registry};
use nymi_core::policy::UserCoreId;
use sqlx::SqliteConnection;

use crate::store::bands::{self, NymiBand};
use crate::store::{SYSTEM_USER, Store, StoreError, Write};

/// Why a change of a band is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// By the rules of the core.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// A tap names one active band.
    #[error("another active Nymi Band has the same NfcUID; deactivate that one first")]
    NfcUidTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A band and the other bands of a user: all that an operation on them can touch.
pub(crate) struct Bands {
    pub(crate) registry: Registry,
    rows: BTreeMap<String, NymiBand>,
}

/// What the registry knows of a row; nothing where the band is nobody's.
fn record(row: &NymiBand) -> Result<Option<(String, Record)>, StoreError> {
    let Some(user) = row.user_core_id else {
        return Ok(None);
    };
    let record = Record {
        user: UserCoreId(user),
        band_id: row.band_id()?,
        is_active: row.is_active,
        is_primary: row.is_primary,
        is_enrolled_here: row.is_band_enrolled_here,
        note: row.misc_note.clone(),
    };
    Ok(Some((row.hardware_id.clone(), record)))
}

impl Bands {
    /// Loads the band of this serial number, and those of the user.
    pub(crate) async fn load(
        connection: &mut SqliteConnection,
        user: Option<i64>,
        serial: &str,
    ) -> Result<Self, StoreError> {
        let rows = bands::of_serial_or_user(&mut *connection, serial, user).await?;
        let records: Vec<_> = rows
            .iter()
            .filter_map(|row| record(row).transpose())
            .collect();
        let records = records.into_iter().collect::<Result<Vec<_>, _>>()?;
        let disconnected = bands::disconnected(connection, serial).await?;
        let registry = Registry::from_rows(records, disconnected).map_err(|error| {
            tracing::error!(%error, serial, "the stored bands do not fit together");
            StoreError::Corrupt("nub.NymiBand")
        })?;
        let rows = rows.into_iter().map(|row| (row.hardware_id.clone(), row));
        Ok(Self {
            registry,
            rows: rows.collect(),
        })
    }

    /// The row of a band.
    pub(crate) fn row(&self, serial: &str) -> Option<&NymiBand> {
        self.rows.get(serial)
    }
}

impl NymiBand {
    /// The row with what the registry now knows of the band.
    fn with_record(&self, record: &Record, by: &str) -> Self {
        Self {
            user_core_id: Some(record.user.0),
            nymi_band_id: record.band_id.to_string(),
            is_active: record.is_active,
            is_primary: record.is_primary,
            is_band_enrolled_here: record.is_enrolled_here,
            misc_note: record.note.clone(),
            modified_by: by.to_owned(),
            ..self.clone()
        }
    }
}

impl Write<'_> {
    /// Writes the changes of bands that have a row, in their order.
    pub(crate) async fn carry_out(
        &mut self,
        bands: &Bands,
        changes: &[Change],
        by: &str,
    ) -> Result<(), ChangeError> {
        for change in changes {
            let Some(old) = bands.row(&change.serial) else {
                continue;
            };
            let Some(record) = &change.after else {
                self.disconnect_band(old, by).await?;
                continue;
            };
            let new = old.with_record(record, by);
            if new.is_active && bands::nfc_uid_holder(self.sql(), &new).await?.is_some() {
                return Err(ChangeError::NfcUidTaken);
            }
            self.update_band(old, &new).await?;
        }
        Ok(())
    }

    /// Does an operation of the registry on one band.
    pub(crate) async fn change_band(
        &mut self,
        band: &NymiBand,
        by: &str,
        operation: impl FnOnce(&mut Registry) -> Result<Vec<Change>, LifeError>,
    ) -> Result<(), ChangeError> {
        let mut bands = Bands::load(self.sql(), band.user_core_id, &band.hardware_id).await?;
        let changes = operation(&mut bands.registry)?;
        self.carry_out(&bands, &changes, by).await
    }
}

impl Store {
    /// Earlier versions made every enrolled band primary. A user has one primary band: the one that
    /// was enrolled first stays it.
    pub(crate) async fn ensure_one_primary(&self, now: UnixMillis) -> Result<(), StoreError> {
        let mut write = self.begin(now).await?;
        for old in bands::second_primaries(write.sql()).await? {
            let new = NymiBand {
                is_primary: false,
                modified_by: SYSTEM_USER.to_owned(),
                ..old.clone()
            };
            write.update_band(&old, &new).await?;
        }
        write.commit().await
    }
}
