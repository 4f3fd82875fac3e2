//! `nymi up`: what it prints, what it refuses, how it ends.

use std::fs;
use std::net::TcpListener;

use serde_json::json;

use crate::support::{Up, WebApp, nymi, stderr};

#[tokio::test]
async fn ready_means_that_each_band_can_assert_at_once() {
    let up = Up::start(&["--ephemeral", "--bands", "3"]);
    assert_eq!(up.ready["users"].as_array().unwrap().len(), 3);
    let mut app = WebApp::connect(&up).await;
    app.ask("subscribe_endpoint", json!({"endpoint_id": "127.0.0.1"}))
        .await;
    for index in 0..3 {
        let band = &up.ready["bands"][index];
        let user = &up.ready["users"][index];
        let answer = app
            .ask(
                "assert_identity",
                json!({"assert_type": "assert_user", "device": band["NymiBandID"]}),
            )
            .await;
        assert_eq!(answer["status"], 0, "{answer}");
        assert_eq!(answer["payload"]["Username"], user["Username"]);
        assert_eq!(answer["payload"]["Domain"], user["Domain"]);
    }
}

#[test]
fn the_ready_line_has_its_keys_in_order_and_compact() {
    let up = Up::ephemeral();
    let mut at = 0;
    for key in [
        "ready",
        "agent",
        "webapi",
        "nes",
        "page",
        "nymulator",
        "data",
        "l1",
        "users",
        "bands",
        "endpoints",
    ] {
        let found = up
            .line
            .find(&format!("\"{key}\":"))
            .unwrap_or_else(|| panic!("{key}"));
        assert!(found >= at, "{key} is out of order");
        at = found;
    }
    assert!(!up.line.contains("\": "), "not compact: {}", up.line);
    let port = |key| {
        up.address(key)
            .rsplit_once(':')
            .unwrap()
            .1
            .parse::<u16>()
            .unwrap()
    };
    assert_eq!(
        up.text("agent"),
        format!("ws://127.0.0.1:{}/socket/websocket", port("agent"))
    );
    assert_eq!(
        up.text("webapi"),
        format!("ws://127.0.0.1:{}/", port("webapi"))
    );
    assert_eq!(
        up.text("nes"),
        format!("http://127.0.0.1:{}/nes", port("nes"))
    );
    assert!(
        fs::read_to_string(up.text("l1"))
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
}

#[test]
fn an_ephemeral_system_leaves_nothing_behind() {
    let up = Up::ephemeral();
    let data = up.text("data").to_owned();
    let (status, error) = up.terminate();
    assert!(status.success(), "{status} {error}");
    assert!(fs::metadata(&data).is_err(), "{data} is still there");
}

#[test]
fn ctrl_c_is_like_sigterm() {
    let up = Up::ephemeral();
    up.signal("-INT");
    let (status, error) = up.terminate();
    assert!(status.success(), "{status} {error}");
}

#[test]
fn a_port_in_use_is_named_with_its_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--agent-port", "--webapi-port", "--nes-port", "--page-port"] {
        let mut arguments = vec!["up", "--ephemeral", "--headless", "--json"];
        for other in ["--agent-port", "--webapi-port", "--nes-port", "--page-port"] {
            arguments.extend([other, if other == option { &port } else { "0" }]);
        }
        let output = nymi(&arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{option}: {error}");
        assert!(
            error.contains(option) && error.contains(&port),
            "{option}: {error}"
        );
        assert!(error.contains("in use"), "{option}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    // Even root cannot make a directory below a file or in /proc.
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("data");
    for directory in [below.to_str().unwrap(), "/proc/nymi"] {
        let output = nymi(&["up", "--headless", "--data", directory]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains(directory) && error.contains("--data"),
            "{error}"
        );
    }
}

#[test]
fn two_systems_never_share_a_data_directory() {
    let data = tempfile::tempdir().unwrap();
    let _up = Up::in_directory(data.path());
    let output = nymi(&["up", "--headless", "--data", data.path().to_str().unwrap()]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("another `nymi up`"), "{error}");
}

#[test]
fn without_json_a_person_can_read_where_everything_is() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut process = Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(["up", "--headless", "--ephemeral"])
        .args([
            "--agent-port=0",
            "--webapi-port=0",
            "--nes-port=0",
            "--page-port=0",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        shown += &line.unwrap();
        shown.push('\n');
        if shown.contains("Ctrl-C") {
            break;
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
    for expected in [
        "Ready.",
        "Page",
        "http://127.0.0.1:",
        "EVAL\\alice",
        "nymi tap ",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains('\x1b'), "no colour codes off a terminal");
}
