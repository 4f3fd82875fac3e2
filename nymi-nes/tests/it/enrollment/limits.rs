//! What an enrollment refuses, and how many one account has.

use serde_json::json;

use super::*;
use crate::support::{Nes, Reply, SoftBand};

#[tokio::test]
async fn an_enrollment_is_used_once_by_its_user_in_time() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll(1, &begun);
    finish(&eve, &begun, &body).await.refused(404, 2201);
    finish(&bob, &begun, &body).await.ok();
    finish(&bob, &begun, &body).await.refused(404, 2201);
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll(2, &begun);
    nes.clock.advance(10 * 60_000);
    finish(&eve, &begun, &body).await.refused(404, 2201);
}

#[tokio::test]
async fn nobody_enrolls_for_another() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let named = |domain: &str, username: &str| json!({"Domain": domain, "Username": username});
    bob.post("api/Enrollments", &named("corp", "BOB"))
        .await
        .ok();
    bob.post("api/Enrollments", &named("CORP", "eve"))
        .await
        .refused(403, 2003);
    let agent = nes.agent("agent", &["*"]).await;
    agent
        .post("api/Enrollments", &json!({}))
        .await
        .refused(403, 2003);
}

#[tokio::test]
async fn a_known_address_or_key_is_refused() {
    let nes = Nes::start().await;
    nes.user("bob").await.enroll(1).await;
    let eve = nes.user("eve").await;
    let before = counts(&nes).await;
    // The same band in another case: same NymiBandID and same Q_B.
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll_serial(1, "AAAH-00009", &begun);
    finish(&eve, &begun, &body).await.refused(409, 1003);
    assert_eq!(counts(&nes).await, before);
}

#[tokio::test]
async fn nobody_enrolls_with_the_nfc_uid_of_anothers_active_band() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let bobs = bob.enroll(1).await;
    let before = counts(&nes).await;
    let steal = async |seed: u8| {
        let begun = eve.post("api/Enrollments", &json!({})).await.ok();
        let (band, mut body) = SoftBand::enroll(seed, &begun);
        body["NfcUID"] = json!("04A1B2C3D4E501");
        (band, finish(&eve, &begun, &body).await)
    };
    let refused = steal(2).await.1.refused(409, 1003);
    assert_eq!(refused["EventTypeID"], 4);
    assert!(refused["Message"].as_str().unwrap().contains("NfcUID"));
    assert_eq!(counts(&nes).await, before, "nothing is stored");
    assert_eq!(nes.events().await, [3, 4]);
    // Of a band that is not active any more the UID is free, but then that one cannot come back.
    let admin = nes.server.admin();
    admin.set_band_active(bobs.id, false).await.unwrap();
    let (eves, reply) = steal(2).await;
    reply.ok();
    let error = admin.set_band_active(bobs.id, true).await.unwrap_err();
    assert!(error.to_string().contains("NfcUID"), "{error}");
    let administrator = nes.administrator().await;
    let path = format!("api/NymiBands/{}", bobs.id);
    let activate = json!({"IsActive": true});
    let refused = administrator.put(&path, &activate).await;
    let refused = refused.refused(409, 1003);
    assert!(refused["Message"].as_str().unwrap().contains("NfcUID"));
    admin.set_band_active(eves.id, false).await.unwrap();
    administrator.put(&path, &activate).await.ok();
    // Whatever the code above does, the database keeps it so.
    sqlx::query(r#"UPDATE "nub.NymiBand" SET "IsActive" = 1"#)
        .execute(&nes.database().await)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn one_account_does_not_fill_the_audit_trail() {
    let nes = Nes::start().await;
    let (bob, terminal) = (nes.user("bob").await, nes.terminal().await);
    let event = json!({"EventTypeID": 1, "Username": "bob"});
    for _ in 0..100 {
        bob.post("api/EnrollmentEvents", &event).await.ok();
    }
    let refused = bob.post("api/EnrollmentEvents", &event).await;
    refused.refused(429, 2005);
    terminal.post("api/EnrollmentEvents", &event).await.ok();
    nes.clock.advance(1_000);
    bob.post("api/EnrollmentEvents", &event).await.ok();
    assert_eq!(nes.events().await.len(), 102);
}

#[tokio::test]
async fn bad_values_are_named() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    for (name, value) in [
        ("q_band", json!("04".to_owned() + &"00".repeat(32))),
        ("q_band", json!("02".to_owned() + &"ff".repeat(32))),
        ("q_band", json!("02")),
        ("identity_public_key", json!("3059")),
        ("corporate_public_key", json!("3059")),
        ("confirm", json!("00")),
        ("SerialNumber", json!("")),
        ("SerialNumber", json!("a\u{7f}")),
        ("SerialNumber", json!("AAAH-1")),
        ("BandLabel", json!("a\nb")),
        ("BandLabel", json!("a\u{202e}b")),
    ] {
        let begun = bob.post("api/Enrollments", &json!({})).await.ok();
        let (_, mut body) = SoftBand::enroll(1, &begun);
        body[name] = value;
        let refused = finish(&bob, &begun, &body).await.refused(400, 1003);
        assert!(
            refused["Message"].as_str().unwrap().contains(name),
            "{name}: {refused}"
        );
        // A body that cannot be read leaves the enrollment open.
        if name != "q_band" {
            let (_, body) = SoftBand::enroll(1, &begun);
            let mut other = body;
            other["confirm"] = json!("00".repeat(16));
            finish(&bob, &begun, &other).await.refused(400, 6005);
        }
    }
    assert_eq!(counts(&nes).await, [0; 6]);
}

