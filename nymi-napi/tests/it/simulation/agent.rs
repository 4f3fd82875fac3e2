//! An agent that answers late, early or never, and remembers what it did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nymi_core::chain::{self, GradeRequirement, Requirements, Role, TrustAnchor};
use nymi_core::crypto::RustCrypto;
use nymi_napi::Clock;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Numbers;
use super::network::SimListener;
use crate::fake::{NONCE, verify_proof};

/// A name that the agent never answers.
pub(crate) const NO_ANSWER: &str = "nobody";

/// One application as the agent knows it.
#[derive(Default)]
struct Peer {
    /// How often it joined.
    joins: u64,
    /// Its present connection.
    connection: Option<Talk>,
}

struct Talk {
    number: u64,
    updates: mpsc::UnboundedSender<Value>,
    subscribed: BTreeSet<String>,
}

#[derive(Default)]
struct Memory {
    peers: BTreeMap<String, Peer>,
    connections: u64,
}

/// The agent of a simulation.
pub(crate) struct SimAgent {
    memory: Mutex<Memory>,
    numbers: Mutex<Numbers>,
    /// The L1 that it trusts, and the world's clock.
    trust: Mutex<TrustAnchor>,
    clock: Clock,
}

impl SimAgent {
    pub(crate) fn start(listener: SimListener, seed: u64, l1: &[u8], clock: Clock) -> Arc<Self> {
        let agent = Arc::new(Self {
            memory: Mutex::default(),
            numbers: Mutex::new(Numbers(seed)),
            trust: Mutex::new(TrustAnchor::from_der(l1).unwrap()),
            clock,
        });
        agent.serve_at(listener);
        agent
    }

