//! The one table of refusals: text, hint, event and status.

use alloc::borrow::Cow;

use super::EventType;
use crate::message::Status;

/// A row of the table.
struct Row {
    entry: Option<&'static str>,
    message: &'static str,
    hint: Option<&'static str>,
    event: Option<EventType>,
    status: Status,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident: $entry:expr, $event:expr, $status:ident, $message:literal, $hint:expr;)*) => {
        /// Why an enrollment or registration does not go on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &Row {
                        entry: $entry,
                        message: $message,
                        hint: $hint,
                        event: $event,
                        status: Status::$status,
                    },)*
                }
            }
        }
    };
}

use EventType as Event;

reasons! {
    /// User name or password is wrong.
    WrongCredentials: None, Some(Event::WrongCredentials), NES_CREDENTIALS,
        "The user name or password is not correct.", None;
    /// The server lacks a route that this application uses, so that no event can be written.
    ServerTooOld: Some("nba-not-found"), None, NES_VERSION,
        "Not Found",
        Some("The Nymi Band Application and the Nymi Enterprise Server are of different releases.");
    /// The terminal's clock and the server's differ too much.
    TerminalClock: Some("nba-time-out-of-sync"), Some(Event::TerminalClock), TERMINAL_CLOCK,
        "Enrollment Cannot Proceed. Time on the Enrollment Terminal is Out of Sync with the Time on the Nymi Enterprise Server",
        None;
    /// A band is to be enrolled where bands are only registered.
    RegistrationOnly: Some("nba-domain-registration-only"), Some(Event::RegistrationFailed), FORBIDDEN_BY_POLICY,
        "Cannot perform enrollment because this domain {domain_name} allows registration only.",
        Some("Before you register an additional account to your Nymi Band, first enroll in a domain that allows enrollment.");
    /// A band is to be registered where bands are only enrolled.
    EnrollmentOnly: Some("nba-domain-enrollment-only"), Some(Event::RegistrationFailed), FORBIDDEN_BY_POLICY,
        "Cannot Complete Operation. This domain {domain} allows enrollment only. This Nymi Band is not assigned to you in NES.",
        Some("If you want to enroll, delete the user data and retry the operation. If you want to register an additional account to your Nymi Band, perform the registration on the correct NBA.");
    /// Another user enrolled the band here, and it still has that user's data.
    UserDoesNotExist: Some("nba-user-does-not-exist"), Some(Event::BandOfAnotherUser), USER_NOT_FOUND,
        "A user does not exist for this Nymi Band in NES. Delete the user data on the Nymi Band, and then restart enrollment process",
        None;
    /// An earlier enrollment of the band broke off before it had a user.
    PartlyEnrolled: Some("nba-user-does-not-exist"), Some(Event::Refused), USER_NOT_FOUND,
        "A user does not exist for this Nymi Band in NES. Delete the user data on the Nymi Band, and then restart enrollment process",
        None;
    /// The user has this or another band, and policy does not let users enroll again.
    ReEnrollmentForbidden: Some("nba-reenroll-not-allowed"), Some(Event::ReEnrollmentForbidden), FORBIDDEN_BY_POLICY,
        "Cannot perform re-enrollment because the NES policy settings do not allow re-enrollment.", None;
    /// The band is another user's, and policy does not give it away.
    ReEnrollmentOther: Some("nba-reenroll-other-user"), Some(Event::ReEnrollmentOther), FORBIDDEN_BY_POLICY,
        "Cannot perform re-enrollment because the NES policy settings do not allow re-enrollment of a Nymi Band that is assigned to another user.",
        None;
    /// The band is another user's and has Seos.
    ReEnrollmentSeos: Some("nba-reenroll-seos"), Some(Event::ReEnrollmentSeos), FORBIDDEN_BY_POLICY,
        "Cannot perform re-enrollment because this Nymi Band was previously assigned to another user and the credentials are non-transferrable.",
        None;
    /// The Seos record of the band was not imported.
    SeosRecordMissing: Some("nes-seos-record-missing"), Some(Event::Refused), FORBIDDEN_BY_POLICY,
        "The SEOS record of this Nymi Band is missing in NES.",
        Some("An administrator must import the CSV file that came with the order. Then start again.");
    /// The user or band is registered already, and policy does not let users register again.
    ReRegistrationForbidden: Some("nba-reregister-not-allowed"), Some(Event::RegistrationFailed), FORBIDDEN_BY_POLICY,
        "Cannot perform re-registration because the NES policy settings do not allow you to re-register an additional account to your Nymi Band.",
        None;
    /// The band is registered to another user and has Seos.
    ReRegistrationSeos: Some("nba-reregister-seos"), Some(Event::RegistrationFailed), FORBIDDEN_BY_POLICY,
        "Cannot perform re-registration because this Nymi Band was previously assigned to another user and the credentials are non-transferrable.",
        None;
    /// An administrator disconnected the band, which still has its user's data.
    Disconnected: Some("nba-delete-and-start-over"), Some(Event::RegistrationFailed), BAND_NOT_ACTIVE,
        "Cannot Complete the Operation. Delete user data on the Nymi Band and Click Start Over to restart enrollment or registration.",
        None;
    /// The band has a user and is not authenticated.
    NotAuthenticated: Some("nba-cannot-complete-operation"), Some(Event::Refused), FORBIDDEN_BY_POLICY,
        "Cannot Complete Operation.",
        Some("To enroll this Nymi Band, delete the user data on the Nymi Band, and then click Start Over. To register an additional account to this Nymi Band, authenticate, and then click Start Over. If you cannot authenticate to the Nymi Band, confirm that this Nymi Band is assigned to you. Contact your administrator for assistance.");
    /// The user's band is suspended, or another one of the user is active.
    NotActive: None, Some(Event::Refused), BAND_NOT_ACTIVE,
        "This Nymi Band is not active.",
        Some("An administrator suspended it, or another Nymi Band of yours is active. Contact your administrator.");
    /// The fingerprint template failed for the third time.
    TemplateLockout: Some("band-lockout-enrollment"), Some(Event::Refused), BAND_LOCKED_OUT,
        "See Admin", None;
    /// The second tap was of another band.
    ConfirmTapDiffers: None, Some(Event::ConfirmTapDiffers), INVALID_FIELD,
        "The second tap was of another Nymi Band. Tap the same Nymi Band twice.", None;
    /// Terminal and server hold different L2 certificates.
    CmacMismatch: Some("nba-enrollment-cannot-proceed"), Some(Event::CmacMismatch), CMAC_MISMATCH,
        "Enrollment Cannot Proceed. Contact Your Administrator", None;
    /// The server could not make the keys.
    AdvKeyError: Some("nba-enrollment-cannot-proceed"), Some(Event::AdvKeyError), NES_SERVER_ERROR,
        "Enrollment Cannot Proceed. Contact Your Administrator", None;
    /// The band has no room for another registration.
    BandMemory: Some("nba-insufficient-memory"), Some(Event::RegistrationFailed), BAND_MEMORY,
        "Insufficient memory on the Nymi Band to support the registration", None;
}

