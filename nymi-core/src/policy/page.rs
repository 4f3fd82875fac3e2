//! What the policy pages show: which options appear, which are greyed out, and their fixed words.

use super::{Column, GroupPolicyValues, Permissions, Value, column};

/// An option that appears only while another is on (guide 000, 4.2.5.3, 4.2.7.1, 4.2.8.1, 4.2.10).
const REVEALED_BY: &[(&str, &str)] = &[
    ("AllowReenrollementOfActiveNymiBand", "AllowReEnrollment"),
    (
        "BandLabelOnBandCustomizationEnabled",
        "BandLabelOnBandEnabled",
    ),
    ("AdCacheUserStatus", "AdCheckUserStatus"),
    ("AdCacheExpiryTimeSeconds", "AdCacheUserStatus"),
    ("LockWhenAway", "LockControlSupportOption"),
    ("UnlockWhenPresent", "LockControlSupportOption"),
    ("KeepUnlockedWhenPresent", "LockControlSupportOption"),
];

/// In the place of a policy's name, for users without an individual policy (guide 000, 4.3.4).
pub const NO_INDIVIDUAL_POLICY: &str = "none[group policy applied]";

/// On the page of a band that was registered here and enrolled elsewhere (guide 000, 10.1.2.1).
pub const BAND_MANAGED_ELSEWHERE: &str = "NES does not manage the policy on this Nymi Band. \
     Connect to the Enrollment NES to manage the policy.";

/// On the pages of individual policies of an NES that allows registration only (guide 000, 4.3.1
/// says that there is such a message, and shows it in a figure only).
pub const INDIVIDUAL_ON_REGISTRATION: &str = "This NES allows registration only. Connect to the \
     Enrollment NES to manage Liveness Detection and Haptic Feedback.";

/// Numbers of rows that a page offers; the first is what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSizes(pub [usize; 3]);

/// Group policies a page (guide 000, 4.1).
pub const GROUP_POLICIES_A_PAGE: PageSizes = PageSizes([5, 10, 20]);
/// Users, bands or individual policies a page (guide 000, 4.1 and 10.1).
pub const ROWS_A_PAGE: PageSizes = PageSizes([10, 20, 50]);

impl PageSizes {
    /// How many pages so many rows take; an empty list is one empty page. None where the page does
    /// not offer that size.
    pub fn pages(self, rows: usize, size: usize) -> Option<usize> {
        self.0.contains(&size).then(|| rows.div_ceil(size).max(1))
    }
}

impl Column {
    /// The option that has to be on before the page shows this one.
    pub fn revealed_by(&self) -> Option<&'static Column> {
        let pair = REVEALED_BY.iter().find(|pair| pair.0 == self.name)?;
        column(pair.1)
    }

    /// Whether the page shows it: it has words, and what reveals it is on and shown itself.
    pub fn is_shown(&self, values: &GroupPolicyValues) -> bool {
        !self.title.is_empty()
            && self.revealed_by().is_none_or(|parent| {
                (parent.get)(values) == Value::Integer(1) && parent.is_shown(values)
            })
    }

    /// Whether it is greyed out: a setting of the band, at an NES that allows registration only.
    pub fn is_greyed_out(&self, values: &GroupPolicyValues) -> bool {
        self.is_band_setting && values.permissions == Permissions::RegistrationOnly
    }
}

impl Permissions {
    /// Whether bands may be enrolled here.
    pub const fn allow_enrollment(self) -> bool {
        !matches!(self, Self::RegistrationOnly)
    }

    /// Whether bands that were enrolled elsewhere may be registered here.
    pub const fn allow_registration(self) -> bool {
        !matches!(self, Self::EnrollmentOnly)
    }
}
