//! `bluebox:<endpoint_id>`: one endpoint.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::BandId;
use nymi_core::message::channel::{
    EndpointJoin, Frames, MAX_FRAMES, NfcReport, PROTOCOL, TapReport, event, protocol_refused,
};
use nymi_core::message::{Map, NfcUid, Status, TapMethod, Update};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::channel::reason;
use crate::hub::EndpointLink;
use crate::outbox::{Outbox, Route};
use crate::shared::{Shared, now};

/// How long NES may take to tell whose NFC tag it is.
const NFC_LOOKUP: Duration = Duration::from_secs(5);

pub(super) struct Bluebox {
    shared: Arc<Shared>,
    link: EndpointLink,
}

impl Drop for Bluebox {
    fn drop(&mut self) {
        self.shared.hub.leave_endpoint(&self.link);
    }
}

/// The payload, or the reply that says what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(payload: Value) -> Result<T, Value> {
    serde_json::from_value(payload).map_err(|error| reason(error.to_string()))
}

/// Refuses a protocol version that is not spoken.
pub(super) fn check_protocol(found: u32) -> Result<(), Value> {
    if found == PROTOCOL {
        return Ok(());
    }
    let status = Status::AGENT_VERSION.code();
    Err(json!({ "reason": protocol_refused(found), "status": status }))
}

impl Bluebox {
    pub(super) fn join(
        shared: &Arc<Shared>,
        endpoint_id: &str,
        payload: Value,
        peer: IpAddr,
        outbox: &Arc<Outbox>,
        route: Route,
    ) -> Result<Self, Value> {
        let join: EndpointJoin = serde_json::from_value(payload).map_err(|error| {
            reason(format!(
                "an endpoint joins with {{\"instance\":\"<random key>\"}}: {error}"
            ))
        })?;
        check_protocol(join.protocol)?;
        let joined = shared
            .hub
            .join_endpoint(endpoint_id, join, peer, outbox, route);
        let link = joined.map_err(|refused| reason(refused.to_string()))?;
        Ok(Self {
            shared: Arc::clone(shared),
            link,
        })
    }

    pub(super) fn is_current(&self) -> bool {
        self.shared.hub.is_linked(&self.link)
    }

    pub(super) fn handle(&mut self, name: &str, payload: Value) -> Result<Value, Value> {
        let hub = &self.shared.hub;
        match name {
            event::FRAMES => hub.frames(&self.link, frames(payload)?),
            event::PRESENCE => hub.presence(&self.link, read(payload)?),
            event::STATUS => hub
                .endpoint_status(&self.link, read(payload)?)
                .map_err(|unfit| reason(unfit.to_string()))?,
            event::BAND_REPLY => hub.band_reply(&self.link, read(payload)?),
            event::TAP => self.tap(&read(payload)?)?,
            event::NFC => self.nfc(read(payload)?),
            other => return Err(reason(format!("an endpoint sends no event {other:?}"))),
        }
        Ok(Value::Object(Map::new()))
    }

    fn tap(&self, report: &TapReport) -> Result<(), Value> {
        if report.method != TapMethod::Ble {
            return Err(reason(
                "method: a tap by NFC is the event nfc, with the tag's uid",
            ));
        }
        // The agent's clock dates the intent: a terminal's may be wrong.
        self.shared.hub.tap(&self.link, report.address, None, now());
        Ok(())
    }

    /// An NFC tag is only a number until NES says which band has it.
    fn nfc(&self, report: NfcReport) {
        let (shared, link) = (Arc::clone(&self.shared), self.link.clone());
        let at = now();
        tokio::spawn(async move {
            match resolve(&shared, &report.uid).await {
                Ok(band) => shared.hub.tap(&link, band, Some(report.uid), at),
                Err((status, specifics)) => {
                    let update = Update::error(status, specifics)
                        .with("endpoint_id", link.endpoint_id.clone())
                        .with("NfcUID", report.uid.as_str());
                    shared.hub.trouble(&link, &update);
                }
            }
        });
    }
}

fn frames(payload: Value) -> Result<Frames, Value> {
    let frames: Frames = read(payload)?;
    if frames.frames.len() > MAX_FRAMES {
        return Err(reason(format!(
            "frames: at most {MAX_FRAMES} in one message"
        )));
    }
    Ok(frames)
}

async fn resolve(shared: &Shared, uid: &NfcUid) -> Result<BandId, (Status, String)> {
    let unknown = || {
        let specifics = format!("no active band has the NFC UID {}", uid.as_str());
        (Status::NOT_FOUND, specifics)
    };
    let Some(nes) = &shared.nes else {
        let specifics =
            "an NFC tap needs the Enterprise Server, and the agent has none: set nes_url";
        return Err((Status::NES_UNREACHABLE, specifics.to_owned()));
    };
    let outcome = nes
        .client(NFC_LOOKUP)
        .bands(&[("NfcUID", uid.as_str())])
        .await;
    nes.observe(&outcome);
    let rows = outcome.map_err(|error| (error.status, error.message))?;
    let active: Vec<_> = rows
        .iter()
        .filter(|row| is_true(row.is_active.as_ref()))
        .collect();
    match active.as_slice() {
        // Whoever of them tapped is unknown, so nobody did.
        [_, _, ..] => {
            let specifics = format!(
                "{} active bands have the NFC UID {}, so the tap is nobody's; correct it at the Enterprise Server",
                active.len(),
                uid.as_str()
            );
            Err((Status::NOT_FOUND, specifics))
        }
        [row] => {
            let band = row.nymi_band_id.as_deref();
            band.and_then(|band| band.parse().ok()).ok_or_else(unknown)
        }
        [] => Err(unknown()),
    }
}

fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}
