//! The session with one band: opened when it is needed, kept for what comes next, opened anew if the
//! band has forgotten it, and closed when nobody has asked for a while.

use std::sync::Arc;

use nymi_core::BandId;
use nymi_core::band::session::{SessionAnswer, SessionRequest};
use nymi_core::band::{BandReply, BandRequest};
use nymi_core::crypto::PublicKey;
use nymi_core::message::{
    BandSession, BandSessionAnswer, HexBytes, Lookup, LookupColumn, LookupQuery, MAX_DEADLINE_MS,
    Map, Payload, Request, Status, Update,
};
use nymi_session::{ClientEnd, ClientIdentity, SessionError};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, timeout};

use super::operation::{Wanted, status_of_band};
use crate::desk::Desk;
use crate::exchanges::Id;
use crate::identity::Identity;

/// Less than a band keeps a session that nobody uses.
const IDLE: Duration = Duration::from_secs(45);
/// How long a band that is told goodbye may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// Messages in which a handshake is done.
const HANDSHAKE: usize = 4;

/// An operation in hand.
pub(super) struct Job {
    pub(super) id: Id,
    pub(super) wanted: Wanted,
    pub(super) deadline: Instant,
    pub(super) identity: Identity,
    /// Completes if nobody waits for the answer any more.
    pub(super) given_up: oneshot::Receiver<()>,
}

impl Job {
    fn is_by(&self, leaf: &[u8]) -> bool {
        self.leaf().is_some_and(|own| own == leaf)
    }

    fn leaf(&self) -> Option<&[u8]> {
        self.identity.entry().chain.first().map(Vec::as_slice)
    }
}

/// A session, and the certificate that it was opened with.
struct Open {
    end: ClientEnd,
    leaf: Vec<u8>,
}

pub(super) struct Worker {
    desk: Arc<Desk>,
    band: BandId,
    jobs: mpsc::UnboundedReceiver<Job>,
    /// The band's identity key, as NES has it: it never changes for a NymiBandID.
    pinned: Option<PublicKey>,
    session: Option<Open>,
    /// The band answered something during this operation.
    reached: bool,
}

/// Why an operation does not succeed.
#[derive(Debug)]
pub(super) struct Trouble {
    status: Status,
    nsl: Option<u32>,
    specifics: String,
    /// The band does not know the session.
    forgotten: bool,
}

impl Trouble {
    fn new(status: Status, specifics: impl Into<String>) -> Self {
        let specifics = specifics.into();
        Self {
            status,
            nsl: None,
            specifics,
            forgotten: false,
        }
    }

    pub(super) fn by_band(status: u32, nsl: Option<u32>, reason: String) -> Self {
        let status = status_of_band(status);
        Self {
            nsl: nsl.filter(|_| status == Status::CERTIFICATES),
            forgotten: status == Status::BAND_CONNECTION_LOST,
            ..Self::new(status, reason)
        }
    }

    pub(super) fn off_script() -> Self {
        let specifics = "the band answered something else than it was asked";
        Self::new(Status::BAND_REFUSED, specifics)
    }

    fn to_update(&self) -> Update {
        let update = Update::failed("", None, self.status, self.specifics.clone());
        match self.nsl {
            Some(nsl) => update.with_nsl(nsl),
            None => update,
        }
    }
}

impl From<SessionError> for Trouble {
    fn from(error: SessionError) -> Self {
        let status = match error {
            SessionError::Identity(_) => Status::CERTIFICATES,
            SessionError::Closed => Status::BAND_CONNECTION_LOST,
            SessionError::NotReady => Status::INTERNAL,
            // Another band, or records or answers that are not valid.
            _ => Status::BAND_REFUSED,
        };
        Self::new(status, error.to_string())
    }
}

impl Worker {
    pub(super) fn new(desk: Arc<Desk>, band: BandId, jobs: mpsc::UnboundedReceiver<Job>) -> Self {
        Self {
            desk,
            band,
            jobs,
            pinned: None,
            session: None,
            reached: false,
        }
    }

    /// Works until nobody has asked for a while.
    pub(super) async fn run(mut self) {
        loop {
            let next = match timeout(IDLE, self.jobs.recv()).await {
                Ok(job) => job,
                Err(_) => {
                    self.jobs.close();
                    // One may have come at the last moment.
                    self.jobs.recv().await
                }
            };
            match next {
                Some(job) => self.serve(job).await,
                None => break,
            }
        }
        self.say_goodbye().await;
    }

