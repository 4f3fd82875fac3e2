//! The client as its caller sees it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use nymi_core::UnixMillis;
use nymi_core::message::{Request, Status, Update};
use nymi_net::threads::{THREAD_STACK, prepare_thread, start_thread};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tracing::instrument::WithSubscriber as _;

use crate::band::Wanted;
use crate::desk::{Call, Desk};
use crate::engine::Engine;
use crate::outbox::{Kind, Pick};
use crate::store::Store;
use crate::wait::{NoAnswer, Waiters};
use crate::{AgentUrl, Clock, Config, log, site};

/// The agent of this machine.
const LOCAL_AGENT: &str = "ws://127.0.0.1:9120";
/// How long [`Client::terminate`] waits for the client's thread. What still runs then, such as a
/// name look-up, ends by itself and reaches nobody.
const FAREWELL: Duration = Duration::from_millis(800);

/// A running client. Every method may be called from any thread; dropped, it is terminated.
pub struct Client {
    desk: Arc<Desk>,
    ended: Arc<Ended>,
    waiters: Waiters,
    /// None: it runs on a runtime of the caller.
    thread: Option<ThreadId>,
    clock: Clock,
}

/// The client did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log file cannot be written.
    #[error(
        "the log file in {directory} cannot be written: {error}. {}",
        log_advice(error)
    )]
    Log {
        /// The directory asked for.
        directory: String,
        /// Why.
        error: io::Error,
    },
    /// The folder that the program names for certificates cannot be used.
    #[error("{0}")]
    Store(String),
    /// The runtime or its thread did not start.
    #[error("the client's thread did not start: {0}")]
    Thread(io::Error),
    /// The site's configuration names an agent in a way that cannot be used.
    #[error("{0}")]
    Site(String),
}

/// What to do about a log file that cannot be written. Only what this library refuses itself, such as
/// a link, has no number of the system: then the directory is good enough.
fn log_advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        None if error.kind() == io::ErrorKind::Other => {
            "Remove that file, or name another directory"
        }
        _ => "Name a directory that this user can write to",
    }
}

/// A request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The client was terminated.
    #[error("the client is not running")]
    NotRunning,
    /// The text is not JSON.
    #[error("the request is not JSON: {0}")]
    NotJson(String),
    /// 16,384 updates, or 16 MiB of them, wait to be read. It is taken again once half of them were
    /// read.
    #[error("too many updates wait to be read: read them first")]
    TooManyUnread,
}

/// No update was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// The client was terminated; said once to each getter that was blocked, or to the next one.
    #[error("the client was terminated")]
    Terminated,
    /// The client was terminated, and that has been said.
    #[error("the client is not running")]
    NotRunning,
    /// The next update is longer than asked for; it stays the next one.
    #[error("the next update needs {needed} bytes")]
    TooLong {
        /// Its length in bytes.
        needed: usize,
    },
    /// [`Client::wake`] came first.
    #[error("the wait was interrupted")]
    Woken,
}

/// Told when the client's thread is done.
#[derive(Default)]
struct Ended {
    state: Mutex<End>,
    changed: Condvar,
}

#[derive(Default, PartialEq, Eq)]
enum End {
    #[default]
    Awaited,
    Came,
    /// Someone waited in vain; nobody waits again.
    GivenUp,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, End> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the desk when the engine ends, however it does.
struct EndGuard {
    desk: Arc<Desk>,
    ended: Arc<Ended>,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.desk.end();
        *self.ended.lock() = End::Came;
        self.ended.changed.notify_all();
    }
}

