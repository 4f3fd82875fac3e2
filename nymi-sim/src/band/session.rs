//! Sessions with applications: TLS and the rules are elsewhere, here they meet.

use nymi_core::UnixMillis;
use nymi_core::band::session::{
    BandOperation, SessionAnswer, SessionCaller, SessionId, SessionRequest,
};
use nymi_core::band::{BandRefusal, FirmwareGrade, HapticEvent, SettingRequest};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::message::Notification;
use nymi_session::{BandEnd, Heard, Trust};
use rand::CryptoRng;

use super::Band;

impl Band {
    /// Takes a session's next message and gives the records that answer it. Where it refuses, the
    /// session is over, unless the message was not its next one.
    pub(super) fn session(
        &mut self,
        now: UnixMillis,
        id: SessionId,
        sequence: u32,
        records: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, BandRefusal> {
        let mut end = match self.sessions.take(&id, sequence, now)? {
            Some(end) => end,
            None => self.new_end(now)?,
        };
        let answer = match end.receive(records)? {
            Heard::Closed => return Ok(Vec::new()),
            Heard::Handshake => end.records(),
            Heard::Request(caller, request) => {
                let answer = self.asked(now, &caller, request, rng);
                end.answer(&answer)?
            }
        };
        // The user may have been deleted meanwhile, and with the user every session.
        if self.state.enrolled() {
            self.sessions.keep(id, sequence, now, end);
        }
        Ok(answer)
    }

    fn new_end(&self, now: UnixMillis) -> Result<BandEnd, BandRefusal> {
        let held = self
            .complete()
            .ok_or_else(|| BandRefusal::rule("the band has no user, and so nothing to ask for"))?;
        if self.lost.is_some() {
            return Err(BandRefusal::rule(
                "the band has lost its time, so that it cannot check certificates: log in to the Band Application",
            ));
        }
        let l1 = held.l1.as_ref().or(self.kept_l1.as_ref());
        let l1 = l1.ok_or_else(|| {
            BandRefusal::rule("the band knows no L1 of its enrollment: enroll it again")
        })?;
        let grade = match self.firmware_grade {
            FirmwareGrade::Bronze => GradeRequirement::Bronze,
            FirmwareGrade::Gold(_) => GradeRequirement::Gold,
        };
        let distrust = |error: nymi_core::chain::ChainError| {
            BandRefusal::distrust(Some(error.number()), error)
        };
        let anchor = TrustAnchor::from_der(l1).map_err(distrust)?;
        let at = UnixMillis(self.clock.at(now));
        BandEnd::new(&held.identity, Trust { anchor, grade, at })
    }

    /// Does what a caller asks, if it may.
    fn asked(
        &mut self,
        now: UnixMillis,
        caller: &SessionCaller,
        request: SessionRequest,
        rng: &mut dyn CryptoRng,
    ) -> SessionAnswer {
        match request {
            SessionRequest::Perform(operation) => self.perform(now, caller, &operation, rng),
            SessionRequest::SetTime {
                t_set_ms,
                ref tag,
                t_interval_ms,
            } => {
                if let Err(refusal) = caller.may(&self.state, &request) {
                    return refusal.into();
                }
                let setting = SettingRequest {
                    t_set_ms,
                    tag,
                    t_interval_ms,
                };
                match self.set_time(now, setting) {
                    Ok(()) => SessionAnswer::Done,
                    Err(refusal) => refusal.into(),
                }
            }
        }
    }

    fn perform(
        &mut self,
        now: UnixMillis,
        caller: &SessionCaller,
        operation: &BandOperation,
        rng: &mut dyn CryptoRng,
    ) -> SessionAnswer {
        let before = self.state.condition().clone();
        let clock_ms = self.clock.at(now);
        let mut draw = |bytes: &mut [u8]| rng.fill_bytes(bytes);
        let answer = self
            .keys
            .perform(&mut self.state, caller, operation, clock_ms, &mut draw);
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return refusal.into(),
        };
        if let BandOperation::Notify { positive } = operation {
            self.notified = Some(if *positive {
                Notification::Positive
            } else {
                Notification::Negative
            });
            self.vibrations += u64::from(self.state.vibrates(HapticEvent::Notified));
            self.changed = true;
        }
        // Keys are counted there.
        self.changed |= before != *self.state.condition();
        self.settle();
        answer
    }
}
