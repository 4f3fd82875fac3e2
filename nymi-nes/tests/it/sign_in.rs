//! Signing in, tokens, and what an account may do.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nymi_core::UnixMillis;
use nymi_nes::{AccountFlags, Clock};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Nes, PASSWORD, join_all};

#[tokio::test]
async fn a_token_lives_as_long_as_configured() {
    let nes = Nes::start_with(|config| config.token_ttl = std::time::Duration::from_secs(5)).await;
    let bob = nes.user("bob").await;
    assert_eq!(bob.get("api/NymiBands").await.ok(), json!([]));
    nes.clock.advance(5_000);
    bob.get("api/NymiBands").await.refused(401, 2002);
    nes.log_in("bob@CORP", PASSWORD).await.ok();
    nes.log_in("corp\\BOB", PASSWORD).await.ok();
}

#[tokio::test]
async fn wrong_credentials_say_nothing_and_slow_down() {
    let nes = Nes::start().await;
    nes.user("bob").await;
    let wrong = nes
        .log_in("CORP\\bob", "wrong password")
        .await
        .refused(401, 2002);
    let unknown = nes
        .log_in("CORP\\eve", "wrong password")
        .await
        .refused(401, 2002);
    assert_eq!(wrong, unknown);
    nes.log_in("bob", PASSWORD).await.refused(401, 2002);
    for name in ["CORP\\bob", "CORP\\eve"] {
        for _ in 0..5 {
            nes.log_in(name, "wrong password").await.refused(401, 2002);
        }
        nes.log_in(name, PASSWORD).await.refused(429, 2005);
    }
    // However the name is written.
    nes.log_in("bob@CORP", PASSWORD).await.refused(429, 2005);
    nes.clock.advance(2_000);
    nes.log_in("CORP\\bob", PASSWORD).await.ok();
}

