//! Requests in, updates out, and the end of both.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nymi_napi::{Client, GetError, PutError};
use serde_json::{Value, json};

use crate::support::{Bench, answer, ask, next, put, specifics, subscribe};

#[test]
fn put_checks_syntax_and_the_rest_is_said_in_updates() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    for bad in ["", "{", "{}}", "nul", "\u{1}"] {
        assert!(
            matches!(client.put(bad), Err(PutError::NotJson(_))),
            "{bad}"
        );
    }
    client.put("{}").unwrap();
    let update = client.get(None).unwrap().unwrap();
    assert!(update.starts_with(r#"{"operation":"error","exchange":null,"status":1002,"payload":{},"error":{"error_description":"#), "{update}");

    client.put(r#"{"operation":"fly","exchange":"7"}"#).unwrap();
    let update = next(&client);
    assert_eq!(
        (&update["operation"], &update["exchange"], &update["status"]),
        (&json!("fly"), &json!("7"), &json!(1001))
    );

    let update = ask(
        &client,
        "lookup",
        "8",
        json!({"query": {"Username": "bob"}, "lookup_keys": ["NymiBandID"]}),
    );
    assert_eq!(update["status"], 1004);
    let update = ask(&client, "init", "9", json!({"nea_name": 5}));
    assert_eq!(update["status"], 1003);
    let update = ask(&client, "init", "10", json!({}));
    assert_eq!(update["status"], 1002);

    let long = json!({"operation": "info", "exchange": "x".repeat(1 << 20)});
    client.put(&long.to_string()).unwrap();
    assert_eq!(next(&client)["status"], 1009);
}

#[test]
fn an_answer_has_the_order_of_keys_that_the_contract_shows() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    put(&client, "init", "1", bench.init());
    let text = client.get(None).unwrap().unwrap();
    assert!(
        text.starts_with(r#"{"operation":"init","exchange":"1","status":0,"payload":{"#),
        "{text}"
    );
    assert!(text.ends_with(r#""error":{}}"#), "{text}");
}

#[test]
fn a_second_request_of_an_exchange_in_flight_is_refused_and_the_first_goes_on() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    put(&client, "list_endpoints", "a", json!({}));
    let request = agent.next_request();
    assert_eq!(
        ask(&client, "list_endpoints", "a", json!({}))["status"],
        1005
    );
    agent.answer(&request, json!({"endpoints": [], "completed": false}));
    assert_eq!(answer(&client, "a")["payload"]["completed"], false);
    assert_eq!(
        ask(&client, "list_endpoints", "a", json!({}))["status"],
        1005
    );
    agent.answer(&request, json!({"endpoints": []}));
    assert_eq!(answer(&client, "a")["status"], 0);

    put(&client, "list_endpoints", "a", json!({}));
    agent.answer(&agent.next_request(), json!({"endpoints": []}));
    assert_eq!(answer(&client, "a")["status"], 0);
}

#[test]
fn interleaved_requests_keep_their_exchanges() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    for exchange in ["x", "y", ""] {
        put(&client, "list_endpoints", exchange, json!({}));
    }
    client
        .put(r#"{"operation":"list_endpoints","payload":{}}"#)
        .unwrap();
    let requests: Vec<_> = (0..4).map(|_| agent.next_request()).collect();
    for (number, request) in requests.iter().enumerate().rev() {
        agent.answer(request, json!({"endpoints": [], "number": number}));
    }
    for (exchange, number) in [
        (Value::Null, 3),
        (json!(""), 2),
        (json!("y"), 1),
        (json!("x"), 0),
    ] {
        let update = next(&client);
        assert_eq!(
            (&update["exchange"], &update["payload"]["number"]),
            (&exchange, &json!(number))
        );
    }
}

#[test]
fn cancel_ends_the_other_request_and_tells_the_agent() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    put(
        &client,
        "user_status",
        "slow",
        json!({"Username": "bob", "Domain": "ACME"}),
    );
    let slow = agent.next_request();
    put(&client, "cancel", "c", json!({"exchange": "slow"}));
    let (first, second) = (next(&client), next(&client));
    assert_eq!(
        (&first["exchange"], &first["status"]),
        (&json!("slow"), &json!(1006))
    );
    assert_eq!(
        (&second["exchange"], &second["status"]),
        (&json!("c"), &json!(0))
    );
    let told = agent.next_request();
    assert_eq!(
        (&told["operation"], &told["payload"]["exchange"]),
        (&json!("cancel"), &slow["exchange"])
    );
    // Too late, and meets nobody.
    agent.answer(&slow, json!({"status": "active"}));
    let update = ask(&client, "cancel", "d", json!({"exchange": "slow"}));
    assert_eq!(update["status"], 1003);
    assert!(specifics(&update).contains("slow"), "{update}");
}

#[test]
fn silence_is_answered_at_the_deadline() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    let device = "AA:BB:CC:DD:EE:FF";
    for (operation, payload, status) in [
        (
            "assert_identity",
            json!({"assert_type": "assert_user", "device": device, "deadline_ms": 1}),
            3010,
        ),
        (
            "user_status",
            json!({"Username": "bob", "Domain": "ACME", "deadline_ms": 1}),
            2005,
        ),
        ("list_endpoints", json!({"deadline_ms": 1}), 4003),
    ] {
        assert_eq!(
            ask(&client, operation, operation, payload)["status"],
            status
        );
    }
}

#[test]
fn terminate_answers_what_is_in_flight_and_leaves_the_queue_readable() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    put(&client, "list_endpoints", "done", json!({}));
    put(&client, "list_endpoints", "open", json!({}));
    let requests = [agent.next_request(), agent.next_request()];
    let started = std::time::Instant::now();
    agent.answer(&requests[0], json!({"endpoints": []}));
    let done = answer(&client, "done");
    assert_eq!(done["status"], 0);
    client.terminate();
    assert!(started.elapsed() < crate::fake::PATIENCE);
    assert_eq!(client.put("{}"), Err(PutError::NotRunning));
    let open = next(&client);
    assert_eq!(
        (&open["exchange"], &open["status"]),
        (&json!("open"), &json!(1007))
    );
    assert_eq!(client.try_get(), Err(GetError::Terminated));
    assert_eq!(client.try_get(), Err(GetError::NotRunning));
    client.terminate();
    assert_eq!(client.get(None), Err(GetError::NotRunning));
}

