//! The program around [`nymi_nbe::Endpoint`].

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use nymi_core::BandId;
use nymi_nbe::record::{self, NewFile, Recorder};
use nymi_nbe::settings::{Settings, SettingsError, Watch};
use nymi_nbe::{AdapterConfig, Config, Endpoint};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

const LOOK: Duration = Duration::from_secs(1);
const FILE: &str = "nbe.toml";
const SYSTEM_FILE: &str = "/etc/nymi/nbe.toml";

/// The Bluetooth endpoint of this terminal.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    /// The settings file. Default: nbe.toml beside the program, else /etc/nymi/nbe.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The agent's socket; overrides the file and AGENT_URL.
    #[arg(long, value_name = "URL")]
    agent_url: Option<String>,
    /// Use the virtual adapter of a nymulator there.
    #[arg(long, value_name = "HOST:PORT")]
    nymulator: Option<SocketAddr>,
    /// How much to log: off, error, warn, info, debug, trace, or 0 to 5.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    log: Option<String>,
    /// Record what the adapter hears into this new file, with labels that you type, instead of serving.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The band that the labels are about; others count as not_tap. Without it, every band heard.
    #[arg(long, value_name = "ADDRESS", requires = "record")]
    band: Option<BandId>,
    /// Run as a service; accepted for the sake of existing service definitions.
    #[arg(long, hide = true)]
    service: bool,
}

const EXAMPLES: &str = "\
Examples:
  nbe
      settings from nbe.toml, the agent on this machine
  nbe --nymulator 127.0.0.1:9130 --log debug
      virtual bands, and every sample in the log
  nbe --agent-url wss://agent.example.com:9120/socket/websocket
      a central agent
  RSSI_TAP_THRESHOLD=-50 nbe
      taps from a little farther away
  nbe --record samples.csv --band DD:34:A2:0F:0B:0D
      samples for `nymi tap tune`; stop the endpoint's service before

All keys with their defaults: nbe.default.toml. NYMI_DEBUG=1 turns on debug logs.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("nbe: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let path = arguments.config.clone().unwrap_or_else(default_path);
    let required = arguments.config.is_some();
    let mut watch = Watch::new(path.clone());
    let settings = Settings::load(&path, required, environment).map_err(|e| e.to_string())?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&arguments, &settings)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter_reloading();
    let log = builder.reload_handle();
    builder.init();
    let config = configuration(&arguments, &settings).map_err(|error| error.to_string())?;
    if let Some(file) = &arguments.record {
        return record_into(file, &config, arguments.band).await;
    }
    let endpoint = Endpoint::start(config)
        .await
        .map_err(|error| error.to_string())?;
    let mut look = tokio::time::interval(LOOK);
    let stopped = stopped();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            _ = look.tick() => {}
        }
        let Some(changed) = watch.changed(environment) else {
            continue;
        };
        let taken = changed
            .map_err(|error| error.to_string())
            .and_then(|settings| {
                let filter = filter(&arguments, &settings)?;
                let config = configuration(&arguments, &settings).map_err(|e| e.to_string())?;
                endpoint
                    .reconfigure(config)
                    .map_err(|error| error.to_string())?;
                log.reload(filter).map_err(|error| error.to_string())
            });
        match taken {
            Ok(()) => tracing::info!("{} changed and was taken", path.display()),
            Err(reason) => tracing::error!("the change is not taken: {reason}"),
        }
    }
    endpoint.shutdown().await;
    Ok(())
}

/// A recording until Ctrl-C. It failed if there is nothing in it: then there is no file either.
async fn record_into(path: &Path, config: &Config, band: Option<BandId>) -> Result<(), String> {
    let about = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let file = NewFile::named(path).map_err(|error| about(&error))?;
    eprintln!("{}", record::INSTRUCTIONS);
    let mut recorder = Recorder::new(band);
    let recording = record::record(
        config.adapter.driver(),
        &mut recorder,
        typed_lines(),
        file,
        nymi_nbe::now,
        |told| eprintln!("{told}"),
    );
    tokio::select! {
        ended = recording => ended.map_err(|error| about(&error))?,
        () = stopped() => {}
    }
    let summary = about(&recorder.summary());
    if recorder.count() == 0 {
        return Err(summary);
    }
    eprintln!("{summary}");
    Ok(())
}

/// What is typed. The thread that waits for it is a plain one: the program may end without it.
fn typed_lines() -> mpsc::Receiver<String> {
    let (typed, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if typed.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Beside the program, where existing installations have it, or where a Linux package puts it.
fn default_path() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(FILE)));
    beside
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(SYSTEM_FILE))
}

fn configuration(arguments: &Arguments, settings: &Settings) -> Result<Config, SettingsError> {
    let mut config = settings.config(host_name())?;
    if let Some(url) = &arguments.agent_url {
        config.agent_url.clone_from(url);
    }
    if let Some(address) = arguments.nymulator {
        config.adapter = AdapterConfig::Virtual(address);
    }
    Ok(config)
}

fn host_name() -> Option<String> {
    let kernel = || std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok();
    let name = kernel()
        .or_else(|| environment("COMPUTERNAME"))
        .or_else(|| environment("HOSTNAME"));
    name.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

fn level(text: &str) -> Result<String, String> {
    let names = ["off", "error", "warn", "info", "debug", "trace"];
    let by_number = text
        .parse::<usize>()
        .ok()
        .and_then(|number| names.get(number));
    let by_name = names.iter().find(|name| name.eq_ignore_ascii_case(text));
    by_number
        .or(by_name)
        .map(|name| (*name).to_owned())
        .ok_or_else(|| {
            format!(
                "log_level is {text:?}; it must be one of {} or 0 to 5",
                names.join(", ")
            )
        })
}

fn filter(arguments: &Arguments, settings: &Settings) -> Result<EnvFilter, String> {
    let debug = environment("NYMI_DEBUG").is_some_and(|value| !value.is_empty() && value != "0");
    let chosen = match (&arguments.log, debug) {
        (Some(level), _) => level.clone(),
        (None, true) => "debug".to_owned(),
        (None, false) => level(settings.log_level().unwrap_or("info"))?,
    };
    Ok(EnvFilter::new(chosen))
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
