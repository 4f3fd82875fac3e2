//! What an endpoint may call itself and say of its hardware: nobody checks endpoints before they
//! join, so everything that the agent keeps of them is bounded.

use nymi_core::message::channel::{EndpointJoin, EndpointStatus};

/// Bytes of one text.
const TEXT: usize = 256;
/// Entries of one list.
const ENTRIES: usize = 16;

/// Why an endpoint may not join. Each is a sentence for the reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JoinRefused {
    /// Another terminal has that endpoint id.
    #[error("{}", nymi_core::message::channel::ALREADY_JOINED)]
    AlreadyJoined,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("endpoint_id: that is the address of another terminal")]
    AnothersAddress,
    #[error("a connection may join {0} endpoints")]
    OnConnection(usize),
    #[error("{0} endpoints are connected, and the agent takes no more")]
    Full(usize),
}

/// A text or a list that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("{0}: at most {TEXT} bytes, without control characters")]
    Text(&'static str),
    #[error("{0}: at most {ENTRIES}")]
    List(&'static str),
}

fn text(field: &'static str, text: &str) -> Result<(), Unfit> {
    let fits = text.len() <= TEXT && !text.chars().any(char::is_control);
    fits.then_some(()).ok_or(Unfit::Text(field))
}

fn list<T>(field: &'static str, entries: &[T]) -> Result<(), Unfit> {
    let fits = entries.len() <= ENTRIES;
    fits.then_some(()).ok_or(Unfit::List(field))
}

pub(super) fn check_join(endpoint_id: &str, join: &EndpointJoin) -> Result<(), Unfit> {
    text("endpoint_id", endpoint_id)?;
    text("instance", &join.instance)?;
    text("hostname", join.hostname.as_deref().unwrap_or_default())?;
    list("addresses", &join.addresses)?;
    let mut addresses = join.addresses.iter();
    addresses.try_for_each(|address| text("addresses", address))
}

pub(super) fn check_status(status: &EndpointStatus) -> Result<(), Unfit> {
    list("adapters", &status.adapters)?;
    list("readers", &status.readers)?;
    for adapter in &status.adapters {
        text("adapters: id", &adapter.id)?;
        text("adapters: kind", &adapter.kind)?;
        text(
            "adapters: detail",
            adapter.detail.as_deref().unwrap_or_default(),
        )?;
    }
    let mut readers = status.readers.iter();
    readers.try_for_each(|reader| text("readers: name", &reader.name))
}
