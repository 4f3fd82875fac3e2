use nymi_core::policy::{
    IndividualPolicyId, IndividualPolicyValues, PolicySet, PolicySetError, PolicyType,
};

use super::columns::{Object, changed, columns, without_fixed};
use super::{Kind, Refusal};
use crate::store::{StoreError, Write};

/// Individual policies; null leaves a setting to the group policy.
pub(super) struct Individual;

impl Kind for Individual {
    type Id = IndividualPolicyId;

    fn id(number: i64) -> IndividualPolicyId {
        IndividualPolicyId(number)
    }

    fn ids(set: &PolicySet) -> Vec<IndividualPolicyId> {
        set.individual().keys().copied().collect()
    }

    fn json(set: &PolicySet, id: IndividualPolicyId) -> Result<Object, Refusal> {
        let policy = set.individual_policy(id)?;
        let mut map = Object::new();
        map.insert("ID".into(), id.0.into());
        map.extend(columns(policy)?);
        map.insert("Members".into(), set.members(id).count().into());
        Ok(map)
    }

    async fn next_id(write: &mut Write<'_>) -> Result<IndividualPolicyId, StoreError> {
        write.next_individual_policy().await
    }

    /// What is not given is left to the group policy; of a copy only `Name` is given.
    fn create(
        set: &mut PolicySet,
        id: IndividualPolicyId,
        source: Option<IndividualPolicyId>,
        given: Object,
    ) -> Result<(), Refusal> {
        let kind = PolicyType::Created.code().into();
        let given = without_fixed(given, &[("IndividualUserPolicyTypeID", kind)])?;
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
    }

    fn change(set: &mut PolicySet, id: IndividualPolicyId, given: Object) -> Result<(), Refusal> {
        let old = set.individual_policy(id)?.values().clone();
        let fixed = [
            ("ID", id.0.into()),
            ("IndividualUserPolicyTypeID", old.kind.code().into()),
            ("Members", set.members(id).count().into()),
        ];
        let given = without_fixed(given, &fixed)?;
        Ok(set.save_individual(id, changed(&old, &given)?)?)
    }

    fn delete(set: &mut PolicySet, id: IndividualPolicyId) -> Result<(), PolicySetError> {
        set.delete_individual(id).map(drop)
    }
}
