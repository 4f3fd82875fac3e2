use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The text on a band's screen that tells its wearer that it is theirs: one to twelve characters
/// (Administration Guide, 4.2.7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Label(String);

/// Text that does not fit on a band.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("BandLabel has {found} characters; it must be 1 to {max} without control characters", max = Label::MAX)]
pub struct LabelError {
    /// How many characters were given.
    pub found: usize,
}

impl Label {
    /// The most characters.
    pub const MAX: usize = 12;
    /// Characters in each of its two rows.
    pub const ROW: usize = 6;

    /// The label that a user has who may not or does not choose one: the first twelve characters of
    /// the Active Directory user name. None for a name that has none to show.
    pub fn of_user(name: &str) -> Option<Self> {
        let shown: String = name.chars().take(Self::MAX).collect();
        Self::try_from(shown).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two rows on the screen.
    pub fn rows(&self) -> [String; 2] {
        let row = |skipped| {
            let rest = self.0.chars().skip(skipped);
            rest.take(Self::ROW).collect()
        };
        [row(0), row(Self::ROW)]
    }
}

impl TryFrom<String> for Label {
    type Error = LabelError;

    fn try_from(text: String) -> Result<Self, LabelError> {
        let found = text.chars().count();
        if (1..=Self::MAX).contains(&found) && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(LabelError { found })
        }
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}
