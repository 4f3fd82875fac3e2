//! Presence verification: an agent's frames in, one audited outcome out, and on request an assertion.
//!
//! One claim is one transaction: it reads the state of (band, T_set), asks the core, replaces the
//! state by one conditional update and writes the event, so that of concurrent claims exactly one
//! order wins and nothing is answered that is not on disk.

mod assertion;
mod clock_step;
mod judge;
mod limits;
mod refused;
mod request;

pub(crate) use clock_step::ClockSteps;
pub(crate) use limits::Limits;
pub(crate) use request::{AssertionWish, ClaimRequest, RequestError};

use axum::http::StatusCode;
use nymi_core::message::Status;
use nymi_core::presence::agreement::AdvKeys;
use nymi_core::presence::{Outcome, PacKey};

use crate::directory::Entry;
use crate::http::{Principal, Refusal};
use crate::nes::Nes;
use crate::store::bands::NymiBand;
use crate::store::events::{Event, Verification};
use crate::store::users::UserCore;
use crate::store::{StoreError, Write, bands, policies, presence, users};
use assertion::Signer;
use judge::Judgement;
use refused::Refused;

pub(crate) use assertion::Assertion;

/// How often a claim is tried when others change the same state at the same time. Each failure means
/// that another claim succeeded.
const MAX_TRIES: usize = 64;

/// What verification answers.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    #[serde(rename = "EventTypeID")]
    pub(crate) event_type_id: u8,
    #[serde(rename = "Status")]
    pub(crate) status: u32,
    pub(crate) counter: Option<u32>,
    pub(crate) skew_ms: Option<i64>,
    pub(crate) t_interval_ms: u32,
    #[serde(skip)]
    pub(crate) assertion: Option<Assertion>,
}

/// How a try ended.
enum Tried {
    Answered(Answer),
    Refused(Refusal),
    /// Another claim changed the state first.
    Again,
}

/// What broke a try off; nothing of it was written.
enum Fault {
    Refusal(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Everything about the band that a claim is judged by.
struct Subject {
    band: NymiBand,
    user: UserCore,
    keys: AdvKeys,
}

/// Verifies the frames of a request and, with a wish, makes an assertion.
pub(crate) async fn claim(
    nes: &Nes,
    agent: &Principal,
    request: &ClaimRequest,
    wish: Option<&AssertionWish>,
) -> Result<Answer, Refusal> {
    let attempt = Attempt {
        nes,
        agent,
        request,
        wish,
    };
    for _ in 0..MAX_TRIES {
        match attempt.run().await {
            Ok(Tried::Answered(answer)) => return Ok(answer),
            Ok(Tried::Refused(refusal)) | Err(Fault::Refusal(refusal)) => return Err(refusal),
            Ok(Tried::Again) => {}
            Err(Fault::Store(error)) => return Err(attempt.internal_error(&error).await),
        }
    }
    Err(Refusal::status(
        StatusCode::SERVICE_UNAVAILABLE,
        Status::NES_SERVER_ERROR,
        "too many claims on this band at the same time; try again",
    )
    .retry_after(1))
}

/// Records a request that could not be read (event 9), within the agent's limit.
pub(crate) async fn bad_request(
    nes: &Nes,
    agent: &Principal,
    error: &RequestError,
) -> Result<Refusal, StoreError> {
    let refusal = error.refusal().with("EventTypeID", 9);
    let now = nes.clock.now();
    if nes
        .limits
        .failure_allowed(&agent.name(), None, nes.clock.monotonic_ms())
    {
        let mut write = nes.store.begin(now).await?;
        let verification = Verification {
            agent: agent.name(),
            status: error.status().code(),
            ..Verification::default()
        };
        write
            .event(&Event {
                event_type_id: 9,
                modified_by: agent.name(),
                verification: Some(verification),
                ..Event::default()
            })
            .await?;
        write.commit().await?;
    }
    Ok(refusal)
}

#[derive(Clone, Copy)]
struct Attempt<'a> {
    nes: &'a Nes,
    agent: &'a Principal,
    request: &'a ClaimRequest,
    wish: Option<&'a AssertionWish>,
}

impl Attempt<'_> {
    async fn run(self) -> Result<Tried, Fault> {
        let now = self.nes.clock.now();
        // The directory may be far away: it is asked before the transaction.
        let (asked_user, entry) = self.ask_directory(now).await?;
        let signer = match self.wish {
            Some(_) => Some(Signer::current(self.nes, now)?),
            None => None,
        };
        let mut write = self.nes.store.begin(now).await?;
        let stepped = self.nes.steps.noticed(now, self.nes.clock.monotonic_ms());
        if stepped {
            write.forget_best().await?;
        }
        let band = bands::by_band_id(write.sql(), self.request.band).await?;
        if band.as_ref().and_then(|band| band.user_core_id) != asked_user {
            return Ok(Tried::Again);
        }
        let tried = match self.subject(&mut write, band).await? {
            Ok(subject) => {
                self.decide(&mut write, &subject, entry.as_ref(), signer)
                    .await?
            }
            Err(refused) => self.refuse(&mut write, refused).await?,
        };
        if matches!(tried, Tried::Again) {
            return Ok(tried);
        }
        write.commit().await?;
        if stepped {
            self.nes.steps.settled(now, self.nes.clock.monotonic_ms());
        }
        Ok(tried)
    }

