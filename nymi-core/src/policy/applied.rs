//! What a band was given of a policy, and whether that is still what its user's policy says.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{COLUMNS, Column, Effect, GroupPolicy, PolicyError, Reach, Value, column};
use crate::band::{Feature, FirmwareFloors, FirmwareVersion, Model};

const LIVENESS: &str = "LivenessDetectionEnabled";

/// What a band can do about liveness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LivenessSupport {
    /// Band 4: there is no such check (guide 000, 4.2.6.2).
    Absent,
    /// Band 3 with firmware before CWP 1.1: it always checks (guide 000, 4.3.5).
    AlwaysOn,
    /// Band 3 with later firmware: as the policy says.
    Configurable,
}

impl LivenessSupport {
    /// That of a band by its versions. A Band 3 whose firmware is not known is taken for one that
    /// follows the policy.
    pub fn of(model: Option<Model>, firmware: Option<FirmwareVersion>) -> Self {
        let follows = |firmware| {
            FirmwareFloors::default().supports(Feature::SwitchableLiveness, model, firmware)
        };
        match model {
            Some(Model::Band4) => Self::Absent,
            _ if firmware.is_none_or(follows) => Self::Configurable,
            _ => Self::AlwaysOn,
        }
    }
}

/// The status of a policy on a user's band (guide 000, 4.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyStatus {
    /// The user has no active band.
    NoActiveBand,
    /// The band has other settings than the user's policy.
    Pending,
    /// The band has the settings of the user's policy.
    Active,
    /// An application before CWP 1.3 enrolled the band, and did not say what it set.
    InformationUnavailable,
}

impl PolicyStatus {
    /// The words on the page.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NoActiveBand => "No active Nymi Band",
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::InformationUnavailable => "Information unavailable",
        }
    }

    /// The column IsSynced of the band, where it has a band.
    pub const fn is_synced(self) -> bool {
        matches!(self, Self::Active)
    }
}

/// The settings that a band was given, by column: those that reach a band at all.
///
/// ```
/// use nymi_core::policy::{AppliedPolicy, GroupPolicy, LivenessSupport, PolicyStatus};
/// let policy = GroupPolicy::default();
/// let band = AppliedPolicy::at_enrollment(&policy, LivenessSupport::Configurable);
/// assert_eq!(band.status(&policy, LivenessSupport::Configurable), PolicyStatus::Active);
/// // Firmware before CWP 1.1 checks liveness, whatever the policy says.
/// let old = AppliedPolicy::at_enrollment(&policy, LivenessSupport::AlwaysOn);
/// assert_eq!(old.status(&policy, LivenessSupport::AlwaysOn), PolicyStatus::Pending);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedPolicy {
    settings: BTreeMap<&'static str, Value>,
}

fn settings() -> impl Iterator<Item = &'static Column> {
    COLUMNS
        .iter()
        .filter(|column| column.reach != Reach::Server)
}

/// What the band makes of a setting.
fn taken(column: &Column, value: Value, liveness: LivenessSupport) -> Value {
    match liveness {
        LivenessSupport::AlwaysOn if column.name == LIVENESS => Value::Integer(1),
        _ => value,
    }
}

impl AppliedPolicy {
    /// What an enrollment gives a band: everything, as far as it can follow.
    pub fn at_enrollment(effective: &GroupPolicy, liveness: LivenessSupport) -> Self {
        let settings = settings()
            .map(|column| {
                let value = (column.get)(effective.values());
                (column.name, taken(column, value, liveness))
            })
            .collect();
        Self { settings }
    }

    /// What the band has after its user logged in to the Band Application with it.
    #[must_use]
    pub fn after_log_in(&self, effective: &GroupPolicy, liveness: LivenessSupport) -> Self {
        let settings = settings()
            .map(|column| {
                let wanted = (column.get)(effective.values());
                let had = &self.settings[column.name];
                let value = match column.effect(&wanted) {
                    Effect::LogIn => taken(column, wanted, liveness),
                    Effect::Immediate | Effect::ReEnrollment => had.clone(),
                };
                (column.name, value)
            })
            .collect();
        Self { settings }
    }

