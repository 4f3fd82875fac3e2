//! Individual policies: what holds for some users instead of the group policy.
//!
//! One table, [`INDIVIDUAL_COLUMNS`], says which settings there are; words and rules are those of
//! the group policy's column that each stands over.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::value::{FalseAcceptRate, PolicyType, Rule, Stored, Value};
use super::{Column, GroupPolicy, GroupPolicyValues, Permissions, PolicyError, column};

/// A column of nub.IndividualUserPolicy (guide 000, 11.1.2.5).
#[derive(Clone, Copy, Debug)]
pub struct IndividualColumn {
    /// The column's name.
    pub name: &'static str,
    group: Option<&'static str>,
    rule: Rule,
    pub(super) get: fn(&IndividualPolicyValues) -> Value,
    pub(super) set: fn(&mut IndividualPolicyValues, &Value) -> bool,
}

impl IndividualColumn {
    /// The column of the group policy that it stands over; none for what only describes it.
    pub fn overrides(&self) -> Option<&'static Column> {
        self.group.and_then(column)
    }

    /// What a value must be; a setting may also be NULL, which leaves it to the group policy.
    pub fn rule(&self) -> Rule {
        self.overrides().map_or(self.rule, |column| column.rule)
    }

    fn allows(&self, value: &Value) -> bool {
        *value == Value::Null && self.group.is_some() || self.rule().allows(value)
    }

    fn error(&self, found: String) -> PolicyError {
        PolicyError::Value {
            column: self.name,
            found,
            rule: self.rule(),
        }
    }
}

