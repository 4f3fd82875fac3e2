//! A sequence of calls of the C library, with clients that live, were freed or never were, and with
//! arguments that are right, wrong or missing: every result is one that the header allows, outputs are
//! written on success alone, what was given can be read until it is freed, and nothing is twice.
//!
//! No agent is there, so no input waits: what needs one is refused before `init`, and `init` fails.
#![no_main]

#[path = "client_calls/given.rs"]
mod given;
#[path = "client_calls/passed.rs"]
mod passed;
#[path = "client_calls/program.rs"]
mod program;
#[path = "client_calls/typed.rs"]
mod typed;

use std::sync::Once;

use libfuzzer_sys::fuzz_target;

use passed::Step;
use program::Program;

/// Nothing of this machine: neither its agent nor its certificates.
fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let store = std::env::temp_dir().join("nymi-fuzz-none");
        // SAFETY: no other thread reads the environment yet.
        unsafe {
            std::env::set_var("NYMI_NSL_DIR", store);
            std::env::set_var("NYMI_AGENT_URL", "ws://127.0.0.1:1");
            std::env::remove_var("NYMI_NES_URL");
            std::env::remove_var("NYMI_L1");
        }
    });
}

fuzz_target!(|steps: Vec<Step>| {
    set_up();
    let mut program = Program::default();
    for step in steps.iter().take(60) {
        program.step(step);
    }
    program.end();
});
