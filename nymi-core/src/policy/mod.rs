//! Policy: what the administrator decided, as values that can only exist if they fit together.
//!
//! A [`GroupPolicy`] is one row of adm.ApplicationSettings. One table, [`COLUMNS`], gives each field
//! its column, its words on the page, its default and its rule; the JSON form, the database form and
//! every check are read from it. An [`IndividualPolicy`] stands over it for its members, and a
//! [`PolicySet`] holds all of an NES, exactly one group policy active. [`changes`] says what a change
//! needs before enrolled bands follow, [`AppliedPolicy`] what a band was given.
//!
//! ```
//! use nymi_core::policy::{GroupPolicy, GroupPolicyValues};
//!
//! let mut values = GroupPolicyValues::default();
//! values.allow_re_enrollment_of_any = true;
//! let error = GroupPolicy::try_from(values.clone()).unwrap_err();
//! assert!(error.to_string().starts_with("AllowReenrollementOfActiveNymiBand is 1"));
//! values.allow_re_enrollment = true;
//! assert!(GroupPolicy::try_from(values).is_ok());
//! ```

mod applied;
mod columns;
mod effect;
mod individual;
mod json;
mod page;
mod set;
mod value;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use applied::{
    ActiveBand, AppliedPolicy, AuthenticationMethods, LivenessSupport, PolicyStatus, policy_status,
};
pub use columns::{AUTO_LOGOUT_SECONDS, COLUMNS, Column, GroupPolicyValues, Reach};
pub use effect::{Effect, PolicyChange, changes, needs};
pub use individual::{
    INDIVIDUAL_COLUMNS, IndividualColumn, IndividualPolicy, IndividualPolicyValues,
    individual_column,
};
pub use page::{
    BAND_MANAGED_ELSEWHERE, GROUP_POLICIES_A_PAGE, INDIVIDUAL_ON_REGISTRATION,
    NO_INDIVIDUAL_POLICY, PageSizes, ROWS_A_PAGE,
};
pub use set::{GroupPolicyId, IndividualPolicyId, PolicySet, PolicySetError, UserCoreId};
pub use value::{Destination, FalseAcceptRate, Permissions, PolicyType, Rule, Value};

use crate::presence::{PacParameterError, PacParameters};

/// A group policy whose values are each in range and fit together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupPolicy {
    values: GroupPolicyValues,
    pac: PacParameters,
}

/// Values that make no policy: names the column, what it is, and the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No such column.
    #[error("{0} is no setting of a group policy")]
    UnknownColumn(String),
    /// No such column of an individual policy.
    #[error("{0} is no setting of an individual user policy")]
    UnknownIndividualColumn(String),
    /// A single value is not allowed.
    #[error("{column} is {found}; it must be {rule}")]
    Value {
        /// The column.
        column: &'static str,
        /// The refused value.
        found: String,
        /// What it must be.
        rule: Rule,
    },
    /// A value needs another one.
    #[error("{column} is {found}; {rule}")]
    Dependency {
        /// The column.
        column: &'static str,
        /// The refused value.
        found: Value,
        /// What it needs.
        rule: &'static str,
    },
    /// A PAC parameter is out of range.
    #[error(transparent)]
    Pac(#[from] PacParameterError),
    /// The band's settings belong to the enrollment NES.
    #[error(
        "{column} cannot be changed: this NES allows registration only, so the enrollment NES manages it"
    )]
    RegistrationOnly {
        /// The column.
        column: &'static str,
    },
}

/// Finds a column by its name, in either case as SQL does.
pub fn column(name: &str) -> Option<&'static Column> {
    COLUMNS
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
}

