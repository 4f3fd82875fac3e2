//! Tap, assert, verify: over the WebAPI, and offline with the command line.

use std::fs;

use serde_json::{Value, json};

use crate::readme_example::who_signed;
use crate::support::{PATIENCE, Up, WebApp, nymi, stdout};

fn verify(up: &Up, arguments: &[&str]) -> (Option<i32>, String) {
    let output = nymi(&[&["assertion", "verify", "--l1", up.text("l1")], arguments].concat());
    (output.status.code(), stdout(&output))
}

#[tokio::test]
async fn a_document_signed_by_a_tap_verifies_offline() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let answer = app.sign(&up, up.band(0), b"the record").await;
    assert_eq!(answer["status"], 0, "{answer}");
    let token = answer["payload"]["assertion"].as_str().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("record"), b"the record").unwrap();
    fs::write(path("other"), b"another record").unwrap();
    let (record, other) = (path("record"), path("other"));

    let (code, text) = verify(&up, &["--grade", "bronze", "--document", &record, token]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("EVAL\\alice") && text.contains("approved"),
        "{text}"
    );

    let (code, text) = verify(&up, &["--grade", "bronze", "--json", token]);
    assert_eq!(code, Some(0), "{text}");
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        shown["claims"]["NymiBandID"],
        up.ready["bands"][0]["NymiBandID"]
    );

    for (arguments, reason) in [
        (
            vec!["--grade", "bronze", "--document", &other, token],
            "document",
        ),
        (vec![token], "nsl 14"),
        (
            vec!["--grade", "bronze", "--at", "2090-01-01T00:00:00Z", token],
            "expired",
        ),
        (
            vec!["--grade", "bronze", "--audience", "someone else", token],
            "audience",
        ),
        (
            vec!["--grade", "bronze", "--issuer", "https://other/nes", token],
            "issue",
        ),
        (vec!["--grade", "bronze", &token[..token.len() - 4]], ""),
        (vec!["--grade", "bronze", "garbage"], ""),
    ] {
        let (code, text) = verify(&up, &arguments);
        assert_eq!(code, Some(1), "{reason}: {text}");
        assert!(text.starts_with("not verified: "), "{text}");
        assert!(text.to_lowercase().contains(reason), "{reason}: {text}");
    }
}

/// Who follows the README from its quick start to its Rust example gets an answer.
#[tokio::test]
async fn the_example_of_the_readme_verifies_what_nymi_up_signed() {
    let readme = include_str!("../../../README.md");
    let example = include_str!("readme_example.rs");
    assert!(readme.contains(&format!("```rust\n{example}```")));

    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let answer = app.sign(&up, up.band(0), b"the record").await;
    let token = answer["payload"]["assertion"].as_str().unwrap();
    let l1 = fs::read_to_string(up.text("l1")).unwrap();
    let (nes, other) = (up.text("nes"), "http://127.0.0.1:1/nes");
    let who = who_signed(&l1, nes, b"the record", token).unwrap();
    assert!(who.starts_with("alice at 20"), "{who}");
    assert!(who_signed(&l1, nes, b"another record", token).is_err());
    assert!(who_signed(&l1, other, b"the record", token).is_err());
}

#[tokio::test]
async fn another_enterprises_root_does_not_verify_it() {
    let (up, other) = (Up::ephemeral(), Up::ephemeral());
    let mut app = WebApp::subscribed(&up).await;
    let answer = app.sign(&up, up.band(0), b"x").await;
    let token = answer["payload"]["assertion"].as_str().unwrap();
    assert_eq!(verify(&other, &["--grade", "bronze", token]).0, Some(1));
    assert_eq!(verify(&up, &["--grade", "bronze", token]).0, Some(0));
}

#[tokio::test]
async fn a_tap_is_spent_once_and_a_document_needs_one() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let band = up.band(0).to_owned();
    let tap = app.tap(&up, &band, "nfc").await;
    assert_eq!(tap["method"], "nfc");
    let request = json!({
        "assert_type": "assert_user", "device": band, "intent_id": tap["intent_id"],
        "document_sha256": "ab".repeat(32), "meaning": "approved",
    });
    let first = app.ask("assert_identity", request.clone()).await;
    assert_eq!(first["status"], 0, "{first}");
    assert_eq!(first["payload"]["method"], "nfc+ble");
    let again = app.ask("assert_identity", request.clone()).await;
    assert_ne!(again["status"], 0, "a tap was used twice: {again}");

    let mut untapped = request;
    untapped.as_object_mut().unwrap().remove("intent_id");
    let refused = app.ask("assert_identity", untapped).await;
    assert_eq!(refused["status"], 1002, "{refused}");
    assert!(refused.to_string().contains("intent_id"), "{refused}");
}

#[tokio::test]
async fn a_band_whose_clock_is_off_is_refused_with_its_skew() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let band = up.band(0).to_owned();
    assert!(up.hardware(&format!("skew {band} 20000")).starts_with("ok"));
    let request = json!({"assert_type": "assert_user", "device": band});
    // Frames from before are still the freshest for a moment.
    let mut answer = Value::Null;
    let begin = std::time::Instant::now();
    while answer["status"] != 6003 && begin.elapsed() < PATIENCE {
        answer = app.ask("assert_identity", request.clone()).await;
    }
    assert_eq!(answer["status"], 6003, "{answer}");
    let skew = answer["payload"]["skew_ms"].as_i64().unwrap();
    assert!((15_000..=25_000).contains(&skew), "{answer}");
}

#[tokio::test]
async fn a_band_off_the_wrist_asserts_nothing() {
    let up = Up::ephemeral();
    let mut app = WebApp::subscribed(&up).await;
    let band = up.band(1).to_owned();
    assert!(up.hardware(&format!("remove {band}")).starts_with("ok"));
    assert!(up.hardware(&format!("wear {band}")).starts_with("ok"));
    // Worn again but not authenticated.
    app.until(|update| {
        update["operation"] == "presence"
            && update["payload"]["NymiBandID"] == band.as_str()
            && update["payload"]["authenticated"] == false
    })
    .await;
    let mut status = Value::Null;
    let begin = std::time::Instant::now();
    while status != 3021 && begin.elapsed() < PATIENCE {
        let request = json!({"assert_type": "assert_user", "device": band});
        status = app.ask("assert_identity", request).await["status"].clone();
    }
    assert_eq!(status, 3021);
}

#[test]
fn the_demo_verifies_everything() {
    let output = nymi(&["demo", "--json"]);
    assert!(output.status.success(), "{}", stdout(&output));
    let lines: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.last().unwrap()["verified"], true);
    for step in [
        "enroll", "init", "tap", "lookup", "assert", "verify", "tamper", "audit", "chain",
    ] {
        assert!(
            lines
                .iter()
                .any(|line| line["step"] == step && line["ok"] == true),
            "{step}"
        );
    }
}
