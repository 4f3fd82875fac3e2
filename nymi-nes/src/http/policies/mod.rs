//! The policies. The rules are in the core's [`PolicySet`]: each request does one operation on it, and
//! what differs then is written.
//!
//! Group and individual policies have the same requests; what these do to the set says their [`Kind`].

mod columns;
mod group;
mod individual;
mod members;

use std::future::Future;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use nymi_core::json::Object as Given;
use nymi_core::message::Status;
use nymi_core::policy::{PolicySet, PolicySetError};

use super::{Body, Principal, Refusal};
use crate::nes::Nes;
use crate::store::{StoreError, Write, policies};
use columns::Object;
use group::Group;
use individual::Individual;

/// The routes.
pub(super) fn routes() -> Router<Arc<Nes>> {
    Router::new()
        .route(
            "/api/Policies",
            get(list::<Group>)
                .put(group::put_active)
                .post(create::<Group>),
        )
        .route(
            "/api/Policies/{id}",
            get(read::<Group>)
                .put(change::<Group>)
                .delete(delete::<Group>),
        )
        .route(
            "/api/IndividualUserPolicies",
            get(list::<Individual>).post(create::<Individual>),
        )
        .route(
            "/api/IndividualUserPolicies/{id}",
            get(read::<Individual>)
                .put(change::<Individual>)
                .delete(delete::<Individual>),
        )
        .route(
            "/api/IndividualUserPolicies/{id}/Members/{domain}/{username}",
            put(members::put_in).delete(members::take_out),
        )
}

/// Group or individual policies.
trait Kind: 'static {
    type Id: Copy + Send + 'static;

    fn id(number: i64) -> Self::Id;

    fn ids(set: &PolicySet) -> Vec<Self::Id>;

    /// The columns of a policy, with its ID.
    fn json(set: &PolicySet, id: Self::Id) -> Result<Object, Refusal>;

    /// An ID for a new policy.
    fn next_id(write: &mut Write<'_>) -> impl Future<Output = Result<Self::Id, StoreError>> + Send;

    /// A new policy of what is given, or a copy of another one.
    fn create(
        set: &mut PolicySet,
        id: Self::Id,
        source: Option<Self::Id>,
        given: Object,
    ) -> Result<(), Refusal>;

    /// Changes the columns that are given.
    fn change(set: &mut PolicySet, id: Self::Id, given: Object) -> Result<(), Refusal>;

    fn delete(set: &mut PolicySet, id: Self::Id) -> Result<(), PolicySetError>;
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

/// The ID in a path; what is no number names no policy.
fn id_of<K: Kind>(path: &str) -> Result<K::Id, Refusal> {
    path.parse()
        .map(K::id)
        .map_err(|_| Refusal::not_found("there is no such policy"))
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

/// GET of all policies of a kind.
async fn list<K: Kind>(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
) -> Result<Json<Vec<Object>>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    let all = K::ids(&set).into_iter().map(|id| K::json(&set, id));
    all.collect::<Result<_, _>>().map(Json)
}

/// GET of one policy.
async fn read<K: Kind>(
    State(nes): State<Arc<Nes>>,
    _caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let set = policies::all(&mut *nes.store.read().await?).await?;
    K::json(&set, id_of::<K>(&id)?).map(Json)
}

/// POST of a new policy; with `CopyOf` a copy of that one.
async fn create<K: Kind>(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<(StatusCode, Json<Object>), Refusal> {
    let caller = caller.administrator()?;
    let mut given = body.json::<Given>()?.into_map();
    let source = columns::copy_of(&mut given)?.map(K::id);
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let id = K::next_id(&mut write).await?;
    let (set, ()) = edit(&mut write, &caller, |set| K::create(set, id, source, given)).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(K::json(&set, id)?)))
}

/// PUT of the columns that are given.
async fn change<K: Kind>(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let id = id_of::<K>(&id)?;
    let given = body.json::<Given>()?.into_map();
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let (set, ()) = edit(&mut write, &caller, |set| K::change(set, id, given)).await?;
    write.commit().await?;
    K::json(&set, id).map(Json)
}

/// DELETE of a policy; the members of an individual one fall back to the group policy.
async fn delete<K: Kind>(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = caller.administrator()?;
    let id = id_of::<K>(&id)?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    edit(&mut write, &caller, |set| Ok(K::delete(set, id)?)).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
