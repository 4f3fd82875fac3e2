//! What an enrollment terminal does: brings a band and a user together.
//!
//! The terminal carries messages between band and server and decides nothing: the band checks the
//! certificates, the server checks `confirm` and the policy.

use nymi_core::BandId;
use nymi_core::band::session::BandOperation;
use nymi_core::band::{BandDescription, BandReply, BandRequest, EnrollmentAnswer, EnrollmentOffer};
use nymi_core::chain::pem;
use nymi_core::message::{
    BandExchange, BandExchangeAnswer, HexBytes, NfcUid, Payload, Request, Status,
};
use nymi_net::nes::{EnrollmentReply, NesClient, NesError};
use serde_json::{Value, json};

use crate::Client;
use crate::band::Wanted;

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
    /// Its NFC UID.
    pub nfc_uid: Option<NfcUid>,
}

/// An enrollment that did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnrollError {
    /// NES refused or could not be reached.
    #[error("NES: {message}")]
    Nes {
        /// A status of the 2000s, or what NES named.
        status: Status,
        /// NES's sentence, or ours if it gave none.
        message: String,
        /// The ResponseCode of an enrollment failure (12: CMAC mismatch).
        response_code: Option<i64>,
        /// The event that NES recorded.
        event_type_id: Option<i64>,
    },
    /// An exchange with the band failed: on the way there, or in its session.
    #[error("the band could not be asked: {status} {message}")]
    Carrier {
        /// The status of the exchange.
        status: Status,
        /// What went wrong.
        message: String,
    },
    /// The band refused.
    #[error("the band refused: {reason} (status {status})")]
    Band {
        /// The band's status, of the 3000s, or 8000 for certificates.
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

impl From<NesError> for EnrollError {
    fn from(error: NesError) -> Self {
        let event_type_id = error.event_type_id();
        // An enrollment failure's message is the JSON of its code and its sentence.
        let inner: Value = serde_json::from_str(&error.message).unwrap_or_default();
        let message = inner
            .get("Description")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Self::Nes {
            status: error.status,
            message: message.unwrap_or(error.message),
            response_code: inner.get("ResponseCode").and_then(Value::as_i64),
            event_type_id,
        }
    }
}

/// Enrolls a band for the user whose session `nes` is, and sets its clock.
///
/// `client` must have been initialised by the account of an enrollment terminal, so that its
/// certificate has the role `nba`.
///
/// # Errors
/// What the band, the server or the way between them had against it. If only the clock could not be
/// set, the band is enrolled: [`set_band_time`] completes it.
pub async fn enroll_band(
    client: &Client,
    nes: &NesClient,
    enrollment: &Enrollment,
) -> Result<Enrolled, EnrollError> {
    let endpoint_id = &enrollment.endpoint_id;
    let described = ask(
        client,
        endpoint_id,
        enrollment.address,
        &BandRequest::Describe,
    )
    .await?;
    let BandReply::Description(description) = described else {
        return Err(off_script("a description"));
    };

    // With the serial number NES refuses what its rules refuse before the band is changed.
    let user = json!({
        "Username": enrollment.username,
        "Domain": enrollment.domain,
        "SerialNumber": description.serial_number,
    });
    let opened = nes.begin_enrollment(&user).await?;
    let offer = offer(&opened, client.now().0, enrollment.label.clone())?;
    let answered = ask(
        client,
        endpoint_id,
        enrollment.address,
        &BandRequest::Enroll(offer),
    )
    .await?;
    let BandReply::Enrollment(answer) = answered else {
        return Err(off_script("an enrollment"));
    };

    let columns = columns(&description, &answer, enrollment);
    nes.finish_enrollment(&opened.enrollment_id, &columns)
        .await?;
    let band = BandId::new(answer.band_id);
    tracing::info!("band {band} ({}) is enrolled", description.serial_number);
    set_band_time(client, nes, endpoint_id, band).await?;
    Ok(Enrolled {
        band,
        serial_number: description.serial_number,
        nfc_uid: NfcUid::from_bytes(&answer.nfc_uid),
    })
}

/// Sets the clock of an enrolled band, as at each log-in to the Band Application.
///
/// # Errors
/// As for [`enroll_band`]; a terminal whose clock is too far from the server's gets the status 6006.
pub async fn set_band_time(
    client: &Client,
    nes: &NesClient,
    endpoint_id: &str,
    band: BandId,
) -> Result<(), EnrollError> {
    let t_set_ms = u64::try_from(client.now().0).unwrap_or(0);
    let permission = nes.set_time(&band.to_string(), t_set_ms).await?;
    let mut tag = [0; 16];
    hex::decode_to_slice(&permission.set_time, &mut tag)
        .map_err(|_| nonsense("NES", "set_time is not 32 hexadecimal digits"))?;
    let request = BandRequest::SetTime {
        t_set_ms,
        tag,
        t_interval_ms: permission.t_interval_ms,
    };
    match ask(client, endpoint_id, band, &request).await? {
        BandReply::Done => Ok(()),
        _ => Err(off_script("that its clock is set")),
    }
}

/// Writes what the user's policy says into an enrolled band, as at each log-in to the Band Application:
/// whether a Band 3 looks for a heartbeat, and whether the motor may run.
///
/// # Errors
/// The band refuses, or cannot be reached: [`EnrollError::Carrier`] with the status.
pub async fn set_band_policy(
    client: &Client,
    band: BandId,
    liveness: bool,
    haptics: bool,
) -> Result<(), EnrollError> {
    let settings = BandOperation::Settings { liveness, haptics };
    ask_in_session(client, band, settings).await
}

/// Wipes all of the user from a band: keys, label, registrations. Its NymiBandID is gone with them.
///
/// # Errors
/// As for [`set_band_policy`].
pub async fn delete_user_data(client: &Client, band: BandId) -> Result<(), EnrollError> {
    ask_in_session(client, band, BandOperation::DeleteUserData).await
}

async fn ask_in_session(
    client: &Client,
    band: BandId,
    operation: BandOperation,
) -> Result<(), EnrollError> {
    let update = client.ask_band(Wanted::of_terminal(band, operation)).await;
    if update.status.is_success() {
        return Ok(());
    }
    Err(EnrollError::Carrier {
        status: update.status,
        message: update.specifics().to_owned(),
    })
}

/// One message to a band and its answer; a refusal is an error.
async fn ask(
    client: &Client,
    endpoint_id: &str,
    address: BandId,
    message: &BandRequest,
) -> Result<BandReply, EnrollError> {
    let exchange = BandExchange {
        endpoint_id: endpoint_id.to_owned(),
        address,
        data: HexBytes(message.to_bytes()),
    };
    let update = client
        .call(Request::new("enroll", Payload::BandExchange(exchange)))
        .await;
    if !update.status.is_success() {
        let message = update.specifics().to_owned();
        return Err(EnrollError::Carrier {
            status: update.status,
            message,
        });
    }
    let answer: BandExchangeAnswer = update
        .payload_as()
        .map_err(|error| nonsense("the agent", error.to_string()))?;
    match BandReply::from_bytes(&answer.data.0) {
        Ok(BandReply::Refused {
            status,
            nsl,
            reason,
        }) => Err(EnrollError::Band {
            status,
            nsl,
            reason,
        }),
        Ok(reply) => Ok(reply),
        Err(error) => Err(nonsense("the band", error.to_string())),
    }
}

/// The certificates for the band, from NES's agreement, L2, L1.
fn offer(
    opened: &EnrollmentReply,
    at_ms: i64,
    label: Option<String>,
) -> Result<EnrollmentOffer, EnrollError> {
    let mut enrollment_id = [0; 16];
    hex::decode_to_slice(&opened.enrollment_id, &mut enrollment_id)
        .map_err(|_| nonsense("NES", "enrollment_id is not 32 hexadecimal digits"))?;
    let chain = opened
        .chain
        .iter()
        .map(|text| pem::decode(text, "CERTIFICATE"))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| nonsense("NES", error.to_string()))?
        .concat();
    let [agreement, l2, l1]: [Vec<u8>; 3] = chain
        .try_into()
        .map_err(|_| nonsense("NES", "the chain is not agreement certificate, L2 and L1"))?;
    Ok(EnrollmentOffer {
        l1,
        l2,
        agreement,
        at_ms,
        enrollment_id,
        label,
    })
}

/// The body of PUT `api/Enrollments/{id}`.
fn columns(
    description: &BandDescription,
    answer: &EnrollmentAnswer,
    enrollment: &Enrollment,
) -> Value {
    json!({
        "NymiBandID": BandId::new(answer.band_id),
        "q_band": hex::encode(answer.q_band),
        "identity_public_key": hex::encode(&answer.identity_public_key),
        "confirm": hex::encode(answer.confirm),
        "SerialNumber": description.serial_number,
        "FirmwareVersion": description.firmware_version,
        "HardwareVersion": description.hardware_version,
        "StaticMacAddress": BandId::new(description.static_mac_address),
        "NfcUID": NfcUid::from_bytes(&answer.nfc_uid),
        "BandLabel": enrollment.label,
    })
}

fn nonsense(who: &'static str, what: impl Into<String>) -> EnrollError {
    EnrollError::Protocol {
        who,
        what: what.into(),
    }
}

fn off_script(expected: &str) -> EnrollError {
    nonsense("the band", format!("expected {expected}"))
}
