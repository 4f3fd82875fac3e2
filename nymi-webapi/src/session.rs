//! One caller's session: who it is, what it has in flight, and the way from request to answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nymi_core::message::{
    CertificateInfo, NeaName, Operation, Payload, ReplyTo, Request, Status, Update,
};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::hub::{CallerId, Spender};
use crate::operations;
use crate::outbox::{Outbox, Route};
use crate::shared::{Shared, now};

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A web application, with the origin of its page if a browser sent one.
    WebApi { origin: Option<String> },
    /// A native client, by the name in its topic.
    Nea { name: NeaName },
}

/// What a native client proved with its certificate.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) name: String,
    pub(crate) certificate: CertificateInfo,
    /// It may speak to bands before they are enrolled.
    pub(crate) is_enrollment_terminal: bool,
}

pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: CallerId,
    pub(crate) kind: Kind,
    outbox: Arc<Outbox>,
    route: Route,
    proof: Mutex<Option<Proof>>,
    in_flight: Mutex<InFlight>,
    closed: AtomicBool,
    /// Log-ins that failed or are under way.
    logins: AtomicU32,
}

/// Passwords that one connection may get wrong: an agent is no place to guess them.
pub(crate) const FAILED_LOGINS: u32 = 5;

#[derive(Default)]
struct InFlight {
    sequence: u64,
    tasks: BTreeMap<u64, Task>,
}

