//! Nothing acknowledged is lost: killed right after a signature, everything is there again.

use serde_json::{Value, json};

use crate::support::{Up, WebApp, sha256_hex};

fn audit_of_document(up: &Up, document: &[u8]) -> Option<Value> {
    let rows = up.page("/api/audit?limit=100");
    let hash = sha256_hex(document);
    let rows = rows
        .as_array()
        .or_else(|| rows["rows"].as_array())
        .unwrap()
        .clone();
    rows.into_iter().find(|row| {
        row["detail"]
            .as_str()
            .is_some_and(|text| text.contains(&hash))
    })
}

#[tokio::test]
async fn killed_right_after_a_signature() {
    let data = tempfile::tempdir().unwrap();
    let mut up = Up::in_directory(data.path());
    let band = up.band(0).to_owned();
    let mut app = WebApp::subscribed(&up).await;
    let tap = app.tap(&up, &band, "ble").await;
    let request = json!({
        "assert_type": "assert_user",
        "device": band,
        "intent_id": tap["intent_id"],
        "document_sha256": sha256_hex(b"kept"),
        "meaning": "approved",
    });
    let answer = app.ask("assert_identity", request).await;
    assert_eq!(answer["status"], 0, "{answer}");
    up.kill();

    let again = Up::in_directory(data.path());
    assert!(
        audit_of_document(&again, b"kept").is_some(),
        "the audit row is gone"
    );
    assert_eq!(again.ready["bands"], up.ready["bands"]);
    assert_eq!(again.ready["users"], up.ready["users"]);
    let mut app = WebApp::subscribed(&again).await;
    let answer = app.sign(&again, &band, b"after").await;
    assert_eq!(answer["status"], 0, "{answer}");
}

#[tokio::test]
async fn stopped_and_started_again() {
    let data = tempfile::tempdir().unwrap();
    let first = Up::in_directory(data.path());
    let (users, bands) = (first.ready["users"].clone(), first.ready["bands"].clone());
    assert!(first.terminate().0.success());
    let second = Up::start(&["--data", data.path().to_str().unwrap(), "--bands", "3"]);
    assert_eq!(second.ready["users"][0], users[0]);
    assert_eq!(second.ready["bands"][1], bands[1]);
    assert_eq!(second.ready["bands"].as_array().unwrap().len(), 3);
    let mut app = WebApp::subscribed(&second).await;
    let answer = app.sign(&second, second.band(2), b"third").await;
    assert_eq!(answer["status"], 0, "{answer}");
    assert_eq!(
        answer["payload"]["Username"],
        second.ready["users"][2]["Username"]
    );
}
