//! A scripted enterprise server and a scripted agent, on loopback.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::serve::Listener;
use axum::{Json, Router};
use nymi_core::chain::{Csr, pem};
use nymi_core::crypto::{PublicKey, RustCrypto, SignatureVerifier};
use nymi_net::guard::Guard;
use nymi_net::serve;
use nymi_net::tls::ServerTls;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::pki::{Days, Pki};

/// How long a test waits for what must happen: only a failure takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// What the scripted NES does next.
pub(crate) struct NesScript {
    pub(crate) pki: Pki,
    pub(crate) days: Days,
    pub(crate) roles: Vec<u64>,
    pub(crate) issued: usize,
    /// Answer every certificate request with this.
    pub(crate) refuse: Option<(u16, Value)>,
    /// The key to certify instead of the one asked for.
    pub(crate) other_key: Option<[u8; 65]>,
    /// The bodies of enrollment requests: route and JSON.
    pub(crate) enrollment: Vec<(&'static str, Value)>,
}

pub(crate) type Script = Arc<Mutex<NesScript>>;

pub(crate) struct FakeNes {
    pub(crate) url: String,
    pub(crate) script: Script,
}

pub(crate) const USER: &str = "ACME\\records";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl FakeNes {
    pub(crate) fn start(runtime: &Runtime, grade: u8) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/nes", listener.local_addr().unwrap());
        let _entered = runtime.enter();
        Self::start_on(listener, &url, grade)
    }

    /// On the runtime that is entered.
    pub(crate) fn start_on<L: Listener>(listener: L, url: &str, grade: u8) -> Self
    where
        L::Addr: std::fmt::Debug,
    {
        let script = Arc::new(Mutex::new(NesScript {
            pki: Pki::new(grade),
            days: (1, 15),
            roles: vec![1],
            issued: 0,
            refuse: None,
            other_key: None,
            enrollment: Vec::new(),
        }));
        let url = url.to_owned();
        let nes = Self { url, script };
        nes.serve_at(listener);
        nes
    }

    /// Serves there from now on, too, on the runtime that is entered.
    pub(crate) fn serve_at<L: Listener>(&self, listener: L)
    where
        L::Addr: std::fmt::Debug,
    {
        let router = Router::new()
            .route("/nes/api/BasicLoginWithToken", get(log_in))
            .route("/nes/api/Certificates", post(certify))
            .route("/nes/api/Enrollments", post(begin_enrollment))
            .route("/nes/api/Enrollments/{id}", put(finish_enrollment))
            .route("/nes/api/NymiBands/{id}/SetTime", post(set_time))
            .with_state(Arc::clone(&self.script));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    pub(crate) fn issued(&self) -> usize {
        self.script.lock().unwrap().issued
    }
}

async fn log_in(headers: HeaderMap) -> Response {
    // base64 of USER:PASSWORD
    let expected = "Basic QUNNRVxyZWNvcmRzOmNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=";
    if headers
        .get("authorization")
        .is_some_and(|value| value == expected)
    {
        Json(json!({"Token": "t0ken-of-records"})).into_response()
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({"Message": "wrong"}))).into_response()
    }
}

async fn certify(
    State(script): State<Script>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if headers
        .get("authorization")
        .is_none_or(|value| value != "Bearer t0ken-of-records")
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut script = script.lock().unwrap();
    if let Some((status, body)) = &script.refuse {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response();
    }
    let csr = Csr::from_pem(&RustCrypto, body["csr"].as_str().unwrap()).unwrap();
    let point = script
        .other_key
        .unwrap_or(*csr.public_key().as_uncompressed());
    script.issued += 1;
    let leaf = script.pki.leaf(
        body["nea_name"].as_str().unwrap(),
        &point,
        &script.roles,
        script.days,
    );
    let chain = [&leaf, &script.pki.l2].map(|der| pem::encode("CERTIFICATE", der));
    let not_after = format!("2026-01-{:02}T00:00:00.000Z", script.days.1);
    Json(json!({"chain": chain, "serial": "01", "not_after": not_after})).into_response()
}

