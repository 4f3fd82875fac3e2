//! The agent: there, away, back, unwilling.

use std::path::Path;

use nymi_net::tls::{ServerTls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};

use crate::fake::{FakeAgent, Seen};
use crate::support::{Bench, answer, ask, next, put, specifics, subscribe};

#[test]
fn a_missing_agent_is_told_once_and_the_session_comes_up_by_itself() {
    let bench = Bench::new();
    let agent = bench.agent();
    let url = agent.url.clone();
    let address = agent.stop();
    let client = nymi_napi::Client::start(bench.config(&url)).unwrap();
    let update = next(&client);
    assert_eq!(
        (&update["operation"], &update["exchange"]),
        (&json!("error"), &Value::Null)
    );
    assert_eq!(
        (&update["status"], &update["error"]["error_description"]),
        (&json!(4000), &json!("Nymi Agent missing."))
    );

    assert_eq!(ask(&client, "init", "1", bench.init())["status"], 0);
    let missing = ask(&client, "list_endpoints", "2", json!({"deadline_ms": 300}));
    assert_eq!(missing["status"], 4000);
    let reason = specifics(&missing);
    assert!(reason.contains(&url), "{reason}");
    assert!(reason.contains("refused"), "{reason}");
    let port = address.port().to_string();
    let told = bench.log();
    let told = told
        .lines()
        .filter(|line| line.contains("ERROR") && line.contains(&port));
    assert_eq!(told.count(), 1, "the reason is logged when it is new");
    let info = ask(&client, "info", "3", json!({}));
    assert_eq!(
        (&info["payload"]["agent"], &info["payload"]["endpoints"]),
        (&Value::Null, &json!([]))
    );

    let agent = FakeAgent::start_at(&bench.runtime, address, false);
    agent.wait_for_proof();
    assert_eq!(client.try_get(), Ok(None), "told more than once");
    bench.wait_for_log(
        "ERROR - Could not connect to websocket server. Attempting to connect again.",
    );
    // The proof's reply may still be on its way.
    while ask_agent(&client, &agent) != json!(0) {}
}

#[test]
fn a_subscription_before_the_agent_starts_is_answered_by_it() {
    let bench = Bench::new();
    let agent = bench.agent();
    let url = agent.url.clone();
    let address = agent.stop();
    let client = nymi_napi::Client::start(bench.config(&url)).unwrap();
    assert_eq!(next(&client)["status"], 4000);
    assert_eq!(ask(&client, "init", "1", bench.init())["status"], 0);
    subscribe_by_address(&client);

    let agent = FakeAgent::start_at(&bench.runtime, address, false);
    agent.answer(&agent.next_request(), json!({"endpoint_id": "bench-1"}));
    assert_eq!(answer(&client, "s")["payload"]["endpoint_id"], "bench-1");
}

fn subscribe_by_address(client: &nymi_napi::Client) {
    let endpoint = json!({"endpoint_id": "127.0.0.1"});
    put(client, "subscribe_endpoint", "s", endpoint);
}

/// Asks for the endpoints until the agent is asked; the status of the answer.
fn ask_agent(client: &nymi_napi::Client, agent: &FakeAgent) -> Value {
    put(client, "list_endpoints", "again", json!({}));
    let request = agent.next_request();
    agent.answer(&request, json!({"endpoints": []}));
    answer(client, "again")["status"].clone()
}

#[test]
fn the_topic_names_the_application_and_a_fresh_instance() {
    let bench = Bench::new();
    let agent = bench.agent();
    let topics: Vec<String> = (0..2)
        .map(|_| {
            let client = bench.client(&agent);
            let Seen::Joined(topic) = agent.next() else {
                panic!()
            };
            drop(client);
            topic
        })
        .collect();
    for topic in &topics {
        let instance = topic.strip_prefix("nea:Records:").unwrap();
        assert_eq!(instance.len(), 36, "{topic}");
    }
    assert_ne!(topics[0], topics[1]);
}

