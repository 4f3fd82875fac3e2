//! Group policies, individual policies and their members. The rules are those of
//! [`PolicySet`]: each request does one operation on it, and what differs then is written.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use nymi_core::directory::AccountStatus;
use nymi_core::message::Status;
use nymi_core::policy::{
    GroupPolicyId, GroupPolicyValues, IndividualPolicyId, IndividualPolicyValues, PolicySet,
    PolicySetError, PolicyType, UserCoreId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Body, Principal, Refusal};
use crate::nes::Nes;
use crate::store::{Write, policies, users};

type Object = Map<String, Value>;

/// The routes.
pub(super) fn routes() -> Router<Arc<Nes>> {
    Router::new()
        .route(
            "/api/Policies",
            get(groups).put(put_active).post(create_group),
        )
        .route(
            "/api/Policies/{id}",
            get(group).put(put_group).delete(delete_group),
        )
        .route(
            "/api/IndividualUserPolicies",
            get(individuals).post(create_individual),
        )
        .route(
            "/api/IndividualUserPolicies/{id}",
            get(individual)
                .put(put_individual)
                .delete(delete_individual),
        )
        .route(
            "/api/IndividualUserPolicies/{id}/Members/{domain}/{username}",
            put(put_member).delete(delete_member),
        )
}

impl From<PolicySetError> for Refusal {
    fn from(error: PolicySetError) -> Self {
        use PolicySetError as Error;
        let (http, status) = match error {
            Error::Policy(_) | Error::DeactivateActive => {
                (StatusCode::BAD_REQUEST, Status::INVALID_FIELD)
            }
            Error::NoGroupPolicy(_) | Error::NoIndividualPolicy(_) => {
                (StatusCode::NOT_FOUND, Status::NOT_FOUND)
            }
            // What else is refused does not fit to the policies that are there.
            _ => (StatusCode::CONFLICT, Status::INVALID_FIELD),
        };
        Self::status(http, status, error.to_string())
    }
}

/// The columns of a policy as JSON.
fn columns(policy: &impl Serialize) -> Result<Object, Refusal> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(columns)) => Ok(columns),
        _ => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the policy could not be written as JSON",
        )),
    }
}

fn group_json(set: &PolicySet, id: GroupPolicyId) -> Result<Object, Refusal> {
    let policy = set.group_policy(id)?;
    let mut map = Object::new();
    map.insert("ID".into(), id.0.into());
    map.insert("IsActive".into(), (set.active().0 == id).into());
    map.extend(columns(policy)?);
    Ok(map)
}

fn individual_json(set: &PolicySet, id: IndividualPolicyId) -> Result<Object, Refusal> {
    let policy = set.individual_policy(id)?;
    let mut map = Object::new();
    map.insert("ID".into(), id.0.into());
    map.extend(columns(policy)?);
    map.insert("Members".into(), set.members(id).count().into());
    Ok(map)
}

/// The number in a path; what is no number names no policy.
fn number(id: &str) -> Result<i64, Refusal> {
    id.parse()
        .map_err(|_| Refusal::not_found("there is no such policy"))
}

/// The values that stand in `fixed` cannot be changed by a body.
fn without_fixed(mut changes: Object, fixed: &[(&str, Value)]) -> Result<Object, Refusal> {
    for (name, value) in fixed {
        let found = changes
            .keys()
            .find(|key| key.eq_ignore_ascii_case(name))
            .cloned();
        if let Some(found) = found
            && changes.remove(&found).is_some_and(|given| given != *value)
        {
            return Err(Refusal::invalid(format!("{name} cannot be changed here")));
        }
    }
    Ok(changes)
}

