//! The two figures that a newcomer feels: how long until everything is ready, and how long from a tap
//! to a signature that verifies offline.
//!
//! `ready` starts the released program itself, to its first line of output. `tap to verified
//! assertion` begins when the application hears the tap (how long a person holds the band is not the
//! system's time) and runs over the real WebAPI; `echo over the same kind of socket` is the floor: a
//! WebSocket round trip in the same run.

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::{SinkExt, StreamExt};
use nymi_core::assertion::{self, Check, Expectations};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_crypto_ring::RingVerifier;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_async, connect_async};

const DOCUMENT: &[u8] = b"Batch 4711";

struct Up {
    process: Child,
    ready: Value,
}

impl Up {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_nymi"))
            .args(["up", "--json", "--ephemeral", "--headless"])
            .args([
                "--agent-port",
                "0",
                "--webapi-port",
                "0",
                "--nes-port",
                "0",
                "--page-port",
                "0",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("nymi starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("a first line");
        let ready = serde_json::from_str(&line).expect("the first line is JSON");
        Self { process, ready }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

fn ready(c: &mut Criterion) {
    let mut group = c.benchmark_group("nymi up --json --ephemeral");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(15));
    group.bench_function("ready", |b| {
        b.iter_custom(|times| {
            let mut total = Duration::ZERO;
            for _ in 0..times {
                let begin = Instant::now();
                let up = Up::start();
                total += begin.elapsed();
                drop(up);
            }
            total
        });
    });
    group.finish();
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn ask(socket: &mut Socket, operation: &str, payload: Value) -> Value {
    let request = json!({"operation": operation, "exchange": "bench", "payload": payload});
    socket
        .send(Message::text(request.to_string()))
        .await
        .expect("sent");
    until(socket, |update| update["exchange"] == "bench").await
}

async fn until(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = socket.next().await.expect("open").expect("readable");
        if let Message::Text(text) = message {
            let update: Value = serde_json::from_str(&text).expect("JSON");
            if wanted(&update) {
                return update;
            }
        }
    }
}

/// One tap; the time from hearing it to a verified signature.
async fn tap_and_sign(socket: &mut Socket, up: &Up, l1: &TrustAnchor) -> Duration {
    let band = up.ready["bands"][0]["NymiBandID"].as_str().expect("a band");
    let status = Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(["tap", band, "--nfc", "--nymulator"])
        .arg(up.ready["nymulator"].as_str().expect("an address"))
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("nymi tap runs").success());
    let tap = until(socket, |update| update["operation"] == "tap").await;
    let begin = Instant::now();
    let answer = ask(
        socket,
        "assert_identity",
        json!({
            "assert_type": "assert_user",
            "device": band,
            "intent_id": tap["payload"]["intent_id"],
            "document_sha256": hex::encode(Sha256::digest(DOCUMENT)),
            "meaning": "approved",
        }),
    )
    .await;
    let token = answer["payload"]["assertion"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let check = Check::Record {
        document_sha256: Sha256::digest(DOCUMENT).into(),
    };
    let expectations = Expectations::new(check).with_grade(GradeRequirement::Bronze);
    let verified = assertion::verify(
        &RingVerifier,
        std::slice::from_ref(l1),
        token,
        &expectations,
    );
    black_box(verified.expect("verifies"));
    begin.elapsed()
}

fn sign(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let up = Up::start();
    let l1 = std::fs::read_to_string(up.ready["l1"].as_str().expect("a file")).expect("readable");
    let l1 = TrustAnchor::from_pem(&l1).expect("L1");
    let url = up.ready["webapi"].as_str().expect("an address");
    let mut socket = runtime.block_on(connect_async(url)).expect("connected").0;
    runtime.block_on(ask(
        &mut socket,
        "subscribe_endpoint",
        json!({"endpoint_id": "127.0.0.1"}),
    ));

    let mut group = c.benchmark_group("signature");
    group.sample_size(20);
    group.bench_function("tap to verified assertion", |b| {
        b.iter_custom(|times| {
            let one = |_| runtime.block_on(tap_and_sign(&mut socket, &up, &l1));
            (0..times).map(one).sum()
        });
    });
    let mut echo = runtime.block_on(echo_server());
    group.bench_function("echo over the same kind of socket", |b| {
        b.iter(|| {
            runtime.block_on(async {
                echo.send(Message::text("x".repeat(256)))
                    .await
                    .expect("sent");
                echo.next().await.expect("open").expect("readable")
            })
        });
    });
    group.finish();
}

async fn echo_server() -> Socket {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("accepted");
        let mut socket = accept_async(stream).await.expect("a WebSocket");
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                break;
            }
        }
    });
    connect_async(format!("ws://{address}/"))
        .await
        .expect("connected")
        .0
}

criterion_group!(benches, ready, sign);
criterion_main!(benches);