    async fn serve(&mut self, mut job: Job) {
        if self.desk.exchanges().operation(job.id).is_none() {
            // Cancelled or overdue before its turn.
            return;
        }
        let given_up = std::mem::replace(&mut job.given_up, oneshot::channel().1);
        let outcome = tokio::select! {
            biased;
            // With what it was in the middle of, its session is gone: the next one is opened anew.
            _ = given_up => return,
            outcome = self.perform(&job) => outcome,
        };
        match outcome {
            Ok(payload) => self.desk.succeed(job.id, payload),
            Err(trouble) => {
                let (band, status) = (self.band, trouble.status.code());
                tracing::info!("band {band}: {status} {}", trouble.specifics);
                self.desk.answer(job.id, trouble.to_update())
            }
        };
    }

    async fn perform(&mut self, job: &Job) -> Result<Map, Trouble> {
        self.reached = false;
        let answer = self.ask(job).await.map_err(|trouble| {
            // It was there when this operation began.
            let left = self.reached && trouble.status == Status::BAND_NOT_PRESENT;
            if left {
                Trouble::new(Status::BAND_CONNECTION_LOST, trouble.specifics)
            } else {
                trouble
            }
        })?;
        job.wanted.answer(&job.identity.entry().nea_name, answer)
    }

    async fn ask(&mut self, job: &Job) -> Result<SessionAnswer, Trouble> {
        let request = SessionRequest::Perform(job.wanted.operation.clone());
        if let Some(open) = self.session.take().filter(|open| job.is_by(&open.leaf)) {
            match self.ask_in(open, job, &request).await {
                // The band restarted, or others took its places. It did not see the request: at worst
                // whoever carries says so and lies, and then it is done twice, never wrongly.
                Err(trouble) if trouble.forgotten => tracing::debug!("{}", trouble.specifics),
                outcome => return outcome,
            }
        }
        let progress = Map::from_iter([
            ("completed".to_owned(), Value::Bool(false)),
            ("state".to_owned(), Value::from("connecting")),
        ]);
        self.desk.succeed(job.id, progress);
        let open = self.open(job).await?;
        self.ask_in(open, job, &request).await
    }

    /// Asks in a session, and keeps it if all went well.
    async fn ask_in(
        &mut self,
        mut open: Open,
        job: &Job,
        request: &SessionRequest,
    ) -> Result<SessionAnswer, Trouble> {
        let message = open.end.ask(request)?;
        let records = self.exchange(job, message).await?;
        let answer = open.end.receive(&records)?.ok_or_else(Trouble::off_script);
        self.session = Some(open);
        answer
    }

    /// Opens a session: TLS, with this application's certificate, to the key that NES has.
    async fn open(&mut self, job: &Job) -> Result<Open, Trouble> {
        let band = self.identity_key(job).await?;
        let entry = job.identity.entry();
        let identity = ClientIdentity {
            chain: &entry.chain,
            key: &entry.key,
        };
        let mut id = [0; 16];
        getrandom::fill(&mut id)
            .map_err(|error| Trouble::new(Status::INTERNAL, error.to_string()))?;
        let mut end = ClientEnd::new(identity, &band, id)?;
        for _ in 0..HANDSHAKE {
            let message = end.message();
            let records = self.exchange(job, message).await?;
            end.receive(&records)?;
            if end.is_open() {
                let leaf = job.leaf().unwrap_or_default().to_vec();
                return Ok(Open { end, leaf });
            }
        }
        Err(Trouble::off_script())
    }

    /// The band's identity key, from NES through the agent.
    async fn identity_key(&mut self, job: &Job) -> Result<PublicKey, Trouble> {
        if let Some(key) = self.pinned {
            return Ok(key);
        }
        let lookup = Lookup {
            query: LookupQuery {
                band: Some(self.band),
                ..LookupQuery::default()
            },
            lookup_keys: vec![LookupColumn::IdentityPublicKey],
        };
        let answer = self.call(job, Payload::Lookup(lookup)).await?;
        let specifics = answer.specifics();
        let key = match answer.status {
            Status::SUCCESS => identity_key_in(&answer.payload),
            Status::NOT_FOUND => {
                let specifics = format!("device: NES knows no band {}", self.band);
                return Err(Trouble::new(Status::BAND_NOT_PRESENT, specifics));
            }
            Status::NES_UNREACHABLE | Status::NES_TIMEOUT => {
                return Err(Trouble::new(Status::TIMEOUT_NES, specifics));
            }
            status => return Err(Trouble::new(status, specifics)),
        };
        let key = key.ok_or_else(|| {
            let specifics = "NES has no identity key of this band: enroll it again";
            Trouble::new(Status::BAND_REFUSED, specifics)
        })?;
        self.pinned = Some(key);
        Ok(key)
    }

