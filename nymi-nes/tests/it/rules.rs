//! The decisions of `nymi_core::enrollment`, reached over HTTP: refusals with their texts and events,
//! and what is stored where they let an enrollment go on.

use nymi_core::enrollment::{EventType, Reason};
use nymi_nes::Clock;
use serde_json::{Value, json};

use crate::support::{Nes, Session, SoftBand};

const DENIED: u32 = 7000;

/// Changes the active group policy.
async fn policy(admin: &Session<'_>, columns: Value) {
    admin.put("api/Policies", &columns).await.ok();
}

/// What is stored of bands, enrollments and users.
async fn rows(nes: &Nes) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in [
        "nub.UserCore",
        "nub.NymiBand",
        "nub.AdvertisingKey",
        "nub.KeyAgreement",
        "nub.AppliedPolicy",
        "audit.NymiBand",
        "audit.UserCore",
    ] {
        let sql = format!(r#"SELECT COUNT(*) FROM "{table}""#);
        rows.push(
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_one(&nes.database().await)
                .await
                .unwrap(),
        );
    }
    rows
}

#[tokio::test]
async fn a_server_for_registration_only_enrolls_nobody() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    // The policy may change while an enrollment is open.
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    policy(&admin, json!({"EnrollmentPermissions": 2})).await;
    let before = rows(&nes).await;
    let refused = bob.finish(&begun, 1, "AAAH-00001").await;
    let body = refused.refused_for(403, Reason::RegistrationOnly);
    assert!(
        body["Message"]
            .as_str()
            .unwrap()
            .contains("because this domain CORP allows registration only."),
        "{body}"
    );
    assert_eq!(nes.events().await, [24]);
    assert_eq!(rows(&nes).await, before, "nothing but the event");
    policy(&admin, json!({"EnrollmentPermissions": 3})).await;
    bob.enroll_serial(1, "AAAH-00001").await.ok();
}

#[tokio::test]
async fn what_is_refused_is_refused_before_the_band_is_changed() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    let begin = |serial: &str| json!({"SerialNumber": serial});
    bob.post("api/Enrollments", &begin("AAAH-00001")).await.ok();
    bob.enroll_serial(1, "AAAH-00001").await.ok();
    let before = rows(&nes).await;
    let own = bob.post("api/Enrollments", &begin("AAAH-00001")).await;
    own.refused_for(403, Reason::ReEnrollmentForbidden);
    let next = bob.post("api/Enrollments", &begin("AAAH-00002")).await;
    next.refused_for(403, Reason::ReEnrollmentForbidden);
    let others = eve.post("api/Enrollments", &begin("aaah-00001")).await;
    others.refused_for(403, Reason::ReEnrollmentOther);
    let seos = eve.post("api/Enrollments", &begin("DEXX-1234")).await;
    let body = seos.refused_for(403, Reason::SeosRecordMissing);
    assert_eq!(
        body["Hint"],
        "An administrator must import the CSV file that came with the order. Then start again."
    );
    eve.post("api/Enrollments", &begin("nonsense"))
        .await
        .refused(400, 1003);
    policy(&admin, json!({"EnrollmentPermissions": 2})).await;
    let any = eve.post("api/Enrollments", &json!({})).await;
    any.refused_for(403, Reason::RegistrationOnly);
    assert_eq!(nes.events().await, [3, 22, 22, 17, 20, 24]);
    assert_eq!(rows(&nes).await, before, "nothing but the events");
}

#[tokio::test]
async fn refusals_of_one_account_do_not_fill_the_audit_trail() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let seos = json!({"SerialNumber": "DEXX-1234"});
    for _ in 0..100 {
        bob.post("api/Enrollments", &seos)
            .await
            .refused(403, DENIED);
    }
    bob.post("api/Enrollments", &seos).await.refused(429, 2005);
    eve.post("api/Enrollments", &seos)
        .await
        .refused(403, DENIED);
    assert_eq!(nes.events().await.len(), 101);
}

#[tokio::test]
async fn what_the_rules_refuse_they_refuse_before_the_keys_matter() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    bob.enroll_serial(1, "AAAH-00001").await.ok();
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, mut body) = SoftBand::enroll_serial(2, "AAAH-00001", &begun);
    body["confirm"] = json!("00".repeat(16));
    let path = format!(
        "api/Enrollments/{}",
        begun["enrollment_id"].as_str().unwrap()
    );
    let refused = eve.put(&path, &body).await;
    refused.refused_for(403, Reason::ReEnrollmentOther);
    assert_eq!(nes.events().await, [3, 17]);
}