    /// The settings that a log-in would change.
    pub fn pending<'a>(
        &'a self,
        effective: &'a GroupPolicy,
        liveness: LivenessSupport,
    ) -> impl Iterator<Item = &'static Column> + 'a {
        settings().filter(move |column| {
            let wanted = (column.get)(effective.values());
            let is_concerned = column.name != LIVENESS || liveness != LivenessSupport::Absent;
            is_concerned
                && self.settings[column.name] != wanted
                && column.effect(&wanted) == Effect::LogIn
        })
    }

    /// [`PolicyStatus::Active`] or [`PolicyStatus::Pending`]. Settings that a log-in cannot bring,
    /// such as a label taken away, do not count.
    pub fn status(&self, effective: &GroupPolicy, liveness: LivenessSupport) -> PolicyStatus {
        match self.pending(effective, liveness).next() {
            None => PolicyStatus::Active,
            Some(_) => PolicyStatus::Pending,
        }
    }

    /// Whether the band now has the stricter false accept rate and had not: event 5.
    pub fn has_new_far(&self, before: Option<&Self>) -> bool {
        let is_strict = |applied: &Self| applied.setting("FAR") == Some(&Value::Integer(1));
        is_strict(self) && !before.is_some_and(is_strict)
    }

    /// A setting that the band has.
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.get(column(name)?.name)
    }
}

/// What is known of a user's active band.
#[derive(Clone, Copy, Debug)]
pub struct ActiveBand<'a> {
    /// What it was given; none where an application before CWP 1.3 enrolled it.
    pub applied: Option<&'a AppliedPolicy>,
    /// What it can do.
    pub liveness: LivenessSupport,
}

/// The status that the page shows for a user.
pub fn policy_status(band: Option<ActiveBand<'_>>, effective: &GroupPolicy) -> PolicyStatus {
    match band {
        None => PolicyStatus::NoActiveBand,
        Some(ActiveBand { applied: None, .. }) => PolicyStatus::InformationUnavailable,
        Some(ActiveBand {
            applied: Some(applied),
            liveness,
        }) => applied.status(effective, liveness),
    }
}

/// How a band can be authenticated under the policy that it was given (guide 000, 4.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthenticationMethods {
    /// A fingerprint counts only together with an ECG signal.
    pub fingerprint_needs_ecg: bool,
    /// The user's directory credentials count, too, in the Band Application.
    pub corporate_credentials: bool,
}

impl AuthenticationMethods {
    /// The methods of a band under its user's effective policy.
    pub fn of(effective: &GroupPolicy, liveness: LivenessSupport) -> Self {
        let wanted = effective.values().liveness_detection;
        Self {
            fingerprint_needs_ecg: match liveness {
                LivenessSupport::Absent => false,
                LivenessSupport::AlwaysOn => true,
                LivenessSupport::Configurable => wanted,
            },
            corporate_credentials: effective.values().corporate_credentials,
        }
    }

    /// Whether a fingerprint that matches authenticates.
    pub const fn accepts_fingerprint(self, has_ecg: bool) -> bool {
        has_ecg || !self.fingerprint_needs_ecg
    }
}

impl Serialize for AppliedPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let settings = self.settings.iter().map(|(name, value)| {
            let number = match value {
                Value::Integer(number) => Some(*number),
                Value::Null | Value::Text(_) => None,
            };
            (name, number)
        });
        serializer.collect_map(settings)
    }
}

impl<'de> Deserialize<'de> for AppliedPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = BTreeMap::<String, i64>::deserialize(deserializer)?;
        Self::from_numbers(&numbers).map_err(serde::de::Error::custom)
    }
}

impl AppliedPolicy {
    fn from_numbers(numbers: &BTreeMap<String, i64>) -> Result<Self, PolicyError> {
        if let Some(unknown) = numbers
            .keys()
            .find(|name| !settings().any(|column| column.name == name.as_str()))
        {
            return Err(PolicyError::UnknownColumn(unknown.clone()));
        }
        let settings = settings()
            .map(|column| {
                let value = numbers
                    .get(column.name)
                    .map_or(Value::Null, |number| Value::Integer(*number));
                if column.rule.allows(&value) {
                    return Ok((column.name, value));
                }
                Err(PolicyError::Value {
                    column: column.name,
                    found: value.to_string(),
                    rule: column.rule,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { settings })
    }
}
