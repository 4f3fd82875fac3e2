//! The audit trail shows tampering, and is small.

use nymi_nes::Clock;
use sqlx::AssertSqlSafe;

use crate::support::{INTENT, Nes, wish};

/// A server with a few events of each kind.
async fn busy() -> Nes {
    let nes = Nes::start().await;
    {
        let band = nes.user("bob").await.enroll(1).await;
        let agent = nes.agent("agent", &["*"]).await;
        for _ in 0..3 {
            nes.clock.advance(1_000);
            assert_eq!(
                agent
                    .outcome(&band, "t-7", band.frame(nes.clock.now()))
                    .await,
                "verified"
            );
        }
    }
    nes
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_and_named() {
    let link =
        r#"(SELECT MIN("Sequence") FROM "audit.Chain" WHERE "TableNo" = 1 AND "RowIdentity" = 2)"#;
    for (sql, named) in [
        (
            r#"UPDATE "audit.Events" SET "Username" = 'eve' WHERE "ID" = 2"#,
            "audit.Events row 2 was edited",
        ),
        (
            r#"UPDATE "audit.Verification" SET "Endpoint" = 't-9' WHERE "EventID" = 3"#,
            "audit.Events row 3 was edited",
        ),
        (
            r#"UPDATE "audit.Events" SET "HardwareID" = NULL WHERE "ID" = 2"#,
            "audit.Events row 2 was edited",
        ),
        (
            r#"UPDATE "audit.NymiBand" SET "IsActive" = 0 WHERE "Identity" = 1"#,
            "audit.NymiBand row 1 was edited",
        ),
        (
            r#"DELETE FROM "audit.Verification" WHERE "EventID" = 2"#,
            "audit.Events row 2 was edited",
        ),
        (
            r#"DELETE FROM "audit.Verification" WHERE "EventID" = 2; DELETE FROM "audit.Events" WHERE "ID" = 2"#,
            "audit.Events row 2 was removed",
        ),
        (
            r#"DELETE FROM "audit.UserCore""#,
            "audit.UserCore row 1 was removed",
        ),
        (
            r#"INSERT INTO "audit.Events" SELECT 99, "EventTypeID", "UserCoreID", "Username", NULL, NULL, "CreatedAt",
            "ModifiedAt", "ModifiedBy", NULL, NULL FROM "audit.Events" WHERE "ID" = 2"#,
            "audit.Events row 99 was added",
        ),
        (
            &format!(r#"DELETE FROM "audit.Chain" WHERE "Sequence" = {link}"#),
            "is missing",
        ),
        (
            r#"UPDATE "audit.Events" SET "CreatedAt" = CASE "ID" WHEN 2 THEN (SELECT "CreatedAt" FROM "audit.Events" WHERE "ID" = 3)
            ELSE (SELECT "CreatedAt" FROM "audit.Events" WHERE "ID" = 2) END WHERE "ID" IN (2, 3)"#,
            "audit.Events row 2 was edited",
        ),
        (
            r#"UPDATE "audit.Chain" SET "RowIdentity" = 5 - "RowIdentity" WHERE "TableNo" = 1 AND "RowIdentity" IN (2, 3)"#,
            "was edited, or links before it were moved",
        ),
        (
            r#"DELETE FROM "audit.Verification" WHERE "EventID" = 4; DELETE FROM "audit.Events" WHERE "ID" = 4;
            DELETE FROM "audit.Chain" WHERE "Sequence" = (SELECT MAX("Sequence") FROM "audit.Chain")"#,
            "the chain ends at link",
        ),
        (
            r#"DELETE FROM "audit.Verification"; DELETE FROM "audit.Events"; DELETE FROM "audit.UserCore"; DELETE FROM "audit.NymiBand";
            DELETE FROM "audit.ExternalAuthenticator"; DELETE FROM "audit.ApplicationsSetting"; DELETE FROM "audit.IndividualUserPolicy"; DELETE FROM "audit.Chain""#,
            "the chain ends at link 0",
        ),
        (
            r#"UPDATE "audit.ChainHead" SET "Sequence" = "Sequence" - 1"#,
            "the seal of the last link",
        ),
        (
            r#"UPDATE "audit.Chain" SET "TableNo" = 77 WHERE "Sequence" = 1"#,
            "names no audit table",
        ),
    ] {
        let nes = audited().await;
        nes.server.admin().verify_audit().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA foreign_keys = OFF; {sql}")))
            .execute(&nes.database().await)
            .await
            .unwrap();
        let error = nes
            .server
            .admin()
            .verify_audit()
            .await
            .expect_err(sql)
            .to_string();
        assert!(error.contains(named), "{sql}: {error}");
    }
}

/// The same busy server again and again, without hashing passwords each time.
async fn audited() -> Nes {
    use std::path::PathBuf;
    use tokio::sync::OnceCell;
    static TEMPLATE: OnceCell<(tempfile::TempDir, PathBuf)> = OnceCell::const_new();
    let (_, template) = TEMPLATE
        .get_or_init(|| async {
            let Nes {
                server,
                folder,
                config,
                ..
            } = busy().await;
            server.shutdown().await;
            (folder, config.data_dir)
        })
        .await;
    let folder = tempfile::tempdir().unwrap();
    let config = crate::support::config(&folder);
    std::fs::create_dir_all(config.data_dir.join("keys")).unwrap();
    for name in ["nes.sqlite", "keys/master.key"] {
        std::fs::copy(template.join(name), config.data_dir.join(name)).unwrap();
    }
    let clock = crate::support::TestClock::new();
    let server = nymi_nes::Server::start_with(config.clone(), clock.clone())
        .await
        .unwrap();
    let client = nymi_net::http::HttpClient::new(&[]).unwrap();
    Nes {
        clock,
        config,
        folder,
        server,
        client,
    }
}

#[tokio::test]
async fn a_signature_takes_at_most_400_bytes() {
    let nes = Nes::start().await;
    let band = nes.user("bob.the.builder").await.enroll(1).await;
    let agent = nes.agent("agent-01", &["*"]).await;
    let pages = async || -> i64 {
        let database = nes.database().await;
        sqlx::query_scalar(
            r#"SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'audit.%' OR name LIKE 'sqlite_autoindex_audit.%'"#,
        )
        .fetch_one(&database)
        .await
        .unwrap()
    };
    let ask = async |count: u128| {
        for index in 0..count {
            nes.clock.advance(1_000);
            let intent = uuid::Uuid::new_v4();
            let now = nes.clock.now();
            let mut body = wish(&band, &band.frame(now), &intent.to_string(), now);
            body["azp"] = serde_json::json!("Records-1");
            let reply = agent.post("api/Assertions", &body).await;
            assert_eq!(reply.code, 200, "{index}: {reply:?}");
        }
    };
    let before = pages().await;
    ask(300).await;
    let each = (pages().await - before) / 300;
    assert!(each <= 400, "{each} bytes per event");
    assert!(
        INTENT.len() == 36 && each > 100,
        "{each} bytes per event is too good to be true"
    );
}
