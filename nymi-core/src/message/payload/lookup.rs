use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::BandId;
use crate::message::fields::{Fields, Text};
use crate::message::value::kind;
use crate::message::{Map, NfcUid, Status};

/// A column that `lookup` answers; no other column of the database ever leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LookupColumn {
    /// The user's name.
    Username,
    /// The user's domain.
    Domain,
    /// The band's address of its present enrollment.
    #[serde(rename = "NymiBandID")]
    NymiBandId,
    /// What NFC readers see of the band.
    #[serde(rename = "NfcUID")]
    NfcUid,
    /// What is printed on the band.
    SerialNumber,
    /// What the band shows.
    BandLabel,
    /// Whether the band may be used.
    IsActive,
    /// Whether it is the user's own band and no temporary one.
    IsPrimary,
    /// As the band reported it.
    FirmwareVersion,
    /// As the band reported it.
    HardwareVersion,
    /// The band's identity key, SubjectPublicKeyInfo.
    IdentityPublicKey,
}

impl LookupColumn {
    /// Every column.
    pub const ALL: &'static [Self] = &[
        Self::Username,
        Self::Domain,
        Self::NymiBandId,
        Self::NfcUid,
        Self::SerialNumber,
        Self::BandLabel,
        Self::IsActive,
        Self::IsPrimary,
        Self::FirmwareVersion,
        Self::HardwareVersion,
        Self::IdentityPublicKey,
    ];

    /// The column's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "Username",
            Self::Domain => "Domain",
            Self::NymiBandId => "NymiBandID",
            Self::NfcUid => "NfcUID",
            Self::SerialNumber => "SerialNumber",
            Self::BandLabel => "BandLabel",
            Self::IsActive => "IsActive",
            Self::IsPrimary => "IsPrimary",
            Self::FirmwareVersion => "FirmwareVersion",
            Self::HardwareVersion => "HardwareVersion",
            Self::IdentityPublicKey => "IdentityPublicKey",
        }
    }

    /// Whether a query can ask for rows by this column.
    pub const fn is_searchable(self) -> bool {
        matches!(
            self,
            Self::Username | Self::Domain | Self::NymiBandId | Self::NfcUid | Self::SerialNumber
        )
    }
}

/// What rows must match: every value that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LookupQuery {
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user's domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The band's address.
    #[serde(rename = "NymiBandID", skip_serializing_if = "Option::is_none")]
    pub band: Option<BandId>,
    /// What NFC readers see of the band.
    #[serde(rename = "NfcUID", skip_serializing_if = "Option::is_none")]
    pub nfc_uid: Option<NfcUid>,
    /// What is printed on the band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
}

impl LookupQuery {
    /// The conditions as column and text, for a query string or a WHERE clause.
    pub fn conditions(&self) -> Vec<(LookupColumn, String)> {
        let text = |value: &Option<String>| value.clone();
        [
            (LookupColumn::Username, text(&self.username)),
            (LookupColumn::Domain, text(&self.domain)),
            (
                LookupColumn::NymiBandId,
                self.band.map(|band| format!("{band}")),
            ),
            (
                LookupColumn::NfcUid,
                self.nfc_uid.as_ref().map(|uid| uid.as_str().to_owned()),
            ),
            (LookupColumn::SerialNumber, text(&self.serial_number)),
        ]
        .into_iter()
        .filter_map(|(column, value)| value.map(|value| (column, value)))
        .collect()
    }
}

/// `lookup`: columns of the bands and users that match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// Which rows; at least one condition.
    pub query: LookupQuery,
    /// Which columns, each once.
    pub lookup_keys: Vec<LookupColumn>,
}

const QUERY: &str = "any of Username, Domain, NymiBandID, NfcUID, SerialNumber";
const KEYS: &str = "a list of Username, Domain, NymiBandID, NfcUID, SerialNumber, BandLabel, \
                    IsActive, IsPrimary, FirmwareVersion, HardwareVersion, IdentityPublicKey";

impl Lookup {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let query = fields.required::<Map>("query");
        let lookup_keys = read_keys(fields);
        let query = query.map(|map| fields.within(&map, Some("query"), read_query));
        if query
            .as_ref()
            .is_some_and(|query| *query == LookupQuery::default())
        {
            fields.missing("query", QUERY);
        }
        Some(Self {
            query: query?,
            lookup_keys: lookup_keys?,
        })
    }

    /// The answer's payload: the asked columns of the one row at the top, or of several rows under
    /// `matches`. A column that a row lacks is null.
    ///
    /// # Errors
    /// [`Status::NOT_FOUND`] if there is no row.
    pub fn answer(&self, rows: &[Map]) -> Result<Map, Status> {
        let asked = |row: &Map| {
            let value = |name| row.get(name).cloned().unwrap_or(Value::Null);
            let keys = self.lookup_keys.iter().map(|column| column.name());
            keys.map(|name| (name.to_owned(), value(name)))
                .collect::<Map>()
        };
        match rows {
            [] => Err(Status::NOT_FOUND),
            [row] => Ok(asked(row)),
            rows => {
                let matches = rows.iter().map(|row| Value::Object(asked(row))).collect();
                Ok(Map::from_iter([(
                    "matches".to_owned(),
                    Value::Array(matches),
                )]))
            }
        }
    }
}

/// A condition that is not understood must not be dropped: the answer would be about someone else.
fn read_query(fields: &mut Fields<'_>) -> LookupQuery {
    let is_known = |name: &str| {
        LookupColumn::ALL
            .iter()
            .any(|column| column.is_searchable() && column.name() == name)
    };
    for (name, value) in fields.entries().filter(|(name, _)| !is_known(name)) {
        fields.invalid(name, QUERY, value);
    }
    LookupQuery {
        username: fields.optional::<Text>("Username").map(|text| text.0),
        domain: fields.optional::<Text>("Domain").map(|text| text.0),
        band: fields.optional("NymiBandID"),
        nfc_uid: fields.optional("NfcUID"),
        serial_number: fields.optional::<Text>("SerialNumber").map(|text| text.0),
    }
}

/// Characters of an unknown key that a refusal repeats.
const SHOWN: usize = 64;

struct Keys(Vec<LookupColumn>);

impl crate::message::fields::Field for Keys {
    const EXPECTED: &'static str = KEYS;

    fn read(value: &Value) -> Option<Self> {
        let mut keys = Vec::new();
        for value in value.as_array()? {
            let column = LookupColumn::deserialize(value).ok()?;
            if !keys.contains(&column) {
                keys.push(column);
            }
        }
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn found(value: &Value) -> String {
        let Some(keys) = value.as_array() else {
            return kind(value);
        };
        let unknown = |key: &&Value| LookupColumn::deserialize(*key).is_err();
        match keys.iter().find(unknown) {
            None => "an empty list".to_owned(),
            Some(Value::String(name)) => match name.char_indices().nth(SHOWN) {
                None => format!("the unknown key {name:?}"),
                Some((at, _)) => format!("an unknown key that begins with {:?}", &name[..at]),
            },
            Some(other) => format!("{} in it", kind(other)),
        }
    }
}

fn read_keys(fields: &mut Fields<'_>) -> Option<Vec<LookupColumn>> {
    fields.required::<Keys>("lookup_keys").map(|keys| keys.0)
}
