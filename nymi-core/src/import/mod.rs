//! The import of bands from the file that comes with an order (Administration Guide, 5.1.1).
//!
//! A Seos band is enrolled only if the server has its record. The vendor sends the records as CSV; an
//! administrator uploads the file, and gets back what was wrong with it.
//!
//! ```text
//! SerialNumber,SeosId
//! DABC-00001,04A1B2C3
//! ```
//!
//! The first line names the columns, in any order and case (`HardwareID` is the server's own name of the
//! serial number); columns that are not known here are left
//! alone. Fields may stand in double quotes (RFC 4180). One wrong row does not spoil the others:
//! [`Upload::rows`] has the reason for each, and [`Upload::invalid_records`] is the file to download,
//! the wrong rows as they came with the reason in the last column. Size and number are bounded.
//!
//! ```
//! use nymi_core::import::{Known, Upload};
//!
//! let upload: Upload = "SerialNumber,SeosId\nDABC-00001,04A1\nDABC-0001x,04A2\n".parse()?;
//! let counts = upload.counts(|_| Known::No);
//! assert_eq!((counts.new, counts.known, counts.invalid), (1, 0, 1));
//! assert!(upload.invalid_records().contains("line 3: SerialNumber is"));
//! # Ok::<(), nymi_core::import::ImportError>(())
//! ```

mod csv;
mod record;

pub use csv::{CsvError, MAX_FIELD};
pub use record::{BandRecord, RowError, SeosId, SeosIdError};

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::band::SerialNumber;

/// The largest file, bytes: more than a hundred thousand bands.
pub const MAX_FILE: usize = 8 * 1024 * 1024;
/// The most rows beside the first line.
pub const MAX_ROWS: usize = 100_000;
/// The most columns.
pub const MAX_COLUMNS: usize = 64;
/// The name of the file with the wrong rows.
pub const INVALID_FILE: &str = "InvalidUploadsData.csv";
/// The column that it adds.
pub const ERROR_COLUMN: &str = "Error";

/// One row of a file, with what it says or why it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its fields as they came, less the apostrophe that [`Upload::invalid_records`] puts before what
    /// looks like a formula.
    pub fields: Vec<String>,
    /// The band, or what is wrong.
    pub record: Result<BandRecord, RowError>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    header: Vec<String>,
    serial: usize,
    seos: usize,
    rows: Vec<Row>,
}

/// A record that came in another form than CSV: serial number and Seos id as they came, and what they
/// say.
pub type Record = ([String; 2], Result<BandRecord, RowError>);

/// Why a file is none at all; nothing of it is imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Larger than an order can be.
    #[error("the file has {found} bytes; it must have at most {MAX_FILE}")]
    TooLarge {
        /// Its size, bytes.
        found: usize,
    },
    /// More rows than an order has.
    #[error("the file has more than {MAX_ROWS} rows; split it")]
    TooMany,
    /// Not CSV from some place on.
    #[error("line {line}: {error}")]
    Csv {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        error: CsvError,
    },
    /// The first line has another separator than the comma.
    #[error("line 1: the fields are separated by {found:?}; save the file with commas")]
    Separator {
        /// The one that it has.
        found: char,
    },
    /// The first line is one that only a spreadsheet reads.
    #[error(
        "line 1: {found:?} names no columns; delete this line, and separate the fields by commas"
    )]
    SeparatorLine {
        /// The line, as far as it is shown.
        found: String,
    },
    /// A column that must be there is not, or is there twice.
    #[error("line 1: the column {column} must be there, once; found: {found}")]
    Column {
        /// The column.
        column: &'static str,
        /// The first line, as far as it is shown.
        found: String,
    },
}

/// What the server knows of a band before an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    No,
    /// The band, without a Seos record.
    Band,
    /// The band with this record.
    Record(SeosId),
}

