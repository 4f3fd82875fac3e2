//! What each operation takes: one struct per operation, one table of how its fields are read.

mod lookup;
mod read;

use alloc::string::String;

use serde::{Deserialize, Serialize, Serializer};

pub use lookup::{Lookup, LookupColumn, LookupQuery};

use super::fields::Fields;
use super::update::to_map;
use super::{
    AccountName, AgentUrl, Digest, HexBytes, Map, NeaName, NesUrl, Operation, Secret, Uuid,
};
use crate::BandId;
use crate::chain::Grade;

/// The fields of a request, by operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Payload {
    Init(Init),
    Info,
    ListEndpoints,
    SubscribeEndpoint(SubscribeEndpoint),
    UnsubscribeEndpoint(UnsubscribeEndpoint),
    Lookup(Lookup),
    AssertIdentity(AssertIdentity),
    UserStatus(UserStatus),
    Notify(Notify),
    Random(Random),
    Sign(Sign),
    SymmetricKey(SymmetricKey),
    Totp(Totp),
    Firmware(Firmware),
    Cancel(Cancel),
    BandExchange(BandExchange),
    BandSession(BandSession),
}

impl Payload {
    /// Reads the fields of an operation; none if a fault was noted in `fields`.
    pub(super) fn read(operation: Operation, fields: &mut Fields<'_>) -> Option<Self> {
        match operation {
            Operation::Init => Init::read(fields).map(Self::Init),
            Operation::Info => Some(Self::Info),
            Operation::ListEndpoints => Some(Self::ListEndpoints),
            Operation::SubscribeEndpoint => {
                SubscribeEndpoint::read(fields).map(Self::SubscribeEndpoint)
            }
            Operation::UnsubscribeEndpoint => {
                UnsubscribeEndpoint::read(fields).map(Self::UnsubscribeEndpoint)
            }
            Operation::Lookup => Lookup::read(fields).map(Self::Lookup),
            Operation::AssertIdentity => AssertIdentity::read(fields).map(Self::AssertIdentity),
            Operation::UserStatus => UserStatus::read(fields).map(Self::UserStatus),
            Operation::Notify => Notify::read(fields).map(Self::Notify),
            Operation::Random => Random::read(fields).map(Self::Random),
            Operation::Sign => Sign::read(fields).map(Self::Sign),
            Operation::SymmetricKey => SymmetricKey::read(fields).map(Self::SymmetricKey),
            Operation::Totp => Totp::read(fields).map(Self::Totp),
            Operation::Firmware => Firmware::read(fields).map(Self::Firmware),
            Operation::Cancel => Cancel::read(fields).map(Self::Cancel),
            Operation::BandExchange => BandExchange::read(fields).map(Self::BandExchange),
            Operation::BandSession => BandSession::read(fields).map(Self::BandSession),
        }
    }

    /// Which operation has these fields.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Init(_) => Operation::Init,
            Self::Info => Operation::Info,
            Self::ListEndpoints => Operation::ListEndpoints,
            Self::SubscribeEndpoint(_) => Operation::SubscribeEndpoint,
            Self::UnsubscribeEndpoint(_) => Operation::UnsubscribeEndpoint,
            Self::Lookup(_) => Operation::Lookup,
            Self::AssertIdentity(_) => Operation::AssertIdentity,
            Self::UserStatus(_) => Operation::UserStatus,
            Self::Notify(_) => Operation::Notify,
            Self::Random(_) => Operation::Random,
            Self::Sign(_) => Operation::Sign,
            Self::SymmetricKey(_) => Operation::SymmetricKey,
            Self::Totp(_) => Operation::Totp,
            Self::Firmware(_) => Operation::Firmware,
            Self::Cancel(_) => Operation::Cancel,
            Self::BandExchange(_) => Operation::BandExchange,
            Self::BandSession(_) => Operation::BandSession,
        }
    }

    /// The band that the operation is about, if it is about one.
    pub const fn device(&self) -> Option<BandId> {
        match self {
            Self::AssertIdentity(AssertIdentity { device, .. })
            | Self::Notify(Notify { device, .. })
            | Self::Random(Random { device, .. })
            | Self::Sign(Sign { device, .. })
            | Self::SymmetricKey(SymmetricKey { device, .. })
            | Self::Totp(Totp { device, .. })
            | Self::Firmware(Firmware { device })
            | Self::BandSession(BandSession { device, .. }) => Some(*device),
            _ => None,
        }
    }

    /// The fields as JSON, without those that are absent.
    pub(super) fn to_map(&self) -> Map {
        match self {
            Self::Init(fields) => to_map(fields),
            Self::Info | Self::ListEndpoints => Map::new(),
            Self::SubscribeEndpoint(fields) => to_map(fields),
            Self::UnsubscribeEndpoint(fields) => to_map(fields),
            Self::Lookup(fields) => to_map(fields),
            Self::AssertIdentity(fields) => to_map(fields),
            Self::UserStatus(fields) => to_map(fields),
            Self::Notify(fields) => to_map(fields),
            Self::Random(fields) => to_map(fields),
            Self::Sign(fields) => to_map(fields),
            Self::SymmetricKey(fields) => to_map(fields),
            Self::Totp(fields) => to_map(fields),
            Self::Firmware(fields) => to_map(fields),
            Self::Cancel(fields) => to_map(fields),
            Self::BandExchange(fields) => to_map(fields),
            Self::BandSession(fields) => to_map(fields),
        }
    }
}

