//! The world: applications, agent, server and clock, and what must hold for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nymi_core::UnixMillis;
use nymi_napi::{Client, Config};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::Numbers;
use super::agent::{NO_ANSWER, SimAgent};
use super::network::{Line, Plug, SimNetwork};
use crate::fake::{FakeNes, PASSWORD, USER};

pub(crate) const AGENT: u16 = 9120;
pub(crate) const NES: u16 = 9121;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// 2 January 2026.
const BEGIN: UnixMillis = UnixMillis(1_767_312_000_000);
/// How often an application looks for updates.
const GLANCE: Duration = Duration::from_millis(100);
/// A request may be answered this long after its deadline.
const GRACE: Duration = Duration::from_millis(250 + 100 + 10);
/// What a request may fail with while the world is as it is.
const EXCUSES: [u64; 7] = [1004, 1006, 2005, 3000, 4000, 4003, 8000];

/// A request in flight.
struct Asked {
    at: Instant,
    deadline: Duration,
    what: What,
}

enum What {
    Lookup { name: String },
    Subscribe { endpoint: &'static str },
    Init,
    Other,
}

/// An application and what it was told.
pub(crate) struct User {
    name: String,
    pub(crate) client: Client,
    _store: TempDir,
    asked: BTreeMap<String, Asked>,
    initialised: bool,
    subscribed: BTreeSet<&'static str>,
    pub(crate) told_missing: u64,
    pub(crate) told_expired: u64,
    /// That the server could not be reached for a renewal.
    pub(crate) told_nes_missing: u64,
    /// What was said of certificates without being asked.
    pub(crate) told_of_certificates: Vec<Value>,
    /// Intents and terminals.
    taps: Vec<(String, String)>,
}

pub(crate) struct World {
    pub(crate) numbers: Numbers,
    pub(crate) network: Arc<SimNetwork>,
    agent: Arc<SimAgent>,
    nes: FakeNes,
    begun: Instant,
    days: Arc<AtomicI64>,
    /// What the applications take L1 from.
    l1: NamedTempFile,
    /// How far the clock of the applications is from that of the others.
    skew_ms: Arc<AtomicI64>,
    pub(crate) users: Vec<User>,
    exchanges: u64,
    taps: u64,
    /// Look-ups that succeeded, by user.
    pub(crate) succeeded: Vec<usize>,
}

impl World {
    pub(crate) fn new(seed: u64, users: usize) -> Self {
        let network = SimNetwork::new(seed);
        let nes = FakeNes::start_on(
            network.listen(NES),
            &format!("http://127.0.0.1:{NES}/nes"),
            1,
        );
        let (begun, days) = (Instant::now(), Arc::<AtomicI64>::default());
        let agent = {
            let days = Arc::clone(&days);
            let clock = Arc::new(move || now(begun, &days));
            let l1 = nes.script.lock().unwrap().pki.l1.clone();
            SimAgent::start(network.listen(AGENT), seed, &l1, clock)
        };
        let mut world = Self {
            numbers: Numbers(seed),
            network,
            agent,
            nes,
            begun,
            days,
            l1: NamedTempFile::new().unwrap(),
            skew_ms: Arc::default(),
            users: Vec::new(),
            exchanges: 0,
            taps: 0,
            succeeded: vec![0; users],
        };
        world.configure_l1();
        for number in 0..users {
            let user = world.user(format!("Records-{number}"));
            world.users.push(user);
            world.init(number);
        }
        world
    }

    fn user(&self, name: String) -> User {
        let store = tempfile::tempdir().unwrap();
        let mut config = Config::new(name.parse().unwrap());
        config.agent_url = Some(
            format!("ws://127.0.0.1:{AGENT}/socket/websocket")
                .parse()
                .unwrap(),
        );
        config.store = Some(store.path().to_owned());
        config.network = Arc::new(Plug(Arc::clone(&self.network)));
        let (begun, days) = (self.begun, Arc::clone(&self.days));
        let skew_ms = Arc::clone(&self.skew_ms);
        config.clock =
            Arc::new(move || now(begun, &days).saturating_add(skew_ms.load(Ordering::SeqCst)));
        User {
            name,
            client: Client::start_on(&Handle::current(), config).unwrap(),
            _store: store,
            asked: BTreeMap::new(),
            initialised: false,
            subscribed: BTreeSet::new(),
            told_missing: 0,
            told_expired: 0,
            told_nes_missing: 0,
            told_of_certificates: Vec::new(),
            taps: Vec::new(),
        }
    }