#[test]
fn terminate_wakes_every_blocked_getter_from_any_thread() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = Arc::new(bench.ready(&agent));
    let (started, begun) = std::sync::mpsc::channel();
    let getters: Vec<_> = (0..4)
        .map(|_| {
            let (client, started) = (Arc::clone(&client), started.clone());
            thread::spawn(move || {
                started.send(()).unwrap();
                client.get(None)
            })
        })
        .collect();
    for _ in 0..4 {
        begun.recv().unwrap();
    }
    let terminators: Vec<_> = (0..2)
        .map(|_| {
            let client = Arc::clone(&client);
            thread::spawn(move || client.terminate())
        })
        .collect();
    terminators
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let ends: Vec<_> = getters
        .into_iter()
        .map(|getter| getter.join().unwrap())
        .collect();
    // Each was blocked (then it is told), or came just too late (then one of them was told).
    assert!(ends.contains(&Err(GetError::Terminated)), "{ends:?}");
    assert!(ends.iter().all(|end| end.is_err()), "{ends:?}");
}

#[test]
fn terminate_does_not_wait_for_a_server_that_never_answers() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut init = bench.init();
    init["nes_url"] = json!(format!("http://{}/nes", silent.local_addr().unwrap()));
    put(&client, "init", "1", init);
    let _connection = silent.accept().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let ending = thread::spawn(move || {
        client.terminate();
        sender.send(answer(&client, "1")["status"].clone()).unwrap();
    });
    let status = receiver
        .recv_timeout(Duration::from_secs(10))
        .expect("terminate hangs");
    assert_eq!(status, 1007);
    ending.join().unwrap();
}

#[test]
fn a_call_in_process_gets_its_answer_past_the_queue() {
    use nymi_core::message::{Payload, Request};
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    let runtime = crate::fake::runtime();
    let answer = runtime.block_on(async {
        let call = client.call(Request::new("mine", Payload::ListEndpoints));
        let serve = async {
            let request = agent.next_request();
            agent.answer(&request, json!({"endpoints": []}));
        };
        tokio::join!(call, serve).0
    });
    assert!(answer.status.is_success());
    assert_eq!(client.try_get(), Ok(None));
    client.terminate();
    let late = runtime.block_on(client.call(Request::new("late", Payload::ListEndpoints)));
    assert_eq!(late.status.code(), 1007);
}

