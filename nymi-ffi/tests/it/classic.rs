//! The five classic functions, called from C: every result code, and threads.

use std::process::Command;

use crate::toolchain::{compile, repository, run};

fn run_c(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(name);
    compile(
        &repository().join(format!("nymi-ffi/tests/c/{name}.c")),
        &program,
    );
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    run(Command::new(&program)
        .arg(&logs)
        .env("NYMI_NSL_DIR", folder.path().join("nsl"))
        .env_remove("NYMI_L1")
        .env_remove("NYMI_NES_URL")
        .env_remove("NYMI_AGENT_URL"));
}

#[test]
fn every_result_means_what_the_header_says() {
    run_c("results");
}

#[test]
fn hostile_arguments_get_an_error() {
    run_c("hostile");
}

#[test]
fn threads_may_do_everything_at_once() {
    run_c("threads");
}
