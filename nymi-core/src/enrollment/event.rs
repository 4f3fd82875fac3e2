//! The numbers of audit.Events.

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// An EventTypeID (guide 000, 11.1.2.5 "audit.Events SQL Schema").
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[$doc])* $name,)*
        }

        impl EventType {
            /// Every event, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number.
            pub const fn id(self) -> u8 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// What it says, short.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

events! {
    /// First and second tap were of two bands.
    ConfirmTapDiffers = 1, "The confirming tap was of another band";
    /// The Band Application was given wrong credentials.
    WrongCredentials = 2, "Wrong user name or password at the Band Application";
    /// A band was enrolled.
    Enrolled = 3, "Enrollment completed";
    /// The tapped band belongs to somebody else.
    BandOfAnotherUser = 4, "The tapped band is assigned to another user";
    /// A band was given the stricter false accept rate.
    FarApplied = 5, "False acceptance rate 1:50,000 applied to the band";
    /// A presence code was wrong.
    PacFailed = 6, "Presence verification failed";
    /// A presence code was right, and the band had lost its clock.
    PacTimeLost = 7, "Presence verified, but the band has lost its clock";
    /// A presence code could not be checked.
    PacError = 8, "Presence verification met an internal error";
    /// A presence code came in a bad request.
    PacBadRequest = 9, "Presence verification got a bad request";
    /// A presence code came for a band without a key.
    PacNoKey = 10, "Presence verification found no advertising key";
    /// The keys could not be made.
    AdvKeyError = 11, "Advertising key not made: internal error";
    /// The keys of band and server differ.
    CmacMismatch = 12, "Advertising key not made: CMAC mismatch";
    /// A presence code was right.
    PacVerified = 13, "Presence verified";
    /// The band's clock is wrong.
    BandClock = 14, "The band's clock is out of bounds";
    /// The terminal's clock is wrong.
    TerminalClock = 15, "The terminal's clock is out of bounds";
    /// A Seos band of another user.
    ReEnrollmentSeos = 16, "Re-enrollment refused: Seos band of another user";
    /// The band of another user, which policy does not give away.
    ReEnrollmentOther = 17, "Re-enrollment refused: band of another user";
    /// The band of another user was enrolled.
    ReEnrolledOther = 18, "Re-enrolled the band of another user";
    /// A user enrolled again.
    ReEnrolledOwn = 19, "Re-enrolled the own band";
    /// A refusal for which the guide has no number; it leaves out this one.
    Refused = 20, "Refused for a reason that has no number of its own";
    /// The same as 17; not written.
    ReEnrollmentOtherAlso = 21, "Re-enrollment refused: band of another user";
    /// Policy does not let the user enroll again.
    ReEnrollmentForbidden = 22, "Re-enrollment refused by policy";
    /// A band was registered.
    Registered = 23, "Registration completed";
    /// A band was not registered.
    RegistrationFailed = 24, "Registration failed";
}

impl EventType {
    /// The event with this number.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.id() == id)
    }
}
