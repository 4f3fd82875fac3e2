//! What an enrollment terminal does: brings a band and a user together.
//!
//! The terminal carries messages between band and server and decides nothing: the band checks the
//! certificates, the server checks `confirm` and the policy.

use nymi_core::BandId;
use nymi_net::nes::NesClient;

use crate::Client;

/// Which band, for whom.
#[derive(Clone, Debug)]
pub struct Enrollment {
    /// The endpoint that hears the band.
    pub endpoint_id: String,
    /// The band's static address, or the NymiBandID of its present enrollment.
    pub address: BandId,
    /// The domain of the user who enrolls.
    pub domain: String,
    /// The user who enrolls, signed in to the `NesClient`.
    pub username: String,
    /// The label to show on the band.
    pub label: Option<String>,
}

/// A finished enrollment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The band's new NymiBandID.
    pub band: BandId,
    /// The serial number on its casing.
    pub serial_number: String,
    /// Its NFC UID, upper-case hex.
    pub nfc_uid: String,
}

/// An enrollment that did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnrollError {
    /// NES refused or could not be reached.
    #[error("NES: {message}")]
    Nes {
        /// A status of the 2000s, or what NES named.
        status: u32,
        /// NES's sentence, or ours if it gave none.
        message: String,
        /// The ResponseCode of an enrollment failure (12: CMAC mismatch).
        response_code: Option<u32>,
        /// The event that NES recorded.
        event_type_id: Option<u32>,
    },
    /// The agent, the endpoint or the radio could not carry a message.
    #[error("the band could not be reached: {message} (status {status})")]
    Carrier {
        /// The status of the exchange.
        status: u32,
        /// What went wrong.
        message: String,
    },
    /// The band refused.
    #[error("the band refused: {reason} (status {status})")]
    Band {
        /// The band's status.
        status: u32,
        /// The number of the chain error, with status 8000.
        nsl: Option<u32>,
        /// The band's sentence.
        reason: String,
    },
    /// What came back is not what the protocol says.
    #[error("the answer of {who} makes no sense: {what}")]
    Protocol {
        /// Band or NES.
        who: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// Enrolls a band for the user whose session `nes` is, and sets its clock.
///
/// `client` must have been initialised by a service account of an enrollment terminal, so that its
/// certificate carries the role `nba`.
pub async fn enroll_band(
    client: &Client,
    nes: &NesClient,
    enrollment: &Enrollment,
) -> Result<Enrolled, EnrollError> {
    let _ = (client, nes, enrollment);
    todo!()
}

/// Sets the clock of an enrolled band, as at each log-in to the Band Application.
pub async fn set_band_time(
    client: &Client,
    nes: &NesClient,
    endpoint_id: &str,
    band: BandId,
) -> Result<(), EnrollError> {
    let _ = (client, nes, endpoint_id, band);
    todo!()
}
