//! The queue between the engine and whoever reads updates.
//!
//! It lives longer than the engine: after [`Outbox::close`] what was queued can still be read, then
//! the end is told to every getter that was blocked at that moment, or else to the next one, and
//! from then on the client is simply not running. Presence updates give way when nobody reads; taps
//! and answers never do.
//!
//! What waits is bounded ([`MOST_LETTERS`], [`MOST_BYTES`]) without anything being lost: once it
//! [is full](Outbox::is_full), requests are refused and the agent is not listened to until half of it is
//! read. Only the answers to what is in flight by then still come on top.
//!
//! Besides getters, which take what comes next, there are pickers ([`Outbox::pick`]), which take the
//! next update of a kind and leave answers to whoever asked.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::GetError;
use crate::config::OnReadable;
use letters::State;
pub(crate) use letters::{Kind, Letter, Pick};

mod letters;

#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    for_getters: Condvar,
    for_pickers: Condvar,
    on_readable: Option<OnReadable>,
    has_room: Notify,
}

/// Wakes whoever waits for an update, at its end.
#[derive(Debug)]
#[must_use = "whoever waits is woken when this is dropped"]
pub(crate) struct Rouse<'a> {
    outbox: &'a Outbox,
    pickers: bool,
}

impl Drop for Rouse<'_> {
    fn drop(&mut self) {
        // Any getter takes it. Who began to wait since then has seen it.
        self.outbox.for_getters.notify_one();
        if self.pickers {
            self.outbox.for_pickers.notify_all();
        }
    }
}

impl Outbox {
    pub(crate) fn new(on_readable: Option<OnReadable>) -> Self {
        Self {
            on_readable,
            ..Self::default()
        }
    }

    /// Says how it stands, still under the lock, so that what is said last is so.
    fn announce_as(&self, is_readable: bool) {
        if let Some(on_readable) = &self.on_readable {
            on_readable(is_readable);
        }
    }

    /// Tells whoever asked to be told whether there is something to read now.
    pub(crate) fn announce(&self) {
        let state = self.lock();
        self.announce_as(state.is_readable());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an update; after the end it is dropped, and the answer is none. Whoever waits for it is
    /// woken when the answer is dropped: after what that one wants next is free.
    pub(crate) fn push(&self, letter: Letter) -> Option<Rouse<'_>> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.add(letter);
        if state.letters.len() == 1 {
            self.announce_as(true);
        }
        Some(Rouse {
            outbox: self,
            pickers: state.picking > 0,
        })
    }

    /// Wakes whoever waits, with [`GetError::Woken`]; if nobody does, with `or_the_next` the next who
    /// would wait.
    pub(crate) fn wake(&self, or_the_next: bool) {
        let mut state = self.lock();
        if state.blocked + state.picking > 0 {
            state.wakes += 1;
        } else {
            state.wake_is_due |= or_the_next;
        }
        drop(state);
        self.rouse_all();
    }

    fn rouse_all(&self) {
        self.for_getters.notify_all();
        self.for_pickers.notify_all();
    }

    /// Whether so much waits that nothing more should be caused to come.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().is_full
    }

    /// Waits until it is not full; for one at a time.
    pub(crate) async fn has_room(&self) {
        while self.is_full() {
            self.has_room.notified().await;
        }
    }

    /// Whether the end has come; updates may be left.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Queues `last` and ends the queue; false if that was done before.
    pub(crate) fn close(&self, last: impl IntoIterator<Item = Letter>) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        for letter in last {
            state.add(letter);
        }
        state.closed = true;
        self.announce_as(true);
        // More getters are blocked than updates are left: at least one of them will be told.
        state.end_was_told = state.blocked > state.letters.len();
        drop(state);
        self.rouse_all();
        true
    }

    /// The next update of at most `max` bytes; waits for it, without end or for `timeout`.
    pub(crate) fn take(
        &self,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<Option<String>, GetError> {
        let mut state = self.lock();
        let patience = Patience::new(timeout);
        let mut was_blocked = false;
        loop {
            if let Some(result) = state.ready(max, was_blocked) {
                if matches!(result, Err(GetError::TooLong { .. })) {
                    // It stays queued: another getter may have room for it.
                    self.for_getters.notify_one();
                } else {
                    self.announce_if_read(&mut state);
                }
                return result.map(Some);
            }
            if patience.is_over() {
                return Ok(None);
            }
            was_blocked = true;
            state.blocked += 1;
            let is_woken;
            (state, is_woken) = self.wait(&self.for_getters, &patience, state);
            state.blocked -= 1;
            if is_woken {
                // Even if there is an update now, or the wake would be lost; it stays for the next.
                return Err(GetError::Woken);
            }
        }
    }

    /// The next update that `choose` takes, whatever its length; waits for it, without end or for
    /// `timeout`. After the end the answer is always [`GetError::Terminated`].
    pub(crate) fn pick(
        &self,
        choose: impl Fn(&Kind) -> Pick,
        timeout: Option<Duration>,
    ) -> Result<Option<String>, GetError> {
        let mut state = self.lock();
        let patience = Patience::new(timeout);
        loop {
            let before = state.letters.len();
            let picked = state.pick(&choose);
            if state.letters.len() < before {
                self.announce_if_read(&mut state);
            }
            if picked.is_some() {
                return Ok(picked);
            }
            if state.closed {
                return Err(GetError::Terminated);
            }
            if patience.is_over() {
                return Ok(None);
            }
            state.picking += 1;
            let is_woken;
            (state, is_woken) = self.wait(&self.for_pickers, &patience, state);
            state.picking -= 1;
            if is_woken {
                return Err(GetError::Woken);
            }
        }
    }

    fn announce_if_read(&self, state: &mut State) {
        if state.is_full && state.has_room() {
            state.is_full = false;
            self.has_room.notify_one();
        }
        if !state.is_readable() {
            self.announce_as(false);
        }
    }

    /// Waits for a change, for the patience to end or to be woken; whether it was the last.
    fn wait<'a>(
        &self,
        changed: &Condvar,
        patience: &Patience,
        mut state: MutexGuard<'a, State>,
    ) -> (MutexGuard<'a, State>, bool) {
        if std::mem::take(&mut state.wake_is_due) {
            return (state, true);
        }
        let wakes = state.wakes;
        let state = match patience.left() {
            None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                let waited = changed.wait_timeout(state, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let is_woken = state.wakes != wakes;
        (state, is_woken)
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// How long someone waits.
struct Patience {
    until: Option<Instant>,
    none: bool,
}

impl Patience {
    fn new(timeout: Option<Duration>) -> Self {
        Self {
            // A timeout beyond what the clock can say is as good as none.
            until: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            none: timeout.is_some_and(|timeout| timeout.is_zero()),
        }
    }

    fn left(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }

    fn is_over(&self) -> bool {
        self.none || self.left().is_some_and(|left| left.is_zero())
    }
}

#[cfg(test)]
mod tests;
