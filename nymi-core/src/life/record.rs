//! What an NES knows of a band, and how it changes.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};

use crate::BandId;
use crate::policy::UserCoreId;

/// A band that is associated with a user at an NES.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub user: UserCoreId,
    /// The NymiBandID of the enrollment that was made or registered here.
    pub band_id: BandId,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether it is the user's own one, as opposed to a temporary one.
    pub is_primary: bool,
    /// Whether that enrollment was made here; else it was registered.
    pub is_enrolled_here: bool,
    /// What the administrator noted, such as `Lost Band`.
    pub note: Option<String>,
}

impl Record {
    /// The page's Is Active (guide 000, 10.1.1.1).
    pub const fn active_text(&self) -> &'static str {
        if self.is_active { "Active" } else { "" }
    }

    /// The page's Is Primary.
    pub const fn primary_text(&self) -> &'static str {
        if self.is_primary { "Primary" } else { "" }
    }
}

/// What became of the record of a band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The serial number.
    pub serial: String,
    /// The record before; none where the band was nobody's.
    pub before: Option<Record>,
    /// The record after; none where the band is nobody's now.
    pub after: Option<Record>,
}

impl Change {
    /// The EventTypes of the audit rows that tell of it: created, updated, and for a disconnected
    /// band updated and deleted, both with an empty UserCoreId (guide 000, 11.1.2.5).
    pub const fn audit(&self) -> &'static [char] {
        match (&self.before, &self.after) {
            (None, Some(_)) => &['C'],
            (Some(_), Some(_)) => &['U'],
            (Some(_), None) => &['U', 'D'],
            (None, None) => &[],
        }
    }
}

/// The facts of the Nymi Band Details page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandDetails {
    /// Domain of the user.
    pub domain: String,
    /// User name.
    pub username: String,
    /// The serial number.
    pub serial: String,
    /// The record.
    pub record: Record,
    /// The NFC UID of the authenticated band.
    pub nfc_uid: Option<String>,
    /// Whether SymmetricKeyID is set.
    pub has_symmetric_key: bool,
    /// Whether the band has an external authenticator for the user's credentials.
    pub has_corporate_authenticator: bool,
    /// Whether EncryptedPassword is set.
    pub has_encrypted_password: bool,
    /// Whether the fingerprint step was done. The column HasFingerprint holds 0 then.
    pub has_fingerprint: bool,
    /// The label.
    pub label: Option<String>,
    /// The firmware at enrollment.
    pub firmware: Option<String>,
    /// CreatedAt.
    pub created: String,
    /// ModifiedAt.
    pub modified: String,
}

impl BandDetails {
    /// The sixteen fields of the page, in its order (guide 000, 10.1.2.1).
    pub fn fields(&self) -> [(&'static str, String); 16] {
        let either = |is: bool, yes: &'static str, no: &'static str| {
            if is { yes.to_owned() } else { no.to_owned() }
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let created = |is: bool| either(is, "Created", "Not Created");
        let record = &self.record;
        [
            (
                "Domain\\Username",
                [self.domain.as_str(), "\\", &self.username].concat(),
            ),
            ("Band ID", record.band_id.to_string()),
            ("NFC UID", text(&self.nfc_uid)),
            ("Security App Key", created(self.has_symmetric_key)),
            (
                "Corp Credentials Auth",
                created(self.has_corporate_authenticator),
            ),
            ("Serial Number", self.serial.clone()),
            (
                "Encrypted Password",
                either(self.has_encrypted_password, "Stored", "Missing"),
            ),
            ("Has Fingerprint", either(self.has_fingerprint, "Yes", "No")),
            ("Band Label", text(&self.label)),
            ("Firmware Version", text(&self.firmware)),
            (
                "Is Band Enrolled Here",
                either(record.is_enrolled_here, "Yes", "No"),
            ),
            ("Created", self.created.clone()),
            ("Modified", self.modified.clone()),
            ("Is Active", record.active_text().to_owned()),
            ("Is Primary", record.primary_text().to_owned()),
            ("Notes", text(&record.note)),
        ]
    }
}
