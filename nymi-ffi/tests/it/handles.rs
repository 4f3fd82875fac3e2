//! The handle interface, called from C.

use crate::toolchain::run_c;

#[test]
fn clients_live_wait_call_back_and_end() {
    run_c("handles");
}
