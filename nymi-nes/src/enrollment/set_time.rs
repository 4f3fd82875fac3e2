//! Setting the clock of an enrolled band: what a terminal does at each log-in to it.

use axum::http::StatusCode;
use nymi_core::band::HardwareVersion;
use nymi_core::enrollment::{Outcome, Rules, Step, Variant, decide};
use nymi_core::life::{SetUp, Wearable};
use nymi_core::message::Status;
use nymi_core::policy::{GroupPolicy, UserCoreId};
use nymi_core::presence::TSet;
use nymi_core::presence::agreement::set_time_tag;
use nymi_core::{BandId, UnixMillis};

use super::refused::{Refused, band_event};
use crate::http::{Principal, Refusal};
use crate::life::Bands;
use crate::nes::Nes;
use crate::store::bands::{self, NymiBand};
use crate::store::users::UserCore;
use crate::store::{StoreError, Write, applied, policies, presence};

/// How much later than the last a setting of the clock must be.
const T_SET_STEP_MS: u64 = 1000;

/// What a terminal says at a log-in.
pub(crate) struct LogIn {
    /// What it will set the band's clock to.
    pub(crate) t_set: TSet,
    /// What the band reports.
    pub(crate) hardware_version: Option<HardwareVersion>,
}

/// Permission to set a band's clock.
pub(crate) struct TimePermission {
    pub(crate) tag: [u8; 16],
    pub(crate) t_interval_ms: u32,
}

/// Permits a terminal to set the clock of its user's band.
pub(crate) async fn set_time(
    nes: &Nes,
    user: &Principal,
    core: &UserCore,
    band: &NymiBand,
    said: &LogIn,
) -> Result<TimePermission, Refusal> {
    let t_set = said.t_set;
    let now = nes.clock.now();
    let mut write = nes.store.begin(now).await?;
    let policy = policies::effective(write.sql(), core.id).await?;
    let Some(band) = bands::by_id(write.sql(), band.id).await? else {
        return Err(Refusal::not_found("there is no such band any more"));
    };
    let band_id = band.band_id()?;
    let terminal_ms = i64::try_from(t_set.ms()).unwrap_or(i64::MAX);
    let clock_in_bounds = policy.pac().terminal_clock_in_bounds(now.0, terminal_ms);
    let step = Step::DeviceId { clock_in_bounds };
    let variant = match band.seos_id {
        Some(_) => Variant::SeosImported,
        None => Variant::Plain,
    };
    let tapped = Authenticated {
        serial: &band.hardware_id,
        band: band_id,
        variant,
    };
    let outcome = log_in(&mut write, core, &policy, &tapped, step).await?;
    if !matches!(outcome, Outcome::Go(_)) {
        drop(write);
        let mut refused = Refused::unless_go(outcome, &user.domain);
        if !clock_in_bounds {
            refused = refused.with_skew(terminal_ms.saturating_sub(now.0));
        }
        let event = band_event(user, Some(&band.hardware_id), Some(band_id));
        return Err(refused.record(nes, user, event).await?);
    }
    let sealer = write.sealer;
    let keys = presence::adv_keys(write.sql(), sealer, band.id, core.id).await?;
    let keys = keys.ok_or_else(|| {
        let message = "this server has no advertising key for the band; enroll it here";
        Refusal::status(StatusCode::NOT_FOUND, Status::NO_ADV_KEY, message)
    })?;
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
    let band_now = NymiBand {
        t_set_time: Some(UnixMillis(terminal_ms).to_string()),
        hardware_version: band
            .hardware_version
            .clone()
            .or_else(|| said.hardware_version.map(|version| version.to_string())),
        modified_by: user.name(),
        ..band.clone()
    };
    follow_policy(&mut write, &policy, &band, band_now).await?;
    write.commit().await?;
    Ok(TimePermission {
        tag: set_time_tag(&keys.second, band_id, t_set),
        t_interval_ms,
    })
}

/// A band with its user's data on it, whose user has authenticated.
struct Authenticated<'a> {
    serial: &'a str,
    band: BandId,
    variant: Variant,
}

/// What the core says of the user's log-in with the authenticated band.
async fn log_in(
    write: &mut Write<'_>,
    core: &UserCore,
    policy: &GroupPolicy,
    tapped: &Authenticated<'_>,
    step: Step,
) -> Result<Outcome, StoreError> {
    let bands = Bands::load(write.sql(), Some(core.id), tapped.serial).await?;
    let set_up = SetUp {
        user: UserCoreId(core.id),
        serial: tapped.serial,
        rules: Rules::of(policy),
        new_id: tapped.band,
    };
    let mut wearable = Wearable::new(tapped.variant);
    wearable.enroll(tapped.band);
    Ok(decide(&bands.registry.situation(&set_up, &wearable, step)))
}

/// Why nobody logs in with a band that has no row under this NymiBandID; none if it was never
/// disconnected here.
pub(crate) async fn log_in_disconnected(
    nes: &Nes,
    user: &Principal,
    id: &str,
) -> Result<Option<Refusal>, StoreError> {
    let Ok(band) = id.parse() else {
        return Ok(None);
    };
    let serial = bands::disconnected_serial(&mut *nes.store.read().await?, band).await?;
    let Some(serial) = serial else {
        return Ok(None);
    };
    let mut write = nes.store.begin(nes.clock.now()).await?;
    // Dropped without a commit: a user who only asks leaves no row.
    let core = write
        .user_for(&user.domain, &user.username, &user.name())
        .await?;
    let policy = policies::effective(write.sql(), core.id).await?;
    let tapped = Authenticated {
        serial: &serial,
        band,
        variant: Variant::Plain,
    };
    let outcome = log_in(&mut write, &core, &policy, &tapped, Step::FirstTap).await?;
    drop(write);
    if matches!(outcome, Outcome::Go(_)) {
        // It may be registered, which is another request.
        return Ok(None);
    }
    let refused = Refused::unless_go(outcome, &user.domain);
    let event = band_event(user, Some(&serial), Some(band));
    refused.record(nes, user, event).await.map(Some)
}

/// With the log-in the band takes what is new in its user's policy.
async fn follow_policy(
    write: &mut Write<'_>,
    policy: &GroupPolicy,
    band: &NymiBand,
    mut changed: NymiBand,
) -> Result<(), StoreError> {
    if let Some(given) = applied::of_band(write.sql(), band.id).await? {
        let liveness = applied::liveness(&changed);
        let given = given.after_log_in(policy, liveness);
        write.set_applied(band.id, Some(&given)).await?;
        changed.is_synced = given.status(policy, liveness).is_synced();
    }
    write.update_band(band, &changed).await?;
    Ok(())
}
