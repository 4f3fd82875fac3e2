//! nub.ExternalAuthenticator: the public keys that bands made.

use sqlx::QueryBuilder;

use super::audit::{Change, Table};
use super::{StoreError, Write};

/// The name under which a band's identity key is kept.
pub(super) const IDENTITY: &str = "Band";

const COPY: &str = r#"INSERT INTO "audit.ExternalAuthenticator"
    SELECT NULL, $1, $2, $3, * FROM "nub.ExternalAuthenticator" WHERE "ID" = $4"#;

impl Write<'_> {
    /// Keeps the identity key that a band made at its enrollment, in place of an earlier one.
    pub(crate) async fn set_identity_key(
        &mut self,
        band: i64,
        spki: &[u8],
        by: &str,
    ) -> Result<(), StoreError> {
        self.set_authenticator(band, IDENTITY, spki, None, by).await
    }

    /// Keeps the key for corporate credentials under the name that the policy gives it; those of an
    /// earlier enrollment go. `haptics`: whether the policy has haptic feedback on.
    pub(crate) async fn set_corporate_key(
        &mut self,
        band: i64,
        key: Option<(&'static str, &[u8])>,
        haptics: bool,
        by: &str,
    ) -> Result<(), StoreError> {
        let name = key.map_or(IDENTITY, |(name, _)| name);
        self.delete_authenticators(band, &[IDENTITY, name], by)
            .await?;
        match key {
            Some((name, spki)) => {
                self.set_authenticator(band, name, spki, Some(haptics), by)
                    .await
            }
            None => Ok(()),
        }
    }

    async fn set_authenticator(
        &mut self,
        band: i64,
        name: &'static str,
        spki: &[u8],
        haptics: Option<bool>,
        by: &str,
    ) -> Result<(), StoreError> {
        let known: Option<i64> = sqlx::query_scalar(
            r#"SELECT "ID" FROM "nub.ExternalAuthenticator" WHERE "NymiBandId" = $1 AND "Name" = $2"#,
        )
        .bind(band)
        .bind(name)
        .fetch_optional(self.sql())
        .await?;
        let change = match known {
            Some(_) => Change::Updated,
            None => Change::Created,
        };
        let id: i64 = sqlx::query_scalar(
            r#"INSERT INTO "nub.ExternalAuthenticator"
               ("PublicKey", "NymiBandId", "Name", "CreatedAt", "ModifiedAt", "ModifiedBy", "HapticFeedbackonBandEnabled")
               VALUES ($1, $2, $3, $4, $4, $5, $6)
               ON CONFLICT ("NymiBandId", "Name") DO UPDATE SET "PublicKey" = $1, "ModifiedAt" = $4,
                   "ModifiedBy" = $5, "HapticFeedbackonBandEnabled" = $6
               RETURNING "ID""#,
        )
        .bind(nymi_core::chain::pem::encode("PUBLIC KEY", spki))
        .bind(band)
        .bind(name)
        .bind(self.stamp())
        .bind(by)
        .bind(haptics)
        .fetch_one(self.sql())
        .await?;
        self.audit_copy(Table::ExternalAuthenticator, COPY, change, id)
            .await
    }

    /// Deletes a band's external authenticators but those of these names; their last audit rows say who
    /// did it.
    pub(super) async fn delete_authenticators(
        &mut self,
        band: i64,
        kept: &[&'static str],
        by: &str,
    ) -> Result<(), StoreError> {
        let mut update =
            QueryBuilder::new(r#"UPDATE "nub.ExternalAuthenticator" SET "ModifiedAt" = "#);
        update.push_bind(self.stamp()).push(r#", "ModifiedBy" = "#);
        update
            .push_bind(by)
            .push(r#" WHERE "NymiBandId" = "#)
            .push_bind(band);
        for name in kept {
            update.push(r#" AND "Name" <> "#).push_bind(*name);
        }
        update.push(r#" RETURNING "ID""#);
        let ids: Vec<i64> = update.build_query_scalar().fetch_all(self.sql()).await?;
        for id in ids {
            self.audit_copy(Table::ExternalAuthenticator, COPY, Change::Deleted, id)
                .await?;
            sqlx::query(r#"DELETE FROM "nub.ExternalAuthenticator" WHERE "ID" = $1"#)
                .bind(id)
                .execute(self.sql())
                .await?;
        }
        Ok(())
    }
}