pub(crate) const ENROLLMENT_ID: &str = "000102030405060708090a0b0c0d0e0f";

async fn begin_enrollment(State(script): State<Script>, Json(body): Json<Value>) -> Json<Value> {
    let mut script = script.lock().unwrap();
    script.enrollment.push(("begin", body));
    let agreement = script.pki.leaf("Acme NES", &[4; 65], &[2], script.days);
    let chain =
        [&agreement, &script.pki.l2, &script.pki.l1].map(|der| pem::encode("CERTIFICATE", der));
    Json(json!({"enrollment_id": ENROLLMENT_ID, "chain": chain}))
}

async fn finish_enrollment(
    Path(id): Path<String>,
    State(script): State<Script>,
    Json(body): Json<Value>,
) -> Response {
    assert_eq!(id, ENROLLMENT_ID);
    let mut script = script.lock().unwrap();
    script.enrollment.push(("finish", body));
    match &script.refuse {
        Some((status, body)) => {
            (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response()
        }
        None => Json(json!({})).into_response(),
    }
}

async fn set_time(
    Path(band): Path<String>,
    State(script): State<Script>,
    Json(mut body): Json<Value>,
) -> Json<Value> {
    body["band"] = json!(band);
    script.lock().unwrap().enrollment.push(("set_time", body));
    Json(json!({"set_time": "0f".repeat(16), "t_interval_ms": 1000}))
}

/// What the agent's side of the channel saw.
#[derive(Debug)]
pub(crate) enum Seen {
    /// A join of this topic.
    Joined(String),
    /// A proof that verifies.
    Authenticated,
    /// A request's envelope.
    Request(Value),
}

pub(crate) struct FakeAgent {
    address: SocketAddr,
    pub(crate) url: String,
    seen: Receiver<Seen>,
    shared: Arc<Shared>,
    kill: watch::Sender<bool>,
}

struct Shared {
    seen: Sender<Seen>,
    /// Updates to the client of the present connection.
    to_client: Mutex<Option<mpsc::UnboundedSender<Value>>>,
    refuse_proof: AtomicBool,
    kill: watch::Receiver<bool>,
}

impl FakeAgent {
    pub(crate) fn start(runtime: &Runtime) -> Self {
        Self::start_at(runtime, "127.0.0.1:0".parse().unwrap(), false)
    }

    pub(crate) fn start_refusing(runtime: &Runtime) -> Self {
        Self::start_at(runtime, "127.0.0.1:0".parse().unwrap(), true)
    }

    pub(crate) fn start_at(runtime: &Runtime, address: SocketAddr, refuse_proof: bool) -> Self {
        Self::start_with(runtime, address, refuse_proof, None)
    }

    /// One that speaks TLS.
    pub(crate) fn start_tls(runtime: &Runtime, address: SocketAddr, tls: ServerTls) -> Self {
        Self::start_with(runtime, address, false, Some(tls))
    }

    fn start_with(
        runtime: &Runtime,
        address: SocketAddr,
        refuse_proof: bool,
        tls: Option<ServerTls>,
    ) -> Self {
        let (seen_sender, seen) = channel();
        let (kill, killed) = watch::channel(false);
        let shared = Arc::new(Shared {
            seen: seen_sender,
            to_client: Mutex::new(None),
            refuse_proof: AtomicBool::new(refuse_proof),
            kill: killed.clone(),
        });
        let router = Router::new()
            .route("/socket/websocket", get(upgrade))
            .with_state(Arc::clone(&shared));
        let listener = runtime.block_on(bind(address));
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{address}/socket/websocket");
        let _entered = runtime.enter();
        let server = serve::serve(listener, router, Guard::loopback(), tls).unwrap();
        runtime.spawn(async move {
            let mut killed = killed;
            let _ = killed.changed().await;
            drop(server);
        });
        Self {
            address,
            url,
            seen,
            shared,
            kill,
        }
    }

    /// Ends the agent and its connections; from then on its address refuses, and another one can start there.
    pub(crate) fn stop(self) -> SocketAddr {
        let _ = self.kill.send(true);
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_ok() {
            assert!(Instant::now() < until, "{} still listens", self.address);
            thread::yield_now();
        }
        self.address
    }

    pub(crate) fn accept_proofs(&self) {
        self.shared.refuse_proof.store(false, Ordering::SeqCst);
    }

    pub(crate) fn next(&self) -> Seen {
        self.seen
            .recv_timeout(PATIENCE)
            .expect("the client should have done something")
    }

    pub(crate) fn next_request(&self) -> Value {
        loop {
            if let Seen::Request(request) = self.next() {
                return request;
            }
        }
    }

    pub(crate) fn wait_for_proof(&self) {
        while !matches!(self.next(), Seen::Authenticated) {}
    }

    pub(crate) fn update(&self, update: Value) {
        let sender = self.shared.to_client.lock().unwrap();
        sender
            .as_ref()
            .expect("a client is connected")
            .send(update)
            .unwrap();
    }

    pub(crate) fn answer(&self, request: &Value, payload: Value) {
        self.update(json!({
            "operation": request["operation"], "exchange": request["exchange"],
            "status": 0, "payload": payload, "error": {},
        }));
    }
}

async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            // The last one at this address is still closing.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn upgrade(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| talk(socket, shared))
}

