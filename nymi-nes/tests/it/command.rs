//! The program: configuration errors and administration from the command line.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn run(folder: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nymi-nes"))
        .args(["--config", "nymi_nes.toml"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn with_config(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nymi_nes.toml"), text).unwrap();
    folder
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_bad_configuration_is_named() {
    let folder = with_config("[nes]\nlistne = \"127.0.0.1:0\"\n");
    let output = run(&folder, &[], "");
    assert!(!output.status.success());
    assert!(stderr(&output).contains("listne"), "{}", stderr(&output));
    let empty = tempfile::tempdir().unwrap();
    let output = run(&empty, &[], "");
    assert!(
        stderr(&output).contains("nymi_nes.toml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_command_line_administers() {
    let folder = with_config("[nes]\nlisten = \"127.0.0.1:0\"\ngrade = \"bronze\"\n");
    assert!(
        run(&folder, &["evaluation", "Example"], "")
            .status
            .success()
    );
    assert!(folder.path().join("data/l1.pem").is_file());
    let password = "correct horse battery\n";
    assert!(
        run(&folder, &["add-user", "CORP", "bob"], password)
            .status
            .success()
    );
    let again = run(&folder, &["add-user", "CORP", "bob"], password);
    assert!(
        !again.status.success() && stderr(&again).contains("exists"),
        "{}",
        stderr(&again)
    );
    let named =
        |user: &str, last: &str| run(&folder, &["name-user", "CORP", user, "Bob", last], "");
    assert!(named("bob", "Builder").status.success());
    for (user, last, reason) in [
        ("eve", "Builder", "there is no user CORP\\eve"),
        ("bob", "Bu\u{202e}ilder", "control character"),
        ("bob", &"x".repeat(65), "at most 64 characters"),
    ] {
        let refused = named(user, last);
        assert!(!refused.status.success());
        assert!(stderr(&refused).contains(reason), "{}", stderr(&refused));
    }
    assert!(
        run(
            &folder,
            &["add-agent", "agent", "--endpoint", "*"],
            password
        )
        .status
        .success()
    );
    assert!(
        run(&folder, &["add-terminal", "terminal"], password)
            .status
            .success()
    );
    let verified = run(&folder, &["verify-audit"], "");
    assert!(
        stderr(&verified).contains("3 audit rows are as they were written"),
        "{}",
        stderr(&verified)
    );
}
