//! adm.ApplicationSettings and adm.IndividualUserPolicy: the policies and who is in which.
//!
//! [`PolicySet`] has the rules: an operation is done on it, and [`Write::save_policies`] writes the
//! difference, row by row with its audit rows.

use std::collections::{BTreeMap, BTreeSet};

use nymi_core::policy::{
    COLUMNS, GroupPolicy, GroupPolicyId, INDIVIDUAL_COLUMNS, IndividualPolicy, IndividualPolicyId,
    PolicySet, UserCoreId, Value as PolicyValue,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef};

use super::audit::{Change, Table};
use super::{Store, StoreError, Write};

/// Where the rows of one kind of policy are.
struct Rows {
    name: &'static str,
    audit: Table,
    copy: &'static str,
}

const GROUP: Rows = Rows {
    name: "adm.ApplicationSettings",
    audit: Table::ApplicationsSetting,
    copy: r#"INSERT INTO "audit.ApplicationsSetting"
        SELECT NULL, $1, $2, $3, * FROM "adm.ApplicationSettings" WHERE "ID" = $4"#,
};

const INDIVIDUAL: Rows = Rows {
    name: "adm.IndividualUserPolicy",
    audit: Table::IndividualUserPolicy,
    copy: r#"INSERT INTO "audit.IndividualUserPolicy"
        SELECT NULL, $1, $2, $3, * FROM "adm.IndividualUserPolicy" WHERE "ID" = $4"#,
};

const COPY_MEMBER: &str = r#"INSERT INTO "audit.IndividualUserPolicyMember"
    SELECT NULL, $1, $2, $3, * FROM "adm.IndividualUserPolicyMember" WHERE "UserCoreId" = $4"#;

/// A row by column name, as the core gives and takes it.
type Columns = Vec<(&'static str, PolicyValue)>;

fn read_columns(
    row: &SqliteRow,
    names: impl Iterator<Item = &'static str>,
) -> Result<Columns, StoreError> {
    names
        .map(|name| {
            let raw = row.try_get_raw(name)?;
            let value = if raw.is_null() {
                PolicyValue::Null
            } else if raw.type_info().name() == "TEXT" {
                PolicyValue::Text(row.try_get(name)?)
            } else {
                PolicyValue::Integer(row.try_get(name)?)
            };
            Ok((name, value))
        })
        .collect()
}

fn read_group(row: &SqliteRow) -> Result<(GroupPolicyId, bool, GroupPolicy), StoreError> {
    let columns = read_columns(row, COLUMNS.iter().map(|column| column.name))?;
    let policy = GroupPolicy::from_columns(columns).map_err(|_| StoreError::Corrupt(GROUP.name))?;
    let id = GroupPolicyId(row.try_get("ID")?);
    Ok((id, row.try_get("IsActive")?, policy))
}

fn read_individual(row: &SqliteRow) -> Result<(IndividualPolicyId, IndividualPolicy), StoreError> {
    let columns = read_columns(row, INDIVIDUAL_COLUMNS.iter().map(|column| column.name))?;
    let policy = IndividualPolicy::from_columns(columns)
        .map_err(|_| StoreError::Corrupt(INDIVIDUAL.name))?;
    Ok((IndividualPolicyId(row.try_get("ID")?), policy))
}

/// The active group policy.
pub(crate) async fn active(connection: &mut SqliteConnection) -> Result<GroupPolicy, StoreError> {
    let row = sqlx::query(r#"SELECT * FROM "adm.ApplicationSettings" WHERE "IsActive" = 1"#)
        .fetch_one(connection)
        .await?;
    Ok(read_group(&row)?.2)
}

/// The policy that holds for a user: the individual one over the active group policy.
pub(crate) async fn effective(
    connection: &mut SqliteConnection,
    user: i64,
) -> Result<GroupPolicy, StoreError> {
    let group = active(connection).await?;
    let row = sqlx::query(
        r#"SELECT p.* FROM "adm.IndividualUserPolicyMember" m
           JOIN "adm.IndividualUserPolicy" p ON p."ID" = m."IndividualUserPolicyId"
           WHERE m."UserCoreId" = $1"#,
    )
    .bind(user)
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => Ok(read_individual(&row)?.1.over(&group)),
        None => Ok(group),
    }
}

/// The ID of the individual policy that a user is in.
pub(crate) async fn individual_of(
    connection: &mut SqliteConnection,
    user: i64,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        r#"SELECT "IndividualUserPolicyId" FROM "adm.IndividualUserPolicyMember"
           WHERE "UserCoreId" = $1"#,
    )
    .bind(user)
    .fetch_optional(connection)
    .await?)
}

