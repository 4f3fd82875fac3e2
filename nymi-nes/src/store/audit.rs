//! The tamper-evident chain over all audit rows.
//!
//! Each audit row gets a link: `H(n) = SHA-256(H(n-1) || table || row)`, with the row's values in a
//! form that has one reading. The last link is sealed with the key file outside the database, so
//! that cutting rows off the end, or computing the chain anew after an edit, shows too.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, Value, ValueRef};

use super::{SYSTEM_USER, Store, StoreError, Write};
use crate::keys::Place;

/// The audit tables. The numbers are in the database: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Events = 1,
    UserCore = 2,
    NymiBand = 3,
    ApplicationsSetting = 4,
    ExternalAuthenticator = 5,
    Certificate = 6,
    IndividualUserPolicy = 7,
    IndividualUserPolicyMember = 8,
    SeosRecord = 9,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    const fn letter(self) -> &'static str {
        match self {
            Self::Created => "C",
            Self::Updated => "U",
            Self::Deleted => "D",
        }
    }
}

impl Table {
    const ALL: [Self; 9] = [
        Self::Events,
        Self::UserCore,
        Self::NymiBand,
        Self::ApplicationsSetting,
        Self::ExternalAuthenticator,
        Self::Certificate,
        Self::IndividualUserPolicy,
        Self::IndividualUserPolicyMember,
        Self::SeosRecord,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Events => "audit.Events",
            Self::UserCore => "audit.UserCore",
            Self::NymiBand => "audit.NymiBand",
            Self::ApplicationsSetting => "audit.ApplicationsSetting",
            Self::ExternalAuthenticator => "audit.ExternalAuthenticator",
            Self::Certificate => "audit.Certificate",
            Self::IndividualUserPolicy => "audit.IndividualUserPolicy",
            Self::IndividualUserPolicyMember => "audit.IndividualUserPolicyMember",
            Self::SeosRecord => "audit.SeosRecord",
        }
    }

    /// Rows from one key to another, and what belongs to each.
    const fn select(self) -> &'static str {
        match self {
            Self::Events => {
                r#"SELECT e.*, v.* FROM "audit.Events" e
                   LEFT JOIN "audit.Verification" v ON v."EventID" = e."ID" WHERE e."ID" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::UserCore => {
                r#"SELECT * FROM "audit.UserCore" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::NymiBand => {
                r#"SELECT * FROM "audit.NymiBand" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::ApplicationsSetting => {
                r#"SELECT * FROM "audit.ApplicationsSetting" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::ExternalAuthenticator => {
                r#"SELECT * FROM "audit.ExternalAuthenticator" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::Certificate => {
                r#"SELECT * FROM "audit.Certificate" WHERE "ID" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::IndividualUserPolicy => {
                r#"SELECT * FROM "audit.IndividualUserPolicy" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::IndividualUserPolicyMember => {
                r#"SELECT * FROM "audit.IndividualUserPolicyMember" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
            Self::SeosRecord => {
                r#"SELECT * FROM "audit.SeosRecord" WHERE "Identity" BETWEEN $1 AND $2 ORDER BY 1"#
            }
        }
    }

    /// A row that no link names.
    const fn select_unlinked(self) -> &'static str {
        macro_rules! unlinked {
            ($table:literal, $key:literal, $number:literal) => {
                concat!(
                    "SELECT MIN(\"",
                    $key,
                    "\") FROM \"",
                    $table,
                    "\" WHERE \"",
                    $key,
                    "\" NOT IN (SELECT \"RowIdentity\" FROM \"audit.Chain\" WHERE \"TableNo\" = ",
                    $number,
                    ")"
                )
            };
        }
        match self {
            Self::Events => unlinked!("audit.Events", "ID", "1"),
            Self::UserCore => unlinked!("audit.UserCore", "Identity", "2"),
            Self::NymiBand => unlinked!("audit.NymiBand", "Identity", "3"),
            Self::ApplicationsSetting => unlinked!("audit.ApplicationsSetting", "Identity", "4"),
            Self::ExternalAuthenticator => {
                unlinked!("audit.ExternalAuthenticator", "Identity", "5")
            }
            Self::Certificate => unlinked!("audit.Certificate", "ID", "6"),
            Self::IndividualUserPolicy => unlinked!("audit.IndividualUserPolicy", "Identity", "7"),
            Self::IndividualUserPolicyMember => {
                unlinked!("audit.IndividualUserPolicyMember", "Identity", "8")
            }
            Self::SeosRecord => unlinked!("audit.SeosRecord", "Identity", "9"),
        }
    }

    fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|table| *table as i64 == number)
    }
}

