//! Endpoints come, say what hardware they have, and go.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use nymi_core::message::channel::{EndpointJoin, EndpointStatus};
use nymi_core::message::{EndpointChange, EndpointInfo, Status};

use super::heard::Heard;
use super::{Endpoint, Hub, State};
use crate::outbox::{Outbox, Route};

/// One join of an endpoint: what it reports under an older link is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointLink {
    pub(crate) endpoint_id: String,
    link: u64,
}

/// Another terminal has that endpoint id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JoinRefused;

impl Hub {
    /// Joins an endpoint. The same instance takes over from its own older connection at once.
    pub(crate) fn join_endpoint(
        &self,
        endpoint_id: &str,
        join: EndpointJoin,
        peer: IpAddr,
        outbox: &Arc<Outbox>,
        route: Route,
    ) -> Result<EndpointLink, JoinRefused> {
        let mut state = self.state();
        let link = state.next();
        let linked = EndpointLink {
            endpoint_id: endpoint_id.to_owned(),
            link,
        };
        if let Some(present) = state.endpoints.get_mut(endpoint_id) {
            if present.instance != join.instance {
                let instance_of = &present.peer;
                tracing::warn!(
                    "Tried to join existing bluebox:{endpoint_id} from {peer}; it is joined from {instance_of}"
                );
                return Err(JoinRefused);
            }
            present.take_over(link, join, peer, outbox, route);
            state.fail_exchanges(endpoint_id);
            return Ok(linked);
        }
        let endpoint = Endpoint {
            link,
            joined: link,
            instance: join.instance,
            hostname: join.hostname,
            addresses: join.addresses,
            peer: peer.to_canonical(),
            status: None,
            outbox: Arc::clone(outbox),
            route,
            heard: Heard::default(),
            presence: BTreeMap::new(),
        };
        state.endpoints.insert(endpoint_id.to_owned(), endpoint);
        state.tell_change(endpoint_id, EndpointChange::Back);
        tracing::info!(endpoint_id, %peer, "endpoint joined");
        Ok(linked)
    }

    /// The endpoint's connection ended or it left; a ghost that was taken over changes nothing.
    pub(crate) fn leave_endpoint(&self, link: &EndpointLink) {
        let mut state = self.state();
        if state.linked(link).is_none() {
            return;
        }
        let id = &link.endpoint_id;
        state.endpoints.remove(id);
        state.fail_exchanges(id);
        state.tell_change(id, EndpointChange::Gone);
        let specifics = format!(
            "endpoint {id} is not connected to the agent; start its service or check its network"
        );
        state.tell_error(id, Status::ENDPOINT_MISSING, &specifics);
        tracing::info!(endpoint_id = id, "endpoint left");
    }

    /// Whether that link is the endpoint's present one.
    pub(crate) fn is_linked(&self, link: &EndpointLink) -> bool {
        self.state().linked(link).is_some()
    }

    /// What hardware works there.
    pub(crate) fn endpoint_status(&self, link: &EndpointLink, status: EndpointStatus) {
        let mut state = self.state();
        let Some(endpoint) = state.linked(link) else {
            return;
        };
        let first = endpoint.status.is_none();
        let before = endpoint.status.replace(status.clone()).unwrap_or_default();
        let id = &link.endpoint_id;
        match (before.ble_ready(), status.ble_ready()) {
            (false, true) => state.tell_change(id, EndpointChange::BleReady),
            (true, false) => {
                state.tell_change(id, EndpointChange::BleLost);
                state.tell_error(id, Status::ADAPTER_MISSING, &adapter_specifics(&status));
            }
            (false, false) if first => {
                state.tell_error(id, Status::ADAPTER_MISSING, &adapter_specifics(&status));
            }
            _ => {}
        }
        match (before.nfc_ready(), status.nfc_ready()) {
            (false, true) => state.tell_change(id, EndpointChange::NfcReady),
            (true, false) => {
                state.tell_change(id, EndpointChange::NfcLost);
                let specifics = format!("no NFC reader works at endpoint {id}");
                state.tell_error(id, Status::READER_MISSING, &specifics);
            }
            _ => {}
        }
    }

    /// Every endpoint that is connected, the first joined first.
    pub(crate) fn list_endpoints(&self) -> Vec<EndpointInfo> {
        let state = self.state();
        let mut endpoints: Vec<_> = state.endpoints.iter().collect();
        endpoints.sort_by_key(|(_, endpoint)| endpoint.joined);
        endpoints
            .into_iter()
            .map(|(id, endpoint)| endpoint.info(id))
            .collect()
    }

    pub(crate) fn endpoint_count(&self) -> usize {
        self.state().endpoints.len()
    }
}

pub(super) fn adapter_specifics(status: &EndpointStatus) -> String {
    let details: Vec<_> = status
        .adapters
        .iter()
        .map(|adapter| {
            let detail = adapter.detail.as_deref().unwrap_or("does not work");
            format!("{} ({}) {detail}", adapter.id, adapter.kind)
        })
        .collect();
    if details.is_empty() {
        "no adapter is plugged in".to_owned()
    } else {
        details.join("; ")
    }
}

impl Endpoint {
    fn take_over(
        &mut self,
        link: u64,
        join: EndpointJoin,
        peer: IpAddr,
        outbox: &Arc<Outbox>,
        route: Route,
    ) {
        if !Arc::ptr_eq(&self.outbox, outbox) {
            self.outbox.send(self.route.closed());
        }
        self.link = link;
        self.hostname = join.hostname;
        self.addresses = join.addresses;
        self.peer = peer.to_canonical();
        self.outbox = Arc::clone(outbox);
        self.route = route;
    }

    fn info(&self, id: &str) -> EndpointInfo {
        let status = self.status.clone().unwrap_or_default();
        EndpointInfo {
            endpoint_id: id.to_owned(),
            hostname: self.hostname.clone(),
            addresses: self.addresses.clone(),
            ready: status.ble_ready(),
            adapters: status.adapters,
            readers: status.readers,
        }
    }

    /// Whether `name` is the hostname, one of the addresses or the peer address.
    fn is_called(&self, name: &str) -> bool {
        let hostname = self.hostname.as_deref();
        if hostname.is_some_and(|hostname| hostname.eq_ignore_ascii_case(name)) {
            return true;
        }
        match name.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                let same = |text: &String| {
                    text.parse::<IpAddr>()
                        .is_ok_and(|other| other.to_canonical() == address)
                };
                self.peer == address || self.addresses.iter().any(same)
            }
            Err(_) => self
                .addresses
                .iter()
                .any(|other| other.eq_ignore_ascii_case(name)),
        }
    }
}

impl State {
    /// The endpoint, if that link is its present one.
    pub(super) fn linked(&mut self, link: &EndpointLink) -> Option<&mut Endpoint> {
        let endpoint = self.endpoints.get_mut(&link.endpoint_id)?;
        (endpoint.link == link.link).then_some(endpoint)
    }

    /// The endpoint that a caller means: by id, else by alias, the first joined.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        if self.endpoints.contains_key(name) {
            return Some(name.to_owned());
        }
        let called = self
            .endpoints
            .iter()
            .filter(|(_, endpoint)| endpoint.is_called(name));
        called
            .min_by_key(|(_, endpoint)| endpoint.joined)
            .map(|(id, _)| id.clone())
    }
}
