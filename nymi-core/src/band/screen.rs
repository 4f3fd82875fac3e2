//! What a band's screen shows.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::fault::Fault;
use super::label::Label;
use super::version::FirmwareVersion;

/// What the screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Dark: no charge, or still in ship mode.
    Blank,
    /// On the charger.
    Charging,
    /// The firmware version, on the charger.
    Version(FirmwareVersion),
    /// The progress bar of *delete user data*.
    Deleting,
    /// The band starts.
    Boot,
    /// It starts its recovery firmware.
    Recovering,
    /// The recovery firmware runs.
    Recovery,
    /// Off the charger and off the wrist, without a user.
    NoUser,
    /// On a wrist, without a user: the code by which an enrollment terminal finds it.
    SetupCode,
    /// On a wrist, with half an enrollment.
    AddUser,
    /// It waits for a finger.
    Finger,
    /// Whose it is.
    Label(Label),
    /// Authenticated, without a label.
    Ready,
    /// The finger is another.
    NoMatch,
    /// The finger is right, but no steady heartbeat was found.
    NoEcg,
    /// More than three failures in a row: what may help.
    Advice(&'static str),
    /// Locked out.
    SeeAdmin,
    /// A fault condition.
    Fault(Fault),
}

/// Advice after more than three mismatches in a row, in the spelling of the screen (Troubleshooting
/// Guide, "Authentication Failures").
pub const FINGER_ADVICE: [&str; 3] = ["CENTER FINGER", "WASH & DRY HAND & WRIST", "CLEAN BAND"];

/// Advice after more than three liveness failures in a row.
pub const ECG_ADVICE: [&str; 3] = ["SIT STLL", "WASH & DRY HAND & WRIST", "DON'T MOVE"];

/// Failures in a row that are answered without advice.
pub const FAILURES_WITHOUT_ADVICE: u32 = 3;

impl Screen {
    /// After so many mismatches in a row, this one included. The advice goes round, so that whoever
    /// tries again is told something new.
    pub fn after_mismatch(in_a_row: u32) -> Self {
        advice(in_a_row, &FINGER_ADVICE).unwrap_or(Self::NoMatch)
    }

    /// After so many liveness failures in a row, this one included.
    pub fn after_liveness_failure(in_a_row: u32) -> Self {
        advice(in_a_row, &ECG_ADVICE).unwrap_or(Self::NoEcg)
    }

    /// The picture that is shown, if any.
    pub fn icon(&self) -> Option<&'static str> {
        match self {
            Self::Charging => Some("charging"),
            Self::Deleting => Some("progress bar"),
            Self::NoUser => Some("battery"),
            Self::Finger => Some("fingerprint"),
            Self::Ready => Some("check mark"),
            Self::SeeAdmin => Some("See Admin"),
            _ => None,
        }
    }

    /// The lines of text, from top to bottom.
    pub fn rows(&self) -> Vec<String> {
        let one = |text: &str| Vec::from([text.to_owned()]);
        match self {
            Self::Blank
            | Self::Charging
            | Self::Deleting
            | Self::Finger
            | Self::Ready
            | Self::SeeAdmin => Vec::new(),
            Self::Version(version) => Vec::from([version.to_string()]),
            Self::Boot => one("starting"),
            Self::Recovering => one("recovering"),
            Self::Recovery => one("RECOVERY"),
            Self::NoUser => one("NO USER"),
            Self::SetupCode => one("setup code"),
            Self::AddUser => one("Add User"),
            Self::Label(label) => label.rows().into(),
            Self::NoMatch => one("NO MATCH"),
            Self::NoEcg => one("NO ECG"),
            Self::Advice(text) => one(text),
            Self::Fault(fault) => fault.rows().into(),
        }
    }
}

fn advice(in_a_row: u32, texts: &'static [&'static str; 3]) -> Option<Screen> {
    let index = in_a_row.checked_sub(FAILURES_WITHOUT_ADVICE + 1)?;
    Some(Screen::Advice(texts[index as usize % texts.len()]))
}
