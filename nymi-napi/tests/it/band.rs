//! Operations with a band, between a scripted agent and a band's end of the session.

use std::sync::Arc;

use nymi_core::UnixMillis;
use nymi_core::band::session::{
    BandOperation, BandSecret, SessionAnswer, SessionId, SessionRequest, Sessions,
};
use nymi_core::band::{BandRefusal, BandReply, BandRequest};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::{PrivateKey as _, SecretKey};
use nymi_napi::Client;
use nymi_napi::enroll::{EnrollError, delete_user_data, set_band_policy};
use nymi_session::{BandEnd, Heard, Trust};
use serde_json::{Value, json};

use crate::fake::FakeAgent;
use crate::support::{Bench, next, put, specifics};

const DEVICE: &str = "DD:34:A2:0F:0B:0D";
/// The bench's time, 2 January 2026.
const NOW: UnixMillis = UnixMillis(1_767_312_000_000);

/// A band that answers what it is told to, behind an agent that carries.
struct Band {
    key: SecretKey,
    anchor: TrustAnchor,
    sessions: Sessions<BandEnd>,
    /// What it was asked, by whom.
    asked: Vec<(String, BandOperation)>,
}

impl Band {
    fn new(bench: &Bench) -> Self {
        let l1 = bench.nes.script.lock().unwrap().pki.l1.clone();
        Self {
            key: SecretKey::from_scalar(&[3; 32]).unwrap(),
            anchor: TrustAnchor::from_der(&l1).unwrap(),
            sessions: Sessions::default(),
            asked: Vec::new(),
        }
    }

    fn reply(&mut self, request: BandRequest, answer: &SessionAnswer) -> BandReply {
        let BandRequest::Session {
            id,
            sequence,
            records,
        } = request
        else {
            panic!("{request:?}")
        };
        match self.records(id, sequence, &records, answer) {
            Ok(records) => BandReply::Session { records },
            Err(refusal) => refusal.into(),
        }
    }

    fn records(
        &mut self,
        id: SessionId,
        sequence: u32,
        records: &[u8],
        answer: &SessionAnswer,
    ) -> Result<Vec<u8>, BandRefusal> {
        let trust = Trust {
            anchor: self.anchor.clone(),
            grade: GradeRequirement::Gold,
            at: NOW,
        };
        let mut end = match self.sessions.take(&id, sequence, NOW)? {
            Some(end) => end,
            None => BandEnd::new(&self.key, trust)?,
        };
        let records = match end.receive(records)? {
            Heard::Request(caller, SessionRequest::Perform(operation)) => {
                self.asked.push((caller.name, operation));
                end.answer(answer)?
            }
            Heard::Handshake => end.records(),
            other => panic!("{other:?}"),
        };
        self.sessions.keep(id, sequence, NOW, end);
        Ok(records)
    }

    /// Serves one request of the client's at the agent.
    fn serve(&mut self, agent: &FakeAgent, answer: &SessionAnswer) {
        let request = agent.next_request();
        let payload = &request["payload"];
        match request["operation"].as_str().unwrap() {
            "lookup" => {
                assert_eq!(payload["query"], json!({"NymiBandID": DEVICE}));
                let key = hex::encode(self.key.public_key().to_spki_der());
                agent.answer(&request, json!({"IdentityPublicKey": key}));
            }
            "band_session" => {
                assert_eq!(payload["device"], DEVICE);
                let data = hex::decode(payload["data"].as_str().unwrap()).unwrap();
                let message = BandRequest::from_bytes(&data).unwrap();
                let reply = self.reply(message, answer).to_bytes();
                agent.answer(&request, json!({"data": hex::encode(reply)}));
            }
            other => panic!("{other}"),
        }
    }
}

fn refuse(agent: &FakeAgent, request: &Value, status: u32) {
    agent.update(json!({
        "operation": request["operation"], "exchange": request["exchange"], "status": status,
        "payload": {}, "error": {"error_description": "", "error_specifics": "scripted"},
    }));
}

fn random(client: &Client, exchange: &str) {
    let payload = json!({"device": DEVICE, "length": 4});
    put(client, "random", exchange, payload);
}

fn four() -> SessionAnswer {
    SessionAnswer::Random(vec![1, 2, 3, 4])
}

