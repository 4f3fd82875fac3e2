//! `nymi check-vectors`: runs vector files through `nymi-core`.

pub mod limbo;
mod presence;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::output;

/// A vector file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has another form.
    #[error("{file}: not a vector file of this kind: {source}")]
    Malformed {
        /// Which.
        file: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, CheckError> {
    let text = fs::read(file).map_err(|source| CheckError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|source| CheckError::Malformed {
        file: file.to_owned(),
        source,
    })
}

/// What a run found, case by case.
#[derive(Default)]
struct Report {
    cases: Vec<(String, Result<Value, String>)>,
}

impl Report {
    fn case(&mut self, id: &str, result: Result<Value, String>) {
        self.cases.push((id.to_owned(), result));
    }

    fn failed(&self) -> usize {
        self.cases
            .iter()
            .filter(|(_, result)| result.is_err())
            .count()
    }

    fn write(&self, json: bool, out: &mut dyn Write) -> io::Result<()> {
        for (id, result) in &self.cases {
            match (json, result) {
                (true, Ok(found)) => {
                    writeln!(out, "{}", json!({"id": id, "result": "ok", "found": found}))?;
                }
                (true, Err(error)) => {
                    writeln!(
                        out,
                        "{}",
                        json!({"id": id, "result": "mismatch", "error": error})
                    )?;
                }
                (false, Ok(_)) => {}
                (false, Err(error)) => writeln!(out, "mismatch: {id}: {error}")?,
            }
        }
        let (total, failed) = (self.cases.len(), self.failed());
        if json {
            return writeln!(
                out,
                "{}",
                json!({"passed": total - failed, "failed": failed})
            );
        }
        writeln!(out, "{} passed, {failed} failed", total - failed)
    }
}

/// Runs a presence vector file and prints each mismatch and the totals; exit code 1 on a mismatch,
/// 2 if the file cannot be used or holds no vector.
pub fn run_presence(file: &Path, json: bool) -> ExitCode {
    let report = match presence::check(file) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("nymi: {error}");
            return ExitCode::from(2);
        }
    };
    if report.cases.is_empty() {
        eprintln!("nymi: {}: holds no vectors", file.display());
        return ExitCode::from(2);
    }
    if let Err(error) = output::print(|out| report.write(json, out)) {
        eprintln!("nymi: {error}");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(report.failed() > 0))
}
