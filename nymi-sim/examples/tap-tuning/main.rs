//! Writes docs/tap-tuning.md to standard output:
//! `cargo run -p nymi-sim --example tap-tuning > docs/tap-tuning.md`.
//! With a file name, writes the drawing of one trace there: `… -- trace.svg`.
#![allow(clippy::print_stdout)]

mod detectors;
mod report;
mod traces;

use nymi_core::tap::{TapConfig, plot};

fn main() -> std::io::Result<()> {
    let Some(path) = std::env::args().nth(1) else {
        print!("{}", report::document());
        return Ok(());
    };
    let recording = traces::TRACES[0].recording(1);
    std::fs::write(path, plot::svg(&TapConfig::default(), &recording))
}
