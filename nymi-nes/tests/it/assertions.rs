//! Assertions: what they say, and when there is none.

use nymi_core::assertion::{self, Check, Expectations};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;
use nymi_nes::{AccountFlags, Clock};
use serde_json::{Value, json};

use crate::presence::bob_and_band;
use crate::support::{INTENT, Nes, Session, wish};

#[tokio::test]
async fn an_assertion_verifies_offline_and_is_audited() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let now = nes.clock.now();
    let body = wish(&band, &band.frame(now), INTENT, now.saturating_add(-2_000));
    let reply = agent.post("api/Assertions", &body).await.ok();
    assert_eq!(
        (&reply["Username"], &reply["Domain"]),
        (&json!("bob"), &json!("CORP"))
    );
    assert_eq!(
        (&reply["NymiBandID"], &reply["method"]),
        (&json!(band.id), &json!("ble"))
    );
    assert_eq!(reply["verified_at"], json!(now));
    let token = reply["assertion"].as_str().unwrap();
    let anchor = TrustAnchor::from_pem(&nes.server.admin().l1_pem().unwrap()).unwrap();
    let check = Check::Record {
        document_sha256: [0xab; 32],
    };
    let expect = Expectations::new(check).with_grade(GradeRequirement::Bronze);
    let verified = assertion::verify(&RustCrypto, &[anchor], token, &expect).unwrap();
    let claims = verified.claims();
    assert_eq!(
        (claims.iss.as_str(), claims.azp.as_str()),
        (nes.server.url(), "webapi")
    );
    assert_eq!(
        (claims.aud.as_str(), claims.nonce.as_deref()),
        ("webapi", Some("n-1"))
    );
    assert_eq!(
        (claims.agent.as_str(), claims.endpoint.as_str()),
        ("agent", "t-7")
    );
    assert_eq!((claims.counter, claims.intent), (5, true));
    assert_eq!(claims.intent_id.as_deref(), Some(INTENT));
    assert_eq!(
        claims.sub.len(),
        36,
        "an immutable identifier: {}",
        claims.sub
    );
    let row = nes.server.admin().audit_rows(1).await.unwrap().remove(0);
    assert_eq!(row.jti.as_deref(), Some(claims.jti.as_str()));
    assert_eq!(row.document_sha256, Some("ab".repeat(32)));
    let hash: Vec<u8> =
        sqlx::query_scalar(r#"SELECT "TokenHash" FROM "audit.Verification" WHERE "EventID" = $1"#)
            .bind(row.id)
            .fetch_one(&nes.database().await)
            .await
            .unwrap();
    assert_eq!(hash, assertion::Sha256Hex::of(token.as_bytes()).as_bytes());
}

#[tokio::test]
async fn a_gesture_is_spent_once_per_application() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let tapped = nes.clock.now();
    let ask = async |azp: &str| {
        nes.clock.advance(1_000);
        let mut body = wish(&band, &band.frame(nes.clock.now()), INTENT, tapped);
        body["azp"] = json!(azp);
        agent.post("api/Assertions", &body).await
    };
    ask("webapi").await.ok();
    let refused = ask("webapi").await.refused(400, 1003);
    assert_eq!(refused["EventTypeID"], 9);
    ask("Records-1").await.ok();
    nes.clock.advance(60_000);
    ask("Records-2").await.refused(400, 1003);
    assert_eq!(nes.events().await, [3, 13, 9, 13, 9]);
}

#[tokio::test]
async fn a_refused_gesture_does_not_spend_the_frame() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let frame = band.frame(nes.clock.now());
    let old = nes.clock.now().saturating_add(-70_000);
    agent
        .post("api/Assertions", &wish(&band, &frame, INTENT, old))
        .await
        .refused(400, 1003);
    assert_eq!(
        agent.outcome(&band, "t-8", frame).await,
        "verified",
        "elsewhere, even"
    );
}

#[tokio::test]
async fn a_refused_frame_does_not_spend_the_gesture() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let frame = band.frame(nes.clock.now());
    assert_eq!(agent.outcome(&band, "t-8", frame.clone()).await, "verified");
    let body = wish(&band, &frame, INTENT, nes.clock.now());
    let refused = agent.post("api/Assertions", &body).await.refused(403, 6001);
    assert_eq!(
        (&refused["outcome"], &refused["counter"]),
        (&json!("replayed"), &json!(5))
    );
    nes.clock.advance(1_000);
    let body = wish(&band, &band.frame(nes.clock.now()), INTENT, nes.clock.now());
    agent.post("api/Assertions", &body).await.ok();
}

