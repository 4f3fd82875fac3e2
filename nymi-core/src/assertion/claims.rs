use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::text::is_blank;
use crate::{BandId, UnixMillis};

/// How long an assertion may be used to log in: `exp = iat + 60`.
pub const LIFETIME_S: i64 = 60;

/// How long before `iat` the earliest moment of the claims may be: NES takes a gesture for 60 s, and a
/// policy lets the clocks of agent and server differ by up to 60 s (`DvNBANESTime`).
const EARLIEST_MS: i64 = 120_000;

/// How long after `iat` all of them have passed: the clocks once more, and the second that `iat` drops.
const LATEST_MS: i64 = 61_000;

/// How the band was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Method {
    /// Over Bluetooth alone.
    Ble,
    /// Over Bluetooth, and the gesture was a tap on an NFC reader.
    NfcBle,
}

impl Method {
    /// The claim's text: `ble` or `nfc+ble`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ble => "ble",
            Self::NfcBle => "nfc+ble",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Method> for &'static str {
    fn from(method: Method) -> Self {
        method.as_str()
    }
}

/// Text that is not a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a method is \"ble\" or \"nfc+ble\"")]
pub struct MethodError;

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Self, MethodError> {
        match text {
            "ble" => Ok(Self::Ble),
            "nfc+ble" => Ok(Self::NfcBle),
            _ => Err(MethodError),
        }
    }
}

impl TryFrom<String> for Method {
    type Error = MethodError;

    fn try_from(text: String) -> Result<Self, MethodError> {
        text.parse()
    }
}

/// A SHA-256 value; its text form is 64 hexadecimal digits, written in lower case.
///
/// ```
/// use nymi_core::assertion::Sha256Hex;
/// let hash: Sha256Hex = "00".repeat(32).parse().unwrap();
/// assert_eq!(hash, Sha256Hex::new([0; 32]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sha256Hex([u8; 32]);

/// Text that is not a SHA-256 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 value is written as 64 hexadecimal digits")]
pub struct Sha256HexError;

impl Sha256Hex {
    /// The value with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of `data`.
    pub fn of(data: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(data).into())
    }
}

impl FromStr for Sha256Hex {
    type Err = Sha256HexError;

    fn from_str(text: &str) -> Result<Self, Sha256HexError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Sha256HexError)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Hex({self})")
    }
}

impl From<[u8; 32]> for Sha256Hex {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Sha256Hex> for String {
    fn from(hash: Sha256Hex) -> Self {
        hex::encode(hash.0)
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = Sha256HexError;

    fn try_from(text: String) -> Result<Self, Sha256HexError> {
        text.parse()
    }
}

/// What an assertion says, under the claim names of the Trust manual.
///
/// The optional claims are absent, never null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// NES: its URL, such as `https://nes.example.com/nes`.
    pub iss: String,
    /// For whom: a log-in check refuses another's.
    pub aud: String,
    /// Who asked: the caller's proven name, else its origin, else `webapi`.
    pub azp: String,
    /// The user's immutable identifier.
    pub sub: String,
    /// The user's name at that time.
    #[serde(rename = "Username")]
    pub username: String,
    /// The user's domain at that time.
    #[serde(rename = "Domain")]
    pub domain: String,
    /// The band.
    #[serde(rename = "NymiBandID", deserialize_with = "spelled")]
    pub band: BandId,
    /// The agent that reported the frame.
    pub agent: String,
    /// The endpoint that heard it.
    pub endpoint: String,
    /// How.
    pub method: Method,
    /// Whether the agent saw a gesture.
    pub intent: bool,
    /// The gesture, as the `tap` update named it.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub intent_id: Option<String>,
    /// When the gesture was.
    #[serde(
        default,
        deserialize_with = "present_spelled",
        skip_serializing_if = "Option::is_none"
    )]
    pub intent_at: Option<UnixMillis>,
    /// The counter of the verified frame.
    pub counter: u32,
    /// When NES verified it.
    #[serde(deserialize_with = "spelled")]
    pub verified_at: UnixMillis,
    /// When the assertion was made, seconds since 1970.
    pub iat: i64,
    /// From when on it is no log-in any more, seconds since 1970: `iat + 60`.
    pub exp: i64,
    /// The assertion's own identifier.
    pub jti: String,
    /// What the relying party sent, so that it recognises the answer to its own question.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub nonce: Option<String>,
    /// The document that was signed.
    #[serde(
        default,
        deserialize_with = "present_spelled",
        skip_serializing_if = "Option::is_none"
    )]
    pub document_sha256: Option<Sha256Hex>,
    /// What the signature means, such as `approved`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub meaning: Option<String>,
}