#[tokio::test]
async fn a_seos_band_needs_its_record_and_never_moves() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    policy(
        &admin,
        json!({"AllowReEnrollment": true, "AllowReenrollementOfActiveNymiBand": true}),
    )
    .await;
    for serial in ["DEXX-1234", "fexx-1234"] {
        let refused = bob.enroll_serial(1, serial).await;
        refused.refused_for(403, Reason::SeosRecordMissing);
    }
    let records = json!([
        {"SerialNumber": "DEXX-1234", "SeosId": "0123456789"},
        {"SerialNumber": "AAAH-00001", "SeosId": "1"},
        {"SerialNumber": "x", "SeosId": "2"},
        {"SerialNumber": "FEXX-1234", "SeosId": "0123456789"},
        {"SerialNumber": "FEXX-1234", "SeosId": ""},
    ]);
    bob.post("api/Import", &records).await.refused(403, 2003);
    let imported = admin.post("api/Import", &records).await.ok();
    assert_eq!(
        (&imported["Added"], &imported["Known"]),
        (&json!(1), &json!(0))
    );
    let invalid = imported["Invalid"].as_array().unwrap();
    let errors: Vec<_> = invalid
        .iter()
        .map(|row| row["Error"].as_str().unwrap())
        .collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(errors[0].contains("that of a Seos band"), "{errors:?}");
    assert!(errors[2].contains("another Nymi Band has it"), "{errors:?}");
    // What is known stays as it is.
    let again = json!([{"SerialNumber": "dexx-1234", "SeosId": "9"}]);
    assert_eq!(admin.post("api/Import", &again).await.ok()["Known"], 1);

    assert_eq!(
        bob.enroll_serial(1, "DEXX-1234").await.ok()["EventTypeID"],
        3
    );
    let seos: Option<String> = sqlx::query_scalar(r#"SELECT "SeosId" FROM "nub.NymiBand""#)
        .fetch_one(&nes.database().await)
        .await
        .unwrap();
    assert_eq!(seos.as_deref(), Some("0123456789"));
    // Any band may be taken over, but not this one.
    let refused = eve.enroll_serial(2, "DEXX-1234").await;
    refused.refused_for(403, Reason::ReEnrollmentSeos);
    assert_eq!(nes.events().await, [20, 20, 3, 16]);
    assert_eq!(
        bob.enroll_serial(3, "DEXX-1234").await.ok()["EventTypeID"],
        19
    );
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_serial_number_is_the_same_in_either_case() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    bob.enroll_serial(1, "acak-00056").await.ok();
    let refused = eve.enroll_serial(2, "ACAK-00056").await;
    refused.refused_for(403, Reason::ReEnrollmentOther);
    let rows = bob.get("api/NymiBands").await.ok();
    assert_eq!(rows[0]["SerialNumber"], "ACAK-00056");
}

#[tokio::test]
async fn an_individual_policy_decides_for_its_members() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    bob.enroll_serial(1, "AAAH-00001").await.ok();
    let created = admin
        .post(
            "api/IndividualUserPolicies",
            &json!({"Name": "Helpers", "AllowReEnrollment": true}),
        )
        .await
        .ok();
    let member = |name: &str| {
        let id = &created["ID"];
        format!("api/IndividualUserPolicies/{id}/Members/CORP/{name}")
    };
    let refused = bob.enroll_serial(2, "AAAH-00001").await;
    refused.refused_for(403, Reason::ReEnrollmentForbidden);
    admin.put(&member("bob"), &json!({})).await.ok();
    let own = bob.enroll_serial(2, "AAAH-00001").await.ok();
    assert_eq!(own["EventTypeID"], EventType::ReEnrolledOwn.id());
    // The group's still holds for others.
    eve.enroll_serial(3, "AAAH-00003").await.ok();
    let refused = eve.enroll_serial(4, "AAAH-00003").await;
    refused.refused_for(403, Reason::ReEnrollmentForbidden);
}

