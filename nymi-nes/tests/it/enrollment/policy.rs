//! What the policy decides of an enrollment.

use nymi_core::policy::{GroupPolicy, GroupPolicyValues};
use nymi_core::presence::PacParameterValues;
use nymi_nes::Clock;
use serde_json::{Value, json};

use super::*;
use crate::support::{Nes, SoftBand};

/// ENR-05.
#[tokio::test]
async fn the_authenticator_for_corporate_credentials_is_the_policys() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let rows = async || -> Vec<(String, String, String, Option<bool>)> {
        sqlx::query_as(
            r#"SELECT "EventType", "Name", "ModifiedBy", "HapticFeedbackonBandEnabled"
               FROM "audit.ExternalAuthenticator" WHERE "Name" <> 'Band' ORDER BY "Identity""#,
        )
        .fetch_all(&nes.database().await)
        .await
        .unwrap()
    };
    let enroll = async |seed: u8, policy: Value, with_key: bool| {
        admin.put("api/Policies", &policy).await.ok();
        let begun = bob.post("api/Enrollments", &json!({})).await.ok();
        let (_, mut body) = SoftBand::enroll_serial(seed, "AAAH-00001", &begun);
        if with_key {
            body["corporate_public_key"] = body["identity_public_key"].clone();
        }
        finish(&bob, &begun, &body).await.ok();
    };
    let row = |letter: &str, name: &str, haptics: bool| {
        (
            letter.to_owned(),
            name.to_owned(),
            "CORP\\bob".to_owned(),
            Some(haptics),
        )
    };
    let mut expected = Vec::new();
    enroll(1, json!({"AllowReEnrollment": true}), true).await;
    assert_eq!(
        rows().await,
        expected,
        "off: no row, though the band made a key"
    );
    enroll(2, json!({"PassworthAuthOption": true}), false).await;
    assert_eq!(rows().await, expected, "no key, no row");
    enroll(3, json!({}), true).await;
    expected.push(row("C", "NEM", true));
    assert_eq!(rows().await, expected);
    enroll(4, json!({"HapticFeedbackOnBandEnabled": false}), true).await;
    expected.push(row("U", "NEM", false));
    assert_eq!(rows().await, expected);
    enroll(5, json!({"EnrollmentDestination": 2}), true).await;
    expected.extend([row("D", "NEM", false), row("C", "Evidian", false)]);
    assert_eq!(rows().await, expected);
    enroll(6, json!({"PassworthAuthOption": false}), true).await;
    expected.push(row("D", "Evidian", false));
    assert_eq!(rows().await, expected);
    assert_eq!(counts(&nes).await[4], 1, "the identity key is left");
    // The column holds base64 PEM, as the guide says.
    let pem: String = sqlx::query_scalar(
        r#"SELECT "PublicKey" FROM "audit.ExternalAuthenticator" WHERE "Name" = 'Evidian'"#,
    )
    .fetch_one(&nes.database().await)
    .await
    .unwrap();
    let keys = nymi_core::chain::pem::decode(&pem, "PUBLIC KEY").unwrap();
    assert!(nymi_core::crypto::PublicKey::from_spki_der(&keys[0]).is_some());
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn self_service_follows_the_policy() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    bob.enroll(1).await;
    // Own band again.
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll_serial(2, "AAAH-00001", &begun);
    let refused = finish(&bob, &begun, &body).await.refused(403, 7000);
    assert!(refused["Message"].as_str().unwrap().contains(
        "Cannot perform re-enrollment because the NES policy settings do not allow re-enrollment."
    ));
    assert_eq!(refused["EventTypeID"], 22);
    // Another user's band.
    let eve = nes.user("eve").await;
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll_serial(3, "AAAH-00001", &begun);
    let refused = finish(&eve, &begun, &body).await.refused(403, 7000);
    assert!(
        refused["Message"]
            .as_str()
            .unwrap()
            .contains("assigned to another user.")
    );
    assert_eq!(nes.events().await, [3, 22, 17]);
    allow(&nes, true, true).await;
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (band, body) = SoftBand::enroll_serial(2, "AAAH-00001", &begun);
    assert_eq!(finish(&bob, &begun, &body).await.ok()["EventTypeID"], 19);
    let rows = bob.get("api/NymiBands").await.ok();
    assert_eq!(
        rows.as_array().unwrap().len(),
        1,
        "the same band under its new id"
    );
    assert_eq!(rows[0]["NymiBandID"], json!(band.id));
    // Another band: the earlier one becomes inactive and stays primary.
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll_serial(4, "ACAK-00056", &begun);
    assert_eq!(finish(&bob, &begun, &body).await.ok()["EventTypeID"], 19);
    let rows = bob.get("api/NymiBands").await.ok();
    let flags: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["SerialNumber"], &row["IsActive"], &row["IsPrimary"]))
        .collect();
    assert_eq!(
        flags,
        [
            (&json!("ACAK-00056"), &json!(true), &json!(false)),
            (&json!("AAAH-00001"), &json!(false), &json!(true)),
        ]
    );
    // The band of another user moves, and the event says from whom.
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, body) = SoftBand::enroll_serial(5, "ACAK-00056", &begun);
    assert_eq!(finish(&eve, &begun, &body).await.ok()["EventTypeID"], 18);
    let from: Option<i64> = sqlx::query_scalar(
        r#"SELECT "DisconnectUserCoreId" FROM "audit.Events" WHERE "EventTypeID" = 18"#,
    )
    .fetch_one(&nes.database().await)
    .await
    .unwrap();
    assert_eq!(from, Some(1));
    assert!(nes.server.admin().verify_audit().await.unwrap() > 10);
}

