use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::secret::BandSecret;
use super::totp::TOTP_SECRET_BYTES;
use crate::band::BandMessageError;
use crate::band::protocol::codec;

/// The longest message in a session, bytes.
pub const MAX_SESSION_MESSAGE: usize = 1024;

/// What an application asks of a band.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SessionRequest {
    /// An operation with what the band holds.
    #[n(0)]
    Perform(#[n(0)] BandOperation),
    /// Set the clock, with the server's permission. Enrollment terminals only.
    #[n(1)]
    SetTime {
        /// The new clock, milliseconds since 1970.
        #[n(0)]
        t_set_ms: u64,
        /// The server's permission.
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        tag: [u8; 16],
        /// How often the code changes.
        #[n(2)]
        t_interval_ms: u32,
    },
}

/// An operation with what a band holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BandOperation {
    /// Vibrate and show a sign.
    #[n(0)]
    Notify {
        /// Success, or else failure.
        #[n(0)]
        positive: bool,
    },
    /// Random bytes.
    #[n(1)]
    Random {
        /// How many, 1 to 64.
        #[n(0)]
        length: u8,
    },
    /// A signature with this application's key, which is made at the first one.
    #[n(2)]
    Sign {
        /// The SHA-256 digest to sign.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        digest: [u8; 32],
    },
    /// Make a symmetric key; one that has this id already is answered, so that a request whose answer
    /// was lost can be repeated.
    #[n(3)]
    CreateKey {
        /// Its id, from the application.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        key_id: [u8; 16],
    },
    /// Read a symmetric key.
    #[n(4)]
    GetKey {
        /// Its id.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        key_id: [u8; 16],
    },
    /// Forget a symmetric key.
    #[n(5)]
    DeleteKey {
        /// Its id.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        key_id: [u8; 16],
    },
    /// Make the secret for one-time passwords, unless there is one.
    #[n(6)]
    CreateTotp,
    /// The present one-time password.
    #[n(7)]
    GetTotp,
    /// Forget the secret for one-time passwords.
    #[n(8)]
    DeleteTotp,
    /// Which firmware and hardware it is.
    #[n(9)]
    Firmware,
    /// What the user's policy says. Enrollment terminals only.
    #[n(10)]
    Settings {
        /// Look for a heartbeat.
        #[n(0)]
        liveness: bool,
        /// The motor may run.
        #[n(1)]
        haptics: bool,
    },
    /// Wipe all of the user. Enrollment terminals only.
    #[n(11)]
    DeleteUserData,
}

impl BandOperation {
    /// Whether it is done only while the wearer is authenticated.
    pub const fn is_guarded(&self) -> bool {
        !matches!(
            self,
            Self::Firmware | Self::Settings { .. } | Self::DeleteUserData
        )
    }

    /// Whether it is for enrollment terminals, role nba.
    pub const fn needs_terminal(&self) -> bool {
        matches!(self, Self::Settings { .. } | Self::DeleteUserData)
    }
}

/// What a band answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SessionAnswer {
    /// Done, and there is nothing to say.
    #[n(0)]
    Done,
    /// Not done, and nothing changed.
    #[n(1)]
    Refused {
        /// A status code of the 3000s.
        #[n(0)]
        status: u32,
        /// A sentence for an operator.
        #[n(1)]
        reason: String,
    },
    /// Random bytes.
    #[n(2)]
    Random(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
    /// A signature.
    #[n(3)]
    Signature {
        /// r and s, 32 bytes each.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        signature: [u8; 64],
        /// The key that verifies it, SubjectPublicKeyInfo in DER.
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        public_key: Vec<u8>,
    },
    /// A symmetric key.
    #[n(4)]
    Key(#[n(0)] BandSecret<32>),
    /// A one-time password.
    #[n(5)]
    Totp {
        /// Its digits.
        #[n(0)]
        code: String,
        /// The secret, for whoever checks; only when it was asked to be made.
        #[n(1)]
        secret: Option<BandSecret<TOTP_SECRET_BYTES>>,
    },
    /// Versions.
    #[n(6)]
    Firmware {
        /// Firmware version.
        #[n(0)]
        firmware_version: String,
        /// Hardware version.
        #[n(1)]
        hardware_version: String,
    },
}

codec!(SessionRequest, MAX_SESSION_MESSAGE);
codec!(SessionAnswer, MAX_SESSION_MESSAGE);