#[test]
fn a_lost_agent_answers_what_was_open_and_subscriptions_come_back() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    put(
        &client,
        "subscribe_endpoint",
        "s",
        json!({"endpoint_id": "127.0.0.1"}),
    );
    agent.answer(&agent.next_request(), json!({"endpoint_id": "bench-1"}));
    assert_eq!(answer(&client, "s")["status"], 0);
    put(
        &client,
        "subscribe_endpoint",
        "t",
        json!({"endpoint_id": "10.0.0.9"}),
    );
    agent.answer(&agent.next_request(), json!({"endpoint_id": "bench-9"}));
    put(
        &client,
        "unsubscribe_endpoint",
        "u",
        json!({"endpoint_id": "bench-9"}),
    );
    agent.answer(&agent.next_request(), json!({"endpoint_id": "bench-9"}));
    assert_eq!(answer(&client, "u")["status"], 0);

    put(
        &client,
        "lookup",
        "open",
        json!({"query": {"Username": "bob"}, "lookup_keys": ["NymiBandID"]}),
    );
    agent.next_request();
    let address = agent.stop();
    let updates = [next(&client), next(&client)];
    let of = |exchange: Value| {
        updates
            .iter()
            .find(|update| update["exchange"] == exchange)
            .unwrap()
    };
    assert_eq!(
        (&of(json!("open"))["status"], &of(Value::Null)["status"]),
        (&json!(4000), &json!(4000))
    );

    let agent = FakeAgent::start_at(&bench.runtime, address, false);
    let restored = agent.next_request();
    assert_eq!(
        (&restored["operation"], &restored["payload"]["endpoint_id"]),
        (&json!("subscribe_endpoint"), &json!("127.0.0.1"))
    );
    // The endpoint joins later than we do: told once, asked again.
    agent.update(json!({"operation": "subscribe_endpoint", "exchange": restored["exchange"], "status": 5100,
        "payload": {}, "error": {"error_description": "Nymi Bluetooth Endpoint is missing.", "error_specifics": ""}}));
    let update = next(&client);
    assert_eq!(
        (&update["operation"], &update["exchange"], &update["status"]),
        (&json!("error"), &Value::Null, &json!(5100))
    );
    let restored = agent.next_request();
    agent.answer(&restored, json!({"endpoint_id": "bench-1"}));
    let ready = json!({"operation": "endpoint", "exchange": null, "status": 0,
        "payload": {"endpoint_id": "bench-1", "event": "ble_ready"}, "error": {}});
    agent.update(ready.clone());
    assert_eq!(next(&client), ready);
}

#[test]
fn events_pass_through_as_they_are() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    subscribe(&client, &agent, "bench-1");
    let tap = json!({"operation": "tap", "exchange": null, "status": 0, "payload": {
        "endpoint_id": "bench-1", "NymiBandID": "AA:BB:CC:DD:EE:FF", "method": "ble",
        "intent_id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "at": "2026-01-02T00:00:00.000Z"}, "error": {}});
    agent.update(tap.clone());
    assert_eq!(next(&client), tap);
    // What answers nothing is passed over.
    agent.update(
        json!({"operation": "lookup", "exchange": "99", "status": 0, "payload": {}, "error": {}}),
    );
    agent.update(
        json!({"operation": "lookup", "exchange": "zz", "status": 0, "payload": {}, "error": {}}),
    );
    agent.update(tap.clone());
    assert_eq!(next(&client), tap);
}

#[test]
fn an_answer_that_cannot_be_read_fails_the_request_at_once() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    for (field, wrong) in [
        ("status", json!("0")),
        // The C interface's own results, on which programs act.
        ("status", json!(5)),
        ("payload", json!(["hunter2"])),
        ("error", json!({"nsl": "hunter2"})),
        ("operation", json!(5)),
        ("operation", json!("info")),
    ] {
        put(
            &client,
            "lookup",
            "f",
            json!({"query": {"Username": "bob"}, "lookup_keys": ["NymiBandID"]}),
        );
        let request = agent.next_request();
        let mut update = json!({"operation": "lookup", "exchange": request["exchange"],
            "status": 0, "payload": {}, "error": {}});
        update[field] = wrong;
        agent.update(update);
        let answer = answer(&client, "f");
        assert_eq!(
            (&answer["operation"], &answer["status"]),
            (&json!("lookup"), &json!(9000)),
            "{field}: {answer}"
        );
        let why = specifics(&answer);
        assert!(
            why.contains("cannot be read")
                && (why.contains(field) || why.contains("a request for lookup")),
            "{why}"
        );
        assert!(!why.contains("hunter2") && !bench.log().contains("hunter2"));
    }
}

#[test]
fn an_event_that_cannot_be_read_is_told() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    subscribe(&client, &agent, "bench-1");
    let tap = json!({"operation": "tap", "exchange": null, "status": 0,
        "payload": {"endpoint_id": "bench-1"}, "error": {}});
    let mut nameless = tap.clone();
    nameless["payload"] = json!({"endpoint_id": 5});
    let mut numbered = tap.clone();
    numbered["exchange"] = json!(5);
    let mut listed = tap.clone();
    listed["payload"] = json!(["hunter2"]);
    for (update, said) in [
        (json!("nonsense"), "it is no object"),
        (nameless, "update \"tap\" that cannot be read: endpoint_id"),
        (numbered, "update \"tap\" that cannot be read: exchange"),
        (listed, "update \"tap\" that cannot be read: payload"),
    ] {
        agent.update(update);
        let told = client
            .next_tap_or_failure(Some(crate::fake::PATIENCE))
            .unwrap()
            .unwrap();
        assert_eq!(
            (told.operation.as_str(), told.status.code()),
            ("error", 9000)
        );
        assert!(told.specifics().contains(said), "{}", told.specifics());
        assert!(!told.specifics().contains("hunter2"));
    }
    // One that failed did not happen.
    let mut failed = tap.clone();
    failed["status"] = json!(6001);
    failed["error"] = json!({"error_description": "", "error_specifics": "no band"});
    agent.update(failed);
    let told = client
        .next_tap_or_failure(Some(crate::fake::PATIENCE))
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            told.operation.as_str(),
            told.status.code(),
            told.specifics()
        ),
        ("error", 6001, "no band")
    );
    // The rest is read on.
    agent.update(tap.clone());
    assert_eq!(next(&client), tap);
}

