//! Callers subscribe to endpoints and hear what happens there.

use std::collections::BTreeMap;
use std::sync::Arc;

use nymi_core::message::{
    EndpointChange, EndpointEvent, ReplyTo, Status, SubscribeEndpointAnswer, Update,
};
use nymi_core::tap::Presence;

use super::endpoints::adapter_specifics;
use super::{Caller, CallerId, Hub, State};
use crate::outbox::{Outbox, Route};

impl Hub {
    pub(crate) fn add_caller(&self, outbox: &Arc<Outbox>, route: Route) -> CallerId {
        let mut state = self.state();
        let id = CallerId(state.next());
        let outbox = Arc::clone(outbox);
        state.callers.insert(
            id,
            Caller {
                outbox,
                route,
                subscriptions: BTreeMap::new(),
            },
        );
        id
    }

    pub(crate) fn remove_caller(&self, id: CallerId) {
        self.state().callers.remove(&id);
    }

    /// Subscribes, answers, and then tells what works there and who is near: in this order.
    pub(crate) fn subscribe(&self, id: CallerId, name: &str, reply_to: &ReplyTo) -> Status {
        let mut state = self.state();
        let endpoint_id = state.resolve(name);
        let Some(caller) = state.callers.get_mut(&id) else {
            return Status::TERMINATED;
        };
        let Some(endpoint_id) = endpoint_id else {
            caller.update(&missing(reply_to, name));
            return Status::ENDPOINT_MISSING;
        };
        let names = caller.subscriptions.entry(endpoint_id.clone()).or_default();
        if !names.iter().any(|known| known == name) && names.len() < 16 {
            names.push(name.to_owned());
        }
        let answer = SubscribeEndpointAnswer {
            endpoint_id: endpoint_id.clone(),
        };
        caller.update(&reply_to.ok(&answer));
        state.introduce(id, &endpoint_id);
        Status::SUCCESS
    }

    /// Unsubscribes; an endpoint that is gone may be named as it was when it was subscribed.
    pub(crate) fn unsubscribe(&self, id: CallerId, name: &str, reply_to: &ReplyTo) -> Status {
        let mut state = self.state();
        let resolved = state.resolve(name);
        let Some(caller) = state.callers.get_mut(&id) else {
            return Status::TERMINATED;
        };
        let asked = caller.subscriptions.iter().find(|(endpoint_id, names)| {
            *endpoint_id == name || names.iter().any(|known| known == name)
        });
        let endpoint_id = asked
            .map(|(endpoint_id, _)| endpoint_id.clone())
            .or(resolved);
        let Some(endpoint_id) = endpoint_id else {
            caller.update(&missing(reply_to, name));
            return Status::ENDPOINT_MISSING;
        };
        caller.subscriptions.remove(&endpoint_id);
        caller.update(&reply_to.ok(&SubscribeEndpointAnswer { endpoint_id }));
        Status::SUCCESS
    }
}

fn missing(reply_to: &ReplyTo, name: &str) -> Update {
    let specifics = format!(
        "no endpoint with the id, hostname or address {name:?} is connected to the agent; list_endpoints shows those that are"
    );
    reply_to.failed(Status::ENDPOINT_MISSING, specifics)
}

impl State {
    /// Tells a new subscriber the present state of an endpoint.
    fn introduce(&self, id: CallerId, endpoint_id: &str) {
        let (Some(caller), Some(endpoint)) =
            (self.callers.get(&id), self.endpoints.get(endpoint_id))
        else {
            return;
        };
        let tell = |event| {
            let endpoint_id = endpoint_id.to_owned();
            caller.update(&Update::event(&EndpointEvent { endpoint_id, event }));
        };
        if let Some(status) = &endpoint.status {
            if status.ble_ready() {
                tell(EndpointChange::BleReady);
            } else {
                let specifics = adapter_specifics(status);
                let error = Update::error(Status::ADAPTER_MISSING, specifics);
                caller.update(&error.with("endpoint_id", endpoint_id));
            }
            if status.nfc_ready() {
                tell(EndpointChange::NfcReady);
            }
        }
        for event in endpoint
            .presence
            .values()
            .filter(|event| event.after != Presence::No)
        {
            caller.outbox.presence(&caller.route, event);
        }
    }
}
