//! All policies of an NES: exactly one group policy is active, each user is in at most one
//! individual policy.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::fmt;

use super::{
    GroupPolicy, GroupPolicyValues, IndividualPolicy, IndividualPolicyValues, Permissions,
    PolicyError,
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub i64);

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

ids! {
    /// The ID of a row of adm.ApplicationSettings.
    GroupPolicyId
    /// The ID of a row of nub.IndividualUserPolicy.
    IndividualPolicyId
    /// The ID of a row of nub.UserCore.
    UserCoreId
}

/// Why an operation on the policies is refused; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicySetError {
    /// The values make no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No such group policy.
    #[error("there is no group policy with ID {0}")]
    NoGroupPolicy(GroupPolicyId),
    /// No such individual policy.
    #[error("there is no individual user policy with ID {0}")]
    NoIndividualPolicy(IndividualPolicyId),
    /// The name of an individual policy is taken.
    #[error("Name is {0:?}; another policy has that name")]
    NameTaken(String),
    /// The description of a group policy, which is its name, is taken.
    #[error("Description is {0:?}; another policy has that description")]
    DescriptionTaken(String),
    /// The ID is taken.
    #[error("ID {0} is in use")]
    IdTaken(i64),
    /// The active policy cannot be deleted.
    #[error("the active group policy cannot be deleted; make another one active first")]
    DeleteActive,
    /// The only policy cannot be deleted.
    #[error("the only group policy cannot be deleted")]
    DeleteLast,
    /// IsActive was cleared.
    #[error(
        "IsActive cannot be cleared; NES must always have one active policy, so make another one active"
    )]
    DeactivateActive,
    /// The rows of a database do not have exactly one active policy.
    #[error("{0} group policies are active; exactly one must be")]
    NotOneActive(usize),
}

/// The policies of an NES.
///
/// ```
/// use nymi_core::policy::{GroupPolicyId, GroupPolicyValues, PolicySet, PolicySetError};
///
/// let mut policies = PolicySet::fresh();
/// let strict = GroupPolicyValues { description: "Strict".into(), ..Default::default() };
/// policies.create_group(GroupPolicyId(2), strict).unwrap();
/// policies.activate(GroupPolicyId(2)).unwrap();
/// assert_eq!(policies.active().0, GroupPolicyId(2));
/// assert_eq!(policies.delete_group(GroupPolicyId(2)), Err(PolicySetError::DeleteActive));
/// assert!(policies.delete_group(GroupPolicyId(1)).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySet {
    active: (GroupPolicyId, GroupPolicy),
    inactive: BTreeMap<GroupPolicyId, GroupPolicy>,
    individual: BTreeMap<IndividualPolicyId, IndividualPolicy>,
    members: BTreeMap<UserCoreId, IndividualPolicyId>,
}

impl PolicySet {
    /// Those of a fresh server: the default group policy, active, and the two predefined individual
    /// ones (guide 000, 4.2.1 and 4.3).
    pub fn fresh() -> Self {
        let predefined = (1..)
            .map(IndividualPolicyId)
            .zip(IndividualPolicy::predefined());
        Self {
            active: (GroupPolicyId(1), GroupPolicy::default()),
            inactive: BTreeMap::new(),
            individual: predefined.collect(),
            members: BTreeMap::new(),
        }
    }

    /// The policies of a database: group policies with IsActive, individual ones, and who is in
    /// which.
    ///
    /// # Errors
    /// Not exactly one group policy is active, an ID or name occurs twice, or a member is in a
    /// policy that is not there.
    pub fn from_rows(
        group: impl IntoIterator<Item = (GroupPolicyId, bool, GroupPolicy)>,
        individual: impl IntoIterator<Item = (IndividualPolicyId, IndividualPolicy)>,
        members: impl IntoIterator<Item = (UserCoreId, IndividualPolicyId)>,
    ) -> Result<Self, PolicySetError> {
        let mut active = None;
        let mut count = 0;
        let mut inactive = BTreeMap::new();
        for (id, is_active, policy) in group {
            let known = match is_active {
                true => {
                    count += 1;
                    active
                        .replace((id, policy))
                        .is_some_and(|(old, _)| old == id)
                }
                false => inactive.insert(id, policy).is_some(),
            };
            if known {
                return Err(PolicySetError::IdTaken(id.0));
            }
        }
        let active = match active {
            Some(active) if count == 1 => active,
            _ => return Err(PolicySetError::NotOneActive(count)),
        };
        let mut set = Self {
            active,
            inactive,
            individual: BTreeMap::new(),
            members: BTreeMap::new(),
        };
        if set.inactive.contains_key(&set.active.0) {
            return Err(PolicySetError::IdTaken(set.active.0.0));
        }
        for (id, (policy, _)) in set.group() {
            set.check_group_name(id, policy)?;
        }
        for (id, policy) in individual {
            set.insert_individual(id, policy)?;
        }
        for (user, id) in members {
            set.assign(user, Some(id))?;
        }
        Ok(set)
    }

