//! Band life over HTTP: temporary bands, replacing, disconnecting, reassigning (guide 000, 10.3 to 10.5).

use nymi_core::enrollment::Reason;
use nymi_nes::Clock;
use serde_json::{Value, json};

use crate::support::{Nes, Reply, Session, SoftBand};

/// Serial number, Is Active and Is Primary of a user's bands, by serial number.
async fn flags(user: &Session<'_>) -> Vec<(String, bool, bool)> {
    let rows = user.get("api/NymiBands").await.ok();
    let flag = |row: &Value, name: &str| row[name].as_bool().unwrap();
    let rows = rows.as_array().unwrap().iter();
    let mut flags: Vec<_> = rows
        .map(|row| {
            let serial = row["SerialNumber"].as_str().unwrap().to_owned();
            (serial, flag(row, "IsActive"), flag(row, "IsPrimary"))
        })
        .collect();
    flags.sort();
    flags
}

fn band(serial: &str, is_active: bool, is_primary: bool) -> (String, bool, bool) {
    (serial.to_owned(), is_active, is_primary)
}

/// Saves the page of a band.
async fn save(admin: &Session<'_>, band: &SoftBand, columns: Value) {
    admin
        .put(&format!("api/NymiBands/{}", band.id), &columns)
        .await
        .ok();
}

async fn disconnect(admin: &Session<'_>, band: &SoftBand) -> Reply {
    admin.delete(&format!("api/NymiBands/{}", band.id)).await
}

/// A log-in with an authenticated band.
async fn log_in(user: &Session<'_>, band: &SoftBand) -> Reply {
    let body = json!({"t_set_ms": user.nes.clock.now().0});
    user.post(&format!("api/NymiBands/{}/SetTime", band.id), &body)
        .await
}

/// The number of rows.
async fn count(nes: &Nes, table: &str) -> i64 {
    let sql = format!(r#"SELECT COUNT(*) FROM "{table}""#);
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&nes.database().await)
        .await
        .unwrap()
}

