//! adm.Token: log-in tokens, of which only the hash is kept.

use nymi_core::UnixMillis;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::accounts::Account;
use super::{StoreError, Write};

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The account that a token stands for, if it has not expired.
pub(crate) async fn holder(
    connection: &mut SqliteConnection,
    token: &str,
    now: UnixMillis,
) -> Result<Option<Account>, StoreError> {
    Ok(sqlx::query_as(
        r#"SELECT a.* FROM "adm.Token" t JOIN "dir.Account" a ON a."ID" = t."AccountID"
           WHERE t."TokenHash" = $1 AND t."ExpiresAt" > $2"#,
    )
    .bind(hash(token).as_slice())
    .bind(now.0)
    .fetch_optional(connection)
    .await?)
}

impl Write<'_> {
    /// Keeps a new token; those that have expired go.
    pub(crate) async fn insert_token(
        &mut self,
        token: &str,
        account: i64,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        let now = self.now.0;
        sqlx::query(r#"DELETE FROM "adm.Token" WHERE "ExpiresAt" <= $1"#)
            .bind(now)
            .execute(self.sql())
            .await?;
        sqlx::query(r#"INSERT INTO "adm.Token" ("TokenHash", "AccountID", "ExpiresAt") VALUES ($1, $2, $3)"#)
            .bind(hash(token).as_slice())
            .bind(account)
            .bind(expires_at.0)
            .execute(self.sql())
            .await?;
        Ok(())
    }
}
