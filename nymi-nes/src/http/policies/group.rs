use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nymi_core::policy::{GroupPolicyId, GroupPolicyValues, PolicySet, PolicySetError};
use serde_json::Value;

use super::columns::{Object, changed, columns, without_fixed};
use super::{Body, Kind, Principal, Refusal, edit};
use crate::nes::Nes;
use crate::store::{StoreError, Write};

/// Group policies, of which one is active.
pub(super) struct Group;

impl Kind for Group {
    type Id = GroupPolicyId;

    fn id(number: i64) -> GroupPolicyId {
        GroupPolicyId(number)
    }

    fn ids(set: &PolicySet) -> Vec<GroupPolicyId> {
        set.group().into_keys().collect()
    }

    fn json(set: &PolicySet, id: GroupPolicyId) -> Result<Object, Refusal> {
        let policy = set.group_policy(id)?;
        let mut map = Object::new();
        map.insert("ID".into(), id.0.into());
        map.insert("IsActive".into(), (set.active().0 == id).into());
        map.extend(columns(policy)?);
        Ok(map)
    }

    async fn next_id(write: &mut Write<'_>) -> Result<GroupPolicyId, StoreError> {
        write.next_group_policy().await
    }

    /// An inactive one; what is not given has its default, or the value of the copied one.
    /// `Description` must be given.
    fn create(
        set: &mut PolicySet,
        id: GroupPolicyId,
        source: Option<GroupPolicyId>,
        given: Object,
    ) -> Result<(), Refusal> {
        let given = without_fixed(given, &[("IsActive", Value::Bool(false))])?;
        let mut base = match source {
            Some(source) => set.group_policy(source)?.values().clone(),
            None => GroupPolicyValues::default(),
        };
        base.description.clear();
        Ok(set.create_group(id, changed_group(&base, &given)?)?)
    }

    /// With `IsActive` it becomes the active one.
    fn change(set: &mut PolicySet, id: GroupPolicyId, mut given: Object) -> Result<(), Refusal> {
        let is_active = match given.remove("IsActive") {
            None => set.active().0 == id,
            Some(Value::Bool(is_active)) => is_active,
            Some(_) => return Err(Refusal::invalid("IsActive must be true or false")),
        };
        let given = without_fixed(given, &[("ID", id.0.into())])?;
        let values = changed_group(set.group_policy(id)?.values(), &given)?;
        Ok(set.save_group(id, values, is_active)?)
    }

    fn delete(set: &mut PolicySet, id: GroupPolicyId) -> Result<(), PolicySetError> {
        set.delete_group(id).map(drop)
    }
}

/// PUT `api/Policies`: changes the active one.
pub(super) async fn put_active(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Object>, Refusal> {
    let caller = caller.administrator()?;
    let given: Object = body.json()?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let (set, ()) = edit(&mut write, &caller, |set| {
        Group::change(set, set.active().0, given)
    })
    .await?;
    write.commit().await?;
    Group::json(&set, set.active().0).map(Json)
}

/// The values with some of them changed. What depends on an option that is cleared is cleared with it,
/// as on the page, unless the change names it.
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