/// ENR-03. What is slowed down writes nothing, and a name that no account has is not kept.
#[tokio::test]
async fn a_refused_sign_in_writes_event_2_and_changes_nothing() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    bob.enroll_without_clock(1).await;
    nes.agent("agent", &["*"]).await;
    let rows = async || -> Vec<(u8, Option<i64>, Option<String>, String)> {
        sqlx::query_as(
            r#"SELECT "EventTypeID", "UserCoreID", "Username", "ModifiedBy" FROM "audit.Events" WHERE "EventTypeID" <> 3"#,
        )
        .fetch_all(&nes.database().await)
        .await
        .unwrap()
    };
    let bands = async || -> i64 {
        sqlx::query_scalar(r#"SELECT COUNT(*) FROM "audit.NymiBand""#)
            .fetch_one(&nes.database().await)
            .await
            .unwrap()
    };
    nes.log_in("corp\\BOB", "wrong password")
        .await
        .refused(401, 2002);
    nes.log_in("CORP\\correct horse", "bob")
        .await
        .refused(401, 2002);
    nes.log_in("agent", "wrong password")
        .await
        .refused(401, 2002);
    let by = || "nymi-nes".to_owned();
    let expected = [
        (2, Some(1), Some("bob".to_owned()), by()),
        (2, None, None, by()),
    ];
    assert_eq!(rows().await, expected);
    for _ in 0..5 {
        nes.log_in("CORP\\bob", "wrong password")
            .await
            .refused(401, 2002);
    }
    for _ in 0..5 {
        nes.log_in("CORP\\bob", "wrong password")
            .await
            .refused(429, 2005);
    }
    assert_eq!(rows().await.len(), 7);
    assert_eq!(bands().await, 1, "no band has changed");
    bob.get("api/NymiBands").await.ok();
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_all_pass() {
    let nes = Nes::start().await;
    nes.user("bob").await;
    let guesses = join_all((0..60).map(|_| nes.log_in("CORP\\bob", "wrong password"))).await;
    let checked = guesses.iter().filter(|reply| reply.code == 401).count();
    assert_eq!(checked, 6, "the others were not looked at");
    assert!(guesses.iter().all(|reply| matches!(reply.code, 401 | 429)));
}

#[tokio::test]
async fn wrong_guesses_never_shut_a_service_account_out() {
    let nes = Nes::start().await;
    nes.agent("agent", &["*"]).await;
    for name in ["agent", "nobody"] {
        for _ in 0..6 {
            nes.log_in(name, "wrong password").await.refused(401, 2002);
        }
        nes.log_in(name, "wrong password").await.refused(429, 2005);
    }
    nes.log_in("agent", PASSWORD).await.ok();
}

#[tokio::test]
async fn who_must_wait_is_told_how_long() {
    let nes = Nes::start().await;
    let credentials = STANDARD.encode("CORP\\eve:wrong password");
    let request = format!(
        "GET /nes/api/BasicLoginWithToken HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Basic {credentials}\r\n\r\n"
    );
    let ask = async || {
        let mut stream = TcpStream::connect(nes.server.local_addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for _ in 0..6 {
        let answer = ask().await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let refused = ask().await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.contains("\r\nretry-after: 2\r\n"), "{refused}");
}

#[tokio::test]
async fn tokens_and_passwords_are_not_in_the_database() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let token = bob.bearer.strip_prefix("Bearer ").unwrap().to_owned();
    let data = nes.config.data_dir.clone();
    nes.server.shutdown().await;
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            for secret in [token.as_str(), PASSWORD] {
                let found = content
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
                assert!(!found, "a secret is in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_disabled_account_is_told_so_only_with_its_password() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    for (flags, status) in [
        (
            AccountFlags {
                disabled: true,
                ..AccountFlags::default()
            },
            6012,
        ),
        (
            AccountFlags {
                locked: true,
                ..AccountFlags::default()
            },
            6013,
        ),
        (
            AccountFlags {
                expires_at: Some(UnixMillis(0)),
                ..AccountFlags::default()
            },
            6014,
        ),
        (
            AccountFlags {
                password_expires_at: Some(UnixMillis(0)),
                ..AccountFlags::default()
            },
            6015,
        ),
        (
            AccountFlags {
                must_change_password: true,
                ..AccountFlags::default()
            },
            6015,
        ),
    ] {
        nes.server
            .admin()
            .set_account_flags("CORP", "bob", flags)
            .await
            .unwrap();
        nes.log_in("CORP\\bob", PASSWORD).await.refused(403, status);
        nes.log_in("CORP\\bob", "wrong password")
            .await
            .refused(401, 2002);
        bob.get("api/NymiBands").await.refused(401, 2002);
    }
    nes.server
        .admin()
        .set_account_flags("CORP", "bob", AccountFlags::default())
        .await
        .unwrap();
    bob.get("api/NymiBands").await.ok();
}

#[tokio::test]
async fn no_token_and_a_wrong_scheme_are_refused() {
    let nes = Nes::start().await;
    for authorization in [
        None,
        Some("Bearer nonsense"),
        Some("Basic Zm9vOmJhcg=="),
        Some("Bearer"),
    ] {
        nes.ask(Method::GET, "api/NymiBands", authorization, None)
            .await
            .refused(401, 2002);
    }
    nes.ask(
        Method::GET,
        "api/BasicLoginWithToken",
        Some("Basic !!!"),
        None,
    )
    .await
    .refused(401, 2002);
}

#[tokio::test]
async fn user_status_follows_policy_and_cache() {
    let nes = Nes::start().await;
    nes.user("bob").await;
    let admin = nes.administrator().await;
    let path = "api/UserStatus/CORP/bob";
    admin.get(path).await.refused(403, 7000);
    admin
        .put(
            "api/Policies",
            &json!({"AdCheckUserStatus": true, "AdCacheExpiryTimeSeconds": 30}),
        )
        .await
        .ok();
    let first = admin.get(path).await.ok();
    assert_eq!(
        first,
        json!({"status": "active", "cached": false, "checked_at": nes.clock.now()})
    );
    let disabled = AccountFlags {
        disabled: true,
        ..AccountFlags::default()
    };
    nes.server
        .admin()
        .set_account_flags("CORP", "bob", disabled)
        .await
        .unwrap();
    nes.clock.advance(29_999);
    let second = admin.get(path).await.ok();
    assert_eq!(
        (&second["status"], &second["cached"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(second["checked_at"], first["checked_at"]);
    // Until it is older than the expiry.
    nes.clock.advance(1);
    assert_eq!(admin.get(path).await.ok()["status"], "active");
    // Setting the clock back does not make it younger.
    nes.clock.step(-60_000);
    nes.clock.advance(1);
    assert_eq!(admin.get(path).await.ok()["status"], "disabled");
    assert_eq!(
        admin.get("api/UserStatus/CORP/nobody").await.ok()["status"],
        "not_found"
    );
}