    /// The active group policy.
    pub const fn active(&self) -> (GroupPolicyId, &GroupPolicy) {
        (self.active.0, &self.active.1)
    }

    /// What users may do at this NES, which the active policy says.
    pub const fn permissions(&self) -> Permissions {
        self.active.1.values().permissions
    }

    /// The group policies by ID, and whether each is the active one.
    pub fn group(&self) -> BTreeMap<GroupPolicyId, (&GroupPolicy, bool)> {
        let inactive = self
            .inactive
            .iter()
            .map(|(id, policy)| (*id, (policy, false)));
        let active = core::iter::once((self.active.0, (&self.active.1, true)));
        inactive.chain(active).collect()
    }

    /// The individual policies by ID.
    pub const fn individual(&self) -> &BTreeMap<IndividualPolicyId, IndividualPolicy> {
        &self.individual
    }

    /// A group policy.
    ///
    /// # Errors
    /// There is none with that ID.
    pub fn group_policy(&self, id: GroupPolicyId) -> Result<&GroupPolicy, PolicySetError> {
        match self.inactive.get(&id) {
            _ if id == self.active.0 => Ok(&self.active.1),
            Some(policy) => Ok(policy),
            None => Err(PolicySetError::NoGroupPolicy(id)),
        }
    }

    /// Creates a group policy that is not active. One for registration only has the defaults of the
    /// band's settings.
    ///
    /// # Errors
    /// The values make no policy, or ID or name are taken.
    pub fn create_group(
        &mut self,
        id: GroupPolicyId,
        values: GroupPolicyValues,
    ) -> Result<(), PolicySetError> {
        let policy = GroupPolicy::default().revised(values)?;
        if self.group_policy(id).is_ok() {
            return Err(PolicySetError::IdTaken(id.0));
        }
        self.check_group_name(id, &policy)?;
        self.inactive.insert(id, policy);
        Ok(())
    }

    /// Saves the page of a group policy: its values, and whether it is the active one.
    ///
    /// # Errors
    /// There is no such policy, the values make none, the name is taken, the edit touches what an
    /// NES for registration does not manage, or it would leave no policy active.
    pub fn save_group(
        &mut self,
        id: GroupPolicyId,
        values: GroupPolicyValues,
        is_active: bool,
    ) -> Result<(), PolicySetError> {
        let revised = self.group_policy(id)?.revised(values)?;
        self.check_group_name(id, &revised)?;
        if id == self.active.0 {
            if !is_active {
                return Err(PolicySetError::DeactivateActive);
            }
            self.active.1 = revised;
            return Ok(());
        }
        self.inactive.insert(id, revised);
        if is_active { self.activate(id) } else { Ok(()) }
    }

    /// Makes a group policy the active one; the one that was is so no more.
    ///
    /// # Errors
    /// There is no such policy.
    pub fn activate(&mut self, id: GroupPolicyId) -> Result<(), PolicySetError> {
        if id == self.active.0 {
            return Ok(());
        }
        let policy = self
            .inactive
            .remove(&id)
            .ok_or(PolicySetError::NoGroupPolicy(id))?;
        let (old, policy) = core::mem::replace(&mut self.active, (id, policy));
        self.inactive.insert(old, policy);
        Ok(())
    }

    /// Whether a group policy can be deleted: the page's Delete button is enabled exactly then.
    ///
    /// # Errors
    /// There is no such policy, it is the only one, or it is active.
    pub fn check_delete_group(&self, id: GroupPolicyId) -> Result<(), PolicySetError> {
        self.group_policy(id)?;
        if self.inactive.is_empty() {
            Err(PolicySetError::DeleteLast)
        } else if id == self.active.0 {
            Err(PolicySetError::DeleteActive)
        } else {
            Ok(())
        }
    }

    /// Deletes a group policy.
    ///
    /// # Errors
    /// As [`check_delete_group`](Self::check_delete_group).
    pub fn delete_group(&mut self, id: GroupPolicyId) -> Result<GroupPolicy, PolicySetError> {
        self.check_delete_group(id)?;
        self.inactive
            .remove(&id)
            .ok_or(PolicySetError::NoGroupPolicy(id))
    }

    fn check_group_name(&self, id: GroupPolicyId, new: &GroupPolicy) -> Result<(), PolicySetError> {
        let name = &new.values().description;
        let is_taken = self.group().iter().any(|(other, (policy, _))| {
            *other != id && same_name(&policy.values().description, name)
        });
        free(is_taken, name, PolicySetError::DescriptionTaken)
    }
}

fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn free(
    is_taken: bool,
    name: &str,
    taken: fn(String) -> PolicySetError,
) -> Result<(), PolicySetError> {
    if is_taken {
        return Err(taken(name.to_string()));
    }
    Ok(())
}

impl PolicySet {
    /// An individual policy.
    ///
    /// # Errors
    /// There is none with that ID.
    pub fn individual_policy(
        &self,
        id: IndividualPolicyId,
    ) -> Result<&IndividualPolicy, PolicySetError> {
        self.individual
            .get(&id)
            .ok_or(PolicySetError::NoIndividualPolicy(id))
    }

