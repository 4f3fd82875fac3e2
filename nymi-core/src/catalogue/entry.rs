use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::entries;
use crate::chain::FaultInfo;
use crate::message::Status;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Severity {
    Info,
    Warning,
    Error,
    Fatal,
}

/// Whose matter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This platform can show, detect or prevent it.
    Product,
    /// It belongs to an operating system, a database or another program.
    Platform,
    /// It belongs to the band or a reader.
    Hardware,
}

/// Where the message of an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// On a screen or in a log, in these words.
    Shown,
    /// Nowhere: it is the title of a situation.
    Heading,
    /// Nowhere: it describes a situation.
    Sentence,
}

/// What kind of number a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// A status of an update.
    Napi,
    /// A chain error.
    Nsl,
    /// An audit event.
    EventTypeId,
    /// A ResponseCode of the enrollment.
    ResponseCode,
    /// Shown by a band, in hex.
    BandFault,
    /// An HTTP status.
    Http,
    /// An error of the operating system.
    OsError,
    /// A number of a Windows component, in decimal or hex.
    Windows,
    /// The sub-code of a bind that a directory refused, in hex: the number after `data`.
    DirectoryBind,
}

/// A number that is printed with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Code {
    /// What kind of number.
    pub kind: CodeKind,
    /// The number.
    pub number: u32,
}

/// One failure of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Stable id.
    pub id: &'static str,
    /// The part of the platform that shows it.
    pub component: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The exact text; for a band's fault the code.
    pub message: &'static str,
    /// Whether that text is shown anywhere.
    #[serde(skip)]
    pub message_kind: MessageKind,
    /// Further texts that come with it.
    pub also: &'static [&'static str],
    /// Whether the message is only the beginning of a code.
    #[serde(skip)]
    pub is_prefix: bool,
    /// The number printed with it.
    pub code: Option<Code>,
    /// The status that this platform reports for it.
    pub maps_to: Option<u32>,
    /// Why it happens.
    pub causes: &'static [&'static str],
    /// What to do, in the order to try.
    pub remedies: &'static [&'static str],
    /// How software notices it.
    pub detect: Option<&'static str>,
    /// What else there is to know.
    pub note: Option<&'static str>,
    /// Whose matter it is.
    pub scope: Scope,
    /// The guide and heading that describe it.
    pub source: &'static str,
}

/// The table that an explanation comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The status codes.
    Status(Status),
    /// The chain errors.
    Chain(&'static FaultInfo),
    /// The troubleshooting catalogue.
    Entry(&'static Entry),
}

/// How a query led to an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchKind {
    /// The query is the entry's id, text or code.
    Exact,
    /// The query has the entry's number in it, beside a word that says which kind.
    Code,
    /// The text of one is in the other.
    Contained,
    /// Many words are the same.
    Similar,
}

/// One answer of [`explain`](super::explain).
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Where it comes from.
    pub source: Source,
    /// Why it is an answer.
    pub matched: MatchKind,
}

impl Explanation {
    /// The stable id: an entry's, `status-N` or `nsl-N`.
    pub fn id(&self) -> String {
        match self.source {
            Source::Status(status) => format!("status-{}", status.code()),
            Source::Chain(fault) => format!("nsl-{}", fault.number),
            Source::Entry(entry) => entry.id.into(),
        }
    }

    /// The part of the platform that shows it, as in [`Entry::component`].
    pub fn component(&self) -> &'static str {
        match self.source {
            Source::Status(_) => "napi",
            Source::Chain(_) => "cert",
            Source::Entry(entry) => entry.component,
        }
    }

    /// The text that is shown for it.
    pub fn message(&self) -> &'static str {
        match self.source {
            Source::Status(status) => status.description(),
            Source::Chain(fault) => fault.name,
            Source::Entry(entry) => entry.message,
        }
    }

    /// The number, if it has one.
    pub fn code(&self) -> Option<Code> {
        match self.source {
            Source::Status(status) => Some(Code {
                kind: CodeKind::Napi,
                number: status.code(),
            }),
            Source::Chain(fault) => Some(Code {
                kind: CodeKind::Nsl,
                number: fault.number,
            }),
            Source::Entry(entry) => entry.code,
        }
    }

    /// Why it happens.
    pub fn causes(&self) -> Vec<&'static str> {
        match self.source {
            Source::Status(status) => vec![status.cause()],
            Source::Chain(_) => Vec::new(),
            Source::Entry(entry) => entry.causes.to_vec(),
        }
    }

    /// What to do, in the order to try.
    pub fn remedies(&self) -> Vec<&'static str> {
        match self.source {
            Source::Status(status) => vec![status.remedy()],
            Source::Chain(fault) => vec![fault.remedy],
            Source::Entry(entry) => entry.remedies.to_vec(),
        }
    }

    /// The ids of entries for which this platform reports this status.
    pub fn related(&self) -> Vec<&'static str> {
        let Source::Status(status) = self.source else {
            return Vec::new();
        };
        let reports = |entry: &&Entry| !status.is_success() && entry.maps_to == Some(status.code());
        entries()
            .iter()
            .filter(reports)
            .map(|entry| entry.id)
            .collect()
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id())?;
        map.serialize_entry("match", &self.matched)?;
        map.serialize_entry("message", self.message())?;
        map.serialize_entry("code", &self.code())?;
        map.serialize_entry("causes", &self.causes())?;
        map.serialize_entry("remedies", &self.remedies())?;
        match self.source {
            Source::Status(status) => {
                map.serialize_entry("name", status.name())?;
                map.serialize_entry("related", &self.related())?;
            }
            Source::Chain(_) => map.serialize_entry("maps_to", &Status::CERTIFICATES)?,
            Source::Entry(entry) => {
                map.serialize_entry("component", entry.component)?;
                map.serialize_entry("severity", &entry.severity)?;
                map.serialize_entry("also", entry.also)?;
                map.serialize_entry("maps_to", &entry.maps_to)?;
                map.serialize_entry("detect", &entry.detect)?;
                map.serialize_entry("note", &entry.note)?;
                map.serialize_entry("scope", &entry.scope)?;
                map.serialize_entry("source", entry.source)?;
            }
        }
        map.end()
    }
}