struct Task {
    reply_to: ReplyTo,
    operation: Operation,
    abort: AbortHandle,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(crate) fn open(
        shared: &Arc<Shared>,
        kind: Kind,
        outbox: &Arc<Outbox>,
        route: Route,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            caller: shared.hub.add_caller(outbox, route.clone()),
            kind,
            outbox: Arc::clone(outbox),
            route,
            proof: Mutex::default(),
            in_flight: Mutex::default(),
            closed: AtomicBool::new(false),
            logins: AtomicU32::new(0),
        })
    }

    /// Ends the session: whatever is in flight is given up, nothing more is sent.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.shared.hub.remove_caller(self.caller);
        for (_, task) in std::mem::take(&mut lock(&self.in_flight).tasks) {
            task.abort.abort();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Ends this session because its client has joined anew, on the connection of `successor`.
    pub(crate) fn give_way(&self, successor: &Arc<Outbox>) {
        if self.is_closed() {
            return;
        }
        self.close();
        if !Arc::ptr_eq(&self.outbox, successor) {
            self.outbox.send(self.route.closed());
        }
    }

    pub(crate) fn prove(&self, proof: Proof) {
        *lock(&self.proof) = Some(proof);
    }

    /// The proof, while its certificate is valid.
    pub(crate) fn proof(&self) -> Option<Proof> {
        lock(&self.proof)
            .clone()
            .filter(|proof| now() <= proof.certificate.not_after)
    }

    /// The name under which assertions are made, `azp`; none for a native client without proof.
    pub(crate) fn application(&self) -> Option<String> {
        match &self.kind {
            Kind::Nea { .. } => self.proof().map(|proof| proof.name),
            Kind::WebApi { origin } => Some(origin.clone().unwrap_or_else(|| "webapi".to_owned())),
        }
    }

    /// Who spends a tap that this caller uses.
    pub(crate) fn spender(&self) -> Spender {
        match self.proof() {
            Some(proof) => Spender::Proven(proof.name),
            None => Spender::Unproven,
        }
    }

    /// Whether one more log-in may be tried; it counts as failed until
    /// [`Session::log_in_did_not_fail`] says otherwise, so that many at once are no way around.
    pub(crate) fn try_log_in(&self) -> bool {
        let next = |tried: u32| (tried < FAILED_LOGINS).then_some(tried + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.logins.fetch_update(set, fetch, next).is_ok()
    }

    pub(crate) fn log_in_did_not_fail(&self) {
        self.logins.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn send(&self, update: &Update) {
        self.outbox.update(&self.route, update);
    }

    fn answer(&self, operation: Operation, update: &Update) {
        self.shared
            .hub
            .metrics
            .answered(operation.name(), update.status);
        if update.status != Status::SUCCESS {
            let (status, specifics) = (update.status.code(), update.specifics());
            tracing::debug!(operation = operation.name(), status, specifics, "refused");
        }
        self.send(update);
    }

    /// Serves one request; its answer comes at once or later.
    pub(crate) fn request(self: &Arc<Self>, request: Result<Request, Update>) {
        let request = match request {
            Ok(request) => request,
            Err(refusal) => return self.send(&refusal),
        };
        let (operation, reply_to) = (request.operation(), request.reply_to());
        if let Some(refusal) = self.refusal(operation, &reply_to) {
            return self.answer(operation, &refusal);
        }
        let hub = &self.shared.hub;
        match &request.payload {
            Payload::SubscribeEndpoint(subscribe) => {
                let status = hub.subscribe(self.caller, &subscribe.endpoint_id, &reply_to);
                hub.metrics.answered(operation.name(), status);
            }
            Payload::UnsubscribeEndpoint(unsubscribe) => {
                let status = hub.unsubscribe(self.caller, &unsubscribe.endpoint_id, &reply_to);
                hub.metrics.answered(operation.name(), status);
            }
            Payload::Cancel(cancel) => {
                self.answer(operation, &self.cancel(&cancel.exchange, &reply_to))
            }
            _ => self.start(request, operation, reply_to),
        }
    }

    /// Why a request is not even begun, if so.
    fn refusal(&self, operation: Operation, reply_to: &ReplyTo) -> Option<Update> {
        let unproven = matches!(self.kind, Kind::Nea { .. }) && self.proof().is_none();
        if unproven && !operation.needs_no_init() {
            let specifics =
                "prove the application's name first, with its certificate (authenticate)";
            return Some(reply_to.failed(Status::NOT_INITIALISED, specifics));
        }
        let in_flight = lock(&self.in_flight);
        let twice = reply_to.exchange.is_some()
            && in_flight
                .tasks
                .values()
                .any(|task| task.reply_to.exchange == reply_to.exchange);
        if twice {
            let specifics = "an operation with this exchange is in flight; choose another";
            return Some(reply_to.failed(Status::DUPLICATE_EXCHANGE, specifics));
        }
        let limit = self.shared.hub.limits().in_flight;
        (operation != Operation::Cancel && in_flight.tasks.len() >= limit).then(|| {
            let specifics = format!("{limit} operations are in flight; wait for answers");
            reply_to.failed(Status::TOO_MANY_IN_FLIGHT, specifics)
        })
    }

    fn start(self: &Arc<Self>, request: Request, operation: Operation, reply_to: ReplyTo) {
        let deadline = Instant::now() + Duration::from_millis(request.deadline_ms.into());
        let session = Arc::clone(self);
        let mut in_flight = lock(&self.in_flight);
        in_flight.sequence += 1;
        let key = in_flight.sequence;
        // The task cannot finish before it is entered: finishing takes the lock.
        let task = tokio::spawn(async move {
            let update = operations::run(&session, &request, deadline).await;
            session.finish(key, &update);
        });
        in_flight.tasks.insert(
            key,
            Task {
                reply_to,
                operation,
                abort: task.abort_handle(),
            },
        );
    }

    /// Answers, unless the operation was cancelled meanwhile.
    fn finish(&self, key: u64, update: &Update) {
        let task = lock(&self.in_flight).tasks.remove(&key);
        if let Some(task) = task {
            self.answer(task.operation, update);
        }
    }

    fn cancel(&self, exchange: &str, reply_to: &ReplyTo) -> Update {
        let mut in_flight = lock(&self.in_flight);
        let found = in_flight
            .tasks
            .iter()
            .find(|(_, task)| task.reply_to.exchange.as_deref() == Some(exchange))
            .map(|(key, _)| *key);
        let Some(task) = found.and_then(|key| in_flight.tasks.remove(&key)) else {
            let specifics =
                format!("exchange: this connection has no operation {exchange:?} in flight");
            return reply_to.failed(Status::INVALID_FIELD, specifics);
        };
        drop(in_flight);
        task.abort.abort();
        self.answer(
            task.operation,
            &task
                .reply_to
                .failed(Status::CANCELLED, "cancelled on request"),
        );
        reply_to.ok(&nymi_core::message::Map::new())
    }
}