impl Reason {
    /// The id of the catalogue entry with causes and remedies. Where that entry has a text that is
    /// shown, it is this one.
    pub const fn entry(self) -> Option<&'static str> {
        self.row().entry
    }

    /// The text on the screen, with `{domain_name}` or `{domain}` where the name of the domain goes.
    pub const fn message(self) -> &'static str {
        self.row().message
    }

    /// The second text, which says what to do.
    pub const fn hint(self) -> Option<&'static str> {
        self.row().hint
    }

    /// The event that is written; none where the server cannot be told.
    pub const fn event(self) -> Option<EventType> {
        self.row().event
    }

    /// The status that applications report.
    pub const fn status(self) -> Status {
        self.row().status
    }

    /// The text on the screen for a domain.
    pub fn message_in(self, domain: &str) -> Cow<'static, str> {
        let message = self.message();
        if !message.contains('{') {
            return Cow::Borrowed(message);
        }
        let filled = message.replace("{domain_name}", domain);
        Cow::Owned(filled.replace("{domain}", domain))
    }

    /// ResponseCode of the server's answer: the number of the event.
    pub fn response_code(self) -> Option<u8> {
        self.event().map(EventType::id)
    }

    /// Description of the server's answer: the screen's text, or for the log what went wrong with
    /// the keys.
    pub const fn description(self) -> &'static str {
        match self {
            Self::CmacMismatch => "Adv Key 1 cannot be generated due to CMAC mismatch.",
            Self::AdvKeyError => "Adv Key 1 cannot be generated due to an internal server error.",
            _ => self.message(),
        }
    }

    /// The same, with the name of the domain where it goes.
    pub fn description_in(self, domain: &str) -> Cow<'static, str> {
        match self {
            Self::CmacMismatch | Self::AdvKeyError => Cow::Borrowed(self.description()),
            _ => self.message_in(domain),
        }
    }
}