    /// One message to the band and the records of its answer.
    async fn exchange(&mut self, job: &Job, message: BandRequest) -> Result<Vec<u8>, Trouble> {
        let payload = Payload::BandSession(BandSession {
            device: self.band,
            data: HexBytes(message.to_bytes()),
        });
        let update = self.call(job, payload).await?;
        if !update.status.is_success() {
            return Err(Trouble::new(update.status, update.specifics()));
        }
        let reply = update
            .payload_as::<BandSessionAnswer>()
            .ok()
            .and_then(|answer| BandReply::from_bytes(&answer.data.0).ok());
        self.reached = true;
        match reply {
            Some(BandReply::Session { records }) => Ok(records),
            Some(BandReply::Refused {
                status,
                nsl,
                reason,
            }) => Err(Trouble::by_band(status, nsl, reason)),
            _ => Err(Trouble::off_script()),
        }
    }

    /// A request to the agent, within what is left of the operation's time.
    async fn call(&self, job: &Job, payload: Payload) -> Result<Update, Trouble> {
        let left = job.deadline.saturating_duration_since(Instant::now());
        let deadline_ms = u32::try_from(left.as_millis())
            .unwrap_or(MAX_DEADLINE_MS)
            .min(MAX_DEADLINE_MS);
        if deadline_ms == 0 {
            let specifics = "the band was too slow for the deadline of the request";
            return Err(Trouble::new(Status::TIMEOUT_BAND, specifics));
        }
        let request = Request {
            exchange: None,
            deadline_ms,
            payload,
        };
        let answer = self.desk.submit_call(request).await;
        answer.map_err(|_| Trouble::new(Status::TERMINATED, ""))
    }

    /// Lets the band forget the session now, if it can be reached.
    async fn say_goodbye(&mut self) {
        let Some(open) = self.session.take() else {
            return;
        };
        let payload = Payload::BandSession(BandSession {
            device: self.band,
            data: HexBytes(open.end.close().to_bytes()),
        });
        let request = Request {
            exchange: None,
            deadline_ms: u32::try_from(FAREWELL.as_millis()).unwrap_or(1),
            payload,
        };
        // Nobody minds if it does not hear: it forgets idle sessions by itself.
        let _ = self.desk.submit_call(request).await;
    }
}

/// The one key in the answer to a lookup of a NymiBandID; none if there is none, or several.
fn identity_key_in(payload: &Map) -> Option<PublicKey> {
    let matches = payload.get("matches").and_then(Value::as_array);
    let rows: Vec<Option<&Value>> = match matches {
        Some(matches) => matches
            .iter()
            .map(|row| row.get("IdentityPublicKey"))
            .collect(),
        None => vec![payload.get("IdentityPublicKey")],
    };
    let mut keys = rows.into_iter().map(|text| {
        let der = hex::decode(text?.as_str()?).ok()?;
        PublicKey::from_spki_der(&der)
    });
    let first = keys.next()??;
    keys.all(|key| key == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::crypto::{PrivateKey as _, SecretKey};
    use serde_json::json;

    fn map(value: Value) -> Map {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn the_identity_key_must_be_one() {
        let key = |n: u8| SecretKey::from_scalar(&[n; 32]).unwrap().public_key();
        let row = |n| json!({"IdentityPublicKey": hex::encode(key(n).to_spki_der())});
        assert_eq!(identity_key_in(&map(row(1))), Some(key(1)));
        let twice = map(json!({"matches": [row(1), row(1)]}));
        assert_eq!(identity_key_in(&twice), Some(key(1)));
        for none in [
            json!({}),
            json!({"IdentityPublicKey": null}),
            json!({"IdentityPublicKey": "3059"}),
            json!({"matches": []}),
            json!({"matches": [row(1), row(2)]}),
            json!({"matches": [row(1), {}]}),
        ] {
            assert_eq!(identity_key_in(&map(none.clone())), None, "{none}");
        }
    }
}