macro_rules! individual_policy {
    (
        described { $($(#[$text_doc:meta])* $text:ident: $text_type:ty = $default:expr, $text_name:literal, $rule:expr;)* }
        settings { $($(#[$doc:meta])* $field:ident: $type:ty, $name:literal, $group:literal;)* }
    ) => {
        /// The values of an individual policy, as a person enters them; a setting without a value is
        /// left to the group policy.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct IndividualPolicyValues {
            $($(#[$text_doc])* pub $text: $text_type,)*
            $($(#[$doc])* pub $field: Option<$type>,)*
        }

        impl Default for IndividualPolicyValues {
            fn default() -> Self {
                Self { $($text: $default,)* $($field: None,)* }
            }
        }

        /// Every column of an individual policy.
        pub static INDIVIDUAL_COLUMNS: &[IndividualColumn] = &[
            $(IndividualColumn {
                name: $text_name,
                group: None,
                rule: $rule,
                get: |values| values.$text.store(),
                set: |values, value| match <$text_type>::load(value) {
                    Some(loaded) => {
                        values.$text = loaded;
                        true
                    }
                    None => false,
                },
            },)*
            $(IndividualColumn {
                name: $name,
                group: Some($group),
                rule: Rule::Flag,
                get: |values| values.$field.map_or(Value::Null, |value| value.store()),
                set: |values, value| {
                    let loaded = <$type>::load(value);
                    if loaded.is_none() && *value != Value::Null {
                        return false;
                    }
                    values.$field = loaded;
                    true
                },
            },)*
        ];

        impl IndividualPolicyValues {
            /// The group policy's values with these settings over them.
            fn over(&self, group: &GroupPolicyValues) -> GroupPolicyValues {
                let mut values = group.clone();
                $(if let Some(value) = self.$field {
                    values.$field = value;
                })*
                values.settled()
            }
        }
    };
}

individual_policy! {
    described {
        /// Who made it: this platform or an administrator.
        kind: PolicyType = PolicyType::Created,
            "IndividualUserPolicyTypeID", Rule::OneOf(PolicyType::CODES);
        /// Its name.
        name: String = String::new(), "Name", Rule::Text(256);
        /// What the administrator wants to remember.
        note: Option<String> = None, "Note", Rule::TextOrNull(1024);
    }

    settings {
        /// Band 3 also checks for an ECG signal.
        liveness_detection: bool, "LivenessDetectionEnabled", "LivenessDetectionEnabled";
        /// The band can be authenticated with the password, in the Band Application.
        corporate_credentials: bool, "PassworthAuthOption", "PassworthAuthOption";
        /// Bands vibrate.
        haptic_feedback: bool, "HapticFeedbackonBandEnabled", "HapticFeedbackOnBandEnabled";
        /// The false accept rate of the fingerprint.
        far: FalseAcceptRate, "FAR", "FAR";
        /// Users may enroll their band again without an administrator.
        allow_re_enrollment: bool, "AllowReEnrollment", "AllowReEnrollment";
        /// Users may enroll any active band, except a Seos band of another user.
        allow_re_enrollment_of_any: bool,
            "AllowReenrollementOfActiveNymiBand", "AllowReenrollementOfActiveNymiBand";
    }
}

/// An individual policy whose values are each in range and fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndividualPolicy {
    values: IndividualPolicyValues,
}

/// Finds a column of an individual policy by its name, in either case as SQL does.
pub fn individual_column(name: &str) -> Option<&'static IndividualColumn> {
    INDIVIDUAL_COLUMNS
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
}

impl IndividualPolicyValues {
    /// Sets one column.
    ///
    /// # Errors
    /// There is no such column, or it cannot have that value.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), PolicyError> {
        let column = individual_column(name)
            .ok_or_else(|| PolicyError::UnknownIndividualColumn(name.to_string()))?;
        if column.allows(value) && (column.set)(self, value) {
            return Ok(());
        }
        Err(column.error(value.to_string()))
    }

    /// The value of each column, for the database.
    pub fn columns(&self) -> Vec<(&'static str, Value)> {
        INDIVIDUAL_COLUMNS
            .iter()
            .map(|column| (column.name, (column.get)(self)))
            .collect()
    }
}

impl TryFrom<IndividualPolicyValues> for IndividualPolicy {
    type Error = PolicyError;

    fn try_from(values: IndividualPolicyValues) -> Result<Self, PolicyError> {
        for column in INDIVIDUAL_COLUMNS {
            let value = (column.get)(&values);
            if !column.allows(&value) {
                return Err(column.error(value.to_string()));
            }
        }
        let own = values.allow_re_enrollment == Some(true);
        if values.allow_re_enrollment_of_any == Some(true) && !own {
            return Err(PolicyError::Dependency {
                column: "AllowReenrollementOfActiveNymiBand",
                found: Value::Integer(1),
                rule: "set AllowReEnrollment first",
            });
        }
        Ok(Self { values })
    }
}

impl IndividualPolicy {
    /// The two policies of a fresh server (guide 000, 4.3).
    pub fn predefined() -> Vec<Self> {
        let values = |name: &str| IndividualPolicyValues {
            kind: PolicyType::Predefined,
            name: name.to_owned(),
            haptic_feedback: Some(true),
            allow_re_enrollment: Some(false),
            allow_re_enrollment_of_any: Some(false),
            ..IndividualPolicyValues::default()
        };
        let no_liveness = IndividualPolicyValues {
            liveness_detection: Some(false),
            ..values("Liveness Detection Disabled")
        };
        let corporate = IndividualPolicyValues {
            corporate_credentials: Some(true),
            ..values("Corporate Credentials Authentication")
        };
        vec![
            Self {
                values: no_liveness,
            },
            Self { values: corporate },
        ]
    }

    /// The values.
    pub const fn values(&self) -> &IndividualPolicyValues {
        &self.values
    }

    /// The policy of its members: its own settings where it has them, else the group policy's.
    ///
    /// Where it forbids to enroll the own band again, any band is forbidden with it, whatever the
    /// group policy says.
    #[must_use]
    pub fn over(&self, group: &GroupPolicy) -> GroupPolicy {
        GroupPolicy {
            values: self.values.over(&group.values),
            pac: group.pac,
        }
    }

    /// A copy with another name, made by the administrator (guide 000, 4.3.2).
    ///
    /// # Errors
    /// The name is no name.
    pub fn copy(&self, name: &str) -> Result<Self, PolicyError> {
        IndividualPolicyValues {
            kind: PolicyType::Created,
            name: name.to_owned(),
            ..self.values.clone()
        }
        .try_into()
    }

    /// The policy after an edit at an NES with these permissions. Its type stays.
    ///
    /// # Errors
    /// The values make no policy, or the edit touches what an NES for registration does not manage.
    pub fn revised(
        &self,
        values: IndividualPolicyValues,
        permissions: Permissions,
    ) -> Result<Self, PolicyError> {
        let values = IndividualPolicyValues {
            kind: self.values.kind,
            ..values
        };
        let revised = Self::try_from(values)?;
        let is_refused = |column: &&IndividualColumn| {
            column
                .overrides()
                .is_some_and(|group| group.is_band_setting)
                && (column.get)(&self.values) != (column.get)(&revised.values)
        };
        match INDIVIDUAL_COLUMNS.iter().find(is_refused) {
            Some(column) if permissions == Permissions::RegistrationOnly => {
                Err(PolicyError::RegistrationOnly {
                    column: column.name,
                })
            }
            _ => Ok(revised),
        }
    }

    /// The policy from the columns of its row; those that are not given are left to the group.
    ///
    /// # Errors
    /// A column is not known, or the values make no policy.
    pub fn from_columns<'a>(
        columns: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Self, PolicyError> {
        let mut values = IndividualPolicyValues::default();
        for (name, value) in columns {
            values.set(name, &value)?;
        }
        values.try_into()
    }

    /// The value of each column, for the database.
    pub fn columns(&self) -> Vec<(&'static str, Value)> {
        self.values.columns()
    }
}
