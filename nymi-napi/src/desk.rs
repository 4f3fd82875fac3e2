//! What callers' threads and the engine share: the queue, the requests in flight, the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nymi_core::message::{
    DEFAULT_DEADLINE_MS, EndpointEvent, EventPayload as _, Map, Operation, PresenceEvent, ReplyTo,
    Request, Status, TapEvent, Update,
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Dispatch;

use crate::band::Wanted;
use crate::config::OnReadable;
use crate::exchanges::{Exchanges, Id, Sink};
use crate::log;
use crate::outbox::{Kind, Letter, Outbox};

/// The agent knows best why it was too slow, so it is given this long beyond the deadline to say.
const GRACE: Duration = Duration::from_millis(250);

/// What the engine is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Carry out a request that is in flight under this id.
    Request(Id, Box<Request>),
    /// Ask a band what an enrollment terminal may, under this id.
    AskBand(Id, Box<Wanted>),
    /// Stop working for a request in flight.
    GiveUp(Id),
    /// End.
    Stop,
}

/// A request whose answer comes to its caller.
pub(crate) struct Call {
    /// None if it was refused at once.
    pub(crate) id: Option<Id>,
    pub(crate) answer: oneshot::Receiver<Update>,
}

pub(crate) struct Desk {
    pub(crate) outbox: Outbox,
    exchanges: Mutex<Exchanges>,
    initialised: AtomicBool,
    commands: mpsc::UnboundedSender<Command>,
    log: Option<Dispatch>,
}

impl Desk {
    pub(crate) fn new(
        commands: mpsc::UnboundedSender<Command>,
        log: Option<Dispatch>,
        on_readable: Option<OnReadable>,
    ) -> Self {
        Self {
            outbox: Outbox::new(on_readable),
            exchanges: Mutex::default(),
            initialised: AtomicBool::new(false),
            commands,
            log,
        }
    }

    /// The table of requests in flight. Take it before the queue's lock, never after.
    pub(crate) fn exchanges(&self) -> MutexGuard<'_, Exchanges> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// This client's log, for what runs elsewhere.
    pub(crate) fn log(&self) -> Dispatch {
        match &self.log {
            Some(log) => log.clone(),
            None => tracing::dispatcher::get_default(Dispatch::clone),
        }
    }

