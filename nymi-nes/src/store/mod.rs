//! The database: one SQLite file, write-ahead log, `synchronous = FULL`, so that what was
//! acknowledged is on disk.
//!
//! All writing goes through [`Store::begin`], one transaction at a time; a change and its audit rows
//! are made by the same function in the same transaction. Reading has connections of its own and
//! never waits for writers.

pub(crate) mod accounts;
pub(crate) mod applied;
pub(crate) mod audit;
mod authenticators;
pub(crate) mod bands;
pub(crate) mod certificates;
pub(crate) mod events;
pub(crate) mod lookup;
pub(crate) mod policies;
pub(crate) mod presence;
pub(crate) mod seos;
pub(crate) mod tokens;
pub(crate) mod users;

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::UnixMillis;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::keys::{Place, Sealer};

/// Readers beside the one writer.
const READERS: u32 = 4;

/// The account under which the server runs, for the column SystemUser.
pub(crate) const SYSTEM_USER: &str = "nymi-nes";

/// A database that cannot be used, or an operation on it that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database failed: {0}; check free disk space and the data directory's permissions")]
    Sql(#[from] sqlx::Error),
    #[error(
        "the database could not be brought to this version: {0}; restore it from a backup or use the version that wrote it"
    )]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("{0}")]
    Seal(#[from] crate::keys::SealError),
    #[error(
        "the key file does not belong to this database; restore the key file that was backed up with it"
    )]
    WrongKey,
    #[error("a stored value cannot be read ({0}); restore the database from a backup")]
    Corrupt(&'static str),
}

/// Makes the database file for its owner alone; SQLite gives its companions the same mode.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A pool that opens all its connections at once and keeps them, so that no query needs a new file
/// descriptor when clients hold all the others.
fn steady(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// One open database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    sealer: Arc<Sealer>,
}

/// A transaction that writes: it holds the write lock from the start, so what it reads stays true
/// until it commits.
pub(crate) struct Write<'a> {
    transaction: Transaction<'static, Sqlite>,
    pub(crate) sealer: &'a Sealer,
    /// The moment that all rows of this transaction carry.
    pub(crate) now: UnixMillis,
}

impl Store {
    /// Opens or creates the database, brings it to this version and checks that `sealer` is its key.
    pub(crate) async fn open(path: &Path, sealer: Sealer) -> Result<Self, StoreError> {
        private_file(path).map_err(|error| StoreError::Sql(error.into()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let writer = steady(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = steady(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        let store = Self {
            writer,
            readers,
            sealer: Arc::new(sealer),
        };
        store.check_key().await?;
        Ok(store)
    }

    /// Starts a writing transaction; there is one at a time.
    pub(crate) async fn begin(&self, now: UnixMillis) -> Result<Write<'_>, StoreError> {
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write {
            transaction,
            sealer: &self.sealer,
            now,
        })
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Writes everything out and closes the file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A sealed constant shows whether the key file is this database's.
    async fn check_key(&self) -> Result<(), StoreError> {
        const PLACE: Place<'_> = Place {
            table: "adm.Installation",
            column: "Value",
            row: 0,
            user: 0,
        };
        let mut write = self.begin(UnixMillis::default()).await?;
        let stored: Option<Vec<u8>> = sqlx::query_scalar(
            r#"SELECT "Value" FROM "adm.Installation" WHERE "Name" = 'KeyCheck'"#,
        )
        .fetch_optional(write.sql())
        .await?;
        match stored {
            Some(sealed) => {
                self.sealer
                    .open_sealed(PLACE, &sealed)
                    .map_err(|_| StoreError::WrongKey)?;
            }
            None => {
                let sealed = self.sealer.seal(PLACE, b"nymi")?;
                sqlx::query(
                    r#"INSERT INTO "adm.Installation" ("Name", "Value") VALUES ('KeyCheck', $1)"#,
                )
                .bind(sealed)
                .execute(write.sql())
                .await?;
            }
        }
        write.commit().await
    }
}

impl Write<'_> {
    /// The connection, for statements of this transaction.
    pub(crate) fn sql(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// Makes everything durable. Dropped without it, nothing happened.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    /// The text form of this transaction's moment.
    pub(crate) fn stamp(&self) -> String {
        self.now.to_string()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Open descriptors of files in this folder.
    fn descriptors(folder: &Path) -> usize {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.starts_with(folder))
            .count()
    }

    /// The audit trail of a database of the first version, with and without what the protocol adds.
    async fn first_version(path: &Path, key: &Path) {
        let mut first = sqlx::migrate!("migrations/sqlite");
        first.migrations.to_mut().retain(|step| step.version == 1);
        let writer = steady(1)
            .connect_with(
                SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true),
            )
            .await
            .unwrap();
        first.run(&writer).await.unwrap();
        let store = Store {
            readers: writer.clone(),
            writer,
            sealer: Arc::new(Sealer::open(key).unwrap()),
        };
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        write.user_for("CORP", "bob", "CORP\\bob").await.unwrap();
        for (id, verified) in [(1, false), (2, true)] {
            let sql = format!(
                r#"INSERT INTO "audit.Events" ("ID", "EventTypeID", "CreatedAt", "ModifiedAt", "ModifiedBy")
                   VALUES ({id}, 13, 'now', 'now', 'agent')"#
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(write.sql())
                .await
                .unwrap();
            if verified {
                sqlx::raw_sql(
                    r#"INSERT INTO "audit.Verification" ("EventID", "Agent", "Status") VALUES (2, 'agent', 0)"#,
                )
                .execute(write.sql())
                .await
                .unwrap();
            }
            write.link(audit::Table::Events, id).await.unwrap();
        }
        write.commit().await.unwrap();
        store.close().await;
    }

    #[tokio::test]
    async fn the_audit_trail_of_an_earlier_version_still_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("db"), folder.path().join("key"));
        first_version(&path, &key).await;
        let store = Store::open(&path, Sealer::open(&key).unwrap())
            .await
            .unwrap();
        assert_eq!(store.verify_audit().await.unwrap(), Ok(3));
        store.ensure_policies(UnixMillis(0)).await.unwrap();
        assert_eq!(
            store.verify_audit().await.unwrap(),
            Ok(6),
            "what is new goes on from there"
        );
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        sqlx::raw_sql(r#"UPDATE "audit.Verification" SET "Meaning" = 'approved'"#)
            .execute(write.sql())
            .await
            .unwrap();
        write.commit().await.unwrap();
        store.verify_audit().await.unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn queries_need_no_new_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = Sealer::open(&folder.path().join("key")).unwrap();
        let store = Store::open(&folder.path().join("db"), sealer)
            .await
            .unwrap();
        store.ensure_policies(UnixMillis(0)).await.unwrap();
        let before = descriptors(folder.path());
        let mut open = Vec::new();
        for _ in 0..READERS {
            let mut reading = store.read().await.unwrap();
            policies::all(&mut reading).await.unwrap();
            open.push(reading);
        }
        let mut write = store.begin(UnixMillis(0)).await.unwrap();
        write.user_for("CORP", "bob", "test").await.unwrap();
        assert_eq!(descriptors(folder.path()), before);
        write.commit().await.unwrap();
        assert_eq!(descriptors(folder.path()), before);
    }
}
