//! nub.UserCore: the people who enrolled, under immutable ids.

use nymi_core::life::CREATED_BY_SEARCH;
use sqlx::{FromRow, SqliteConnection};

use super::audit::{Change, Table};
use super::{StoreError, Write};
use crate::directory::Found;

/// One row of nub.UserCore.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[sqlx(rename_all = "PascalCase")]
pub(crate) struct UserCore {
    #[sqlx(rename = "ID")]
    pub(crate) id: i64,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) misc_note: Option<String>,
    pub(crate) created_at: String,
    pub(crate) modified_at: String,
    pub(crate) modified_by: String,
}

impl UserCore {
    /// Domain and user name.
    pub(crate) fn name(&self) -> Found {
        Found {
            domain: self.domain.clone(),
            username: self.username.clone(),
        }
    }
}

const COPY: &str = r#"INSERT INTO "audit.UserCore" SELECT NULL, $1, $2, $3, * FROM "nub.UserCore" WHERE "ID" = $4"#;

/// The user of this name, whatever its case.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    domain: &str,
    username: &str,
) -> Result<Option<UserCore>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "nub.UserCore" WHERE "Domain" = $1 AND "Username" = $2"#)
            .bind(domain)
            .bind(username)
            .fetch_optional(connection)
            .await?,
    )
}

/// The user with this id.
pub(crate) async fn by_id(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Option<UserCore>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "nub.UserCore" WHERE "ID" = $1"#)
            .bind(id)
            .fetch_optional(connection)
            .await?,
    )
}

/// All users, by name.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<UserCore>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "nub.UserCore" ORDER BY "Domain", "Username""#)
            .fetch_all(connection)
            .await?,
    )
}

impl Write<'_> {
    /// The row of this user, created and audited if it is the first enrollment.
    pub(crate) async fn user_for(
        &mut self,
        domain: &str,
        username: &str,
        modified_by: &str,
    ) -> Result<UserCore, StoreError> {
        self.user_noted(domain, username, None, modified_by).await
    }

    /// The same for a user whom a search found (guide 000, 11.1.2.5 "audit.UserCore SQL Schema").
    pub(crate) async fn searched_user(
        &mut self,
        domain: &str,
        username: &str,
        modified_by: &str,
    ) -> Result<UserCore, StoreError> {
        let note = Some(CREATED_BY_SEARCH);
        self.user_noted(domain, username, note, modified_by).await
    }

    /// The row of this user; a new one has this note.
    async fn user_noted(
        &mut self,
        domain: &str,
        username: &str,
        note: Option<&'static str>,
        modified_by: &str,
    ) -> Result<UserCore, StoreError> {
        if let Some(user) = find(self.sql(), domain, username).await? {
            return Ok(user);
        }
        let stamp = self.stamp();
        let id = sqlx::query(
            r#"INSERT INTO "nub.UserCore" ("Domain", "Username", "MiscNote", "CreatedAt", "ModifiedAt", "ModifiedBy")
               VALUES ($1, $2, $3, $4, $4, $5)"#,
        )
        .bind(domain)
        .bind(username)
        .bind(note)
        .bind(stamp)
        .bind(modified_by)
        .execute(self.sql())
        .await?
        .last_insert_rowid();
        self.audit_copy(Table::UserCore, COPY, Change::Created, id)
            .await?;
        find(self.sql(), domain, username)
            .await?
            .ok_or(StoreError::Corrupt("nub.UserCore"))
    }
}