/// A client with its agent and a band.
struct Scene {
    bench: Bench,
    agent: FakeAgent,
    client: Client,
    band: Band,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let agent = bench.agent();
        Self {
            client: bench.ready(&agent),
            band: Band::new(&bench),
            agent,
            bench,
        }
    }

    /// Answers so many requests at the agent.
    fn serve(&mut self, count: usize) {
        for _ in 0..count {
            self.band.serve(&self.agent, &four());
        }
    }

    /// The first operation: progress, key, handshake, answer.
    fn open(&mut self) {
        random(&self.client, "first");
        self.serve(3);
        assert_eq!(next(&self.client)["payload"]["completed"], false);
        assert_eq!(next(&self.client)["payload"], json!({"random": "01020304"}));
    }
}

#[test]
fn a_session_is_opened_once_and_asked_one_thing_after_the_other() {
    let mut scene = Scene::new();
    for exchange in ["a", "b", "c"] {
        random(&scene.client, exchange);
    }
    // Key, handshake, and one message for each operation.
    scene.serve(5);
    let updates: Vec<_> = (0..4).map(|_| next(&scene.client)).collect();
    let exchanges: Vec<_> = updates.iter().map(|update| &update["exchange"]).collect();
    assert_eq!(exchanges, ["a", "a", "b", "c"]);
    assert_eq!(updates[0]["payload"]["completed"], false);
    assert!(updates[1..].iter().all(|update| update["status"] == 0));
    let asked = BandOperation::Random { length: 4 };
    assert_eq!(scene.band.asked, vec![("Records".to_owned(), asked); 3]);
}

#[test]
fn a_key_id_is_chosen_once_for_a_request_that_is_repeated() {
    let mut scene = Scene::new();
    scene.open();
    scene.band.sessions.clear();
    let create = json!({"device": DEVICE, "action": "create"});
    put(&scene.client, "symmetric_key", "key", create);
    let key = SessionAnswer::Key(BandSecret::new([9; 32]));
    // The session is forgotten, another is opened with the key that is known, and asked.
    for _ in 0..3 {
        scene.band.serve(&scene.agent, &key);
    }
    assert_eq!(next(&scene.client)["payload"]["completed"], false);
    let made = next(&scene.client);
    assert_eq!(made["payload"]["key"], "09".repeat(32), "{made}");
    let Some((_, BandOperation::CreateKey { key_id })) = scene.band.asked.last() else {
        panic!("{:?}", scene.band.asked)
    };
    let named = made["payload"]["key_id"].as_str().unwrap().replace('-', "");
    assert_eq!(named, hex::encode(key_id));
}

