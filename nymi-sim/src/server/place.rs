//! The world, shared by the connections: who drives it, who listens to it, when it is saved.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nymi_core::BandId;
use tokio::sync::{Notify, mpsc};

use crate::clock::Clock;
use crate::state::{self, StateError};
use crate::stream::Downlink;
use crate::world::{BandInfo, World};

/// What may wait for an adapter that reads slowly.
const STREAM_QUEUE: usize = 1024;

pub(super) struct Place {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
    changed: Notify,
    state_file: Option<PathBuf>,
    saved_revision: tokio::sync::Mutex<u64>,
}

struct Inner {
    world: World,
    streams: Vec<mpsc::Sender<Downlink>>,
}

impl Inner {
    fn flush(&mut self) {
        while let Some(event) = self.world.poll_event() {
            self.streams.retain(|stream| {
                let hint = matches!(event, Downlink::Heard { .. });
                match stream.try_send(event.clone()) {
                    // A radio that is not listened to misses frames, but nothing else.
                    Err(mpsc::error::TrySendError::Full(_)) => hint,
                    Err(mpsc::error::TrySendError::Closed(_)) => false,
                    Ok(()) => true,
                }
            });
        }
    }
}

impl Place {
    pub(super) fn new(world: World, clock: Arc<dyn Clock>, state_file: Option<PathBuf>) -> Self {
        Self {
            inner: Mutex::new(Inner {
                world,
                streams: Vec::new(),
            }),
            clock,
            changed: Notify::new(),
            state_file,
            saved_revision: tokio::sync::Mutex::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets bands advertise, for ever.
    pub(super) async fn drive(&self) {
        loop {
            let deadline = {
                let mut inner = self.inner();
                inner.world.handle_timeout(self.clock.now());
                inner.flush();
                inner.world.next_deadline()
            };
            match deadline {
                None => self.changed.notified().await,
                Some(at) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = self.clock.wait_until(at) => {}
                },
            }
        }
    }

    /// Runs a command; what it changed is on disk before the answer is given.
    pub(super) async fn command(&self, line: &str) -> Result<String, String> {
        let answer = {
            let mut inner = self.inner();
            let answer = inner.world.execute(line, self.clock.now());
            inner.flush();
            answer
        };
        self.changed.notify_one();
        self.save().await.map_err(|error| error.to_string())?;
        answer.map_err(|error| error.to_string())
    }

    /// Carries a message to a band; its answer is given once what it changed is on disk.
    pub(super) async fn request(
        &self,
        address: BandId,
        message: &[u8],
    ) -> Result<Option<Result<Vec<u8>, u32>>, StateError> {
        let answer = self
            .inner()
            .world
            .handle_request(address, message, self.clock.now());
        self.changed.notify_one();
        self.save().await?;
        Ok(answer)
    }

    pub(super) fn bands(&self) -> Vec<BandInfo> {
        self.inner().world.bands(self.clock.now())
    }

    /// A new adapter: the present state first, then all that happens.
    pub(super) fn listen(&self) -> mpsc::Receiver<Downlink> {
        let (stream, heard) = mpsc::channel(STREAM_QUEUE);
        let mut inner = self.inner();
        for event in inner.world.present_state() {
            // A few events into an empty queue.
            let _ = stream.try_send(event);
        }
        inner.streams.push(stream);
        heard
    }

    pub(super) async fn save(&self) -> Result<(), StateError> {
        let Some(path) = self.state_file.clone() else {
            return Ok(());
        };
        let mut saved_revision = self.saved_revision.lock().await;
        let (revision, world) = {
            let inner = self.inner();
            (inner.world.revision(), inner.world.to_saved())
        };
        if revision == *saved_revision {
            return Ok(());
        }
        // Waiting for the disk keeps the order; bands are few and the file is small.
        let written = tokio::task::spawn_blocking(move || state::save(&path, &world)).await;
        match written {
            Ok(written) => written?,
            // Only when the runtime shuts down.
            Err(_) => return Ok(()),
        }
        *saved_revision = revision;
        Ok(())
    }
}
