//! A band that was enrolled at one server is registered at another (guide 000, chapter 6; guide 002, IT/OT).

use nymi_core::enrollment::Reason;
use nymi_nes::Clock;
use serde_json::{Value, json};

use crate::support::{Nes, Reply, Session, SoftBand};

async fn permit(admin: &Session<'_>, columns: Value) {
    admin.put("api/Policies", &columns).await.ok();
}

/// The user wears the band, has authenticated, and signs in at the registration terminal.
async fn begin(user: &Session<'_>, band: &SoftBand) -> Reply {
    let tapped = json!({"SerialNumber": band.serial, "NymiBandID": band.id});
    user.post("api/Enrollments", &tapped).await
}

/// Completes a registration: the band as this server knows it.
async fn finish(user: &Session<'_>, begun: &Value, seed: u8, serial: &str) -> (SoftBand, Reply) {
    let (band, body) = SoftBand::enroll_serial(seed, serial, begun);
    let id = begun["enrollment_id"].as_str().unwrap();
    (
        band,
        user.put(&format!("api/Enrollments/{id}"), &body).await,
    )
}

/// Registers the band of this seed; it has its clock from this server then.
async fn register(user: &Session<'_>, band: &SoftBand, seed: u8) -> SoftBand {
    let begun = begin(user, band).await.ok();
    let (registered, reply) = finish(user, &begun, seed, &band.serial).await;
    assert_eq!(reply.ok()["EventTypeID"], 23);
    assert_eq!(registered.id, band.id, "it keeps its enrollment");
    user.set_clock(registered).await
}

/// What a frame of this moment proves to an agent of a server.
async fn tap(nes: &Nes, agent: &Session<'_>, band: &SoftBand) -> Value {
    nes.clock.advance(2_000);
    let frame = band.frame(nes.clock.now());
    agent.verify(band, "t-7", &[frame]).await.body
}

#[tokio::test]
async fn a_band_serves_two_domains_until_both_are_told() {
    let (it, ot) = (Nes::start().await, Nes::start().await);
    let (bob_it, bob_ot) = (it.user("bob").await, ot.user("bob").await);
    let (admin_it, admin_ot) = (it.administrator().await, ot.administrator().await);
    let (agent_it, agent_ot) = (
        it.agent("agent", &["*"]).await,
        ot.agent("agent", &["*"]).await,
    );
    permit(&admin_ot, json!({"EnrollmentPermissions": 2})).await;
    let at_it = bob_it.enroll(1).await;
    assert_eq!(bob_ot.get("api/NymiBands").await.ok(), json!([]), "not yet");
    let at_ot = register(&bob_ot, &at_it, 1).await;
    assert_eq!(it.events().await, [3]);
    assert_eq!(ot.events().await, [23]);
    let flags: (bool, bool, bool) = sqlx::query_as(
        r#"SELECT "IsBandEnrolledHere", "IsActive", "IsPrimary" FROM "nub.NymiBand""#,
    )
    .fetch_one(&ot.database().await)
    .await
    .unwrap();
    assert_eq!(flags, (false, true, true));
    let user = bob_ot.get("api/UserCores/CORP/bob").await.ok();
    assert_eq!(
        user["PolicyStatus"], "Information unavailable",
        "managed elsewhere"
    );
    assert_eq!(tap(&it, &agent_it, &at_it).await["outcome"], "verified");
    assert_eq!(tap(&ot, &agent_ot, &at_ot).await["outcome"], "verified");
    // Suspended at one, it still serves at the other.
    let path = format!("api/NymiBands/{}", at_it.id);
    let suspend = json!({"IsActive": false, "IsPrimary": true});
    admin_it.put(&path, &suspend).await.ok();
    assert_ne!(tap(&it, &agent_it, &at_it).await["outcome"], "verified");
    assert_eq!(tap(&ot, &agent_ot, &at_ot).await["outcome"], "verified");
    admin_ot.put(&path, &suspend).await.ok();
    assert_ne!(tap(&ot, &agent_ot, &at_ot).await["outcome"], "verified");
    ot.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_domain_for_enrollment_registers_nothing() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let foreign = foreign_band(1, "AAAH-00001").await;
    // The policy may change while a registration is open.
    let begun = begin(&bob, &foreign).await.ok();
    permit(&admin, json!({"EnrollmentPermissions": 1})).await;
    let (_, refused) = finish(&bob, &begun, 1, "AAAH-00001").await;
    let body = refused.refused_for(403, Reason::EnrollmentOnly);
    let words =
        "This domain CORP allows enrollment only. This Nymi Band is not assigned to you in NES.";
    assert!(body["Message"].as_str().unwrap().contains(words), "{body}");
    begin(&bob, &foreign)
        .await
        .refused_for(403, Reason::EnrollmentOnly);
    assert_eq!(nes.events().await, [24, 24]);
    let rows = nes.server.admin().audit_rows(2).await.unwrap();
    assert!(rows.iter().all(|row| row.band == Some(foreign.id)));
    assert_eq!(bob.get("api/NymiBands").await.ok(), json!([]));
}

