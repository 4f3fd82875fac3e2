//! An Enterprise Server that answers what the test tells it to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use nymi_net::guard::Guard;
use nymi_net::serve::{self, ServerHandle};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

pub(crate) const USER: &str = "nymi-agent";
pub(crate) const PASSWORD: &str = "agent's password";

/// What the server does.
#[derive(Default)]
struct Script {
    bands: Vec<Value>,
    answers: VecDeque<(u16, Value)>,
    asked: Vec<Value>,
    tokens: u32,
    refused_tokens: u32,
    hold: bool,
    logins: u32,
    busy_logins: u32,
}

pub(crate) struct FakeNes {
    script: Arc<Shared>,
    server: ServerHandle,
}

struct Shared {
    script: Mutex<Script>,
    assertion_asked: watch::Sender<usize>,
    released: Notify,
    logged_in: Notify,
}

impl FakeNes {
    pub(crate) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            assertion_asked: watch::Sender::new(0),
            released: Notify::new(),
            logged_in: Notify::new(),
        });
        let router = Router::new()
            .route("/nes/api/BasicLoginWithToken", get(login))
            .route("/nes/api/NymiBands", get(bands))
            .route("/nes/api/Assertions", post(assertions))
            .route("/nes/api/UserStatus/{domain}/{username}", get(user_status))
            .with_state(Arc::clone(&shared));
        let listener = serve::bind(address).await.unwrap();
        let server = serve::serve(listener, router, Guard::loopback(), None).unwrap();
        Self {
            script: shared,
            server,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/nes", self.address())
    }

    /// Rows that lookups search.
    pub(crate) fn set_bands(&self, rows: Vec<Value>) {
        self.script.script.lock().unwrap().bands = rows;
    }

    /// The next assertion is answered with this; without any, it succeeds.
    pub(crate) fn answer_next(&self, status: u16, body: Value) {
        self.script
            .script
            .lock()
            .unwrap()
            .answers
            .push_back((status, body));
    }

    /// Assertions wait until [`FakeNes::release`].
    pub(crate) fn hold(&self) {
        self.script.script.lock().unwrap().hold = true;
    }

    pub(crate) fn release(&self) {
        self.script.script.lock().unwrap().hold = false;
        self.script.released.notify_waiters();
    }

    /// The bodies of all assertion requests, once there are `count`.
    pub(crate) async fn asked(&self, count: usize) -> Vec<Value> {
        let mut asked = self.script.assertion_asked.subscribe();
        asked.wait_for(|asked| *asked >= count).await.unwrap();
        self.script.script.lock().unwrap().asked.clone()
    }

    /// Tokens that were given out are refused from now on.
    pub(crate) fn forget_tokens(&self) {
        let mut script = self.script.script.lock().unwrap();
        script.refused_tokens = script.tokens;
    }

    /// The next log-ins are answered with 429, whatever their password.
    pub(crate) fn busy_for(&self, logins: u32) {
        self.script.script.lock().unwrap().busy_logins = logins;
    }

    /// How many log-ins were tried.
    pub(crate) fn logins(&self) -> u32 {
        self.script.script.lock().unwrap().logins
    }

    /// Waits for a log-in from now on.
    pub(crate) async fn logged_in(&self) {
        self.script.logged_in.notified().await;
    }

    pub(crate) async fn stop(self) {
        self.server.shutdown().await;
    }
}

fn refuse(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// The refusal of a request without a good token.
fn unauthorized(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let given = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let number = given
        .strip_prefix("Bearer token-")
        .and_then(|number| number.parse::<u32>().ok());
    let script = shared.script.lock().unwrap();
    match number {
        Some(number) if number > script.refused_tokens && number <= script.tokens => None,
        _ => Some(refuse(
            401,
            json!({"Message": "Authorization has been denied for this request."}),
        )),
    }
}

async fn login(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    use base64::Engine as _;
    {
        let mut script = shared.script.lock().unwrap();
        script.logins += 1;
        if script.busy_logins > 0 {
            script.busy_logins -= 1;
            return refuse(
                429,
                json!({"Message": "too many failed sign-ins", "Status": 2002}),
            );
        }
    }
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if headers
        .get("authorization")
        .is_none_or(|given| *given != format!("Basic {pair}"))
    {
        return refuse(401, json!({"Message": "wrong user name or password"}));
    }
    let mut script = shared.script.lock().unwrap();
    script.tokens += 1;
    shared.logged_in.notify_one();
    Json(json!({"Token": format!("token-{}", script.tokens)})).into_response()
}

async fn bands(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if let Some(refusal) = unauthorized(&shared, &headers) {
        return refusal;
    }
    let script = shared.script.lock().unwrap();
    let fits = |row: &&Value| query.iter().all(|(name, value)| row[name] == json!(value));
    Json(
        script
            .bands
            .iter()
            .filter(fits)
            .cloned()
            .collect::<Vec<_>>(),
    )
    .into_response()
}

async fn assertions(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(refusal) = unauthorized(&shared, &headers) {
        return refusal;
    }
    let released = shared.released.notified();
    let (answer, hold) = {
        let mut script = shared.script.lock().unwrap();
        script.asked.push(body.clone());
        (script.answers.pop_front(), script.hold)
    };
    shared.assertion_asked.send_modify(|asked| *asked += 1);
    if hold {
        released.await;
    }
    match answer {
        Some((status, answer)) => refuse(status, answer),
        None => Json(json!({
            "Username": "alice",
            "Domain": "ACME",
            "NymiBandID": body["NymiBandID"],
            "method": body["method"],
            "verified_at": "2026-05-13T08:30:00.000Z",
            "assertion": "head.body.signature",
        }))
        .into_response(),
    }
}

async fn user_status(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    if let Some(refusal) = unauthorized(&shared, &headers) {
        return refusal;
    }
    if path["username"] != "alice" {
        return refuse(404, json!({"Message": "no such user", "Status": 6010}));
    }
    let checked_at = "2026-05-13T08:30:00.000Z";
    Json(json!({"status": "active", "cached": false, "checked_at": checked_at})).into_response()
}