#[test]
fn keys_and_passwords_are_answered_and_never_logged() {
    let mut scene = Scene::new();
    scene.open();
    let key = SessionAnswer::Key(BandSecret::new([9; 32]));
    let create = json!({"device": DEVICE, "action": "create"});
    put(&scene.client, "symmetric_key", "k", create.clone());
    scene.band.serve(&scene.agent, &key);
    let made = next(&scene.client);
    assert_eq!(made["payload"]["key"], "09".repeat(32), "{made}");
    let totp = SessionAnswer::Totp {
        code: "314159".into(),
        secret: Some(BandSecret::new(*b"12345678901234567890")),
    };
    put(&scene.client, "totp", "t", create);
    scene.band.serve(&scene.agent, &totp);
    let made = next(&scene.client);
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let uri = format!(
        "otpauth://totp/Records:DD34A20F0B0D?secret={secret}&issuer=Records&algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!(made["payload"], json!({"totp": "314159", "otpauth": uri}));
    scene.client.terminate();
    let log = scene.bench.log();
    for secret in ["314159", secret, &"09".repeat(32)] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
    assert!(log.contains("sending update to nea: totp t 0"), "{log}");
}

#[test]
fn another_key_than_that_of_the_server_is_refused() {
    let mut scene = Scene::new();
    random(&scene.client, "r");
    scene.serve(1);
    scene.band.key = SecretKey::from_scalar(&[4; 32]).unwrap();
    scene.serve(1);
    let update = last(&scene.client);
    assert_eq!(update["status"], 3026, "{update}");
    assert!(specifics(&update).contains("identity key"), "{update}");
    assert!(scene.band.asked.is_empty());
}

/// The update after those with `"completed":false`.
fn last(client: &Client) -> Value {
    loop {
        let update = next(client);
        if update["payload"]["completed"] != json!(false) {
            return update;
        }
    }
}

#[test]
fn a_band_of_another_enterprise_refuses_with_the_chains_number() {
    let mut scene = Scene::new();
    let other = Bench::new();
    scene.band.anchor = Band::new(&other).anchor;
    random(&scene.client, "r");
    scene.serve(3);
    let update = last(&scene.client);
    assert_eq!(update["status"], 8000, "{update}");
    assert!(update["error"]["nsl"].is_u64(), "{update}");
    assert!(scene.band.asked.is_empty());
}

#[test]
fn what_the_server_does_not_know_is_told_apart() {
    let scene = Scene::new();
    for (of_server, told) in [(2201, 3020), (2000, 3000), (2005, 3000), (2003, 2003)] {
        random(&scene.client, "r");
        refuse(&scene.agent, &scene.agent.next_request(), of_server);
        assert_eq!(last(&scene.client)["status"], told);
    }
    random(&scene.client, "r");
    let lookup = scene.agent.next_request();
    scene
        .agent
        .answer(&lookup, json!({"IdentityPublicKey": null}));
    assert_eq!(last(&scene.client)["status"], 3026);
}

#[test]
fn a_band_that_leaves_is_lost_and_one_that_was_not_there_is_missing() {
    let mut scene = Scene::new();
    random(&scene.client, "r");
    scene.serve(2);
    refuse(&scene.agent, &scene.agent.next_request(), 3020);
    assert_eq!(last(&scene.client)["status"], 3027, "it answered before");
    random(&scene.client, "r");
    refuse(&scene.agent, &scene.agent.next_request(), 3020);
    assert_eq!(last(&scene.client)["status"], 3020);
    random(&scene.client, "r");
    scene.serve(2);
    assert_eq!(last(&scene.client)["status"], 0);
}

#[test]
fn cancelled_in_the_middle_it_ends_and_the_next_opens_anew() {
    let mut scene = Scene::new();
    scene.open();
    random(&scene.client, "slow");
    let late = scene.agent.next_request();
    put(&scene.client, "cancel", "c", json!({"exchange": "slow"}));
    let update = next(&scene.client);
    assert_eq!(
        (&update["exchange"], &update["status"]),
        (&json!("slow"), &json!(1006))
    );
    assert_eq!(next(&scene.client)["exchange"], "c");
    random(&scene.client, "next");
    scene.serve(2);
    assert_eq!(last(&scene.client)["status"], 0);
    scene.agent.answer(&late, json!({"data": ""}));
    random(&scene.client, "more");
    scene.serve(1);
    assert_eq!(next(&scene.client)["exchange"], "more");
}

#[test]
fn an_enrollment_terminal_writes_the_policy_and_deletes_the_user() {
    let mut scene = Scene::new();
    scene.open();
    let device = DEVICE.parse().unwrap();
    let client = Arc::new(scene.client);
    let asking = Arc::clone(&client);
    let work = scene.bench.runtime.spawn(async move {
        let written = set_band_policy(&asking, device, true, false).await;
        (written, delete_user_data(&asking, device).await)
    });
    scene.band.serve(&scene.agent, &SessionAnswer::Done);
    let refused = SessionAnswer::Refused {
        status: 3026,
        reason: "that is for enrollment terminals".into(),
    };
    scene.band.serve(&scene.agent, &refused);
    let (written, deleted) = scene.bench.runtime.block_on(work).unwrap();
    assert!(written.is_ok(), "{written:?}");
    let Err(EnrollError::Carrier { status, message }) = deleted else {
        panic!("{deleted:?}")
    };
    assert_eq!(status.code(), 3026);
    assert!(message.contains("enrollment terminals"), "{message}");
    let asked: Vec<_> = scene
        .band
        .asked
        .into_iter()
        .map(|(_, asked)| asked)
        .collect();
    let settings = BandOperation::Settings {
        liveness: true,
        haptics: false,
    };
    assert_eq!(asked[1..], [settings, BandOperation::DeleteUserData]);
    assert_eq!(client.try_get(), Ok(None), "nothing of it is queued");
}

#[test]
fn answers_that_make_no_sense_are_refusals() {
    let mut scene = Scene::new();
    for wrong in [
        SessionAnswer::Done,
        SessionAnswer::Random(vec![1]),
        SessionAnswer::Refused {
            status: 0,
            reason: "none".into(),
        },
    ] {
        scene.open_anew();
        random(&scene.client, "r");
        scene.band.serve(&scene.agent, &wrong);
        assert_eq!(last(&scene.client)["status"], 3026, "{wrong:?}");
    }
    random(&scene.client, "r");
    let request = scene.agent.next_request();
    scene.agent.answer(&request, json!({"data": "ff"}));
    assert_eq!(last(&scene.client)["status"], 3026);
}

impl Scene {
    /// A session is there, whatever happened before.
    fn open_anew(&mut self) {
        if self.band.asked.is_empty() {
            self.open();
        }
    }
}
