use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use nymi_core::UnixMillis;
use nymi_core::directory::{AccountStatus, CachePolicy};
use nymi_core::message::Status;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::{Principal, Refusal};
use crate::directory::Known;
use crate::nes::Nes;
use crate::store::bands::{self, NymiBand};
use crate::store::lookup::{self, LookupFilter, LookupRow};
use crate::store::users::{self, UserCore};
use crate::store::{StoreError, applied, policies};

/// The band by its NymiBandID or its row id.
pub(super) async fn find_band(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<NymiBand>, StoreError> {
    if let Ok(band) = id.parse() {
        return bands::by_band_id(connection, band).await;
    }
    match id.parse() {
        Ok(id) => bands::by_id(connection, id).await,
        Err(_) => Ok(None),
    }
}

/// People see their own bands; programs and administrators all.
fn owner(caller: &Principal) -> Option<(String, String)> {
    caller
        .is_plain_user()
        .then(|| (caller.domain.clone(), caller.username.clone()))
}

/// GET `api/NymiBands?…`.
pub(super) async fn bands(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    query: Result<Query<LookupFilter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<LookupRow>>, Refusal> {
    let Query(filter) = query.map_err(|error| Refusal::invalid(error.body_text()))?;
    let filter = LookupFilter {
        owner: owner(&caller),
        ..filter
    };
    let mut reading = nes.store.read().await?;
    Ok(Json(lookup::lookup(&mut reading, &filter).await?))
}

/// GET `api/NymiBands/{id}`.
pub(super) async fn band(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<LookupRow>, Refusal> {
    let mut reading = nes.store.read().await?;
    let missing = || Refusal::not_found("there is no such Nymi Band");
    let band = find_band(&mut reading, &id).await?.ok_or_else(missing)?;
    let filter = LookupFilter {
        nymi_band_id: band.nymi_band_id.parse().ok(),
        owner: owner(&caller),
        ..LookupFilter::default()
    };
    let row = lookup::lookup(&mut reading, &filter)
        .await?
        .into_iter()
        .next();
    row.map(Json).ok_or_else(missing)
}

pub(super) fn user_json(user: &UserCore) -> Value {
    json!({
        "ID": user.id,
        "Domain": user.domain,
        "Username": user.username,
        "MiscNote": user.misc_note,
        "CreatedAt": user.created_at,
        "ModifiedAt": user.modified_at,
        "ModifiedBy": user.modified_by,
    })
}

/// GET `api/UserCores`.
pub(super) async fn user_cores(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
) -> Result<Json<Vec<Value>>, Refusal> {
    let mut all = users::all(&mut *nes.store.read().await?).await?;
    if caller.is_plain_user() {
        all.retain(|user| caller.is_user(&user.domain, &user.username));
    }
    Ok(Json(all.iter().map(user_json).collect()))
}

/// GET `api/UserCores/{domain}/{username}`.
pub(super) async fn user_core(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((domain, username)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let missing = || Refusal::not_found("no such user has enrolled");
    if caller.is_plain_user() && !caller.is_user(&domain, &username) {
        return Err(missing());
    }
    let mut reading = nes.store.read().await?;
    let user = users::find(&mut reading, &domain, &username).await?;
    let user = user.ok_or_else(missing)?;
    let effective = policies::effective(&mut reading, user.id).await?;
    let status = applied::status_of_user(&mut reading, user.id, &effective).await?;
    let mut answer = user_json(&user);
    answer["IndividualUserPolicyId"] = policies::individual_of(&mut reading, user.id).await?.into();
    answer["PolicyStatus"] = status.title().into();
    Ok(Json(answer))
}

/// GET `api/UserStatus/{domain}/{username}`.
pub(super) async fn user_status(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((domain, username)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    if caller.is_plain_user() && !caller.is_user(&domain, &username) {
        return Err(Refusal::forbidden(
            "users may ask for their own status only",
        ));
    }
    let policy = policies::active(&mut *nes.store.read().await?).await?;
    let policy = CachePolicy::from(policy.values());
    let answer = |status: AccountStatus, cached: bool, at: UnixMillis| {
        Json(json!({"status": status.name(), "cached": cached, "checked_at": at}))
    };
    let clock = nes.clock.as_ref();
    match nes.statuses.decide(policy, &domain, &username, clock) {
        Known::NotOffered => Err(Refusal::status(
            StatusCode::FORBIDDEN,
            Status::FORBIDDEN_BY_POLICY,
            "Check User Status is not enabled in the active group policy",
        )),
        Known::Kept(status, at) => Ok(answer(status, true, at)),
        Known::Ask => {
            let now = nes.clock.now();
            let status = nes.directory.entry(&domain, &username, now).await?.status;
            nes.statuses.keep(policy, &domain, &username, status, clock);
            Ok(answer(status, false, now))
        }
    }
}