/// The audit rows of bands: what was done, whose the band was, active and primary, by whom.
async fn history(nes: &Nes) -> Vec<(String, Option<i64>, bool, bool, String)> {
    sqlx::query_as(
        r#"SELECT "EventType", "UserCoreId", "IsActive", "IsPrimary", "ModifiedBy" FROM "audit.NymiBand" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_disconnected_band_is_nobodys_and_its_history_stays() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let agent = nes.agent("agent", &["*"]).await;
    let bobs = bob.enroll(1).await;
    nes.clock.advance(1_000);
    let outcome = agent
        .outcome(&bobs, "t-7", bobs.frame(nes.clock.now()))
        .await;
    assert_eq!(outcome, "verified");
    let told = disconnect(&admin, &bobs).await.ok();
    let expected = json!({"Domain": "CORP", "Username": "bob", "NymiBandID": bobs.id, "SerialNumber": "AAAH-00001", "Events": 2});
    assert_eq!(told, expected);
    let row = |letter: &str, user, active, by: &str| {
        (letter.to_owned(), user, active, active, by.to_owned())
    };
    assert_eq!(
        history(&nes).await,
        [
            row("C", Some(1), true, "CORP\\bob"),
            row("U", Some(1), true, "CORP\\bob"),
            row("U", None, false, "CORP\\admin"),
            row("D", None, false, "CORP\\admin"),
        ]
    );
    let authenticator: Vec<(String, String)> = sqlx::query_as(
        r#"SELECT "EventType", "ModifiedBy" FROM "audit.ExternalAuthenticator" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    let row = |letter: &str, by: &str| (letter.to_owned(), by.to_owned());
    assert_eq!(
        authenticator,
        [row("C", "CORP\\bob"), row("D", "CORP\\admin")]
    );
    // What the former user did can still be asked for (LIFE-07).
    let events: Vec<(u8, String)> = sqlx::query_as(
        r#"SELECT "EventTypeID", "HardwareID" FROM "audit.Events" WHERE "UserCoreID" = 1 ORDER BY "ID""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    assert_eq!(
        events,
        [(3, "AAAH-00001".to_owned()), (13, "AAAH-00001".to_owned())]
    );
    for table in [
        "nub.NymiBand",
        "nub.AdvertisingKey",
        "nub.PresenceState",
        "nub.ExternalAuthenticator",
        "nub.AppliedPolicy",
    ] {
        assert_eq!(count(&nes, table).await, 0, "{table}");
    }
    assert_eq!(count(&nes, "nub.UserCore").await, 1, "the user stays");
    // No tap of it identifies anybody, and there is nothing left to disconnect.
    nes.clock.advance(1_000);
    let frame = hex::encode(bobs.frame(nes.clock.now()));
    let claim =
        json!({"NymiBandID": bobs.id, "frames": [frame], "endpoint": "t-7", "method": "ble"});
    let tap = agent.post("api/Pac/verify", &claim).await;
    assert_ne!(tap.body["outcome"], "verified", "{tap:?}");
    assert_eq!(nes.events().await, [3, 13, 10]);
    assert_eq!(bob.get("api/NymiBands").await.ok(), json!([]));
    disconnect(&admin, &bobs).await.refused(404, 2201);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn only_administrators_disconnect() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let (terminal, agent) = (nes.terminal().await, nes.agent("agent", &["*"]).await);
    let bobs = bob.enroll(1).await;
    for caller in [&bob, &eve, &terminal, &agent] {
        disconnect(caller, &bobs).await.refused(403, 2003);
    }
    let admin = nes.administrator().await;
    admin
        .delete("api/NymiBands/nonsense")
        .await
        .refused(404, 2201);
    admin.delete("api/NymiBands/2").await.refused(404, 2201);
    assert_eq!(flags(&bob).await, [band("AAAH-00001", true, true)]);
    assert_eq!(history(&nes).await.len(), 2, "nothing is written");
    admin.delete("api/NymiBands/1").await.ok();
}

/// Reassigning takes a disconnect and a band without user data; without self-service each step that is
/// left out is refused with its text (LIFE-06).
#[tokio::test]
async fn reassigning_needs_both_steps() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    let bobs = bob.enroll(1).await;
    // Wiped, but not disconnected.
    let refused = eve.enroll_serial(2, "AAAH-00001").await;
    refused.refused_for(403, Reason::ReEnrollmentOther);
    let refused = bob.enroll_serial(2, "AAAH-00001").await;
    refused.refused_for(403, Reason::ReEnrollmentForbidden);
    disconnect(&admin, &bobs).await.ok();
    // Disconnected, but with its user's data.
    for user in [&bob, &eve] {
        let refused = log_in(user, &bobs).await;
        refused.refused_for(403, Reason::Disconnected);
    }
    let mut never = bobs.clone();
    never.id = nymi_core::BandId::new([0xC0, 9, 9, 9, 9, 9]);
    log_in(&bob, &never).await.refused(404, 2201);
    // Both.
    let enrolled = eve.enroll_serial(2, "AAAH-00001").await.ok();
    assert_eq!(
        (&enrolled["EventTypeID"], &enrolled["ID"]),
        (&json!(3), &json!(2)),
        "a new row"
    );
    assert_eq!(flags(&eve).await, [band("AAAH-00001", true, true)]);
    assert_eq!(flags(&bob).await, []);
    assert_eq!(nes.events().await, [3, 17, 22, 24, 24, 3]);
    let rows = nes.server.admin().audit_rows(6).await.unwrap();
    for row in &rows[1..3] {
        assert_eq!(row.serial_number.as_deref(), Some("AAAH-00001"));
        assert_eq!(row.band, Some(bobs.id));
    }
    // The address of the former enrollment is not used again.
    let again = bob.enroll_serial(1, "AAAH-00001").await;
    let refused = again.refused(409, 1003);
    assert_eq!(refused["EventTypeID"], 20);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_user_enrolls_the_same_band_again_after_both_steps() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let bobs = bob.enroll(1).await;
    disconnect(&admin, &bobs).await.ok();
    let enrolled = bob.enroll_serial(2, "AAAH-00001").await.ok();
    assert_eq!(enrolled["EventTypeID"], 3);
    assert_eq!(flags(&bob).await, [band("AAAH-00001", true, true)]);
}

/// Self-service never moves a Seos band to another user; an administrator who disconnects it does.
#[tokio::test]
async fn a_seos_band_moves_only_after_a_disconnect() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let admin = nes.administrator().await;
    let any = json!({"AllowReEnrollment": true, "AllowReenrollementOfActiveNymiBand": true});
    admin.put("api/Policies", &any).await.ok();
    let record = json!([{"SerialNumber": "DABC-00001", "SeosId": "04A1"}]);
    admin.post("api/Import", &record).await.ok();
    bob.enroll_serial(1, "DABC-00001").await.ok();
    let refused = eve.enroll_serial(2, "DABC-00001").await;
    refused.refused_for(403, Reason::ReEnrollmentSeos);
    // A suspended one neither.
    admin
        .put("api/NymiBands/1", &json!({"IsActive": false}))
        .await
        .ok();
    let refused = eve.enroll_serial(3, "DABC-00001").await;
    refused.refused_for(403, Reason::ReEnrollmentSeos);
    admin.delete("api/NymiBands/1").await.ok();
    eve.enroll_serial(4, "DABC-00001").await.ok();
    assert_eq!(flags(&eve).await, [band("DABC-00001", true, true)]);
    assert_eq!(flags(&bob).await, []);
    assert_eq!(nes.events().await, [3, 16, 16, 3]);
}