#[tokio::test]
async fn a_suspended_band_is_not_logged_in_with() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll_without_clock(1).await;
    let admin = nes.server.admin();
    admin.set_band_active(band.id, false).await.unwrap();
    let body = json!({"t_set_ms": nes.clock.now().0});
    let refused = bob
        .post(&format!("api/NymiBands/{}/SetTime", band.id), &body)
        .await;
    refused.refused_for(403, Reason::NotActive);
    assert_eq!(nes.events().await, [3, 20]);
}

#[tokio::test]
async fn the_user_page_says_whether_the_band_has_the_policy() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let shown = async || {
        let user = bob.get("api/UserCores/CORP/bob").await.ok();
        let synced: Option<bool> =
            sqlx::query_scalar(r#"SELECT "IsSynced" FROM "nub.NymiBand" WHERE "IsActive" = 1"#)
                .fetch_optional(&nes.database().await)
                .await
                .unwrap();
        (user["PolicyStatus"].as_str().unwrap().to_owned(), synced)
    };
    let band = bob.enroll(1).await;
    assert_eq!(shown().await, ("Active".to_owned(), Some(true)));
    policy(&admin, json!({"HapticFeedbackOnBandEnabled": false})).await;
    assert_eq!(shown().await, ("Pending".to_owned(), Some(false)));
    // With the log-in the band follows.
    nes.clock.advance(5_000);
    bob.set_clock(band.clone()).await;
    assert_eq!(shown().await, ("Active".to_owned(), Some(true)));
    // An individual policy counts as well, and the band's row names it.
    admin
        .put("api/IndividualUserPolicies/1/Members/CORP/bob", &json!({}))
        .await
        .ok();
    assert_eq!(shown().await.0, "Pending", "haptics are on there");
    let user = bob.get("api/UserCores/CORP/bob").await.ok();
    assert_eq!(user["IndividualUserPolicyId"], 1);
    let named: Option<i64> =
        sqlx::query_scalar(r#"SELECT "IndividualUserPolicyId" FROM "nub.NymiBand""#)
            .fetch_one(&nes.database().await)
            .await
            .unwrap();
    assert_eq!(named, Some(1));
    // An earlier version kept nothing of what it gave.
    sqlx::query(r#"DELETE FROM "nub.AppliedPolicy""#)
        .execute(&nes.database().await)
        .await
        .unwrap();
    assert_eq!(shown().await.0, "Information unavailable");
    admin
        .put(
            &format!("api/NymiBands/{}", band.id),
            &json!({"IsActive": false}),
        )
        .await
        .ok();
    assert_eq!(shown().await, ("No active Nymi Band".to_owned(), None));
}

#[tokio::test]
async fn the_audit_rows_name_the_band_and_the_signature() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll(1).await;
    bob.enroll_serial(2, "AAAH-00001")
        .await
        .refused(403, DENIED);
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(1_000);
    let now = nes.clock.now();
    let intent = crate::support::INTENT;
    let wish = crate::support::wish(&band, &band.frame(now), intent, now);
    agent.post("api/Assertions", &wish).await.ok();
    // The same frame, heard elsewhere: refused, and the row says what was to be signed, and how the clocks stood.
    let mut again = wish;
    again["endpoint"] = json!("t-8");
    again["intent_id"] = json!("6f1e7c5a-4b5a-4d6e-8f3a-0a1b2c3d4e60");
    agent
        .post("api/Assertions", &again)
        .await
        .refused(403, 6001);
    let mut rows = nes.server.admin().audit_rows(10).await.unwrap();
    rows.reverse();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.event_type_id, row.band.is_some()))
        .collect();
    assert_eq!(seen, [(3, true), (22, true), (13, true), (6, true)]);
    assert_eq!(rows[0].band, Some(band.id));
    assert_ne!(rows[1].band, Some(band.id), "the refused enrollment's");
    for row in &rows {
        assert_eq!(row.serial_number.as_deref(), Some("AAAH-00001"));
    }
    for row in &rows[2..] {
        assert_eq!(row.meaning.as_deref(), Some("approved"));
        assert_eq!(row.azp.as_deref(), Some("webapi"));
        assert!(row.skew_ms.is_some(), "{row:?}");
        assert_eq!(row.document_sha256, Some("ab".repeat(32)));
    }
    assert!(rows[2].jti.is_some() && rows[3].jti.is_none());
    nes.server.admin().verify_audit().await.unwrap();
}