    fn ask(&mut self, user: usize, operation: &str, payload: Value, what: What) {
        let deadline_ms = 3000 + self.numbers.below(17_000);
        let deadline = Duration::from_millis(deadline_ms);
        self.ask_within(user, operation, payload, what, deadline);
    }

    fn ask_within(
        &mut self,
        user: usize,
        operation: &str,
        mut payload: Value,
        what: What,
        deadline: Duration,
    ) {
        self.exchanges += 1;
        let exchange = format!("{operation}-{}", self.exchanges);
        payload["deadline_ms"] = json!(deadline.as_millis());
        let request = json!({"operation": operation, "exchange": exchange, "payload": payload});
        let user = &mut self.users[user];
        user.client.put(&request.to_string()).unwrap();
        let asked = Asked {
            at: Instant::now(),
            deadline,
            what,
        };
        user.asked.insert(exchange, asked);
    }

    pub(crate) fn init(&mut self, user: usize) {
        let payload = json!({"nea_name": self.users[user].name, "nes_url": self.nes.url, "username": USER,
            "password": PASSWORD, "l1": self.l1.path()});
        self.ask(user, "init", payload, What::Init);
    }

    pub(crate) fn lookup(&mut self, user: usize, unanswered: bool) {
        let name = if unanswered {
            NO_ANSWER.to_owned()
        } else {
            format!("user-{}", self.exchanges)
        };
        let payload = json!({"query": {"Username": name}, "lookup_keys": ["Username"]});
        self.ask(user, "lookup", payload, What::Lookup { name });
    }

    pub(crate) fn subscribe(&mut self, user: usize, endpoint: &'static str) {
        let payload = json!({"endpoint_id": endpoint});
        self.ask(
            user,
            "subscribe_endpoint",
            payload,
            What::Subscribe { endpoint },
        );
    }

    pub(crate) fn subscribe_within(
        &mut self,
        user: usize,
        endpoint: &'static str,
        deadline: Duration,
    ) {
        let payload = json!({"endpoint_id": endpoint});
        let what = What::Subscribe { endpoint };
        self.ask_within(user, "subscribe_endpoint", payload, what, deadline);
    }

    pub(crate) fn lookup_within(&mut self, user: usize, deadline: Duration) {
        let name = format!("user-{}", self.exchanges);
        let payload = json!({"query": {"Username": name}, "lookup_keys": ["Username"]});
        self.ask_within(user, "lookup", payload, What::Lookup { name }, deadline);
    }

    pub(crate) fn unsubscribe(&mut self, user: usize, endpoint: &str) {
        let payload = json!({"endpoint_id": endpoint});
        self.ask(user, "unsubscribe_endpoint", payload, What::Other);
    }