/// A row of the audit trail that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Tampered {
    #[error("{table} row {row} was edited, or links before it were moved (link {link})")]
    Edited {
        table: &'static str,
        row: i64,
        link: i64,
    },
    #[error("{table} row {row} was removed (link {link})")]
    Removed {
        table: &'static str,
        row: i64,
        link: i64,
    },
    #[error("{table} row {row} was added without a link")]
    Added { table: &'static str, row: i64 },
    #[error("link {link} of the audit chain is missing")]
    LinkMissing { link: i64 },
    #[error("link {link} of the audit chain names no audit table")]
    LinkEdited { link: i64 },
    #[error("the chain ends at link {found}, but link {expected} was the last one written")]
    CutOff { found: i64, expected: i64 },
    #[error("the seal of the last link was changed, or the key file is another one")]
    Head,
}

type Hash = [u8; 32];

struct Head {
    sequence: i64,
    hash: Hash,
    seal: Vec<u8>,
}

impl Head {
    async fn read(connection: &mut SqliteConnection) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(r#"SELECT "Sequence", "Hash", "Seal" FROM "audit.ChainHead""#)
            .fetch_optional(connection)
            .await?;
        row.map(|row| {
            let hash: Vec<u8> = row.try_get(1)?;
            let hash = hash
                .try_into()
                .map_err(|_| StoreError::Corrupt("audit.ChainHead.Hash"))?;
            Ok(Self {
                sequence: row.try_get(0)?,
                hash,
                seal: row.try_get(2)?,
            })
        })
        .transpose()
    }
}

/// The seal of the head is bound to its number and, through its content, to its hash.
const fn head_place(sequence: i64) -> Place<'static> {
    Place {
        table: "audit.ChainHead",
        column: "Seal",
        row: sequence,
        user: 0,
    }
}

impl Write<'_> {
    /// Adds the link of a row just written to an audit table. Every insert there is followed by this.
    pub(crate) async fn link(&mut self, table: Table, row: i64) -> Result<(), StoreError> {
        self.link_all(table, row..=row).await
    }

    /// The same for several rows; the end of the chain is sealed once.
    async fn link_all(
        &mut self,
        table: Table,
        rows: RangeInclusive<i64>,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let head = Head::read(self.sql()).await?;
        let (mut sequence, mut hash) = head.map_or((0, [0; 32]), |head| (head.sequence, head.hash));
        let contents = sqlx::query(table.select())
            .bind(rows.start())
            .bind(rows.end())
            .fetch_all(self.sql())
            .await?;
        let mut links = Vec::with_capacity(contents.len());
        for (row, content) in rows.zip(&contents) {
            hash = link_hash(&hash, table, content)?;
            sequence += 1;
            links.push((sequence, row, hash));
        }
        let mut insert = QueryBuilder::<Sqlite>::new(
            r#"INSERT INTO "audit.Chain" ("Sequence", "TableNo", "RowIdentity", "Hash") "#,
        );
        insert.push_values(&links, |mut link, (sequence, row, hash)| {
            link.push_bind(sequence)
                .push_bind(table as i64)
                .push_bind(row)
                .push_bind(hash.as_slice());
        });
        insert.build().execute(self.sql()).await?;
        let seal = self.sealer.seal(head_place(sequence), &hash)?;
        sqlx::query(
            r#"INSERT INTO "audit.ChainHead" ("ID", "Sequence", "Hash", "Seal") VALUES (1, $1, $2, $3)
               ON CONFLICT ("ID") DO UPDATE SET "Sequence" = $1, "Hash" = $2, "Seal" = $3"#,
        )
        .bind(sequence)
        .bind(hash.as_slice())
        .bind(seal)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Copies a row of a transactional table, as it now is, to its audit table, or several. `copy`
    /// selects the four audit columns from $1 to $3 and the row by $4.
    pub(crate) async fn audit_copy(
        &mut self,
        table: Table,
        copy: &'static str,
        change: Change,
        id: i64,
    ) -> Result<(), StoreError> {
        let stamp = self.stamp();
        let written = sqlx::query(copy)
            .bind(stamp)
            .bind(change.letter())
            .bind(SYSTEM_USER)
            .bind(id)
            .execute(self.sql())
            .await?;
        // One statement numbers its rows one after the other.
        let last = written.last_insert_rowid();
        let count = i64::try_from(written.rows_affected()).unwrap_or(i64::MAX);
        self.link_all(table, last.saturating_sub(count) + 1..=last)
            .await
    }
}

