use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A NymiBandID: the six bytes of the band's random static Bluetooth address.
///
/// The band makes a new one at each enrollment; any six bytes are accepted. The text form, here and
/// in every message, is `AA:BB:CC:DD:EE:FF` in upper case.
///
/// ```
/// use nymi_core::BandId;
/// let band: BandId = "DD:34:A2:0F:0B:0D".parse().unwrap();
/// assert_eq!(band.to_string(), "DD:34:A2:0F:0B:0D");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BandId([u8; 6]);

/// Text that is not a NymiBandID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a NymiBandID is six hexadecimal bytes with colons, such as AA:BB:CC:DD:EE:FF")]
pub struct BandIdError;

impl BandId {
    /// The band with these address bytes, most significant first.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The address bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 6] {
        &self.0
    }
}

impl FromStr for BandId {
    type Err = BandIdError;

    fn from_str(text: &str) -> Result<Self, BandIdError> {
        let text = text.as_bytes();
        if text.len() != 17 {
            return Err(BandIdError);
        }
        let mut bytes = [0; 6];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let at = index * 3;
            if index > 0 && text[at - 1] != b':' {
                return Err(BandIdError);
            }
            hex::decode_to_slice(&text[at..at + 2], core::slice::from_mut(byte))
                .map_err(|_| BandIdError)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for BandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl fmt::Debug for BandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BandId({self})")
    }
}

impl From<BandId> for String {
    fn from(band: BandId) -> Self {
        alloc::format!("{band}")
    }
}

impl TryFrom<String> for BandId {
    type Error = BandIdError;

    fn try_from(text: String) -> Result<Self, BandIdError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_either_case_and_writes_upper() {
        let band: BandId = "dd:34:a2:0f:0b:0d".parse().unwrap();
        assert_eq!(band.to_string(), "DD:34:A2:0F:0B:0D");
    }

    #[test]
    fn refuses_what_is_not_six_bytes() {
        for text in [
            "",
            "DD:34:A2:0F:0B",
            "DD-34-A2-0F-0B-0D",
            "DD:34:A2:0F:0B:0G",
            "DD:34:A2:0F:0B:0D ",
            "é:34:A2:0F:0B:0D",
        ] {
            assert_eq!(text.parse::<BandId>(), Err(BandIdError), "{text}");
        }
    }
}
