//! Output whose reader has seen enough, as with `| head -1`: the exit code is the same, and nothing is said.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::commands::arrivals;
use crate::support::{Up, signal, stderr};
use crate::tap_tune::recording;

/// A system of a test's own.
const UP: [&str; 6] = [
    "up",
    "--ephemeral",
    "--agent-port=0",
    "--webapi-port=0",
    "--nes-port=0",
    "--page-port=0",
];

fn enterprise() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nymi-core/tests/vectors/enterprise")
}

/// Runs the program in the enterprise's folder with a pipe that nobody reads any more.
fn unread(arguments: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(arguments)
        .current_dir(enterprise())
        .stdin(File::open(enterprise().join("record.jws")).unwrap())
        .stdout(writer)
        .output()
        .unwrap();
    (output.status.code(), stderr(&output))
}

/// A file of vectors with one case, which the validator refuses.
fn limbo(folder: &Path, expected: &str) -> String {
    let case = json!({
        "id": "one", "trusted_certs": [], "peer_certificate": "", "expected_result": expected,
    });
    written(folder, expected, &json!({"testcases": [case]}).to_string())
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_command_ends_with_the_code_of_what_it_found() {
    let record = ["--document", "record.txt", "-"];
    let verify = [&["assertion", "verify", "--l1", "l1.pem"], &record[..]].concat();
    let other = ["assertion", "verify", "--l1", "l1.pem", "x.y.z"];
    let folder = tempfile::tempdir().unwrap();
    let limbo = |expected| limbo(folder.path(), expected);
    let written = |name, text: &str| written(folder.path(), name, text);
    let (right, wrong) = (limbo("FAILURE"), limbo("SUCCESS"));
    let (samples, observed) = (
        written("samples.csv", &recording(7)),
        written("arrivals.csv", &arrivals()),
    );
    let up = Up::ephemeral();
    for (arguments, code) in [
        (&verify[..], 0),
        (&other, 1),
        (&["cert", "show", "l1.pem"], 0),
        (&["explain", "4000"], 0),
        (&["explain", "--list"], 0),
        (&["demo"], 0),
        (&["check-vectors", "presence", "../presence.json"], 0),
        (&["check-vectors", "limbo", &right], 0),
        (&["check-vectors", "limbo", &wrong], 1),
        (&["tap", "tune", &samples], 0),
        (&["pac", "tune", &observed], 0),
    ] {
        for json in [&[][..], &["--json"]] {
            let arguments = [arguments, json].concat();
            assert_eq!(
                unread(&arguments),
                (Some(code), String::new()),
                "{arguments:?}"
            );
        }
    }
    let tap = ["tap", up.band(0), "--nymulator", up.text("nymulator")];
    for arguments in [&tap[..], &["--help"]] {
        assert_eq!(unread(arguments), (Some(0), String::new()), "{arguments:?}");
    }
}

/// A system runs on without who started it: a browser is opened after the addresses were printed.
#[test]
#[cfg(target_os = "linux")]
fn a_system_runs_though_nobody_reads_its_addresses() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let opened = folder.path().join("opened");
    let made = Command::new("mkfifo").arg(&opened).status().unwrap();
    assert!(made.success());
    let waiting = opened.clone();
    let browser = written(
        folder.path(),
        "xdg-open",
        &format!("#!/bin/sh\necho \"$1\" >'{}'\n", opened.display()),
    );
    fs::set_permissions(browser, fs::Permissions::from_mode(0o755)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut system = Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(UP)
        .env("DISPLAY", ":0")
        .env("PATH", folder.path())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = system.id();
    let ended = std::thread::spawn(move || {
        let status = system.wait().unwrap();
        // One that ended too early opens no page: then the wait for it ends all the same.
        drop(File::options().read(true).write(true).open(&opened));
        let mut said = String::new();
        system.stderr.unwrap().read_to_string(&mut said).unwrap();
        (status.code(), said)
    });
    let page = fs::read_to_string(&waiting).unwrap();
    if !page.is_empty() {
        signal("-TERM", process);
    }
    assert_eq!(ended.join().unwrap(), (Some(0), String::new()));
    assert!(page.starts_with("http://"), "{page}");
}

/// A full disk is another thing: nobody knows what was found.
#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let limbo = limbo(folder.path(), "FAILURE");
    for (arguments, code) in [
        (&["assertion", "verify", "--l1", "l1.pem", "x.y.z"][..], 2),
        (&["cert", "show", "l1.pem"], 2),
        (&["explain", "4000"], 1),
        (&["demo"], 1),
        (&["check-vectors", "presence", "../presence.json"], 2),
        (&["check-vectors", "limbo", &limbo], 2),
        (&UP, 1),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_nymi"))
            .args(arguments)
            .current_dir(enterprise())
            .stdout(File::create("/dev/full").unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains("standard output: "), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}
