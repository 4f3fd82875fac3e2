//! What administrators find: users by names, bands, users by individual policy; page by page.

use serde_json::{Value, json};

use crate::support::{Nes, Session};

async fn find(admin: &Session<'_>, query: &str) -> Value {
    admin.get(&format!("api/Search?{query}")).await.ok()
}

/// One column of the rows.
fn column<'a>(answer: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = answer["Rows"].as_array().unwrap().iter();
    rows.map(|row| row[name].as_str().unwrap()).collect()
}

/// Users with names, of whom nobody has enrolled.
async fn people(nes: &Nes) {
    let admin = nes.server.admin();
    for (domain, username, first, last) in [
        ("CORP", "mmeier", "Maria", "Meier"),
        ("CORP", "jdoe", "John", "Doe"),
        ("PLANT", "jmeier", "Jörg", "Meier-Özdemir"),
    ] {
        admin
            .create_user(domain, username, "correct horse battery")
            .await
            .unwrap();
        admin
            .set_account_names(domain, username, first, last)
            .await
            .unwrap();
    }
}

/// How many rows a table has.
async fn count(nes: &Nes, table: &str) -> i64 {
    let sql = format!(r#"SELECT COUNT(*) FROM "{table}""#);
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&nes.database().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn users_are_found_by_either_name_or_both() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    people(&nes).await;
    for (query, expected) in [
        ("Maria", vec!["mmeier"]),
        ("mar", vec!["mmeier"]),
        ("MEIER", vec!["mmeier", "jmeier"]),
        ("John%20Doe", vec!["jdoe"]),
        ("ohn%20d", vec!["jdoe"]),
        ("jd", vec!["jdoe"]),
        ("%C3%96ZDEMIR", vec!["jmeier"]),
        ("Doe%20John", vec![]),
        ("nobody", vec![]),
    ] {
        let found = find(&admin, &format!("Type=Users&Query={query}")).await;
        assert_eq!(column(&found, "Username"), expected, "{query}");
    }
    let found = find(&admin, "Type=Users&Query=meier").await;
    assert_eq!(column(&found, "Domain"), ["CORP", "PLANT"], "all domains");
    let row = &found["Rows"][0];
    assert_eq!(row["PolicyStatus"], "No active Nymi Band");
    assert_eq!(row["IndividualUserPolicy"], "none[group policy applied]");
    assert!(row.get("LastName").is_none(), "{row}");
}

/// LIFE-09.
#[tokio::test]
async fn a_found_user_who_never_enrolled_gets_a_row_once() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    people(&nes).await;
    bob.enroll(1).await;
    let before = count(&nes, "nub.UserCore").await;
    find(&admin, "Type=Users&Query=bob").await;
    assert_eq!(count(&nes, "nub.UserCore").await, before, "has a row");
    for _ in 0..2 {
        let found = find(&admin, "Type=Users&Query=john").await;
        assert_eq!(
            found["Rows"][0]["MiscNote"],
            "Created from an AD search result"
        );
    }
    assert_eq!(count(&nes, "nub.UserCore").await, before + 1);
    let audit: Vec<(String, String, Option<String>, String)> = sqlx::query_as(
        r#"SELECT "EventType", "Username", "MiscNote", "ModifiedBy" FROM "audit.UserCore" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    assert_eq!(audit.len(), 2);
    let row = (
        "C",
        "jdoe",
        Some("Created from an AD search result"),
        "CORP\\admin",
    );
    let found = &audit[1];
    assert_eq!(
        (
            found.0.as_str(),
            found.1.as_str(),
            found.2.as_deref(),
            found.3.as_str()
        ),
        row
    );
    // The row is the user's from then on.
    let user = admin.get("api/UserCores/corp/JDOE").await.ok();
    assert_eq!(user["ID"], 2);
    nes.server.admin().verify_audit().await.unwrap();
}

/// ENR-04: what the directory knows of a person stays there.
#[tokio::test]
async fn names_of_people_are_in_no_table_but_the_directorys() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let in_process = nes.server.admin();
    in_process
        .set_account_names("CORP", "bob", "Bartholomaeus", "Quicksilver")
        .await
        .unwrap();
    let found = find(&admin, "Type=Users&Query=quicksilver").await;
    assert_eq!(column(&found, "Username"), ["bob"]);
    bob.enroll(1).await;
    let database = nes.database().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
    )
    .fetch_all(&database)
    .await
    .unwrap();
    assert!(columns.len() > 300, "{}", columns.len());
    let mut with_name = Vec::new();
    for (table, column) in columns {
        let sql = format!(
            r#"SELECT COUNT(*) FROM "{table}" WHERE instr(lower(CAST("{column}" AS TEXT)), 'quicksilver') OR instr(lower(CAST("{column}" AS TEXT)), 'bartholomaeus')"#
        );
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&database)
            .await
            .unwrap();
        if rows > 0 {
            with_name.push(format!("{table}.{column}"));
        }
    }
    assert_eq!(with_name, ["dir.Account.FirstName", "dir.Account.LastName"]);
}