/// What an import does with one row: existing information stays, only new information is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// A band that was not known.
    Add(&'a BandRecord),
    /// A band that was known and lacked the record.
    Complete(&'a BandRecord),
    /// All of it was known already, or the server has another record, which stays.
    Keep(&'a BandRecord),
    /// The row is wrong.
    Refuse(&'a RowError),
}

/// How many rows of each kind a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bands or records that are added.
    pub new: usize,
    /// Bands of which nothing changes.
    pub known: usize,
    /// Wrong rows.
    pub invalid: usize,
}

impl Upload {
    /// The same of records that came in another form; their lines are counted from 1.
    ///
    /// # Errors
    /// There are more than [`MAX_ROWS`].
    pub fn of_records(records: impl IntoIterator<Item = Record>) -> Result<Self, ImportError> {
        let rows = (1..).zip(records);
        let rows = rows.map(|(line, (fields, record))| Ok((line, fields.into(), record)));
        Ok(Self {
            header: ["SerialNumber", "SeosId"].map(String::from).into(),
            serial: 0,
            seos: 1,
            rows: collect(rows)?,
        })
    }

    /// The serial number and the Seos id of a row as they came; empty where it has none.
    pub fn values<'a>(&self, row: &'a Row) -> [&'a str; 2] {
        [self.serial, self.seos].map(|at| row.fields.get(at).map_or("", String::as_str))
    }

    /// Refuses the rows whose Seos id the server has for another band.
    pub fn refuse_taken(&mut self, is_taken: impl Fn(&BandRecord) -> bool) {
        for row in &mut self.rows {
            if let Ok(record) = &row.record
                && is_taken(record)
            {
                row.record = Err(RowError::SeosIdTaken(record.seos_id.to_string()));
            }
        }
    }

    /// The rows, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What is to be done with each row.
    pub fn actions<'a>(&'a self, known: impl Fn(&SerialNumber) -> Known) -> Vec<Action<'a>> {
        let action = |row: &'a Row| match &row.record {
            Err(error) => Action::Refuse(error),
            Ok(record) => match known(&record.serial) {
                Known::No => Action::Add(record),
                Known::Band => Action::Complete(record),
                Known::Record(_) => Action::Keep(record),
            },
        };
        self.rows.iter().map(action).collect()
    }

    /// How many rows of each kind there are.
    pub fn counts(&self, known: impl Fn(&SerialNumber) -> Known) -> Counts {
        let mut counts = Counts::default();
        for action in self.actions(known) {
            *match action {
                Action::Add(_) | Action::Complete(_) => &mut counts.new,
                Action::Keep(_) => &mut counts.known,
                Action::Refuse(_) => &mut counts.invalid,
            } += 1;
        }
        counts
    }

    /// The wrong rows as a file: their columns as they came, and the reason in the last. A field
    /// that a spreadsheet would take for a formula gets an apostrophe before it, which is left out when
    /// the file is read again.
    pub fn invalid_records(&self) -> String {
        let mut text = String::new();
        csv::write(
            &mut text,
            self.header.iter().map(|name| name.trim()),
            ERROR_COLUMN,
        );
        for row in &self.rows {
            if let Err(error) = &row.record {
                text.push_str(&self.error_line(row, error));
            }
        }
        text
    }

    /// A line of that file for a row, whatever is wrong with it.
    pub fn error_line(&self, row: &Row, error: &dyn fmt::Display) -> String {
        let missing = self.header.len().saturating_sub(row.fields.len());
        let fields = row.fields.iter().map(String::as_str);
        let fields = fields.chain(core::iter::repeat_n("", missing));
        let mut line = String::new();
        csv::write(&mut line, fields, &format!("line {}: {error}", row.line));
        line
    }
}

impl FromStr for Upload {
    type Err = ImportError;

    fn from_str(text: &str) -> Result<Self, ImportError> {
        if text.len() > MAX_FILE {
            return Err(ImportError::TooLarge { found: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        check_separator(text)?;
        let mut lines = csv::Rows::new(text);
        let header = lines.next().transpose()?.map(|(_, fields)| fields);
        let header = header.unwrap_or_default();
        let serial = column(&header, SERIAL_NAMES)?;
        let seos = column(&header, SEOS_NAMES)?;
        let rows = collect(lines.map(|line| {
            let (line, fields) = line?;
            let record = record::read(&fields, header.len(), serial, seos);
            Ok((line, fields, record))
        }))?;
        Ok(Self {
            header,
            serial,
            seos,
            rows,
        })
    }
}

/// A row before it is compared with those before it: its line, its fields and its record.
type Read = (usize, Vec<String>, Result<BandRecord, RowError>);

/// The rows, as many as there may be; what an earlier one has is refused.
fn collect(read: impl Iterator<Item = Result<Read, ImportError>>) -> Result<Vec<Row>, ImportError> {
    let (mut rows, mut serials, mut ids) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for row in read {
        let (line, fields, mut record) = row?;
        if rows.len() == MAX_ROWS {
            return Err(ImportError::TooMany);
        }
        if let Ok(found) = &record {
            if !serials.insert(found.serial.clone()) {
                record = Err(RowError::Twice(found.serial.to_string()));
            } else if !ids.insert(found.seos_id.clone()) {
                record = Err(RowError::SeosIdTaken(found.seos_id.to_string()));
            }
        }
        rows.push(Row {
            line,
            fields,
            record,
        });
    }
    Ok(rows)
}

/// The names of the column of the serial number.
const SERIAL_NAMES: &[&str] = &["SerialNumber", "HardwareID"];
/// The name of the column of the Seos id.
const SEOS_NAMES: &[&str] = &["SeosId"];

/// Refuses a first line whose columns are known only if another character separates them, and the line
/// by which a spreadsheet is told its separator.
fn check_separator(text: &str) -> Result<(), ImportError> {
    let mut lines = text.split(['\r', '\n']).map(str::trim);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let bare = first.trim_start_matches('"');
    if bare
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("sep="))
    {
        let found = first.chars().take(80).collect();
        return Err(ImportError::SeparatorLine { found });
    }
    let is_column = |name: &str| {
        let name = name.trim_matches(|c: char| c == '"' || c.is_whitespace());
        let mut known = SERIAL_NAMES.iter().chain(SEOS_NAMES);
        known.any(|known| known.eq_ignore_ascii_case(name))
    };
    let separates = |found: &char| first.contains(*found) && first.split(*found).any(is_column);
    // A line with a comma may have any other character in its names.
    match [';', '\t', '|'].into_iter().find(separates) {
        Some(found) if !first.contains(',') => Err(ImportError::Separator { found }),
        _ => Ok(()),
    }
}

/// Where a column stands, by any of its names: the first is the one to show.
fn column(header: &[String], names: &[&'static str]) -> Result<usize, ImportError> {
    let named = |field: &String| {
        let field = field.trim();
        names.iter().any(|name| field.eq_ignore_ascii_case(name))
    };
    let mut places = (0..header.len()).filter(|at| named(&header[*at]));
    match (places.next(), places.next()) {
        (Some(at), None) => Ok(at),
        _ => Err(ImportError::Column {
            column: names[0],
            found: header.join(",").chars().take(80).collect(),
        }),
    }
}

/// The name to show of a file that a browser calls `C:\fakepath\bands.csv`: what follows the last
/// slash of either kind.
pub fn shown_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
