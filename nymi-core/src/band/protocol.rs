use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

/// The largest band message, bytes.
pub const MAX_BAND_MESSAGE: usize = 16 * 1024;

/// What a terminal asks of a band.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BandRequest {
    /// Who are you? Answered in any state with [`BandReply::Description`].
    #[n(0)]
    Describe,
    /// Enroll for a user; answered with [`BandReply::Enrollment`], or refused while the band holds
    /// another enrollment or the certificates do not validate.
    #[n(1)]
    Enroll(#[n(0)] EnrollmentOffer),
    /// Set the clock; refused unless the tag is right and `t_set_ms` is later than the last.
    #[n(2)]
    SetTime {
        /// The new clock, milliseconds since 1970.
        #[n(0)]
        t_set_ms: u64,
        /// The server's permission, presence.md "Setting the band's clock".
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        tag: [u8; 16],
        /// How often the code changes.
        #[n(2)]
        t_interval_ms: u32,
    },
    /// A message of a session with an application: TLS records. Answered with
    /// [`BandReply::Session`], or refused; then that session is over, except where the message was not
    /// its next one.
    #[n(3)]
    Session {
        /// Which session, from the application.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        id: [u8; 16],
        /// Counts the session's messages, from 0: each is taken once, and in order.
        #[n(1)]
        sequence: u32,
        /// What TLS says.
        #[n(2)]
        #[cbor(with = "minicbor::bytes")]
        records: Vec<u8>,
    },
}

/// The certificates and the moment under which a band enrolls.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrollmentOffer {
    /// L1, DER.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub l1: Vec<u8>,
    /// L2, DER.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub l2: Vec<u8>,
    /// The server's agreement certificate, DER.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub agreement: Vec<u8>,
    /// The terminal's time, milliseconds since 1970.
    #[n(3)]
    pub at_ms: i64,
    /// From the server, one per enrollment.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub enrollment_id: [u8; 16],
    /// The label to show, if the policy has one: at most 12 characters.
    #[n(5)]
    pub label: Option<String>,
}

/// What a band answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BandReply {
    /// To [`BandRequest::Describe`].
    #[n(0)]
    Description(#[n(0)] BandDescription),
    /// To [`BandRequest::Enroll`].
    #[n(1)]
    Enrollment(#[n(0)] EnrollmentAnswer),
    /// Done.
    #[n(2)]
    Done,
    /// Refused, and nothing changed.
    #[n(3)]
    Refused {
        /// A status code of the 3000s, or 8000 for certificates.
        #[n(0)]
        status: u32,
        /// The number of the chain error, with status 8000.
        #[n(1)]
        nsl: Option<u32>,
        /// A sentence for an operator.
        #[n(2)]
        reason: String,
    },
    /// To [`BandRequest::Session`].
    #[n(4)]
    Session {
        /// What TLS says.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        records: Vec<u8>,
    },
}

/// What a band says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BandDescription {
    /// The serial number on the casing.
    #[n(0)]
    pub serial_number: String,
    /// The factory Bluetooth address, which never changes: six bytes.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub static_mac_address: [u8; 6],
    /// The NymiBandID of the present enrollment.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub band_id: Option<[u8; 6]>,
    /// Firmware version.
    #[n(3)]
    pub firmware_version: String,
    /// Hardware version: `10.00` is a Band 3, from `14.00` on a Band 4.
    #[n(4)]
    pub hardware_version: String,
    /// The NFC UID of the present enrollment.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub nfc_uid: Option<Vec<u8>>,
    /// The wearer authenticated and has not taken it off since.
    #[n(6)]
    pub authenticated: bool,
    /// On a wrist.
    #[n(7)]
    pub worn: bool,
}

/// The band's half of the key agreement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrollmentAnswer {
    /// The NymiBandID that the band made for this enrollment.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub band_id: [u8; 6],
    /// Q_B, compressed.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub q_band: [u8; 33],
    /// The identity key, SubjectPublicKeyInfo in DER.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub identity_public_key: Vec<u8>,
    /// `CMAC(AdvKey_1, "nymi adv confirm" || …)`.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub confirm: [u8; 16],
    /// The NFC UID for this enrollment.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub nfc_uid: Vec<u8>,
}

/// Bytes that are not a band message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a band message")]
pub struct BandMessageError;

/// Reading and writing of a message of at most so many bytes, on the air or in a session.
macro_rules! codec {
    ($message:ty, $limit:expr) => {
        impl $message {
            /// Reads a message; nothing may follow it.
            ///
            /// # Errors
            /// The bytes are too many, or no such message.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, BandMessageError> {
                if bytes.len() > $limit {
                    return Err(BandMessageError);
                }
                let mut decoder = minicbor::Decoder::new(bytes);
                let message = decoder.decode().map_err(|_| BandMessageError)?;
                if decoder.position() == bytes.len() {
                    Ok(message)
                } else {
                    Err(BandMessageError)
                }
            }

            /// The bytes to send. An answer in a session may hold a key: clear them.
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                // Writing into a Vec cannot fail.
                let _ = minicbor::encode(self, &mut bytes);
                bytes
            }
        }
    };
}
pub(super) use codec;

codec!(BandRequest, MAX_BAND_MESSAGE);
codec!(BandReply, MAX_BAND_MESSAGE);
