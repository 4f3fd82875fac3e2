use core::fmt;
use core::str::FromStr;

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What a request can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$doc])* $variant),*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in `operation`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }
    };
}

operations! {
    /// Start a session: prove who the application is, or obtain its certificate.
    Init = "init",
    /// Versions, and what is connected.
    Info = "info",
    /// The endpoints that the agent knows.
    ListEndpoints = "list_endpoints",
    /// Hear what happens at a terminal.
    SubscribeEndpoint = "subscribe_endpoint",
    /// Hear it no longer.
    UnsubscribeEndpoint = "unsubscribe_endpoint",
    /// Columns of the band and user that match.
    Lookup = "lookup",
    /// A signed assertion of who wears a band.
    AssertIdentity = "assert_identity",
    /// The directory status of a user.
    UserStatus = "user_status",
    /// Let the band vibrate and show a sign.
    Notify = "notify",
    /// Random bytes from the band.
    Random = "random",
    /// A signature with the band's key.
    Sign = "sign",
    /// A symmetric key that the band keeps.
    SymmetricKey = "symmetric_key",
    /// A one-time password from a secret that the band keeps.
    Totp = "totp",
    /// The versions of the band.
    Firmware = "firmware",
    /// Give up an operation in flight.
    Cancel = "cancel",
    /// One message to a band and its answer, for enrollment terminals (role nba) only.
    BandExchange = "band_exchange",
    /// One message of an application's session with a band, and its answer: native clients only.
    BandSession = "band_session",
}

impl Operation {
    /// Whether it is served before a successful `init`.
    pub const fn needs_no_init(self) -> bool {
        matches!(self, Self::Init | Self::Info)
    }

    /// Whether it speaks with the band's keys, so that the WebAPI demands an authenticated
    /// connection for it.
    pub const fn is_guarded(self) -> bool {
        matches!(
            self,
            Self::Notify | Self::Random | Self::Sign | Self::SymmetricKey | Self::Totp
        )
    }
}

/// A name that is no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operation is not known; names are in lower case, such as assert_identity")]
pub struct UnknownOperation;

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, UnknownOperation> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name)
            .ok_or(UnknownOperation)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
