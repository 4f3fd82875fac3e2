//! Which mutant this process runs with: `MUTANT` in its environment, or none.
//!
//! With `MUTANT_TRACE` each mutant that is asked about goes into that file, once, as a line.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

enum Run {
    With(u32),
    Traced(std::fs::File),
}

static RUN: OnceLock<Run> = OnceLock::new();

fn run() -> Run {
    if let Some(path) = std::env::var_os("MUTANT_TRACE") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        return Run::Traced(file.expect("the trace can be written"));
    }
    let number = std::env::var("MUTANT").unwrap_or_default();
    Run::With(number.parse().unwrap_or(0))
}

/// Whether this mutant is on.
#[inline]
pub fn on(number: u32) -> bool {
    match RUN.get_or_init(run) {
        Run::With(found) => *found == number,
        Run::Traced(file) => trace(number, file),
    }
}

#[cold]
fn trace(number: u32, mut file: &std::fs::File) -> bool {
    if !ASKED[number as usize].swap(true, Ordering::Relaxed) {
        file.write_all(std::format!("{number}\n").as_bytes()).expect("the trace can be written");
    }
    false
}
