//! What a program pays for the library: latency, operations per second, memory, threads, and the time
//! until it hears its first tap. Wherever somebody could do the same with a plain WebSocket client, that
//! client is measured in turn with the library, over the same agent.
//!
//! The whole system runs in a process of its own ([`system`]), and each area of figures in another one,
//! so that memory and threads are those of clients alone. Without `--bench` everything runs once or
//! twice, to see that it still works.
#![allow(clippy::print_stdout)]

mod bare;
mod exchanges;
mod idle;
#[path = "../../../nymi-core/benches/in_turn/mod.rs"]
mod in_turn;
mod interface;
mod loading;
mod system;
mod taps;

use std::path::Path;
use std::process::Command;

use system::{Ready, Running};

/// Which of the processes this one is.
const PART: &str = "NYMI_BENCH_PART";

/// How often things are done.
#[derive(Clone, Copy)]
struct Effort {
    is_whole: bool,
}

impl Effort {
    /// So often for figures, and `least` times to see that it works.
    fn times(self, whole: usize, least: usize) -> usize {
        if self.is_whole { whole } else { least }
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--list") {
        return;
    }
    let effort = Effort {
        is_whole: has("--bench"),
    };
    match std::env::var(PART).as_deref() {
        Err(_) => coordinate(effort),
        Ok("system") => system::run(),
        Ok("exchanges") => exchanges::measure(&Ready::of_environment(), effort),
        Ok("taps") => taps::measure(&Ready::of_environment(), effort),
        Ok("idle") => idle::measure(&Ready::of_environment(), effort),
        Ok("loading") => loading::once(&Ready::of_environment()),
        Ok(other) => panic!("{PART}: there is no part {other:?}"),
    }
}

fn coordinate(effort: Effort) {
    let system = Running::start();
    for part in ["exchanges", "taps", "idle"] {
        let store = tempfile::tempdir().expect("a folder");
        let mut command = this_program(part, &system, store.path());
        if effort.is_whole {
            command.arg("--bench");
        }
        let status = command.status().expect("this program starts");
        assert!(status.success(), "{part}: {status}");
    }
    loading::measure(&system, effort);
}

/// This program as another of its parts, with certificates kept in `store` and no other settings.
fn this_program(part: &str, system: &Running, store: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("its own path"));
    command
        .env(PART, part)
        .env(system::READY, system.ready().to_json())
        .env("NYMI_NSL_DIR", store);
    for setting in ["NYMI_L1", "NYMI_NES_URL", "NYMI_AGENT_URL"] {
        command.env_remove(setting);
    }
    command
}

/// The value in the middle, and those below and above which a tenth lies.
struct Spread<T> {
    median: T,
    low: T,
    high: T,
}

impl<T: Copy + Ord> Spread<T> {
    fn of(mut values: Vec<T>) -> Self {
        values.sort_unstable();
        let at = |tenths: usize| values[(values.len() - 1) * tenths / 10];
        Self {
            median: at(5),
            low: at(1),
            high: at(9),
        }
    }
}
