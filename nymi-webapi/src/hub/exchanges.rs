//! Messages to a band through an endpoint's radio, and what comes back.

use std::sync::Arc;

use nymi_core::BandId;
use nymi_core::message::channel::{BandReplyEnvelope, BandRequestEnvelope, event};
use nymi_core::message::{HexBytes, Status, Uuid};
use tokio::sync::oneshot;

use super::{BandAnswerSender, EndpointLink, Hub, State, new_uuid};

/// The largest answer that is put together from parts, bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// What a band answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BandAnswer(pub(crate) Vec<u8>);

/// Where a message to a band goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToBand<'a> {
    /// The endpoint, by id or alias.
    pub(crate) endpoint: &'a str,
    pub(crate) address: BandId,
    /// The band is heard there: once it is not any more, no answer is awaited.
    pub(crate) while_heard: bool,
}

pub(super) struct Pending {
    endpoint_id: String,
    /// Whose leaving ends it.
    heard: Option<BandId>,
    parts: Vec<u8>,
    answer: BandAnswerSender,
}

/// An exchange in progress; dropped, it is forgotten.
pub(crate) struct Exchange {
    hub: Arc<Hub>,
    id: Uuid,
    pub(crate) answer: oneshot::Receiver<Result<BandAnswer, (Status, String)>>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.hub.state().exchanges.remove(&self.id);
    }
}

impl Hub {
    /// Sends a message to a band through an endpoint.
    pub(crate) fn exchange(
        self: &Arc<Self>,
        to: ToBand<'_>,
        data: HexBytes,
    ) -> Result<Exchange, (Status, String)> {
        let no_random = || {
            (
                Status::INTERNAL,
                "the system gives no random numbers".to_owned(),
            )
        };
        let id = new_uuid().ok_or_else(no_random)?;
        let (sender, answer) = oneshot::channel();
        let mut state = self.state();
        let ToBand {
            endpoint,
            address,
            while_heard,
        } = to;
        let missing = || {
            (
                Status::ENDPOINT_MISSING,
                format!("no endpoint {endpoint:?} is connected to the agent"),
            )
        };
        let endpoint_id = state.resolve(endpoint).ok_or_else(missing)?;
        let endpoint = state.endpoints.get(&endpoint_id).ok_or_else(missing)?;
        let request = BandRequestEnvelope {
            id: id.clone(),
            address,
            data,
            last: true,
        };
        let payload = serde_json::to_value(request).unwrap_or_default();
        endpoint
            .outbox
            .send(endpoint.route.push(event::BAND_REQUEST, payload));
        let pending = Pending {
            endpoint_id,
            heard: while_heard.then_some(address),
            parts: Vec::new(),
            answer: sender,
        };
        state.exchanges.insert(id.clone(), pending);
        Ok(Exchange {
            hub: Arc::clone(self),
            id,
            answer,
        })
    }

    /// A part of what a band answered.
    pub(crate) fn band_reply(&self, link: &EndpointLink, reply: BandReplyEnvelope) {
        let mut state = self.state();
        if state.linked(link).is_none() {
            return;
        }
        let Some(pending) = state.exchanges.get_mut(&reply.id) else {
            return;
        };
        if pending.endpoint_id != link.endpoint_id {
            return;
        }
        let fits = pending.parts.len() + reply.data.as_ref().map_or(0, |data| data.0.len());
        pending
            .parts
            .extend(reply.data.into_iter().flat_map(|data| data.0));
        let result = match reply.error {
            Some(status) => Err((
                status,
                "the endpoint could not carry it to the band".to_owned(),
            )),
            None if fits > MAX_ANSWER => Err((
                Status::BAND_REFUSED,
                "the band's answer is too long".to_owned(),
            )),
            None if !reply.last => return,
            None => Ok(BandAnswer(std::mem::take(&mut pending.parts))),
        };
        if let Some(pending) = state.exchanges.remove(&reply.id) {
            // The asker may have stopped waiting.
            let _ = pending.answer.send(result);
        }
    }
}

impl State {
    /// A band is not heard any more: it answers nothing that was asked while it was.
    pub(super) fn fail_exchanges_with(&mut self, endpoint_id: &str, band: BandId) {
        let lost = |_: &Uuid, pending: &mut Pending| {
            pending.endpoint_id == endpoint_id && pending.heard == Some(band)
        };
        for (_, pending) in self.exchanges.extract_if(lost) {
            let specifics = format!("{band} is not heard any more at endpoint {endpoint_id}");
            let _ = pending
                .answer
                .send(Err((Status::BAND_CONNECTION_LOST, specifics)));
        }
    }

    /// The endpoint's connection is another or gone: nothing more comes for what was under way.
    pub(super) fn fail_exchanges(&mut self, endpoint_id: &str) {
        let lost = |_: &Uuid, pending: &mut Pending| pending.endpoint_id == endpoint_id;
        for (_, pending) in self.exchanges.extract_if(lost) {
            let specifics = format!("endpoint {endpoint_id} left while the band was being asked");
            let _ = pending
                .answer
                .send(Err((Status::ENDPOINT_MISSING, specifics)));
        }
    }
}
