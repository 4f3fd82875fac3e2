use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::band::{SERIAL_NUMBER_RULE, SerialNumber};

/// The longest Seos id, bytes.
const MAX_SEOS_ID: usize = 64;

/// The id of a band's Seos credential, given to it when it was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeosId(String);

/// Text that is no Seos id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to {MAX_SEOS_ID} visible ASCII characters")]
pub struct SeosIdError;

impl SeosId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SeosId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SeosId {
    type Err = SeosIdError;

    fn from_str(text: &str) -> Result<Self, SeosIdError> {
        let fits = (1..=MAX_SEOS_ID).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into())).ok_or(SeosIdError)
    }
}

/// What a file says of a band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandRecord {
    /// The band.
    pub serial: SerialNumber,
    /// Its Seos credential.
    pub seos_id: SeosId,
}

/// Why a row is not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A value that cannot be.
    #[error("{column} is {found:?}; it must be {rule}")]
    Value {
        /// The column.
        column: &'static str,
        /// What is there, as far as it is shown.
        found: String,
        /// What must be there.
        rule: String,
    },
    /// A band that cannot have a Seos credential.
    #[error("SerialNumber is {0:?}; it must be that of a Seos band, which begins with D or F")]
    NoSeos(String),
    /// Another number of fields than the first line has columns.
    #[error("the row has {found} fields; it must have {expected}, as the first line")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// A band of an earlier row.
    #[error("SerialNumber is {0:?}; it must not stand in the file twice")]
    Twice(String),
    /// The credential of another band, which is in an earlier row or at the server.
    #[error("SeosId is {0:?}; another Nymi Band has it")]
    SeosIdTaken(String),
}

impl BandRecord {
    /// The record of these two texts; blanks around them do not count.
    ///
    /// # Errors
    /// One of them is none, or the serial number is not of a Seos band.
    pub fn read(serial: &str, seos_id: &str) -> Result<Self, RowError> {
        let serial: SerialNumber = value("SerialNumber", serial, |_| SERIAL_NUMBER_RULE.into())?;
        let seos_id = value("SeosId", seos_id, |error: SeosIdError| error.to_string())?;
        if !serial.variant().seos {
            return Err(RowError::NoSeos(serial.to_string()));
        }
        Ok(Self { serial, seos_id })
    }
}

/// Reads one row; `serial` and `seos` are where their columns stand.
pub(super) fn read(
    fields: &[String],
    columns: usize,
    serial: usize,
    seos: usize,
) -> Result<BandRecord, RowError> {
    if fields.len() != columns {
        return Err(RowError::Fields {
            found: fields.len(),
            expected: columns,
        });
    }
    BandRecord::read(&fields[serial], &fields[seos])
}

fn value<T: FromStr>(
    column: &'static str,
    field: &str,
    rule: impl Fn(T::Err) -> String,
) -> Result<T, RowError> {
    let text = field.trim();
    text.parse().map_err(|error| RowError::Value {
        column,
        found: text.chars().take(40).collect(),
        rule: rule(error),
    })
}
