use axum::http::StatusCode;
use nymi_core::message::Status;
use nymi_core::presence::Outcome;

use super::{Answer, Subject};
use crate::directory::Entry;
use crate::http::Refusal;
use crate::store::bands::NymiBand;
use crate::store::users::UserCore;

/// The refusal of an assertion for this outcome.
pub(super) fn by_outcome(answer: &Answer, http: StatusCode) -> Refusal {
    let mut refusal = Refusal::new(http, sentence(answer))
        .with("Status", answer.status)
        .with("EventTypeID", answer.event_type_id)
        .with("outcome", answer.outcome.name())
        .with("t_interval_ms", answer.t_interval_ms);
    if let Some(counter) = answer.counter {
        refusal = refusal.with("counter", counter);
    }
    if let Some(skew_ms) = answer.skew_ms {
        refusal = refusal.with("skew_ms", skew_ms);
    }
    refusal
}

/// Why a claim was refused whatever its frames say.
pub(super) struct Refused {
    pub(super) band: Option<NymiBand>,
    pub(super) user: Option<UserCore>,
    pub(super) event_type_id: u8,
    pub(super) http: StatusCode,
    pub(super) status: Status,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn no_key(band: Option<NymiBand>) -> Self {
        Self {
            band,
            user: None,
            event_type_id: 10,
            http: StatusCode::NOT_FOUND,
            status: Status::NO_ADV_KEY,
            message: "this server has no advertising key for the band; enroll it here".into(),
        }
    }

    /// The band must be active and, where the directory was asked, its user in good standing.
    pub(super) fn by_standing(subject: &Subject, entry: Option<&Entry>) -> Option<Self> {
        let refused = |status, message: &str| Self {
            band: Some(subject.band.clone()),
            user: Some(subject.user.clone()),
            event_type_id: 6,
            http: StatusCode::FORBIDDEN,
            status,
            message: message.to_owned(),
        };
        if !subject.band.is_active {
            let message = "the band is not active; an administrator suspended or replaced it";
            return Some(refused(Status::BAND_NOT_ACTIVE, message));
        }
        let standing = entry.map(|entry| entry.status)?;
        (standing.status() != Status::SUCCESS)
            .then(|| refused(standing.status(), standing.sentence()))
    }
}

/// An outcome in words.
fn sentence(answer: &Answer) -> String {
    match answer.outcome {
        Outcome::Malformed => "the data is not a presence frame".into(),
        Outcome::Failed => {
            "the presence code is not this band's; if its clock was just set, log in to the Band \
             Application again"
                .into()
        }
        Outcome::VerifiedTimeLost => {
            "the band has lost its clock; log in to the Band Application with it".into()
        }
        Outcome::OutOfBounds => {
            "the band's clock is out of bounds; log in to the Band Application \
             with it, and check this server's clock"
                .into()
        }
        Outcome::Stale => "the frame was recorded earlier and sent late".into(),
        Outcome::NotAuthenticated => {
            "the band is not worn and authenticated; authenticate to it".into()
        }
        Outcome::Replayed => "this time step was claimed before; wait for the next frame".into(),
        Outcome::Verified => "verified".into(),
    }
}
