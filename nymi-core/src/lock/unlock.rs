//! Gestures: who unlocks, and who does not.

use alloc::vec::Vec;

use super::machine::{LockControl, Near, Session};
use super::{AwayCause, FRESH_MS, Gesture, LockEvent, Refusal, UnlockCause};
use crate::message::TapMethod;
use crate::presence::Outcome;
use crate::{BandId, UnixMillis};

impl LockControl {
    /// Somebody tapped, pressed a key or submitted. In an unlocked session only a tap means
    /// something: the band is here.
    pub fn handle_gesture(&mut self, now: UnixMillis, gesture: Gesture) -> Vec<LockEvent> {
        let mut events = Vec::new();
        let now = self.begin(now, &mut events);
        let (decision, by) = match gesture {
            Gesture::Tap {
                band,
                method,
                outcome,
            } => (
                self.tapped(now, band, method, outcome, &mut events),
                UnlockCause::Tap(method),
            ),
            Gesture::Key => (self.pressed(now), UnlockCause::Key),
            Gesture::Submit { band } => (self.submitted(now, band), UnlockCause::Submit),
        };
        if self.is_locked() {
            match decision.and_then(|()| self.allowed()) {
                Ok(()) => self.unlock(now, by, &mut events),
                Err(why) => events.push(LockEvent::Refused {
                    at: self.clock.outside(now),
                    why,
                }),
            }
        }
        self.finish(now, &mut events);
        events
    }

    fn allowed(&self) -> Result<(), Refusal> {
        if !self.rules.enabled {
            Err(Refusal::Disabled)
        } else if !self.rules.may_unlock {
            Err(Refusal::TerminalNotAllowed)
        } else {
            Ok(())
        }
    }

    fn tapped(
        &mut self,
        now: UnixMillis,
        band: BandId,
        method: TapMethod,
        outcome: Option<Outcome>,
        events: &mut Vec<LockEvent>,
    ) -> Result<(), Refusal> {
        if self.owner != Some(band) {
            return Err(Refusal::AnotherUser);
        }
        match outcome {
            Some(Outcome::Verified) => {}
            Some(Outcome::NotAuthenticated) => {
                self.distrust(now, AwayCause::TakenOff, events);
                return Err(Refusal::NotVerified(outcome));
            }
            _ => return Err(Refusal::NotVerified(outcome)),
        }
        self.near = match (self.near, method) {
            (Near::Bypassed, _) => Near::Bypassed,
            (_, TapMethod::Ble) => Near::Close,
            // The hand is on a reader, wherever that is: nothing is known of the adapter.
            (_, TapMethod::Nfc) => Near::Unknown,
        };
        match &mut self.session {
            Session::Open {
                watches_distance, ..
            } => {
                *watches_distance &= method == TapMethod::Ble;
                self.proven(now, events);
            }
            // The tap unlocks, and not the return of the band.
            Session::Locked { .. } => self.proof = Some(now),
        }
        Ok(())
    }

    /// Enter or space: the band must have been verified just now, and be close where the policy
    /// says so.
    fn pressed(&self, now: UnixMillis) -> Result<(), Refusal> {
        let close = matches!(self.near, Near::Close | Near::Bypassed);
        if self.owner.is_none() {
            Err(Refusal::NoBand)
        } else if !self.proven_within(now, FRESH_MS) {
            Err(Refusal::NotPresent)
        } else if self.rules.unlock_when_present && !close {
            Err(Refusal::NotClose)
        } else {
            Ok(())
        }
    }

    fn submitted(&self, now: UnixMillis, band: Option<BandId>) -> Result<(), Refusal> {
        match band {
            None => Err(Refusal::NoBand),
            Some(band) if Some(band) != self.owner => Err(Refusal::AnotherUser),
            Some(_) => self.pressed(now),
        }
    }
}