#[test]
fn what_nobody_asked_the_agent_for_is_dropped() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    let event = |operation: &str, endpoint: &str| {
        json!({"operation": operation, "exchange": null, "status": 0,
            "payload": {"endpoint_id": endpoint}, "error": {}})
    };
    let failure = |specifics: &str| {
        json!({"operation": "error", "exchange": null, "status": 5100, "payload": {},
            "error": {"error_description": "", "error_specifics": specifics}})
    };
    let answer_to = |exchange: &str| json!({"operation": "init", "exchange": exchange, "status": 0, "payload": {}, "error": {}});
    // Nothing at all before the proof.
    while !matches!(agent.next(), Seen::Joined(_)) {}
    for operation in ["tap", "presence", "endpoint", "fly", "lookup"] {
        agent.update(event(operation, "bench-1"));
    }
    agent.update(failure("early"));
    let number = ask_joined(&client, &agent);
    assert_eq!(client.try_get(), Ok(None));

    // Nor answers to what it was not asked.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut init = bench.init();
    init["nes_url"] = json!(format!("http://{}/nes", silent.local_addr().unwrap()));
    put(&client, "init", "mine", init);
    let connection = silent.accept().unwrap();
    agent.update(answer_to(&(number + 1).to_string()));
    assert_eq!(ask_joined(&client, &agent), number + 2);
    drop((silent, connection));
    assert_ne!(answer(&client, "mine")["status"], 0);

    assert_eq!(ask(&client, "init", "init", bench.init())["status"], 0);
    subscribe(&client, &agent, "bench-1");
    for operation in ["tap", "presence", "endpoint"] {
        agent.update(event(operation, "bench-2"));
    }
    for operation in ["fly", "lookup"] {
        agent.update(event(operation, "bench-1"));
    }
    for last in [event("presence", "bench-1"), failure("told")] {
        agent.update(last.clone());
        assert_eq!(next(&client), last);
    }
}

/// Asks for `info`, which is served before the proof, too; the next update has to be its answer. The
/// number that the agent knew it by: requests are counted.
fn ask_joined(client: &nymi_napi::Client, agent: &FakeAgent) -> u64 {
    loop {
        put(client, "info", "info", json!({}));
        // Answered without the agent until the join's reply has come.
        if let Some(info) = client
            .get(Some(std::time::Duration::from_millis(50)))
            .unwrap()
        {
            let info: Value = serde_json::from_str(&info).unwrap();
            assert_eq!(info["operation"], "info", "{info}");
            continue;
        }
        let request = agent.next_request();
        agent.answer(&request, json!({"endpoints": [], "bands": []}));
        let info = next(client);
        assert_eq!(
            (&info["exchange"], &info["status"]),
            (&json!("info"), &json!(0))
        );
        return request["exchange"].as_str().unwrap().parse().unwrap();
    }
}

