//! The small typed values of request fields: each can only exist if it is right.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

mod url;

pub use url::{AgentUrl, NesUrl};

/// A text is not the value that it should be; the sentence says what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct ValueError(pub &'static str);

/// Gives a type with `FromStr` and `Display` its serde form, a JSON string.
macro_rules! as_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
use as_text;

/// The name of an application: a letter, then 5 to 17 letters, digits, dots, underscores or hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NeaName(String);

impl NeaName {
    pub(super) const EXPECTED: &'static str =
        "an application name: a letter, then 5 to 17 letters, digits, dots, underscores or hyphens";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NeaName {
    type Err = ValueError;

    fn from_str(name: &str) -> Result<Self, ValueError> {
        let fits = (6..=18).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if fits {
            Ok(Self(name.to_string()))
        } else {
            Err(ValueError(Self::EXPECTED))
        }
    }
}

impl fmt::Display for NeaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(NeaName);

/// A user with the domain: read as `DOMAIN\user` or `user@domain`, written as `DOMAIN\user`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName {
    domain: String,
    username: String,
}

impl AccountName {
    pub(super) const EXPECTED: &'static str = "a user as DOMAIN\\user or user@domain";

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The name without the domain.
    pub fn username(&self) -> &str {
        &self.username
    }
}

impl FromStr for AccountName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (domain, username) = text
            .split_once('\\')
            .or_else(|| text.rsplit_once('@').map(|(user, domain)| (domain, user)))
            .ok_or(ValueError(Self::EXPECTED))?;
        let plain = |part: &str| {
            !part.is_empty()
                && !part
                    .chars()
                    .any(|c| c.is_control() || matches!(c, '\\' | ':'))
        };
        if !plain(domain) || !plain(username) || domain.contains('@') {
            return Err(ValueError(Self::EXPECTED));
        }
        Ok(Self {
            domain: domain.to_string(),
            username: username.to_string(),
        })
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.domain, self.username)
    }
}

as_text!(AccountName);

/// The UID that a band answers over NFC: 4 to 10 bytes, written in upper-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NfcUid(String);

impl NfcUid {
    pub(super) const EXPECTED: &'static str = "an NFC UID: 4 to 10 bytes in hex, such as 04A1B2C3";

    /// The UID in upper-case hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The UID of these bytes, if they are 4 to 10.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (4..=10)
            .contains(&bytes.len())
            .then(|| Self(hex::encode_upper(bytes)))
    }

    /// Whether it is new at each tap and names no band: four bytes of which the first is 08 (ISO/IEC
    /// 14443-3), as a band without a user shows (Administration Guide, 10.1.2.1).
    pub fn is_random(&self) -> bool {
        self.0.len() == 8 && self.0.starts_with("08")
    }
}

impl FromStr for NfcUid {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bytes = hex::decode(text).map_err(|_| ValueError(Self::EXPECTED))?;
        Self::from_bytes(&bytes).ok_or(ValueError(Self::EXPECTED))
    }
}

impl fmt::Display for NfcUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(NfcUid);

/// Bytes, written in lower-case hex and read in either case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HexBytes(pub Vec<u8>);

impl HexBytes {
    pub(super) const EXPECTED: &'static str = "bytes in hex";
}

impl FromStr for HexBytes {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        hex::decode(text)
            .map(Self)
            .map_err(|_| ValueError(Self::EXPECTED))
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

as_text!(HexBytes);

/// A SHA-256 digest, 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub(super) const EXPECTED: &'static str = "32 bytes in hex, 64 digits";
}

impl FromStr for Digest {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| ValueError(Self::EXPECTED))?;
        Ok(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

as_text!(Digest);

/// An id that this platform made: a UUID, kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uuid(String);

impl Uuid {
    pub(super) const EXPECTED: &'static str = "a UUID such as 1b4e28ba-2fa1-41d2-883f-0016d3cca427";

    /// A version 4 UUID from 16 random bytes.
    pub fn from_random(mut random: [u8; 16]) -> Self {
        random[6] = random[6] & 0x0F | 0x40;
        random[8] = random[8] & 0x3F | 0x80;
        let text = hex::encode(random);
        let parts = [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ];
        Self(parts.join("-"))
    }

    /// Its 16 bytes.
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let digits = self.0.replace('-', "");
        // The text was checked when it was made.
        let _ = hex::decode_to_slice(digits, &mut bytes);
        bytes
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uuid {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let fits = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ValueError(Self::EXPECTED))
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Uuid);

/// A password, token or credential: wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) const EXPECTED: &'static str = "a non-empty string";

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            Err(ValueError(Self::EXPECTED))
        } else {
            Ok(Self(text))
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Names the kind of a JSON value for a sentence.
pub(super) fn kind(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "null".to_string(),
        serde_json::Value::Bool(_) => "a boolean".to_string(),
        serde_json::Value::Number(number) => format!("the number {number}"),
        serde_json::Value::String(text) if text.is_empty() => "an empty string".to_string(),
        serde_json::Value::String(_) => "a string of another form".to_string(),
        serde_json::Value::Array(_) => "an array".to_string(),
        serde_json::Value::Object(_) => "an object".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_sixteen_bytes() {
        let bytes = *b"\x1b\x4e\x28\xba\x2f\xa1\x41\xd2\x88\x3f\x00\x16\xd3\xcc\xa4\x27";
        let uuid: Uuid = "1B4E28BA-2fa1-41d2-883f-0016d3cca427".parse().unwrap();
        assert_eq!(uuid.to_bytes(), bytes);
        assert_eq!(Uuid::from_random(bytes), uuid);
    }

    #[test]
    fn a_secret_is_exposed_only_on_demand() {
        let secret = Secret::try_from("hunter2".to_string()).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn application_names_have_six_to_eighteen_characters() {
        for name in ["abcdef", "A.b_c-9", "abcdefghijklmnopqr"] {
            assert_eq!(name.parse::<NeaName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "abcde",
            "abcdefghijklmnopqrs",
            "1bcdef",
            "abc def",
            "äbcdef",
            "abcdef\n",
        ] {
            assert!(name.parse::<NeaName>().is_err(), "{name}");
        }
    }

    #[test]
    fn accounts_are_read_in_both_forms_and_written_in_one() {
        for text in ["CORP\\bob", "bob@CORP"] {
            assert_eq!(
                text.parse::<AccountName>().unwrap().to_string(),
                "CORP\\bob"
            );
        }
        for text in [
            "bob",
            "\\bob",
            "CORP\\",
            "@CORP",
            "A\\B\\bob",
            "CORP\\bo\0b",
            "CORP\\b:b",
        ] {
            assert!(text.parse::<AccountName>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_and_bytes_are_normalised() {
        assert_eq!("04a1b2c3".parse::<NfcUid>().unwrap().as_str(), "04A1B2C3");
        assert!("04a1b2".parse::<NfcUid>().is_err());
        let is_random = |uid: &str| uid.parse::<NfcUid>().unwrap().is_random();
        assert!(is_random("08a1b2c3"));
        assert!(!is_random("04a1b2c3") && !is_random("08a1b2c3d4e5f6"));
        assert_eq!("0AFF".parse::<HexBytes>().unwrap().to_string(), "0aff");
        assert!("0AF".parse::<HexBytes>().is_err());
        let id = Uuid::from_random([0xFF; 16]);
        assert_eq!(id.as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!("FFFFFFFF-ffff-4fff-bfff-ffffffffffff".parse(), Ok(id));
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::try_from("hunter2".to_string()).unwrap();
        assert!(!std::format!("{secret:?}").contains("hunter2"));
    }
}