impl Client {
    /// Starts a client; it connects to the agent in the background.
    ///
    /// # Errors
    /// If the log file cannot be written, the site's configuration is wrong or the system gives no
    /// thread. An agent that cannot be reached is no error: an update with 4000 says so.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let runtime = OwnRuntime::new().map_err(StartError::Thread)?;
        let Prepared {
            mut client,
            engine,
            guard,
            agent_url,
        } = prepare(config)?;
        let on_thread_start = engine.config().on_thread_start;
        let work = move || {
            if let Some(set_up) = on_thread_start {
                set_up();
            }
            let desk = Arc::clone(&guard.desk);
            desk.logged(|| runtime.run(engine, agent_url));
            drop(guard);
        };
        let thread = start_thread("nymi-napi", prepare_thread, work).map_err(StartError::Thread)?;
        client.thread = Some(thread.thread().id());
        Ok(client)
    }

    /// Starts a client on a runtime of the caller instead of a thread of its own: for a program with
    /// many clients, and for simulations, where the runtime's time is not the world's. Let no thread
    /// of that runtime wait in [`get`](Self::get); [`call`](Self::call) and
    /// [`try_get`](Self::try_get) do not block.
    ///
    /// # Errors
    /// As for [`start`](Self::start), but for the thread.
    pub fn start_on(runtime: &Handle, config: Config) -> Result<Self, StartError> {
        let Prepared {
            client,
            engine,
            guard,
            agent_url,
        } = prepare(config)?;
        let log = client.desk.log();
        runtime.spawn(
            async move {
                engine.run(agent_url).await;
                drop(guard);
            }
            .with_subscriber(log),
        );
        Ok(client)
    }

    /// The time, by the clock of this client.
    pub(crate) fn now(&self) -> UnixMillis {
        (self.clock)()
    }

    /// False once the client was terminated, whatever is left to read.
    pub fn is_running(&self) -> bool {
        !self.desk.outbox.is_closed()
    }

    /// Takes a request. Only JSON syntax is checked here; whatever else is wrong comes as an update.
    ///
    /// # Errors
    /// If the client was terminated, the text is not JSON, or too many updates are unread.
    pub fn put(&self, json: &str) -> Result<(), PutError> {
        if !self.is_running() {
            return Err(PutError::NotRunning);
        }
        serde_json::from_str::<serde::de::IgnoredAny>(json)
            .map_err(|error| PutError::NotJson(error.to_string()))?;
        if self.desk.outbox.is_full() {
            return Err(PutError::TooManyUnread);
        }
        self.desk.submit_text(json);
        Ok(())
    }

    /// Waits for the next update, without end or for `timeout`; none when that passes.
    ///
    /// # Errors
    /// When the client was terminated and nothing is left to read.
    pub fn get(&self, timeout: Option<Duration>) -> Result<Option<String>, GetError> {
        self.get_within(usize::MAX, timeout)
    }

    /// The next update, if there is one now.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn try_get(&self) -> Result<Option<String>, GetError> {
        self.get(Some(Duration::ZERO))
    }

    /// Like [`Client::get`], but an update of more than `max` bytes stays where it is.
    ///
    /// # Errors
    /// As for [`Client::get`], and if the next update is too long.
    pub fn get_within(
        &self,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<Option<String>, GetError> {
        self.desk.outbox.take(max, timeout)
    }

    /// Waits for the next event ([`Event`](nymi_core::message::Event)), without end or for
    /// `timeout`; none when that passes. Answers to [`Client::put`] stay where they are.
    ///
    /// # Errors
    /// When the client was terminated and no event is left, each time; when it was woken.
    pub fn next_event(&self, timeout: Option<Duration>) -> Result<Option<Update>, GetError> {
        self.pick(timeout, |kind| match kind {
            Kind::Answer => Pick::Leave,
            _ => Pick::Take,
        })
    }

    /// Waits for the next tap, or for the next failure that no request caused; whatever other events
    /// come before are dropped. Answers to [`Client::put`] stay where they are.
    ///
    /// # Errors
    /// As for [`Client::next_event`].
    pub fn next_tap_or_failure(
        &self,
        timeout: Option<Duration>,
    ) -> Result<Option<Update>, GetError> {
        self.pick(timeout, |kind| match kind {
            Kind::Tap | Kind::Failure => Pick::Take,
            Kind::Answer => Pick::Leave,
            Kind::Presence(_) | Kind::Event => Pick::Drop,
        })
    }

    fn pick(
        &self,
        timeout: Option<Duration>,
        choose: impl Fn(&Kind) -> Pick,
    ) -> Result<Option<Update>, GetError> {
        let text = self.desk.outbox.pick(choose, timeout)?;
        // Our own text can be read again.
        Ok(text.map(|text| {
            Update::parse(text.as_bytes())
                .unwrap_or_else(|error| Update::error(Status::INTERNAL, error.to_string()))
        }))
    }

    /// Sends a request and waits on this thread for its last update, which does not come through
    /// [`Client::get`]. Its deadline bounds the wait; its exchange is for `cancel`.
    ///
    /// # Errors
    /// When it was woken; the request is given up then.
    pub fn ask(&self, request: Request) -> Result<Update, GetError> {
        let reply_to = request.reply_to();
        let waiting = self.waiters.enter();
        let Call { id, answer } = self.desk.logged(|| self.desk.submit_named_call(request));
        match waiting.wait(answer) {
            Ok(update) => Ok(update),
            Err(NoAnswer::Abandoned) => Ok(reply_to.failed(Status::TERMINATED, "")),
            Err(NoAnswer::Woken) => {
                if let Some(id) = id {
                    self.desk.give_up(id);
                }
                Err(GetError::Woken)
            }
        }
    }

    /// Ends every wait of this client, on whichever thread, with [`GetError::Woken`]. If nobody
    /// waits, the next wait for updates ends at once.
    pub fn wake(&self) {
        let someone_waited = self.waiters.wake();
        self.desk.outbox.wake(!someone_waited);
    }

    /// Has [`Config::on_readable`] told how it stands now.
    pub fn announce_readable(&self) {
        self.desk.outbox.announce();
    }

    /// Sends a request whose last update comes back here, not through [`Client::get`]. May be
    /// awaited on any runtime.
    pub async fn call(&self, request: Request) -> Update {
        let reply_to = request.reply_to();
        match self.desk.submit_call(request).await {
            Ok(update) => update,
            Err(_) => reply_to.failed(Status::TERMINATED, ""),
        }
    }

    /// Asks a band, in this application's session with it, what an enrollment terminal may.
    pub(crate) async fn ask_band(&self, wanted: Wanted) -> Update {
        let answer = self.desk.submit_for_terminal(wanted).await;
        answer.unwrap_or_else(|_| Update::error(Status::TERMINATED, ""))
    }

    /// Ends the client within a second: requests in flight are answered with 1007, what is queued
    /// can still be read, every blocked getter wakes. Again is harmless.
    pub fn terminate(&self) {
        self.desk.end();
        // The thread cannot wait for itself, and a thread of the caller's runtime may be this one.
        if self.thread.is_none_or(|own| own == thread::current().id()) {
            return;
        }
        let changed = &self.ended.changed;
        let waited =
            changed.wait_timeout_while(self.ended.lock(), FAREWELL, |end| *end == End::Awaited);
        let (mut end, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Whether the time passed or the thread ended: the client is over for its caller.
        if *end == End::Awaited {
            *end = End::GivenUp;
        }
        drop(end);
        self.desk.flush_log();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}

/// A client that is about to run.
struct Prepared {
    client: Client,
    engine: Engine,
    guard: EndGuard,
    agent_url: AgentUrl,
}

fn prepare(config: Config) -> Result<Prepared, StartError> {
    let agent_url = agent_url(&config)?;
    let clock = config.clock.clone();
    let log = log::open(
        config.log.as_ref(),
        config.log_sink.as_ref(),
        clock.clone(),
        config.on_thread_start,
    );
    let log = log.map_err(|error| StartError::Log {
        directory: config
            .log
            .as_ref()
            .map_or_else(String::new, |log| log.directory.display().to_string()),
        error,
    })?;
    if config.store.is_some() {
        let prepared = Store::open(&config).and_then(|store| store.prepare());
        prepared.map_err(|error| StartError::Store(error.to_string()))?;
    }
    let (commands, queue) = mpsc::unbounded_channel();
    let desk = Arc::new(Desk::new(commands, log, config.on_readable.clone()));
    let ended = Arc::new(Ended::default());
    Ok(Prepared {
        guard: EndGuard {
            desk: Arc::clone(&desk),
            ended: Arc::clone(&ended),
        },
        engine: Engine::new(Arc::clone(&desk), config, queue),
        agent_url,
        client: Client {
            desk,
            ended,
            waiters: Waiters::default(),
            thread: None,
            clock,
        },
    })
}

fn agent_url(config: &Config) -> Result<AgentUrl, StartError> {
    if let Some(url) = &config.agent_url {
        return Ok(url.clone());
    }
    let site = site::agent_url(config).map_err(|error| StartError::Site(error.to_string()))?;
    match site {
        Some(url) => Ok(url),
        None => LOCAL_AGENT
            .parse()
            .map_err(|error| StartError::Site(format!("{error}"))),
    }
}

/// The runtime of a client's thread. It ends without waiting, since a name look-up may hang for long;
/// also where no thread could be had for it, since waiting takes memory.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_stack_size(THREAD_STACK)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn run(self, engine: Engine, agent_url: AgentUrl) {
        let Some(runtime) = &self.0 else { return };
        // As a task like the link's, since waking what the thread itself waits for takes system calls,
        // also from its own tasks.
        let engine = runtime.spawn(engine.run(agent_url));
        if let Err(failed) = runtime.block_on(engine)
            && let Ok(panic) = failed.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