#[test]
fn an_agent_that_refuses_the_proof_is_told_and_asked_again() {
    let bench = Bench::new();
    let agent = FakeAgent::start_refusing(&bench.runtime);
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", bench.init());
    assert_eq!(
        (&update["status"], &update["error"]["nsl"]),
        (&json!(8000), &json!(14)),
        "{update}"
    );
    let specifics = update["error"]["error_specifics"].as_str().unwrap();
    assert!(
        specifics.starts_with("NEA certificate chain is missing or invalid."),
        "{update}"
    );
    assert!(specifics.contains("does not know you"), "{update}");
    assert_eq!(
        ask(&client, "list_endpoints", "2", json!({}))["status"],
        1004
    );

    agent.accept_proofs();
    agent.wait_for_proof();
    assert_eq!(ask(&client, "init", "3", bench.offline_init())["status"], 0);
    assert_eq!(ask_agent(&client, &agent), 0);
}

#[test]
fn info_joins_what_the_agent_and_the_client_know() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    put(&client, "info", "i", json!({}));
    let endpoint = json!({"endpoint_id": "bench-1", "hostname": null, "addresses": ["127.0.0.1"],
        "adapters": [], "readers": [], "ready": false});
    agent.answer(&agent.next_request(), json!({"version": "9", "agent": "9", "nes": "other",
        "endpoints": [endpoint], "bands": [{"NymiBandID": "AA:BB:CC:DD:EE:FF"}], "certificate": null}));
    let info = answer(&client, "i");
    let payload = &info["payload"];
    assert_eq!(payload["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&payload["agent"], &payload["nes"]),
        (&json!(agent.url), &json!(bench.nes.url))
    );
    assert_eq!(
        (&payload["endpoints"][0], &payload["bands"][0]["NymiBandID"]),
        (&endpoint, &json!("AA:BB:CC:DD:EE:FF"))
    );
    assert_eq!(
        payload["certificate"]["not_after"],
        "2026-01-15T00:00:00.000Z"
    );
}

#[test]
fn init_can_name_another_agent() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.lonely_client();
    assert_eq!(next(&client)["status"], 4000);
    let mut init = bench.init();
    init["agent_url"] = json!(agent.url);
    let update = ask(&client, "init", "1", init);
    assert_eq!(
        (&update["status"], &update["payload"]["agent"]),
        (&json!(0), &json!(agent.url))
    );
    agent.wait_for_proof();
}

/// A root of its own, in PEM, and what a server of this machine shows under it.
fn tls(folder: &Path, name: &str) -> (String, ServerTls) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let file = |kind: &str, text: String| {
        let path = folder.join(format!("{name}-{kind}.pem"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        certfile: file("chain", leaf.pem()),
        keyfile: file("key", key.serialize_pem()),
        cacertfile: None,
    };
    (pem, ServerTls::load(files).unwrap())
}

#[test]
fn an_agent_that_speaks_tls_is_trusted_by_what_l1_names_now() {
    let bench = Bench::new();
    let home = bench.home.path();
    let ((first, first_tls), (second, second_tls)) = (tls(home, "first"), tls(home, "second"));
    let file = home.join("l1.pem");
    let l1 = bench.nes.script.lock().unwrap().pki.l1_pem();
    std::fs::write(&file, l1.clone() + &first).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let agent = FakeAgent::start_tls(&bench.runtime, any, first_tls);
    let client = bench.client(&agent);
    assert_eq!(
        next(&client)["status"],
        4000,
        "before init nothing is trusted"
    );
    let mut init = bench.init();
    init["l1"] = json!(file);
    assert_eq!(ask(&client, "init", "1", init)["status"], 0);
    agent.wait_for_proof();

    // The agent comes back with a certificate under another root.
    let address = agent.stop();
    assert_eq!(next(&client)["status"], 4000);
    let agent = FakeAgent::start_tls(&bench.runtime, address, second_tls);
    let info = ask(&client, "info", "2", json!({}));
    assert_eq!(info["payload"]["agent"], Value::Null, "{info}");
    std::fs::write(&file, l1 + &second).unwrap();
    agent.wait_for_proof();
    assert_eq!(client.try_get(), Ok(None), "nothing else is told");
}
