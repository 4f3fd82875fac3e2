//! Requests for bands that are under way.

use std::collections::BTreeMap;

use nymi_core::UnixMillis;
use nymi_core::band::MAX_BAND_MESSAGE;
use nymi_core::message::channel::{BandReplyEnvelope, BandRequestEnvelope};
use nymi_core::message::{HexBytes, Status, Uuid};
use serde_json::Value;

use crate::adapter::AdapterRequest;

/// How long a band may take for one answer, milliseconds.
const ANSWER_MS: i64 = 10_000;
const MAX_IN_FLIGHT: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Requests {
    deadlines: BTreeMap<Uuid, UnixMillis>,
}

fn failed(id: Uuid, error: Status) -> BandReplyEnvelope {
    BandReplyEnvelope {
        id,
        data: None,
        last: true,
        error: Some(error),
    }
}

impl Requests {
    pub(super) fn next_deadline(&self) -> Option<UnixMillis> {
        self.deadlines.values().min().copied()
    }

    pub(super) fn clear(&mut self) {
        self.deadlines.clear();
    }

    /// Takes a request of the agent's, or gives the reply that refuses it; no reply without an id.
    /// A further message under an id whose last reply was not final is taken too.
    pub(super) fn begin(
        &mut self,
        now: UnixMillis,
        payload: Value,
        ble_ready: bool,
    ) -> Result<AdapterRequest, Option<BandReplyEnvelope>> {
        let id = payload
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| id.parse::<Uuid>().ok());
        let Some(id) = id else { return Err(None) };
        let Ok(request) = serde_json::from_value::<BandRequestEnvelope>(payload) else {
            return Err(Some(failed(id, Status::INVALID_FIELD)));
        };
        let refusal = if request.data.0.len() > MAX_BAND_MESSAGE {
            Some(Status::TOO_LARGE)
        } else if !ble_ready {
            Some(Status::ADAPTER_MISSING)
        } else if self.deadlines.len() >= MAX_IN_FLIGHT && !self.deadlines.contains_key(&id) {
            Some(Status::TOO_MANY_IN_FLIGHT)
        } else {
            None
        };
        if let Some(status) = refusal {
            return Err(Some(failed(id, status)));
        }
        self.deadlines
            .insert(id.clone(), now.saturating_add(ANSWER_MS));
        let BandRequestEnvelope {
            address,
            data,
            last,
            ..
        } = request;
        Ok(AdapterRequest {
            id,
            address,
            data: data.0,
            last,
        })
    }

    /// The band answered; nothing to say if that request is over already.
    pub(super) fn answered(
        &mut self,
        now: UnixMillis,
        id: Uuid,
        answer: Result<Vec<u8>, Status>,
        last: bool,
    ) -> Option<BandReplyEnvelope> {
        let last = last || answer.is_err();
        if last {
            self.deadlines.remove(&id)?;
        } else {
            *self.deadlines.get_mut(&id)? = now.saturating_add(ANSWER_MS);
        }
        Some(match answer {
            Ok(data) => BandReplyEnvelope {
                id,
                data: Some(HexBytes(data)),
                last,
                error: None,
            },
            Err(status) => failed(id, status),
        })
    }

    /// The replies for bands that were silent for too long.
    pub(super) fn expire(&mut self, now: UnixMillis) -> Vec<BandReplyEnvelope> {
        let late: Vec<Uuid> = self
            .deadlines
            .iter()
            .filter(|(_, deadline)| **deadline <= now)
            .map(|(id, _)| id.clone())
            .collect();
        self.deadlines.retain(|_, deadline| *deadline > now);
        late.into_iter()
            .map(|id| failed(id, Status::TIMEOUT_BAND))
            .collect()
    }

    /// The replies when the adapter is gone.
    pub(super) fn connection_lost(&mut self) -> Vec<BandReplyEnvelope> {
        let lost = std::mem::take(&mut self.deadlines);
        lost.into_keys()
            .map(|id| failed(id, Status::BAND_CONNECTION_LOST))
            .collect()
    }
}
