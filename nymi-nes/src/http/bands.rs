use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nymi_core::life::{Edit, Registry};
use nymi_core::message::Status;
use nymi_core::text::is_plain;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::users::find_band;
use super::{Body, Principal, Refusal};
use crate::life::ChangeError;
use crate::nes::Nes;
use crate::store::lookup::{self, LookupFilter, LookupRow};
use crate::store::{events, users};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct BandChange {
    is_active: Option<bool>,
    is_primary: Option<bool>,
    /// Absent: unchanged; null: removed.
    #[serde(default, deserialize_with = "there")]
    misc_note: Option<Option<String>>,
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

const MAX_NOTE: usize = 4000;

/// PUT `api/NymiBands/{id}`: suspends, restores, notes, as saving the band's page does. What becomes
/// active or primary takes that from the user's other bands.
pub(super) async fn put_band(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<LookupRow>, Refusal> {
    let caller = caller.administrator()?;
    let change: BandChange = body.json()?;
    let note = change
        .misc_note
        .map(|note| note.filter(|note| !note.is_empty()));
    if note
        .iter()
        .flatten()
        .any(|note| note.len() > MAX_NOTE || !note.chars().all(is_plain))
    {
        return Err(Refusal::invalid(
            "MiscNote must be at most 4000 bytes without control characters",
        ));
    }
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let missing = || Refusal::not_found("there is no such Nymi Band");
    let old = find_band(write.sql(), &id).await?.ok_or_else(missing)?;
    let by = caller.name();
    let edit = Edit {
        is_active: change.is_active.unwrap_or(old.is_active),
        is_primary: change.is_primary.unwrap_or(old.is_primary),
        note: note.unwrap_or_else(|| old.misc_note.clone()),
    };
    write
        .change_band(&old, &by, |registry| registry.edit(&old.hardware_id, edit))
        .await?;
    let filter = LookupFilter {
        nymi_band_id: old.nymi_band_id.parse().ok(),
        ..LookupFilter::default()
    };
    let row = lookup::lookup(write.sql(), &filter)
        .await?
        .into_iter()
        .next()
        .ok_or_else(missing)?;
    write.commit().await?;
    Ok(Json(row))
}

/// DELETE `api/NymiBands/{id}`: disconnects the band from its user. Says whose it was and how many
/// audit events tell of the two; these stay.
pub(super) async fn disconnect(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.administrator()?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let missing = || Refusal::not_found("there is no such Nymi Band");
    let band = find_band(write.sql(), &id).await?.ok_or_else(missing)?;
    let operation = |registry: &mut Registry| {
        let change = registry.disconnect(&band.hardware_id)?;
        Ok(vec![change])
    };
    write.change_band(&band, &caller.name(), operation).await?;
    // The registry has said that there is one.
    let owner = band.user_core_id.unwrap_or_default();
    let user = users::by_id(write.sql(), owner).await?;
    let events = events::count_of(write.sql(), owner, &band.hardware_id).await?;
    write.commit().await?;
    Ok(Json(json!({
        "Domain": user.as_ref().map(|user| &user.domain),
        "Username": user.as_ref().map(|user| &user.username),
        "NymiBandID": band.nymi_band_id,
        "SerialNumber": band.hardware_id,
        "Events": events,
    })))
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Life(_) | ChangeError::NfcUidTaken => Self::status(
                StatusCode::CONFLICT,
                Status::INVALID_FIELD,
                error.to_string(),
            ),
        }
    }
}
