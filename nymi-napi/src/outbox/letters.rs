//! The updates that wait, and what is counted of those who wait for them.

use std::collections::VecDeque;

use crate::GetError;

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
pub(super) struct State {
    pub(super) letters: VecDeque<Letter>,
    /// The length of the updates.
    pub(super) bytes: usize,
    pub(super) is_full: bool,
    /// How many getters wait.
    pub(super) blocked: usize,
    /// How many pickers wait.
    pub(super) picking: usize,
    /// Counts what [`Outbox::wake`](super::Outbox::wake) did to those who wait.
    pub(super) wakes: u64,
    /// Someone was to be woken, and nobody waited.
    pub(super) wake_is_due: bool,
    pub(super) closed: bool,
    pub(super) end_was_told: bool,
}

impl State {
    /// Queues an update.
    pub(super) fn add(&mut self, letter: Letter) {
        if matches!(letter.kind, Kind::Presence(_)) && self.letters.len() >= CROWDED {
            let same = |queued: &Letter| queued.kind == letter.kind;
            if let Some(at) = self.letters.iter().position(same) {
                self.remove(at);
            }
        }
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
    pub(super) fn has_room(&self) -> bool {
        self.letters.len() <= MOST_LETTERS / 2 && self.bytes <= MOST_BYTES / 2
    }

    /// Whether a getter would get something: after the end, that it came.
    pub(super) fn is_readable(&self) -> bool {
        self.closed || !self.letters.is_empty()
    }

    /// What a getter gets now; none: it has to wait.
    pub(super) fn ready(
        &mut self,
        max: usize,
        was_blocked: bool,
    ) -> Option<Result<String, GetError>> {
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
    pub(super) fn pick(&mut self, choose: impl Fn(&Kind) -> Pick) -> Option<String> {
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
