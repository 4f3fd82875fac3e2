//! Operations with a band itself.

use nymi_core::message::{
    BandExchange, BandExchangeAnswer, HexBytes, Payload, ReplyTo, Status, Update,
};
use tokio::time::Instant;

use crate::hub::BandAnswer;
use crate::session::Session;

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
    let hub = &session.shared.hub;
    let exchange = hub.exchange(&request.endpoint_id, request.address, request.data.clone());
    let mut exchange = match exchange {
        Ok(exchange) => exchange,
        Err((status, specifics)) => return reply_to.failed(status, specifics),
    };
    match tokio::time::timeout_at(deadline, &mut exchange.answer).await {
        Ok(Ok(Ok(BandAnswer(data)))) => reply_to.ok(&BandExchangeAnswer {
            data: HexBytes(data),
        }),
        Ok(Ok(Err((status, specifics)))) => reply_to.failed(status, specifics),
        Ok(Err(_)) => reply_to.failed(Status::INTERNAL, "the exchange was forgotten"),
        Err(_) => {
            let specifics = format!(
                "{} did not answer; hold the band near the adapter",
                request.address
            );
            reply_to.failed(Status::TIMEOUT_BAND, specifics)
        }
    }
}

/// Operations that need a session with the band, which this version does not open yet.
pub(super) fn guarded(session: &Session, payload: &Payload, reply_to: &ReplyTo) -> Update {
    let present = payload
        .device()
        .is_some_and(|band| session.shared.hub.is_heard(session.caller, band));
    if !present {
        let specifics = "device: no endpoint that this caller may hear has heard the band lately";
        return reply_to.failed(Status::BAND_NOT_PRESENT, specifics);
    }
    let specifics = format!(
        "{} needs a session with the band, which this version of the agent does not open yet",
        reply_to.operation
    );
    reply_to.failed(Status::BAND_REFUSED, specifics)
}
