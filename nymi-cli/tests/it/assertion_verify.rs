//! `nymi assertion verify` on the record of the manual: moments, revocation lists, and what it prints.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nymi_core::chain::pem;
use serde_json::Value;

use crate::support::{stderr, stdout};

const CHAPTER: &str = include_str!("../../../docs/manual/assertions.md");

/// The enterprise of the documentation, whose certificates end with 2026. The record is of 13 May.
fn enterprise() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nymi-core/tests/vectors/enterprise")
}

/// Runs the program in the enterprise's folder with a token on standard input.
fn run(arguments: &[&str], token: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(arguments)
        .current_dir(enterprise())
        .stdin(File::open(enterprise().join(token)).unwrap())
        .output()
        .unwrap()
}

fn verify(arguments: &[&str]) -> (Option<i32>, String) {
    let fixed = ["assertion", "verify", "--l1", "l1.pem", "-"];
    let output = run(&[&fixed, arguments].concat(), "record.jws");
    (output.status.code(), stdout(&output) + &stderr(&output))
}

/// A record check with these arguments besides.
fn record(arguments: &[&str]) -> (Option<i32>, String) {
    verify(&[&["--document", "record.txt"], arguments].concat())
}

#[test]
fn of_a_record_at_asks_whether_it_would_have_been_accepted_then() {
    assert_eq!(record(&[]).0, Some(0), "it outlives its log-in");
    for (at, accepted, why) in [
        ("2026-05-13T08:30:00Z", true, ""),
        ("2026-12-31T23:59:59Z", true, ""),
        ("2027-01-01T00:00:01Z", false, "nsl 29"),
        ("2026-05-13T08:29:59Z", false, "still to come"),
        ("2020-01-01T00:00:00Z", false, "2020-01-01"),
    ] {
        let (code, text) = record(&["--at", at]);
        assert_eq!(code, Some(if accepted { 0 } else { 1 }), "{at}: {text}");
        assert!(text.contains(why), "{at}: {text}");
    }
}

#[test]
fn of_a_log_in_at_is_instead_of_now() {
    for (at, code) in [
        ("2026-05-13T08:29:55Z", 0),
        ("2026-05-13T08:30:59Z", 0),
        ("2026-05-13T08:32:00Z", 1),
        ("2027-01-01T00:00:01Z", 1),
    ] {
        for audience in [vec![], vec!["--audience", "mes"]] {
            let (found, text) = verify(&[audience, vec!["--at", at]].concat());
            assert_eq!(found, Some(code), "{at}: {text}");
        }
    }
}

#[test]
fn revocation_lists_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(enterprise().join("crl-signer.pem")).unwrap();
    let der = folder.path().join("signer.crl");
    fs::write(&der, &pem::decode(&text, "X509 CRL").unwrap()[0]).unwrap();
    for list in ["crl-signer.pem", der.to_str().unwrap()] {
        let (code, text) = record(&["--crl", "crl-l1.pem", "--crl", list]);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("revoked") && text.contains("nsl 124"),
            "{text}"
        );
    }
    // A list of June is of no use in July, nor of one in April.
    let july = ["--at", "2026-07-01T00:00:00Z", "--crl", "crl.pem"];
    let (code, text) = record(&july);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("nsl 126"), "{text}");
    assert_eq!(record(&july[..2]).0, Some(0), "without a list");
}

#[test]
fn the_report_says_what_the_lists_cover() {
    for (lists, said) in [
        (vec![], "not checked"),
        (vec!["--crl", "crl.pem"], "unknown"),
        (vec!["--crl", "crl-l1.pem"], "unknown"),
        (
            vec!["--crl", "crl.pem", "--crl", "crl-l1.pem"],
            "not revoked",
        ),
    ] {
        let (code, text) = record(&[lists, vec!["--json"]].concat());
        assert_eq!(code, Some(0), "{text}");
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown["revocation"], said, "{text}");
    }
}

#[test]
fn a_second_person_countersigns() {
    let counter = ["--countersignature", "record-counter.jws"];
    let lists = ["--crl", "crl.pem", "--crl", "crl-l1.pem", "--json"];
    let (code, text) = record(&[&counter[..], &lists].concat());
    assert_eq!(code, Some(0), "{text}");
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["claims"]["Username"], "mdoe");
    let second = &shown["countersignature"];
    assert_eq!(second["claims"]["Username"], "qa");
    assert_eq!(second["revocation"], "not revoked");
}

