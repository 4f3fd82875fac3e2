//! `nymi up`: everything in one process.
//!
//! Server, virtual hardware, agent and endpoint start as they would as programs of their own; then an
//! enrollment terminal brings the users and bands together through agent and server, and the page is
//! served. Nothing is short-cut: between the parts there are only their protocols.

mod actions;
mod evaluation;
mod ready;
mod verifier;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::tap::TapConfigs;
use nymi_nbe::{AdapterConfig, Endpoint, Health};
use nymi_nes::{Admin, Grade, Server};
use nymi_net::guard::Guard;
use nymi_net::serve;
use nymi_sim::Nymulator;
use nymi_webapi::{Agent, AgentConfig, AgentHandle};
use tokio::sync::{Mutex, watch};

use crate::args::UpArgs;
use crate::data_dir::{DataDir, RunFile, write_private};
use crate::error::CliError;
use crate::output::print;
use crate::page;
use evaluation::{Evaluation, Surroundings, Terminal};

pub use evaluation::User;
pub(crate) use evaluation::call;
pub use ready::{Band, Ready};

const ENTERPRISE: &str = "Evaluation";
const ENDPOINT_ID: &str = "virtual-terminal";
const SHUTDOWN: Duration = Duration::from_millis(800);

/// A running system; everything in it ends with [`System::shutdown`] or when it is dropped.
pub struct System {
    ready: Ready,
    l1_pem: String,
    page: Option<serve::ServerHandle>,
    endpoint: Arc<EndpointSwitch>,
    agent: AgentHandle,
    hardware: Arc<nymi_sim::Handle>,
    server: nymi_nes::ServerHandle,
    // Last: everything above may still write into it.
    data: DataDir,
}

/// The endpoint, which a person at the page can stop and start.
struct EndpointSwitch {
    config: nymi_nbe::Config,
    running: Mutex<Option<nymi_nbe::Handle>>,
}

impl EndpointSwitch {
    /// How the endpoint that runs stands.
    async fn health(&self) -> Result<watch::Receiver<Health>, CliError> {
        let running = self.running.lock().await;
        let health = running.as_ref().map(nymi_nbe::Handle::health);
        health.ok_or_else(|| CliError::new("the endpoint was stopped"))
    }

