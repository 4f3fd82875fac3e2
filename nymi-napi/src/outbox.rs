//! The queue between the engine and whoever reads updates.
//!
//! It lives longer than the engine: after [`Outbox::close`] what was queued can still be read, then
//! the end is told to every getter that was blocked at that moment, or else to the next one, and
//! from then on the client is simply not running. Presence updates give way when nobody reads; taps
//! and answers never do.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::GetError;

/// From this length on, a presence update replaces the unread one of the same band.
const CROWDED: usize = 256;

/// One update, ready to be read.
#[derive(Debug)]
pub(crate) struct Letter {
    /// Compact JSON.
    pub(crate) text: String,
    /// For a presence update, whose presence: a newer one may take its place.
    pub(crate) presence_of: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Letter>,
    blocked: usize,
    closed: bool,
    end_was_told: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an update; after the end it is dropped, and the answer is false.
    pub(crate) fn push(&self, letter: Letter) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        if letter.presence_of.is_some() && state.letters.len() >= CROWDED {
            let same = |queued: &Letter| queued.presence_of == letter.presence_of;
            if let Some(at) = state.letters.iter().position(same) {
                state.letters.remove(at);
            }
        }
        state.letters.push_back(letter);
        drop(state);
        self.changed.notify_one();
        true
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
        state.letters.extend(last);
        state.closed = true;
        // More getters are blocked than updates are left: at least one of them will be told.
        state.end_was_told = state.blocked > state.letters.len();
        drop(state);
        self.changed.notify_all();
        true
    }

    /// The next update of at most `max` bytes; waits for it, without end or for `timeout`.
    pub(crate) fn take(
        &self,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<Option<String>, GetError> {
        // A timeout beyond what the clock can say is as good as none.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let must_not_wait = timeout.is_some_and(|timeout| timeout.is_zero());
        let mut state = self.lock();
        let mut was_blocked = false;
        loop {
            if let Some(result) = state.ready(max, was_blocked) {
                if matches!(result, Err(GetError::TooLong { .. })) {
                    // It stays queued: another getter may have room for it.
                    self.changed.notify_one();
                }
                return result.map(Some);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if must_not_wait || left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            was_blocked = true;
            state.blocked += 1;
            state = match left {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.blocked -= 1;
        }
    }
}

impl State {
    /// What a getter gets now; none: it has to wait.
    fn ready(&mut self, max: usize, was_blocked: bool) -> Option<Result<String, GetError>> {
        if let Some(next) = self.letters.front() {
            let needed = next.text.len();
            if needed > max {
                return Some(Err(GetError::TooLong { needed }));
            }
            return self.letters.pop_front().map(|letter| Ok(letter.text));
        }
        if !self.closed {
            return None;
        }
        if was_blocked || !self.end_was_told {
            self.end_was_told = true;
            return Some(Err(GetError::Terminated));
        }
        Some(Err(GetError::NotRunning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    fn letter(text: &str) -> Letter {
        Letter {
            text: text.to_owned(),
            presence_of: None,
        }
    }

    fn now(outbox: &Outbox) -> Result<Option<String>, GetError> {
        outbox.take(usize::MAX, Some(Duration::ZERO))
    }

    fn blocked_getters(
        outbox: &Arc<Outbox>,
        count: usize,
    ) -> Vec<thread::JoinHandle<Result<Option<String>, GetError>>> {
        let getters = (0..count)
            .map(|_| {
                let outbox = Arc::clone(outbox);
                thread::spawn(move || outbox.take(usize::MAX, None))
            })
            .collect();
        while outbox.lock().blocked < count {
            thread::yield_now();
        }
        getters
    }

    #[test]
    fn gives_updates_in_order_and_nothing_when_empty() {
        let outbox = Outbox::default();
        assert!(outbox.push(letter("one")) && outbox.push(letter("two")));
        assert_eq!(now(&outbox), Ok(Some("one".into())));
        assert_eq!(now(&outbox), Ok(Some("two".into())));
        assert_eq!(now(&outbox), Ok(None));
        assert_eq!(outbox.take(9, Some(Duration::from_millis(1))), Ok(None));
    }

    #[test]
    fn an_update_that_does_not_fit_stays() {
        let outbox = Outbox::default();
        outbox.push(letter("twelve bytes"));
        let short = Some(Duration::ZERO);
        assert_eq!(
            outbox.take(11, short),
            Err(GetError::TooLong { needed: 12 })
        );
        assert_eq!(outbox.take(12, short), Ok(Some("twelve bytes".into())));
    }

    #[test]
    fn after_the_end_the_rest_is_read_then_the_end_is_told_once() {
        let outbox = Outbox::default();
        outbox.push(letter("queued"));
        assert!(outbox.close([letter("last")]));
        assert!(!outbox.close([letter("again")]));
        assert!(!outbox.push(letter("late")));
        assert_eq!(now(&outbox), Ok(Some("queued".into())));
        assert_eq!(now(&outbox), Ok(Some("last".into())));
        assert_eq!(now(&outbox), Err(GetError::Terminated));
        assert_eq!(now(&outbox), Err(GetError::NotRunning));
        assert_eq!(outbox.take(9, None), Err(GetError::NotRunning));
    }

    #[test]
    fn every_blocked_getter_hears_of_the_end_and_nobody_after_them() {
        let outbox = Arc::new(Outbox::default());
        let getters = blocked_getters(&outbox, 3);
        outbox.close([]);
        for getter in getters {
            assert_eq!(getter.join().unwrap(), Err(GetError::Terminated));
        }
        assert_eq!(now(&outbox), Err(GetError::NotRunning));
    }

    #[test]
    fn a_getter_that_takes_the_last_update_leaves_the_end_to_the_next() {
        let outbox = Arc::new(Outbox::default());
        let getters = blocked_getters(&outbox, 1);
        outbox.close([letter("last")]);
        for getter in getters {
            assert_eq!(getter.join().unwrap(), Ok(Some("last".into())));
        }
        assert_eq!(now(&outbox), Err(GetError::Terminated));
        assert_eq!(now(&outbox), Err(GetError::NotRunning));
    }

    #[test]
    fn a_crowded_queue_keeps_the_latest_presence_of_a_band_and_every_tap() {
        let outbox = Outbox::default();
        for round in 0..1000 {
            let text = format!("presence {round}");
            outbox.push(Letter {
                text,
                presence_of: Some("band".into()),
            });
            if round % 10 == 0 {
                outbox.push(letter("tap"));
            }
        }
        let mut taps = 0;
        let mut latest = String::new();
        let mut length = 0;
        while let Ok(Some(text)) = now(&outbox) {
            length += 1;
            match text.as_str() {
                "tap" => taps += 1,
                _ => latest = text,
            }
        }
        assert_eq!((taps, latest.as_str()), (100, "presence 999"));
        assert!(length < 1000, "{length}");
    }
}
