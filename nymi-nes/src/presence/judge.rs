use nymi_core::UnixMillis;
use nymi_core::presence::{Claim, Outcome, PacKey, PacParameters, TSet, VerificationState, verify};

use super::{Answer, ClaimRequest};
use crate::store::presence::Setting;

/// What the core says of a request's frames.
pub(super) struct Judgement<'a> {
    outcome: Outcome,
    counter: Option<u32>,
    skew_ms: Option<i64>,
    t_interval_ms: u32,
    /// The setting of the clock that the verified frame is under, and the state after it.
    pub(super) verified: Option<(&'a Setting, VerificationState)>,
}

impl<'a> Judgement<'a> {
    /// Judges the frames, newest first: the first that verifies counts, else the newest.
    pub(super) fn of(
        key: &PacKey,
        parameters: &PacParameters,
        settings: &'a [Setting],
        request: &ClaimRequest,
        agent: &str,
        now: UnixMillis,
    ) -> Self {
        let mut newest = None;
        for frame in &request.frames {
            let claim = Claim {
                frame,
                now,
                agent,
                endpoint: &request.endpoint,
            };
            let judgement = Self::of_frame(key, parameters, settings, &claim);
            if judgement.verified.is_some() {
                return judgement;
            }
            newest.get_or_insert(judgement);
        }
        newest.unwrap_or_else(|| Self::nothing(Outcome::Malformed, parameters))
    }

    /// Judges one frame under each setting of the clock; its code fits one of them at most.
    fn of_frame(
        key: &PacKey,
        parameters: &PacParameters,
        settings: &'a [Setting],
        claim: &Claim<'_>,
    ) -> Self {
        let mut failed = None;
        for setting in settings {
            let parameters = parameters
                .with_t_interval(setting.t_interval_ms)
                .unwrap_or(*parameters);
            let found = verify(key, setting.t_set, &parameters, &setting.state, claim);
            let judgement = Self {
                outcome: found.outcome,
                counter: found.counter,
                skew_ms: found.skew_ms,
                t_interval_ms: setting.t_interval_ms,
                verified: found.next.map(|next| (setting, next)),
            };
            if found.outcome != Outcome::Failed {
                return judgement;
            }
            failed.get_or_insert(judgement);
        }
        failed.unwrap_or_else(|| Self::without_clock(key, parameters, claim))
    }

    /// A band whose clock was never set: its frames say so, and nothing else of it is right.
    fn without_clock(key: &PacKey, parameters: &PacParameters, claim: &Claim<'_>) -> Self {
        let never = TSet::new(0)
            .map(|t_set| verify(key, t_set, parameters, &VerificationState::default(), claim));
        match never {
            Some(found)
                if matches!(
                    found.outcome,
                    Outcome::VerifiedTimeLost | Outcome::Malformed
                ) =>
            {
                Self {
                    counter: found.counter,
                    ..Self::nothing(found.outcome, parameters)
                }
            }
            _ => Self::nothing(Outcome::Failed, parameters),
        }
    }

    fn nothing(outcome: Outcome, parameters: &PacParameters) -> Self {
        Self {
            outcome,
            counter: None,
            skew_ms: None,
            t_interval_ms: parameters.t_interval_ms(),
            verified: None,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer {
            outcome: self.outcome,
            event_type_id: self.outcome.event_type_id(),
            status: self.outcome.status(),
            counter: self.counter,
            skew_ms: self.skew_ms,
            t_interval_ms: self.t_interval_ms,
            assertion: None,
        }
    }
}
