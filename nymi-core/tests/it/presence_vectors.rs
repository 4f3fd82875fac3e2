//! `vectors/presence.json`: made by an independent implementation of the presence rules. It is read
//! by what `nymi check-vectors` reads it with.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

#[path = "../../../nymi-cli/src/check_vectors/presence.rs"]
mod presence;

type CheckError = serde_json::Error;

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, CheckError> {
    serde_json::from_slice(&fs::read(file).unwrap())
}

#[derive(Default)]
struct Report {
    cases: Vec<(String, Result<Value, String>)>,
}

impl Report {
    fn case(&mut self, id: &str, result: Result<Value, String>) {
        self.cases.push((id.to_owned(), result));
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/presence.json")
}

/// The vectors, some of them changed.
fn changed(change: impl FnOnce(&mut Value)) -> Report {
    let mut vectors: Value = read(&vectors()).unwrap();
    change(&mut vectors);
    let file = std::env::temp_dir().join(format!("presence-{}.json", std::process::id()));
    fs::write(&file, vectors.to_string()).unwrap();
    let report = presence::check(&file).unwrap();
    fs::remove_file(&file).unwrap();
    report
}

#[test]
fn every_vector_is_met() {
    let report = presence::check(&vectors()).unwrap();
    for (id, result) in &report.cases {
        assert!(result.is_ok(), "{id}: {result:?}");
    }
    let agreements = report
        .cases
        .iter()
        .filter(|case| case.0.starts_with("agreement"));
    assert!(agreements.count() >= 50);
    let first_steps = report
        .cases
        .iter()
        .filter(|case| case.0.ends_with(", step 0"));
    assert!(first_steps.count() >= 200);
}

/// The reader notices what is not met, so that its silence says something.
#[test]
fn a_vector_that_is_not_met_is_named() {
    let report = changed(|vectors| {
        vectors["agreement"][3]["confirm"] = "00".repeat(16).into();
        vectors["sequences"][5]["steps"][0]["outcome"] = "unheard_of".into();
    });
    let failed: Vec<_> = report.cases.iter().filter(|case| case.1.is_err()).collect();
    let ids: Vec<_> = failed.iter().map(|case| case.0.as_str()).collect();
    assert_eq!(ids, ["agreement 3", "sequence 5, step 0"], "{failed:?}");
}