/// A policy's values with some of them changed; the others stay as they are.
fn changed<V: Serialize + DeserializeOwned>(old: &V, changes: &Object) -> Result<V, Refusal> {
    let mut columns = columns(old)?;
    for (name, value) in changes {
        // SQL names have no case.
        let known = columns
            .keys()
            .find(|known| known.eq_ignore_ascii_case(name));
        columns.insert(known.unwrap_or(name).clone(), value.clone());
    }
    serde_json::from_value(Value::Object(columns))
        .map_err(|error| Refusal::invalid(error.to_string()))
}

/// The same for a group policy. What depends on an option that is cleared is cleared with it, as on
/// the page, unless the change names it.
fn changed_group(old: &GroupPolicyValues, changes: &Object) -> Result<GroupPolicyValues, Refusal> {
    let mut values: GroupPolicyValues = changed(old, changes)?;
    let is_named = |name: &str| changes.keys().any(|key| key.eq_ignore_ascii_case(name));
    for (name, value) in values.clone().settled().columns() {
        if !is_named(name) {
            values
                .set(name, &value)
                .map_err(|error| Refusal::invalid(error.to_string()))?;
        }
    }
    Ok(values)
}

/// Does one operation on the policies and writes what differs.
async fn edit<T>(
    write: &mut Write<'_>,
    caller: &Principal,
    operation: impl FnOnce(&mut PolicySet) -> Result<T, Refusal>,
) -> Result<(PolicySet, T), Refusal> {
    let old = policies::all(write.sql()).await?;
    let mut new = old.clone();
    let done = operation(&mut new)?;
    write.save_policies(&old, &new, &caller.name()).await?;
    Ok((new, done))
}

/// GET `api/Policies`.
async fn groups(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
) -> Result<Json<Vec<Object>>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    let all = set.group();
    let all = all.keys().map(|id| group_json(&set, *id));
    all.collect::<Result<_, _>>().map(Json)
}

/// GET `api/Policies/{id}`.
async fn group(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    group_json(&set, GroupPolicyId(number(&id)?)).map(Json)
}

/// POST `api/Policies`: an inactive policy; what is not given has its default, or with `CopyOf` the
/// value of that policy. `Description` must be given.
async fn create_group(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<(StatusCode, Json<Object>), Refusal> {
    let caller = caller.administrator()?;
    let mut given: Object = body.json()?;
    let source = copy_of(&mut given)?.map(GroupPolicyId);
    let given = without_fixed(given, &[("IsActive", Value::Bool(false))])?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let id = write.next_group_policy().await?;
    let (set, ()) = edit(&mut write, &caller, |set| {
        let mut base = match source {
            Some(source) => set.group_policy(source)?.values().clone(),
            None => GroupPolicyValues::default(),
        };
        base.description.clear();
        Ok(set.create_group(id, changed_group(&base, &given)?)?)
    })
    .await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(group_json(&set, id)?)))
}

/// The ID of the policy that a new one is a copy of.
fn copy_of(given: &mut Object) -> Result<Option<i64>, Refusal> {
    given
        .remove("CopyOf")
        .map(|id| {
            id.as_i64()
                .ok_or_else(|| Refusal::invalid("CopyOf must be the ID of a policy"))
        })
        .transpose()
}