async fn talk(mut socket: WebSocket, shared: Arc<Shared>) {
    let (to_client, mut updates) = mpsc::unbounded_channel();
    *shared.to_client.lock().unwrap() = Some(to_client);
    let mut kill = shared.kill.clone();
    let mut topic = String::new();
    loop {
        tokio::select! {
            _ = kill.changed() => return,
            Some(update) = updates.recv() => {
                let message = json!([null, null, topic, "update", update]).to_string();
                if socket.send(Message::Text(message.into())).await.is_err() { return; }
            }
            message = socket.recv() => {
                let Some(Ok(Message::Text(text))) = message else { return };
                let message: Value = serde_json::from_str(&text).unwrap();
                let (event, payload) = (message[3].as_str().unwrap(), &message[4]);
                let mut ok = true;
                let mut response = json!({});
                match event {
                    "phx_join" => {
                        topic = message[2].as_str().unwrap().to_owned();
                        response = json!({"nonce": NONCE});
                        let _ = shared.seen.send(Seen::Joined(topic.clone()));
                    }
                    "authenticate" if shared.refuse_proof.load(Ordering::SeqCst) => {
                        ok = false;
                        response = json!({"reason": "this agent does not know you", "status": 8000, "nsl": 14});
                    }
                    "authenticate" => {
                        verify_proof(payload, &topic);
                        let _ = shared.seen.send(Seen::Authenticated);
                    }
                    "request" => {
                        let _ = shared.seen.send(Seen::Request(payload.clone()));
                    }
                    _ => {}
                }
                let status = if ok { "ok" } else { "error" };
                let reply = json!([message[0], message[1], message[2], "phx_reply",
                    {"status": status, "response": response}]);
                if socket.send(Message::Text(reply.to_string().into())).await.is_err() { return; }
            }
        }
    }
}

/// What a proof has to sign here, in hex.
pub(crate) const NONCE: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// The proof of agent.md, checked without the code that made it.
pub(crate) fn verify_proof(payload: &Value, topic: &str) {
    use base64::Engine as _;
    let leaf = payload["chain"][0].as_str().unwrap();
    let leaf = base64::engine::general_purpose::STANDARD
        .decode(leaf)
        .unwrap();
    let point = leaf
        .windows(4)
        .position(|window| window == [0x03, 0x42, 0x00, 0x04])
        .unwrap()
        + 3;
    let key = PublicKey::from_uncompressed(&leaf[point..point + 65]).unwrap();
    let message = [b"nymi nea auth".as_slice(), &[7; 32], topic.as_bytes()].concat();
    let signature: Vec<u8> = {
        let hex = payload["signature"].as_str().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    RustCrypto.verify_fixed(&key, &message, &signature).unwrap();
}