#[tokio::test]
async fn a_temporary_band_and_back() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let own = bob.enroll(1).await;
    bob.enroll_serial(2, "ACAK-00056")
        .await
        .refused_for(403, Reason::ReEnrollmentForbidden);
    save(&admin, &own, json!({"IsActive": false, "IsPrimary": true})).await;
    let temporary = bob.enroll(2).await;
    assert_eq!(
        flags(&bob).await,
        [
            band("AAAH-00001", false, true),
            band("AAAH-00002", true, false)
        ]
    );
    log_in(&bob, &own).await.refused_for(403, Reason::NotActive);
    // Back by making the own band active.
    save(&admin, &own, json!({"IsActive": true})).await;
    assert_eq!(
        flags(&bob).await,
        [
            band("AAAH-00001", true, true),
            band("AAAH-00002", false, false)
        ]
    );
    nes.clock.advance(5_000);
    log_in(&bob, &own).await.ok();
    log_in(&bob, &temporary)
        .await
        .refused_for(403, Reason::NotActive);
    // And by disconnecting the temporary one.
    save(&admin, &temporary, json!({"IsActive": true})).await;
    disconnect(&admin, &temporary).await.ok();
    save(&admin, &own, json!({"IsActive": true})).await;
    assert_eq!(flags(&bob).await, [band("AAAH-00001", true, true)]);
    nes.clock.advance(5_000);
    log_in(&bob, &own).await.ok();
}

#[tokio::test]
async fn a_lost_band_is_replaced_and_nothing_is_transferred() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let agent = nes.agent("agent", &["*"]).await;
    let lost = bob.enroll(1).await;
    let note = json!({"IsActive": false, "IsPrimary": false, "MiscNote": "Lost Band"});
    save(&admin, &lost, note).await;
    let new = bob.enroll(2).await;
    assert_eq!(
        flags(&bob).await,
        [
            band("AAAH-00001", false, false),
            band("AAAH-00002", true, true)
        ]
    );
    let note: Option<String> = sqlx::query_scalar(
        r#"SELECT "MiscNote" FROM "audit.NymiBand" WHERE "HardwareID" = 'AAAH-00001' ORDER BY "Identity" DESC"#,
    )
    .fetch_one(&nes.database().await)
    .await
    .unwrap();
    assert_eq!(note.as_deref(), Some("Lost Band"));
    let rows = bob.get("api/NymiBands").await.ok();
    assert_ne!(rows[0]["IdentityPublicKey"], rows[1]["IdentityPublicKey"]);
    nes.clock.advance(1_000);
    let now = nes.clock.now();
    assert_eq!(agent.outcome(&new, "t-7", new.frame(now)).await, "verified");
    let mut forged = lost;
    forged.id = new.id;
    assert_ne!(
        agent.outcome(&forged, "t-7", forged.frame(now)).await,
        "verified"
    );
}
