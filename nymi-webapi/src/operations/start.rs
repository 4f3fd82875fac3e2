//! `init` and `info`.

use nymi_core::message::{InfoAnswer, Init, InitAnswer, ReplyTo, Status, Update};
use nymi_net::nes::NesError;
use tokio::time::Instant;

use super::{by, left, nes, refused};
use crate::nes_session::NesSession;
use crate::session::{FAILED_LOGINS, Kind, Session};
use crate::shared::VERSION;

/// Over the WebAPI `init` is optional: the agent's own NES session serves the connection. Credentials
/// that it carries are checked at NES.
pub(super) async fn init(
    session: &Session,
    init: &Init,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    if let Some(update) = not_taken(session, init, reply_to) {
        return update;
    }
    if let (Some(user), Some(password)) = (&init.username, &init.password) {
        let nes = match nes(session, reply_to) {
            Ok(nes) => nes,
            Err(update) => return *update,
        };
        if !session.try_log_in() {
            let specifics = format!(
                "{FAILED_LOGINS} log-ins failed on this connection; check the password and connect again"
            );
            return reply_to.failed(Status::TOO_MANY_IN_FLIGHT, specifics);
        }
        let client = nes.client(left(deadline));
        let user = user.to_string();
        let login = client.check_login(&user, password.expose());
        let outcome = of_caller(deadline, nes, login).await;
        if !matches!(&outcome, Err(error) if error.status == Status::NES_CREDENTIALS) {
            session.log_in_did_not_fail();
        }
        if let Err(error) = outcome {
            return refused(reply_to, &error);
        }
    }
    reply_to.ok(&InitAnswer {
        nea_name: init.nea_name.clone(),
        agent: Some(session.shared.agent_url.clone()),
        nes: session.shared.nes.as_ref().map(|nes| nes.url().to_owned()),
        certificate: session.proof().map(|proof| proof.certificate),
    })
}

/// The outcome of a log-in that is not the agent's own: a refusal says nothing about the agent.
async fn of_caller(
    deadline: Instant,
    nes: &NesSession,
    login: impl Future<Output = Result<(), NesError>>,
) -> Result<(), NesError> {
    let outcome = by(deadline, nes, async {
        match login.await {
            Err(error) if error.status == Status::NES_CREDENTIALS || error.is_busy() => {
                Ok(Err(error))
            }
            other => other.map(Ok),
        }
    });
    outcome.await?
}

fn not_taken(session: &Session, init: &Init, reply_to: &ReplyTo) -> Option<Update> {
    if let Kind::Nea { name } = &session.kind {
        return (*name != init.nea_name).then(|| {
            let specifics = format!("nea_name: this channel is that of {name}");
            reply_to.failed(Status::INVALID_FIELD, specifics)
        });
    }
    let fields = [
        ("nes_url", init.nes_url.is_some()),
        ("agent_url", init.agent_url.is_some()),
        ("grade", init.grade.is_some()),
        ("token", init.token.is_some()),
    ];
    let (name, _) = fields.into_iter().find(|(_, present)| *present)?;
    let specifics =
        format!("{name} is not taken over the WebAPI: the agent's configuration sets it");
    Some(reply_to.failed(Status::INVALID_FIELD, specifics))
}

pub(super) fn info(session: &Session, reply_to: &ReplyTo) -> Update {
    let shared = &session.shared;
    reply_to.ok(&InfoAnswer {
        version: VERSION.to_owned(),
        agent: Some(shared.agent_url.clone()),
        nes: shared.nes.as_ref().map(|nes| nes.url().to_owned()),
        endpoints: shared.hub.list_endpoints(),
        bands: shared.hub.bands(session.caller),
        certificate: session.proof().map(|proof| proof.certificate),
    })
}
