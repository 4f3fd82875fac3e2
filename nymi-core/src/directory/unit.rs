use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::name::DistinguishedName;
use super::status::AccountStatus;

/// How an administrator names an organizational unit: by its name alone, or in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitName {
    /// The value of its `OU`.
    Short(String),
    /// Its distinguished name.
    Full(DistinguishedName),
}

/// The directory does not have exactly one unit of that name (guide 002, "Organization Unit Error
/// Messages").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitError {
    /// In no domain.
    NotFound {
        /// The name that was given.
        name: String,
    },
    /// More than once.
    Ambiguous {
        /// The name that was given.
        name: String,
        /// Each unit that has it.
        found: Vec<DistinguishedName>,
    },
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => {
                write!(f, "Error: {name} is not found on any of the domains")
            }
            Self::Ambiguous { name, found } => {
                write!(
                    f,
                    "Error: {name} Multiple instances of the same OU name appear in the directory. \
                     Type the full DN of the OU instead."
                )?;
                found.iter().try_for_each(|unit| write!(f, "\n{unit}"))
            }
        }
    }
}

impl core::error::Error for UnitError {}

impl FromStr for UnitName {
    type Err = super::DnError;

    /// A text with an equals sign is a distinguished name.
    fn from_str(text: &str) -> Result<Self, super::DnError> {
        let text = text.trim();
        if text.contains('=') {
            text.parse().map(Self::Full)
        } else if text.is_empty() {
            Err(super::DnError {
                found: String::new(),
                rule: "a unit has a name",
            })
        } else {
            Ok(Self::Short(text.to_string()))
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(name) => f.write_str(name),
            Self::Full(name) => name.fmt(f),
        }
    }
}

impl UnitName {
    /// The one unit that the name means, among all units of all domains.
    ///
    /// # Errors
    /// There is none, or more than one; the messages are those of the guide.
    pub fn resolve(&self, units: &[DistinguishedName]) -> Result<DistinguishedName, UnitError> {
        let is_meant = |unit: &&DistinguishedName| match self {
            Self::Short(name) => unit.unit_name() == Some(name.to_lowercase().as_str()),
            Self::Full(name) => *unit == name,
        };
        let mut found: Vec<_> = Vec::new();
        for unit in units.iter().filter(is_meant) {
            if !found.contains(unit) {
                found.push(unit.clone());
            }
        }
        let name = self.to_string();
        match found.len() {
            0 => Err(UnitError::NotFound { name }),
            1 => Ok(found.remove(0)),
            _ => Err(UnitError::Ambiguous { name, found }),
        }
    }
}

/// The units whose terminals or accounts may use the API; empty: all may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedUnits(pub Vec<DistinguishedName>);

impl AllowedUnits {
    /// Whether an entry is allowed; one whose name is not known only where all are.
    pub fn allow(&self, entry: Option<&DistinguishedName>) -> bool {
        self.0.is_empty()
            || entry.is_some_and(|entry| self.0.iter().any(|unit| entry.is_within(unit)))
    }

    /// The status of an account, with its place: another reason comes first.
    pub fn judge(&self, entry: Option<&DistinguishedName>, status: AccountStatus) -> AccountStatus {
        match self.allow(entry) {
            true => status,
            false => status.min(AccountStatus::NotInUnit),
        }
    }
}
