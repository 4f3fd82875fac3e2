//! The five classic functions, called from C: every result code, and threads.

use crate::toolchain::run_c;

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
