//! adm.ApplicationSettings: the group policies, of which exactly one is active.

use nymi_core::policy::{COLUMNS, GroupPolicy, Value as PolicyValue};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef};

use super::audit::{Change, Table};
use super::{Store, StoreError, Write};

/// A stored group policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPolicy {
    pub(crate) id: i64,
    pub(crate) is_active: bool,
    pub(crate) policy: GroupPolicy,
}

const COPY: &str = r#"INSERT INTO "audit.ApplicationsSetting"
    SELECT NULL, $1, $2, $3, * FROM "adm.ApplicationSettings" WHERE "ID" = $4"#;

fn read_row(row: &SqliteRow) -> Result<StoredPolicy, StoreError> {
    let mut columns = Vec::with_capacity(COLUMNS.len());
    for column in COLUMNS {
        let raw = row.try_get_raw(column.name)?;
        let value = if raw.is_null() {
            PolicyValue::Null
        } else if raw.type_info().name() == "TEXT" {
            PolicyValue::Text(row.try_get(column.name)?)
        } else {
            PolicyValue::Integer(row.try_get(column.name)?)
        };
        columns.push((column.name, value));
    }
    let policy = GroupPolicy::from_columns(columns)
        .map_err(|_| StoreError::Corrupt("adm.ApplicationSettings"))?;
    Ok(StoredPolicy {
        id: row.try_get("ID")?,
        is_active: row.try_get("IsActive")?,
        policy,
    })
}

/// The active group policy.
pub(crate) async fn active(connection: &mut SqliteConnection) -> Result<StoredPolicy, StoreError> {
    let row = sqlx::query(r#"SELECT * FROM "adm.ApplicationSettings" WHERE "IsActive" = 1"#)
        .fetch_one(connection)
        .await?;
    read_row(&row)
}

/// All group policies, oldest first.
pub(crate) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<StoredPolicy>, StoreError> {
    let rows = sqlx::query(r#"SELECT * FROM "adm.ApplicationSettings" ORDER BY "ID""#)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_row).collect()
}

fn push_value(query: &mut QueryBuilder<Sqlite>, value: PolicyValue) {
    match value {
        PolicyValue::Null => query.push_bind(None::<i64>),
        PolicyValue::Integer(number) => query.push_bind(number),
        PolicyValue::Text(text) => query.push_bind(text),
    };
}

impl Store {
    /// A fresh database gets the default policy, active.
    pub(crate) async fn ensure_policy(&self, now: nymi_core::UnixMillis) -> Result<(), StoreError> {
        let mut write = self.begin(now).await?;
        let known: i64 = sqlx::query_scalar(r#"SELECT COUNT(*) FROM "adm.ApplicationSettings""#)
            .fetch_one(write.sql())
            .await?;
        if known > 0 {
            return Ok(());
        }
        let mut query = QueryBuilder::<Sqlite>::new(
            r#"INSERT INTO "adm.ApplicationSettings" ("IsActive", "CreatedAt", "ModifiedAt", "ModifiedBy""#,
        );
        let (names, values): (Vec<_>, Vec<_>) =
            GroupPolicy::default().columns().into_iter().unzip();
        for name in names {
            query.push(format_args!(", \"{name}\""));
        }
        query
            .push(") VALUES (1, ")
            .push_bind(write.stamp())
            .push(", ")
            .push_bind(write.stamp());
        query.push(", ").push_bind(super::SYSTEM_USER);
        for value in values {
            query.push(", ");
            push_value(&mut query, value);
        }
        query.push(")");
        let id = query
            .build()
            .execute(write.sql())
            .await?
            .last_insert_rowid();
        write
            .audit_copy(Table::ApplicationsSetting, COPY, Change::Created, id)
            .await?;
        write.commit().await
    }
}

impl Write<'_> {
    /// Changes a policy; without a difference nothing is written, no audit row either.
    pub(crate) async fn update_policy(
        &mut self,
        old: &StoredPolicy,
        new: &GroupPolicy,
        modified_by: &str,
    ) -> Result<bool, StoreError> {
        if old.policy == *new {
            return Ok(false);
        }
        let mut query =
            QueryBuilder::<Sqlite>::new(r#"UPDATE "adm.ApplicationSettings" SET "ModifiedAt" = "#);
        query
            .push_bind(self.stamp())
            .push(r#", "ModifiedBy" = "#)
            .push_bind(modified_by);
        for (name, value) in new.columns() {
            query.push(format_args!(", \"{name}\" = "));
            push_value(&mut query, value);
        }
        query.push(r#" WHERE "ID" = "#).push_bind(old.id);
        query.build().execute(self.sql()).await?;
        self.audit_copy(Table::ApplicationsSetting, COPY, Change::Updated, old.id)
            .await?;
        Ok(true)
    }
}
