//! What NES knows of bands and users: `lookup` and `user_status`.

use nymi_core::message::{Lookup, ReplyTo, Update, UserStatus};
use tokio::time::Instant;

use super::{by, left, nes, refused};
use crate::session::Session;

pub(super) async fn lookup(
    session: &Session,
    lookup: &Lookup,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    let nes = match nes(session, reply_to) {
        Ok(nes) => nes,
        Err(update) => return *update,
    };
    let conditions = lookup.query.conditions();
    let query: Vec<_> = conditions
        .iter()
        .map(|(column, value)| (column.name(), value.as_str()))
        .collect();
    let client = nes.client(left(deadline));
    match by(deadline, nes, client.band_objects(&query)).await {
        Ok(rows) => match lookup.answer(&rows) {
            Ok(answer) => reply_to.ok(&answer),
            Err(status) => reply_to.failed(status, "no band or user matches the query"),
        },
        Err(error) => refused(reply_to, &error),
    }
}

pub(super) async fn status(
    session: &Session,
    user: &UserStatus,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    let nes = match nes(session, reply_to) {
        Ok(nes) => nes,
        Err(update) => return *update,
    };
    let client = nes.client(left(deadline));
    match by(
        deadline,
        nes,
        client.user_status(&user.domain, &user.username),
    )
    .await
    {
        Ok(answer) => reply_to.ok(&answer),
        Err(error) => refused(reply_to, &error),
    }
}