impl GroupPolicyValues {
    /// Clears what depends on an option that is cleared, as the page does when an option hides
    /// others, and gives a cache without an expiry the default one.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.allow_re_enrollment_of_any &= self.allow_re_enrollment;
        self.band_label_customization &= self.band_label;
        self.cache_expiry_seconds = match self.cache_user_status {
            true => self
                .cache_expiry_seconds
                .or(Self::default().cache_expiry_seconds),
            false => None,
        };
        self
    }

    /// Sets one column.
    ///
    /// # Errors
    /// There is no such column, or it cannot have that value.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), PolicyError> {
        let column = column(name).ok_or_else(|| PolicyError::UnknownColumn(name.to_string()))?;
        if column.rule.allows(value) && (column.set)(self, value) {
            return Ok(());
        }
        Err(PolicyError::Value {
            column: column.name,
            found: value.to_string(),
            rule: column.rule,
        })
    }

    /// The value of each column, for the database.
    pub fn columns(&self) -> Vec<(&'static str, Value)> {
        COLUMNS
            .iter()
            .map(|column| (column.name, (column.get)(self)))
            .collect()
    }

    fn check(&self) -> Result<(), PolicyError> {
        for column in COLUMNS {
            let value = (column.get)(self);
            if !column.rule.allows(&value) {
                let found = value.to_string();
                return Err(PolicyError::Value {
                    column: column.name,
                    found,
                    rule: column.rule,
                });
            }
        }
        self.check_dependencies()
    }

    fn check_dependencies(&self) -> Result<(), PolicyError> {
        let one = Value::Integer(1);
        let (column, found, rule) = if self.allow_re_enrollment_of_any && !self.allow_re_enrollment
        {
            (
                "AllowReenrollementOfActiveNymiBand",
                one,
                "set AllowReEnrollment first",
            )
        } else if self.band_label_customization && !self.band_label {
            (
                "BandLabelOnBandCustomizationEnabled",
                one,
                "set BandLabelOnBandEnabled first",
            )
        } else if self.cache_user_status && self.cache_expiry_seconds.is_none() {
            let rule = "it must be a number while AdCacheUserStatus is 1";
            ("AdCacheExpiryTimeSeconds", Value::Null, rule)
        } else if let (false, Some(seconds)) = (self.cache_user_status, self.cache_expiry_seconds) {
            let rule = "it must be NULL while AdCacheUserStatus is 0";
            (
                "AdCacheExpiryTimeSeconds",
                Value::Integer(i64::from(seconds)),
                rule,
            )
        } else {
            return Ok(());
        };
        Err(PolicyError::Dependency {
            column,
            found,
            rule,
        })
    }
}

impl GroupPolicy {
    /// The values.
    pub const fn values(&self) -> &GroupPolicyValues {
        &self.values
    }

    /// The bounds of presence verification.
    pub const fn pac(&self) -> &PacParameters {
        &self.pac
    }

    /// The policy from the columns of its row; those that are not given have their defaults.
    ///
    /// # Errors
    /// A column is not known, or the values make no policy.
    pub fn from_columns<'a>(
        columns: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Self, PolicyError> {
        let mut values = GroupPolicyValues::default();
        for (name, value) in columns {
            values.set(name, &value)?;
        }
        values.try_into()
    }

    /// The value of each column, for the database.
    pub fn columns(&self) -> Vec<(&'static str, Value)> {
        self.values.columns()
    }

    /// The columns whose values differ in another policy.
    pub fn changed_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static Column> + 'a {
        COLUMNS
            .iter()
            .filter(|column| (column.get)(&self.values) != (column.get)(&other.values))
    }

    /// The policy after an edit. Where the edited policy allows registration only, the settings of
    /// the band stay as they are.
    ///
    /// # Errors
    /// The values make no policy, or the edit touches what this NES does not manage.
    pub fn revised(&self, values: GroupPolicyValues) -> Result<Self, PolicyError> {
        let revised = Self::try_from(values)?;
        if revised.values.permissions == Permissions::RegistrationOnly
            && let Some(column) = self
                .changed_in(&revised)
                .find(|column| column.is_band_setting)
        {
            return Err(PolicyError::RegistrationOnly {
                column: column.name,
            });
        }
        Ok(revised)
    }
}

impl TryFrom<GroupPolicyValues> for GroupPolicy {
    type Error = PolicyError;

    fn try_from(values: GroupPolicyValues) -> Result<Self, PolicyError> {
        values.check()?;
        let pac = PacParameters::try_from(values.pac)?;
        Ok(Self { values, pac })
    }
}

impl From<GroupPolicy> for GroupPolicyValues {
    fn from(policy: GroupPolicy) -> Self {
        policy.values
    }
}

#[cfg(test)]
mod tests;
