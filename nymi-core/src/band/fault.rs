//! Fault conditions: what a band shows when it can't help itself (Troubleshooting Guide, "Fault code
//! appears on the Nymi Band" and Table 2).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The first line of a fault screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FaultCode(u32);

/// A fault condition: a code, and the number of the line where the firmware met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happened.
    pub code: FaultCode,
    /// Where in the firmware.
    pub line: u32,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultAction {
    /// On the charger, hold the top button 10 to 15 s. If the code returns: to the vendor.
    Restart,
    /// A part is broken: return it to the vendor (RMA).
    Return,
    /// Leave it on a charger that works; install the firmware again if that alone does not help.
    Charge,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRow {
    /// Hexadecimal digits of the codes, in upper case.
    pub codes: &'static [&'static str],
    /// Whether every code that begins so is meant.
    pub prefix: bool,
    /// What it says.
    pub meaning: &'static str,
    /// What helps.
    pub action: FaultAction,
}

const fn row(
    codes: &'static [&'static str],
    meaning: &'static str,
    action: FaultAction,
) -> FaultRow {
    FaultRow {
        codes,
        prefix: false,
        meaning,
        action,
    }
}

const fn beginning(
    codes: &'static [&'static str],
    meaning: &'static str,
    action: FaultAction,
) -> FaultRow {
    FaultRow {
        prefix: true,
        ..row(codes, meaning, action)
    }
}

/// Every fault that the guides know, in their order.
#[rustfmt::skip]
pub const FAULTS: [FaultRow; 17] = [
    beginning(&["110"], "the bootloader has a problem", FaultAction::Return),
    row(&["D001D"], "the fingerprint matcher has a problem", FaultAction::Restart),
    row(&["D0015"], "the fingerprint camera failed", FaultAction::Return),
    row(&["D000B"], "the fingerprint sensor wants to be calibrated again", FaultAction::Restart),
    row(&["D0009"], "the fingerprint sensor reported an error", FaultAction::Restart),
    beginning(&["B000"], "internal error", FaultAction::Restart),
    row(&["60001"], "internal failure", FaultAction::Return),
    row(&["60002", "60003"], "error in the hardware abstraction layer (HAL)", FaultAction::Restart),
    beginning(&["6000D"], "the battery is critically low", FaultAction::Charge),
    row(&["80002"], "error on the way to the flash memory (SPI)", FaultAction::Restart),
    row(&["80003"], "the flash memory (SPI) failed", FaultAction::Return),
    row(&["90005"], "the motion sensor (IMU) is damaged", FaultAction::Return),
    row(&["00001", "00008", "00013"], "error in the core", FaultAction::Restart),
    row(&["E0001"], "on-body detection (OBD) failed", FaultAction::Return),
    row(&["E0003", "E0007"], "error in on-body detection (OBD)", FaultAction::Restart),
    row(&["140001"], "the memory failed", FaultAction::Return),
    row(&["140005", "190003", "19000B"], "out of memory", FaultAction::Restart),
];

impl FaultCode {
    /// The battery is critically low.
    pub const BATTERY: Self = Self(0x6000d);

    /// The code as a number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its line of the table; none for a code that the guides don't know. The exact code before the
    /// beginning of one.
    pub fn row(self) -> Option<&'static FaultRow> {
        let digits = alloc::format!("{:05X}", self.0);
        let exact = |row: &&FaultRow| row.codes.contains(&digits.as_str());
        let begins =
            |row: &&FaultRow| row.prefix && row.codes.iter().any(|code| digits.starts_with(code));
        FAULTS
            .iter()
            .find(exact)
            .or_else(|| FAULTS.iter().find(begins))
    }

    /// What helps; a restart is worth trying with a code that is not known.
    pub fn action(self) -> FaultAction {
        self.row().map_or(FaultAction::Restart, |row| row.action)
    }
}

impl Fault {
    /// The band's battery is critically low.
    pub const BATTERY: Self = Self {
        code: FaultCode::BATTERY,
        line: 0,
    };

    /// The two lines of the screen: the code in hexadecimal, the line number in decimal.
    pub fn rows(&self) -> [String; 2] {
        [
            alloc::format!("{}", self.code),
            alloc::format!("{}", self.line),
        ]
    }
}

/// Text that is not a fault code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault code is {0:?}; it must be one to eight hexadecimal digits, such as 0xD001D")]
pub struct FaultCodeError(String);

impl FromStr for FaultCode {
    type Err = FaultCodeError;

    /// With or without `0x`, in either case.
    fn from_str(text: &str) -> Result<Self, FaultCodeError> {
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        let digits = digits.unwrap_or(text);
        let fits = (1..=8).contains(&digits.len()) && !digits.starts_with('+');
        let number = fits.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
        number
            .map(Self)
            .ok_or_else(|| FaultCodeError(text.chars().take(40).collect()))
    }
}

/// As the guides print it: at least five digits.
impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:05X}", self.0)
    }
}

impl From<FaultCode> for String {
    fn from(code: FaultCode) -> Self {
        alloc::format!("{code}")
    }
}

impl TryFrom<String> for FaultCode {
    type Error = FaultCodeError;

    fn try_from(text: String) -> Result<Self, FaultCodeError> {
        text.parse()
    }
}