#[test]
fn the_log_directory_must_be_there() {
    let bench = Bench::new();
    let mut config = bench.config("ws://127.0.0.1:1");
    if let Some(log) = &mut config.log {
        log.directory = bench.home.path().join("missing");
    }
    let error = Client::start(config).unwrap_err().to_string();
    assert!(error.contains("missing"), "{error}");
}

/// More updates than this are not queued for a program that does not read.
const MOST_UNREAD: usize = 16 * 1024;

#[test]
fn a_program_that_puts_and_never_gets_is_refused_until_it_reads() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    let mut taken = 0;
    while client.put("{}") == Ok(()) {
        taken += 1;
        assert!(taken <= MOST_UNREAD);
    }
    assert_eq!(client.put("{}"), Err(PutError::TooManyUnread));
    for _ in 0..taken / 2 {
        assert_eq!(next(&client)["status"], 1002);
    }
    client.put("{}").unwrap();
    // Each one that was taken is answered.
    for _ in taken / 2..=taken {
        assert_eq!(next(&client)["status"], 1002);
    }
    assert_eq!(client.try_get(), Ok(None));
}

/// A client that has not read any of so many taps, and is full.
fn client_with_unread_taps(bench: &Bench, agent: &crate::fake::FakeAgent, taps: usize) -> Client {
    let mut config = bench.config(&agent.url);
    config.log = None;
    let client = Client::start(config).unwrap();
    assert_eq!(ask(&client, "init", "1", bench.init())["status"], 0);
    agent.wait_for_proof();
    subscribe(&client, agent, "bench");
    for number in 0..taps {
        agent.update(json!({"operation": "tap", "exchange": null, "status": 0,
            "payload": {"endpoint_id": "bench", "number": number}, "error": {}}));
    }
    while client.put("{}") == Ok(()) {
        // The taps want to come in, too.
        thread::yield_now();
    }
    client
}

#[test]
fn taps_that_nobody_reads_are_left_with_the_agent_and_none_is_lost() {
    let bench = Bench::new();
    let agent = bench.agent();
    let taps = 3 * MOST_UNREAD;
    let client = client_with_unread_taps(&bench, &agent, taps);
    for expected in 0..taps {
        let mut update = next(&client);
        while update["operation"] != "tap" {
            update = next(&client);
        }
        assert_eq!(update["payload"]["number"], expected);
    }
}

#[test]
fn taps_that_nobody_reads_do_not_fill_the_memory() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = client_with_unread_taps(&bench, &agent, 4 * MOST_UNREAD);
    // Time enough for the others, if they were taken.
    thread::sleep(Duration::from_secs(1));
    let begun = std::time::Instant::now();
    client.terminate();
    assert!(begun.elapsed() < Duration::from_secs(1));
    let mut unread = 0;
    while client.get(None).is_ok() {
        unread += 1;
    }
    assert!(unread <= MOST_UNREAD + 16, "{unread}");
}

#[test]
fn an_end_that_hangs_is_waited_for_once() {
    let bench = Bench::new();
    let mut config = bench.config("ws://127.0.0.1:1");
    config.log = None;
    config.on_thread_start = Some(|| {
        loop {
            thread::park();
        }
    });
    let client = Client::start(config).unwrap();
    let begun = std::time::Instant::now();
    client.terminate();
    client.terminate();
    drop(client);
    let waited = begun.elapsed();
    let once = Duration::from_millis(700)..Duration::from_millis(1500);
    assert!(once.contains(&waited), "{waited:?}");
}

/// A named pipe in the place of the log, which nobody reads: writing to it would hang.
#[test]
#[cfg(unix)]
fn a_log_that_would_hang_is_refused_at_once() {
    let bench = Bench::new();
    let file = bench.home.path().join("nymi_api.log");
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    // With another end, and without.
    for reader in [true, false] {
        let _reader = reader.then(|| std::fs::File::options().read(true).write(true).open(&file));
        let refused = Client::start(bench.config("ws://127.0.0.1:1")).unwrap_err();
        let why = refused.to_string();
        assert!(why.contains("it is no regular file"), "{why}");
    }
}
