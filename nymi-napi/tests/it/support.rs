//! A client in a temporary home, with what it talks to.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use nymi_core::UnixMillis;
use nymi_napi::{Client, Config, KeyProtection, LogConfig, LogLevel};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::fake::{FakeAgent, FakeNes, PASSWORD, PATIENCE, USER, runtime};

pub(crate) const NAME: &str = "Records";

pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) nes: FakeNes,
    pub(crate) home: TempDir,
    now: Arc<AtomicI64>,
}

impl Bench {
    /// A gold enterprise on 2 January 2026.
    pub(crate) fn new() -> Self {
        Self::of_grade(1)
    }

    pub(crate) fn of_grade(grade: u8) -> Self {
        let runtime = runtime();
        let nes = FakeNes::start(&runtime, grade);
        let home = tempfile::tempdir().unwrap();
        let bench = Self {
            runtime,
            nes,
            home,
            now: Arc::default(),
        };
        bench.set_time("2026-01-02T00:00:00.000Z");
        bench
    }

    pub(crate) fn set_time(&self, time: &str) {
        let time: UnixMillis = time.parse().unwrap();
        self.now.store(time.0, Ordering::SeqCst);
    }

    pub(crate) fn agent(&self) -> FakeAgent {
        FakeAgent::start(&self.runtime)
    }

    pub(crate) fn config(&self, agent_url: &str) -> Config {
        let now = Arc::clone(&self.now);
        let mut config = Config::new(NAME.parse().unwrap());
        config.agent_url = Some(agent_url.parse().unwrap());
        config.store = Some(self.store());
        config.log = Some(LogConfig {
            directory: self.home.path().to_owned(),
            level: LogLevel::Verbose,
        });
        config.clock = Arc::new(move || UnixMillis(now.load(Ordering::SeqCst)));
        // Nothing is stored there that nothing seals.
        if cfg!(windows) {
            config.key_protection = Some(Arc::new(Turned(0x11)));
        }
        config
    }

    pub(crate) fn client(&self, agent: &FakeAgent) -> Client {
        Client::start(self.config(&agent.url)).unwrap()
    }

    /// A client whose agent is not there.
    pub(crate) fn lonely_client(&self) -> Client {
        Client::start(self.config("ws://127.0.0.1:1")).unwrap()
    }

    pub(crate) fn store(&self) -> std::path::PathBuf {
        self.home.path().join("nsl")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("nymi_api.log")).unwrap_or_default()
    }

    /// Waits for this in the log, which is written beside the client.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let begun = std::time::Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} in\n{}", self.log());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// The payload of an `init` that can get a certificate.
    pub(crate) fn init(&self) -> Value {
        json!({
            "nea_name": NAME, "nes_url": self.nes.url, "username": USER, "password": PASSWORD,
            "l1": self.nes.script.lock().unwrap().pki.l1_pem(),
        })
    }

    /// An `init` that names nothing but the application and L1.
    pub(crate) fn offline_init(&self) -> Value {
        json!({"nea_name": NAME, "l1": self.nes.script.lock().unwrap().pki.l1_pem()})
    }

    /// A client that is initialised and known to the agent.
    pub(crate) fn ready(&self, agent: &FakeAgent) -> Client {
        let client = self.client(agent);
        let answer = ask(&client, "init", "init", self.init());
        assert_eq!(answer["status"], 0, "{answer}");
        agent.wait_for_proof();
        client
    }
}

pub(crate) fn put(client: &Client, operation: &str, exchange: &str, payload: Value) {
    let request = json!({"operation": operation, "exchange": exchange, "payload": payload});
    client.put(&request.to_string()).unwrap();
}

/// The next update.
pub(crate) fn next(client: &Client) -> Value {
    let text = client
        .get(Some(PATIENCE))
        .unwrap()
        .expect("an update should have come");
    serde_json::from_str(&text).unwrap()
}

/// The next update with this exchange; others are passed over.
pub(crate) fn answer(client: &Client, exchange: &str) -> Value {
    loop {
        let update = next(client);
        if update["exchange"] == exchange {
            return update;
        }
    }
}

pub(crate) fn ask(client: &Client, operation: &str, exchange: &str, payload: Value) -> Value {
    put(client, operation, exchange, payload);
    answer(client, exchange)
}

pub(crate) fn specifics(update: &Value) -> &str {
    update["error"]["error_specifics"]
        .as_str()
        .unwrap_or_default()
}

/// The files of the store.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(files) => files.map(|file| file.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    }
}

/// Subscribes to an endpoint of this id.
pub(crate) fn subscribe(client: &Client, agent: &FakeAgent, endpoint: &str) {
    let payload = json!({"endpoint_id": endpoint});
    put(client, "subscribe_endpoint", "subscribe", payload.clone());
    agent.answer(&agent.next_request(), payload);
    assert_eq!(answer(client, "subscribe")["status"], 0);
}

/// Seals by turning bits over: for tests alone.
pub(crate) struct Turned(pub(crate) u8);

impl KeyProtection for Turned {
    fn name(&self) -> &'static str {
        "turned"
    }

    fn seal(&self, key: &[u8]) -> io::Result<Vec<u8>> {
        let checked = [key, b"ok"].concat();
        Ok(checked.iter().map(|byte| byte ^ self.0).collect())
    }

    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let bytes: Vec<_> = sealed.iter().map(|byte| byte ^ self.0).collect();
        match bytes.strip_suffix(b"ok") {
            Some(key) => Ok(Zeroizing::new(key.to_vec())),
            None => Err(io::Error::other("another user's")),
        }
    }
}