/// A band that another server enrolled.
async fn foreign_band(seed: u8, serial: &str) -> SoftBand {
    let elsewhere = Nes::start().await;
    let user = elsewhere.user("someone").await;
    let begun = user.post("api/Enrollments", &json!({})).await.ok();
    SoftBand::enroll_serial(seed, serial, &begun).0
}

#[tokio::test]
async fn registering_again_is_the_policys_and_never_takes_a_seos_band() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    let (first, second) = (
        foreign_band(1, "AAAH-00001").await,
        foreign_band(2, "AAAH-00002").await,
    );
    register(&bob, &first, 1).await;
    // Another band while one is active; the same band after an enrollment elsewhere; another user's.
    begin(&bob, &second)
        .await
        .refused_for(403, Reason::ReRegistrationForbidden);
    let again = foreign_band(3, "AAAH-00001").await;
    begin(&bob, &again)
        .await
        .refused_for(403, Reason::ReRegistrationForbidden);
    begin(&eve, &again)
        .await
        .refused_for(403, Reason::ReRegistrationForbidden);
    // The one that is here is logged in with.
    begin(&bob, &first).await.refused(409, 1003);
    permit(
        &admin,
        json!({"AllowReEnrollment": true, "AllowReenrollementOfActiveNymiBand": true}),
    )
    .await;
    register(&eve, &again, 3).await;
    let from: Option<i64> = sqlx::query_scalar(
        r#"SELECT "DisconnectUserCoreId" FROM "audit.Events" WHERE "EventTypeID" = 23 ORDER BY "ID" DESC"#,
    )
    .fetch_one(&nes.database().await)
    .await
    .unwrap();
    assert_eq!(from, Some(1), "taken over from bob");
    // A Seos band stays its user's, also when any other may be taken.
    let record = json!([{"SerialNumber": "DABC-00005", "SeosId": "04A1"}]);
    admin.post("api/Import", &record).await.ok();
    let seos = foreign_band(5, "DABC-00005").await;
    register(&bob, &seos, 5).await;
    let moved = foreign_band(6, "DABC-00005").await;
    begin(&eve, &moved)
        .await
        .refused_for(403, Reason::ReRegistrationSeos);
    assert_eq!(nes.events().await, [23, 24, 24, 24, 23, 23, 24]);
}

#[tokio::test]
async fn a_band_of_another_user_or_a_disconnected_one_is_not_registered() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    permit(
        &admin,
        json!({"AllowReEnrollment": true, "AllowReenrollementOfActiveNymiBand": true}),
    )
    .await;
    let bobs = bob.enroll(1).await;
    begin(&eve, &bobs)
        .await
        .refused_for(403, Reason::UserDoesNotExist);
    begin(&bob, &bobs).await.refused(409, 1003);
    admin
        .delete(&format!("api/NymiBands/{}", bobs.id))
        .await
        .ok();
    for user in [&bob, &eve] {
        begin(user, &bobs)
            .await
            .refused_for(403, Reason::Disconnected);
    }
    assert_eq!(nes.events().await, [3, 4, 24, 24]);
}

