//! The rules from the history: a slow model, which looks at everything that ever happened each half
//! second.

use nymi_core::message::TapMethod;

use super::*;

pub(super) const TICK: i64 = 500;

#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    Sighting(Sighting),
    Gesture(Gesture),
    Session(SessionChange),
    Owner(Option<BandId>),
    Resume,
}

/// What a frame, or a tap with one, says.
pub(super) struct Heard {
    band: BandId,
    proximity: Option<Proximity>,
    /// Worn and authenticated, as it says itself.
    on: bool,
    outcome: Option<Outcome>,
    tap: Option<TapMethod>,
}

impl Heard {
    pub(super) fn is_verified(&self) -> bool {
        self.outcome == Some(Outcome::Verified)
    }
}

pub(super) fn heard(input: Input) -> Option<Heard> {
    match input {
        Input::Sighting(s) => Some(Heard {
            band: s.band,
            proximity: s.proximity,
            on: s.worn && s.authenticated,
            outcome: s.outcome,
            tap: None,
        }),
        // A tap that nobody verified is not even a hint of where the band is not.
        Input::Gesture(Gesture::Tap {
            band,
            method,
            outcome,
        }) => Some(Heard {
            band,
            proximity: Some(Proximity::Gone),
            on: true,
            outcome,
            tap: Some(method),
        }),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Distance {
    Unknown,
    Bypassed,
    Close,
    Far,
}

/// The rules, from the history.
pub(super) struct Model {
    rules: LockRules,
    history: Vec<(i64, Input)>,
    /// Index in the history where the session was unlocked; none while locked.
    pub(super) open_from: Option<usize>,
    away_since: Option<i64>,
    locked_by_us: bool,
    asked: bool,
    pub(super) said: Vec<(i64, String)>,
}

impl Model {
    /// A session that is still locked.
    pub(super) fn new(rules: LockRules) -> Self {
        Self {
            rules,
            history: Vec::new(),
            open_from: None,
            away_since: None,
            locked_by_us: false,
            asked: false,
            said: Vec::new(),
        }
    }

    fn owner_before(&self, index: usize) -> Option<BandId> {
        let changes = self.history[..index].iter().rev();
        changes
            .filter_map(|(_, input)| match input {
                Input::Owner(owner) => Some(*owner),
                _ => None,
            })
            .next()
            .unwrap_or(Some(OWN))
    }

    fn own_frames(&self) -> impl DoubleEndedIterator<Item = (usize, i64, Heard)> {
        let frames = self.history.iter().enumerate();
        frames.filter_map(|(index, (t, input))| {
            let frame = heard(*input)?;
            (self.owner_before(index) == Some(frame.band)).then_some((index, *t, frame))
        })
    }

    /// The index after the last thing that makes older proofs worthless.
    fn distrusted_until(&self) -> usize {
        let off = self
            .own_frames()
            .filter(|(_, _, frame)| {
                frame.outcome == Some(Outcome::NotAuthenticated)
                    || frame.tap.is_none() && frame.outcome.is_none() && !frame.on
            })
            .map(|(index, ..)| index);
        let others =
            self.history
                .iter()
                .enumerate()
                .filter_map(|(index, (_, input))| match input {
                    Input::Resume => Some(index),
                    Input::Owner(owner) if *owner != self.owner_before(index) => Some(index),
                    _ => None,
                });
        off.chain(others).max().map_or(0, |index| index + 1)
    }

    fn proof(&self) -> Option<i64> {
        let from = self.distrusted_until();
        self.own_frames()
            .rev()
            .find(|(index, _, frame)| *index >= from && frame.is_verified())
            .map(|(_, t, _)| t)
    }

    fn distance_after(&self, end: usize) -> Distance {
        let mut distance = Distance::Unknown;
        for (index, (_, input)) in self.history[..end].iter().enumerate() {
            match input {
                Input::Owner(owner) if *owner != self.owner_before(index) => {
                    distance = Distance::Unknown
                }
                Input::Resume if distance != Distance::Bypassed => distance = Distance::Unknown,
                _ => {}
            }
            let Some(frame) = heard(*input) else {
                continue;
            };
            if self.owner_before(index) != Some(frame.band) {
                continue;
            }
            distance = match (frame.outcome, frame.tap, frame.proximity) {
                (Some(Outcome::Verified), Some(_), _) if distance == Distance::Bypassed => {
                    Distance::Bypassed
                }
                (Some(Outcome::Verified), Some(TapMethod::Ble), _) => Distance::Close,
                (Some(Outcome::Verified), Some(TapMethod::Nfc), _) => Distance::Unknown,
                (Some(Outcome::Verified), None, None) => Distance::Bypassed,
                (Some(Outcome::Verified), None, Some(Proximity::Tap | Proximity::Close)) => {
                    Distance::Close
                }
                (Some(Outcome::Verified), None, Some(Proximity::Far)) => Distance::Far,
                (Some(Outcome::Verified), None, Some(Proximity::Gone)) => Distance::Unknown,
                (None, None, Some(Proximity::Far))
                    if frame.on && distance != Distance::Bypassed =>
                {
                    Distance::Far
                }
                _ => distance,
            };
        }
        distance
    }

    fn distance(&self) -> Distance {
        self.distance_after(self.history.len())
    }

    /// Whether the session has seen the band, so that it can miss it.
    fn watches(&self) -> bool {
        let Some(from) = self.open_from else {
            return false;
        };
        let in_session = self
            .own_frames()
            .any(|(index, _, frame)| index >= from && frame.is_verified());
        in_session || self.proven_at_unlock(from)
    }

    fn proven_at_unlock(&self, from: usize) -> bool {
        let opened_at = self.history[from - 1].0;
        let before = Model {
            history: self.history[..from].to_vec(),
            said: Vec::new(),
            ..*self
        };
        before
            .proof()
            .is_some_and(|proof| opened_at - proof < self.rules.silence_ms())
    }

    /// Whether the session has seen it close, since distance last stopped to matter.
    fn watches_distance(&self) -> bool {
        let Some(from) = self.open_from else {
            return false;
        };
        let mut watches =
            self.proven_at_unlock(from) && self.distance_after(from) == Distance::Close;
        for index in from..self.history.len() {
            let input = self.history[index].1;
            if matches!(input, Input::Owner(owner) if owner != self.owner_before(index)) {
                watches = false;
            }
            let Some(frame) = heard(input).filter(Heard::is_verified) else {
                continue;
            };
            if self.owner_before(index) != Some(frame.band) {
                continue;
            }
            match self.distance_after(index + 1) {
                Distance::Close => watches = true,
                Distance::Bypassed => watches = false,
                _ if frame.tap == Some(TapMethod::Nfc) => watches = false,
                _ => {}
            }
        }
        watches
    }

    fn say(&mut self, t: i64, what: impl std::fmt::Debug) {
        self.said.push((t, format!("{what:?}")));
    }

    fn counts_down(&self) -> bool {
        self.rules.enabled && self.rules.lock_when_away
    }

    fn go_away(&mut self, t: i64) {
        if self.open_from.is_some() && self.away_since.is_none() && self.watches() {
            self.away_since = Some(t);
            if self.counts_down() {
                self.say(t, "countdown");
            }
        }
    }

    fn come_back(&mut self, t: i64) {
        if self.away_since.take().is_some() && self.counts_down() {
            self.say(t, "cancelled");
        }
    }

    /// Time alone.
    pub(super) fn tick(&mut self, t: i64) {
        if self.watches()
            && self
                .proof()
                .is_some_and(|proof| t - proof >= self.rules.silence_ms())
        {
            self.go_away(t);
        }
        let due = self
            .away_since
            .is_some_and(|since| t - since >= self.rules.countdown_ms);
        if due && self.counts_down() {
            (self.open_from, self.away_since) = (None, None);
            (self.locked_by_us, self.asked) = (true, false);
            self.say(t, "lock");
        }
    }

    pub(super) fn take(&mut self, t: i64, input: Input) {
        let owner = self.owner_before(self.history.len());
        let watched = self.watches_distance();
        let was_distrusted = self.distrusted_until();
        self.history.push((t, input));
        let verified =
            heard(input).is_some_and(|frame| Some(frame.band) == owner && frame.is_verified());
        if self.distrusted_until() != was_distrusted {
            self.go_away(t);
        } else if verified && self.open_from.is_some() {
            match self.distance() {
                Distance::Close => self.come_back(t),
                _ if !self.watches_distance() => self.come_back(t),
                Distance::Far => self.go_away(t),
                _ => {}
            }
        } else if verified && matches!(input, Input::Sighting(_)) {
            let may = self.rules.enabled && self.rules.unlock_when_present && self.rules.may_unlock;
            if may && self.locked_by_us && !self.asked && self.distance() == Distance::Close {
                self.asked = true;
                self.say(t, UnlockCause::Return);
            }
        } else if let Input::Sighting(Sighting {
            outcome: None,
            proximity: Some(Proximity::Far),
            band,
            ..
        }) = input
            && owner == Some(band)
            && watched
            && self.distance() == Distance::Far
        {
            self.go_away(t);
        }
        match input {
            Input::Session(change) => self.session(t, change),
            Input::Gesture(gesture) if self.open_from.is_none() => self.gesture(t, gesture, owner),
            _ => {}
        }
        self.tick(t);
    }

    fn session(&mut self, t: i64, change: SessionChange) {
        match (change, self.open_from) {
            (SessionChange::Unlocked, None) => self.open_from = Some(self.history.len()),
            (SessionChange::Unlocked, Some(_)) => {}
            (SessionChange::LockedByUser, None) => self.locked_by_us = false,
            (SessionChange::Locked, None) => {}
            (_, Some(_)) => {
                self.come_back(t);
                self.open_from = None;
                (self.locked_by_us, self.asked) = (false, false);
            }
        }
    }

    fn gesture(&mut self, t: i64, gesture: Gesture, owner: Option<BandId>) {
        let fresh = self.proof().is_some_and(|proof| t - proof < 5_000);
        let near = matches!(self.distance(), Distance::Close | Distance::Bypassed);
        let near_enough = near || !self.rules.unlock_when_present;
        let granted = match gesture {
            Gesture::Tap { band, outcome, .. } => {
                owner == Some(band) && outcome == Some(Outcome::Verified)
            }
            Gesture::Key => owner.is_some() && fresh && near_enough,
            Gesture::Submit { band } => band.is_some() && owner == band && fresh && near_enough,
        };
        if granted && self.rules.enabled && self.rules.may_unlock {
            self.asked = true;
            self.say(t, "unlock");
        } else {
            self.say(t, "refused");
        }
    }

    pub(super) fn keeps_awake(&self) -> bool {
        let wanted = self.rules.enabled && self.rules.keep_unlocked_when_present;
        wanted && self.watches() && self.away_since.is_none()
    }
}
