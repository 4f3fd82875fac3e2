//! Output whose reader has seen enough, as with `| head -1`: the exit code is the same, and nothing is said.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::stderr;

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

#[test]
fn a_command_ends_with_the_code_of_what_it_found() {
    let record = ["--document", "record.txt", "-"];
    let verify = [&["assertion", "verify", "--l1", "l1.pem"], &record[..]].concat();
    let other = ["assertion", "verify", "--l1", "l1.pem", "x.y.z"];
    for (arguments, code) in [
        (&verify[..], 0),
        (&other, 1),
        (&["cert", "show", "l1.pem"], 0),
        (&["explain", "4000"], 0),
        (&["explain", "--list"], 0),
        (&["demo"], 0),
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
}

/// A full disk is another thing: nobody knows what was found.
#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_a_failure() {
    for (arguments, code) in [
        (&["assertion", "verify", "--l1", "l1.pem", "x.y.z"][..], 2),
        (&["cert", "show", "l1.pem"], 2),
        (&["explain", "4000"], 1),
        (&["demo"], 1),
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
