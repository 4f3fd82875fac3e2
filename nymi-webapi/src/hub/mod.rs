//! Who is connected, what was heard, and who wants to know: the agent's one shared state.
//!
//! Endpoints join ([`endpoints`]) and report frames, presence and taps ([`bands`]); callers, which
//! are web applications and native clients, subscribe to them ([`callers`]); messages to a band and
//! their replies pass through ([`exchanges`]). Every method takes the lock once and never waits, so
//! that what two parties see has one order; sending means to put into an [`Outbox`].

mod admission;
mod bands;
mod callers;
mod endpoints;
mod exchanges;
mod heard;
mod intents;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nymi_core::BandId;
use nymi_core::message::channel::EndpointStatus;
use nymi_core::message::{EndpointChange, EndpointEvent, PresenceEvent, Status, Update, Uuid};
use tokio::sync::{Notify, oneshot};

pub(crate) use bands::{Sighting, new_uuid};
pub(crate) use endpoints::EndpointLink;
pub(crate) use exchanges::{BandAnswer, ToBand};
pub(crate) use intents::{Intent, IntentRefused, Spender};

use crate::config::Limits;
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Route};
use heard::Heard;
use intents::Intents;

/// Names one caller's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallerId(u64);

pub(crate) struct Hub {
    state: Mutex<State>,
    frames_arrived: Notify,
    limits: Limits,
    pub(crate) metrics: Metrics,
}

#[derive(Default)]
struct State {
    endpoints: BTreeMap<String, Endpoint>,
    callers: BTreeMap<CallerId, Caller>,
    intents: Intents,
    exchanges: HashMap<Uuid, exchanges::Pending>,
    sequence: u64,
}

struct Endpoint {
    /// Rises with each join; tells a ghost from the present connection.
    link: u64,
    /// The link of the first join: the order of aliases.
    joined: u64,
    instance: String,
    hostname: Option<String>,
    addresses: Vec<String>,
    peer: IpAddr,
    status: Option<EndpointStatus>,
    outbox: Arc<Outbox>,
    route: Route,
    heard: Heard,
    presence: BTreeMap<BandId, PresenceEvent>,
}

struct Caller {
    outbox: Arc<Outbox>,
    route: Route,
    /// By endpoint id: the names under which the caller asked for it.
    subscriptions: BTreeMap<String, Vec<String>>,
}

impl Caller {
    fn update(&self, update: &Update) {
        self.outbox.update(&self.route, update);
    }
}

impl Hub {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::default(),
            frames_arrived: Notify::new(),
            limits,
            metrics: Metrics::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, the data is still consistent enough to
        // go on, since every step leaves a valid state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Tells every subscriber of an endpoint.
    fn tell(&self, endpoint_id: &str, update: &Update) {
        for caller in self.callers.values() {
            if caller.subscriptions.contains_key(endpoint_id) {
                caller.update(update);
            }
        }
    }

    fn tell_change(&self, endpoint_id: &str, event: EndpointChange) {
        let endpoint_id = endpoint_id.to_owned();
        self.tell(
            &endpoint_id.clone(),
            &Update::event(&EndpointEvent { endpoint_id, event }),
        );
    }

    fn tell_error(&self, endpoint_id: &str, status: Status, specifics: &str) {
        let update = Update::error(status, specifics).with("endpoint_id", endpoint_id);
        self.tell(endpoint_id, &update);
    }
}

type BandAnswerSender = oneshot::Sender<Result<BandAnswer, (Status, String)>>;
