//! The program around [`nymi_sim::Nymulator`].

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use nymi_sim::{Config, Nymulator};
use tracing_subscriber::EnvFilter;

/// Virtual bands and the radio around them, for the endpoint's virtual adapter.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    /// Where to listen; loopback only. Port 0 picks a free one, and the first line of output names it.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9130")]
    listen: SocketAddr,
    /// Make radio noise, factory addresses and drifts repeatable. Keys are random all the same.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many bands there are at least.
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    bands: usize,
    /// Remember the bands in this file (mode 0600: it holds their keys).
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  nymulator
      two bands, on 127.0.0.1:9130, forgotten at the end
  nymulator --state bands.json --bands 5
      five bands that survive a restart
  echo help | nc -N 127.0.0.1 9130
      all commands of the control port
  printf 'wear ACAK-00001\\nauth ACAK-00001\\ntap ACAK-00001 ble\\n' | nc -N 127.0.0.1 9130
      put a band on, authenticate, tap

An endpoint connects with `nbe --nymulator 127.0.0.1:9130`.
NYMI_DEBUG=1 turns on debug logs.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    let config = Config {
        listen: arguments.listen,
        seed: arguments.seed,
        bands: arguments.bands,
        state_file: arguments.state,
        ..Config::default()
    };
    let handle = match Nymulator::start(config).await {
        Ok(handle) => handle,
        Err(error) => {
            eprintln!("nymulator: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Whoever started it may not read what it says.
    let _ = writeln!(std::io::stdout(), "nymulator listens on {}", handle.addr());
    let _ = std::io::stdout().flush();
    stopped().await;
    handle.shutdown().await;
    ExitCode::SUCCESS
}

fn start_log() {
    let debug = std::env::var("NYMI_DEBUG").is_ok_and(|value| !value.is_empty() && value != "0");
    let filter = EnvFilter::new(if debug { "debug" } else { "warn" });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Ctrl-C, or SIGTERM where there is one.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
