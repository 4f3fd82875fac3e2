//! The commands that need no running system.

use std::fs;

use serde_json::Value;

use crate::support::{Up, nymi, stderr, stdout};

const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../nymi-core/tests/vectors/presence.json"
);

#[test]
fn the_presence_vectors_pass() {
    let output = nymi(&["check-vectors", "presence", VECTORS]);
    assert!(output.status.success());
    assert_eq!(stdout(&output).trim(), "1450 passed, 0 failed");
}

#[test]
fn a_wrong_vector_is_found_and_named() {
    let mut vectors: Value = serde_json::from_slice(&fs::read(VECTORS).unwrap()).unwrap();
    vectors["agreement"][3]["confirm"] = "00".repeat(16).into();
    vectors["sequences"][5]["steps"][0]["outcome"] = "verified_twice".into();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), vectors.to_string()).unwrap();
    let path = file.path().to_str().unwrap();

    let output = nymi(&["check-vectors", "presence", path]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("agreement 3: confirm"), "{text}");
    assert!(text.contains("sequence 5, step 0"), "{text}");
    assert!(text.ends_with("1448 passed, 2 failed\n"), "{text}");

    let output = nymi(&["check-vectors", "presence", "--json", path]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["result"] == "mismatch")
            .count(),
        2
    );
}

#[test]
fn a_file_that_holds_no_vectors_is_an_error_of_its_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for content in ["", "{}", "[1]", r#"{"agreement":[],"sequences":[]}"#] {
        fs::write(file.path(), content).unwrap();
        for kind in ["presence", "limbo"] {
            let output = nymi(&["check-vectors", kind, file.path().to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(2), "{kind} {content}");
        }
    }
    let output = nymi(&["check-vectors", "presence", "/nowhere/at/all.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nowhere/at/all.json"));
}