    /// Records an internal error (event 8), if that much still works.
    async fn internal_error(self, error: &StoreError) -> Refusal {
        tracing::error!(%error, band = %self.request.band, "presence verification failed");
        let recorded = async {
            let mut write = self.nes.store.begin(self.nes.clock.now()).await?;
            let status = Status::INTERNAL.code();
            let verification = Verification {
                status,
                ..self.verification_base()
            };
            write.event(&self.event(8, None, verification)).await?;
            write.commit().await
        };
        let ms = self.nes.clock.monotonic_ms();
        let band = Some(self.request.band);
        if self
            .nes
            .limits
            .failure_allowed(&self.agent.name(), band, ms)
            && let Err(error) = recorded.await
        {
            tracing::error!(%error, "the failure could not be audited");
        }
        Refusal::status(
            StatusCode::INTERNAL_SERVER_ERROR,
            Status::INTERNAL,
            "the server met an internal error; its log has the cause",
        )
        .with("EventTypeID", 8)
    }

    /// The band's user and, where an assertion is wanted, what the directory says of them.
    async fn ask_directory(
        self,
        now: nymi_core::UnixMillis,
    ) -> Result<(Option<i64>, Option<Entry>), StoreError> {
        let mut reading = self.nes.store.read().await?;
        let band = bands::by_band_id(&mut reading, self.request.band).await?;
        let Some(id) = band.and_then(|band| band.user_core_id) else {
            return Ok((None, None));
        };
        if self.wish.is_none() {
            return Ok((Some(id), None));
        }
        let Some(user) = users::by_id(&mut reading, id).await? else {
            return Ok((None, None));
        };
        drop(reading);
        let entry = self
            .nes
            .directory
            .entry(&user.domain, &user.username, now)
            .await?;
        Ok((Some(id), Some(entry)))
    }

    /// The band's keys and user, or why there are none.
    async fn subject(
        self,
        write: &mut Write<'_>,
        band: Option<NymiBand>,
    ) -> Result<Result<Subject, Refused>, StoreError> {
        let Some(band) = band else {
            return Ok(Err(Refused::no_key(None)));
        };
        let Some(user) = band.user_core_id else {
            return Ok(Err(Refused::no_key(Some(band))));
        };
        let sealer = write.sealer;
        let keys = presence::adv_keys(write.sql(), sealer, band.id, user).await?;
        let user = users::by_id(write.sql(), user).await?;
        let (Some(keys), Some(user)) = (keys, user) else {
            return Ok(Err(Refused::no_key(Some(band))));
        };
        Ok(Ok(Subject { band, user, keys }))
    }

    async fn decide(
        self,
        write: &mut Write<'_>,
        subject: &Subject,
        entry: Option<&Entry>,
        signer: Option<Signer>,
    ) -> Result<Tried, Fault> {
        if let Some(refused) = Refused::by_standing(subject, entry) {
            return Ok(self.refuse(write, refused).await?);
        }
        let policy = policies::active(write.sql()).await?;
        let settings = presence::settings(write.sql(), subject.band.id).await?;
        let key = PacKey::new(&subject.keys.first, self.request.band);
        let agent = self.agent.name();
        let judgement = Judgement::of(
            &key,
            policy.pac(),
            &settings,
            self.request,
            &agent,
            write.now,
        );
        let Some((setting, next)) = &judgement.verified else {
            return Ok(self.not_verified(write, subject, &judgement).await?);
        };
        if let Some(wish) = self.wish
            && let Some(refused) = self.spend_intent(write, wish, &policy, subject).await?
        {
            return Ok(self.refuse(write, refused).await?);
        }
        if !write.claim(subject.band.id, setting, next).await? {
            return Ok(Tried::Again);
        }
        let mut answer = judgement.answer();
        let mut verification = self.verification(&answer);
        verification.setting = Some((setting.t_set, setting.t_interval_ms));
        if let (Some(wish), Some(signer)) = (self.wish, signer) {
            let subject_id = entry
                .and_then(|entry| entry.subject.as_deref())
                .unwrap_or_default();
            let assertion =
                signer.sign(self, subject, subject_id, wish, answer.counter, write.now)?;
            verification.jti = Some(assertion.jti);
            verification.token_hash = Some(assertion.token_hash);
            answer.assertion = Some(assertion);
        }
        write
            .event(&self.event(answer.event_type_id, Some(subject), verification))
            .await?;
        Ok(Tried::Answered(answer))
    }

