//! Enrollment: a band and a user come together.
//!
//! Begin hands out an id and the certificates that the band will check; finish takes the band's
//! answer, derives the same keys and compares. Only where the band's confirmation is right, and the
//! rules ([`decision`]) allow it, is anything stored, in one transaction with its audit rows.

pub(crate) mod decision;
mod pending;
mod request;

pub(crate) use pending::{Pending, PendingEnrollment};
pub(crate) use request::FinishRequest;

use axum::http::StatusCode;
use nymi_core::UnixMillis;
use nymi_core::message::Status;
use nymi_core::policy::GroupPolicyValues;
use nymi_core::presence::agreement::{self, AdvKeys, Context, tags_equal};
use nymi_core::presence::{TSet, agreement::set_time_tag};
use sha2::{Digest, Sha256};

use crate::http::{Principal, Refusal};
use crate::nes::Nes;
use crate::pki::Use;
use crate::store::bands::{self, NymiBand};
use crate::store::events::Event;
use crate::store::{StoreError, Write, policies, presence, users};
use decision::{Action, Association, Decision, Situation, decide};

/// What a terminal gets to show the band.
pub(crate) struct Begun {
    pub(crate) enrollment_id: [u8; 16],
    /// NES agreement, L2, L1: PEM.
    pub(crate) chain: [String; 3],
}

/// A finished enrollment.
pub(crate) struct Finished {
    pub(crate) band: NymiBand,
    pub(crate) event_type_id: u8,
}

/// Permission to set a band's clock.
pub(crate) struct TimePermission {
    pub(crate) tag: [u8; 16],
    pub(crate) t_interval_ms: u32,
}

/// Opens an enrollment for a user.
pub(crate) fn begin(nes: &Nes, user: &Principal) -> Result<Begun, Refusal> {
    let leaf = nes
        .pki
        .leaf(Use::Agreement, nes.clock.now())
        .map_err(|error| {
            tracing::error!(%error, "no certificate to agree keys with");
            Refusal::certificates(error.to_string())
        })?;
    let (enterprise, leaf) = leaf.ok_or_else(|| Refusal::certificates(nes.pki.why_none()))?;
    let chain = [
        nymi_core::chain::pem::encode("CERTIFICATE", &leaf.der),
        enterprise.l2_pem(),
        enterprise.l1_pem(),
    ];
    let pending = PendingEnrollment {
        account: user.account,
        enterprise,
        agreement: leaf,
    };
    let enrollment_id = nes
        .enrollments
        .open(pending, nes.clock.monotonic_ms())
        .map_err(|message| Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(60))?;
    Ok(Begun {
        enrollment_id,
        chain,
    })
}

/// Completes an enrollment with the band's answer.
pub(crate) async fn finish(
    nes: &Nes,
    user: &Principal,
    enrollment_id: &[u8; 16],
    request: &FinishRequest,
) -> Result<Finished, Refusal> {
    let pending = nes
        .enrollments
        .take(enrollment_id, user.account, nes.clock.monotonic_ms())
        .ok_or_else(|| {
            Refusal::not_found(
                "this enrollment is not open: it ended, or 10 minutes passed; start over",
            )
        })?;
    let keys = derive(&pending, enrollment_id, request)?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let Some(keys) = keys else {
        tracing::warn!(band = %request.band, user = %user.name(),
            "enrollment refused: terminal and server hold different L2 certificates");
        return Err(refuse(write, user, request, 12, decision::CMAC_MISMATCH).await?);
    };
    let q_band_hash = Sha256::digest(request.q_band.as_bytes()).into();
    if !write.remember_agreement(request.band, &q_band_hash).await? {
        tracing::warn!(band = %request.band, user = %user.name(),
            "enrollment refused: the band's address or key was used before");
        return Err(Refusal::status(
            StatusCode::CONFLICT,
            Status::INVALID_FIELD,
            "NymiBandID or q_band was used by an earlier enrollment; delete the user data on the \
             Nymi Band and start over",
        ));
    }
    let finished = match apply(&mut write, user, request, &keys).await? {
        Ok(finished) => finished,
        // What was remembered above belongs to a refused enrollment: it goes with the transaction.
        Err(refused) => {
            drop(write);
            let write = nes.store.begin(nes.clock.now()).await?;
            return Err(refuse(write, user, request, refused.0, refused.1).await?);
        }
    };
    write.commit().await?;
    Ok(finished)
}

