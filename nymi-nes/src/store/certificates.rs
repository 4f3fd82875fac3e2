//! audit.Certificate, and who holds which NEA name.

use super::audit::Table;
use super::{StoreError, Write};
use crate::pki::Issued;

/// Who asked for a certificate.
pub(crate) struct Requester<'a> {
    pub(crate) domain: &'a str,
    pub(crate) username: &'a str,
    pub(crate) ip: &'a str,
}

impl Write<'_> {
    /// Takes `nea_name` for this account if it is free; false if it is another's. Names that differ
    /// in case only are one name.
    pub(crate) async fn claim_nea_name(
        &mut self,
        nea_name: &str,
        account: i64,
    ) -> Result<bool, StoreError> {
        let name = nea_name.to_ascii_lowercase();
        sqlx::query(r#"INSERT INTO "adm.NeaName" ("NeaName", "AccountID") VALUES ($1, $2) ON CONFLICT DO NOTHING"#)
            .bind(&name)
            .bind(account)
            .execute(self.sql())
            .await?;
        let holder: i64 =
            sqlx::query_scalar(r#"SELECT "AccountID" FROM "adm.NeaName" WHERE "NeaName" = $1"#)
                .bind(&name)
                .fetch_one(self.sql())
                .await?;
        Ok(holder == account)
    }

    /// Records an issued certificate.
    pub(crate) async fn issued(
        &mut self,
        issued: &Issued,
        requester: &Requester<'_>,
    ) -> Result<(), StoreError> {
        let row = sqlx::query(
            r#"INSERT INTO "audit.Certificate" ("NotBefore", "NotAfter", "SerialNumber", "RequesterTime",
                "RequesterDomain", "RequesterUserName", "RequesterIp") VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
        )
        .bind(issued.validity.not_before.to_string())
        .bind(issued.validity.not_after.to_string())
        .bind(&issued.serial)
        .bind(self.stamp())
        .bind(requester.domain)
        .bind(requester.username)
        .bind(requester.ip)
        .execute(self.sql())
        .await?;
        self.link(Table::Certificate, row.last_insert_rowid()).await
    }
}
