//! Hardware and firmware versions, and what needs at least which.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which generation a band is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// Buttons at the top and the bottom; checks for a heartbeat (ECG).
    Band3,
    /// A fingerprint sensor alone.
    Band4,
}

/// The hardware version that a band reports, such as `14.00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HardwareVersion {
    major: u16,
    minor: u16,
}

/// The firmware version that a band reports and shows on its charger, such as `4.11.1.2`: one to
/// four numbers, of which the missing count as 0.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FirmwareVersion {
    numbers: [u16; 4],
    /// How many were written.
    parts: usize,
}

/// Text that is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// Of hardware.
    #[error("HardwareVersion is {0:?}; it must be a number, a point and two digits, such as 14.00")]
    Hardware(String),
    /// Of firmware.
    #[error(
        "FirmwareVersion is {0:?}; it must be one to four numbers up to 65535 with points, such as 4.11.1.2"
    )]
    Firmware(String),
}

impl HardwareVersion {
    /// Of a Band 3.
    pub const BAND_3: Self = Self {
        major: 10,
        minor: 0,
    };
    /// The first of a Band 4.
    pub const BAND_4: Self = Self {
        major: 14,
        minor: 0,
    };

    /// Which generation it stands for: `10.00` is a Band 3, `14.00` and greater a Band 4
    /// (Administration Guide, audit.NymiBand). What lies between stands for none.
    pub fn model(self) -> Option<Model> {
        if self == Self::BAND_3 {
            Some(Model::Band3)
        } else if self >= Self::BAND_4 {
            Some(Model::Band4)
        } else {
            None
        }
    }
}

impl FirmwareVersion {
    /// From all four numbers.
    pub const fn new(numbers: [u16; 4]) -> Self {
        Self { numbers, parts: 4 }
    }
}

/// What not every firmware can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// The liveness check can be switched off (Administration Guide, 4.3.5: CWP 1.1).
    SwitchableLiveness,
    /// Connect for Android accepts the band (Connect for Android Guide, Pre-requisites: 4.11.1.2).
    ConnectForAndroid,
}

/// The lowest firmware of a Band 3 that has a feature; every Band 4 has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareFloors {
    /// For [`Feature::SwitchableLiveness`].
    pub switchable_liveness: FirmwareVersion,
    /// For [`Feature::ConnectForAndroid`].
    pub connect_for_android: FirmwareVersion,
}

/// The guides name a release, CWP 1.1, for the liveness switch and no firmware number; it is taken to
/// be the first firmware numbered 4 (docs/decisions/band-model.md).
impl Default for FirmwareFloors {
    fn default() -> Self {
        Self {
            switchable_liveness: FirmwareVersion::new([4, 0, 0, 0]),
            connect_for_android: FirmwareVersion::new([4, 11, 1, 2]),
        }
    }
}

impl FirmwareFloors {
    /// Whether a band of this model with this firmware has the feature. A band whose model is not
    /// known is judged like a Band 3: by its firmware.
    pub fn supports(
        &self,
        feature: Feature,
        model: Option<Model>,
        firmware: FirmwareVersion,
    ) -> bool {
        let floor = match feature {
            Feature::SwitchableLiveness => self.switchable_liveness,
            Feature::ConnectForAndroid => self.connect_for_android,
        };
        model == Some(Model::Band4) || firmware >= floor
    }
}

/// A number without sign, of one to so many digits.
fn number(text: &str, most_digits: usize) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits && (1..=most_digits).contains(&text.len());
    fits.then(|| text.parse().ok()).flatten()
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

impl FromStr for HardwareVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let read = || {
            let (major, minor) = text.split_once('.')?;
            (minor.len() == 2).then_some(())?;
            Some(Self {
                major: number(major, 3)?,
                minor: number(minor, 2)?,
            })
        };
        read().ok_or_else(|| VersionError::Hardware(shown(text)))
    }
}

impl FromStr for FirmwareVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let read = || {
            let (mut numbers, mut parts) = ([0; 4], 0);
            for part in text.split('.') {
                *numbers.get_mut(parts)? = number(part, 5)?;
                parts += 1;
            }
            Some(Self { numbers, parts })
        };
        read().ok_or_else(|| VersionError::Firmware(shown(text)))
    }
}

impl fmt::Display for HardwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.major, self.minor)
    }
}

impl fmt::Display for FirmwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.numbers.iter().take(self.parts).enumerate() {
            let point = if index == 0 { "" } else { "." };
            write!(f, "{point}{number}")?;
        }
        Ok(())
    }
}

impl PartialEq for FirmwareVersion {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for FirmwareVersion {}

impl PartialOrd for FirmwareVersion {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FirmwareVersion {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

macro_rules! text_form {
    ($version:ty) => {
        impl From<$version> for String {
            fn from(version: $version) -> Self {
                alloc::format!("{version}")
            }
        }

        impl TryFrom<String> for $version {
            type Error = VersionError;

            fn try_from(text: String) -> Result<Self, VersionError> {
                text.parse()
            }
        }
    };
}

text_form!(HardwareVersion);
text_form!(FirmwareVersion);
