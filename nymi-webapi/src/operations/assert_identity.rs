//! `assert_identity`: the band's newest frames go to NES, which verifies one and signs who it was.
//!
//! A tap that the assertion names is claimed first, so that it counts once for each proven name and
//! once for all other callers together, and given back if NES refuses. A frame that was used before (6001) is no verdict yet: the band sends a
//! new one within a TInterval, so the agent waits for it, at most two TInterval and never past the
//! deadline (presence.md).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nymi_core::message::{
    AssertIdentity, AssertIdentityAnswer, Map, ReplyTo, Status, TapMethod, Update,
};
use nymi_net::nes::NesError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{by, left, nes, refused};
use crate::hub::{Hub, Intent, Sighting, Spender};
use crate::nes_session::NesSession;
use crate::session::Session;

/// TInterval where NES does not tell it: the policy's default.
const T_INTERVAL: Duration = Duration::from_millis(1000);

pub(super) async fn run(
    session: &Session,
    request: &AssertIdentity,
    reply_to: &ReplyTo,
    deadline: Instant,
) -> Update {
    let nes = match nes(session, reply_to) {
        Ok(nes) => nes,
        Err(update) => return *update,
    };
    let Some(application) = session.application() else {
        let specifics = "the application's certificate has expired meanwhile; prove its name again";
        return reply_to.failed(Status::NOT_INITIALISED, specifics);
    };
    let (hub, spender) = (&session.shared.hub, session.spender());
    let claim = match &request.intent_id {
        Some(id) => match hub.claim_intent(id, request.device, &spender) {
            Ok(intent) => Some(Claim {
                hub,
                intent,
                spender: &spender,
                used: false,
            }),
            Err(error) => return reply_to.failed(Status::INVALID_FIELD, error.to_string()),
        },
        None => None,
    };
    let intent = claim.as_ref().map(|claim| &claim.intent);
    let attempt = Attempt {
        session,
        nes,
        request,
        application: &application,
        intent,
        deadline,
    };
    match attempt.run().await {
        Ok(answer) => {
            if let Some(mut claim) = claim {
                claim.used = true;
            }
            reply_to.ok(&answer)
        }
        Err(error) => refused(reply_to, &error),
    }
}

/// A claimed tap; dropped unused, also when the operation is cancelled, it may be claimed again.
struct Claim<'a> {
    hub: &'a Hub,
    intent: Intent,
    spender: &'a Spender,
    used: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.hub.release_intent(&self.intent.id, self.spender);
        }
    }
}

/// What NES said of the frames of each endpoint so far.
#[derive(Default)]
struct Round {
    /// By endpoint: the frames that were sent last.
    sent: BTreeMap<String, Vec<Vec<u8>>>,
    /// Endpoints whose frames were refused otherwise than as used before: they are not asked again.
    without: BTreeSet<String>,
    refused: Option<NesError>,
    replayed: Option<NesError>,
}

impl Round {
    fn note(&mut self, sighting: Sighting, error: NesError) {
        if error.status == Status::PAC_REPLAYED {
            self.replayed = Some(error);
        } else {
            self.refused.get_or_insert(error);
            self.without.insert(sighting.endpoint_id.clone());
        }
        self.sent.insert(sighting.endpoint_id, sighting.frames);
    }

    fn is_new(&self, sighting: &Sighting) -> bool {
        let sent = self.sent.get(&sighting.endpoint_id);
        let is_sent = |frame| sent.is_some_and(|sent| sent.contains(frame));
        !sighting.frames.iter().all(is_sent)
    }
}

/// Whether a refusal is about what one endpoint reported: another may have heard the band itself.
fn is_of_the_frames(status: Status) -> bool {
    (6000..=6006).contains(&status.code()) || status == Status::NES_FORBIDDEN
}