/// L2 states the policy of its grade, gold; the leaf below it states none.
#[test]
fn certificate_policies_are_asked_of_chains() {
    let pem = |name: &str| {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../nymi-core/tests/vectors/enterprise/"
        );
        fs::read_to_string(format!("{folder}{name}")).unwrap()
    };
    let case = |id: &str, peer: &str| {
        serde_json::json!({
            "id": id, "validation_kind": "CLIENT", "validation_time": "2026-05-13T08:30:00+00:00",
            "trusted_certs": [pem("l1.pem")], "untrusted_intermediates": [pem("l2.pem")],
            "peer_certificate": pem(peer), "extended_key_usage": [], "expected_result": "SUCCESS",
            "max_chain_depth": null, "crls": [],
        })
    };
    let vectors = serde_json::json!({"testcases": [case("l2", "l2.pem"), case("leaf", "mes.pem")]});
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), vectors.to_string()).unwrap();
    let refused = |options: &[&str]| {
        let path = file.path().to_str().unwrap();
        let output = nymi(&[&["check-vectors", "limbo", path, "--json"], options].concat());
        let lines = stdout(&output);
        let cases = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        cases
            .filter(|case: &Value| case["result"] == "FAILURE")
            .map(|case| case["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (gold, bronze) = ("2.25.1853451625.1.1", "2.25.1853451625.1.2");
    assert!(refused(&[]).is_empty());
    assert!(
        refused(&["--policy", bronze]).is_empty(),
        "none is required"
    );
    assert_eq!(refused(&["--explicit-policy"]), ["leaf"]);
    assert_eq!(refused(&["--explicit-policy", "--policy", gold]), ["leaf"]);
    assert_eq!(
        refused(&["--explicit-policy", "--policy", bronze]),
        ["l2", "leaf"]
    );
    assert_eq!(
        refused(&["--explicit-policy", "--policy", bronze, "--policy", gold]),
        ["leaf"]
    );
    let others = ["--inhibit-policy-mapping", "--inhibit-any-policy"];
    assert!(refused(&others).is_empty());

    let output = nymi(&["check-vectors", "limbo", "none.json", "--policy", "gold"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("not an object identifier"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn codes_are_explained() {
    let output = nymi(&["explain", "6003"]);
    assert!(output.status.success());
    assert!(stdout(&output).contains("6003"), "{}", stdout(&output));
    let output = nymi(&["explain", "--json", "2201"]);
    let shown: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert!(
        shown
            .to_string()
            .contains("The requested query was not found on the NES server.")
    );
    let output = nymi(&["explain", "zzzzqqq"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let output = nymi(&["explain", "--json", "zzzzqqq"]);
    assert_eq!(stdout(&output).trim(), "[]");
    let output = nymi(&["explain", "6099"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("Near it:\n  status-60"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_operators_paste_is_explained() {
    for (query, id) in [
        ("Nymi Agent missing.", "4000"),
        (
            "2026-05-13 08:30:00,123 ERROR [main] BLE Dongle removed. (thread 7)",
            "nbe-",
        ),
        ("1003", "status 1003"),
        ("0xD001D", "band-fault-d001d"),
        ("event 6", "EventTypeID 6"),
        ("blutooth adapter missing", "nbe-adapter-missing"),
    ] {
        let output = nymi(&["explain", query]);
        assert!(output.status.success(), "{query}");
        assert!(stdout(&output).contains(id), "{query}: {}", stdout(&output));
        let shown: Value =
            serde_json::from_str(&stdout(&nymi(&["explain", "--json", query]))).unwrap();
        assert!(
            !shown[0]["remedies"].as_array().unwrap().is_empty(),
            "{query}"
        );
    }
}

#[test]
fn all_that_can_be_explained_is_listed() {
    let all = stdout(&nymi(&["explain", "--list"]));
    assert!(all.lines().count() > 400, "{}", all.lines().count());
    assert!(all.contains("status-4000") && all.contains("nsl-14"));
    let some = stdout(&nymi(&["explain", "--list", "nbe"]));
    assert!(some.lines().all(|line| line.starts_with("nbe-")), "{some}");
    let json: Value =
        serde_json::from_str(&stdout(&nymi(&["explain", "--list", "--json", "nbe"]))).unwrap();
    assert_eq!(json.as_array().unwrap().len(), some.lines().count());
    let faults = stdout(&nymi(&["explain", "--list", "band"]));
    assert!(
        faults.contains("0xD001D The algorithm that matches fingerprints failed."),
        "{faults}"
    );
    let output = nymi(&["explain", "--list", "dongle"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nbe"), "{}", stderr(&output));
}

#[test]
fn a_band_is_tapped_from_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let output = nymi(&["tap", "--data", data, "X"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("--nymulator"),
        "{}",
        stderr(&output)
    );

    let up = Up::start(&["--data", data]);
    let serial = up.ready["bands"][0]["SerialNumber"].as_str().unwrap();
    assert!(nymi(&["tap", "--data", data, serial]).status.success());
    assert!(
        nymi(&[
            "tap",
            "--nymulator",
            up.text("nymulator"),
            "--nfc",
            up.band(0)
        ])
        .status
        .success()
    );
    let output = nymi(&["tap", "--data", data, "NO-SUCH-BAND"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("NO-SUCH-BAND"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn help_has_examples() {
    for arguments in [
        vec!["--help"],
        vec!["up", "--help"],
        vec!["assertion", "verify", "--help"],
        vec!["explain", "--help"],
    ] {
        let output = nymi(&arguments);
        assert!(output.status.success());
        assert!(stdout(&output).contains("Usage: "), "{arguments:?}");
    }
    assert!(stdout(&nymi(&["--help"])).contains("Examples:"));
}

/// Ten bands, each seen every hour for two days, 300 ms to 700 ms late.
pub(crate) fn arrivals() -> String {
    let mut text = String::from("NymiBandID,t_set_ms,t_interval_ms,counter,at_ms\n");
    for band in 0..10u64 {
        let t_set = 1_700_000_000_000 + band * 1000;
        for hour in 1..48u64 {
            let counter = hour * 3600;
            let at = t_set + counter * 1000 + 500 + 300 + (band * 47 + hour * 31) % 400;
            text += &format!("C0:00:00:00:00:{band:02X},{t_set},1000,{counter},{at}\n");
        }
    }
    text
}

#[test]
fn parameters_are_proposed_from_arrivals() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), arrivals()).unwrap();
    let path = file.path().to_str().unwrap();
    let output = nymi(&["pac", "tune", "--json", path]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(shown["arrivals"], 470);
    assert_eq!(shown["drift_series"], 10);
    assert_eq!(
        (&shown["then"]["stale"], &shown["then"]["out_of_bounds"]),
        (&0.into(), &0.into())
    );
    let lifetime = |when: &str| shown[when]["code_lifetime_ms"].as_i64().unwrap();
    assert!(lifetime("then") < lifetime("now"), "{shown}");
    assert!(stdout(&nymi(&["pac", "tune", path])).contains("DvIntent"));
}

#[test]
fn a_proposal_of_parameters_comes_with_cautions_and_leaves_out_repeated_rows() {
    let (file, terminals) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    let all = arrivals();
    let repeated: Vec<&str> = all.lines().skip(1).take(7).collect();
    fs::write(file.path(), format!("{all}{}\n", repeated.join("\n"))).unwrap();
    fs::write(terminals.path(), "-20000\n20000\n").unwrap();
    let path = file.path().to_str().unwrap();
    let args = [
        "pac",
        "tune",
        path,
        "--terminals",
        terminals.path().to_str().unwrap(),
    ];
    let text = stdout(&nymi(&args));
    for expected in [
        "470 arrivals of 10 bands on 3 days",
        "7 rows that repeat another in every field were left out",
        "before you take it:\n- arrivals of only 3 days were seen",
        "DvNBANESTime of 24000 ms is very wide: whoever records a frame and keeps it from NES can present it for ",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let output = nymi(&[&args[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let counted = ["arrivals", "duplicates", "bands", "days"].map(|key| shown[key].as_u64());
    assert_eq!(counted, [470, 7, 10, 3].map(Some));
    let cautions = shown["cautions"].as_array().unwrap();
    let names: Vec<&str> = cautions
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["few_days", "long_code"]);
    let said = cautions[1]["text"].as_str().unwrap();
    assert!(text.contains(&format!("- {said}\n")), "{said}");
}

#[test]
fn a_wrong_line_of_arrivals_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    for (text, expected) in [
        ("", "too few"),
        ("a,b\n", "line 1"),
        (
            "NymiBandID,t_set_ms,t_interval_ms,counter,at_ms\nX,1,1000,1,1\n",
            "line 2: expected a NymiBandID",
        ),
        (
            "NymiBandID,t_set_ms,t_interval_ms,counter,at_ms\nC0:00:00:00:00:01,1,9,1,1\n",
            "t_interval_ms",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let output = nymi(&["pac", "tune", &path]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            stderr(&output).contains(expected),
            "{text}: {}",
            stderr(&output)
        );
    }
}
