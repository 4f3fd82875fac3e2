//! Enrolling bands and setting their clocks.

use nymi_core::enrollment::Reason;
use nymi_core::policy::{GroupPolicy, GroupPolicyValues};
use nymi_core::presence::PacParameterValues;
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
async fn the_terminals_clock_is_checked_at_both_edges() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll_without_clock(1).await;
    let path = format!("api/NymiBands/{}/SetTime", band.id);
    let ask = async |offset: i64| {
        bob.post(&path, &json!({"t_set_ms": nes.clock.now().0 + offset}))
            .await
    };
    for offset in [-2_001, 2_001] {
        let refused = ask(offset).await.refused(400, 6006);
        assert_eq!(refused["EventTypeID"], 15);
        assert_eq!(refused["skew_ms"], offset);
        assert!(refused["Message"].as_str().unwrap().contains("Out of Sync"));
    }
    ask(-2_000).await.ok();
    ask(2_000).await.ok();
    assert_eq!(nes.events().await, [3, 15, 15]);
    // Each must be a second later than the last.
    nes.clock.advance(2_999);
    ask(0).await.refused(409, 1003);
    nes.clock.advance(1);
    ask(0).await.ok();
}

#[tokio::test]
async fn only_the_owner_sets_the_clock_of_an_active_band() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let band = bob.enroll_without_clock(1).await;
    let path = format!("api/NymiBands/{}/SetTime", band.id);
    let body = json!({"t_set_ms": nes.clock.now().0});
    eve.post(&path, &body).await.refused(404, 2201);
    nes.agent("agent", &["*"])
        .await
        .post(&path, &body)
        .await
        .refused(403, 2003);
    nes.server
        .admin()
        .set_band_active(band.id, false)
        .await
        .unwrap();
    bob.post(&path, &body).await.refused(403, 6011);
    bob.post(&path, &json!({"t_set_ms": u64::MAX}))
        .await
        .refused(400, 1003);
    bob.post(&path, &json!({"t_set_ms": -1}))
        .await
        .refused(400, 1003);
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

#[tokio::test]
async fn events_are_reported_by_terminals_only_and_never_forged() {
    let nes = Nes::start().await;
    let (bob, terminal) = (nes.user("bob").await, nes.terminal().await);
    let event = |id: u8, username: &str| json!({"EventTypeID": id, "Username": username});
    assert_eq!(
        terminal
            .post("api/EnrollmentEvents", &event(2, "eve"))
            .await
            .code,
        201
    );
    assert_eq!(
        bob.post("api/EnrollmentEvents", &event(1, "bob"))
            .await
            .code,
        201
    );
    bob.post("api/EnrollmentEvents", &event(1, "eve"))
        .await
        .refused(403, 2003);
    for id in [0, 3, 12, 13, 19, 25] {
        terminal
            .post("api/EnrollmentEvents", &event(id, "eve"))
            .await
            .refused(400, 1003);
    }
    let namesake = json!({"EventTypeID": 1, "Username": "bob", "Domain": "OTHER"});
    let refused = bob.post("api/EnrollmentEvents", &namesake).await;
    refused.refused(403, 2003);
    let hidden = event(2, "e\u{202e}ve");
    let refused = terminal.post("api/EnrollmentEvents", &hidden).await;
    refused.refused(400, 1003);
    assert_eq!(nes.events().await, [2, 1]);
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