struct Attempt<'a> {
    session: &'a Session,
    nes: &'a NesSession,
    request: &'a AssertIdentity,
    application: &'a str,
    intent: Option<&'a Intent>,
    deadline: Instant,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<AssertIdentityAnswer, NesError> {
        let mut round = Round::default();
        let mut sightings = self.sightings(&round);
        let mut until = None;
        loop {
            for sighting in sightings {
                match self.ask(&sighting).await {
                    Err(error) if error.status == Status::NES_TIMEOUT => {
                        return Err(NesError {
                            status: Status::TIMEOUT_NES,
                            ..error
                        });
                    }
                    Err(error) if is_of_the_frames(error.status) => round.note(sighting, error),
                    outcome => return outcome,
                }
            }
            let Some(replayed) = &round.replayed else {
                return Err(round.refused.unwrap_or_else(|| self.not_heard()));
            };
            let until = *until.get_or_insert_with(|| Instant::now() + 2 * t_interval(replayed));
            sightings = self
                .next_sightings(&round, until.min(self.deadline))
                .await
                .ok_or_else(|| replayed.clone())?;
        }
    }

    fn sightings(&self, round: &Round) -> Vec<Sighting> {
        let endpoint = self.intent.map(|intent| intent.endpoint_id.as_str());
        let (caller, band) = (self.session.caller, self.request.device);
        let hub = &self.session.shared.hub;
        hub.sightings(caller, band, endpoint, &round.without)
    }

    /// Sightings with a frame that was not sent yet.
    async fn next_sightings(&self, round: &Round, until: Instant) -> Option<Vec<Sighting>> {
        loop {
            let mut arrived = std::pin::pin!(self.session.shared.hub.next_frames());
            // From here on no arrival is missed.
            arrived.as_mut().enable();
            let mut next = self.sightings(round);
            next.retain(|sighting| round.is_new(sighting));
            if !next.is_empty() {
                return Some(next);
            }
            tokio::time::timeout_at(until, arrived).await.ok()?;
        }
    }

    fn not_heard(&self) -> NesError {
        let place = match self.intent {
            Some(intent) => format!("endpoint {}, where the tap was,", intent.endpoint_id),
            None => "no endpoint that this caller may hear".to_owned(),
        };
        let verb = if self.intent.is_some() {
            "has not heard"
        } else {
            "has heard"
        };
        NesError {
            status: Status::BAND_NOT_PRESENT,
            message: format!("device: {place} {verb} {} lately", self.request.device),
            detail: Map::new(),
        }
    }

    async fn ask(&self, sighting: &Sighting) -> Result<AssertIdentityAnswer, NesError> {
        let body = self.body(sighting);
        let client = self.nes.client(left(self.deadline));
        by(self.deadline, self.nes, client.assertions(&body)).await
    }

    /// nes.md, `api/Assertions`.
    fn body(&self, sighting: &Sighting) -> Value {
        let request = self.request;
        let frames: Vec<_> = sighting.frames.iter().map(hex::encode).collect();
        let nfc = self
            .intent
            .is_some_and(|intent| intent.method == TapMethod::Nfc);
        let audience = request.audience.as_deref().unwrap_or(self.application);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        put("NymiBandID", json!(request.device));
        put("frames", json!(frames));
        put("endpoint", json!(sighting.endpoint_id));
        put("method", json!(if nfc { "nfc+ble" } else { "ble" }));
        put("azp", json!(self.application));
        put("audience", json!(audience));
        if let Some(intent) = self.intent {
            put("intent_id", json!(intent.id));
            put("intent_at", json!(intent.at));
        }
        if let Some(nonce) = &request.nonce {
            put("nonce", json!(nonce));
        }
        if let Some(document) = &request.document_sha256 {
            put("document_sha256", json!(document));
        }
        if let Some(meaning) = &request.meaning {
            put("meaning", json!(meaning));
        }
        Value::Object(body)
    }
}

fn t_interval(error: &NesError) -> Duration {
    let told = error.detail.get("t_interval_ms").and_then(Value::as_u64);
    told.map_or(T_INTERVAL, |ms| Duration::from_millis(ms.min(60_000)))
}
