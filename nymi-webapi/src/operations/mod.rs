//! The operations that take time: each ends with exactly one update, by its deadline.

mod assert_identity;
mod band;
mod directory;
mod start;

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::{ListEndpointsAnswer, Payload, ReplyTo, Request, Status, Update};
use nymi_net::nes::NesError;
use tokio::time::Instant;

use crate::nes_session::NesSession;
use crate::session::Session;

/// Runs a request to its answer.
pub(crate) async fn run(session: &Arc<Session>, request: &Request, deadline: Instant) -> Update {
    let reply_to = request.reply_to();
    match &request.payload {
        Payload::Init(init) => start::init(session, init, &reply_to, deadline).await,
        Payload::Info => start::info(session, &reply_to),
        Payload::ListEndpoints => {
            let endpoints = session.shared.hub.list_endpoints();
            reply_to.ok(&ListEndpointsAnswer { endpoints })
        }
        Payload::Lookup(lookup) => directory::lookup(session, lookup, &reply_to, deadline).await,
        Payload::UserStatus(user) => directory::status(session, user, &reply_to, deadline).await,
        Payload::AssertIdentity(assert) => {
            assert_identity::run(session, assert, &reply_to, deadline).await
        }
        Payload::BandExchange(exchange) => {
            band::exchange(session, exchange, &reply_to, deadline).await
        }
        Payload::BandSession(message) => band::relay(session, message, &reply_to, deadline).await,
        Payload::Firmware(firmware) => band::firmware(session, firmware, &reply_to, deadline).await,
        Payload::Notify(_)
        | Payload::Random(_)
        | Payload::Sign(_)
        | Payload::SymmetricKey(_)
        | Payload::Totp(_) => band::guarded(session, &reply_to),
        // Served by the session before anything is started.
        Payload::SubscribeEndpoint(_) | Payload::UnsubscribeEndpoint(_) | Payload::Cancel(_) => {
            reply_to.failed(
                Status::INTERNAL,
                "the request took a way that it should not have",
            )
        }
    }
}

/// The agent's NES session, or the answer if it has none.
fn nes<'a>(session: &'a Session, reply_to: &ReplyTo) -> Result<&'a NesSession, Box<Update>> {
    session.shared.nes.as_deref().ok_or_else(|| {
        let specifics = "the agent has no Enterprise Server: set nes_url and credentials_location in nymi_agent.toml";
        Box::new(reply_to.failed(Status::NES_UNREACHABLE, specifics))
    })
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The outcome of a request to NES, or a timeout at the operation's own deadline.
async fn by<T>(
    deadline: Instant,
    session: &NesSession,
    request: impl Future<Output = Result<T, NesError>>,
) -> Result<T, NesError> {
    let outcome = tokio::time::timeout_at(deadline, request)
        .await
        .unwrap_or_else(|_| {
            Err(NesError {
                status: Status::NES_TIMEOUT,
                message: format!("{} did not answer before the deadline", session.url()),
                detail: serde_json::Map::new(),
            })
        });
    session.observe(&outcome);
    outcome
}

/// The refusal that a NES error means to the caller.
fn refused(reply_to: &ReplyTo, error: &NesError) -> Update {
    let update = reply_to.failed(error.status, error.message.clone());
    match error.detail.get("skew_ms") {
        Some(skew) => update.with("skew_ms", skew.clone()),
        None => update,
    }
}
