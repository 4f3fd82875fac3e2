use alloc::vec::Vec;

use super::{AwayCause, LockEvent, LockRules, SessionChange, Sighting, UnlockCause};
use crate::forward_clock::ForwardClock;
use crate::presence::Outcome;
use crate::tap::Proximity;
use crate::{BandId, UnixMillis};

/// The distance of the user's band, by the last frame that may say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Near {
    Unknown,
    /// The terminal does not judge distance.
    Bypassed,
    Close,
    Far,
}

/// The band is away, in an unlocked session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Away {
    cause: AwayCause,
    /// The end of the countdown; none where the policy does not lock.
    locks_at: Option<UnixMillis>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Session {
    Open {
        /// The band was seen in this session, so that it can go.
        watches: bool,
        /// It was also close, so that it can leave close range.
        watches_distance: bool,
        away: Option<Away>,
    },
    Locked {
        by_us: bool,
        /// Unlocking was asked for once since the lock; again only by a gesture.
        asked: bool,
    },
}

/// The lock decisions of one session; see the [module](super).
///
/// Its loop: tell it what happened, do what its events say, wait until the deadline or the next input.
///
/// ```
/// use nymi_core::lock::{AwayCause, LockControl, LockEvent, LockRules, SessionChange, Sighting};
/// use nymi_core::policy::GroupPolicyValues;
/// use nymi_core::tap::Proximity;
/// use nymi_core::{BandId, UnixMillis};
///
/// let policy = GroupPolicyValues { lock_control: true, ..GroupPolicyValues::default() };
/// let band = BandId::new([1; 6]);
/// let mut lock = LockControl::new(LockRules::from(&policy), Some(band));
/// lock.handle_session(UnixMillis(0), SessionChange::Unlocked);
/// lock.handle_sighting(UnixMillis(0), &Sighting::verified(band, Some(Proximity::Close)));
///
/// // The band falls silent: a countdown at 20 s, the lock at 30 s, and then nothing is due.
/// let mut locked = None;
/// while let Some(deadline) = lock.next_deadline() {
///     for event in lock.handle_timeout(deadline) {
///         if let LockEvent::Lock { at, cause } = event {
///             locked = Some((at, cause));
///             // The operating system did it, and says so.
///             lock.handle_session(at, SessionChange::Locked);
///         }
///     }
/// }
/// assert_eq!(locked, Some((UnixMillis(30_000), AwayCause::Silent)));
/// assert!(lock.is_locked());
/// ```
#[derive(Clone, Debug)]
pub struct LockControl {
    pub(super) rules: LockRules,
    pub(super) owner: Option<BandId>,
    pub(super) clock: ForwardClock,
    /// When a frame of the owner's band was last verified; none if that no longer proves anything.
    pub(super) proof: Option<UnixMillis>,
    pub(super) near: Near,
    pub(super) session: Session,
    keeps_awake: bool,
}

impl LockControl {
    /// For a session that is still locked, of a user with this active band.
    pub fn new(rules: LockRules, owner: Option<BandId>) -> Self {
        Self {
            rules,
            owner,
            clock: ForwardClock::new(),
            proof: None,
            near: Near::Unknown,
            session: Session::Locked {
                by_us: false,
                asked: false,
            },
            keeps_awake: false,
        }
    }

    /// Whether the session is locked, as far as is known.
    pub const fn is_locked(&self) -> bool {
        matches!(self.session, Session::Locked { .. })
    }

    /// When the countdown that runs will lock, if one runs.
    pub fn locks_at(&self) -> Option<UnixMillis> {
        self.away()
            .and_then(|away| away.locks_at)
            .map(|at| self.clock.outside(at))
    }

