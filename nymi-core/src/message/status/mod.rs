//! Status codes: what each number means, why it happens and what to do about it.

mod table;

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One row of the status table.
pub(crate) struct Row {
    code: u32,
    name: &'static str,
    description: &'static str,
    cause: &'static str,
    remedy: &'static str,
}

/// The status of an update: 0, or a number that says who could not do what.
///
/// Numbers are append-only: one that was published keeps its meaning for ever.
///
/// ```
/// use nymi_core::message::Status;
/// assert_eq!(Status::AGENT_MISSING.code(), 4000);
/// assert_eq!(Status::AGENT_MISSING.description(), "Nymi Agent missing.");
/// assert_eq!(Status::from_code(4000), Some(Status::AGENT_MISSING));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u32);

impl Status {
    /// The number on the wire.
    pub const fn code(self) -> u32 {
        self.0
    }

    /// The status with this number, or none if this version has no such status.
    pub fn from_code(code: u32) -> Option<Self> {
        table::row(code).map(|row| Self(row.code))
    }

    /// The status that a peer sent, kept even where a newer peer knows more numbers than we do.
    pub(crate) const fn from_peer(code: u32) -> Self {
        Self(code)
    }

    /// Whether this is 0.
    pub const fn is_success(self) -> bool {
        self.0 == 0
    }

    /// The stable name, such as `NES_UNREACHABLE`.
    pub fn name(self) -> &'static str {
        table::row(self.0).map_or("UNLISTED", |row| row.name)
    }

    /// The fixed text that goes into `error_description`.
    pub fn description(self) -> &'static str {
        table::row(self.0).map_or("A status that this version does not know.", |row| {
            row.description
        })
    }

    /// Why it usually happens.
    pub fn cause(self) -> &'static str {
        table::row(self.0).map_or("The peer is newer than this program.", |row| row.cause)
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        table::row(self.0).map_or("Update this program to the peer's version.", |row| {
            row.remedy
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.description())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::from_peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number of napi.md's table, in order.
    fn specified() -> impl Iterator<Item = u32> {
        [
            0..=0,
            1000..=1009,
            2000..=2006,
            2201..=2201,
            3000..=3000,
            3010..=3010,
            3020..=3027,
        ]
        .into_iter()
        .chain([
            4000..=4003,
            5100..=5103,
            6000..=6006,
            6010..=6016,
            7000..=7001,
        ])
        .chain([8000..=8000, 9000..=9000])
        .flatten()
    }

    #[test]
    fn the_table_is_complete_and_has_nothing_else() {
        let codes: std::vec::Vec<u32> = Status::ALL.iter().map(|status| status.code()).collect();
        assert_eq!(codes, specified().collect::<std::vec::Vec<_>>());
    }

    #[test]
    fn the_fixed_descriptions_are_as_published() {
        for (code, description) in [
            (2201, "The requested query was not found on the NES server."),
            (4000, "Nymi Agent missing."),
            (5100, "Nymi Bluetooth Endpoint is missing."),
            (8000, "NEA missing certificates."),
        ] {
            assert_eq!(Status::from_code(code).unwrap().description(), description);
        }
    }

    #[test]
    fn every_row_explains_itself_in_sentences_and_has_its_own_name() {
        let mut names = std::collections::HashSet::new();
        for status in Status::ALL {
            assert!(names.insert(status.name()), "{status:?}");
            for text in [status.description(), status.cause(), status.remedy()] {
                assert!(text.len() > 5 && text.ends_with('.'), "{status:?}: {text}");
            }
            assert_eq!(Status::from_code(status.code()), Some(*status));
        }
    }

    #[test]
    fn an_unlisted_number_is_none_but_survives_a_round_trip() {
        assert_eq!(Status::from_code(1), None);
        let status: Status = serde_json::from_str("4099").unwrap();
        assert_eq!(status.code(), 4099);
        assert_eq!(status.name(), "UNLISTED");
        assert_eq!(serde_json::to_string(&status).unwrap(), "4099");
    }
}