    /// Runs with this client's log, on whichever thread.
    pub(crate) fn logged<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.log {
            Some(log) => tracing::dispatcher::with_default(log, work),
            None => work(),
        }
    }

    /// Waits until this client's log is in its file, but not long for a file that hangs.
    pub(crate) fn flush_log(&self) {
        if let Some(log) = &self.log {
            log::flush(log);
        }
    }

    /// From a successful `init` on, every operation is served.
    pub(crate) fn set_initialised(&self) {
        self.initialised.store(true, Ordering::Release);
    }

    /// Takes a request's text; whatever is wrong with it is said in an update.
    pub(crate) fn submit_text(&self, text: &str) {
        match Request::parse(text.as_bytes()) {
            Ok(request) => {
                self.submit(request, Sink::Queue);
            }
            Err(refusal) => self.deliver(refusal),
        }
    }

    /// Takes a request whose last update goes to the receiver.
    pub(crate) fn submit_call(&self, mut request: Request) -> oneshot::Receiver<Update> {
        // Nobody else sees these updates, so the exchange names nothing.
        request.exchange = None;
        self.submit_named_call(request).answer
    }

    /// The same with an exchange, by which `cancel` finds the request.
    pub(crate) fn submit_named_call(&self, request: Request) -> Call {
        let (sender, answer) = oneshot::channel();
        let id = self.submit(request, Sink::Caller(sender));
        Call { id, answer }
    }

    /// Has a request given up: it is answered with 1006.
    pub(crate) fn give_up(&self, id: Id) {
        let _ = self.commands.send(Command::GiveUp(id));
    }

    /// Takes what an enrollment terminal wants of a band; the answer goes to the receiver.
    pub(crate) fn submit_for_terminal(&self, wanted: Wanted) -> oneshot::Receiver<Update> {
        let (sender, receiver) = oneshot::channel();
        let operation = Operation::BandSession;
        let reply_to = ReplyTo {
            operation: operation.name().to_owned(),
            exchange: None,
        };
        let ask = |id| Command::AskBand(id, Box::new(wanted));
        let deadline_ms = DEFAULT_DEADLINE_MS;
        self.take(operation, reply_to, deadline_ms, Sink::Caller(sender), ask);
        receiver
    }

    fn submit(&self, request: Request, sink: Sink) -> Option<Id> {
        let (operation, reply_to) = (request.operation(), request.reply_to());
        let deadline_ms = request.deadline_ms;
        let ask = |id| Command::Request(id, Box::new(request));
        self.take(operation, reply_to, deadline_ms, sink, ask)
    }

    fn take(
        &self,
        operation: Operation,
        reply_to: ReplyTo,
        deadline_ms: u32,
        sink: Sink,
        ask: impl FnOnce(Id) -> Command,
    ) -> Option<Id> {
        // What can be in flight without init can be cancelled without it, too: init itself.
        let ready = operation.needs_no_init()
            || operation == Operation::Cancel
            || self.initialised.load(Ordering::Acquire);
        let wait = Duration::from_millis(deadline_ms.into()) + GRACE;
        let mut exchanges = self.exchanges();
        let opened = if ready {
            exchanges.open(operation, reply_to.clone(), sink, Instant::now() + wait)
        } else {
            Err((Status::NOT_INITIALISED, sink))
        };
        match opened {
            Ok(id) => {
                // Still under the lock, so that `end` finds every request that was taken.
                let _ = self.commands.send(ask(id));
                Some(id)
            }
            Err((status, sink)) => {
                drop(exchanges);
                self.refuse(&reply_to, status, sink);
                None
            }
        }
    }

    fn refuse(&self, reply_to: &ReplyTo, status: Status, sink: Sink) {
        let update = reply_to.failed(status, "");
        match sink {
            Sink::Queue => self.deliver(update),
            Sink::Caller(caller) => {
                let _ = caller.send(update);
            }
        }
    }

    /// Gives an update to a request in flight; false if nobody waits for it.
    pub(crate) fn answer(&self, id: Id, update: Update) -> bool {
        let mut exchanges = self.exchanges();
        let waits = exchanges.reply_to(id).is_some();
        let answer = exchanges.answer(id, update);
        // Queued under the lock, so that no second request of the same exchange overtakes this one; logged
        // and woken after it, since the next request wants the lock.
        let queued = answer.map(|update| (self.outbox.push(letter(&update)), update));
        drop(exchanges);
        if let Some((rouse, update)) = queued {
            self.logged(|| log_update(&update));
            drop(rouse);
        }
        waits
    }

    /// Answers a request in flight with success.
    pub(crate) fn succeed(&self, id: Id, payload: Map) -> bool {
        self.answer(id, Update::ok("", None, payload))
    }

    /// Answers a request in flight with a failure.
    pub(crate) fn fail(&self, id: Id, status: Status, specifics: impl Into<String>) -> bool {
        self.answer(id, Update::failed("", None, status, specifics))
    }

    /// Queues an update for whoever reads.
    pub(crate) fn deliver(&self, update: Update) {
        self.logged(|| log_update(&update));
        drop(self.outbox.push(letter(&update)));
    }

    /// Ends the desk: every request in flight is answered with 1007, nothing comes after that.
    /// False if it was ended before.
    pub(crate) fn end(&self) -> bool {
        let mut exchanges = self.exchanges();
        exchanges.end();
        let last: Vec<_> = exchanges
            .ids()
            .into_iter()
            .filter_map(|id| {
                let terminated = Update::failed("", None, Status::TERMINATED, "");
                exchanges.answer(id, terminated).as_ref().map(letter)
            })
            .collect();
        let ended = self.outbox.close(last);
        let _ = self.commands.send(Command::Stop);
        ended
    }
}

fn letter(update: &Update) -> Letter {
    Letter {
        text: update.to_json(),
        kind: kind(update),
    }
}

fn kind(update: &Update) -> Kind {
    if update.exchange.is_some() {
        return Kind::Answer;
    }
    match update.operation.as_str() {
        PresenceEvent::OPERATION => {
            let part = |name| {
                let value = update.payload.get(name).and_then(Value::as_str);
                value.unwrap_or_default()
            };
            Kind::Presence(format!("{} {}", part("NymiBandID"), part("endpoint_id")))
        }
        TapEvent::OPERATION => Kind::Tap,
        EndpointEvent::OPERATION => Kind::Event,
        "error" => Kind::Failure,
        // A request without an exchange is answered by its operation's name.
        name if name.parse::<Operation>().is_ok() => Kind::Answer,
        _ => Kind::Event,
    }
}

/// A failure is logged as it is sent. Of a success only the frame is: its payload may be a key, a
/// code or an assertion.
fn log_update(update: &Update) {
    if update.status.is_success() {
        let exchange = update.exchange.as_deref().unwrap_or("null");
        tracing::debug!("sending update to nea: {} {exchange} 0", update.operation);
    } else {
        let shown = Update {
            payload: Map::new(),
            ..update.clone()
        };
        tracing::info!("sending update to nea {}", shown.to_json());
    }
}
