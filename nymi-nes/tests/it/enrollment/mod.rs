//! Enrolling bands and setting their clocks.

mod clock;
mod limits;
mod policy;

use nymi_core::enrollment::Reason;
use nymi_core::policy::{GroupPolicy, GroupPolicyValues};
use nymi_nes::Clock;
use serde_json::{Value, json};

use crate::support::{Nes, Reply, Session, SoftBand};

async fn finish(user: &Session<'_>, begun: &Value, body: &Value) -> Reply {
    let path = format!(
        "api/Enrollments/{}",
        begun["enrollment_id"].as_str().unwrap()
    );
    user.put(&path, body).await
}

async fn counts(nes: &Nes) -> [i64; 6] {
    let database = nes.database().await;
    let mut counts = [0; 6];
    for (index, table) in [
        "nub.UserCore",
        "nub.NymiBand",
        "nub.AdvertisingKey",
        "nub.KeyAgreement",
        "nub.ExternalAuthenticator",
        "audit.NymiBand",
    ]
    .iter()
    .enumerate()
    {
        let sql = format!(r#"SELECT COUNT(*) FROM "{table}""#);
        counts[index] = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&database)
            .await
            .unwrap();
    }
    counts
}

async fn allow(nes: &Nes, own: bool, any: bool) {
    let values = GroupPolicyValues {
        allow_re_enrollment: own,
        allow_re_enrollment_of_any: any,
        ..nes
            .server
            .admin()
            .active_policy()
            .await
            .unwrap()
            .values()
            .clone()
    };
    let policy = GroupPolicy::try_from(values).unwrap();
    nes.server.admin().set_active_policy(&policy).await.unwrap();
}

#[tokio::test]
async fn a_band_and_a_user_come_together() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll(1).await;
    assert_eq!(nes.events().await, [3]);
    let rows = bob.get("api/NymiBands").await.ok();
    let row = &rows[0];
    assert_eq!(row["NymiBandID"], json!(band.id));
    assert_eq!(row["SerialNumber"], "AAAH-00001");
    assert_eq!(
        (&row["Username"], &row["Domain"]),
        (&json!("bob"), &json!("CORP"))
    );
    assert_eq!(
        (&row["IsActive"], &row["IsPrimary"]),
        (&json!(true), &json!(true))
    );
    assert!(
        row["IdentityPublicKey"]
            .as_str()
            .unwrap()
            .starts_with("3059301306072a8648ce3d0201")
    );
    let names: Vec<_> = row
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "Username",
        "Domain",
        "NymiBandID",
        "NfcUID",
        "SerialNumber",
        "BandLabel",
        "IsActive",
        "IsPrimary",
        "FirmwareVersion",
        "HardwareVersion",
        "IdentityPublicKey",
    ];
    expected.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected, "no other column leaves");
    // One enrolled, one with its clock set.
    assert_eq!(counts(&nes).await, [1, 1, 1, 1, 1, 2]);
}

#[tokio::test]
async fn a_wrong_confirmation_stores_nothing() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (_, mut body) = SoftBand::enroll(1, &begun);
    let confirm = body["confirm"].as_str().unwrap().to_owned();
    let flipped = if confirm.starts_with('0') { "1" } else { "0" };
    body["confirm"] = json!(format!("{flipped}{}", &confirm[1..]));
    let refused = finish(&bob, &begun, &body).await.refused(400, 6005);
    assert_eq!(
        refused["Message"],
        r#"{"ResponseCode":12,"Description":"Adv Key 1 cannot be generated due to CMAC mismatch."}"#
    );
    assert_eq!(refused["EventTypeID"], 12);
    assert_eq!(nes.events().await, [12]);
    assert_eq!(counts(&nes).await, [0; 6]);
    bob.enroll(1).await;
}