#[tokio::test]
async fn bands_are_found_by_any_column_and_lead_to_their_users() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    admin
        .put("api/Policies", &json!({"BandLabelOnBandEnabled": true}))
        .await
        .ok();
    bob.enroll_serial(1, "AAAH-00125").await.ok();
    eve.enroll_serial(2, "ACAK-00056").await.ok();
    for (query, expected) in [
        ("AAAH-00125", vec!["AAAH-00125"]),
        ("acak", vec!["ACAK-00056"]),
        ("00", vec!["AAAH-00125", "ACAK-00056"]),
        ("C0:00:00:00:00:02", vec!["ACAK-00056"]),
        ("04a1b2c3d4e501", vec!["AAAH-00125"]),
        ("corp%5Ceve", vec!["ACAK-00056"]),
        ("4.11.1.2", vec!["AAAH-00125", "ACAK-00056"]),
        ("14.00", vec!["AAAH-00125", "ACAK-00056"]),
        ("%25", vec![]),
        ("AAAH-99999", vec![]),
    ] {
        let found = find(&admin, &format!("Type=NymiBands&Query={query}")).await;
        assert_eq!(column(&found, "SerialNumber"), expected, "{query}");
    }
    // Case folds as for users, also beyond ASCII.
    nes.user("Zoë")
        .await
        .enroll_serial(3, "AAAK-00003")
        .await
        .ok();
    for kind in ["NymiBands", "Users"] {
        for query in ["ZO%C3%8B", "zo%C3%AB"] {
            let found = find(&admin, &format!("Type={kind}&Query={query}")).await;
            assert_eq!(column(&found, "Username"), ["Zoë"], "{kind} {query}");
        }
    }
    let found = find(&admin, "Type=NymiBands&Query=AAAH").await;
    let row = &found["Rows"][0];
    assert_eq!(
        (&row["Domain"], &row["Username"]),
        (&json!("CORP"), &json!("bob"))
    );
    let band = format!("api/NymiBands/{}", row["NymiBandID"].as_str().unwrap());
    assert_eq!(admin.get(&band).await.ok(), *row);
    assert_eq!(row["BandLabel"], "bob");
}

