//! Lock: may this terminal stay unlocked, and may it be unlocked now?
//!
//! A [`LockControl`] decides for one session of one user (guide 000, 4.2.10 "Configuring Nymi Lock
//! Control", 8.1 and 8.7). It has no clock and touches no screen: sightings of bands, gestures and
//! changes of the session go in, [`LockEvent`]s come out, and [`LockControl::next_deadline`] says
//! when to ask again.
//!
//! ```text
//!   verified, close ──► present ──► off the wrist, far, silent, resumed ──► countdown ──► Lock
//!                          ▲                                                    │
//!                          └──────────── verified and close again ◄─────────────┘
//! ```
//!
//! **What counts.** Only a frame that the server verified as worn and authenticated proves
//! presence. What was not verified can take away (begin a countdown) but never give: it neither
//! ends a countdown, nor unlocks, nor brings a band closer.
//!
//! **Away.** Leaving close range, or taking the band off, begins the countdown at once. Silence
//! begins it so late that the lock falls after 30 s; see
//! `docs/decisions/lock-timing.md`. The rule begins to watch a session when the band was first seen
//! in it, and its distance when it was first close: who logs in with a password, or taps an NFC
//! reader far from the adapter, is not locked out for a distance that was never kept.
//!
//! **Back.** A terminal that was locked because the band went unlocks when the band is verified and
//! close again, where *Unlock When Present* is set. Any other lock stays until a [`Gesture`].
//!
//! **Time** that jumps forth counts as silence, so it can lock and never unlock. Time that is set
//! back by more than a second goes on from where it was. Told late, the machine answers as if told
//! in time.
//!
//! ```
//! use nymi_core::lock::*;
//! use nymi_core::policy::GroupPolicyValues;
//! use nymi_core::presence::Outcome;
//! use nymi_core::tap::Proximity;
//! use nymi_core::{BandId, UnixMillis};
//!
//! let policy = GroupPolicyValues { lock_control: true, ..GroupPolicyValues::default() };
//! let band = BandId::new([1; 6]);
//! let mut lock = LockControl::new(LockRules::from(&policy), Some(band));
//! let near = Sighting::verified(band, Some(Proximity::Close));
//! lock.handle_session(UnixMillis(0), SessionChange::Unlocked);
//! lock.handle_sighting(UnixMillis(0), &near);
//!
//! let far = Sighting { proximity: Some(Proximity::Far), ..near };
//! let events = lock.handle_sighting(UnixMillis(1_000), &far);
//! assert!(matches!(events[0], LockEvent::CountdownStarted { .. }));
//! assert_eq!(lock.next_deadline(), Some(UnixMillis(11_000)));
//! let events = lock.handle_timeout(UnixMillis(11_000));
//! assert_eq!(events, [LockEvent::Lock { at: UnixMillis(11_000), cause: AwayCause::Far }]);
//! # assert_eq!(near.outcome, Some(Outcome::Verified));
//! ```

mod machine;
mod unlock;

pub use machine::LockControl;

use crate::message::{PresenceEvent, Status, TapMethod};
use crate::policy::GroupPolicyValues;
use crate::presence::Outcome;
use crate::tap::Proximity;
use crate::{BandId, UnixMillis};

/// Out of Bluetooth range for this long, and the terminal is locked (guide 000, 8.7).
pub const SILENCE_LOCKS_MS: i64 = 30_000;

/// Silence shorter than this begins no countdown, however long the policy makes it.
pub const SILENCE_MIN_MS: i64 = 5_000;

/// A key unlocks if the band was verified less than this before (presence "yes").
pub const FRESH_MS: i64 = 5_000;

/// What policy and terminal allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRules {
    /// *Enable Nymi Lock Control*. Without it nothing locks, unlocks or stays unlocked.
    pub enabled: bool,
    /// *Lock When Away*.
    pub lock_when_away: bool,
    /// *Unlock When Present*: a band must be close to unlock.
    pub unlock_when_present: bool,
    /// *Keep Unlocked when Present*: screen timeout and sleep are held off.
    pub keep_unlocked_when_present: bool,
    /// Length of the countdown to the lock (ProximityLockCountdown).
    pub countdown_ms: i64,
    /// Whether this terminal may unlock: false if it is in none of the organizational units that
    /// may. It still locks (guide 000, 4.2.10.1).
    pub may_unlock: bool,
}

impl From<&GroupPolicyValues> for LockRules {
    /// The rules of the active group policy, on a terminal that may unlock.
    fn from(policy: &GroupPolicyValues) -> Self {
        Self {
            enabled: policy.lock_control,
            lock_when_away: policy.lock_when_away,
            unlock_when_present: policy.unlock_when_present,
            keep_unlocked_when_present: policy.keep_unlocked_when_present,
            countdown_ms: i64::from(policy.proximity_lock_countdown_seconds) * 1000,
            may_unlock: true,
        }
    }
}

impl LockRules {
    /// Silence after which the countdown begins: so that it ends at [`SILENCE_LOCKS_MS`], where that
    /// leaves at least [`SILENCE_MIN_MS`].
    pub fn silence_ms(&self) -> i64 {
        SILENCE_LOCKS_MS
            .saturating_sub(self.countdown_ms.max(0))
            .max(SILENCE_MIN_MS)
    }

    pub(super) const fn counts_down(&self) -> bool {
        self.enabled && self.lock_when_away
    }
}

