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
    /// Run as the service that Windows starts; the log is beside the configuration file.
    #[cfg(windows)]
    #[arg(long, requires = "config")]
    service: bool,
}

/// Where the root certificate of the enterprise is, unless the configuration names another.
const DEFAULT_L1: &str = "/etc/nymi/l1.pem";

fn main() -> ExitCode {
    let args = Args::parse();
    #[cfg(windows)]
    if args.service {
        return match service(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("nymi-agent: {error}");
                ExitCode::FAILURE
            }
        };
    }
    log_to(
        std::io::stderr,
        std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    );
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `NYMI_DEBUG` other than 0 turns on debug logs.
fn log_to<W>(writer: W, ansi: bool)
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let debug = std::env::var("NYMI_DEBUG").is_ok_and(|value| !value.is_empty() && value != "0");
    let filter = if debug {
        "info,nymi_webapi=debug,nymi_net=debug"
    } else {
        "info"
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(writer)
        .with_ansi(ansi)
        .init();
}

/// The agent as a service, which has no console.
#[cfg(windows)]
fn service(args: Args) -> Result<(), String> {
    let beside = args
        .config
        .as_deref()
        .unwrap_or(Path::new("nymi_agent.toml"));
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(beside.with_extension("log"))
        .map_err(|error| {
            format!(
                "the log beside {} cannot be opened: {error}",
                beside.display()
            )
        })?;
    log_to(log, false);
    let serve = |service: nymi_net::service::Service| async move {
        let agent = start(&args).await?;
        service.until_stopped().await;
        agent.shutdown().await;
        tracing::info!("the agent has ended");
        Ok(())
    };
    nymi_net::service::run("nymi-agent", serve).map_err(|error| error.to_string())
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

async fn start(args: &Args) -> Result<AgentHandle, String> {
    let config = configuration(args)?;
    let agent = Agent::start(config)
        .await
        .map_err(|error| error.to_string())?;
    tracing::info!(
        agent = agent.agent_url(),
        webapi = agent.webapi_url(),
        "the agent is running"
    );
    Ok(agent)
}

#[tokio::main]
async fn run(args: &Args) -> Result<(), String> {
    let agent = start(args).await?;
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