/// PUT `api/Policies`: the active one.
async fn put_active(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Object>, Refusal> {
    save_group(&nes, caller, None, &body).await
}

/// PUT `api/Policies/{id}`; with `IsActive` it becomes the active one.
async fn put_group(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Object>, Refusal> {
    save_group(&nes, caller, Some(GroupPolicyId(number(&id)?)), &body).await
}

async fn save_group(
    nes: &Nes,
    caller: Principal,
    id: Option<GroupPolicyId>,
    body: &Body,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let mut given: Object = body.json()?;
    let is_active = given.remove("IsActive");
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let (set, id) = edit(&mut write, &caller, |set| {
        let id = id.unwrap_or(set.active().0);
        let given = without_fixed(given, &[("ID", id.0.into())])?;
        let is_active = match is_active {
            None => set.active().0 == id,
            Some(Value::Bool(is_active)) => is_active,
            Some(_) => return Err(Refusal::invalid("IsActive must be true or false")),
        };
        let values = changed_group(set.group_policy(id)?.values(), &given)?;
        set.save_group(id, values, is_active)?;
        Ok(id)
    })
    .await?;
    write.commit().await?;
    group_json(&set, id).map(Json)
}

/// DELETE `api/Policies/{id}`.
async fn delete_group(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = caller.administrator()?;
    let id = GroupPolicyId(number(&id)?);
    let mut write = nes.store.begin(nes.clock.now()).await?;
    edit(&mut write, &caller, |set| Ok(set.delete_group(id)?)).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// GET `api/IndividualUserPolicies`.
async fn individuals(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
) -> Result<Json<Vec<Object>>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    let all = set.individual().keys();
    let all = all.map(|id| individual_json(&set, *id));
    all.collect::<Result<_, _>>().map(Json)
}

/// GET `api/IndividualUserPolicies/{id}`.
async fn individual(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    individual_json(&set, IndividualPolicyId(number(&id)?)).map(Json)
}

/// POST `api/IndividualUserPolicies`: what is not given is left to the group policy; with `CopyOf`
/// it is that of another one, and only `Name` is given.
async fn create_individual(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<(StatusCode, Json<Object>), Refusal> {
    let caller = caller.administrator()?;
    let mut given: Object = body.json()?;
    let source = copy_of(&mut given)?.map(IndividualPolicyId);
    let kind = PolicyType::Created.code().into();
    let given = without_fixed(given, &[("IndividualUserPolicyTypeID", kind)])?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let id = write.next_individual_policy().await?;
    let (set, ()) = edit(&mut write, &caller, |set| {
        let values: IndividualPolicyValues = changed(&IndividualPolicyValues::default(), &given)?;
        let Some(source) = source else {
            return Ok(set.create_individual(id, values)?);
        };
        match given.keys().find(|name| !name.eq_ignore_ascii_case("Name")) {
            Some(name) => Err(Refusal::invalid(format!(
                "{name} cannot be given with CopyOf; change it afterwards"
            ))),
            None => Ok(set.copy_individual(source, id, &values.name)?),
        }
    })
    .await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(individual_json(&set, id)?)))
}

/// PUT `api/IndividualUserPolicies/{id}`: changes the columns that are given; null leaves a setting
/// to the group policy.
async fn put_individual(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let id = IndividualPolicyId(number(&id)?);
    let given: Object = body.json()?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let (set, ()) = edit(&mut write, &caller, |set| {
        let old = set.individual_policy(id)?.values().clone();
        let fixed = [
            ("ID", id.0.into()),
            ("IndividualUserPolicyTypeID", old.kind.code().into()),
            ("Members", set.members(id).count().into()),
        ];
        let given = without_fixed(given, &fixed)?;
        Ok(set.save_individual(id, changed(&old, &given)?)?)
    })
    .await?;
    write.commit().await?;
    individual_json(&set, id).map(Json)
}

/// DELETE `api/IndividualUserPolicies/{id}`: its members fall back to the group policy.
async fn delete_individual(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = caller.administrator()?;
    let id = IndividualPolicyId(number(&id)?);
    let mut write = nes.store.begin(nes.clock.now()).await?;
    edit(&mut write, &caller, |set| Ok(set.delete_individual(id)?)).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// PUT `api/IndividualUserPolicies/{id}/Members/{domain}/{username}`: a user whom the directory knows
/// need not have enrolled yet.
async fn put_member(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((id, domain, username)): Path<(String, String, String)>,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let id = IndividualPolicyId(number(&id)?);
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
    individual_json(&set, id).map(Json)
}

/// DELETE `api/IndividualUserPolicies/{id}/Members/{domain}/{username}`.
async fn delete_member(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path((id, domain, username)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    let caller = caller.administrator()?;
    let id = IndividualPolicyId(number(&id)?);
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