    fn insert_individual(
        &mut self,
        id: IndividualPolicyId,
        policy: IndividualPolicy,
    ) -> Result<(), PolicySetError> {
        if self.individual.contains_key(&id) {
            return Err(PolicySetError::IdTaken(id.0));
        }
        self.check_individual_name(id, &policy)?;
        self.individual.insert(id, policy);
        Ok(())
    }

    fn check_individual_name(
        &self,
        id: IndividualPolicyId,
        new: &IndividualPolicy,
    ) -> Result<(), PolicySetError> {
        let name = &new.values().name;
        let mut others = self.individual.iter().filter(|(other, _)| **other != id);
        free(
            others.any(|(_, policy)| same_name(&policy.values().name, name)),
            name,
            PolicySetError::NameTaken,
        )
    }

    /// Creates an individual policy. At an NES for registration only it says nothing about the
    /// band's settings.
    ///
    /// # Errors
    /// The values make no policy, ID or name are taken, or it says what this NES does not manage.
    pub fn create_individual(
        &mut self,
        id: IndividualPolicyId,
        values: IndividualPolicyValues,
    ) -> Result<(), PolicySetError> {
        let blank = IndividualPolicy::try_from(IndividualPolicyValues {
            name: values.name.clone(),
            ..IndividualPolicyValues::default()
        })?;
        self.insert_individual(id, blank.revised(values, self.permissions())?)
    }

    /// Creates an individual policy as a copy of another one, without its members.
    ///
    /// # Errors
    /// There is no such policy, or the name is none or taken.
    pub fn copy_individual(
        &mut self,
        source: IndividualPolicyId,
        id: IndividualPolicyId,
        name: &str,
    ) -> Result<(), PolicySetError> {
        let copy = self.individual_policy(source)?.copy(name)?;
        self.insert_individual(id, copy)
    }

    /// Saves the page of an individual policy.
    ///
    /// # Errors
    /// There is no such policy, the values make none, the name is taken, or the edit touches what
    /// this NES does not manage.
    pub fn save_individual(
        &mut self,
        id: IndividualPolicyId,
        values: IndividualPolicyValues,
    ) -> Result<(), PolicySetError> {
        let revised = self
            .individual_policy(id)?
            .revised(values, self.permissions())?;
        self.check_individual_name(id, &revised)?;
        self.individual.insert(id, revised);
        Ok(())
    }

    /// Deletes an individual policy; its members fall back to the group policy. Returns how many.
    ///
    /// # Errors
    /// There is no such policy.
    pub fn delete_individual(&mut self, id: IndividualPolicyId) -> Result<usize, PolicySetError> {
        self.individual_policy(id)?;
        self.individual.remove(&id);
        let before = self.members.len();
        self.members.retain(|_, policy| *policy != id);
        Ok(before - self.members.len())
    }

    /// Puts a user into an individual policy, and out of the one before; none takes the user out.
    ///
    /// # Errors
    /// There is no such policy.
    pub fn assign(
        &mut self,
        user: UserCoreId,
        policy: Option<IndividualPolicyId>,
    ) -> Result<(), PolicySetError> {
        match policy {
            Some(id) => {
                self.individual_policy(id)?;
                self.members.insert(user, id);
            }
            None => {
                self.members.remove(&user);
            }
        }
        Ok(())
    }

    /// The members of an individual policy; its page counts them.
    pub fn members(&self, id: IndividualPolicyId) -> impl Iterator<Item = UserCoreId> + '_ {
        let is_member = move |pair: &(&UserCoreId, &IndividualPolicyId)| *pair.1 == id;
        self.members.iter().filter(is_member).map(|(user, _)| *user)
    }

    /// The individual policy that a user is in.
    pub fn policy_of(&self, user: UserCoreId) -> Option<(IndividualPolicyId, &IndividualPolicy)> {
        let id = self.members.get(&user)?;
        Some((*id, self.individual.get(id)?))
    }

    /// The name that a list of users shows for a user's individual policy.
    pub fn shown_for(&self, user: UserCoreId) -> &str {
        self.policy_of(user)
            .map_or(super::NO_INDIVIDUAL_POLICY, |(_, policy)| {
                &policy.values().name
            })
    }

    /// The policy that holds for a user: the individual one over the active group policy.
    ///
    /// ```
    /// use nymi_core::policy::{IndividualPolicyId, PolicySet, UserCoreId};
    ///
    /// let mut policies = PolicySet::fresh();
    /// let (alice, bob) = (UserCoreId(1), UserCoreId(2));
    /// // The second predefined one lets its members authenticate with their password.
    /// policies.assign(alice, Some(IndividualPolicyId(2)))?;
    /// assert!(policies.effective(alice).values().corporate_credentials);
    /// assert_eq!(policies.effective(bob), *policies.active().1);
    /// # Ok::<(), nymi_core::policy::PolicySetError>(())
    /// ```
    pub fn effective(&self, user: UserCoreId) -> GroupPolicy {
        match self.policy_of(user) {
            Some((_, policy)) => policy.over(&self.active.1),
            None => self.active.1.clone(),
        }
    }
}
