//! The program `nymi-agent`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use nymi_webapi::{Agent, AgentConfig, AgentHandle, read_config};
use tracing_subscriber::EnvFilter;

/// Routes between applications and the Bluetooth endpoints of terminals.
#[derive(Parser)]
#[command(name = "nymi-agent", version)]
struct Args {
    /// The configuration file; without it, `nymi_agent.toml` in the present directory if it is there.
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Where the root certificate of the enterprise is, unless the configuration names another.
const DEFAULT_L1: &str = "/etc/nymi/l1.pem";

fn main() -> ExitCode {
    log_to_stderr();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `NYMI_DEBUG` other than 0 turns on debug logs.
fn log_to_stderr() {
    let debug = std::env::var("NYMI_DEBUG").is_ok_and(|value| !value.is_empty() && value != "0");
    let filter = if debug {
        "info,nymi_webapi=debug,nymi_net=debug"
    } else {
        "info"
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}

fn configuration(args: &Args) -> Result<AgentConfig, String> {
    let named = std::env::var_os("NYMI_L1").map(PathBuf::from);
    let l1 = named.unwrap_or_else(|| PathBuf::from(DEFAULT_L1));
    let beside = Path::new("nymi_agent.toml");
    let file = match &args.config {
        Some(file) => file.as_path(),
        None if beside.exists() => beside,
        None => return Ok(AgentConfig::default()),
    };
    read_config(file, Some(&l1)).map_err(|error| error.to_string())
}

#[tokio::main]
async fn run() -> Result<(), String> {
    let config = configuration(&Args::parse())?;
    let agent = Agent::start(config)
        .await
        .map_err(|error| error.to_string())?;
    tracing::info!(
        agent = agent.agent_url(),
        webapi = agent.webapi_url(),
        "the agent is running"
    );
    until_stopped(&agent)
        .await
        .map_err(|error| format!("signals cannot be received: {error}"))?;
    agent.shutdown().await;
    Ok(())
}

/// Returns on SIGINT or SIGTERM; SIGHUP reads the certificates again.
#[cfg(unix)]
async fn until_stopped(agent: &AgentHandle) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => match agent.reload_certificates() {
                Ok(()) => tracing::info!("certificates were read again"),
                Err(error) => tracing::error!("the present certificates stay: {error}"),
            },
        }
    }
}

/// Returns on Ctrl-C; certificates are read again only at the next start.
#[cfg(not(unix))]
async fn until_stopped(_: &AgentHandle) -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
