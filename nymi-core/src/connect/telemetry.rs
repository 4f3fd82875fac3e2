use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::object::Object;
use crate::message::{AccountName, NfcUid};
use crate::{BandId, UnixMillis};

/// The longest text of one attribute that is taken.
const MAX_TEXT: usize = 4096;

/// Columns Severity and Level of telemetry.log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Severity {
    Error,
    Warning,
    Information,
}

/// What an audit event is about (`SubCategory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SubCategory {
    Authentication,
    Registration,
}

/// Which program made it (`Producer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Producer {
    /// Connect for Android.
    Nca,
    /// Connect for Windows.
    Ncw,
    /// The Enterprise Server.
    Nes,
}

/// The operating system it happened on (`OSType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum OsType {
    Windows,
    Android,
    Linux,
    MacOS,
}

/// The only value of `Category`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Category {
    #[default]
    Audit,
}

fn category<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Category, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Where an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To the local log alone: the server could not be reached.
    Local,
    /// To the local log and the server's telemetry.log.
    LocalAndServer,
}

macro_rules! audit_events {
    ($($(#[$doc:meta])* $name:ident, $severity:ident, $message:literal;)*) => {
        /// What Connect records (guide 004, 6.2 "Centralized Audit Logging").
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditEvent {
            $($(#[$doc])* $name,)*
        }

        impl AuditEvent {
            /// Every event, in the guide's order.
            pub const ALL: [Self; 6] = [$(Self::$name,)*];

            /// The name in `EventType`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The severity with which it is written.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// The column Message.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

audit_events! {
    /// A tap was received and credentials were typed.
    PasswordAutofillSuccess, Information, "Credentials were filled in.";
    /// They were not: no field, a timeout, or another error.
    PasswordAutofillFailed, Error, "Credentials could not be filled in.";
    /// The stored password is not the directory's.
    PasswordValidationFailed, Warning, "The stored password does not match the directory.";
    /// The user stored another password.
    EncryptedPasswordUpdated, Information, "The stored password was updated.";
    /// The stored password was cleared: it was wrong, or the user cancelled its update.
    EncryptedPasswordRemoved, Warning, "The stored password was removed.";
    /// A band was tapped that is not enrolled.
    UnknownAuthenticatorDetected, Warning, "A band was tapped that is not enrolled.";
}

impl AuditEvent {
    /// Where it is written.
    pub const fn destination(self, server_reachable: bool) -> Destination {
        match server_reachable {
            true => Destination::LocalAndServer,
            false => Destination::Local,
        }
    }

    /// An event of that kind, as the server stores it. An error carries what went wrong.
    pub fn record(self, source: &str, attributes: Attributes, exception: &str) -> TelemetryEvent {
        let severity = self.severity();
        TelemetryEvent {
            severity,
            level: severity,
            message: self.message().to_string(),
            exception: (severity == Severity::Error).then(|| exception.to_string()),
            source: source.to_string(),
            attributes: Attributes {
                event_type: Some(self.name().to_string()),
                ..attributes
            },
        }
    }
}

/// A row of telemetry.log as a client makes it. TraceId and SpanId are always NULL; ID, TimeStamp,
/// ClientIp, CreatedAt and ModifiedAt are the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryEvent {
    /// Severity.
    pub severity: Severity,
    /// Level.
    pub level: Severity,
    /// Message.
    pub message: String,
    /// Exception; only with [`Severity::Error`].
    pub exception: Option<String>,
    /// The component that made it, such as `ClientRegService`.
    pub source: String,
    /// Attributes.
    pub attributes: Attributes,
}

/// What was held to the terminal (`AuthenticatorId`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Authenticator {
    /// A band over Bluetooth: `BLE_MAC_00:1A:7D:DA:71:13`.
    Ble(BandId),
    /// A band or card on an NFC reader: `NFC_3B8F7E2100`.
    Nfc(NfcUid),
    /// A card on an RFID reader: `RFID_7A45C923`.
    Rfid(String),
}

impl Authenticator {
    /// AuthenticatorId and SecondaryAuthenticatorId of a tap: by NFC, the band's address comes
    /// second.
    pub fn of_tap(band: BandId, nfc_uid: Option<NfcUid>) -> (Self, Option<Self>) {
        match nfc_uid {
            Some(uid) => (Self::Nfc(uid), Some(Self::Ble(band))),
            None => (Self::Ble(band), None),
        }
    }
}

impl fmt::Display for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ble(band) => write!(f, "BLE_MAC_{band}"),
            Self::Nfc(uid) => write!(f, "NFC_{uid}"),
            Self::Rfid(id) => write!(f, "RFID_{id}"),
        }
    }
}

impl FromStr for Authenticator {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        let is_id = |id: &str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let read = || {
            if let Some(band) = text.strip_prefix("BLE_MAC_") {
                band.parse().ok().map(Self::Ble)
            } else if let Some(uid) = text.strip_prefix("NFC_") {
                uid.parse().ok().map(Self::Nfc)
            } else {
                let id = text.strip_prefix("RFID_").filter(|id| is_id(id))?;
                Some(Self::Rfid(id.to_ascii_uppercase()))
            }
        };
        read().ok_or_else(|| TelemetryError::Authenticator {
            found: text.chars().take(80).collect(),
        })
    }
}

impl From<Authenticator> for String {
    fn from(id: Authenticator) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for Authenticator {
    type Error = TelemetryError;

    fn try_from(text: String) -> Result<Self, TelemetryError> {
        text.parse()
    }
}

/// Attributes that are not those of an audit event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// Not an object of these keys and types.
    #[error("Attributes: {0}")]
    Form(String),
    /// A text that is too long to be kept.
    #[error("Attributes: {key} has {found} characters; it may have {MAX_TEXT}")]
    TooLong {
        /// Its key.
        key: &'static str,
        /// Its length.
        found: usize,
    },
    /// Not a prefix and an identifier.
    #[error(
        "{found:?} is no authenticator such as BLE_MAC_00:1A:7D:DA:71:13, NFC_3B8F7E2100 or RFID_7A45C923"
    )]
    Authenticator {
        /// The refused text, shortened.
        found: String,
    },
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $key:literal;)*) => {
        /// The JSON object in the column Attributes: 19 keys, null where there is nothing to say
        /// (guide 000 and 001, "Telemetry.log Schema").
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Attributes {
            $($(#[$doc])* #[serde(rename = $key, default)] pub $field: Option<$type>,)*
            /// What kind of event it is.
            #[serde(rename = "Category", default, deserialize_with = "category")]
            pub category: Category,
        }

        /// The keys of [`Attributes`], in the guide's order; `Category` has one value.
        const KEYS: [&str; 19] = {
            let mut keys = [""; 19];
            let all = [$($key,)*];
            let mut index = 0;
            while index < all.len() {
                // Category stands after EventTime.
                keys[index + (index >= 6) as usize] = all[index];
                index += 1;
            }
            keys[6] = "Category";
            keys
        };
    };
}

attributes! {
    /// The registered name of the device.
    client_name: String = "ClientName";
    /// The application that runs there.
    app_name: String = "AppName";
    /// The device's host name.
    host_name: String = "HostName";
    /// The device's operating system.
    os_type: OsType = "OSType";
    /// What happened: an [`AuditEvent`], or another producer's event.
    event_type: String = "EventType";
    /// When it happened, on the device.
    event_time: UnixMillis = "EventTime";
    /// What it is about.
    sub_category: SubCategory = "SubCategory";
    /// The program that made the event.
    producer: Producer = "Producer";
    /// That program's version.
    producer_version: String = "ProducerVersion";
    /// Host name on Windows, AndroidID on Android.
    host_id: String = "HostId";
    /// The user, as `DOMAIN\user`.
    user_id: AccountName = "UserId";
    /// What was held to the terminal.
    authenticator_id: Authenticator = "AuthenticatorId";
    /// What else identifies it: the band's address for a tap by NFC.
    secondary_authenticator_id: Authenticator = "SecondaryAuthenticatorId";
    /// The process that credentials were meant for.
    app_process_name: String = "AppProcessName";
    /// The URL of its page.
    app_url: String = "AppURL";
    /// The title of its window.
    app_win_title: String = "AppWinTitle";
    /// How long it took, milliseconds.
    total_elapsed_time: u64 = "TotalElapsedTime";
    /// Anything else, such as the reason of a failure.
    details: String = "Details";
}

impl Attributes {
    /// The keys, in the guide's order.
    pub const KEYS: [&'static str; 19] = KEYS;

    /// Reads the JSON object; a key that is not there is null, and `Category` is `Audit`.
    ///
    /// # Errors
    /// It has another key, or a value that the key cannot have.
    pub fn parse(json: &str) -> Result<Self, TelemetryError> {
        let Object(read): Object<Self> =
            serde_json::from_str(json).map_err(|error| TelemetryError::Form(error.to_string()))?;
        read.checked()
    }

    /// The JSON object, all keys in the guide's order.
    pub fn to_json(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        let mut json = String::from("{");
        for (index, key) in KEYS.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            json.push_str(&format!("{separator}\"{key}\":{}", value[*key]));
        }
        json.push('}');
        json
    }

    fn checked(self) -> Result<Self, TelemetryError> {
        for (key, text) in [
            ("ClientName", &self.client_name),
            ("AppName", &self.app_name),
            ("HostName", &self.host_name),
            ("EventType", &self.event_type),
            ("ProducerVersion", &self.producer_version),
            ("HostId", &self.host_id),
            ("AppProcessName", &self.app_process_name),
            ("AppURL", &self.app_url),
            ("AppWinTitle", &self.app_win_title),
            ("Details", &self.details),
        ] {
            let found = text.as_deref().map_or(0, |text| text.chars().count());
            if found > MAX_TEXT {
                return Err(TelemetryError::TooLong { key, found });
            }
        }
        Ok(self)
    }
}