    /// A band was heard.
    pub fn handle_sighting(&mut self, now: UnixMillis, sighting: &Sighting) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        if self.owner == Some(sighting.band) {
            match sighting.outcome {
                Some(Outcome::Verified) => {
                    self.near = match sighting.proximity {
                        None => Near::Bypassed,
                        Some(Proximity::Tap | Proximity::Close) => Near::Close,
                        Some(Proximity::Far) => Near::Far,
                        Some(Proximity::Gone) => Near::Unknown,
                    };
                    self.proven(now, &mut events);
                }
                Some(Outcome::NotAuthenticated) => {
                    self.distrust(now, AwayCause::TakenOff, &mut events)
                }
                None => self.hinted(now, sighting, &mut events),
                // A frame that is not the band's, or not of now, says nothing of the band.
                Some(_) => {}
            }
        }
        self.finish(now, &mut events);
        events
    }

    /// Time passed. Every deadline up to now is handled, in order, each at its own time.
    pub fn handle_timeout(&mut self, now: UnixMillis) -> Vec<LockEvent> {
        let mut events = Vec::new();
        self.begin(now, &mut events);
        events
    }

    /// The session was locked or unlocked.
    pub fn handle_session(&mut self, now: UnixMillis, change: SessionChange) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        match (change, &mut self.session) {
            (SessionChange::Unlocked, Session::Locked { .. }) => self.open(now),
            (SessionChange::Unlocked, Session::Open { .. }) => {}
            (SessionChange::LockedByUser, Session::Locked { by_us, .. }) => *by_us = false,
            (SessionChange::Locked, Session::Locked { .. }) => {}
            (_, Session::Open { .. }) => {
                self.cancel(now, &mut events);
                self.session = Session::Locked {
                    by_us: false,
                    asked: false,
                };
            }
        }
        self.finish(now, &mut events);
        events
    }

    /// The terminal woke from sleep: what was seen before proves nothing any more. Only needed where
    /// the caller's clock stands still meanwhile, and harmless otherwise.
    pub fn handle_resume(&mut self, now: UnixMillis) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        self.distrust(now, AwayCause::Resumed, &mut events);
        self.finish(now, &mut events);
        events
    }

    /// The session's user has another active band now, or none.
    pub fn handle_owner(&mut self, now: UnixMillis, owner: Option<BandId>) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        if self.owner != owner {
            self.owner = owner;
            self.distrust(now, AwayCause::Replaced, &mut events);
            self.near = Near::Unknown;
            if let Session::Open {
                watches_distance, ..
            } = &mut self.session
            {
                *watches_distance = false;
            }
        }
        self.finish(now, &mut events);
        events
    }

    /// The policy changed. A countdown that runs keeps its end.
    pub fn handle_rules(&mut self, now: UnixMillis, rules: LockRules) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        self.rules = rules;
        match self.away() {
            Some(away) => match (away.locks_at, rules.counts_down()) {
                (Some(_), false) => {
                    self.cancel(now, &mut events);
                    self.set_away(Some(Away {
                        locks_at: None,
                        ..away
                    }));
                }
                (None, true) => self.count_down(now, away.cause, &mut events),
                _ => {}
            },
            // A longer countdown begins after less silence: it has all of its time from now.
            None if self.deadline().is_some_and(|at| at <= now) => {
                self.leave(now, AwayCause::Silent, &mut events);
            }
            None => {}
        }
        self.finish(now, &mut events);
        events
    }

    /// When [`Self::handle_timeout`] has something to do, if nothing else happens before.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        self.deadline().map(|at| self.clock.outside(at))
    }

    /// Makes up for the time that passed; the moment in the machine's own time.
    pub(super) fn begin(&mut self, now: UnixMillis, events: &mut Vec<LockEvent>) -> UnixMillis {
        let now = self.clock.tick(now);
        self.pass_time(now, events);
        now
    }

    /// What follows from the input at once.
    pub(super) fn finish(&mut self, now: UnixMillis, events: &mut Vec<LockEvent>) {
        self.pass_time(now, events);
        self.settle_awake(now, events);
    }

    fn pass_time(&mut self, now: UnixMillis, events: &mut Vec<LockEvent>) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            match self.away() {
                None => self.leave(at, AwayCause::Silent, events),
                Some(away) => {
                    self.session = Session::Locked {
                        by_us: true,
                        asked: false,
                    };
                    events.push(LockEvent::Lock {
                        at: self.clock.outside(at),
                        cause: away.cause,
                    });
                }
            }
            self.settle_awake(at, events);
        }
    }

    fn deadline(&self) -> Option<UnixMillis> {
        match self.session {
            Session::Open {
                away: Some(away), ..
            } => away.locks_at,
            Session::Open { watches: true, .. } => self
                .proof
                .map(|proof| proof.saturating_add(self.rules.silence_ms())),
            _ => None,
        }
    }

    fn away(&self) -> Option<Away> {
        match self.session {
            Session::Open { away, .. } => away,
            Session::Locked { .. } => None,
        }
    }

    fn set_away(&mut self, to: Option<Away>) {
        if let Session::Open { away, .. } = &mut self.session {
            *away = to;
        }
    }

    fn open(&mut self, now: UnixMillis) {
        let watches = self.proven_within(now, self.rules.silence_ms());
        self.session = Session::Open {
            watches,
            watches_distance: watches && self.near == Near::Close,
            away: None,
        };
    }

    pub(super) fn proven_within(&self, now: UnixMillis, ms: i64) -> bool {
        self.proof.is_some_and(|proof| now.since(proof) < ms)
    }

    /// A frame of the owner's band was verified; `near` is up to date.
    pub(super) fn proven(&mut self, now: UnixMillis, events: &mut Vec<LockEvent>) {
        self.proof = Some(now);
        let returns = self.near == Near::Close && self.may_return();
        match &mut self.session {
            Session::Open {
                watches,
                watches_distance,
                ..
            } => {
                *watches = true;
                match self.near {
                    Near::Close => *watches_distance = true,
                    Near::Bypassed => *watches_distance = false,
                    Near::Far | Near::Unknown => {}
                }
                match (self.near, *watches_distance) {
                    (Near::Close, _) | (_, false) => self.cancel(now, events),
                    (Near::Far, true) => self.leave(now, AwayCause::Far, events),
                    (Near::Unknown | Near::Bypassed, true) => {}
                }
            }
            Session::Locked {
                by_us: true,
                asked: false,
            } if returns => {
                self.unlock(now, UnlockCause::Return, events);
            }
            Session::Locked { .. } => {}
        }
    }

    const fn may_return(&self) -> bool {
        self.rules.enabled && self.rules.unlock_when_present && self.rules.may_unlock
    }

    pub(super) fn unlock(&mut self, now: UnixMillis, by: UnlockCause, events: &mut Vec<LockEvent>) {
        if let Session::Locked { asked, .. } = &mut self.session {
            *asked = true;
            events.push(LockEvent::Unlock {
                at: self.clock.outside(now),
                by,
            });
        }
    }

    /// A frame that nobody verified: it can only take away.
    fn hinted(&mut self, now: UnixMillis, sighting: &Sighting, events: &mut Vec<LockEvent>) {
        if !sighting.worn || !sighting.authenticated {
            self.distrust(now, AwayCause::TakenOff, events);
        } else if sighting.proximity == Some(Proximity::Far) && self.near != Near::Bypassed {
            self.near = Near::Far;
            if let Session::Open {
                watches_distance: true,
                ..
            } = self.session
            {
                self.leave(now, AwayCause::Far, events);
            }
        }
    }

    /// What was verified before proves nothing any more.
    pub(super) fn distrust(
        &mut self,
        now: UnixMillis,
        cause: AwayCause,
        events: &mut Vec<LockEvent>,
    ) {
        self.proof = None;
        self.leave(now, cause, events);
    }

    fn leave(&mut self, at: UnixMillis, cause: AwayCause, events: &mut Vec<LockEvent>) {
        let Session::Open {
            watches: true,
            away: None,
            ..
        } = self.session
        else {
            return;
        };
        self.set_away(Some(Away {
            cause,
            locks_at: None,
        }));
        if self.rules.counts_down() {
            self.count_down(at, cause, events);
        }
    }

    fn count_down(&mut self, at: UnixMillis, cause: AwayCause, events: &mut Vec<LockEvent>) {
        let locks_at = at.saturating_add(self.rules.countdown_ms.max(0));
        self.set_away(Some(Away {
            cause,
            locks_at: Some(locks_at),
        }));
        events.push(LockEvent::CountdownStarted {
            at: self.clock.outside(at),
            locks_at: self.clock.outside(locks_at),
            cause,
        });
    }

    fn cancel(&mut self, now: UnixMillis, events: &mut Vec<LockEvent>) {
        if self.away().is_some_and(|away| away.locks_at.is_some()) {
            events.push(LockEvent::CountdownCancelled {
                at: self.clock.outside(now),
            });
        }
        self.set_away(None);
    }

    fn settle_awake(&mut self, at: UnixMillis, events: &mut Vec<LockEvent>) {
        let present = matches!(
            self.session,
            Session::Open {
                watches: true,
                away: None,
                ..
            }
        );
        let on = present && self.rules.enabled && self.rules.keep_unlocked_when_present;
        if self.keeps_awake != on {
            self.keeps_awake = on;
            events.push(LockEvent::KeepAwake {
                at: self.clock.outside(at),
                on,
            });
        }
    }
}
