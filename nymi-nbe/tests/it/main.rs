//! The endpoint from outside: its engine in virtual time; settings; and the whole of it between a
//! nymulator and a scripted agent, over real sockets.

mod agent;
mod endpoint;
mod engine;
mod engine_requests;
mod log;
mod record;
mod settings;

// The simulator's own test bench: an enterprise, and a terminal that enrolls bands.
#[allow(dead_code)]
#[path = "../../../nymi-sim/tests/it/pki.rs"]
mod pki;
#[allow(dead_code)]
#[path = "../../../nymi-sim/tests/it/terminal.rs"]
mod terminal;
