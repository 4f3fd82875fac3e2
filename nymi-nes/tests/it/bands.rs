//! Looking bands and users up, suspending, and the group policy.

use serde_json::{Value, json};

use crate::support::Nes;

async fn audit_letters(nes: &Nes, table: &str) -> Vec<String> {
    let sql = format!(r#"SELECT "EventType" FROM "audit.{table}" ORDER BY "Identity""#);
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(&nes.database().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn any_column_finds_the_band() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let (first, second) = (bob.enroll(1).await, eve.enroll(2).await);
    let agent = nes.agent("agent", &["*"]).await;
    for query in [
        "Username=bob&Domain=CORP".to_owned(),
        "Username=BOB".to_owned(),
        format!("NymiBandID={}", first.id),
        "NfcUID=04A1B2C3D4E501".to_owned(),
        format!("SerialNumber={}", first.serial),
    ] {
        let rows = agent.get(&format!("api/NymiBands?{query}")).await.ok();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{query}");
        assert_eq!(rows[0]["NymiBandID"], json!(first.id), "{query}");
    }
    assert_eq!(
        agent
            .get("api/NymiBands")
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        agent
            .get("api/NymiBands?Username=bob&SerialNumber=x")
            .await
            .ok(),
        json!([])
    );
    for query in ["EncryptedPassword=x", "NymiBandID=x", "NfcUID=x"] {
        agent
            .get(&format!("api/NymiBands?{query}"))
            .await
            .refused(400, 1003);
    }
    // A user sees nobody else's.
    assert_eq!(
        bob.get(&format!("api/NymiBands?NymiBandID={}", second.id))
            .await
            .ok(),
        json!([])
    );
    bob.get(&format!("api/NymiBands/{}", second.id))
        .await
        .refused(404, 2201);
    assert_eq!(
        bob.get(&format!("api/NymiBands/{}", first.id)).await.ok()["Username"],
        "bob"
    );
    assert_eq!(
        agent.get("api/NymiBands/2").await.ok()["NymiBandID"],
        json!(second.id)
    );
    agent.get("api/NymiBands/3").await.refused(404, 2201);
    assert_eq!(agent.get("api/UserCores/corp/BOB").await.ok()["ID"], 1);
    agent
        .get("api/UserCores/CORP/nobody")
        .await
        .refused(404, 2201);
    bob.get("api/UserCores/CORP/eve").await.refused(404, 2201);
    assert_eq!(
        bob.get("api/UserCores")
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_change_has_one_audit_row_and_no_change_none() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll_without_clock(1).await;
    let admin = nes.administrator().await;
    let path = format!("api/NymiBands/{}", band.id);
    bob.put(&path, &json!({"IsActive": false}))
        .await
        .refused(403, 2003);
    assert_eq!(audit_letters(&nes, "NymiBand").await, ["C"]);
    admin
        .put(&path, &json!({"MiscNote": "Lost Band"}))
        .await
        .ok();
    admin
        .put(&path, &json!({"MiscNote": "Lost Band"}))
        .await
        .ok();
    admin.put(&path, &json!({})).await.ok();
    assert_eq!(audit_letters(&nes, "NymiBand").await, ["C", "U"]);
    admin.put(&path, &json!({"MiscNote": null})).await.ok();
    let suspended = admin.put(&path, &json!({"IsActive": false})).await.ok();
    assert_eq!(suspended["IsActive"], false);
    let rows: Vec<(Option<String>, bool, String, String)> = sqlx::query_as(
        r#"SELECT "MiscNote", "IsActive", "ModifiedBy", "SystemUser" FROM "audit.NymiBand" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    let by = |who: &str| (who.to_owned(), "nymi-nes".to_owned());
    let expected = [
        (None, true, by("CORP\\bob")),
        (Some("Lost Band".to_owned()), true, by("CORP\\admin")),
        (None, true, by("CORP\\admin")),
        (None, false, by("CORP\\admin")),
    ];
    assert_eq!(
        rows,
        expected.map(|(note, active, (who, system))| (note, active, who, system))
    );
    admin
        .put(&path, &json!({"MiscNote": "Lost \u{202e}Band"}))
        .await
        .refused(400, 1003);
    admin
        .put(&path, &json!({"EncryptedPassword": "x"}))
        .await
        .refused(400, 1003);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_user_has_one_active_band() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let admin = nes.administrator().await;
    let first = bob.enroll(1).await;
    admin
        .put("api/Policies", &json!({"AllowReEnrollment": true}))
        .await
        .ok();
    nes.clock.advance(5_000);
    let second = bob.enroll(2).await;
    let flags = async || -> Vec<(bool, bool)> {
        let rows: Vec<(bool, bool)> =
            sqlx::query_as(r#"SELECT "IsActive", "IsPrimary" FROM "nub.NymiBand" ORDER BY "ID""#)
                .fetch_all(&nes.database().await)
                .await
                .unwrap();
        rows
    };
    // The one that was there first stays primary (guide 003).
    assert_eq!(flags().await, [(false, true), (true, false)]);
    let before = audit_letters(&nes, "NymiBand").await.len();
    let path = |band: &crate::support::SoftBand| format!("api/NymiBands/{}", band.id);
    let row = admin
        .put(&path(&first), &json!({"IsActive": true}))
        .await
        .ok();
    assert_eq!(row["IsActive"], true);
    assert_eq!(
        flags().await,
        [(true, true), (false, false)],
        "the other goes inactive"
    );
    admin
        .put(&path(&second), &json!({"IsPrimary": true}))
        .await
        .ok();
    assert_eq!(
        flags().await,
        [(true, false), (false, true)],
        "one is primary"
    );
    assert_eq!(
        audit_letters(&nes, "NymiBand").await.len(),
        before + 4,
        "a row for each band"
    );
    let in_process = nes.server.admin();
    in_process.set_band_active(second.id, true).await.unwrap();
    assert_eq!(flags().await, [(false, false), (true, true)]);
    in_process.set_band_active(second.id, false).await.unwrap();
    assert_eq!(
        flags().await,
        [(false, false), (false, true)],
        "suspended bands are primary"
    );
    in_process.verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_database_with_two_primary_bands_of_a_user_is_put_right() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    bob.enroll(1).await;
    nes.administrator()
        .await
        .put("api/Policies", &json!({"AllowReEnrollment": true}))
        .await
        .ok();
    bob.enroll(2).await;
    drop(bob);
    let database = nes.database().await;
    sqlx::query(r#"UPDATE "nub.NymiBand" SET "IsPrimary" = 1"#)
        .execute(&database)
        .await
        .unwrap();
    let nes = nes.restart().await;
    let primary: Vec<bool> =
        sqlx::query_scalar(r#"SELECT "IsPrimary" FROM "nub.NymiBand" ORDER BY "ID""#)
            .fetch_all(&database)
            .await
            .unwrap();
    assert_eq!(primary, [true, false]);
    let by: String = sqlx::query_scalar(
        r#"SELECT "ModifiedBy" FROM "audit.NymiBand" ORDER BY "Identity" DESC LIMIT 1"#,
    )
    .fetch_one(&database)
    .await
    .unwrap();
    assert_eq!(by, "nymi-nes");
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn the_policy_is_changed_by_administrators_within_its_rules() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let admin = nes.administrator().await;
    let policies = bob.get("api/Policies").await.ok();
    assert_eq!(policies.as_array().unwrap().len(), 1);
    let policy = &policies[0];
    assert_eq!(
        (&policy["Description"], &policy["IsActive"]),
        (&json!("Default Settings Set"), &json!(true))
    );
    assert_eq!(
        (&policy["TInterval"], &policy["AutoLogoutTimeoutSeconds"]),
        (&json!(1000), &json!(300))
    );
    bob.put("api/Policies", &json!({"TInterval": 500}))
        .await
        .refused(403, 2003);
    let changed = admin
        .put("api/Policies", &json!({"TInterval": 500}))
        .await
        .ok();
    assert_eq!(changed["TInterval"], 500);
    let mut expected = policy.clone();
    expected["TInterval"] = json!(500);
    assert_eq!(changed, expected, "what is not given stays");
    admin
        .put("api/Policies/1", &json!({"TInterval": 500}))
        .await
        .ok();
    assert_eq!(audit_letters(&nes, "ApplicationsSetting").await, ["C", "U"]);
    for (body, name) in [
        (json!({"TInterval": 1}), "TInterval"),
        (json!({"Nonsense": 1}), "Nonsense"),
        (
            json!({"AllowReenrollementOfActiveNymiBand": true}),
            "AllowReenrollementOfActiveNymiBand",
        ),
        (json!({"IsActive": false}), "IsActive"),
        (json!({"ID": 2}), "ID"),
    ] {
        let refused = admin.put("api/Policies", &body).await.refused(400, 1003);
        assert!(
            refused["Message"].as_str().unwrap().contains(name),
            "{refused}"
        );
    }
    admin
        .put("api/Policies/2", &json!({}))
        .await
        .refused(404, 2201);
    assert_eq!(bob.get("api/Policies/1").await.ok(), expected);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn the_tables_have_the_guides_columns() {
    let nes = Nes::start().await;
    let database = nes.database().await;
    let columns = async |table: &str| -> Vec<String> {
        sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid")
            .bind(table)
            .fetch_all(&database)
            .await
            .unwrap()
    };
    for (current, audit, count) in [
        ("nub.UserCore", "audit.UserCore", 11),
        ("nub.NymiBand", "audit.NymiBand", 34),
        (
            "nub.ExternalAuthenticator",
            "audit.ExternalAuthenticator",
            16,
        ),
        // The guide's 52, and the setting for which it documents no column.
        ("adm.ApplicationSettings", "audit.ApplicationsSetting", 53),
        ("adm.IndividualUserPolicy", "audit.IndividualUserPolicy", 17),
    ] {
        let (current, audit) = (columns(current).await, columns(audit).await);
        assert_eq!(audit.len(), count);
        assert_eq!(
            audit[..4],
            ["Identity", "EventTime", "EventType", "SystemUser"]
        );
        assert_eq!(audit[4..], current);
    }
    let events = columns("audit.Events").await;
    assert_eq!(
        events[1..],
        [
            "EventTypeID",
            "UserCoreID",
            "Username",
            "InitialTapNymiBandId",
            "ConfirmTapNymiBandId",
            "CreatedAt",
            "ModifiedAt",
            "ModifiedBy",
            "DisconnectUserCoreId",
            "HardwareID",
        ]
    );
    assert_eq!(columns("audit.Certificate").await.len(), 8);
    let stored: Vec<String> =
        sqlx::query_scalar(r#"SELECT "CreatedAt" FROM "adm.ApplicationSettings""#)
            .fetch_all(&database)
            .await
            .unwrap();
    assert_eq!(
        Value::from(stored),
        json!(["2026-05-13T08:00:00.000Z"]),
        "UTC"
    );
}
