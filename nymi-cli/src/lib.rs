//! The `nymi` command: the whole platform in one process, and the tools around it.
//!
//! [`up`] starts server, agent, endpoint, virtual hardware and page, each through its own library
//! and connected only by the real protocols. The other commands are clients of that, or tools that
//! need nothing but `nymi-core`.
#![forbid(unsafe_code)]

mod args;
mod assertion;
mod cert;
pub mod check_vectors;
mod data_dir;
pub mod demo;
mod error;
pub mod explain;
mod output;
mod pac;
pub mod page;
mod shown;
mod tap;
mod tap_tune;
pub mod up;

pub use args::UpArgs;
pub use error::CliError;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{AssertionCommand, CertCommand, Cli, Command, PacCommand, TapCommand, VectorsCommand};
use check_vectors::limbo::Rules;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    match cli.command {
        Command::Up(args) => finish(up::run(args)),
        Command::Demo(args) => demo::run(args.seed, args.json),
        Command::Tap(args) => finish(match &args.command {
            Some(TapCommand::Tune(args)) => tap_tune::run(args),
            None => tap::run(&args),
        }),
        Command::Cert(CertCommand::Show(args)) => cert::show(&args),
        Command::Assertion(AssertionCommand::Verify(args)) => assertion::verify(&args),
        Command::Explain(args) if args.list => explain::list(&args.query.join(" "), args.json),
        Command::Explain(args) => explain::run(&args.query.join(" "), args.json),
        Command::Pac(PacCommand::Tune(args)) => finish(pac::tune(&args)),
        Command::CheckVectors(VectorsCommand::Presence { file, json }) => {
            check_vectors::run_presence(&file, json)
        }
        Command::CheckVectors(VectorsCommand::Limbo {
            file,
            profile,
            policies,
            json,
            exceptions,
        }) => {
            let rules = Rules {
                profile,
                policies: policies.inputs(),
            };
            check_vectors::limbo::run(&file, rules, exceptions.as_deref(), json)
        }
    }
}

fn finish(result: Result<(), CliError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nymi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr() {
    let wanted = std::env::var("NYMI_LOG").unwrap_or_else(|_| "warn".to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|error| {
        eprintln!("nymi: NYMI_LOG={wanted:?} is no filter ({error}); logging warnings");
        EnvFilter::new("warn")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
