//! dir.Account: built-in users and the accounts of programs.

use nymi_core::life::Person;
use sqlx::{FromRow, SqliteConnection};

use super::{StoreError, Write};

/// One row of dir.Account.
#[derive(Clone, Debug, FromRow)]
#[sqlx(rename_all = "PascalCase")]
pub(crate) struct Account {
    #[sqlx(rename = "ID")]
    pub(crate) id: i64,
    pub(crate) subject: String,
    pub(crate) kind: String,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) password_hash: String,
    pub(crate) is_administrator: bool,
    pub(crate) is_disabled: bool,
    pub(crate) is_locked: bool,
    pub(crate) must_change_password: bool,
    pub(crate) expires_at: Option<i64>,
    pub(crate) password_expires_at: Option<i64>,
    pub(crate) endpoints: Option<String>,
}

/// What a new account is made of.
pub(crate) struct NewAccount<'a> {
    pub(crate) kind: &'static str,
    pub(crate) domain: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) is_administrator: bool,
    pub(crate) endpoints: Option<String>,
}

/// The account of this name, whatever its case; programs have no domain.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    domain: &str,
    username: &str,
) -> Result<Option<Account>, StoreError> {
    Ok(
        sqlx::query_as(r#"SELECT * FROM "dir.Account" WHERE "Domain" = $1 AND "Username" = $2"#)
            .bind(domain)
            .bind(username)
            .fetch_optional(connection)
            .await?,
    )
}

/// The people who have an account, with their domains.
pub(crate) async fn people(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, Person)>, StoreError> {
    let rows: Vec<(String, String, Option<String>, Option<String>)> = sqlx::query_as(
        r#"SELECT "Domain", "Username", "FirstName", "LastName" FROM "dir.Account" WHERE "Kind" = 'user'"#,
    )
    .fetch_all(connection)
    .await?;
    let person = |(domain, username, first_name, last_name): (_, _, Option<_>, Option<_>)| {
        let person = Person {
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            username,
        };
        (domain, person)
    };
    Ok(rows.into_iter().map(person).collect())
}

impl Write<'_> {
    /// Adds an account; false if the name is taken.
    pub(crate) async fn insert_account(
        &mut self,
        account: &NewAccount<'_>,
    ) -> Result<bool, StoreError> {
        let written = sqlx::query(
            r#"INSERT INTO "dir.Account" ("Subject", "Kind", "Domain", "Username", "PasswordHash", "IsAdministrator",
                "Endpoints", "CreatedAt") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT ("Domain", "Username") DO NOTHING"#,
        )
        .bind(uuid::Uuid::new_v4().to_string())
        .bind(account.kind)
        .bind(account.domain)
        .bind(account.username)
        .bind(account.password_hash)
        .bind(account.is_administrator)
        .bind(&account.endpoints)
        .bind(self.stamp())
        .execute(self.sql())
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// Sets the names of a user; false if there is no such account.
    pub(crate) async fn set_account_names(
        &mut self,
        domain: &str,
        username: &str,
        [first, last]: [&str; 2],
    ) -> Result<bool, StoreError> {
        let written = sqlx::query(
            r#"UPDATE "dir.Account" SET "FirstName" = $3, "LastName" = $4
               WHERE "Domain" = $1 AND "Username" = $2 AND "Kind" = 'user'"#,
        )
        .bind(domain)
        .bind(username)
        .bind(first)
        .bind(last)
        .execute(self.sql())
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// Sets the flags of a user's account; false if there is none.
    pub(crate) async fn set_account_flags(
        &mut self,
        domain: &str,
        username: &str,
        flags: crate::directory::AccountFlags,
    ) -> Result<bool, StoreError> {
        let written = sqlx::query(
            r#"UPDATE "dir.Account" SET "IsDisabled" = $3, "IsLocked" = $4, "MustChangePassword" = $5,
                "ExpiresAt" = $6, "PasswordExpiresAt" = $7
            WHERE "Domain" = $1 AND "Username" = $2 AND "Kind" = 'user'"#,
        )
        .bind(domain)
        .bind(username)
        .bind(flags.disabled)
        .bind(flags.locked)
        .bind(flags.must_change_password)
        .bind(flags.expires_at.map(|at| at.0))
        .bind(flags.password_expires_at.map(|at| at.0))
        .execute(self.sql())
        .await?;
        Ok(written.rows_affected() == 1)
    }
}