#[test]
fn a_countersignature_is_held_to_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let text = fs::read_to_string(enterprise().join("record-counter.jws")).unwrap();
    let (head, signature) = text.trim().rsplit_once('.').unwrap();
    fs::write(
        path("changed"),
        format!("{head}.{}", "A".repeat(signature.len())),
    )
    .unwrap();
    fs::write(path("empty"), "").unwrap();
    for (file, why) in [
        ("record-same-user.jws", "a second person must countersign"),
        ("record.jws", "not a \"nymi-countersignature+jwt\""),
        (&path("changed"), "does not verify"),
        (&path("empty"), "three parts"),
    ] {
        let (code, text) = record(&["--countersignature", file]);
        assert_eq!(code, Some(1), "{file}: {text}");
        let expected = "not verified: the countersignature: ";
        assert!(
            text.starts_with(expected) && text.contains(why),
            "{file}: {text}"
        );
        let (_, text) = record(&["--countersignature", file, "--json"]);
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown["verified"], false, "{text}");
    }
    let between = [
        "--countersignature",
        "record-counter.jws",
        "--at",
        "2026-05-13T08:32:00Z",
    ];
    let (code, text) = record(&between);
    assert_eq!(code, Some(1), "made five minutes after the first: {text}");
    let (code, text) = record(&["--countersignature", &path("none")]);
    assert_eq!(code, Some(2), "{text}");
    let (code, text) = verify(&["--countersignature", "record-counter.jws"]);
    assert_eq!(code, Some(2), "without a document: {text}");
}

#[test]
fn what_is_no_revocation_list_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("junk.crl"), [0x30, 0x82, 0xff, 0xff, 0]).unwrap();
    fs::write(path("empty.crl"), "").unwrap();
    for (file, why) in [
        ("l1.pem", "BEGIN X509 CRL"),
        (&path("empty.crl"), "BEGIN X509 CRL"),
        (&path("junk.crl"), "no revocation list"),
        (&path("none.crl"), "none.crl"),
    ] {
        let (code, text) = record(&["--crl", "crl.pem", "--crl", file]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(file) && text.contains(why), "{file}: {text}");
    }
}

/// Each command of the chapter, run where its files are.
#[test]
fn the_manual_prints_what_the_command_prints() {
    let mut commands = 0;
    for block in CHAPTER.split("\n```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap();
        for step in block.split("$ nymi ").skip(1) {
            let (command, printed) = step.split_once('\n').unwrap();
            let (arguments, token) = command.split_once(" < ").unwrap();
            let arguments: Vec<&str> = arguments.split(' ').collect();
            let output = run(&arguments, token);
            assert_eq!(stdout(&output).trim_end(), printed.trim_end(), "{command}");
            commands += 1;
        }
    }
    assert_eq!(commands, 5);
}

#[test]
fn a_line_with_more_than_the_token_is_refused_with_a_hint() {
    let token = fs::read_to_string(enterprise().join("record.jws")).unwrap();
    let token = token.trim();
    let said = |text: &str| {
        let output = run(
            &["assertion", "verify", "--l1", "l1.pem", text],
            "record.jws",
        );
        assert_eq!(output.status.code(), Some(1), "{text}");
        stdout(&output)
    };
    for (before, hint) in [
        (
            "EVAL\\alice: ",
            ". Give the token alone: what follows the colon\n",
        ),
        ("eyJoe:", ". Give the token alone: what follows the colon\n"),
        ("a.b: ", ". Give the token alone: what follows the colon\n"),
        ("alice ", ". Give the token alone: what follows the blank\n"),
        ("=", "copied whole\n"),
    ] {
        let text = said(&format!("{before}{token}"));
        assert!(text.ends_with(hint), "{before}: {text}");
    }
    let counter = tempfile::NamedTempFile::new().unwrap();
    fs::write(counter.path(), format!("mdoe: {token}\n")).unwrap();
    let counter = ["--countersignature", counter.path().to_str().unwrap()];
    let (code, text) = record(&counter);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("follows the colon"), "{text}");
}
