use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The serial number on a band's casing, such as `GEXX-1234` or `ACAK-00056`.
///
/// Four letters or digits, a hyphen, four or five digits. The first character tells the variant
/// (Administration Guide, "Nymi Band configuration checklist for users").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SerialNumber(String);

/// What a variant of the band has, told by the first character of its serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// A vibration motor; `G` (ANSI) has none.
    pub motor: bool,
    /// HID Seos; `D` and `F`.
    pub seos: bool,
    /// Legic Advant; `F`.
    pub legic: bool,
}

/// What a serial number is, for those who wrote another one.
pub(crate) const SERIAL_NUMBER_RULE: &str =
    "four letters or digits, a hyphen and four or five digits, such as ACAK-00056";

/// Text that is not a serial number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is {SERIAL_NUMBER_RULE}")]
pub struct SerialNumberError;

impl Variant {
    /// Band 4 (ANSI), for places where a spark may ignite something: it has no motor.
    pub const fn ansi(self) -> bool {
        !self.motor
    }
}

impl SerialNumber {
    /// What this band has.
    pub fn variant(&self) -> Variant {
        let letter = self.0.as_bytes()[0];
        Variant {
            motor: letter != b'G',
            seos: matches!(letter, b'D' | b'F'),
            legic: letter == b'F',
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SerialNumber {
    type Err = SerialNumberError;

    fn from_str(text: &str) -> Result<Self, SerialNumberError> {
        let text = text.to_ascii_uppercase();
        let (model, number) = text.split_once('-').ok_or(SerialNumberError)?;
        let fits = model.len() == 4
            && model.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && matches!(number.len(), 4 | 5)
            && number.bytes().all(|byte| byte.is_ascii_digit());
        if fits {
            Ok(Self(text))
        } else {
            Err(SerialNumberError)
        }
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SerialNumber> for String {
    fn from(serial: SerialNumber) -> Self {
        serial.0
    }
}

impl TryFrom<String> for SerialNumber {
    type Error = SerialNumberError;

    fn try_from(text: String) -> Result<Self, SerialNumberError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_letter_tells_the_variant() {
        let variant = |text: &str| text.parse::<SerialNumber>().unwrap().variant();
        assert_eq!(
            variant("GEXX-1234"),
            Variant {
                motor: false,
                seos: false,
                legic: false
            }
        );
        assert_eq!(
            variant("DEXX-1234"),
            Variant {
                motor: true,
                seos: true,
                legic: false
            }
        );
        assert_eq!(
            variant("FEXX-1234"),
            Variant {
                motor: true,
                seos: true,
                legic: true
            }
        );
        assert_eq!(
            variant("acak-00056"),
            Variant {
                motor: true,
                seos: false,
                legic: false
            }
        );
    }

    #[test]
    fn refuses_other_text() {
        for text in [
            "",
            "ACAK",
            "ACAK-",
            "ACAK-123",
            "ACAK-123456",
            "AC K-1234",
            "ÄCA-1234",
        ] {
            assert_eq!(
                text.parse::<SerialNumber>(),
                Err(SerialNumberError),
                "{text}"
            );
        }
    }
}