/// Both keys, or none where the band's confirmation is not ours.
fn derive(
    pending: &PendingEnrollment,
    enrollment_id: &[u8; 16],
    request: &FinishRequest,
) -> Result<Option<AdvKeys>, Refusal> {
    let context = Context {
        band: request.band,
        l2_spki: pending.enterprise.l2_spki(),
        band_point: request.q_band,
    };
    let keys = agreement::agree(&pending.agreement.key, &context)
        .map_err(|_| Refusal::invalid("q_band must be a compressed point on P-256"))?;
    let expected = agreement::confirm(
        &keys.first,
        request.band,
        enrollment_id,
        &request.identity_spki,
    );
    Ok(tags_equal(&request.confirm, &expected).then_some(keys))
}

/// Writes the event of a refused enrollment, and nothing else.
async fn refuse(
    mut write: Write<'_>,
    user: &Principal,
    request: &FinishRequest,
    event_type_id: u8,
    description: &'static str,
) -> Result<Refusal, StoreError> {
    let core = users::find(write.sql(), &user.domain, &user.username).await?;
    let user_core_id = core.map(|core| core.id);
    write
        .event(&Event {
            event_type_id,
            user_core_id,
            ..base_event(user, request)
        })
        .await?;
    write.commit().await?;
    let (http, status) = match event_type_id {
        4 => (StatusCode::CONFLICT, Status::INVALID_FIELD),
        12 => (StatusCode::BAD_REQUEST, Status::CMAC_MISMATCH),
        _ => (StatusCode::FORBIDDEN, Status::FORBIDDEN_BY_POLICY),
    };
    Ok(Refusal::enrollment(http, event_type_id, description).with("Status", status.code()))
}

fn base_event(user: &Principal, request: &FinishRequest) -> Event {
    Event {
        username: Some(user.username.clone()),
        initial_tap: request
            .initial_tap
            .clone()
            .or_else(|| request.nfc_uid.clone()),
        confirm_tap: request.confirm_tap.clone(),
        modified_by: user.name(),
        hardware_id: Some(request.serial_number.clone()),
        ..Event::default()
    }
}

/// Decides and carries out, or says with which event and text it is refused.
async fn apply(
    write: &mut Write<'_>,
    user: &Principal,
    request: &FinishRequest,
    keys: &AdvKeys,
) -> Result<Result<Finished, (u8, &'static str)>, Refusal> {
    let policy = policies::active(write.sql()).await?.policy;
    let core = write
        .user_for(&user.domain, &user.username, &user.name())
        .await?;
    let known = bands::by_serial(write.sql(), &request.serial_number).await?;
    let active = bands::active_of(write.sql(), core.id).await?;
    let situation = Situation {
        policy: policy.values(),
        band: match known.as_ref().and_then(|band| band.user_core_id) {
            None => Association::Nobody,
            Some(owner) if owner == core.id => Association::ThisUser,
            Some(_) => Association::AnotherUser,
        },
        user_has_another_active_band: active
            .as_ref()
            .is_some_and(|band| band.hardware_id != request.serial_number),
    };
    let (event_type_id, action) = match decide(&situation) {
        Decision::Refuse {
            event_type_id,
            message,
        } => return Ok(Err((event_type_id, message))),
        Decision::Enroll {
            event_type_id,
            action,
        } => (event_type_id, action),
    };
    if action == Action::ReplaceActiveBand
        && let Some(active) = active
    {
        let by = user.name();
        let replaced = NymiBand {
            is_active: false,
            modified_by: by,
            ..active.clone()
        };
        write.update_band(&active, &replaced).await?;
    }
    let label = label(policy.values(), user, request)?;
    let previous_owner = known.as_ref().and_then(|band| band.user_core_id);
    let new = request.band_row(core.id, label, user, write.stamp());
    if bands::nfc_uid_holder(write.sql(), &new).await?.is_some() {
        return Ok(Err((4, decision::NFC_UID_TAKEN)));
    }
    let id = match known {
        Some(old) => {
            let new = NymiBand {
                id: old.id,
                created_at: old.created_at.clone(),
                ..new.clone()
            };
            write.update_band(&old, &new).await?;
            old.id
        }
        None => write.insert_band(&new).await?,
    };
    write.set_adv_keys(id, core.id, keys).await?;
    write
        .set_identity_key(id, &request.identity_spki, &user.name())
        .await?;
    let event = Event {
        event_type_id,
        user_core_id: Some(core.id),
        disconnect_user_core_id: previous_owner.filter(|owner| *owner != core.id),
        ..base_event(user, request)
    };
    write.event(&event).await?;
    Ok(Ok(Finished {
        band: NymiBand { id, ..new },
        event_type_id,
    }))
}

