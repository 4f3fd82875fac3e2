//! `nea:<nea_name>:<instance>`: one native client.

use std::sync::Arc;

use nymi_core::chain::{self, Requirements, Role, VerifiedChain};
use nymi_core::crypto::SignatureVerifier;
use nymi_core::message::channel::{Authenticate, NeaJoin, NeaJoinReply, event, nea_proof_message};
use nymi_core::message::{CertificateInfo, Digest, Map, NeaName, Request, Status};
use nymi_crypto_ring::RingVerifier;
use serde_json::{Value, json};

use super::bluebox::{check_protocol, read};
use super::channel::reason;
use crate::outbox::{Outbox, Route};
use crate::session::{Kind, Proof, Session};
use crate::shared::{Shared, now};

/// Certificates that a proof may present.
const MAX_CHAIN: usize = 8;

pub(super) struct Nea {
    shared: Arc<Shared>,
    session: Arc<Session>,
    name: NeaName,
    topic: String,
    outbox: Arc<Outbox>,
    nonce: [u8; 32],
}

impl Drop for Nea {
    fn drop(&mut self) {
        self.session.close();
    }
}

impl Nea {
    pub(super) fn join(
        shared: &Arc<Shared>,
        name: NeaName,
        topic: &str,
        payload: Value,
        outbox: &Arc<Outbox>,
        route: Route,
    ) -> Result<(Self, Value), Value> {
        let payload = if payload.is_null() {
            Value::Object(Map::new())
        } else {
            payload
        };
        let join: NeaJoin = read(payload)?;
        check_protocol(join.protocol)?;
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|_| reason("the system gives no random numbers"))?;
        let session = Session::open(shared, Kind::Nea { name: name.clone() }, outbox, route);
        // The instance is part of the topic: whoever joins it again is the same client, if no proof
        // says otherwise.
        if let Some(ghost) = shared.take_topic(topic, &session) {
            ghost.give_way(outbox);
        }
        let response = serde_json::to_value(NeaJoinReply {
            nonce: Digest(nonce),
        });
        let shared = Arc::clone(shared);
        let nea = Self {
            shared,
            session,
            name,
            topic: topic.to_owned(),
            outbox: Arc::clone(outbox),
            nonce,
        };
        Ok((nea, response.unwrap_or_default()))
    }

    pub(super) fn is_current(&self) -> bool {
        !self.session.is_closed()
    }

    pub(super) fn handle(&mut self, name: &str, payload: Value) -> Result<Value, Value> {
        match name {
            event::REQUEST => {
                self.session.request(Request::from_value(&payload));
                Ok(Value::Object(Map::new()))
            }
            event::AUTHENTICATE => {
                let proof = self.prove(&read(payload)?)?;
                let response = json!({
                    "nea_name": proof.name,
                    "not_after": proof.certificate.not_after,
                });
                tracing::info!(nea_name = proof.name, "a native client proved its name");
                self.session.prove(proof);
                if let Some(ghost) = self.shared.take_topic(&self.topic, &self.session) {
                    ghost.give_way(&self.outbox);
                }
                Ok(response)
            }
            other => Err(reason(format!("a client sends no event {other:?}"))),
        }
    }

    /// agent.md, "NEA proof".
    fn prove(&self, authenticate: &Authenticate) -> Result<Proof, Value> {
        let refuse =
            |text: String| json!({ "reason": text, "status": Status::CERTIFICATES.code() });
        let chain = self.verified(authenticate)?;
        let leaf = chain.leaf();
        let message = nea_proof_message(&self.nonce, &self.topic);
        RingVerifier
            .verify_fixed(chain.public_key(), &message, &authenticate.signature.0)
            .map_err(|_| refuse("the signature is not that of the certificate's key over this join's nonce and topic".to_owned()))?;
        let name = leaf.subject_cn().unwrap_or_default();
        if name != self.name.as_str() {
            return Err(refuse(format!(
                "the certificate is that of {name:?}, the topic that of {:?}",
                self.name.as_str()
            )));
        }
        Ok(Proof {
            name: name.to_owned(),
            certificate: CertificateInfo {
                serial: leaf.serial_hex(),
                not_after: leaf.not_after(),
            },
            is_enrollment_terminal: leaf.has_role(Role::Nba),
        })
    }

    fn verified(&self, authenticate: &Authenticate) -> Result<VerifiedChain, Value> {
        let status = Status::CERTIFICATES.code();
        if self.shared.anchors.is_empty() {
            let text = "the agent has no L1 certificate to check with; set l1 in nymi_agent.toml";
            return Err(json!({ "reason": text, "status": status }));
        }
        if authenticate.chain.len() > MAX_CHAIN {
            let text = format!("chain: at most {MAX_CHAIN} certificates");
            return Err(json!({ "reason": text, "status": status }));
        }
        let presented: Vec<&[u8]> = authenticate
            .chain
            .iter()
            .map(|der| der.0.as_slice())
            .collect();
        let requirements = Requirements::new(self.shared.grade).with_role(Role::Nea);
        chain::verify(
            &RingVerifier,
            &self.shared.anchors,
            &presented,
            now(),
            &requirements,
        )
        .map_err(|error| {
            tracing::warn!(nea_name = self.name.as_str(), "{}", error.log_line());
            let reason = error.to_string();
            json!({ "reason": reason, "status": status, "nsl": error.number() })
        })
    }
}