/// Refuses null: a claim that is there has a value.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A value in the spelling in which it is written, and in no other that would be read as the same.
pub(super) fn spelled<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err: fmt::Display> + fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    let value: T = text.parse().map_err(D::Error::custom)?;
    let expected = value.to_string();
    if text == expected {
        Ok(value)
    } else {
        let error = format_args!("{text:?} is written {expected:?} in an assertion");
        Err(D::Error::custom(error))
    }
}

fn present_spelled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err: fmt::Display> + fmt::Display,
{
    spelled(deserializer).map(Some)
}

/// Claims that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// A claim that identifies someone or something, or says what was signed, is empty or blank.
    #[error("the claim {0} is empty")]
    Empty(&'static str),
    /// Another life than 60 s.
    #[error("exp must be iat + {LIFETIME_S}")]
    Lifetime,
    /// A signature without a gesture, or a gesture's identifier without the gesture.
    #[error("{0} requires intent and intent_id: the signer must tap for it")]
    Intent(&'static str),
    /// A moment that no server would put beside this `iat`.
    #[error("{0} is more than 120 s before iat, or more than 60 s after it")]
    Moment(&'static str),
    /// A countersignature without a document.
    #[error("a countersignature requires document_sha256, the first signature's")]
    Document,
}

impl Claims {
    /// Whether the claims fit together; issuing and verifying both demand it.
    ///
    /// # Errors
    /// The first claim that does not fit, by name.
    pub fn check(&self) -> Result<(), ClaimsError> {
        for (name, value) in [
            ("iss", Some(&self.iss)),
            ("aud", Some(&self.aud)),
            ("azp", Some(&self.azp)),
            ("sub", Some(&self.sub)),
            ("Username", Some(&self.username)),
            ("jti", Some(&self.jti)),
            ("meaning", self.meaning.as_ref()),
        ] {
            if value.is_some_and(|text| text.chars().all(is_blank)) {
                return Err(ClaimsError::Empty(name));
            }
        }
        // Those that run them name them, by any text that is not empty.
        for (name, value) in [("agent", &self.agent), ("endpoint", &self.endpoint)] {
            if value.is_empty() {
                return Err(ClaimsError::Empty(name));
            }
        }
        if self.iat.checked_add(LIFETIME_S) != Some(self.exp) {
            return Err(ClaimsError::Lifetime);
        }
        let tapped = self.intent && self.intent_id.as_ref().is_some_and(|id| !id.is_empty());
        for (name, there) in [
            ("document_sha256", self.document_sha256.is_some()),
            ("meaning", self.meaning.is_some()),
            ("intent_id", self.intent_id.is_some()),
            ("intent_at", self.intent_at.is_some()),
        ] {
            if there && !tapped {
                return Err(ClaimsError::Intent(name));
            }
        }
        let iat = UnixMillis::from_secs(self.iat);
        let moments = iat.saturating_add(-EARLIEST_MS)..iat.saturating_add(LATEST_MS);
        for (name, moment) in [
            ("verified_at", Some(self.verified_at)),
            ("intent_at", self.intent_at),
        ] {
            if moment.is_some_and(|moment| !moments.contains(&moment)) {
                return Err(ClaimsError::Moment(name));
            }
        }
        Ok(())
    }
}

/// What a countersignature says: the second person's claims, and the first signature they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterClaims {
    /// Of the second person, with the first signature's `document_sha256`.
    pub claims: Claims,
    /// SHA-256 of the first JWS.
    pub countersigns: Sha256Hex,
}
