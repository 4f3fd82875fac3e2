//! Who is in an individual policy.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nymi_core::directory::AccountStatus;
use nymi_core::policy::UserCoreId;

use super::columns::Object;
use super::{Individual, Kind, Principal, Refusal, edit, id_of};
use crate::nes::Nes;
use crate::store::users;

/// PUT `api/IndividualUserPolicies/{id}/Members/{domain}/{username}`: a user whom the directory knows
/// need not have enrolled yet.
pub(super) async fn put_in(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((id, domain, username)): Path<(String, String, String)>,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let id = id_of::<Individual>(&id)?;
    let now = nes.clock.now();
    let entry = nes.directory.entry(&domain, &username, now).await?;
    let mut write = nes.store.begin(now).await?;
    let user = match entry.status {
        AccountStatus::NotFound => users::find(write.sql(), &domain, &username).await?,
        _ => Some(write.user_for(&domain, &username, &caller.name()).await?),
    };
    let user = user.ok_or_else(|| Refusal::not_found("there is no such user"))?;
    let (set, ()) = edit(&mut write, &caller, |set| {
        Ok(set.assign(UserCoreId(user.id), Some(id))?)
    })
    .await?;
    write.commit().await?;
    Individual::json(&set, id).map(Json)
}

/// DELETE `api/IndividualUserPolicies/{id}/Members/{domain}/{username}`.
pub(super) async fn take_out(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((id, domain, username)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    let caller = caller.administrator()?;
    let id = id_of::<Individual>(&id)?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let missing = || Refusal::not_found("the user is not in this policy");
    let user = users::find(write.sql(), &domain, &username).await?;
    let user = UserCoreId(user.ok_or_else(missing)?.id);
    edit(&mut write, &caller, |set| {
        if set.policy_of(user).is_none_or(|(policy, _)| policy != id) {
            return Err(missing());
        }
        Ok(set.assign(user, None)?)
    })
    .await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