/// `init`: which application this is, and where it may obtain its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Init {
    /// The application.
    pub nea_name: NeaName,
    /// The NES that issues the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nes_url: Option<NesUrl>,
    /// A session token of the NES, instead of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// The user who logs in to the NES.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<AccountName>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The agent, if not the one configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_url: Option<AgentUrl>,
    /// The grade that certificates must have; absent means gold.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_grade"
    )]
    pub grade: Option<Grade>,
    /// The L1 certificate, as PEM text or the path of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l1: Option<String>,
}

fn write_grade<S: Serializer>(grade: &Option<Grade>, serializer: S) -> Result<S::Ok, S::Error> {
    match grade {
        Some(grade) => serializer.collect_str(grade),
        None => serializer.serialize_none(),
    }
}

/// `subscribe_endpoint`: whose taps, presence and changes to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubscribeEndpoint {
    /// The terminal's id, hostname, one of its addresses, or the address it connects from.
    pub endpoint_id: String,
}

/// `unsubscribe_endpoint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnsubscribeEndpoint {
    /// As it was named in `subscribe_endpoint`.
    pub endpoint_id: String,
}

/// `assert_identity`: who wears this band, verified and signed by the NES.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssertIdentity {
    /// Always `assert_user`.
    pub assert_type: &'static str,
    /// The band.
    pub device: BandId,
    /// The tap that shows the intent; there whenever a document or meaning is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent_id: Option<Uuid>,
    /// What is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_sha256: Option<Digest>,
    /// What the signature means, such as "approved".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// Who the assertion is for; absent means the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Comes back in the assertion, against replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl AssertIdentity {
    /// The one `assert_type`.
    pub const ASSERT_USER: &'static str = "assert_user";

    /// Asks who wears a band, with nothing signed.
    pub const fn of(device: BandId) -> Self {
        Self {
            assert_type: Self::ASSERT_USER,
            device,
            intent_id: None,
            document_sha256: None,
            meaning: None,
            audience: None,
            nonce: None,
        }
    }
}

/// `user_status`: is the account good?
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserStatus {
    /// The user's name.
    pub username: String,
    /// The user's domain.
    pub domain: String,
}

/// What a band shows and how it vibrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notification {
    /// Success.
    Positive,
    /// Failure.
    Negative,
}

/// `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notify {
    /// The band.
    pub device: BandId,
    /// What it shows.
    pub notification: Notification,
}

/// `random`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Random {
    /// The band.
    pub device: BandId,
    /// How many bytes, 1 to 64.
    pub length: u8,
}

/// `sign`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// The band.
    pub device: BandId,
    /// The SHA-256 digest to sign.
    pub hash: Digest,
}

/// What to do with a secret that a band keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAction {
    /// Make it.
    Create,
    /// Use or read it.
    Get,
    /// Forget it.
    Delete,
}

/// `symmetric_key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SymmetricKey {
    /// The band.
    pub device: BandId,
    /// What to do.
    pub action: KeyAction,
    /// Which key. For `create` it may be left out: then one is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<Uuid>,
}

/// `totp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totp {
    /// The band.
    pub device: BandId,
    /// What to do.
    pub action: KeyAction,
}

/// `firmware`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Firmware {
    /// The band.
    pub device: BandId,
}

/// `cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cancel {
    /// The exchange of the request to give up.
    pub exchange: String,
}

/// `band_exchange`: one message to a band, for enrollment terminals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BandExchange {
    /// The terminal whose radio reaches the band.
    pub endpoint_id: String,
    /// The band's static address before enrollment, its NymiBandID after.
    pub address: BandId,
    /// The message.
    pub data: HexBytes,
}

/// `band_session`: one message of a session with a band, for native clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BandSession {
    /// The band.
    pub device: BandId,
    /// The message, a `BandRequest::Session`.
    pub data: HexBytes,
}
