//! What an enrollment makes under a policy: label, keys, authenticator, stored password.

use alloc::string::{String, ToString};

use crate::policy::{Destination, GroupPolicy};

/// A label has at most so many characters, two rows of six (guide 000, 4.2.7.1).
pub const LABEL_CHARS: usize = 12;

/// What an enrollment makes besides template and presence keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Made {
    /// Name of the external authenticator for directory credentials (guide 000, 11.1.2.5
    /// "audit.ExternalAuthenticator").
    pub authenticator: Option<&'static str>,
    /// A symmetric key; its ID goes into SymmetricKeyID.
    pub symmetric_key: bool,
    /// The user's password, encrypted: EncryptedPassword and EncryptionIV.
    pub stored_password: bool,
    /// An entry at the Evidian EAM Controller.
    pub evidian_entry: bool,
    /// Whether the Set Band Label screen appears, and whether what it offers can be edited.
    pub label: LabelScreen,
}

/// The Set Band Label screen (guide 000, 4.2.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelScreen {
    /// There is none, and BandLabel is NULL.
    None,
    /// It shows the beginning of the user name.
    Fixed,
    /// It offers that, and can be edited.
    Editable,
}

/// A label that a band cannot show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("BandLabel is {0:?}; it must be text of 1 to 12 characters")]
pub struct LabelError(pub String);

impl Made {
    /// What an enrollment makes under the user's effective policy.
    pub fn under(effective: &GroupPolicy) -> Self {
        let values = effective.values();
        let evidian = values.enrollment_destination == Destination::NesAndEvidian;
        Self {
            authenticator: values.corporate_credentials.then_some(match evidian {
                true => "Evidian",
                false => "NEM",
            }),
            symmetric_key: values.corporate_credentials || evidian,
            stored_password: values.lock_control,
            evidian_entry: evidian,
            label: match (values.band_label, values.band_label_customization) {
                (false, _) => LabelScreen::None,
                (true, false) => LabelScreen::Fixed,
                (true, true) => LabelScreen::Editable,
            },
        }
    }
}

impl LabelScreen {
    /// What the screen offers.
    pub fn offers(self, username: &str) -> Option<String> {
        match self {
            Self::None => None,
            Self::Fixed | Self::Editable => Some(username.chars().take(LABEL_CHARS).collect()),
        }
    }

    /// The label that is stored and shown. What a user enters counts only where it can be edited.
    ///
    /// # Errors
    /// The user entered one that is too long or cannot be shown.
    pub fn label(
        self,
        username: &str,
        entered: Option<&str>,
    ) -> Result<Option<String>, LabelError> {
        match entered {
            Some(label) if self == Self::Editable && !label.is_empty() => {
                let fits =
                    label.chars().count() <= LABEL_CHARS && !label.chars().any(char::is_control);
                match fits {
                    true => Ok(Some(label.to_string())),
                    false => Err(LabelError(label.to_string())),
                }
            }
            _ => Ok(self.offers(username)),
        }
    }
}