/// A band was heard, or what is known of it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The band.
    pub band: BandId,
    /// How near it is; none if the terminal does not judge that (`rssi_cutoff_close` is 0), which
    /// turns every rule of distance off.
    pub proximity: Option<Proximity>,
    /// Whether it is worn, as its frame says.
    pub worn: bool,
    /// Whether the wearer has authenticated, as its frame says.
    pub authenticated: bool,
    /// What the server found when it verified the frame; none if it was not asked.
    pub outcome: Option<Outcome>,
}

impl Sighting {
    /// A frame that the server verified.
    pub const fn verified(band: BandId, proximity: Option<Proximity>) -> Self {
        Self {
            band,
            proximity,
            worn: true,
            authenticated: true,
            outcome: Some(Outcome::Verified),
        }
    }

    /// An update of the agent, with what the server found of the frame behind it.
    pub const fn from_event(event: &PresenceEvent, outcome: Option<Outcome>) -> Self {
        Self {
            band: event.band,
            proximity: event.proximity,
            worn: event.worn,
            authenticated: event.authenticated,
            outcome,
        }
    }
}

/// Somebody at the terminal means to unlock it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// A band was tapped. A tap by NFC is exempt from the rules of distance (guide 000, 8.1).
    Tap {
        /// Which.
        band: BandId,
        /// At the adapter or on a reader.
        method: TapMethod,
        /// What the server found of a frame that the band sent with it; none if it was not asked.
        outcome: Option<Outcome>,
    },
    /// Enter or the space bar.
    Key,
    /// *Submit* of the Credential Provider, for the user who has this band.
    Submit {
        /// The active band of the chosen user; none if they have none.
        band: Option<BandId>,
    },
}

/// The operating system locked or unlocked the session, whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// It is unlocked.
    Unlocked,
    /// The user locked it. It stays locked until a gesture.
    LockedByUser,
    /// A screen timeout, sleep or a program locked it, or it confirms [`LockEvent::Lock`].
    Locked,
}

/// Why a band counts as away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AwayCause {
    /// It left close range.
    Far,
    /// It is off the wrist, or its wearer is no longer authenticated.
    TakenOff,
    /// No frame of it was verified for [`LockRules::silence_ms`].
    Silent,
    /// The terminal slept, so that what was seen before proves nothing.
    Resumed,
    /// The user's active band is no longer the one that was seen.
    Replaced,
}

/// What unlocks the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnlockCause {
    /// A tap.
    Tap(TapMethod),
    /// Enter or the space bar.
    Key,
    /// *Submit* of the Credential Provider.
    Submit,
    /// The band came back after the terminal was locked because it went.
    Return,
}

/// Why a gesture does not unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The policy does not enable Lock Control.
    #[error("the active policy does not enable Nymi Lock Control")]
    Disabled,
    /// The terminal is in none of the organizational units that may unlock.
    #[error("this terminal is in no organizational unit that may unlock with a band")]
    TerminalNotAllowed,
    /// The user has no active band.
    #[error("the user of this session has no active band")]
    NoBand,
    /// It is another user's band. The session stays locked; the band's own user may be logged on
    /// to a session of their own.
    #[error("the band is not the one of this session's user")]
    AnotherUser,
    /// The server did not verify a frame of the tapped band.
    #[error("no presence code of the band was verified")]
    NotVerified(Option<Outcome>),
    /// No frame of the band was verified within [`FRESH_MS`].
    #[error("the band was not verified within the last 5 seconds")]
    NotPresent,
    /// The band is in range, but not close.
    #[error("the band is in range, but not close to the terminal")]
    NotClose,
}

impl Refusal {
    /// The status code that says the same.
    pub fn status(self) -> Status {
        match self {
            Self::Disabled => Status::LOCK_CONTROL_OFF,
            Self::TerminalNotAllowed => Status::NOT_IN_UNIT,
            Self::NoBand | Self::AnotherUser => Status::BAND_NOT_ACTIVE,
            Self::NotVerified(Some(outcome)) => {
                Status::from_code(outcome.status()).unwrap_or(Status::INTERNAL)
            }
            Self::NotVerified(None) | Self::NotPresent | Self::NotClose => Status::BAND_NOT_PRESENT,
        }
    }
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockEvent {
    /// Show the countdown.
    CountdownStarted {
        /// Since when.
        at: UnixMillis,
        /// When the terminal will be locked.
        locks_at: UnixMillis,
        /// Why.
        cause: AwayCause,
    },
    /// Take the countdown away; the terminal is not locked by it.
    CountdownCancelled {
        /// When.
        at: UnixMillis,
    },
    /// Lock the session. Ends the countdown.
    Lock {
        /// When it was due.
        at: UnixMillis,
        /// Why.
        cause: AwayCause,
    },
    /// Unlock the session with the stored credentials, then report what became of it.
    Unlock {
        /// When.
        at: UnixMillis,
        /// By what.
        by: UnlockCause,
    },
    /// A gesture did not unlock the session.
    Refused {
        /// When.
        at: UnixMillis,
        /// Why.
        why: Refusal,
    },
    /// Hold screen timeout and sleep off, or no longer.
    KeepAwake {
        /// When.
        at: UnixMillis,
        /// Whether to hold them off.
        on: bool,
    },
}

impl LockEvent {
    /// When it happened, in the caller's time.
    pub const fn at(&self) -> UnixMillis {
        match self {
            Self::CountdownStarted { at, .. }
            | Self::CountdownCancelled { at }
            | Self::Lock { at, .. }
            | Self::Unlock { at, .. }
            | Self::Refused { at, .. }
            | Self::KeepAwake { at, .. } => *at,
        }
    }
}