/// InitialTapNymiBandId and ConfirmTapNymiBandId of all events.
async fn taps(nes: &Nes) -> Vec<(u8, Option<String>, Option<String>)> {
    sqlx::query_as(
        r#"SELECT "EventTypeID", "InitialTapNymiBandId", "ConfirmTapNymiBandId" FROM "audit.Events" ORDER BY "ID""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap()
}

/// ENR-02.
#[tokio::test]
async fn both_taps_are_of_the_band_that_is_enrolled() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let enroll = async |initial: Option<&str>, confirm: Option<&str>| {
        let begun = bob.post("api/Enrollments", &json!({})).await.ok();
        let (_, mut body) = SoftBand::enroll(1, &begun);
        body["InitialTapNymiBandId"] = json!(initial);
        body["ConfirmTapNymiBandId"] = json!(confirm);
        finish(&bob, &begun, &body).await
    };
    let (own, other) = ("04A1B2C3D4E501", "04A1B2C3D4E502");
    for (initial, confirm) in [
        (Some(own), Some(other)),
        (Some(other), Some(own)),
        (Some(other), Some(other)),
        (None, Some(other)),
        (Some("08A1B2C3"), Some(other)),
    ] {
        let refused = enroll(initial, confirm).await;
        refused.refused_for(400, Reason::ConfirmTapDiffers);
        let last = taps(&nes).await.pop().unwrap();
        let text = |uid: Option<&str>| Some(uid.unwrap_or(own).to_owned());
        assert_eq!(last, (1, text(initial), text(confirm)));
    }
    assert_eq!(counts(&nes).await, [0; 6], "nothing is stored");
    // A band without a user shows another UID at each tap.
    enroll(Some("08A1B2C3"), Some(own)).await.ok();
    let last = taps(&nes).await.pop().unwrap();
    assert_eq!(last, (3, Some("08A1B2C3".into()), Some(own.into())));
}

/// What the rules refuse they refuse first.
#[tokio::test]
async fn the_band_of_another_user_is_refused_whatever_was_tapped() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    bob.enroll(1).await;
    let begun = eve.post("api/Enrollments", &json!({})).await.ok();
    let (_, mut body) = SoftBand::enroll_serial(2, "AAAH-00001", &begun);
    body["ConfirmTapNymiBandId"] = json!("04000000000000");
    let refused = finish(&eve, &begun, &body).await;
    refused.refused_for(403, Reason::ReEnrollmentOther);
}

/// BAND-24.
#[tokio::test]
async fn a_log_in_fills_a_hardware_version_that_is_missing() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let begun = bob.post("api/Enrollments", &json!({})).await.ok();
    let (band, mut body) = SoftBand::enroll(1, &begun);
    body["HardwareVersion"] = Value::Null;
    finish(&bob, &begun, &body).await.ok();
    let log_in = async |version: Value| {
        nes.clock.advance(5_000);
        let path = format!("api/NymiBands/{}/SetTime", band.id);
        let body = json!({"t_set_ms": nes.clock.now().0, "HardwareVersion": version});
        bob.post(&path, &body).await
    };
    let version = async || bob.get("api/NymiBands").await.ok()[0]["HardwareVersion"].clone();
    assert_eq!(version().await, Value::Null);
    log_in(Value::Null).await.ok();
    assert_eq!(version().await, Value::Null);
    log_in(json!("14")).await.refused(400, 1003);
    log_in(json!("10.00")).await.ok();
    assert_eq!(version().await, "10.00");
    log_in(json!("14.00")).await.ok();
    assert_eq!(version().await, "10.00", "what is there stays");
    let audit: Vec<Option<String>> =
        sqlx::query_scalar(r#"SELECT "HardwareVersion" FROM "audit.NymiBand" ORDER BY "Identity""#)
            .fetch_all(&nes.database().await)
            .await
            .unwrap();
    let filled = Some("10.00".to_owned());
    assert_eq!(audit, [None, None, filled.clone(), filled]);
}

/// BAND-13: the address is that of an enrollment, the factory address that of the band.
#[tokio::test]
async fn each_enrollment_has_its_address_and_the_factory_address_stays() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    allow(&nes, true, false).await;
    let mut factory_address = Value::Null;
    for seed in 1..4 {
        let begun = bob.post("api/Enrollments", &json!({})).await.ok();
        let (_, mut body) = SoftBand::enroll_serial(seed, "AAAH-00001", &begun);
        if seed == 1 {
            factory_address = body["StaticMacAddress"].clone();
        }
        if seed == 3 {
            body["StaticMacAddress"] = Value::Null;
            body["HardwareVersion"] = Value::Null;
        }
        finish(&bob, &begun, &body).await.ok();
    }
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        r#"SELECT "NymiBandID", "StaticMacAddress", "HardwareVersion" FROM "audit.NymiBand" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    let row = |id: &str| {
        (
            id.to_owned(),
            factory_address.as_str().unwrap().to_owned(),
            "14.00".to_owned(),
        )
    };
    assert_eq!(
        rows,
        [
            "C0:00:00:00:00:01",
            "C0:00:00:00:00:02",
            "C0:00:00:00:00:03"
        ]
        .map(row)
    );
}
