//! Who may enroll which band: the rules for self-service, decided from facts alone.

use nymi_core::policy::GroupPolicyValues;

/// Terminal and server hold different L2 certificates (event 12).
pub(crate) const CMAC_MISMATCH: &str = "Adv Key 1 cannot be generated due to CMAC mismatch.";
/// Event 4.
pub(crate) const NFC_UID_TAKEN: &str = "The NfcUID belongs to another active Nymi Band. Tap the Nymi \
     Band that is being enrolled; an administrator can deactivate the other.";
/// Event 15.
pub(crate) const TERMINAL_CLOCK: &str = "Enrollment Cannot Proceed. Time on the Enrollment Terminal \
     is Out of Sync with the Time on the Nymi Enterprise Server";
const NOT_ALLOWED: &str = "Cannot perform re-enrollment because the NES policy settings do not allow \
     re-enrollment.";
const ANOTHER_USERS: &str = "Cannot perform re-enrollment because the NES policy settings do not \
     allow re-enrollment of a Nymi Band that is assigned to another user.";

/// Whose the band is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Association {
    Nobody,
    ThisUser,
    AnotherUser,
}

/// The facts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) policy: &'a GroupPolicyValues,
    pub(crate) band: Association,
    pub(crate) user_has_another_active_band: bool,
}

/// What to do besides enrolling the band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing.
    Enroll,
    /// The user's active band becomes inactive and stays primary.
    ReplaceActiveBand,
}

/// What is to be done, and the event that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Enroll {
        event_type_id: u8,
        action: Action,
    },
    Refuse {
        event_type_id: u8,
        message: &'static str,
    },
}

/// Decides.
///
/// For the band of another user the guide lists two events of the same meaning, 17 and 21; 17 is
/// written.
pub(crate) fn decide(situation: &Situation<'_>) -> Decision {
    let policy = situation.policy;
    let again = situation.band == Association::ThisUser || situation.user_has_another_active_band;
    if situation.band == Association::AnotherUser && !policy.allow_re_enrollment_of_any {
        return Decision::Refuse {
            event_type_id: 17,
            message: ANOTHER_USERS,
        };
    }
    if again && !policy.allow_re_enrollment {
        return Decision::Refuse {
            event_type_id: 22,
            message: NOT_ALLOWED,
        };
    }
    let event_type_id = match situation.band {
        Association::AnotherUser => 18,
        _ if again => 19,
        _ => 3,
    };
    let action = if situation.user_has_another_active_band {
        Action::ReplaceActiveBand
    } else {
        Action::Enroll
    };
    Decision::Enroll {
        event_type_id,
        action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination: (band, another active band, own, any) -> event.
    #[test]
    fn the_whole_table() {
        use Association::{AnotherUser, Nobody, ThisUser};
        for (band, another, own, any, event) in [
            (Nobody, false, false, false, 3),
            (Nobody, false, true, false, 3),
            (Nobody, false, true, true, 3),
            (Nobody, true, false, false, 22),
            (Nobody, true, true, false, 19),
            (Nobody, true, true, true, 19),
            (ThisUser, false, false, false, 22),
            (ThisUser, false, true, false, 19),
            (ThisUser, false, true, true, 19),
            (ThisUser, true, false, false, 22),
            (ThisUser, true, true, false, 19),
            (ThisUser, true, true, true, 19),
            (AnotherUser, false, false, false, 17),
            (AnotherUser, false, true, false, 17),
            (AnotherUser, false, true, true, 18),
            (AnotherUser, true, false, false, 17),
            (AnotherUser, true, true, false, 17),
            (AnotherUser, true, true, true, 18),
        ] {
            let policy = GroupPolicyValues {
                allow_re_enrollment: own,
                allow_re_enrollment_of_any: any,
                ..GroupPolicyValues::default()
            };
            let situation = Situation {
                policy: &policy,
                band,
                user_has_another_active_band: another,
            };
            let found = match decide(&situation) {
                Decision::Refuse {
                    event_type_id,
                    message,
                } => {
                    assert!(
                        message.starts_with("Cannot perform re-enrollment"),
                        "{message}"
                    );
                    assert!(matches!(event_type_id, 17 | 22));
                    event_type_id
                }
                Decision::Enroll {
                    event_type_id,
                    action,
                } => {
                    assert!(matches!(event_type_id, 3 | 18 | 19));
                    assert_eq!(
                        action == Action::ReplaceActiveBand,
                        another,
                        "never two active"
                    );
                    event_type_id
                }
            };
            assert_eq!(found, event, "{situation:?}");
        }
    }
}
