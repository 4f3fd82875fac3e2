//! What a terminal and a band say to each other: CBOR (RFC 8949) messages, carried by the endpoint.
//!
//! One request, one reply. Enrollment runs in the clear: nothing in it is secret, the band checks
//! the certificates it is shown, and the server checks `confirm`.

mod protocol;

pub use protocol::{
    BandDescription, BandMessageError, BandReply, BandRequest, EnrollmentAnswer, EnrollmentOffer,
    MAX_BAND_MESSAGE,
};
