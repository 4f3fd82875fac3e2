//! Reads the fields of a request so that every present field is checked before any missing one.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::{self, Display};

use serde::Deserialize;
use serde_json::Value;

use super::value::{
    AccountName, AgentUrl, Digest, HexBytes, NeaName, NesUrl, NfcUid, Secret, Uuid, kind,
};
use super::{Map, Status};
use crate::BandId;
use crate::text::is_plain;

/// Why a request is refused: the status, and what of it is wrong.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) status: Status,
    pub(super) fields: Vec<FieldFault>,
}

impl Fault {
    /// The sentences for `error_specifics`.
    pub(super) fn specifics(&self) -> String {
        let sentences: Vec<_> = self.fields.iter().map(FieldFault::to_string).collect();
        sentences.join("; ")
    }
}

/// A field of a request that is not there or has a value that it must not have. Its text is a sentence
/// such as `query.Domain: expected a string, found a number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Where the field is in the payload: its name, after the names of the objects that it is in.
    pub path: Vec<String>,
    /// Whether there is none.
    pub is_missing: bool,
    /// What was expected, and what was found.
    pub reason: String,
}

impl Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = if self.is_missing { " is missing" } else { "" };
        write!(f, "{}{missing}: {}", self.path.join("."), self.reason)
    }
}

/// A value that a field can have, and the words for what was expected.
pub(super) trait Field: Sized {
    const EXPECTED: &'static str;

    fn read(value: &Value) -> Option<Self>;

    /// The words for what was found instead.
    fn found(value: &Value) -> String {
        kind(value)
    }
}

macro_rules! fields {
    ($($type:ty),*) => {$(
        impl Field for $type {
            const EXPECTED: &'static str = <$type>::EXPECTED;

            fn read(value: &Value) -> Option<Self> {
                Self::deserialize(value).ok()
            }
        }
    )*};
}

fields!(
    AccountName,
    AgentUrl,
    Digest,
    HexBytes,
    NeaName,
    NesUrl,
    NfcUid,
    Secret,
    Uuid
);

impl Field for BandId {
    const EXPECTED: &'static str = "a NymiBandID such as AA:BB:CC:DD:EE:FF";

    fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

impl Field for Map {
    const EXPECTED: &'static str = "an object";

    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

/// Any string, the empty one included.
pub(super) struct AnyText(pub(super) String);

impl Field for AnyText {
    const EXPECTED: &'static str = "a string";

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(|text| Self(text.to_owned()))
    }
}

/// A string that is not empty, has at most `MAX` bytes, and neither control characters nor those that
/// turn the direction of writing: such text ends in logs, terminals and signed records.
pub(super) struct Text<const MAX: usize = 1024>(pub(super) String);

impl<const MAX: usize> Field for Text<MAX> {
    const EXPECTED: &'static str = match MAX {
        4096 => "a non-empty string of at most 4096 bytes without control characters",
        _ => "a non-empty string of at most 1024 bytes without control characters",
    };

    fn read(value: &Value) -> Option<Self> {
        let text = value
            .as_str()
            .filter(|text| !text.is_empty() && text.len() <= MAX && text.chars().all(is_plain))?;
        Some(Self(text.to_owned()))
    }
}

/// The fields of one object of a request, and the first faults found in them.
pub(super) struct Fields<'a> {
    map: &'a Map,
    /// The objects that this one is in, and its own name.
    path: Vec<&'static str>,
    invalid: Vec<FieldFault>,
    missing: Vec<FieldFault>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map) -> Self {
        Self {
            map,
            path: Vec::new(),
            invalid: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// A field that may be absent; null counts as absent.
    pub(super) fn optional<T: Field>(&mut self, name: &str) -> Option<T> {
        self.map
            .get(name)
            .filter(|value| !value.is_null())
            .and_then(|value| self.read(name, value))
    }

    /// A field that must be there; null is not a value.
    pub(super) fn required<T: Field>(&mut self, name: &str) -> Option<T> {
        let Some(value) = self.map.get(name) else {
            self.missing(name, T::EXPECTED);
            return None;
        };
        self.read(name, value)
    }

    fn read<T: Field>(&mut self, name: &str, value: &Value) -> Option<T> {
        let read = T::read(value);
        if read.is_none() {
            self.refuse(name, T::EXPECTED, &T::found(value));
        }
        read
    }

    /// Notes that a field has a value that it must not have.
    pub(super) fn invalid(&mut self, name: &str, expected: &str, found: &Value) {
        self.refuse(name, expected, &kind(found));
    }

    fn refuse(&mut self, name: &str, expected: &str, found: &str) {
        let reason = format!("expected {expected}, found {found}");
        let fault = self.fault_of(name, reason, false);
        self.invalid.push(fault);
    }

    /// Notes that a field is not there.
    pub(super) fn missing(&mut self, name: &str, expected: &str) {
        let fault = self.fault_of(name, format!("expected {expected}"), true);
        self.missing.push(fault);
    }

    fn fault_of(&self, name: &str, reason: String, is_missing: bool) -> FieldFault {
        let names = self.path.iter().copied().chain([name]);
        FieldFault {
            path: names.map(str::to_owned).collect(),
            is_missing,
            reason,
        }
    }

    /// Reads the fields of an object within this one, with its name in their paths if it has one.
    pub(super) fn within<T>(
        &mut self,
        map: &Map,
        name: Option<&'static str>,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> T {
        let mut inner = Fields {
            map,
            path: self.path.iter().copied().chain(name).collect(),
            invalid: Vec::new(),
            missing: Vec::new(),
        };
        let read = read(&mut inner);
        self.invalid.append(&mut inner.invalid);
        self.missing.append(&mut inner.missing);
        read
    }

    /// The names of the object's fields.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.map.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The faults found: invalid fields (1003) before missing ones (1002).
    pub(super) fn fault(self) -> Option<Fault> {
        let (status, faults) = match (self.invalid.is_empty(), self.missing.is_empty()) {
            (false, _) => (Status::INVALID_FIELD, self.invalid),
            (true, false) => (Status::MISSING_FIELD, self.missing),
            (true, true) => return None,
        };
        Some(Fault {
            status,
            fields: faults,
        })
    }
}
