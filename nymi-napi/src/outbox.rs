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

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::GetError;
use crate::config::OnReadable;

/// From this length on, a presence update replaces the unread one of the same band.
const CROWDED: usize = 256;

/// Updates from which on the queue is full.
pub(crate) const MOST_LETTERS: usize = 16 * 1024;
/// Bytes of updates from which on the queue is full.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What an update is about, for those who do not take everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It belongs to a request, and goes to a getter alone.
    Answer,
    /// Whose presence: a newer one may take its place.
    Presence(String),
    /// A tap.
    Tap,
    /// A failure that no request caused.
    Failure,
    /// Another event.
    Event,
}

/// What a picker does with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// It is the one.
    Take,
    /// It is for somebody else.
    Leave,
    /// Nobody needs it.
    Drop,
}

/// One update, ready to be read.
#[derive(Debug)]
pub(crate) struct Letter {
    /// Compact JSON.
    pub(crate) text: String,
    /// What it is about.
    pub(crate) kind: Kind,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Letter>,
    /// The length of the updates.
    bytes: usize,
    is_full: bool,
    /// How many getters wait.
    blocked: usize,
    /// How many pickers wait.
    picking: usize,
    /// Counts what [`Outbox::wake`] did to those who wait.
    wakes: u64,
    /// Someone was to be woken, and nobody waited.
    wake_is_due: bool,
    closed: bool,
    end_was_told: bool,
}

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
        if matches!(letter.kind, Kind::Presence(_)) && state.letters.len() >= CROWDED {
            let same = |queued: &Letter| queued.kind == letter.kind;
            if let Some(at) = state.letters.iter().position(same) {
                state.remove(at);
            }
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

impl State {
    fn add(&mut self, letter: Letter) {
        self.bytes += letter.text.len();
        self.letters.push_back(letter);
        self.is_full |= self.letters.len() >= MOST_LETTERS || self.bytes >= MOST_BYTES;
    }

    fn remove(&mut self, at: usize) -> Option<String> {
        let letter = self.letters.remove(at)?;
        self.bytes -= letter.text.len();
        Some(letter.text)
    }

    /// Whether half of what it was full with is read.
    fn has_room(&self) -> bool {
        self.letters.len() <= MOST_LETTERS / 2 && self.bytes <= MOST_BYTES / 2
    }

    /// Whether a getter would get something: after the end, that it came.
    fn is_readable(&self) -> bool {
        self.closed || !self.letters.is_empty()
    }

    /// What a getter gets now; none: it has to wait.
    fn ready(&mut self, max: usize, was_blocked: bool) -> Option<Result<String, GetError>> {
        if let Some(next) = self.letters.front() {
            let needed = next.text.len();
            if needed > max {
                return Some(Err(GetError::TooLong { needed }));
            }
            return self.remove(0).map(Ok);
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

    /// The first update that is chosen.
    fn pick(&mut self, choose: impl Fn(&Kind) -> Pick) -> Option<String> {
        let mut at = 0;
        while let Some(letter) = self.letters.get(at) {
            match choose(&letter.kind) {
                Pick::Leave => at += 1,
                Pick::Drop => {
                    self.remove(at);
                }
                Pick::Take => return self.remove(at),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    fn of_kind(text: &str, kind: Kind) -> Letter {
        Letter {
            text: text.to_owned(),
            kind,
        }
    }

    /// Queues and wakes; false after the end.
    fn add(outbox: &Outbox, letter: Letter) -> bool {
        outbox.push(letter).is_some()
    }

    fn letter(text: &str) -> Letter {
        of_kind(text, Kind::Answer)
    }

    /// As one who waits for taps does it.
    fn tap_or_failure(kind: &Kind) -> Pick {
        match kind {
            Kind::Tap | Kind::Failure => Pick::Take,
            Kind::Answer => Pick::Leave,
            Kind::Presence(_) | Kind::Event => Pick::Drop,
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
        assert!(add(&outbox, letter("one")) && add(&outbox, letter("two")));
        assert_eq!(now(&outbox), Ok(Some("one".into())));
        assert_eq!(now(&outbox), Ok(Some("two".into())));
        assert_eq!(now(&outbox), Ok(None));
        assert_eq!(outbox.take(9, Some(Duration::from_millis(1))), Ok(None));
    }

    #[test]
    fn an_update_that_does_not_fit_stays() {
        let outbox = Outbox::default();
        add(&outbox, letter("twelve bytes"));
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
        add(&outbox, letter("queued"));
        assert!(outbox.close([letter("last")]));
        assert!(!outbox.close([letter("again")]));
        assert!(!add(&outbox, letter("late")));
        assert_eq!(now(&outbox), Ok(Some("queued".into())));
        assert_eq!(now(&outbox), Ok(Some("last".into())));
        assert_eq!(now(&outbox), Err(GetError::Terminated));
        assert_eq!(now(&outbox), Err(GetError::NotRunning));
        assert_eq!(outbox.take(9, None), Err(GetError::NotRunning));
    }

    #[test]
    fn it_is_full_by_number_or_bytes_until_half_is_read() {
        let long = MOST_BYTES / 4;
        for (text, count) in [(String::new(), MOST_LETTERS), ("x".repeat(long), 4)] {
            let outbox = Outbox::default();
            for _ in 0..count {
                assert!(!outbox.is_full());
                add(&outbox, letter(&text));
            }
            for _ in 0..count / 2 {
                assert!(outbox.is_full());
                now(&outbox).unwrap();
            }
            assert!(!outbox.is_full());
        }
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
            add(&outbox, of_kind(&text, Kind::Presence("band".into())));
            if round % 10 == 0 {
                add(&outbox, letter("tap"));
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

    #[test]
    fn a_picker_takes_its_kind_leaves_answers_and_drops_what_it_says() {
        let outbox = Outbox::default();
        for (text, kind) in [
            ("answer", Kind::Answer),
            ("near", Kind::Presence("band".into())),
            ("first tap", Kind::Tap),
            ("radio", Kind::Event),
            ("4000", Kind::Failure),
        ] {
            add(&outbox, of_kind(text, kind));
        }
        let pick = || outbox.pick(tap_or_failure, Some(Duration::ZERO));
        assert_eq!(pick(), Ok(Some("first tap".into())));
        assert_eq!(pick(), Ok(Some("4000".into())));
        assert_eq!(pick(), Ok(None));
        assert_eq!(now(&outbox), Ok(Some("answer".into())));
        assert_eq!(now(&outbox), Ok(None));
        outbox.close([letter("last")]);
        assert_eq!(pick(), Err(GetError::Terminated));
        assert_eq!(pick(), Err(GetError::Terminated));
        assert_eq!(now(&outbox), Ok(Some("last".into())));
    }

    #[test]
    fn an_update_reaches_the_one_who_wants_it_among_all_who_wait() {
        let outbox = Arc::new(Outbox::default());
        let picker = {
            let outbox = Arc::clone(&outbox);
            thread::spawn(move || outbox.pick(tap_or_failure, None))
        };
        while outbox.lock().picking == 0 {
            thread::yield_now();
        }
        let getter = blocked_getters(&outbox, 1).pop().unwrap();
        add(&outbox, letter("answer"));
        assert_eq!(getter.join().unwrap(), Ok(Some("answer".into())));
        add(&outbox, of_kind("tap", Kind::Tap));
        assert_eq!(picker.join().unwrap(), Ok(Some("tap".into())));
    }

    #[test]
    fn whoever_waits_is_woken_and_if_nobody_does_the_next_one() {
        let outbox = Arc::new(Outbox::default());
        let getters = blocked_getters(&outbox, 3);
        outbox.wake(true);
        for getter in getters {
            assert_eq!(getter.join().unwrap(), Err(GetError::Woken));
        }
        outbox.wake(true);
        outbox.wake(false);
        assert_eq!(now(&outbox), Ok(None), "it does not wait");
        assert_eq!(outbox.take(9, None), Err(GetError::Woken));
        let brief = Some(Duration::from_millis(1));
        outbox.wake(false);
        assert_eq!(outbox.pick(tap_or_failure, brief), Ok(None));
        outbox.wake(true);
        assert_eq!(
            outbox.pick(tap_or_failure, None),
            Err(GetError::Woken),
            "pickers, too"
        );
        add(&outbox, letter("first"));
        outbox.wake(true);
        assert_eq!(outbox.take(9, None), Ok(Some("first".into())));
    }

    #[test]
    fn whether_there_is_something_to_read_is_told_when_it_changes() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let outbox = {
            let told = Arc::clone(&told);
            let on_readable: OnReadable = Arc::new(move |is| told.lock().unwrap().push(is));
            Outbox::new(Some(on_readable))
        };
        let said = || std::mem::take(&mut *told.lock().unwrap());
        add(&outbox, letter("one"));
        add(&outbox, letter("two"));
        assert_eq!(said(), [true]);
        now(&outbox).unwrap();
        assert!(said().is_empty());
        now(&outbox).unwrap();
        assert_eq!(said(), [false]);
        add(&outbox, of_kind("near", Kind::Presence("band".into())));
        assert_eq!(
            outbox.pick(tap_or_failure, Some(Duration::ZERO)),
            Ok(None),
            "dropped"
        );
        assert_eq!(said(), [true, false]);
        outbox.announce();
        assert_eq!(said(), [false]);
        outbox.close([]);
        assert!(now(&outbox).is_err() && now(&outbox).is_err());
        outbox.announce();
        assert_eq!(said(), [true, true], "the end stays readable");
    }
}
