//! What each operation answers: for the servers that write it and the clients that read it.
//!
//! `lookup` answers the asked columns ([`Lookup::answer`](super::Lookup::answer)); operations that
//! are not here answer an empty payload.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::channel::{AdapterStatus, ReaderStatus};
use super::{Digest, HexBytes, Map, NeaName, Uuid};
use crate::{BandId, UnixMillis};

/// A certificate, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// The serial number in hex.
    pub serial: String,
    /// Until when it is valid.
    pub not_after: UnixMillis,
}

/// The answer to `init`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitAnswer {
    /// The application.
    pub nea_name: NeaName,
    /// The agent's URL, or its version.
    pub agent: Option<String>,
    /// The URL of the NES.
    pub nes: Option<String>,
    /// The application's certificate; none over the WebAPI.
    pub certificate: Option<CertificateInfo>,
}

/// The answer to `info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoAnswer {
    /// The version of the program that answers.
    pub version: String,
    /// The agent: URL, version or state.
    pub agent: Option<String>,
    /// The URL of the NES.
    pub nes: Option<String>,
    /// The endpoints.
    #[serde(default)]
    pub endpoints: Vec<EndpointInfo>,
    /// The bands that are heard, each as a `presence` payload.
    #[serde(default)]
    pub bands: Vec<Map>,
    /// The application's certificate.
    pub certificate: Option<CertificateInfo>,
}

/// A terminal, as `list_endpoints` and `info` describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointInfo {
    /// Its stable id.
    pub endpoint_id: String,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its addresses, the one that it connects from included.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Its Bluetooth adapters.
    #[serde(default)]
    pub adapters: Vec<AdapterStatus>,
    /// Its NFC readers.
    #[serde(default)]
    pub readers: Vec<ReaderStatus>,
    /// Whether it is joined and has an adapter that works.
    pub ready: bool,
}

/// The answer to `list_endpoints`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEndpointsAnswer {
    /// The endpoints, in the order in which they joined.
    pub endpoints: Vec<EndpointInfo>,
}

/// The answer to `subscribe_endpoint` and `unsubscribe_endpoint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeEndpointAnswer {
    /// The terminal's stable id.
    pub endpoint_id: String,
}

/// The answer to `assert_identity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertIdentityAnswer {
    /// The user.
    #[serde(rename = "Username")]
    pub username: String,
    /// The user's domain.
    #[serde(rename = "Domain")]
    pub domain: String,
    /// The band.
    #[serde(rename = "NymiBandID")]
    pub band: BandId,
    /// `ble` or `nfc+ble`.
    pub method: String,
    /// When the NES verified the frame.
    pub verified_at: UnixMillis,
    /// The signed assertion, JWS compact.
    pub assertion: String,
}

/// The answer to `user_status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatusAnswer {
    /// The status of the account.
    pub status: String,
    /// Whether it came from the cache.
    pub cached: bool,
    /// When the directory was asked.
    pub checked_at: UnixMillis,
}

/// The answer to `random`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomAnswer {
    /// The bytes.
    pub random: HexBytes,
}

/// The answer to `sign`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignAnswer {
    /// The signature, r and s of 32 bytes each.
    pub signature: HexBytes,
    /// The band's public key, SubjectPublicKeyInfo in DER.
    pub public_key: HexBytes,
}

/// The answer to `symmetric_key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymmetricKeyAnswer {
    /// The key's id.
    pub key_id: Uuid,
    /// The key; none after delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
}

/// The answer to `totp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpAnswer {
    /// The present one-time password; none after delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
    /// After create: the secret and its parameters as an `otpauth` URI, for whoever checks the
    /// passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otpauth: Option<String>,
}

/// The answer to `firmware`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmwareAnswer {
    /// The firmware.
    pub firmware_version: String,
    /// The hardware.
    pub hardware_version: String,
}

/// The answer to `band_exchange`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandExchangeAnswer {
    /// The band's message.
    pub data: HexBytes,
}

/// The answer to `band_session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandSessionAnswer {
    /// The band's message, a `BandReply`.
    pub data: HexBytes,
}
