use serde::{Deserialize, Serialize};

use super::serial::Variant;

/// The charge of a band, in the time on a charger that it took: a full one takes two hours
/// (Administration Guide, "Nymi Band configuration checklist for users").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Battery(u32);

/// More charge than a band can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("battery is {0}; it must be 0 to 7200000 ms of charging")]
pub struct BatteryError(u32);

/// Taps in a workday of ten hours, by which the guides measure.
pub const TAPS_PER_DAY: u32 = 300;

impl Battery {
    /// Nothing left.
    pub const EMPTY: Self = Self(0);
    /// Two hours on a charger.
    pub const FULL: Self = Self(7_200_000);
    /// What a Band 4 (ANSI) needs before it can be enrolled: half an hour on a charger.
    pub const ENROLLMENT_ANSI: Self = Self(1_800_000);
    /// Enough for an enrollment; a Band 3 arrives with it.
    pub const AS_DELIVERED: Self = Self(2_160_000);
    /// Below this the band says so in its frames: a tenth.
    const LOW: Self = Self(720_000);
    /// At or below this it stops: a hundredth.
    const CRITICAL: Self = Self(72_000);

    /// Workdays that a full charge lasts: three, or two for a Band 4 (ANSI).
    pub const fn days(variant: Variant) -> u32 {
        if variant.ansi() { 2 } else { 3 }
    }

    /// After so many taps, and the hours around them.
    #[must_use]
    pub fn after_taps(self, variant: Variant, taps: u32) -> Self {
        let each = Self::FULL.0 / (Self::days(variant) * TAPS_PER_DAY);
        Self(self.0.saturating_sub(each.saturating_mul(taps)))
    }

    /// After so long on a charger.
    #[must_use]
    pub fn after_charging(self, ms: u32) -> Self {
        Self(self.0.saturating_add(ms)).min(Self::FULL)
    }

    /// Nothing left: the screen stays blank.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// The frames say so.
    pub fn is_low(self) -> bool {
        self < Self::LOW
    }

    /// Fault 0x6000D.
    pub fn is_critical(self) -> bool {
        self <= Self::CRITICAL
    }
}

impl TryFrom<u32> for Battery {
    type Error = BatteryError;

    fn try_from(ms: u32) -> Result<Self, BatteryError> {
        let charge = Self(ms);
        if charge <= Self::FULL {
            Ok(charge)
        } else {
            Err(BatteryError(ms))
        }
    }
}

impl From<Battery> for u32 {
    fn from(battery: Battery) -> Self {
        battery.0
    }
}
