//! What a change needs before enrolled bands follow it.

use alloc::vec::Vec;

use super::{COLUMNS, Column, GroupPolicy, Reach, Value};

/// What has to happen before a band that is enrolled already follows a change; the later one needs
/// more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing: it holds from now on.
    Immediate,
    /// The user logs in to the Band Application with the authenticated band.
    LogIn,
    /// The user enrolls the band again.
    ReEnrollment,
}

impl Effect {
    /// The sentence for the administrator who makes the change.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Immediate => "The change holds at once.",
            Self::LogIn => {
                "Enrolled bands follow when their users log in to the Nymi Band Application with \
                 the authenticated band."
            }
            Self::ReEnrollment => "Enrolled bands follow when their users enroll them again.",
        }
    }
}

/// A column that differs between two policies, and what the difference needs.
#[derive(Clone, Debug)]
pub struct PolicyChange {
    /// The column.
    pub column: &'static Column,
    /// Its value before.
    pub from: Value,
    /// Its value after.
    pub to: Value,
    /// What enrolled bands need to follow.
    pub effect: Effect,
}

impl Reach {
    /// What a change to a value needs.
    pub(super) fn effect(self, to: &Value, off: &Value) -> Effect {
        match self {
            Self::Server => Effect::Immediate,
            Self::LogIn => Effect::LogIn,
            Self::LogInToAdd if to == off => Effect::Immediate,
            Self::LogInOrReEnroll if to == off => Effect::ReEnrollment,
            Self::LogInToAdd | Self::LogInOrReEnroll => Effect::LogIn,
            Self::ReEnroll => Effect::ReEnrollment,
        }
    }
}

impl Column {
    /// What a change of this column to a value needs.
    pub fn effect(&self, to: &Value) -> Effect {
        self.reach
            .effect(to, &(self.get)(GroupPolicy::default().values()))
    }
}

/// The differences from one policy to another, in the order of the table.
///
/// For what reaches a user, compare [effective](super::IndividualPolicy::over) policies: joining or
/// leaving an individual policy is a change like any other (guide 000, 4.3.3 and 4.3.4).
pub fn changes(before: &GroupPolicy, after: &GroupPolicy) -> Vec<PolicyChange> {
    let differs =
        |column: &&'static Column| (column.get)(before.values()) != (column.get)(after.values());
    COLUMNS
        .iter()
        .filter(differs)
        .map(|column| {
            let to = (column.get)(after.values());
            PolicyChange {
                column,
                from: (column.get)(before.values()),
                effect: column.effect(&to),
                to,
            }
        })
        .collect()
}

/// What the whole change needs: the most that one of its columns does.
pub fn needs(before: &GroupPolicy, after: &GroupPolicy) -> Effect {
    changes(before, after)
        .iter()
        .map(|change| change.effect)
        .max()
        .unwrap_or(Effect::Immediate)
}