#[tokio::test]
async fn suspended_bands_and_users_do_not_sign() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    let ask = async || {
        nes.clock.advance(1_000);
        let body = wish(&band, &band.frame(nes.clock.now()), INTENT, nes.clock.now());
        agent.post("api/Assertions", &body).await
    };
    nes.server
        .admin()
        .set_band_active(band.id, false)
        .await
        .unwrap();
    ask().await.refused(403, 6011);
    let frame = band.frame(nes.clock.now());
    agent
        .verify(&band, "t-7", &[frame])
        .await
        .refused(403, 6011);
    nes.server
        .admin()
        .set_band_active(band.id, true)
        .await
        .unwrap();
    let disabled = AccountFlags {
        disabled: true,
        ..AccountFlags::default()
    };
    nes.server
        .admin()
        .set_account_flags("CORP", "bob", disabled)
        .await
        .unwrap();
    ask().await.refused(403, 6012);
    nes.server
        .admin()
        .set_account_flags("CORP", "bob", AccountFlags::default())
        .await
        .unwrap();
    ask().await.ok();
    assert_eq!(nes.events().await, [3, 6, 6, 6, 13]);
}

#[tokio::test]
async fn a_user_who_left_the_directory_is_not_found() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    sqlx::raw_sql(r#"DELETE FROM "adm.Token"; DELETE FROM "dir.Account" WHERE "Username" = 'bob'"#)
        .execute(&nes.database().await)
        .await
        .unwrap();
    let reply = nes.log_in("agent", crate::support::PASSWORD).await.ok();
    let agent = Session {
        bearer: format!("Bearer {}", reply["Token"].as_str().unwrap()),
        ..agent
    };
    nes.clock.advance(1_000);
    let body = wish(&band, &band.frame(nes.clock.now()), INTENT, nes.clock.now());
    agent.post("api/Assertions", &body).await.refused(403, 6010);
}

#[tokio::test]
async fn bad_requests_and_unknown_bands_are_audited() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(1_000);
    let body = wish(&band, &band.frame(nes.clock.now()), INTENT, nes.clock.now());
    let mut unknown = body.clone();
    unknown["NymiBandID"] = json!("00:00:00:00:00:01");
    let refused = agent
        .post("api/Assertions", &unknown)
        .await
        .refused(404, 6004);
    assert_eq!(refused["EventTypeID"], 10);
    for (name, value, status) in [
        ("frames", json!([]), 1003),
        ("endpoint", Value::Null, 1002),
        ("method", json!("nfc"), 1003),
    ] {
        let mut bad = body.clone();
        bad[name] = value;
        let refused = agent
            .post("api/Assertions", &bad)
            .await
            .refused(400, status);
        assert_eq!(refused["EventTypeID"], 9);
    }
    let mut silent = body.clone();
    silent.as_object_mut().unwrap().remove("intent_id");
    silent.as_object_mut().unwrap().remove("intent_at");
    agent
        .post("api/Assertions", &silent)
        .await
        .refused(400, 1002);
    assert_eq!(nes.events().await, [3, 10, 9, 9, 9, 9]);
    let mut elsewhere = body.clone();
    elsewhere["audience"] = json!("https://elsewhere.example.com");
    agent
        .post("api/Assertions", &elsewhere)
        .await
        .refused(403, 7000);
}

#[tokio::test]
async fn audiences_are_what_the_configuration_allows() {
    let nes = Nes::start_with(|config| config.allowed_audiences = vec!["records".into()]).await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(1_000);
    let mut body = wish(&band, &band.frame(nes.clock.now()), INTENT, nes.clock.now());
    body["audience"] = json!("records");
    agent.post("api/Assertions", &body).await.ok();
}

#[tokio::test]
async fn another_key_file_is_an_internal_error_not_a_verification() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(1_000);
    sqlx::query(r#"UPDATE "nub.AdvertisingKey" SET "AdvKey1" = "AdvKey2""#)
        .execute(&nes.database().await)
        .await
        .unwrap();
    let frame = band.frame(nes.clock.now());
    let refused = agent
        .verify(&band, "t-7", &[frame])
        .await
        .refused(500, 9000);
    assert_eq!(refused["EventTypeID"], 8);
    assert_eq!(nes.events().await, [3, 8]);
}
