//! Operations with a band, from the native client through agent and endpoint to a virtual band and
//! back: what each does, and what a band refuses.

use std::time::Instant;

use nymi_cli::UpArgs;
use nymi_cli::up::System;
use nymi_core::crypto::{PublicKey, RustCrypto, SignatureVerifier as _};
use nymi_napi::{Client, Config};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::PATIENCE;

/// A running system with the folder of its clients' certificates.
struct Bench {
    runtime: Runtime,
    system: Option<System>,
    home: TempDir,
}

impl Bench {
    fn start(seed: u64) -> Self {
        let runtime = Runtime::new().unwrap();
        let system = runtime.block_on(System::start(&UpArgs::ephemeral(seed)));
        Self {
            system: Some(system.unwrap_or_else(|error| panic!("{error}"))),
            runtime,
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn system(&self) -> &System {
        self.system.as_ref().unwrap()
    }

    /// A command with the first band.
    fn hardware(&self, command: &str) -> String {
        let serial = &self.system().ready().bands[0].serial_number;
        let command = command.replace("BAND", serial);
        let answer = self.runtime.block_on(self.system().hardware(&command));
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// What `list` shows of the first band.
    fn band(&self) -> Value {
        let list: Value = serde_json::from_str(&self.hardware("list")).unwrap();
        let device = self.system().ready().bands[0].band_id.to_string();
        let bands = list.as_array().unwrap();
        let is_it = |band: &&Value| band["NymiBandID"] == device.as_str();
        bands.iter().find(is_it).unwrap().clone()
    }

    /// An application that is initialised and hears the first band.
    fn application(&self, name: &str) -> Application {
        let ready = self.system().ready();
        let config = Config {
            agent_url: Some(ready.agent.parse().unwrap()),
            store: Some(self.home.path().join("nsl")),
            ..Config::new(name.parse().unwrap())
        };
        let mut application = Application {
            client: Client::start(config).unwrap(),
            device: ready.bands[0].band_id.to_string(),
            exchanges: 0,
        };
        let user = &ready.users[0];
        let init = json!({
            "nea_name": name, "nes_url": ready.nes, "grade": "bronze", "l1": self.system().l1_pem(),
            "username": format!("{}\\{}", user.domain, user.username), "password": user.password,
        });
        application.ok("init", init);
        application.ok("subscribe_endpoint", json!({"endpoint_id": "127.0.0.1"}));
        application.hear("yes");
        application
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(system) = self.system.take() {
            self.runtime.block_on(system.shutdown());
        }
    }
}

struct Application {
    client: Client,
    device: String,
    exchanges: u32,
}

impl Application {
    fn next(&self, deadline: Instant) -> Value {
        let left = deadline.saturating_duration_since(Instant::now());
        let text = self.client.get(Some(left)).unwrap();
        serde_json::from_str(&text.expect("an update should have come")).unwrap()
    }

    /// Waits until the band's presence is this.
    fn hear(&mut self, presence: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let update = self.next(deadline);
            let payload = &update["payload"];
            if payload["NymiBandID"] == self.device.as_str() && payload["after"] == presence {
                return;
            }
        }
    }

    fn put(&mut self, operation: &str, mut payload: Value) -> String {
        self.exchanges += 1;
        let exchange = format!("test-{}", self.exchanges);
        if !matches!(
            operation,
            "init" | "subscribe_endpoint" | "cancel" | "lookup"
        ) {
            payload["device"] = json!(self.device);
        }
        let request = json!({"operation": operation, "exchange": exchange, "payload": payload});
        self.client.put(&request.to_string()).unwrap();
        exchange
    }

    /// The updates with an exchange, up to the last.
    fn answer(&mut self, exchange: &str) -> (usize, Value) {
        let deadline = Instant::now() + PATIENCE;
        let mut progress = 0;
        loop {
            let update = self.next(deadline);
            if update["exchange"] != exchange {
                continue;
            }
            if update["payload"]["completed"] != json!(false) {
                return (progress, update);
            }
            progress += 1;
        }
    }

    fn ask(&mut self, operation: &str, payload: Value) -> Value {
        let exchange = self.put(operation, payload);
        self.answer(&exchange).1
    }

    fn ok(&mut self, operation: &str, payload: Value) -> Value {
        let update = self.ask(operation, payload);
        assert_eq!(update["status"], 0, "{update}");
        update["payload"].clone()
    }

    /// The status of a refusal, which must be explained.
    fn refused(&mut self, operation: &str, payload: Value) -> u64 {
        let update = self.ask(operation, payload);
        let specifics = update["error"]["error_specifics"].as_str();
        assert!(specifics.is_some_and(|text| !text.is_empty()), "{update}");
        update["status"].as_u64().unwrap()
    }
}

fn text<'a>(payload: &'a Value, field: &str) -> &'a str {
    let text = payload[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {payload}"))
}

fn random() -> Value {
    json!({"length": 16})
}

#[test]
fn every_operation_does_what_it_says() {
    let bench = Bench::start(11);
    let mut records = bench.application("Records");

    let exchange = records.put("random", json!({"length": 64}));
    let (progress, first) = records.answer(&exchange);
    assert_eq!(progress, 1, "opening the session is told");
    assert_eq!(text(&first["payload"], "random").len(), 128, "{first}");
    let exchange = records.put("random", json!({"length": 64}));
    let (progress, second) = records.answer(&exchange);
    assert_eq!(progress, 0, "the session is kept");
    assert_ne!(first["payload"], second["payload"]);

    let versions = records.ok("firmware", json!({}));
    assert_eq!(
        versions,
        json!({"firmware_version": "4.11.1.2", "hardware_version": "14.00"})
    );
    notifies(&bench, &mut records);
    signs(&bench, &mut records);
    keeps_keys(&bench, &mut records);
    makes_passwords(&mut records);
    does_many_at_once(&mut records);
}

/// Answers come in the order of the requests, each once.
fn does_many_at_once(records: &mut Application) {
    let asked: Vec<_> = (0..100).map(|_| records.put("random", random())).collect();
    let mut seen = std::collections::BTreeSet::new();
    for exchange in &asked {
        let (_, update) = records.answer(exchange);
        assert_eq!(update["status"], 0, "{update}");
        assert!(seen.insert(text(&update["payload"], "random").to_owned()));
    }
}

fn notifies(bench: &Bench, records: &mut Application) {
    let before = bench.band()["vibrations"].as_u64().unwrap();
    for (sign, count) in [("positive", 1), ("negative", 2)] {
        let answer = records.ok("notify", json!({"notification": sign}));
        assert_eq!(answer, json!({}));
        let band = bench.band();
        assert_eq!(band["vibrations"], before + count);
        assert_eq!(band["notified"], sign);
    }
}

fn signs(bench: &Bench, records: &mut Application) {
    let document = b"Batch 4711: released.";
    let hash = json!({"hash": hex::encode(Sha256::digest(document))});
    let signed = records.ok("sign", hash.clone());
    let bytes = |field| hex::decode(text(&signed, field)).unwrap();
    let key = PublicKey::from_spki_der(&bytes("public_key")).unwrap();
    let signature = bytes("signature");
    assert!(RustCrypto.verify_fixed(&key, document, &signature).is_ok());
    assert!(
        RustCrypto
            .verify_fixed(&key, b"rejected", &signature)
            .is_err()
    );
    let again = records.ok("sign", hash.clone());
    assert_eq!(again["public_key"], signed["public_key"]);

    let asked = json!({
        "query": {"NymiBandID": records.device}, "lookup_keys": ["IdentityPublicKey"],
    });
    let identity = records.ok("lookup", asked);
    assert_ne!(identity["IdentityPublicKey"], signed["public_key"]);
    let mut other = bench.application("Another");
    let by_other = other.ok("sign", hash);
    assert_ne!(by_other["public_key"], signed["public_key"], "its own key");
}

fn keeps_keys(bench: &Bench, records: &mut Application) {
    let made = records.ok("symmetric_key", json!({"action": "create"}));
    assert_eq!(text(&made, "key").len(), 64);
    let named = |action: &str| json!({"action": action, "key_id": made["key_id"]});
    assert_eq!(records.ok("symmetric_key", named("get")), made);
    assert_eq!(
        records.ok("symmetric_key", named("create")),
        made,
        "a request that is repeated makes no second key"
    );
    let second = records.ok("symmetric_key", json!({"action": "create"}));
    assert_ne!(
        (&second["key_id"], &second["key"]),
        (&made["key_id"], &made["key"])
    );

    let mut other = bench.application("Another");
    for action in ["get", "delete"] {
        assert_eq!(other.refused("symmetric_key", named(action)), 3025);
    }
    let gone = records.ok("symmetric_key", named("delete"));
    assert_eq!(gone, json!({"key_id": made["key_id"]}));
    for action in ["get", "delete"] {
        assert_eq!(records.refused("symmetric_key", named(action)), 3025);
    }
}

fn makes_passwords(records: &mut Application) {
    let act = |action: &str| json!({"action": action});
    assert_eq!(records.refused("totp", act("get")), 3025);
    let made = records.ok("totp", act("create"));
    let uri = text(&made, "otpauth");
    assert!(uri.starts_with("otpauth://totp/Records:"), "{uri}");
    assert!(uri.ends_with("&algorithm=SHA1&digits=6&period=30"), "{uri}");
    let again = records.ok("totp", act("create"));
    assert_eq!(again["otpauth"], made["otpauth"]);
    let code = records.ok("totp", act("get"));
    assert_eq!(text(&code, "totp").len(), 6);
    assert_eq!(code["otpauth"], Value::Null);
    assert_eq!(records.ok("totp", act("delete")), json!({}));
    assert_eq!(records.refused("totp", act("get")), 3025);
}

#[test]
fn a_band_refuses_what_it_must() {
    let bench = Bench::start(12);
    let mut records = bench.application("Records");
    records.ok("random", random());

    bench.hardware("remove BAND");
    bench.hardware("wear BAND");
    for (operation, payload) in operations() {
        if operation != "firmware" {
            assert_eq!(records.refused(operation, payload), 3021, "{operation}");
        }
    }
    records.ok("firmware", json!({}));
    bench.hardware("auth BAND");
    records.ok("random", random());

    // Its clock is beyond the certificate's days: what is open goes on, what is new is refused.
    bench.hardware("skew BAND 3000000000");
    let update = bench.application("Another").ask("random", random());
    assert_eq!(
        (&update["status"], &update["error"]["nsl"]),
        (&json!(8000), &json!(29)),
        "{update}"
    );
    bench.hardware("skew BAND 0");
    fills_up(&bench, &mut records);

    bench.hardware("fail BAND 49");
    bench.runtime.block_on(async {
        let serial = &bench.system().ready().bands[0].serial_number;
        let last = bench.system().hardware(&format!("fail {serial}")).await;
        assert!(last.is_err(), "{last:?}");
    });
    for (operation, payload) in operations() {
        if operation != "firmware" {
            assert_eq!(records.refused(operation, payload), 3024, "{operation}");
        }
    }
    records.ok("firmware", json!({}));
}

fn fills_up(bench: &Bench, records: &mut Application) {
    let create = || json!({"action": "create"});
    let key = records.ok("symmetric_key", create());
    bench.runtime.block_on(async {
        let serial = &bench.system().ready().bands[0].serial_number;
        let register = format!("register {serial}");
        while bench.system().hardware(&register).await.is_ok() {}
    });
    assert_eq!(records.refused("symmetric_key", create()), 3023);
    assert_eq!(records.refused("totp", create()), 3023);
    let hash = json!({"hash": "ab".repeat(32)});
    assert_eq!(records.refused("sign", hash), 3023);
    records.ok("random", random());
    let delete = json!({"action": "delete", "key_id": key["key_id"]});
    records.ok("symmetric_key", delete);
    records.ok("symmetric_key", create());
}

/// Every operation with a band, each with its payload.
fn operations() -> [(&'static str, Value); 6] {
    [
        ("notify", json!({"notification": "positive"})),
        ("random", random()),
        ("sign", json!({"hash": "ab".repeat(32)})),
        ("symmetric_key", json!({"action": "create"})),
        ("totp", json!({"action": "create"})),
        ("firmware", json!({})),
    ]
}

fn with_deadline(mut payload: Value, deadline_ms: u32) -> Value {
    payload["deadline_ms"] = json!(deadline_ms);
    payload
}

#[test]
fn each_operation_ends_with_the_band_with_its_patience_and_with_a_cancel() {
    let bench = Bench::start(14);
    let mut records = bench.application("Records");
    for (operation, payload) in operations() {
        bench.hardware("mute BAND on");
        let hasty = with_deadline(payload.clone(), 300);
        assert_eq!(records.refused(operation, hasty), 3010, "{operation}");

        let exchange = records.put(operation, payload.clone());
        let cancelled = records.put("cancel", json!({"exchange": exchange}));
        let update = records.answer(&exchange).1;
        assert_eq!(update["status"], 1006, "{operation}: {update}");
        assert_eq!(records.answer(&cancelled).1["status"], 0, "{operation}");
        bench.hardware("mute BAND off");
        records.ok("firmware", json!({}));

        // It leaves in the middle: long before the deadline that is told.
        bench.hardware("mute BAND on");
        let exchange = records.put(operation, with_deadline(payload.clone(), 120_000));
        bench.hardware("remove BAND");
        let update = records.answer(&exchange).1;
        assert_eq!(update["status"], 3027, "{operation}: {update}");
        for command in ["mute BAND off", "wear BAND", "auth BAND"] {
            bench.hardware(command);
        }
        records.hear("yes");
        records.ok(operation, payload);
    }
}

#[test]
fn silence_leaving_and_cancelling_end_an_operation_and_the_next_one_works() {
    let bench = Bench::start(13);
    let mut records = bench.application("Records");
    records.ok("random", random());

    bench.hardware("mute BAND on");
    let hasty = json!({"length": 16, "deadline_ms": 300});
    assert_eq!(records.refused("random", hasty), 3010);
    let exchange = records.put("random", random());
    let cancelled = records.put("cancel", json!({"exchange": exchange}));
    let update = records.answer(&exchange).1;
    assert_eq!(update["status"], 1006, "{update}");
    assert_eq!(records.answer(&cancelled).1["status"], 0);

    // The radio loses the band while it is asked.
    let exchange = records.put("random", json!({"length": 16, "deadline_ms": 60000}));
    bench.hardware("remove BAND");
    let update = records.answer(&exchange).1;
    assert_eq!(update["status"], 3027, "{update}");
    bench.hardware("mute BAND off");
    bench.hardware("wear BAND");
    bench.hardware("auth BAND");
    records.hear("yes");
    records.ok("random", random());

    bench.hardware("move BAND 10000");
    assert_eq!(records.refused("random", random()), 3020);
    bench.hardware("move BAND 2");
    records.ok("random", random());

    // Without power it forgets its sessions, and the time with them.
    bench.hardware("battery BAND off");
    assert_eq!(records.refused("random", random()), 3020);
    bench.hardware("battery BAND on");
    let update = records.ask("random", random());
    assert_eq!(update["status"], 3026, "{update}");
    let specifics = text(&update["error"], "error_specifics");
    assert!(specifics.contains("lost its time"), "{specifics}");
}