    async fn set(&self, run: bool) -> Result<(), CliError> {
        let mut running = self.running.lock().await;
        match (run, running.take()) {
            (true, None) => {
                let started = Endpoint::start(self.config.clone())
                    .await
                    .map_err(|error| CliError::about("the endpoint did not start", error))?;
                *running = Some(started);
            }
            (true, kept) => *running = kept,
            (false, Some(handle)) => handle.shutdown().await,
            (false, None) => {}
        }
        Ok(())
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl System {
    /// Starts everything and returns when every band is worn, authenticated and heard.
    pub async fn start(args: &UpArgs) -> Result<Self, CliError> {
        let data = open_data(args)?;
        // Bound first, so that a port in use is said before anything is made.
        let page_listener = serve::bind(loopback(args.page_port))
            .await
            .map_err(|error| {
                CliError::about(format_args!("--page-port {}", args.page_port), error)
            })?;
        let page_address = page_listener
            .local_addr()
            .map_err(|error| CliError::about("--page-port", error))?;
        let page_url = format!("http://{page_address}/");

        let (server, hardware) =
            tokio::try_join!(start_server(args, &data), start_hardware(args, &data))?;
        let hardware = Arc::new(hardware);
        let admin = server.admin().clone();
        let l1_pem = enterprise(&admin).await?;
        let l1_file = data.join("l1.pem");
        write_private(&l1_file, l1_pem.as_bytes())?;
        let evaluation = Evaluation::open(&data, &admin, usize::from(args.bands)).await?;

        let origin = page_url.trim_end_matches('/').to_owned();
        let agent = start_agent(args, &server, &evaluation, &l1_pem, origin).await?;
        let endpoint = Arc::new(EndpointSwitch {
            config: endpoint_config(&agent, hardware.addr()),
            running: Mutex::new(None),
        });
        endpoint.set(true).await?;

        let mut listener = ready::Listener::connect(agent.webapi_url()).await?;
        listener
            .endpoint_is_ready(&mut endpoint.health().await?)
            .await?;
        let surroundings = Surroundings {
            agent_url: agent.agent_url(),
            nes_url: server.url(),
            l1_pem: &l1_pem,
            endpoint_id: ENDPOINT_ID,
            store: data.join("nsl"),
        };
        let bands = bring_bands(&evaluation, &hardware, &surroundings, listener).await?;

        let ready = Ready {
            ready: true,
            agent: agent.agent_url().to_owned(),
            webapi: agent.webapi_url().to_owned(),
            nes: server.url().to_owned(),
            page: page_url,
            nymulator: hardware.addr().to_string(),
            data: data.path().to_owned(),
            l1: l1_file,
            users: evaluation.users,
            bands,
            endpoints: vec![ENDPOINT_ID.to_owned()],
        };
        let mut system = Self {
            ready,
            l1_pem,
            page: None,
            endpoint,
            agent,
            hardware,
            server,
            data,
        };
        system.serve_page(page_listener)?;
        RunFile {
            nymulator: system.ready.nymulator.clone(),
        }
        .write(&system.data)?;
        Ok(system)
    }

    fn serve_page(&mut self, listener: tokio::net::TcpListener) -> Result<(), CliError> {
        let anchor =
            TrustAnchor::from_pem(&self.l1_pem).map_err(|error| CliError::about("L1", error))?;
        let config = page::PageConfig {
            webapi_url: self.ready.webapi.clone(),
            nes_url: self.ready.nes.clone(),
            enterprise: ENTERPRISE.to_owned(),
            l1_fingerprint: anchor.fingerprint(),
            l1_pem: self.l1_pem.clone(),
            grade: "bronze".to_owned(),
            endpoint: "127.0.0.1".to_owned(),
            nymulator: self.ready.nymulator.clone(),
            actions: Arc::new(actions::Live::new(
                Arc::clone(&self.hardware),
                Arc::clone(&self.endpoint),
                self.server.admin().clone(),
                &self.ready,
            )),
            verifier: Arc::new(verifier::Offline::new(anchor)),
        };
        let page = serve::serve(listener, page::router(config), Guard::loopback(), None)
            .map_err(|error| CliError::about("the page", error))?;
        self.page = Some(page);
        Ok(())
    }

    /// Where everything is.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// L1 in PEM.
    pub fn l1_pem(&self) -> &str {
        &self.l1_pem
    }

    /// The server's administration, in process.
    pub fn admin(&self) -> &Admin {
        self.server.admin()
    }

    /// Runs one command of the virtual hardware's control port.
    pub async fn hardware(&self, command: &str) -> Result<String, CliError> {
        self.hardware.command(command).await.map_err(CliError::new)
    }

    /// Ends everything within a second: first who asks, last who keeps.
    pub async fn shutdown(self) {
        RunFile::remove(&self.data);
        let Self {
            page,
            endpoint,
            agent,
            hardware,
            server,
            data,
            ..
        } = self;
        let orderly = async {
            if let Some(page) = page {
                page.shutdown().await;
            }
            let _ = endpoint.set(false).await;
            agent.shutdown().await;
            if let Some(hardware) = Arc::into_inner(hardware) {
                hardware.shutdown().await;
            }
            server.shutdown().await;
        };
        if tokio::time::timeout(SHUTDOWN, orderly).await.is_err() {
            tracing::warn!("a part did not stop in time and was dropped");
        }
        drop(data);
    }
}

fn open_data(args: &UpArgs) -> Result<DataDir, CliError> {
    if args.ephemeral {
        return DataDir::temporary();
    }
    let path = match &args.data {
        Some(path) => {
            std::path::absolute(path).map_err(|error| CliError::about(path.display(), error))?
        }
        None => crate::data_dir::default_dir()?,
    };
    DataDir::open(&path)
}

async fn start_server(args: &UpArgs, data: &DataDir) -> Result<nymi_nes::ServerHandle, CliError> {
    Server::start(nymi_nes::Config {
        listen: loopback(args.nes_port),
        grade: Grade::Bronze,
        ..nymi_nes::Config::new(data.join("nes"))
    })
    .await
    .map_err(|error| names_option(&[("--nes-port", args.nes_port)], &error.to_string()))
}

async fn start_hardware(args: &UpArgs, data: &DataDir) -> Result<nymi_sim::Handle, CliError> {
    Nymulator::start(nymi_sim::Config {
        seed: Some(args.seed),
        bands: usize::from(args.bands),
        state_file: Some(data.join("bands.json")),
        ..nymi_sim::Config::default()
    })
    .await
    .map_err(|error| CliError::about("the virtual hardware", error))
}

/// The enterprise's L1; made at the first start.
async fn enterprise(admin: &Admin) -> Result<String, CliError> {
    let missing = || CliError::new("the server has no L1 although its enterprise was made");
    if let Some(l1) = admin.l1_pem() {
        return Ok(l1);
    }
    admin
        .create_evaluation_enterprise(ENTERPRISE)
        .await
        .map_err(|error| CliError::about("the evaluation certificates", error))?;
    admin.l1_pem().ok_or_else(missing)
}

async fn start_agent(
    args: &UpArgs,
    server: &nymi_nes::ServerHandle,
    evaluation: &Evaluation,
    l1_pem: &str,
    page_origin: String,
) -> Result<AgentHandle, CliError> {
    let mut config = AgentConfig::new(
        server.url(),
        evaluation::AGENT_ACCOUNT,
        &evaluation.agent_password,
        l1_pem,
        GradeRequirement::Bronze,
    );
    config.listen = loopback(args.agent_port);
    config.webapi_listen = Some(loopback(args.webapi_port));
    // The same page under its other loopback name.
    let by_name = page_origin.replace("127.0.0.1", "localhost");
    config.allowed_origins = vec![page_origin, by_name];
    config
        .allowed_origins
        .extend(args.allow_origin.iter().cloned());
    let options = [
        ("--agent-port", args.agent_port),
        ("--webapi-port", args.webapi_port),
    ];
    Agent::start(config)
        .await
        .map_err(|error| names_option(&options, &error.to_string()))
}

/// A sentence about a port, with the option that chose it before it; any other as it is.
fn names_option(options: &[(&str, u16)], sentence: &str) -> CliError {
    let chosen = options
        .iter()
        .find(|(_, port)| *port != 0 && sentence.contains(&format!("port {port} ")));
    match chosen {
        Some((option, port)) => CliError::about(format_args!("{option} {port}"), sentence),
        None => CliError::new(sentence),
    }
}

fn endpoint_config(agent: &AgentHandle, hardware: SocketAddr) -> nymi_nbe::Config {
    nymi_nbe::Config {
        agent_url: agent.agent_url().to_owned(),
        endpoint_id: ENDPOINT_ID.to_owned(),
        credential: None,
        hostname: None,
        addresses: vec!["127.0.0.1".to_owned()],
        adapter: AdapterConfig::Virtual(hardware),
        tap: TapConfigs::default(),
    }
}

/// Says how far it is where many bands are enrolled and somebody watches.
fn progress(number: usize, of: usize) {
    if of > 5 && std::io::stderr().is_terminal() {
        let end = if number == of { "\n" } else { "" };
        eprint!("\renrolling band {number} of {of}{end}");
    }
}

/// Enrolls whoever has no band yet, puts every band on a wrist, and waits until all are heard.
async fn bring_bands(
    evaluation: &Evaluation,
    hardware: &nymi_sim::Handle,
    surroundings: &Surroundings<'_>,
    mut listener: ready::Listener,
) -> Result<Vec<Band>, CliError> {
    let mut terminal = None;
    let mut bands = Vec::new();
    for (user, band) in evaluation.users.iter().zip(hardware.bands()) {
        let id = match band.band_id {
            Some(id) => id,
            None => {
                if terminal.is_none() {
                    terminal = Some(Terminal::open(evaluation, surroundings).await?);
                }
                let Some(terminal) = &terminal else { continue };
                progress(bands.len() + 1, evaluation.users.len());
                terminal.enroll(user, band.static_mac_address).await?
            }
        };
        for command in ["battery {} on", "wear {}", "auth {}"] {
            let command = command.replace("{}", &band.serial_number);
            hardware.command(&command).await.map_err(CliError::new)?;
        }
        bands.push(Band {
            band_id: id,
            serial_number: band.serial_number,
            username: user.username.clone(),
        });
    }
    listener
        .all_heard(bands.iter().map(|band| band.band_id))
        .await?;
    Ok(bands)
}

/// Runs until Ctrl-C, SIGTERM, or its terminal is closed.
pub(crate) fn run(args: UpArgs) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::about("the runtime did not start", error))?;
    let result = runtime.block_on(run_until_signal(args));
    // A blocked thread (a slow disk, say) must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn run_until_signal(args: UpArgs) -> Result<(), CliError> {
    let signalled =
        signals().map_err(|error| CliError::about("signals cannot be received", error))?;
    tokio::pin!(signalled);
    let system = tokio::select! {
        started = System::start(&args) => started?,
        () = &mut signalled => return Ok(()),
    };
    announce(&args, system.ready())?;
    signalled.await;
    system.shutdown().await;
    Ok(())
}

/// Listens from now on for what asks us to end: SIGINT, SIGTERM or SIGHUP.
#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Listens from now on for what asks us to end: Ctrl-C, Ctrl-Break, or the console that is closed.
#[cfg(windows)]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let mut interrupt = ctrl_c()?;
    let mut terminate = ctrl_break()?;
    let mut hangup = ctrl_close()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

fn announce(args: &UpArgs, ready: &Ready) -> Result<(), CliError> {
    print(|out| match args.json {
        true => writeln!(out, "{}", ready.to_json()),
        false => write!(out, "{}", ready.summary(out.is_terminal())),
    })?;
    if !args.headless && !args.json {
        open_browser(&ready.page);
    }
    Ok(())
}

/// Opens the page where there is a desktop to open it on.
fn open_browser(url: &str) {
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if desktop {
        // The address is printed as well, so that nothing is lost without a browser.
        let _ = Command::new("xdg-open")
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
    }
}
