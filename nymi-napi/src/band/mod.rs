//! Operations with bands: each band has a worker that keeps one session with it and asks one thing
//! after the other; different bands go on side by side.

mod operation;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use nymi_core::BandId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::desk::Desk;
use crate::exchanges::Id;
use crate::identity::Identity;
pub(crate) use operation::Wanted;
use worker::{Job, Worker};

/// The workers and what they have in hand.
#[derive(Default)]
pub(crate) struct Bands {
    workers: HashMap<BandId, mpsc::UnboundedSender<Job>>,
    /// Dropped, the job is given up.
    jobs: HashMap<Id, oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

impl Bands {
    /// Has an operation done under an identity; its worker answers it.
    pub(crate) fn perform(
        &mut self,
        desk: &Arc<Desk>,
        id: Id,
        deadline_ms: u32,
        wanted: Wanted,
        identity: &Identity,
    ) {
        let (keep, given_up) = oneshot::channel();
        let mut job = Job {
            id,
            deadline: Instant::now() + Duration::from_millis(deadline_ms.into()),
            identity: identity.clone(),
            given_up,
            wanted,
        };
        self.jobs.retain(|_, job| !job.is_closed());
        self.jobs.insert(id, keep);
        let band = job.wanted.device;
        if let Some(worker) = self.workers.get(&band) {
            job = match worker.send(job) {
                Ok(()) => return,
                // It was idle for too long and has ended.
                Err(mpsc::error::SendError(job)) => job,
            };
        }
        self.workers.retain(|_, worker| !worker.is_closed());
        while self.tasks.try_join_next().is_some() {}
        let (worker, jobs) = mpsc::unbounded_channel();
        // Its receiver is right here.
        let _ = worker.send(job);
        self.workers.insert(band, worker);
        self.tasks
            .spawn(Worker::new(Arc::clone(desk), band, jobs).run());
    }

    /// Gives an operation up: it is not begun, or ends with the session that it was in.
    pub(crate) fn forget(&mut self, id: Id) {
        self.jobs.remove(&id);
    }
}