    /// Serves there from now on, too.
    pub(crate) fn serve_at(self: &Arc<Self>, listener: SimListener) {
        let router = Router::new()
            .route("/socket/websocket", get(upgrade))
            .with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Who comes from now on has to be of this L1.
    pub(crate) fn trust(&self, l1: &[u8]) {
        *self.trust.lock().unwrap() = TrustAnchor::from_der(l1).unwrap();
    }

    /// Why a proof's chain is refused, as the agent says it.
    fn fault(&self, proof: &Value) -> Option<Value> {
        let chain: Vec<_> = proof["chain"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| STANDARD.decode(text.as_str().unwrap()).unwrap())
            .collect();
        let presented: Vec<_> = chain.iter().map(Vec::as_slice).collect();
        let requirements = Requirements::new(GradeRequirement::Gold).with_role(Role::Nea);
        let anchor = self.trust.lock().unwrap();
        let anchors = std::slice::from_ref(&*anchor);
        let error = chain::verify(
            &RustCrypto,
            anchors,
            &presented,
            (self.clock)(),
            &requirements,
        )
        .err()?;
        Some(json!({"reason": error.to_string(), "status": 8000, "nsl": error.number()}))
    }

    /// How often this application joined.
    pub(crate) fn joins(&self, name: &str) -> u64 {
        let memory = self.memory.lock().unwrap();
        memory.peers.get(name).map_or(0, |peer| peer.joins)
    }

    /// What this application is subscribed to on its present connection.
    pub(crate) fn subscribed(&self, name: &str) -> BTreeSet<String> {
        let memory = self.memory.lock().unwrap();
        let talk = memory
            .peers
            .get(name)
            .and_then(|peer| peer.connection.as_ref());
        talk.map_or_else(BTreeSet::new, |talk| talk.subscribed.clone())
    }

    /// Tells everybody who listens to this endpoint of a tap.
    pub(crate) fn tap(&self, endpoint: &str, number: u64) {
        for peer in self.memory.lock().unwrap().peers.values() {
            let Some(talk) = &peer.connection else {
                continue;
            };
            if talk.subscribed.contains(endpoint) {
                let payload = json!({"endpoint_id": endpoint, "NymiBandID": "c0:00:00:00:00:01",
                    "method": "ble", "intent_id": format!("tap-{number}"), "at": "2026-01-02T00:00:00.000Z"});
                let _ = talk
                    .updates
                    .send(json!({"operation": "tap", "exchange": null, "status": 0,
                    "payload": payload, "error": {}}));
            }
        }
    }

    fn with_talk<T>(
        &self,
        name: &str,
        number: u64,
        work: impl FnOnce(&mut Talk) -> T,
    ) -> Option<T> {
        let mut memory = self.memory.lock().unwrap();
        let talk = memory.peers.get_mut(name)?.connection.as_mut()?;
        (talk.number == number).then(|| work(talk))
    }

    /// Answers a request of one connection, later.
    fn request(self: Arc<Self>, name: String, number: u64, request: Value) {
        let (operation, payload) = (&request["operation"], &request["payload"]);
        let answer = match operation.as_str().unwrap() {
            "subscribe_endpoint" => payload.clone(),
            "unsubscribe_endpoint" => payload.clone(),
            "lookup" if payload["query"]["Username"] == NO_ANSWER => return,
            // What was asked comes back, so that answers can be told apart.
            "lookup" => payload["query"].clone(),
            _ => json!({}),
        };
        let update = json!({"operation": operation, "exchange": request["exchange"], "status": 0,
            "payload": answer, "error": {}});
        let thinks = Duration::from_millis(self.numbers.lock().unwrap().below(2000));
        tokio::spawn(async move {
            sleep(thinks).await;
            self.with_talk(&name, number, |talk| {
                let endpoint = request["payload"]["endpoint_id"]
                    .as_str()
                    .unwrap_or_default();
                match request["operation"].as_str() {
                    Some("subscribe_endpoint") => {
                        talk.subscribed.insert(endpoint.to_owned());
                    }
                    Some("unsubscribe_endpoint") => {
                        talk.subscribed.remove(endpoint);
                    }
                    _ => {}
                }
                let _ = talk.updates.send(update);
            });
        });
    }
}

async fn upgrade(
    State(agent): State<Arc<SimAgent>>,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    upgrade.on_upgrade(move |socket| serve(socket, agent))
}

async fn serve(mut socket: WebSocket, agent: Arc<SimAgent>) {
    let (sender, mut updates) = mpsc::unbounded_channel();
    let number = {
        let mut memory = agent.memory.lock().unwrap();
        memory.connections += 1;
        memory.connections
    };
    let mut topic = String::new();
    let mut proven = false;
    loop {
        tokio::select! {
            update = updates.recv() => {
                let Some(update) = update else { return };
                let message = json!([null, null, topic, "update", update]).to_string();
                if socket.send(Message::Text(message.into())).await.is_err() { break; }
            }
            message = socket.recv() => {
                let Some(Ok(Message::Text(text))) = message else { break };
                let message: Value = serde_json::from_str(&text).unwrap();
                let mut response = json!({});
                let mut status = "ok";
                match message[3].as_str().unwrap() {
                    "phx_join" => {
                        topic = message[2].as_str().unwrap().to_owned();
                        response = json!({"nonce": NONCE});
                        let mut memory = agent.memory.lock().unwrap();
                        memory.peers.entry(name(&topic)).or_default().joins += 1;
                    }
                    "authenticate" => {
                        verify_proof(&message[4], &topic);
                        if let Some(fault) = agent.fault(&message[4]) {
                            (status, response) = ("error", fault);
                        } else {
                        proven = true;
                        let mut memory = agent.memory.lock().unwrap();
                        let peer = memory.peers.entry(name(&topic)).or_default();
                        peer.connection = Some(Talk { number, updates: sender.clone(), subscribed: BTreeSet::new() });
                        }
                    }
                    "request" => {
                        assert!(proven, "a request before the proof: {text}");
                        Arc::clone(&agent).request(name(&topic), number, message[4].clone());
                    }
                    _ => {}
                }
                let reply = json!([message[0], message[1], message[2], "phx_reply", {"status": status, "response": response}]);
                if socket.send(Message::Text(reply.to_string().into())).await.is_err() { break; }
            }
        }
    }
    let mut memory = agent.memory.lock().unwrap();
    if let Some(peer) = memory.peers.get_mut(&name(&topic)) {
        peer.connection.take_if(|talk| talk.number == number);
    }
}

/// `nea:NAME:INSTANCE`.
fn name(topic: &str) -> String {
    topic.split(':').nth(1).unwrap_or_default().to_owned()
}
