//! An enrollment or log-in that the rules refuse: its event, and the answer.

use std::borrow::Cow;

use axum::http::StatusCode;
use nymi_core::BandId;
use nymi_core::enrollment::{EventType, Outcome, Reason};
use nymi_core::message::Status;

use crate::http::{Principal, Refusal};
use crate::nes::Nes;
use crate::store::events::{Event, Verification};
use crate::store::{StoreError, users};

/// Why it does not go on.
#[derive(Debug)]
pub(super) struct Refused {
    event: EventType,
    http: StatusCode,
    status: Status,
    description: Cow<'static, str>,
    /// What to do, where the table says it.
    hint: Option<&'static str>,
    /// How far the terminal's clock is ahead, where that is the reason.
    skew_ms: Option<i64>,
}

impl Refused {
    /// For a reason of the core's table, told to a user of this domain.
    pub(super) fn by(reason: Reason, domain: &str) -> Self {
        let http = match reason {
            Reason::CmacMismatch | Reason::TerminalClock | Reason::ConfirmTapDiffers => {
                StatusCode::BAD_REQUEST
            }
            Reason::AdvKeyError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        Self {
            event: reason.event().unwrap_or(EventType::Refused),
            http,
            status: reason.status(),
            description: reason.description_in(domain),
            hint: reason.hint(),
            skew_ms: None,
        }
    }

    /// For an outcome that is not to go on. The core prompts only for what this server never asks.
    pub(super) fn unless_go(outcome: Outcome, domain: &str) -> Self {
        match outcome {
            Outcome::Refuse(reason) => Self::by(reason, domain),
            Outcome::Go(_) | Outcome::Tap | Outcome::Prompt(_) => {
                Self::by(Reason::AdvKeyError, domain)
            }
        }
    }

    /// The band has the NFC UID of another active one: a tap would name both.
    pub(super) fn nfc_uid_taken() -> Self {
        Self {
            event: EventType::BandOfAnotherUser,
            http: StatusCode::CONFLICT,
            status: Status::INVALID_FIELD,
            description: Cow::Borrowed(
                "The NfcUID belongs to another active Nymi Band. Tap the Nymi Band that is being \
                 enrolled; an administrator can deactivate the other.",
            ),
            hint: None,
            skew_ms: None,
        }
    }

    /// The NymiBandID or the band's key was used by an earlier enrollment or registration.
    pub(super) fn used_before() -> Self {
        Self {
            event: EventType::Refused,
            http: StatusCode::CONFLICT,
            status: Status::INVALID_FIELD,
            description: Cow::Borrowed(
                "NymiBandID or q_band was used by an earlier enrollment. Delete the user data on the \
                 Nymi Band and start over.",
            ),
            hint: Some(
                "If the Nymi Band is enrolled elsewhere, an administrator can disconnect the registration \
                 that has its NymiBandID here.",
            ),
            skew_ms: None,
        }
    }

    /// The band says the factory address of one with another serial number.
    pub(super) fn factory_address_taken() -> Self {
        Self {
            event: EventType::BandOfAnotherUser,
            http: StatusCode::CONFLICT,
            status: Status::INVALID_FIELD,
            description: Cow::Borrowed(
                "The StaticMacAddress belongs to a Nymi Band with another SerialNumber. Check both; an \
                 administrator can disconnect the other Nymi Band.",
            ),
            hint: None,
            skew_ms: None,
        }
    }

    pub(super) fn with_skew(self, skew_ms: i64) -> Self {
        let skew_ms = Some(skew_ms);
        Self { skew_ms, ..self }
    }

    /// Writes the event, and nothing else, and makes the answer. `event` has the facts. So that one
    /// account does not fill the audit trail, too many of them are not answered.
    pub(super) async fn record(
        self,
        nes: &Nes,
        user: &Principal,
        event: Event,
    ) -> Result<Refusal, StoreError> {
        tracing::info!(user = %user.name(), event = self.event.id(), "refused: {}", self.description);
        if let Err(seconds) = nes.limits.report(user.account, nes.clock.monotonic_ms()) {
            return Ok(Refusal::status(
                StatusCode::TOO_MANY_REQUESTS,
                Status::NES_TIMEOUT,
                format!("too many refused requests; try again in {seconds} s"),
            )
            .retry_after(seconds));
        }
        let mut write = nes.store.begin(nes.clock.now()).await?;
        let core = users::find(write.sql(), &user.domain, &user.username).await?;
        let verification = event.verification.map(|verification| Verification {
            status: self.status.code(),
            skew_ms: self.skew_ms,
            ..verification
        });
        write
            .event(&Event {
                event_type_id: self.event.id(),
                user_core_id: core.map(|core| core.id),
                verification,
                ..event
            })
            .await?;
        write.commit().await?;
        let mut refusal = Refusal::enrollment(self.http, self.event.id(), &self.description)
            .with("Status", self.status.code());
        if let Some(hint) = self.hint {
            refusal = refusal.with("Hint", hint);
        }
        if let Some(skew_ms) = self.skew_ms {
            refusal = refusal.with("skew_ms", skew_ms);
        }
        Ok(refusal)
    }
}

/// What every event of a user's band at a terminal says: who, and as far as they are known which band
/// and which enrollment of it.
pub(super) fn band_event(user: &Principal, serial: Option<&str>, band: Option<BandId>) -> Event {
    Event {
        username: Some(user.username.clone()),
        modified_by: user.name(),
        hardware_id: serial.map(str::to_owned),
        verification: Some(Verification {
            band,
            agent: user.name(),
            ..Verification::default()
        }),
        ..Event::default()
    }
}