#[tokio::test]
async fn t_interval_is_the_policys() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let values = GroupPolicyValues {
        pac: PacParameterValues {
            t_interval: 500,
            ..PacParameterValues::default()
        },
        ..GroupPolicyValues::default()
    };
    nes.server
        .admin()
        .set_active_policy(&GroupPolicy::try_from(values).unwrap())
        .await
        .unwrap();
    let band = bob.enroll_without_clock(1).await;
    let path = format!("api/NymiBands/{}/SetTime", band.id);
    let reply = bob
        .post(&path, &json!({"t_set_ms": nes.clock.now().0}))
        .await
        .ok();
    assert_eq!(reply["t_interval_ms"], 500);
}

#[tokio::test]
async fn the_label_is_the_policys() {
    let nes = Nes::start().await;
    let user = nes.user("maximiliane.mueller").await;
    for (shown, chosen, given, label) in [
        (false, false, Some("Max"), json!(null)),
        (true, false, Some("Max"), json!("maximiliane.")),
        (true, true, Some("Max"), json!("Max")),
        (true, true, None, json!("maximiliane.")),
    ] {
        let values = GroupPolicyValues {
            allow_re_enrollment: true,
            band_label: shown,
            band_label_customization: chosen,
            ..GroupPolicyValues::default()
        };
        let policy = GroupPolicy::try_from(values).unwrap();
        nes.server.admin().set_active_policy(&policy).await.unwrap();
        let begun = user.post("api/Enrollments", &json!({})).await.ok();
        let seed = 10 + u8::from(shown) * 2 + u8::from(chosen) + u8::from(given.is_some()) * 7;
        let (_, mut body) = SoftBand::enroll_serial(seed, "AAAH-00001", &begun);
        body["BandLabel"] = json!(given);
        assert_eq!(finish(&user, &begun, &body).await.ok()["BandLabel"], label);
    }
    let begun = user.post("api/Enrollments", &json!({})).await.ok();
    let (_, mut body) = SoftBand::enroll_serial(40, "AAAH-00001", &begun);
    body["BandLabel"] = json!("thirteen char");
    finish(&user, &begun, &body).await.refused(400, 1003);
}
