//! What every connection of an agent shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use nymi_core::UnixMillis;
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use tokio::sync::{mpsc, watch};

use crate::hub::Hub;
use crate::nes_session::NesSession;
use crate::session::Session;

/// The version that `info` tells.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) nes: Option<Arc<NesSession>>,
    pub(crate) agent_url: String,
    pub(crate) anchors: Vec<TrustAnchor>,
    pub(crate) grade: GradeRequirement,
    /// Becomes true when the agent stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Held by each connection until it is closed.
    pub(crate) open: mpsc::Sender<()>,
    clients: Mutex<HashMap<String, Weak<Session>>>,
}

impl Shared {
    pub(crate) fn new(
        hub: Arc<Hub>,
        nes: Option<Arc<NesSession>>,
        agent_url: String,
        trust: (Vec<TrustAnchor>, GradeRequirement),
        stopping: watch::Receiver<bool>,
        open: mpsc::Sender<()>,
    ) -> Arc<Self> {
        let (anchors, grade) = trust;
        let clients = Mutex::default();
        Arc::new(Self {
            hub,
            nes,
            agent_url,
            anchors,
            grade,
            stopping,
            open,
            clients,
        })
    }

    /// Notes who has a native client's topic now; answers the session that had it, if it is another
    /// and alive. A session that proved its name gives way only to one that did so too.
    pub(crate) fn take_topic(&self, topic: &str, session: &Arc<Session>) -> Option<Arc<Session>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, session| session.strong_count() > 0);
        let present = clients.get(topic).and_then(Weak::upgrade);
        let holds = |present: &Arc<Session>| !present.is_closed() && present.proof().is_some();
        if session.proof().is_none() && present.as_ref().is_some_and(holds) {
            return None;
        }
        clients.insert(topic.to_owned(), Arc::downgrade(session));
        present.filter(|present| !Arc::ptr_eq(present, session))
    }
}

/// The wall clock.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