/// All policies.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<PolicySet, StoreError> {
    let group = sqlx::query(r#"SELECT * FROM "adm.ApplicationSettings""#)
        .fetch_all(&mut *connection)
        .await?;
    let individual = sqlx::query(r#"SELECT * FROM "adm.IndividualUserPolicy""#)
        .fetch_all(&mut *connection)
        .await?;
    let members: Vec<(i64, i64)> = sqlx::query_as(
        r#"SELECT "UserCoreId", "IndividualUserPolicyId" FROM "adm.IndividualUserPolicyMember""#,
    )
    .fetch_all(connection)
    .await?;
    let group: Vec<_> = group.iter().map(read_group).collect::<Result<_, _>>()?;
    let individual: Vec<_> = individual
        .iter()
        .map(read_individual)
        .collect::<Result<_, _>>()?;
    let members = members
        .into_iter()
        .map(|(user, policy)| (UserCoreId(user), IndividualPolicyId(policy)));
    PolicySet::from_rows(group, individual, members).map_err(|error| {
        tracing::error!(%error, "the stored policies do not fit together");
        StoreError::Corrupt(GROUP.name)
    })
}

fn group_columns(is_active: bool, policy: &GroupPolicy) -> Columns {
    let active = ("IsActive", PolicyValue::Integer(i64::from(is_active)));
    std::iter::once(active).chain(policy.columns()).collect()
}

impl Store {
    /// A database without policies gets those of a fresh server.
    pub(crate) async fn ensure_policies(
        &self,
        now: nymi_core::UnixMillis,
    ) -> Result<(), StoreError> {
        let mut write = self.begin(now).await?;
        let fresh = PolicySet::fresh();
        // Deleted ones are not made again: what was ever there is in the audit trail.
        if write.is_empty("audit.ApplicationsSetting").await? {
            for (id, (policy, is_active)) in fresh.group() {
                let columns = group_columns(is_active, policy);
                write
                    .insert_policy(&GROUP, id.0, columns, super::SYSTEM_USER)
                    .await?;
            }
        }
        if write.is_empty("audit.IndividualUserPolicy").await? {
            for (id, policy) in fresh.individual() {
                let columns = policy.columns();
                write
                    .insert_policy(&INDIVIDUAL, id.0, columns, super::SYSTEM_USER)
                    .await?;
            }
        }
        write.commit().await
    }
}

fn push_value(query: &mut QueryBuilder<Sqlite>, value: PolicyValue) {
    match value {
        PolicyValue::Null => query.push_bind(None::<i64>),
        PolicyValue::Integer(number) => query.push_bind(number),
        PolicyValue::Text(text) => query.push_bind(text),
    };
}

impl Write<'_> {
    async fn is_empty(&mut self, table: &'static str) -> Result<bool, StoreError> {
        let sql = format!(r#"SELECT NOT EXISTS (SELECT 1 FROM "{table}")"#);
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(self.sql())
            .await?)
    }

    /// An ID for a new policy of this table, never used before.
    async fn next_id(&mut self, rows: &Rows) -> Result<i64, StoreError> {
        let last: Option<i64> =
            sqlx::query_scalar(r#"SELECT "seq" FROM "sqlite_sequence" WHERE "name" = $1"#)
                .bind(rows.name)
                .fetch_optional(self.sql())
                .await?;
        Ok(last.unwrap_or(0).saturating_add(1))
    }

    /// An ID for a new group policy.
    pub(crate) async fn next_group_policy(&mut self) -> Result<GroupPolicyId, StoreError> {
        self.next_id(&GROUP).await.map(GroupPolicyId)
    }

    /// An ID for a new individual policy.
    pub(crate) async fn next_individual_policy(
        &mut self,
    ) -> Result<IndividualPolicyId, StoreError> {
        self.next_id(&INDIVIDUAL).await.map(IndividualPolicyId)
    }

    async fn insert_policy(
        &mut self,
        rows: &Rows,
        id: i64,
        columns: Columns,
        by: &str,
    ) -> Result<(), StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            r#"INSERT INTO "{}" ("ID", "CreatedAt", "ModifiedAt", "ModifiedBy""#,
            rows.name
        ));
        for (name, _) in &columns {
            query.push(format_args!(", \"{name}\""));
        }
        query.push(") VALUES (").push_bind(id);
        for text in [self.stamp(), self.stamp(), by.to_owned()] {
            query.push(", ").push_bind(text);
        }
        for (_, value) in columns {
            query.push(", ");
            push_value(&mut query, value);
        }
        query.push(")").build().execute(self.sql()).await?;
        self.audit_copy(rows.audit, rows.copy, Change::Created, id)
            .await
    }

    async fn update_policy(
        &mut self,
        rows: &Rows,
        id: i64,
        columns: Columns,
        by: &str,
    ) -> Result<(), StoreError> {
        let mut query =
            QueryBuilder::<Sqlite>::new(format!(r#"UPDATE "{}" SET "ModifiedAt" = "#, rows.name));
        query.push_bind(self.stamp());
        query.push(r#", "ModifiedBy" = "#).push_bind(by.to_owned());
        for (name, value) in columns {
            query.push(format_args!(", \"{name}\" = "));
            push_value(&mut query, value);
        }
        query.push(r#" WHERE "ID" = "#).push_bind(id);
        query.build().execute(self.sql()).await?;
        self.audit_copy(rows.audit, rows.copy, Change::Updated, id)
            .await
    }

    /// Deletes a row; its last values stay in the audit trail, under who deleted it.
    async fn delete_policy(&mut self, rows: &Rows, id: i64, by: &str) -> Result<(), StoreError> {
        let stamp = format!(
            r#"UPDATE "{}" SET "ModifiedAt" = $1, "ModifiedBy" = $2 WHERE "ID" = $3"#,
            rows.name
        );
        sqlx::query(AssertSqlSafe(stamp))
            .bind(self.stamp())
            .bind(by)
            .bind(id)
            .execute(self.sql())
            .await?;
        self.audit_copy(rows.audit, rows.copy, Change::Deleted, id)
            .await?;
        let delete = format!(r#"DELETE FROM "{}" WHERE "ID" = $1"#, rows.name);
        sqlx::query(AssertSqlSafe(delete))
            .bind(id)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Writes what differs from `old` to `new`, and no audit row where nothing does.
    pub(crate) async fn save_policies(
        &mut self,
        old: &PolicySet,
        new: &PolicySet,
        by: &str,
    ) -> Result<(), StoreError> {
        let group = |set: &PolicySet| -> BTreeMap<i64, Columns> {
            let rows = set.group().into_iter();
            rows.map(|(id, (policy, is_active))| (id.0, group_columns(is_active, policy)))
                .collect()
        };
        let individual = |set: &PolicySet| -> BTreeMap<i64, Columns> {
            let rows = set.individual().iter();
            rows.map(|(id, policy)| (id.0, policy.columns())).collect()
        };
        // The one that was active is so no more before another one is.
        let (was, is) = (old.active().0.0, new.active().0.0);
        let first = (was != is).then_some(was);
        self.save_rows(&GROUP, &group(old), &group(new), first, by)
            .await?;
        self.save_members(old, new, by).await?;
        let (before, after) = (individual(old), individual(new));
        self.save_rows(&INDIVIDUAL, &before, &after, None, by)
            .await?;
        match old == new {
            true => Ok(()),
            false => self.sync_bands(new, by).await,
        }
    }

    async fn save_rows(
        &mut self,
        rows: &Rows,
        old: &BTreeMap<i64, Columns>,
        new: &BTreeMap<i64, Columns>,
        first: Option<i64>,
        by: &str,
    ) -> Result<(), StoreError> {
        let ids: BTreeSet<i64> = old.keys().chain(new.keys()).copied().collect();
        let rest = ids.into_iter().filter(|id| Some(*id) != first);
        for id in first.into_iter().chain(rest) {
            match (old.get(&id), new.get(&id)) {
                (Some(before), Some(after)) if before == after => {}
                (Some(_), Some(after)) => {
                    self.update_policy(rows, id, after.clone(), by).await?;
                }
                (None, Some(after)) => self.insert_policy(rows, id, after.clone(), by).await?,
                (_, None) => self.delete_policy(rows, id, by).await?,
            }
        }
        Ok(())
    }

    async fn save_members(
        &mut self,
        old: &PolicySet,
        new: &PolicySet,
        by: &str,
    ) -> Result<(), StoreError> {
        let members = |set: &PolicySet| -> BTreeMap<i64, i64> {
            let policies = set.individual().keys();
            policies
                .flat_map(|id| set.members(*id).map(|user| (user.0, id.0)))
                .collect()
        };
        let (before, after) = (members(old), members(new));
        let users: BTreeSet<i64> = before.keys().chain(after.keys()).copied().collect();
        for user in users {
            match (before.get(&user), after.get(&user)) {
                (was, is) if was == is => {}
                (was, Some(policy)) => {
                    let change = if was.is_none() {
                        Change::Created
                    } else {
                        Change::Updated
                    };
                    self.set_member(user, *policy, by, change).await?;
                }
                (Some(policy), None) => {
                    self.set_member(user, *policy, by, Change::Deleted).await?;
                    sqlx::query(
                        r#"DELETE FROM "adm.IndividualUserPolicyMember" WHERE "UserCoreId" = $1"#,
                    )
                    .bind(user)
                    .execute(self.sql())
                    .await?;
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    async fn set_member(
        &mut self,
        user: i64,
        policy: i64,
        by: &str,
        change: Change,
    ) -> Result<(), StoreError> {
        sqlx::query(
            r#"INSERT INTO "adm.IndividualUserPolicyMember" VALUES ($1, $2, $3, $4)
               ON CONFLICT ("UserCoreId") DO UPDATE
               SET "IndividualUserPolicyId" = $2, "ModifiedAt" = $3, "ModifiedBy" = $4"#,
        )
        .bind(user)
        .bind(policy)
        .bind(self.stamp())
        .bind(by)
        .execute(self.sql())
        .await?;
        let table = Table::IndividualUserPolicyMember;
        self.audit_copy(table, COPY_MEMBER, change, user).await
    }
}
