use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nymi_core::message::Status;
use nymi_core::policy::GroupPolicyValues;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::users::find_band;
use super::{Body, Principal, Refusal};
use crate::nes::Nes;
use crate::store::bands::{self, LookupFilter, LookupRow, NymiBand};
use crate::store::policies::{self, StoredPolicy};
use crate::text::is_plain;

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

/// PUT `api/NymiBands/{id}`: suspends, restores, notes.
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
        .any(|note| note.len() > MAX_NOTE || !is_plain(note))
    {
        return Err(Refusal::invalid(
            "MiscNote must be at most 4000 bytes without control characters",
        ));
    }
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let missing = || Refusal::not_found("there is no such Nymi Band");
    let old = find_band(write.sql(), &id).await?.ok_or_else(missing)?;
    let new = NymiBand {
        is_active: change.is_active.unwrap_or(old.is_active),
        is_primary: change.is_primary.unwrap_or(old.is_primary),
        misc_note: note.unwrap_or_else(|| old.misc_note.clone()),
        modified_by: caller.name(),
        ..old.clone()
    };
    change_band(&mut write, &old, &new).await?;
    let filter = LookupFilter {
        nymi_band_id: old.nymi_band_id.parse().ok(),
        ..LookupFilter::default()
    };
    let row = bands::lookup(write.sql(), &filter)
        .await?
        .into_iter()
        .next()
        .ok_or_else(missing)?;
    write.commit().await?;
    Ok(Json(row))
}

/// Changes a band; a second active band of a user, or of an NFC UID, is refused.
pub(crate) async fn change_band(
    write: &mut crate::store::Write<'_>,
    old: &NymiBand,
    new: &NymiBand,
) -> Result<(), Refusal> {
    if new.is_active
        && !old.is_active
        && let Some(user) = old.user_core_id
        && bands::active_of(write.sql(), user).await?.is_some()
    {
        return Err(Refusal::status(
            StatusCode::CONFLICT,
            Status::FORBIDDEN_BY_POLICY,
            "the user has another active Nymi Band; deactivate that one first",
        ));
    }
    if new.is_active && bands::nfc_uid_holder(write.sql(), new).await?.is_some() {
        return Err(Refusal::status(
            StatusCode::CONFLICT,
            Status::INVALID_FIELD,
            "another active Nymi Band has the same NfcUID; deactivate that one first",
        ));
    }
    write.update_band(old, new).await?;
    Ok(())
}

fn policy_json(stored: &StoredPolicy) -> Result<Map<String, Value>, Refusal> {
    let values = serde_json::to_value(&stored.policy);
    let Ok(Value::Object(columns)) = values else {
        return Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the policy could not be written as JSON",
        ));
    };
    let mut map = Map::new();
    map.insert("ID".into(), stored.id.into());
    map.insert("IsActive".into(), stored.is_active.into());
    map.extend(columns);
    Ok(map)
}

/// GET `api/Policies`.
pub(super) async fn policies(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
) -> Result<Json<Vec<Map<String, Value>>>, Refusal> {
    let all = policies::all(&mut *nes.store.read().await?).await?;
    all.iter()
        .map(policy_json)
        .collect::<Result<_, _>>()
        .map(Json)
}

fn chosen(all: Vec<StoredPolicy>, id: Option<&str>) -> Result<StoredPolicy, Refusal> {
    all.into_iter()
        .find(|stored| match id {
            None => stored.is_active,
            Some(id) => id.parse() == Ok(stored.id),
        })
        .ok_or_else(|| Refusal::not_found("there is no such group policy"))
}

/// GET `api/Policies/{id}`.
pub(super) async fn policy(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Map<String, Value>>, Refusal> {
    let all = policies::all(&mut *nes.store.read().await?).await?;
    policy_json(&chosen(all, Some(&id))?).map(Json)
}

/// PUT `api/Policies`: the active one.
pub(super) async fn put_active_policy(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Map<String, Value>>, Refusal> {
    put(&nes, caller, None, &body).await
}

/// PUT `api/Policies/{id}`.
pub(super) async fn put_policy(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Map<String, Value>>, Refusal> {
    put(&nes, caller, Some(&id), &body).await
}

/// Changes the columns that are given; the others stay as they are.
async fn put(
    nes: &Nes,
    caller: Principal,
    id: Option<&str>,
    body: &Body,
) -> Result<Json<Map<String, Value>>, Refusal> {
    let caller = caller.administrator()?;
    let changes: Map<String, Value> = body.json()?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let old = chosen(policies::all(write.sql()).await?, id)?;
    let mut columns = policy_json(&old)?;
    for (name, value) in changes {
        // SQL names have no case.
        let known = columns
            .keys()
            .find(|known| known.eq_ignore_ascii_case(&name))
            .cloned();
        columns.insert(known.unwrap_or(name), value);
    }
    for fixed in ["ID", "IsActive"] {
        if columns.remove(fixed) != policy_json(&old)?.remove(fixed) {
            return Err(Refusal::invalid(format!("{fixed} cannot be changed here")));
        }
    }
    let values: GroupPolicyValues = serde_json::from_value(Value::Object(columns))
        .map_err(|error| Refusal::invalid(error.to_string()))?;
    let new = old
        .policy
        .revised(values)
        .map_err(|error| Refusal::invalid(error.to_string()))?;
    write.update_policy(&old, &new, &caller.name()).await?;
    write.commit().await?;
    policy_json(&StoredPolicy { policy: new, ..old }).map(Json)
}