    /// Spends the gesture, or says why it does not count.
    async fn spend_intent(
        self,
        write: &mut Write<'_>,
        wish: &AssertionWish,
        policy: &nymi_core::policy::GroupPolicy,
        subject: &Subject,
    ) -> Result<Option<Refused>, StoreError> {
        let Some(intent) = &self.request.intent else {
            return Ok(None);
        };
        let tolerance = policy.values().pac.dv_nba_nes_time;
        let fault = if !intent.is_recent(write.now, tolerance) {
            "intent_id is of a tap more than 60 s ago, or the clocks of agent and server differ; tap again"
        } else if !write
            .spend_intent(&intent.id, &wish.azp, request::INTENT_MEMORY_MS)
            .await?
        {
            "intent_id was used before: one assertion per tap and application; tap again"
        } else {
            return Ok(None);
        };
        Ok(Some(Refused {
            band: Some(subject.band.clone()),
            user: Some(subject.user.clone()),
            event_type_id: 9,
            http: StatusCode::BAD_REQUEST,
            status: Status::INVALID_FIELD,
            message: fault.to_owned(),
        }))
    }

    /// Writes the event of frames of which none verified, within the limits.
    async fn not_verified(
        self,
        write: &mut Write<'_>,
        subject: &Subject,
        judgement: &Judgement<'_>,
    ) -> Result<Tried, StoreError> {
        let answer = judgement.answer();
        let ms = self.nes.clock.monotonic_ms();
        let limits = &self.nes.limits;
        let band = Some(self.request.band);
        if answer.outcome == Outcome::VerifiedTimeLost {
            if limits.time_lost_allowed(self.request.band, ms) {
                let verification = self.verification(&answer);
                write
                    .event(&self.event(answer.event_type_id, Some(subject), verification))
                    .await?;
            }
        } else if limits.failure_allowed(&self.agent.name(), band, ms) {
            let verification = self.verification(&answer);
            write
                .event(&self.event(answer.event_type_id, Some(subject), verification))
                .await?;
        } else {
            tracing::warn!(agent = %self.agent.name(), band = %self.request.band,
                outcome = answer.outcome.name(), "failures beyond the limit are not audited");
            return Ok(Tried::Refused(
                refused::by_outcome(&answer, StatusCode::TOO_MANY_REQUESTS).retry_after(1),
            ));
        }
        if self.wish.is_some() {
            return Ok(Tried::Refused(refused::by_outcome(
                &answer,
                StatusCode::FORBIDDEN,
            )));
        }
        Ok(Tried::Answered(answer))
    }

    /// Writes the event of a claim that was refused before its frames counted, within the limits.
    async fn refuse(self, write: &mut Write<'_>, refused: Refused) -> Result<Tried, StoreError> {
        let ms = self.nes.clock.monotonic_ms();
        let band = Some(self.request.band);
        if self
            .nes
            .limits
            .failure_allowed(&self.agent.name(), band, ms)
        {
            let verification = Verification {
                outcome: None,
                counter: None,
                skew_ms: None,
                status: refused.status.code(),
                ..self.verification_base()
            };
            let event = Event {
                event_type_id: refused.event_type_id,
                user_core_id: refused.user.as_ref().map(|user| user.id),
                username: refused.user.as_ref().map(|user| user.username.clone()),
                modified_by: self.agent.name(),
                hardware_id: refused.band.as_ref().map(|band| band.hardware_id.clone()),
                verification: Some(verification),
                ..Event::default()
            };
            write.event(&event).await?;
        }
        Ok(Tried::Refused(
            Refusal::status(refused.http, refused.status, refused.message)
                .with("EventTypeID", refused.event_type_id),
        ))
    }

    fn verification_base(self) -> Verification {
        Verification {
            band: Some(self.request.band),
            agent: self.agent.name(),
            endpoint: Some(self.request.endpoint.clone()),
            method: Some(self.request.method.as_str()),
            intent_id: self
                .request
                .intent
                .as_ref()
                .and_then(request::Intent::bytes),
            azp: self.wish.map(|wish| wish.azp.clone()),
            document_sha256: self
                .wish
                .and_then(|wish| wish.document_sha256)
                .map(|hash| *hash.as_bytes()),
            meaning: self.wish.and_then(|wish| wish.meaning.clone()),
            ..Verification::default()
        }
    }

    fn verification(self, answer: &Answer) -> Verification {
        Verification {
            outcome: Some(answer.outcome.name()),
            status: answer.status,
            counter: answer.counter,
            skew_ms: answer.skew_ms,
            ..self.verification_base()
        }
    }

    fn event(
        self,
        event_type_id: u8,
        subject: Option<&Subject>,
        verification: Verification,
    ) -> Event {
        Event {
            event_type_id,
            user_core_id: subject.map(|subject| subject.user.id),
            username: subject.map(|subject| subject.user.username.clone()),
            modified_by: self.agent.name(),
            hardware_id: subject.map(|subject| subject.band.hardware_id.clone()),
            verification: Some(verification),
            ..Event::default()
        }
    }
}