    /// Waits for the first `init` of an application, looking so often that what follows comes at
    /// once.
    pub(crate) async fn initialised(&mut self, user: usize) {
        while !self.users[user].initialised {
            self.read_all();
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// What the agent takes this application to be subscribed to.
    pub(crate) fn heard_by_agent(&self, user: usize) -> Vec<String> {
        let subscribed = self.agent.subscribed(&self.users[user].name);
        subscribed.into_iter().collect()
    }

    pub(crate) fn cancel(&mut self, user: usize) {
        let Some(exchange) = self.users[user].asked.keys().next().cloned() else {
            return;
        };
        self.ask(user, "cancel", json!({"exchange": exchange}), What::Other);
    }

    pub(crate) fn tap(&mut self) {
        self.taps += 1;
        for endpoint in ["bench-1", "bench-2"] {
            self.agent.tap(endpoint, self.taps);
        }
    }

    pub(crate) fn nes_fails_or_not(&mut self) {
        let mut script = self.nes.script.lock().unwrap();
        script.refuse = match script.refuse {
            Some(_) => None,
            None => Some((500, json!({"Message": "An error has occurred."}))),
        };
    }

    /// The clock jumps by a day. The certificates of the world end with January.
    pub(crate) fn a_day_passes(&mut self) {
        let day = self.days.load(Ordering::SeqCst) + 1;
        if day <= 20 {
            self.days.store(day, Ordering::SeqCst);
            let today = u8::try_from(2 + day).unwrap();
            self.nes.script.lock().unwrap().days = (today - 1, (today + 9).min(31));
        }
    }

    pub(crate) fn replace_l2(&mut self) {
        self.nes.script.lock().unwrap().pki.replace_l2();
    }

    /// The clock of the applications jumps to so many hours ahead of the others'.
    pub(crate) fn clock_jumps_to(&mut self, hours_ahead: i64) {
        let ms = hours_ahead * (DAY_MS / 24);
        self.skew_ms.store(ms, Ordering::SeqCst);
    }

    /// The agent, or the server, has another address from now on.
    pub(crate) fn moves(&mut self, port: u16) {
        let listener = self.network.listen(port);
        match port {
            AGENT => self.agent.serve_at(listener),
            _ => self.nes.serve_at(listener),
        }
    }

    /// The server gets another L1, which nobody trusts yet.
    pub(crate) fn replace_l1(&mut self) {
        self.nes.script.lock().unwrap().pki.replace_l1();
    }

    /// The administrator puts the server's L1 where the applications take it from.
    pub(crate) fn configure_l1(&mut self) {
        let pem = self.nes.script.lock().unwrap().pki.l1_pem();
        std::fs::write(self.l1.path(), pem).unwrap();
    }

    /// The agent takes the server's L1 for the one, and all others for none.
    pub(crate) fn agent_takes_l1(&mut self) {
        self.agent.trust(&self.nes.script.lock().unwrap().pki.l1);
    }

    /// How many certificates the server has issued.
    pub(crate) fn issued(&self) -> usize {
        self.nes.issued()
    }

    /// Whether a look-up of this application succeeds.
    pub(crate) async fn works(&mut self, user: usize) -> bool {
        let before = self.succeeded[user];
        self.lookup(user, false);
        self.pass(Duration::from_secs(25)).await;
        self.succeeded[user] == before + 1
    }

    /// Time passes; the applications read what comes.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            self.read_all();
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(GLANCE)).await;
        }
    }