/// A label has at most so many characters, two rows of six.
const LABEL: usize = 12;

/// The label that the policy lets the band show.
fn label(
    policy: &GroupPolicyValues,
    user: &Principal,
    request: &FinishRequest,
) -> Result<Option<String>, Refusal> {
    let default = || user.username.chars().take(LABEL).collect();
    match &request.band_label {
        _ if !policy.band_label => Ok(None),
        Some(label) if policy.band_label_customization => {
            if label.chars().count() <= LABEL {
                Ok(Some(label.clone()))
            } else {
                Err(Refusal::invalid(
                    "BandLabel must have at most 12 characters",
                ))
            }
        }
        _ => Ok(Some(default())),
    }
}

/// How much later than the last a setting of the clock must be.
const T_SET_STEP_MS: u64 = 1000;

/// Permits a terminal to set the clock of its user's band.
pub(crate) async fn set_time(
    nes: &Nes,
    user: &Principal,
    band: &NymiBand,
    t_set: TSet,
) -> Result<TimePermission, Refusal> {
    let now = nes.clock.now();
    let mut write = nes.store.begin(now).await?;
    let policy = policies::active(write.sql()).await?.policy;
    let Some(band) = bands::by_id(write.sql(), band.id).await? else {
        return Err(Refusal::not_found("there is no such band any more"));
    };
    if !band.is_active {
        return Err(Refusal::status(
            StatusCode::FORBIDDEN,
            Status::BAND_NOT_ACTIVE,
            "the band is not active; an administrator suspended or replaced it",
        ));
    }
    let sealer = write.sealer;
    let owner = band.user_core_id.unwrap_or_default();
    let keys = presence::adv_keys(write.sql(), sealer, band.id, owner).await?;
    let keys = keys.ok_or_else(|| {
        let message = "this server has no advertising key for the band; enroll it here";
        Refusal::status(StatusCode::NOT_FOUND, Status::NO_ADV_KEY, message)
    })?;
    let terminal_ms = i64::try_from(t_set.ms()).unwrap_or(i64::MAX);
    if !policy.pac().terminal_clock_in_bounds(now.0, terminal_ms) {
        return Err(clock_refused(write, user, &band, terminal_ms).await?);
    }
    let settings = presence::settings(write.sql(), band.id).await?;
    if settings
        .iter()
        .any(|last| t_set.ms() < last.t_set.ms().saturating_add(T_SET_STEP_MS))
    {
        return Err(Refusal::status(
            StatusCode::CONFLICT,
            Status::INVALID_FIELD,
            "t_set_ms must be at least 1 s later than the last one; try again in a second",
        )
        .retry_after(1));
    }
    let t_interval_ms = policy.pac().t_interval_ms();
    write.propose_t_set(band.id, t_set, t_interval_ms).await?;
    let changed = NymiBand {
        t_set_time: Some(UnixMillis(terminal_ms).to_string()),
        modified_by: user.name(),
        ..band.clone()
    };
    write.update_band(&band, &changed).await?;
    write.commit().await?;
    let id = band
        .nymi_band_id
        .parse()
        .map_err(|_| StoreError::Corrupt("nub.NymiBand.NymiBandID"))?;
    Ok(TimePermission {
        tag: set_time_tag(&keys.second, id, t_set),
        t_interval_ms,
    })
}

/// Event 15: the terminal's clock and this server's differ too much.
async fn clock_refused(
    mut write: Write<'_>,
    user: &Principal,
    band: &NymiBand,
    terminal_ms: i64,
) -> Result<Refusal, StoreError> {
    let ahead = terminal_ms.saturating_sub(write.now.0);
    write
        .event(&Event {
            event_type_id: 15,
            user_core_id: band.user_core_id,
            username: Some(user.username.clone()),
            modified_by: user.name(),
            hardware_id: Some(band.hardware_id.clone()),
            ..Event::default()
        })
        .await?;
    write.commit().await?;
    Ok(
        Refusal::enrollment(StatusCode::BAD_REQUEST, 15, decision::TERMINAL_CLOCK)
            .with("Status", Status::TERMINAL_CLOCK.code())
            .with("skew_ms", ahead),
    )
}
