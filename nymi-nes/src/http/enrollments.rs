use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nymi_core::BandId;
use nymi_core::band::{HardwareVersion, SerialNumber};
use nymi_core::enrollment::EventType;
use nymi_core::message::{NfcUid, Status};
use nymi_core::presence::TSet;
use nymi_core::text::is_plain;
use serde::Deserialize;
use serde_json::{Value, json};

use super::users::find_band;
use super::{Body, Kind, Principal, Refusal};
use crate::enrollment::{self, FinishRequest, LogIn, Tapped};
use crate::nes::Nes;
use crate::store::events::Event;
use crate::store::users;

/// For whom the terminal believes it enrolls, and what.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Begin {
    domain: Option<String>,
    username: Option<String>,
    /// Which band, where the terminal knows it already.
    serial_number: Option<SerialNumber>,
    /// The enrollment that the band has elsewhere and its user has authenticated to.
    #[serde(rename = "NymiBandID")]
    band: Option<BandId>,
}

/// POST `api/Enrollments`: for the user of the token; a body that names another is refused.
pub(super) async fn begin(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.user()?;
    let named: Begin = if body.is_empty() {
        Begin::default()
    } else {
        body.json()?
    };
    let domain = named.domain.as_deref().unwrap_or(&caller.domain);
    let username = named.username.as_deref().unwrap_or(&caller.username);
    if !caller.is_user(domain, username) {
        return Err(Refusal::forbidden(
            "the token is another user's than the one who enrolls",
        ));
    }
    if named.band.is_some() && named.serial_number.is_none() {
        return Err(Refusal::invalid(
            "SerialNumber must be given with NymiBandID, which registers that enrollment",
        ));
    }
    let tapped = Tapped {
        serial: named.serial_number.as_ref(),
        registers: named.band,
    };
    let begun = enrollment::begin(&nes, &caller, tapped).await?;
    Ok(Json(json!({
        "enrollment_id": hex::encode(begun.enrollment_id),
        "chain": begun.chain,
    })))
}

/// PUT `api/Enrollments/{id}`.
pub(super) async fn finish(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.user()?;
    let mut enrollment_id = [0; 16];
    hex::decode_to_slice(&id, &mut enrollment_id)
        .map_err(|_| Refusal::invalid("an enrollment_id has 32 hexadecimal digits"))?;
    let request = FinishRequest::read(&body)?;
    let finished = enrollment::finish(&nes, &caller, &enrollment_id, &request).await?;
    Ok(Json(json!({
        "ID": finished.band.id,
        "NymiBandID": finished.band.nymi_band_id,
        "Username": caller.username,
        "Domain": caller.domain,
        "BandLabel": finished.band.band_label,
        "IsActive": finished.band.is_active,
        "IsPrimary": finished.band.is_primary,
        "EventTypeID": finished.event_type_id,
    })))
}

#[derive(Deserialize)]
struct SetTime {
    t_set_ms: u64,
    /// What the band says; kept where its row has none.
    #[serde(rename = "HardwareVersion")]
    hardware_version: Option<HardwareVersion>,
}

/// POST `api/NymiBands/{id}/SetTime`: for the band's own user.
pub(super) async fn set_time(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.user()?;
    let request: SetTime = body.json()?;
    let t_set = TSet::new(request.t_set_ms)
        .ok_or_else(|| Refusal::invalid("t_set_ms must be at most 9223372036854775807"))?;
    let missing = || Refusal::not_found("you have no such Nymi Band");
    let (band, owner) = {
        let mut reading = nes.store.read().await?;
        let Some(band) = find_band(&mut reading, &id).await? else {
            drop(reading);
            let refusal = enrollment::log_in_disconnected(&nes, &caller, &id).await?;
            return Err(refusal.unwrap_or_else(missing));
        };
        let owner = match band.user_core_id {
            Some(owner) => users::by_id(&mut reading, owner).await?,
            None => None,
        };
        let owner = owner
            .filter(|owner| caller.is_user(&owner.domain, &owner.username))
            .ok_or_else(missing)?;
        (band, owner)
    };
    let log_in = LogIn {
        t_set,
        hardware_version: request.hardware_version,
    };
    let permission = enrollment::set_time(&nes, &caller, &owner, &band, &log_in).await?;
    Ok(Json(json!({
        "set_time": hex::encode(permission.tag),
        "t_interval_ms": permission.t_interval_ms,
    })))
}

#[derive(Deserialize)]
struct Reported {
    #[serde(rename = "EventTypeID")]
    event_type_id: u8,
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Domain")]
    domain: Option<String>,
    #[serde(rename = "InitialTapNymiBandId")]
    initial_tap: Option<NfcUid>,
    #[serde(rename = "ConfirmTapNymiBandId")]
    confirm_tap: Option<NfcUid>,
    #[serde(rename = "HardwareID")]
    hardware_id: Option<String>,
}

/// What only the terminal can know. The other events are this server's own to write.
const REPORTABLE: [EventType; 4] = [
    EventType::ConfirmTapDiffers,
    EventType::WrongCredentials,
    EventType::BandOfAnotherUser,
    EventType::FarApplied,
];

/// POST `api/EnrollmentEvents`: from enrollment terminals, and from users about themselves.
pub(super) async fn event(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let reported: Reported = body.json()?;
    let username = reported.username.as_str();
    let domain = reported.domain.as_deref().unwrap_or(&caller.domain);
    if caller.kind != Kind::Terminal && !caller.is_user(domain, username) {
        return Err(Refusal::forbidden(
            "events of others are reported by an enrollment terminal's service account",
        ));
    }
    let reportable = |event: &EventType| event.id() == reported.event_type_id;
    if !REPORTABLE.iter().any(reportable) {
        return Err(Refusal::invalid(
            "EventTypeID must be 1, 2, 4 or 5; this server writes the others itself",
        ));
    }
    let too_long = |text: &str, most| text.len() > most || !text.chars().all(is_plain);
    if username.is_empty() || too_long(username, 256) {
        return Err(Refusal::invalid(
            "Username must be 1 to 256 bytes without control characters",
        ));
    }
    if reported
        .hardware_id
        .as_deref()
        .is_some_and(|id| too_long(id, 64))
    {
        return Err(Refusal::invalid("HardwareID must be at most 64 bytes"));
    }
    if let Err(seconds) = nes.limits.report(caller.account, nes.clock.monotonic_ms()) {
        return Err(Refusal::status(
            StatusCode::TOO_MANY_REQUESTS,
            Status::NES_TIMEOUT,
            format!("too many events; report the next in {seconds} s"),
        )
        .retry_after(seconds));
    }
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let user = users::find(write.sql(), domain, username).await?;
    let event = Event {
        event_type_id: reported.event_type_id,
        user_core_id: user.map(|user| user.id),
        username: Some(reported.username.clone()),
        initial_tap: reported.initial_tap.map(|uid| uid.to_string()),
        confirm_tap: reported.confirm_tap.map(|uid| uid.to_string()),
        modified_by: caller.name(),
        hardware_id: reported.hardware_id,
        ..Event::default()
    };
    write.event(&event).await?;
    write.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"EventTypeID": event.event_type_id})),
    ))
}