    fn read_all(&mut self) {
        for (user, succeeded) in self.users.iter_mut().zip(&mut self.succeeded) {
            while let Some(update) = user.client.try_get().unwrap() {
                *succeeded += user.hear(&serde_json::from_str(&update).unwrap());
            }
            for (exchange, asked) in &user.asked {
                let waited = asked.at.elapsed();
                assert!(
                    waited <= asked.deadline + GRACE,
                    "{exchange} was not answered within {waited:?}"
                );
            }
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.users.iter().map(|user| user.asked.len()).sum()
    }

    /// Everything works again, and there was time to notice.
    pub(crate) async fn heal(&mut self) {
        self.network.set(AGENT, Line::Up);
        self.network.set(NES, Line::Up);
        self.network.weather(20, 0);
        self.nes.script.lock().unwrap().refuse = None;
        self.configure_l1();
        self.agent_takes_l1();
        self.clock_jumps_to(0);
        self.pass(Duration::from_secs(180)).await;
        for user in 0..self.users.len() {
            if !self.users[user].initialised {
                self.init(user);
            }
        }
        // A renewal that failed is tried again within the hour.
        self.pass(Duration::from_secs(3900)).await;
    }

    /// What must hold once everything works.
    pub(crate) async fn assert_well(&mut self) {
        assert_eq!(self.in_flight(), 0);
        let before = self.succeeded.clone();
        for user in 0..self.users.len() {
            self.lookup(user, false);
        }
        self.tap();
        self.pass(Duration::from_secs(10)).await;
        let now = now(self.begun, &self.days);
        for (number, user) in self.users.iter().enumerate() {
            assert!(user.initialised, "{}", user.name);
            assert_eq!(self.succeeded[number], before[number] + 1, "{}", user.name);
            let subscribed = self.agent.subscribed(&user.name);
            for endpoint in &user.subscribed {
                assert!(subscribed.contains(*endpoint), "{}: {endpoint}", user.name);
            }
            let last = format!("tap-{}", self.taps);
            let heard = user.taps.iter().filter(|(intent, _)| *intent == last);
            let heard: BTreeSet<_> = heard.map(|(_, endpoint)| endpoint.as_str()).collect();
            // The agent may also know a subscription that the application was told had failed: its answer came too
            // late. What such a terminal sends, the application has not asked for.
            assert!(
                heard.is_superset(&user.subscribed),
                "{}: {heard:?}",
                user.name
            );
            let is_known = heard.iter().all(|endpoint| subscribed.contains(*endpoint));
            assert!(is_known, "{}: {heard:?}, {subscribed:?}", user.name);
            // An outage begins after a join, and is told once.
            let joins = self.agent.joins(&user.name);
            assert!(
                user.told_missing <= joins,
                "{} for {joins}",
                user.told_missing
            );
        }
        for number in 0..self.users.len() {
            let user = &self.users[number];
            let request = json!({"operation": "info", "exchange": null, "payload": {}});
            user.client.put(&request.to_string()).unwrap();
            sleep(Duration::from_secs(5)).await;
            let info: Value =
                serde_json::from_str(&user.client.try_get().unwrap().unwrap()).unwrap();
            let not_after = info["payload"]["certificate"]["not_after"]
                .as_str()
                .unwrap_or_default();
            let not_after: UnixMillis = not_after.parse().unwrap_or_else(|_| panic!("{info}"));
            assert!(now < not_after, "{}: {info}", user.name);
        }
    }

    pub(crate) fn end(self) {
        for user in &self.users {
            user.client.terminate();
            assert!(user.client.try_get().is_err());
        }
    }
}

fn now(begun: Instant, days: &AtomicI64) -> UnixMillis {
    let passed = i64::try_from(begun.elapsed().as_millis()).unwrap();
    UnixMillis(BEGIN.0 + days.load(Ordering::SeqCst) * DAY_MS + passed)
}

impl User {
    /// Whether it was told that it is subscribed.
    pub(crate) fn is_subscribed(&self, endpoint: &str) -> bool {
        self.subscribed.contains(endpoint)
    }

    /// Takes an update; how many look-ups it makes succeed.
    fn hear(&mut self, update: &Value) -> usize {
        let status = update["status"].as_u64().unwrap();
        let Some(exchange) = update["exchange"].as_str() else {
            self.hear_event(update, status);
            return 0;
        };
        let asked = self
            .asked
            .remove(exchange)
            .unwrap_or_else(|| panic!("{} did not ask, or has its answer: {update}", self.name));
        let waited = asked.at.elapsed();
        assert!(waited <= asked.deadline + GRACE, "{waited:?}: {update}");
        match asked.what {
            What::Lookup { name } if status == 0 => {
                assert_eq!(update["payload"]["Username"], json!(name), "{update}");
                return 1;
            }
            What::Subscribe { endpoint } if status == 0 => {
                self.subscribed.insert(endpoint);
            }
            What::Init => {
                self.initialised |= status == 0;
                let known = status == 0 || (2000..2006).contains(&status);
                assert!(known || EXCUSES.contains(&status), "{update}");
            }
            What::Lookup { .. } | What::Subscribe { .. } => {
                assert!(EXCUSES.contains(&status), "{update}")
            }
            What::Other => {}
        }
        0
    }

    fn hear_event(&mut self, update: &Value, status: u64) {
        match (update["operation"].as_str().unwrap(), status) {
            ("error", 4000) => self.told_missing += 1,
            // The proof was not answered in time: the agent is there, and too slow.
            ("error", 4003) => {}
            ("error", 2000 | 2004 | 2005) => self.told_nes_missing += 1,
            ("error", 8000) => {
                self.told_expired += u64::from(update["error"]["nsl"] == 29);
                self.told_of_certificates.push(update["error"].clone());
            }
            ("tap", 0) => {
                let part = |name: &str| update["payload"][name].as_str().unwrap().to_owned();
                let tap = (part("intent_id"), part("endpoint_id"));
                assert!(!self.taps.contains(&tap), "{}: twice: {update}", self.name);
                self.taps.push(tap);
            }
            _ => panic!("{}: {update}", self.name),
        }
    }
}
