//! Operations with a band itself: the agent carries messages, and opens no session of its own.

use nymi_core::BandId;
use nymi_core::band::{BandReply, BandRequest};
use nymi_core::message::{
    BandExchange, BandExchangeAnswer, BandSession, BandSessionAnswer, Firmware, FirmwareAnswer,
    HexBytes, ReplyTo, Status, Update,
};
use tokio::time::Instant;

use crate::hub::{BandAnswer, ToBand};
use crate::session::{Kind, Session};

/// One message to a band and its answer: what an enrollment terminal needs.
pub(super) async fn exchange(
    session: &Session,
    request: &BandExchange,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    if !session
        .proof()
        .is_some_and(|proof| proof.is_enrollment_terminal)
    {
        let specifics =
            "band_exchange is for enrollment terminals, whose certificate has the role nba";
        return reply_to.failed(Status::AGENT_REFUSED, specifics);
    }
    let to = ToBand {
        endpoint: &request.endpoint_id,
        address: request.address,
        while_heard: false,
    };
    match carry(session, to, request.data.clone(), deadline).await {
        Ok(data) => reply_to.ok(&BandExchangeAnswer { data }),
        Err((status, specifics)) => reply_to.failed(status, specifics),
    }
}

/// One message of a native client's session with a band. Nothing but session messages: with those a
/// client can do no more than the band lets it.
pub(super) async fn relay(
    session: &Session,
    request: &BandSession,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    if session.proof().is_none() {
        let specifics = "band_session is for native clients that proved their certificate";
        return reply_to.failed(Status::AGENT_REFUSED, specifics);
    }
    let message = BandRequest::from_bytes(&request.data.0);
    if !matches!(message, Ok(BandRequest::Session { .. })) {
        let specifics = "data: expected a message of a session with a band, at most 16 KiB";
        return reply_to.failed(Status::INVALID_FIELD, specifics);
    }
    match carry_to_heard(session, request.device, request.data.clone(), deadline).await {
        Ok(data) => reply_to.ok(&BandSessionAnswer { data }),
        Err((status, specifics)) => reply_to.failed(status, specifics),
    }
}

/// The versions that a band tells anybody.
pub(super) async fn firmware(
    session: &Session,
    request: &Firmware,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    let data = HexBytes(BandRequest::Describe.to_bytes());
    let answer = match carry_to_heard(session, request.device, data, deadline).await {
        Ok(answer) => answer,
        Err((status, specifics)) => return reply_to.failed(status, specifics),
    };
    match BandReply::from_bytes(&answer.0) {
        Ok(BandReply::Description(band)) => reply_to.ok(&FirmwareAnswer {
            firmware_version: band.firmware_version,
            hardware_version: band.hardware_version,
        }),
        _ => reply_to.failed(Status::BAND_REFUSED, "the band does not describe itself"),
    }
}

/// Operations with a band's keys. They need a session that an application opens with its own
/// certificate: the agent has none to open one with, whoever asks.
pub(super) fn guarded(session: &Session, reply_to: &ReplyTo) -> Update {
    let operation = &reply_to.operation;
    let specifics = match session.kind {
        Kind::WebApi { .. } => format!(
            "{operation} needs an authenticated connection, which the WebAPI does not have under auth = none; use the native client"
        ),
        Kind::Nea { .. } => format!(
            "{operation} runs in the application's own session with the band, which band_session carries"
        ),
    };
    reply_to.failed(Status::AGENT_REFUSED, specifics)
}

/// Carries a message to a band that the caller may hear.
async fn carry_to_heard(
    session: &Session,
    device: BandId,
    data: HexBytes,
    deadline: Instant,
) -> Result<HexBytes, (Status, String)> {
    let heard_at = session.shared.hub.heard_at(session.caller, device);
    let endpoint = heard_at.ok_or_else(|| {
        let specifics = "device: no endpoint that this caller may hear has heard the band lately";
        (Status::BAND_NOT_PRESENT, specifics.to_owned())
    })?;
    let to = ToBand {
        endpoint: &endpoint,
        address: device,
        while_heard: true,
    };
    carry(session, to, data, deadline).await
}

async fn carry(
    session: &Session,
    to: ToBand<'_>,
    data: HexBytes,
    deadline: Instant,
) -> Result<HexBytes, (Status, String)> {
    let mut exchange = session.shared.hub.exchange(to, data)?;
    match tokio::time::timeout_at(deadline, &mut exchange.answer).await {
        Ok(Ok(Ok(BandAnswer(data)))) => Ok(HexBytes(data)),
        Ok(Ok(Err(failure))) => Err(failure),
        Ok(Err(_)) => Err((Status::INTERNAL, "the exchange was forgotten".to_owned())),
        Err(_) => {
            let address = to.address;
            let specifics = format!("{address} did not answer; hold the band near the adapter");
            Err((Status::TIMEOUT_BAND, specifics))
        }
    }
}