#[tokio::test]
async fn secrets_are_sealed() {
    let nes = Nes::start().await;
    nes.user("bob").await.enroll(1).await;
    let sealed: (Vec<u8>, Vec<u8>) =
        sqlx::query_as(r#"SELECT "AdvKey1", "AdvKey2" FROM "nub.AdvertisingKey""#)
            .fetch_one(&nes.database().await)
            .await
            .unwrap();
    assert_eq!(
        (sealed.0.len(), sealed.1.len()),
        (45, 45),
        "version, nonce, key, tag"
    );
}

/// Whoever has a token and software in place of bands claims no serial numbers without end.
#[tokio::test]
async fn an_account_enrolls_20_bands_and_then_one_each_3_minutes() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    allow(&nes, true, true).await;
    let serial = |seed: u8| format!("AAAH-{seed:05}");
    let open = bob.post("api/Enrollments", &json!({})).await.ok();
    for seed in 1..=20 {
        bob.enroll_serial(seed, &serial(seed)).await.ok();
    }
    let refused = async |reply: Reply, seconds: u64| {
        let body = reply.refused(429, 2005);
        let message = body["Message"].as_str().unwrap();
        let wait = format!("try again in {seconds} s");
        assert!(
            message.contains("too many") && message.contains(&wait),
            "{body}"
        );
        assert!(
            body["Hint"].as_str().unwrap().contains("3 minutes"),
            "{body}"
        );
    };
    // Nothing is written to a band, and one that was begun before is not completed.
    refused(bob.post("api/Enrollments", &json!({})).await, 180).await;
    let raw = bob.send("api/Enrollments", "", b"{}").await;
    assert!(raw.head.contains("retry-after: 180"), "{}", raw.head);
    refused(bob.finish(&open, 21, &serial(21)).await, 180).await;
    assert_eq!(nes.events().await.len(), 20, "no row of what was refused");
    eve.enroll_serial(30, &serial(30)).await.ok();
    nes.clock.advance(179_000);
    refused(bob.post("api/Enrollments", &json!({})).await, 1).await;
    nes.clock.advance(1_000);
    bob.enroll_serial(21, &serial(21)).await.ok();
    refused(bob.post("api/Enrollments", &json!({})).await, 180).await;
}

/// A band has one factory address, and it is no other band's.
#[tokio::test]
async fn a_factory_address_stands_under_one_serial_number() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let bobs = bob.enroll(1).await;
    let address = async || -> String {
        sqlx::query_scalar(r#"SELECT "StaticMacAddress" FROM "nub.NymiBand""#)
            .fetch_one(&nes.database().await)
            .await
            .unwrap()
    };
    let taken = address().await;
    let with_it = async |seed: u8| {
        let begun = eve.post("api/Enrollments", &json!({})).await.ok();
        let (_, mut body) = SoftBand::enroll(seed, &begun);
        body["StaticMacAddress"] = json!(taken);
        finish(&eve, &begun, &body).await
    };
    let refused = with_it(2).await.refused(409, 1003);
    assert_eq!(refused["EventTypeID"], 4);
    assert!(
        refused["Message"]
            .as_str()
            .unwrap()
            .contains("StaticMacAddress"),
        "{refused}"
    );
    assert_eq!(nes.events().await, [3, 4]);
    assert_eq!(eve.get("api/NymiBands").await.ok(), json!([]));
    let admin = nes.administrator().await;
    let path = format!("api/NymiBands/{}", bobs.id);
    admin.delete(&path).await.ok();
    with_it(2).await.ok();
    assert_eq!(address().await, taken);
}
