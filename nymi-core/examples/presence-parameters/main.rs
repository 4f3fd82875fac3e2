//! Writes docs/presence-parameters.md to standard output:
//! `cargo run -p nymi-core --example presence-parameters > docs/presence-parameters.md`.
#![allow(clippy::print_stdout)]

mod report;
mod simulation;

fn main() {
    print!("{}", report::document(&report::rows()));
}