#[tokio::test]
async fn a_registration_is_of_the_enrollment_that_it_was_begun_with() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = foreign_band(1, "AAAH-00001").await;
    let nameless = json!({"NymiBandID": band.id});
    bob.post("api/Enrollments", &nameless)
        .await
        .refused(400, 1003);
    let begun = begin(&bob, &band).await.ok();
    let (_, other) = finish(&bob, &begun, 2, "AAAH-00001").await;
    let refused = other.refused(400, 1003);
    assert!(
        refused["Message"].as_str().unwrap().contains("NymiBandID"),
        "{refused}"
    );
    // A wrong confirmation stores nothing.
    let begun = begin(&bob, &band).await.ok();
    let (_, mut body) = SoftBand::enroll_serial(1, "AAAH-00001", &begun);
    body["confirm"] = json!("00".repeat(16));
    let path = format!(
        "api/Enrollments/{}",
        begun["enrollment_id"].as_str().unwrap()
    );
    bob.put(&path, &body)
        .await
        .refused_for(400, Reason::CmacMismatch);
    assert_eq!(bob.get("api/NymiBands").await.ok(), json!([]));
    // What the policy puts on a band is the enrollment server's.
    let admin = nes.administrator().await;
    permit(
        &admin,
        json!({"BandLabelOnBandEnabled": true, "PassworthAuthOption": true}),
    )
    .await;
    let begun = begin(&bob, &band).await.ok();
    let (_, mut body) = SoftBand::enroll_serial(1, "AAAH-00001", &begun);
    body["corporate_public_key"] = body["identity_public_key"].clone();
    let path = format!(
        "api/Enrollments/{}",
        begun["enrollment_id"].as_str().unwrap()
    );
    assert_eq!(bob.put(&path, &body).await.ok()["BandLabel"], Value::Null);
    let names: Vec<String> =
        sqlx::query_scalar(r#"SELECT "Name" FROM "nub.ExternalAuthenticator""#)
            .fetch_all(&nes.database().await)
            .await
            .unwrap();
    assert_eq!(names, ["Band"]);
    assert_eq!(nes.events().await, [12, 23]);
}

/// Its owner has the NymiBandID of a band, and whoever hears the band can name it.
#[tokio::test]
async fn a_squatted_address_is_told_at_the_first_tap_and_freed_by_an_administrator() {
    for squatted_serial in ["AAAH-00009", "AAAH-00001"] {
        let nes = Nes::start().await;
        let (eve, bob) = (nes.user("eve").await, nes.user("bob").await);
        let admin = nes.administrator().await;
        let bobs = foreign_band(1, "AAAH-00001").await;
        // Software says the address of bob's band, with a key of its own.
        let squat = json!({"SerialNumber": squatted_serial, "NymiBandID": bobs.id});
        let begun = eve.post("api/Enrollments", &squat).await.ok();
        let (_, body) = SoftBand::enroll_as(bobs.id, 9, squatted_serial, &begun);
        let path = format!(
            "api/Enrollments/{}",
            begun["enrollment_id"].as_str().unwrap()
        );
        eve.put(&path, &body).await.ok();
        let refused = begin(&bob, &bobs).await;
        if squatted_serial == bobs.serial {
            refused.refused_for(403, Reason::ReRegistrationForbidden);
        } else {
            let body = refused.refused(409, 1003);
            assert_eq!(body["EventTypeID"], 20);
            assert!(
                body["Message"].as_str().unwrap().contains("NymiBandID"),
                "{body}"
            );
            assert!(
                body["Hint"].as_str().unwrap().contains("administrator"),
                "{body}"
            );
            let row = &nes.server.admin().audit_rows(1).await.unwrap()[0];
            assert_eq!((row.event_type_id, row.band), (20, Some(bobs.id)));
        }
        let band = format!("api/NymiBands/{}", bobs.id);
        bob.delete(&band).await.refused(403, 2003);
        admin.delete(&band).await.ok();
        register(&bob, &bobs, 1).await;
        // The key of the squatter stays known.
        admin.delete(&band).await.ok();
        let begun = eve.post("api/Enrollments", &squat).await.ok();
        let (_, body) = SoftBand::enroll_as(bobs.id, 9, squatted_serial, &begun);
        let path = format!(
            "api/Enrollments/{}",
            begun["enrollment_id"].as_str().unwrap()
        );
        let refused = eve.put(&path, &body).await.refused(409, 1003);
        assert_eq!(refused["EventTypeID"], 20);
        nes.server.admin().verify_audit().await.unwrap();
    }
}