/// The next hash of the chain.
fn link_hash(previous: &Hash, table: Table, row: &SqliteRow) -> Result<Hash, StoreError> {
    let mut hash = Sha256::new();
    hash.update(previous);
    update_text(&mut hash, table.name());
    for (index, column) in row.columns().iter().enumerate() {
        let value = row.try_get_raw(index)?.to_owned();
        if value.is_null() {
            continue;
        }
        // By name, so that a column that a later version adds leaves old links valid.
        update_text(&mut hash, column.name());
        match value.type_info().name() {
            "INTEGER" | "BOOLEAN" => {
                hash.update([1]);
                hash.update(value.try_decode::<i64>()?.to_be_bytes());
            }
            "BLOB" => {
                let bytes = value.try_decode::<Vec<u8>>()?;
                hash.update([3]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
            _ => {
                hash.update([2]);
                update_text(&mut hash, &value.try_decode_unchecked::<String>()?);
            }
        }
    }
    Ok(hash.finalize().into())
}

fn update_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

/// How many links are read at a time.
const BATCH: i64 = 1000;

impl Store {
    /// Follows the chain from its first link: how many links there are, or the first row that is not
    /// as it was written.
    pub(crate) async fn verify_audit(&self) -> Result<Result<u64, Tampered>, StoreError> {
        let mut connection = self.read().await?;
        // One moment of the database, however long it takes.
        let mut reading = sqlx::Connection::begin(&mut *connection).await?;
        let (mut last, mut previous): (i64, Hash) = (0, [0; 32]);
        loop {
            let links = sqlx::query(
                r#"SELECT "Sequence", "TableNo", "RowIdentity", "Hash" FROM "audit.Chain"
                   WHERE "Sequence" > $1 ORDER BY "Sequence" LIMIT $2"#,
            )
            .bind(last)
            .bind(BATCH)
            .fetch_all(&mut *reading)
            .await?;
            for link in &links {
                match follow(&mut reading, link, last, &previous).await? {
                    Ok(hash) => (last, previous) = (last + 1, hash),
                    Err(tampered) => return Ok(Err(tampered)),
                }
            }
            if links.is_empty() {
                break;
            }
        }
        let found = self.check_end(&mut reading, last, &previous).await?;
        Ok(found.map(|()| u64::try_from(last).unwrap_or_default()))
    }

    /// Whether the chain ends where the sealed head says, and no row is outside it.
    async fn check_end(
        &self,
        connection: &mut SqliteConnection,
        last: i64,
        hash: &Hash,
    ) -> Result<Result<(), Tampered>, StoreError> {
        for table in Table::ALL {
            let row: Option<i64> = sqlx::query_scalar(table.select_unlinked())
                .fetch_one(&mut *connection)
                .await?;
            if let Some(row) = row {
                return Ok(Err(Tampered::Added {
                    table: table.name(),
                    row,
                }));
            }
        }
        let Some(head) = Head::read(connection).await? else {
            return Ok(if last == 0 {
                Ok(())
            } else {
                Err(Tampered::Head)
            });
        };
        let sealed = self
            .sealer()
            .open_sealed(head_place(head.sequence), &head.seal);
        let genuine = sealed.is_ok_and(|sealed| sealed.as_slice() == head.hash);
        Ok(if !genuine {
            Err(Tampered::Head)
        } else if head.sequence != last {
            Err(Tampered::CutOff {
                found: last,
                expected: head.sequence,
            })
        } else if head.hash != *hash {
            Err(Tampered::Head)
        } else {
            Ok(())
        })
    }
}

/// Checks one link and the row that it names.
async fn follow(
    connection: &mut SqliteConnection,
    link: &SqliteRow,
    last: i64,
    previous: &Hash,
) -> Result<Result<Hash, Tampered>, StoreError> {
    let sequence: i64 = link.try_get(0)?;
    if sequence != last + 1 {
        return Ok(Err(Tampered::LinkMissing { link: last + 1 }));
    }
    let Some(table) = Table::of_number(link.try_get(1)?) else {
        return Ok(Err(Tampered::LinkEdited { link: sequence }));
    };
    let row: i64 = link.try_get(2)?;
    let content = sqlx::query(table.select())
        .bind(row)
        .bind(row)
        .fetch_optional(connection)
        .await?;
    let Some(content) = content else {
        return Ok(Err(Tampered::Removed {
            table: table.name(),
            row,
            link: sequence,
        }));
    };
    let hash = link_hash(previous, table, &content)?;
    if link.try_get::<Vec<u8>, _>(3)? == hash {
        Ok(Ok(hash))
    } else {
        Ok(Err(Tampered::Edited {
            table: table.name(),
            row,
            link: sequence,
        }))
    }
}