#[tokio::test]
async fn users_are_found_by_individual_policy() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    bob.enroll(1).await;
    eve.enroll(2).await;
    let member = |name: &str| format!("api/IndividualUserPolicies/2/Members/CORP/{name}");
    admin.put(&member("bob"), &json!({})).await.ok();
    let by = async |policy: &str| {
        let found = find(
            &admin,
            &format!("Type=IndividualUserPolicies&Policy={policy}"),
        )
        .await;
        let pairs = column(&found, "Username")
            .into_iter()
            .zip(column(&found, "IndividualUserPolicy"));
        pairs
            .map(|(user, policy)| format!("{user}: {policy}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(by("2").await, ["bob: Corporate Credentials Authentication"]);
    assert_eq!(by("1").await, Vec::<String>::new());
    assert_eq!(by("none").await, ["eve: none[group policy applied]"]);
    let bobs = find(&admin, "Type=Users&Query=bob").await;
    assert_eq!(bobs["Rows"][0]["PolicyStatus"], "Pending");
    assert_eq!(bobs["Rows"][0]["IndividualUserPolicyId"], 2);
    admin.delete(&member("bob")).await.ok();
    assert_eq!(by("none").await.len(), 2);
    admin
        .get("api/Search?Type=IndividualUserPolicies&Policy=7")
        .await
        .refused(404, 2201);
}

#[tokio::test]
async fn a_page_has_10_20_or_50_rows() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    bob.enroll(1).await;
    let database = nes.database().await;
    for sql in [
        r#"WITH RECURSIVE n(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 59)
           INSERT INTO "dir.Account" ("Subject", "Kind", "Domain", "Username", "PasswordHash", "CreatedAt")
           SELECT 's' || n, 'user', 'CORP', 'bob' || n, '', '' FROM n"#,
        r#"WITH RECURSIVE n(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 59)
           INSERT INTO "nub.NymiBand" ("NymiBandID", "HardwareID", "IsActive", "IsPrimary", "HasFingerprint", "CreatedAt",
               "ModifiedAt", "ModifiedBy", "EvidianEnrollmentCompleted", "IsSynced", "IsBandEnrolledHere")
           SELECT 'C0:00:00:00:01:' || n, 'AAAH-100' || n, 0, 0, 0, '', '', '', 1, 1, 1 FROM n"#,
    ] {
        sqlx::query(sql).execute(&database).await.unwrap();
    }
    for (kind, column_name, third) in [
        ("Users&Query=bob", "Username", "bob29"),
        ("NymiBands&Query=AAAH", "SerialNumber", "AAAH-10029"),
    ] {
        let page = async |query: &str| {
            let answer = find(&admin, &format!("Type={kind}{query}")).await;
            let rows = column(&answer, column_name)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>();
            (
                rows,
                answer["Pages"].as_u64().unwrap(),
                answer["Total"].as_u64().unwrap(),
            )
        };
        let (rows, pages, total) = page("").await;
        assert_eq!((rows.len(), pages, total), (10, 6, 51), "{kind}");
        let (rows, pages, _) = page("&PageSize=20&Page=2").await;
        assert_eq!(
            (rows.len(), pages, rows[0].as_str()),
            (20, 3, third),
            "{kind}"
        );
        let (rows, pages, _) = page("&PageSize=50&Page=2").await;
        assert_eq!((rows.len(), pages), (1, 2), "{kind}");
    }
    assert_eq!(
        count(&nes, "nub.UserCore").await,
        31,
        "those who were shown"
    );
    let none = find(&admin, "Type=IndividualUserPolicies&Policy=none&Page=4").await;
    assert_eq!(
        (none["Total"].as_u64(), column(&none, "Username").len()),
        (Some(31), 1)
    );
    let empty = find(&admin, "Type=NymiBands&Query=zzz").await;
    assert_eq!((&empty["Pages"], &empty["Total"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn what_is_no_search_is_refused() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let agent = nes.agent("agent", &["*"]).await;
    for caller in [&bob, &agent] {
        caller
            .get("api/Search?Type=Users&Query=bob")
            .await
            .refused(403, 2003);
    }
    let long = format!("Type=Users&Query={}", "x".repeat(257));
    for (query, reason) in [
        ("", "Type"),
        ("Type=Everything", "Everything"),
        (
            "Type=Users",
            "Query is missing; it must be given with Type=Users",
        ),
        (
            "Type=Users&Query=%20",
            "Query is \" \"; it must have a character other than a space",
        ),
        (
            "Type=NymiBands&Query=a%0Ab",
            "Query is \"a\\nb\"; it must have no control characters",
        ),
        (&long, "Query has 257 bytes; it must have at most 256"),
        (
            "Type=Users&Query=a&Policy=1",
            "Policy is \"1\"; with Type=Users it must be left out",
        ),
        (
            "Type=Users&Query=a&PageSize=11",
            "PageSize is \"11\"; it must be one of [10, 20, 50]",
        ),
        (
            "Type=NymiBands&Query=a&PageSize=x",
            "PageSize is \"x\"; it must be one of [10, 20, 50]",
        ),
        (
            "Type=Users&Query=a&Page=0",
            "Page is \"0\"; it must be 1 to 1",
        ),
        (
            "Type=Users&Query=a&Page=2",
            "Page is \"2\"; it must be 1 to 1",
        ),
        (
            "Type=Users&Query=a&Page=18446744073709551615",
            "Page is \"18446744073709551615\"; it must be 1 to 1",
        ),
        (
            "Type=Users&Query=a&Page=-1",
            "Page is \"-1\"; it must be 1 to 1",
        ),
        ("Type=Users&Query=a&Password=x", "Password"),
        (
            "Type=IndividualUserPolicies",
            "Policy is missing; it must be the ID of a policy, or none",
        ),
        (
            "Type=IndividualUserPolicies&Policy=x",
            "Policy is \"x\"; it must be the ID of a policy, or none",
        ),
        (
            "Type=IndividualUserPolicies&Policy=1&Query=x",
            "Query is \"x\"; with Type=IndividualUserPolicies it must be left out",
        ),
    ] {
        let refused = admin
            .get(&format!("api/Search?{query}"))
            .await
            .refused(400, 1003);
        assert!(
            refused["Message"].as_str().unwrap().contains(reason),
            "{query}: {refused}"
        );
    }
    assert_eq!(count(&nes, "nub.UserCore").await, 0);
}
