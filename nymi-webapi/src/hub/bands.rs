//! What endpoints report of bands: frames, presence and taps.

use std::collections::BTreeSet;

use nymi_core::message::channel::{Frames, PresenceReport};
use nymi_core::message::{Map, NfcUid, PresenceEvent, TapEvent, TapMethod, Update, Uuid};
use nymi_core::tap::Presence;
use nymi_core::{BandId, UnixMillis};
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::endpoints::as_many_as_fit;
use super::{CallerId, EndpointLink, Hub, Intent, IntentRefused, Spender, State};

/// Presence states kept of one endpoint; beyond that only those of bands that are near.
const PRESENCES: usize = 1024;
/// Endpoints whose frames of one band are tried.
const SIGHTINGS: usize = 4;

/// Where a band was heard last, and its newest frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) endpoint_id: String,
    pub(crate) frames: Vec<Vec<u8>>,
}

/// A random UUID; if the system has no randomness there is nothing sensible to go on with.
pub(crate) fn new_uuid() -> Option<Uuid> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(Uuid::from_random(random))
}

impl Hub {
    /// Frames that an endpoint heard.
    pub(crate) fn frames(&self, link: &EndpointLink, frames: Frames) {
        let mut reports = frames.frames;
        reports.sort_by_key(|report| report.at);
        let mut state = self.state();
        let Some(endpoint) = state.linked(link) else {
            return;
        };
        let now = Instant::now();
        self.metrics.frames(reports.len());
        for report in reports {
            endpoint
                .heard
                .note(report.address, report.data.0, now, self.limits().heard);
        }
        drop(state);
        self.frames_arrived.notify_waiters();
    }

    /// Completes when frames arrive after this call.
    pub(crate) fn next_frames(&self) -> Notified<'_> {
        self.frames_arrived.notified()
    }

    /// A band's presence changed.
    pub(crate) fn presence(&self, link: &EndpointLink, report: PresenceReport) {
        let mut state = self.state();
        let Some(endpoint) = state.linked(link) else {
            return;
        };
        let event = PresenceEvent {
            endpoint_id: link.endpoint_id.clone(),
            band: report.address,
            before: report.before,
            after: report.after,
            authenticated: report.authenticated,
            worn: report.worn,
            rssi: report.rssi,
            proximity: report.proximity,
        };
        if event.after == Presence::No {
            endpoint.presence.remove(&event.band);
        } else if endpoint.presence.len() < PRESENCES || endpoint.presence.contains_key(&event.band)
        {
            endpoint.presence.insert(event.band, event.clone());
        }
        if event.after != Presence::Yes {
            state.fail_exchanges_with(&link.endpoint_id, event.band);
        }
        for caller in state.callers.values() {
            if caller.subscriptions.contains_key(&link.endpoint_id) {
                caller.outbox.presence(&caller.route, &event);
            }
        }
    }

    /// A tap: remembers the intent and tells the subscribers.
    pub(crate) fn tap(
        &self,
        link: &EndpointLink,
        band: BandId,
        nfc_uid: Option<NfcUid>,
        at: UnixMillis,
    ) {
        let Some(intent_id) = new_uuid() else {
            tracing::error!("the system gives no random numbers; a tap was lost");
            return;
        };
        let mut state = self.state();
        if state.linked(link).is_none() {
            return;
        }
        self.metrics.tap();
        let method = if nfc_uid.is_some() {
            TapMethod::Nfc
        } else {
            TapMethod::Ble
        };
        let endpoint_id = link.endpoint_id.clone();
        let intent = Intent {
            id: intent_id.clone(),
            band,
            endpoint_id: endpoint_id.clone(),
            method,
            at,
        };
        state
            .intents
            .add(intent, Instant::now(), self.limits().intent_age);
        let event = TapEvent {
            endpoint_id,
            band,
            nfc_uid,
            method,
            intent_id,
            at,
        };
        state.tell(&link.endpoint_id, &Update::event(&event));
    }

    /// Tells the subscribers of an endpoint something that went wrong there.
    pub(crate) fn trouble(&self, link: &EndpointLink, update: &Update) {
        let mut state = self.state();
        if state.linked(link).is_some() {
            state.tell(&link.endpoint_id, update);
        }
    }

    /// Claims a tap for an assertion of one spender.
    pub(crate) fn claim_intent(
        &self,
        id: &Uuid,
        band: BandId,
        spender: &Spender,
    ) -> Result<Intent, IntentRefused> {
        let age = self.limits().intent_age;
        self.state()
            .intents
            .claim(id, band, spender, Instant::now(), age)
    }

    /// Gives a tap back after an assertion that was refused.
    pub(crate) fn release_intent(&self, id: &Uuid, spender: &Spender) {
        self.state().intents.release(id, spender);
    }

    /// The newest frames of a band: at `endpoint` if given, else at the endpoints that the caller
    /// subscribed, or anywhere if it subscribed none. Where it was heard last comes first; some
    /// others follow, since whoever hears last may be one that invents what it hears.
    pub(crate) fn sightings(
        &self,
        caller: CallerId,
        band: BandId,
        endpoint: Option<&str>,
        except: &BTreeSet<String>,
    ) -> Vec<Sighting> {
        let state = self.state();
        let now = Instant::now();
        let fresh = self.limits().heard;
        let wanted = |id: &str| match endpoint {
            Some(endpoint) => id == endpoint,
            None => state.may_hear(caller, id),
        };
        let mut heard: Vec<_> = state
            .endpoints
            .iter()
            .filter(|(id, _)| wanted(id) && !except.contains(*id))
            .filter_map(|(id, endpoint)| {
                let (at, frames) = endpoint.heard.newest(band, now, fresh)?;
                Some((
                    at,
                    Sighting {
                        endpoint_id: id.clone(),
                        frames,
                    },
                ))
            })
            .collect();
        heard.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        heard.truncate(SIGHTINGS);
        heard.into_iter().map(|(_, sighting)| sighting).collect()
    }

    /// The endpoint that heard a band last, of those that the caller may hear.
    pub(crate) fn heard_at(&self, caller: CallerId, band: BandId) -> Option<String> {
        let heard = self.sightings(caller, band, None, &BTreeSet::new());
        heard
            .into_iter()
            .next()
            .map(|sighting| sighting.endpoint_id)
    }

    /// The presence states that `info` shows.
    pub(crate) fn bands(&self, caller: CallerId) -> Vec<Map> {
        let state = self.state();
        let heard = state
            .endpoints
            .iter()
            .filter(|(id, _)| state.may_hear(caller, id));
        let events = heard.flat_map(|(_, endpoint)| endpoint.presence.values());
        as_many_as_fit(events.map(|event| Update::event(event).payload))
    }

    pub(crate) fn band_count(&self) -> usize {
        let state = self.state();
        state
            .endpoints
            .values()
            .map(|endpoint| endpoint.presence.len())
            .sum()
    }
}

impl State {
    fn may_hear(&self, caller: CallerId, endpoint_id: &str) -> bool {
        self.callers.get(&caller).is_some_and(|caller| {
            caller.subscriptions.is_empty() || caller.subscriptions.contains_key(endpoint_id)
        })
    }
}
