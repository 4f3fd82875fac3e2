//! `nymi-nes`: runs the Enterprise Server and administers its data directory.

use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use nymi_core::presence::tune::Arrival;
use nymi_nes::{ARRIVALS_HEADER, Admin, Config, Grade, MAX_ARRIVALS, Server, ServiceKind};

/// The Nymi Enterprise Server.
#[derive(Parser)]
#[command(name = "nymi-nes", version)]
struct Arguments {
    /// The configuration file; its keys are in the section [nes].
    #[arg(
        long,
        value_name = "FILE",
        env = "NYMI_NES_CONFIG",
        default_value = "nymi_nes.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (the default).
    Serve,
    /// Run the server as the service that Windows starts; the log is beside the configuration file.
    #[cfg(windows)]
    Service,
    /// Make evaluation certificates (bronze) for an enterprise of this name.
    Evaluation {
        /// The enterprise's name.
        name: String,
    },
    /// Import the vendor's fullchain.p12; its password comes from standard input.
    Import {
        /// The PKCS#12 file.
        file: PathBuf,
    },
    /// Create a built-in user; the password comes from standard input.
    AddUser {
        /// The domain.
        domain: String,
        /// The name without the domain.
        username: String,
        /// The user may administer the server.
        #[arg(long)]
        administrator: bool,
    },
    /// Give a built-in user the names by which administrators search.
    NameUser {
        /// The domain.
        domain: String,
        /// The name without the domain.
        username: String,
        /// First name.
        first_name: String,
        /// Last name.
        last_name: String,
    },
    /// Create the service account of an agent; the password comes from standard input.
    AddAgent {
        /// The account's name.
        name: String,
        /// An endpoint that the agent may speak for; may be repeated; `*` is any.
        #[arg(long = "endpoint", required = true)]
        endpoints: Vec<String>,
    },
    /// Create the service account of an enrollment terminal; the password comes from standard input.
    AddTerminal {
        /// The account's name.
        name: String,
    },
    /// Check the audit trail: names the first row that was edited, removed or reordered.
    VerifyAudit,
    /// Write the verified frames of the last days as CSV, for `nymi pac tune`.
    Arrivals {
        /// How many days back.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(windows)]
    let result = match arguments.command {
        Some(Command::Service) => service(arguments.config),
        _ => console(arguments),
    };
    #[cfg(not(windows))]
    let result = console(arguments);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nymi-nes: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn log_to<W>(writer: W, ansi: bool)
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(ansi)
        .init();
}

#[tokio::main]
async fn console(arguments: Arguments) -> Outcome {
    log_to(
        std::io::stderr,
        std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    );
    run(arguments).await
}

/// The server as a service, which has no console.
#[cfg(windows)]
fn service(config: PathBuf) -> Outcome {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(config.with_extension("log"))?;
    log_to(log, false);
    nymi_net::service::run("nymi-nes", move |service| async move {
        let config = Config::load(&config).map_err(|error| error.to_string())?;
        let server = Server::start(config).await;
        let server = server.map_err(|error| error.to_string())?;
        service.until_stopped().await;
        server.shutdown().await;
        tracing::info!("the Enterprise Server has ended");
        Ok(())
    })?;
    Ok(())
}

async fn run(arguments: Arguments) -> Outcome {
    let config = Config::load(&arguments.config)?;
    let Some(command) = arguments.command else {
        return serve(config).await;
    };
    match command {
        Command::Serve => serve(config).await,
        // Taken before, since it has no console.
        #[cfg(windows)]
        Command::Service => Ok(()),
        Command::Evaluation { name } => {
            if config.grade == Grade::Gold {
                eprintln!("nymi-nes: note: evaluation certificates need grade = \"bronze\"");
            }
            let admin = Admin::open(&config).await?;
            admin.create_evaluation_enterprise(&name).await?;
            done(&admin, &format!("L1 is in {}", admin.l1_path().display())).await
        }
        Command::Import { file } => {
            let p12 = std::fs::read(&file).map_err(|error| {
                format!("cannot read {}: {error}; check the path", file.display())
            })?;
            let admin = Admin::open(&config).await?;
            admin.import_fullchain(&p12, &secret()?).await?;
            done(
                &admin,
                &format!("imported; L1 is in {}", admin.l1_path().display()),
            )
            .await
        }
        Command::AddUser {
            domain,
            username,
            administrator,
        } => {
            let admin = Admin::open(&config).await?;
            let password = secret()?;
            if administrator {
                admin
                    .create_administrator(&domain, &username, &password)
                    .await?;
            } else {
                admin.create_user(&domain, &username, &password).await?;
            }
            done(&admin, "created").await
        }
        Command::NameUser {
            domain,
            username,
            first_name,
            last_name,
        } => {
            let admin = Admin::open(&config).await?;
            admin
                .set_account_names(&domain, &username, &first_name, &last_name)
                .await?;
            done(&admin, "named").await
        }
        Command::AddAgent { name, endpoints } => {
            let admin = Admin::open(&config).await?;
            let kind = ServiceKind::Agent { endpoints };
            admin
                .create_service_account(&name, &secret()?, kind)
                .await?;
            done(&admin, "created").await
        }
        Command::AddTerminal { name } => {
            let admin = Admin::open(&config).await?;
            let kind = ServiceKind::EnrollmentTerminal;
            admin
                .create_service_account(&name, &secret()?, kind)
                .await?;
            done(&admin, "created").await
        }
        Command::VerifyAudit => {
            let admin = Admin::open(&config).await?;
            let rows = admin.verify_audit().await?;
            done(
                &admin,
                &format!("{rows} audit rows are as they were written"),
            )
            .await
        }
        Command::Arrivals { days } => {
            let admin = Admin::open(&config).await?;
            let arrivals = admin.arrivals(days).await?;
            write_arrivals(&arrivals)?;
            let mut told = format!("{} arrivals", arrivals.len());
            if arrivals.len() >= MAX_ARRIVALS as usize {
                told += "; older ones were left out";
            }
            done(&admin, &told).await
        }
    }
}

/// CSV to standard output.
fn write_arrivals(arrivals: &[Arrival]) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{ARRIVALS_HEADER}")?;
    for arrival in arrivals {
        let Arrival {
            band,
            t_set,
            t_interval_ms,
            counter,
            at,
        } = arrival;
        let (t_set, at) = (t_set.ms(), at.0);
        writeln!(out, "{band},{t_set},{t_interval_ms},{counter},{at}")?;
    }
    out.flush()
}

async fn done(admin: &Admin, what: &str) -> Outcome {
    admin.close().await;
    eprintln!("nymi-nes: {what}");
    Ok(())
}

/// A password: the first line of standard input, so that it is in no process list and no history.
fn secret() -> Result<zeroize::Zeroizing<String>, Box<dyn std::error::Error>> {
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let line = text.lines().next().unwrap_or_default();
    Ok(zeroize::Zeroizing::new(line.to_owned()))
}

async fn serve(config: Config) -> Outcome {
    let server = Server::start(config).await?;
    stop_asked().await?;
    server.shutdown().await;
    Ok(())
}

/// Ctrl-C or, on Unix, SIGTERM.
async fn stop_asked() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            asked = tokio::signal::ctrl_c() => asked,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
