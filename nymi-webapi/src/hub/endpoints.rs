//! Endpoints come, say what hardware they have, and go.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use nymi_core::message::channel::{EndpointJoin, EndpointStatus};
use nymi_core::message::{EndpointChange, EndpointInfo, Status};

use super::admission::{JoinRefused, Unfit, check_join, check_status};
use super::heard::Heard;
use super::{Endpoint, Hub, State};
use crate::config::Limits;
use crate::outbox::{Outbox, Route};

/// One join of an endpoint: what it reports under an older link is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointLink {
    pub(crate) endpoint_id: String,
    link: u64,
}

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
        check_join(endpoint_id, &join)?;
        let mut state = self.state();
        state.check_place(endpoint_id, peer, outbox, self.limits())?;
        let link = state.next();
        let linked = EndpointLink {
            endpoint_id: endpoint_id.to_owned(),
            link,
        };
        if let Some(present) = state.endpoints.get_mut(endpoint_id) {
            if present.instance != join.instance {
                let joined_from = present.peer;
                tracing::warn!(endpoint_id, %peer, %joined_from, "Tried to join existing bluebox:");
                return Err(JoinRefused::AlreadyJoined);
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
    pub(crate) fn endpoint_status(
        &self,
        link: &EndpointLink,
        status: EndpointStatus,
    ) -> Result<(), Unfit> {
        check_status(&status)?;
        let mut state = self.state();
        let Some(endpoint) = state.linked(link) else {
            return Ok(());
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
        Ok(())
    }

    /// The endpoints that are connected, the first joined first, as many as fit into a message.
    pub(crate) fn list_endpoints(&self) -> Vec<EndpointInfo> {
        let state = self.state();
        let mut endpoints: Vec<_> = state.endpoints.iter().collect();
        endpoints.sort_by_key(|(_, endpoint)| endpoint.joined);
        let infos = endpoints
            .into_iter()
            .map(|(id, endpoint)| endpoint.info(id));
        as_many_as_fit(infos)
    }

    pub(crate) fn endpoint_count(&self) -> usize {
        self.state().endpoints.len()
    }
}

/// Bytes of JSON that one list takes in an answer; two of them fit into the largest message.
const LIST: usize = nymi_core::message::MAX_MESSAGE * 7 / 16;

/// The first entries whose JSON is not too long for an answer.
pub(super) fn as_many_as_fit<T: serde::Serialize>(entries: impl Iterator<Item = T>) -> Vec<T> {
    let mut bytes = 0;
    let fits = |entry: &T| {
        bytes += serde_json::to_vec(entry).map_or(LIST, |json| json.len() + 1);
        bytes <= LIST
    };
    entries.take_while(fits).collect()
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
        let peer = peer.to_canonical();
        let known = (&self.hostname, &self.addresses, self.peer);
        if known != (&join.hostname, &join.addresses, peer) {
            // A name that it takes now is not older than those that others have.
            self.joined = link;
        }
        self.link = link;
        self.hostname = join.hostname;
        self.addresses = join.addresses;
        self.peer = peer;
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

    /// Whether there is place for the endpoint, and the address that it calls itself is its own. Where
    /// all terminals are this one, as behind a terminal's own agent, an address that no other has.
    fn check_place(
        &self,
        endpoint_id: &str,
        peer: IpAddr,
        outbox: &Arc<Outbox>,
        limits: &Limits,
    ) -> Result<(), JoinRefused> {
        let peer = peer.to_canonical();
        let others = || self.endpoints.iter().filter(|(id, _)| *id != endpoint_id);
        if let Ok(address) = endpoint_id.parse::<IpAddr>() {
            let is_own = address.to_canonical() == peer;
            let is_anothers = || others().any(|(_, other)| other.is_called(endpoint_id));
            if !is_own && (!peer.is_loopback() || is_anothers()) {
                return Err(JoinRefused::AnothersAddress);
            }
        }
        let on_connection = others().filter(|(_, other)| Arc::ptr_eq(&other.outbox, outbox));
        if on_connection.count() >= limits.endpoints_per_connection {
            return Err(JoinRefused::OnConnection(limits.endpoints_per_connection));
        }
        if others().count() >= limits.endpoints {
            return Err(JoinRefused::Full(limits.endpoints));
        }
        Ok(())
    }

    /// The endpoint that a caller means, by id or alias: the first joined, so that no later one
    /// takes a name over by calling itself so.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        let called = self
            .endpoints
            .iter()
            .filter(|(id, endpoint)| *id == name || endpoint.is_called(name));
        called
            .min_by_key(|(_, endpoint)| endpoint.joined)
            .map(|(id, _)| id.clone())
    }
}
