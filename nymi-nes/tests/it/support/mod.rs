//! A server, its callers and software bands.

mod band;
pub(crate) mod description;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nymi_core::UnixMillis;
use nymi_core::enrollment::Reason;
use nymi_nes::{Clock, Config, Grade, Server, ServerHandle, ServiceKind};
use nymi_net::http::{HttpClient, HttpReply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use band::{SoftBand, WORN};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A clock that moves when the test says so.
pub(crate) struct TestClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        // 2026-05-13T08:00:00Z
        Arc::new(Self {
            wall: AtomicI64::new(1_778_659_200_000),
            monotonic: AtomicI64::new(1_000_000),
        })
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.monotonic.fetch_add(ms, Ordering::SeqCst);
    }

    /// Someone sets the wall clock.
    pub(crate) fn step(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic_ms(&self) -> i64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}

/// A running server with an evaluation enterprise.
pub(crate) struct Nes {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
    pub(crate) server: ServerHandle,
    pub(crate) client: HttpClient,
}

/// A status and its JSON.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.code), "{self:?}");
        self.body
    }

    /// A refusal with this HTTP status and this status code.
    #[track_caller]
    pub(crate) fn refused(self, code: u16, status: u32) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.body["Status"], status, "{self:?}");
        assert!(
            self.body["Message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        self.body
    }

    /// The refusal of an enrollment or log-in: the reason's text as the message's JSON, its event, and
    /// its hint if it has one.
    #[track_caller]
    pub(crate) fn refused_for(self, code: u16, reason: Reason) -> Value {
        let body = self.refused(code, reason.status().code());
        let event = reason.event().unwrap().id();
        let message: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
        assert_eq!(
            message,
            json!({"ResponseCode": event, "Description": reason.description_in("CORP")})
        );
        assert_eq!(body["EventTypeID"], event);
        assert_eq!(body.get("Hint").cloned(), reason.hint().map(Value::from));
        body
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) code: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl From<Raw> for Reply {
    fn from(raw: Raw) -> Self {
        Self {
            code: raw.code,
            body: serde_json::from_str(&raw.body).unwrap_or(Value::Null),
        }
    }
}

impl From<HttpReply> for Reply {
    fn from(reply: HttpReply) -> Self {
        Self {
            code: reply.status.as_u16(),
            body: reply.json().unwrap_or(Value::Null),
        }
    }
}

pub(crate) fn config(folder: &TempDir) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        grade: Grade::Bronze,
        ..Config::new(folder.path().join("data"))
    }
}

impl Nes {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        change(&mut config);
        let clock = TestClock::new();
        let server = Server::start_with(config.clone(), clock.clone())
            .await
            .unwrap();
        server
            .admin()
            .create_evaluation_enterprise("Example")
            .await
            .unwrap();
        let client = HttpClient::new(&[]).unwrap();
        Self {
            clock,
            config,
            folder,
            server,
            client,
        }
    }

    /// Stops the server and starts it again on the same data.
    pub(crate) async fn restart(self) -> Self {
        self.server.shutdown().await;
        let server = Server::start_with(self.config.clone(), self.clock.clone())
            .await
            .unwrap();
        Self { server, ..self }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.server.url())
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
        body: Option<&Value>,
    ) -> Reply {
        let (url, deadline) = (self.url(path), Duration::from_secs(60));
        let reply = self
            .client
            .request(method.clone(), &url, authorization, body, deadline);
        let reply: Reply = reply.await.unwrap().into();
        description::check(&method, path, reply.code);
        reply
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Reply {
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        self.ask(Method::GET, "api/BasicLoginWithToken", Some(&basic), None)
            .await
    }

    async fn session(&self, name: &str) -> Session<'_> {
        let reply = self.log_in(name, PASSWORD).await.ok();
        Session {
            nes: self,
            bearer: format!("Bearer {}", reply["Token"].as_str().unwrap()),
        }
    }

    /// A new user of domain CORP, logged in.
    pub(crate) async fn user(&self, username: &str) -> Session<'_> {
        self.server
            .admin()
            .create_user("CORP", username, PASSWORD)
            .await
            .unwrap();
        self.session(&format!("CORP\\{username}")).await
    }

    /// A new administrator of domain CORP, logged in.
    pub(crate) async fn administrator(&self) -> Session<'_> {
        self.server
            .admin()
            .create_administrator("CORP", "admin", PASSWORD)
            .await
            .unwrap();
        self.session("CORP\\admin").await
    }

    /// A new agent that may speak for these endpoints, logged in.
    pub(crate) async fn agent(&self, name: &str, endpoints: &[&str]) -> Session<'_> {
        let endpoints = endpoints
            .iter()
            .map(|endpoint| (*endpoint).to_owned())
            .collect();
        let kind = ServiceKind::Agent { endpoints };
        self.server
            .admin()
            .create_service_account(name, PASSWORD, kind)
            .await
            .unwrap();
        self.session(name).await
    }

    /// A new enrollment terminal, logged in.
    pub(crate) async fn terminal(&self) -> Session<'_> {
        let kind = ServiceKind::EnrollmentTerminal;
        self.server
            .admin()
            .create_service_account("terminal", PASSWORD, kind)
            .await
            .unwrap();
        self.session("terminal").await
    }

    /// The EventTypeIDs, oldest first.
    pub(crate) async fn events(&self) -> Vec<u8> {
        let mut rows = self.server.admin().audit_rows(1000).await.unwrap();
        rows.reverse();
        rows.iter().map(|row| row.event_type_id).collect()
    }

    /// The database, for looking at and tampering with.
    pub(crate) async fn database(&self) -> sqlx::SqlitePool {
        let file = self.config.data_dir.join("nes.sqlite");
        sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap()
    }
}

/// Someone who is logged in.
#[derive(Clone)]
pub(crate) struct Session<'a> {
    pub(crate) nes: &'a Nes,
    pub(crate) bearer: String,
}

impl Session<'_> {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.nes
            .ask(Method::GET, path, Some(&self.bearer), None)
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.nes
            .ask(Method::POST, path, Some(&self.bearer), Some(body))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.nes
            .ask(Method::PUT, path, Some(&self.bearer), Some(body))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.nes
            .ask(Method::DELETE, path, Some(&self.bearer), None)
            .await
    }

    /// Sends the head of a request whose body is still to come.
    pub(crate) async fn begin_sending(
        &self,
        path: &str,
        headers: &str,
        length: usize,
    ) -> TcpStream {
        let (host, service) = (self.nes.server.local_addr(), self.nes.url(path));
        let (_, target) = service.split_once(&host.to_string()).unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nContent-Length: {length}\r\n\
             {headers}Connection: close\r\n\r\n",
            self.bearer,
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a body of any type; `headers` are whole lines.
    pub(crate) async fn send(&self, path: &str, headers: &str, body: &[u8]) -> Raw {
        let mut stream = self.begin_sending(path, headers, body.len()).await;
        // A server that refuses a large body need not read all of it.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head[9..12].parse().unwrap();
        description::check(&Method::POST, path, code);
        Raw {
            code,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Enrolls the band of this serial number for this user, as the server answers.
    pub(crate) async fn enroll_serial(&self, seed: u8, serial: &str) -> Reply {
        let begun = self.post("api/Enrollments", &json!({})).await.ok();
        self.finish(&begun, seed, serial).await
    }

    /// Completes an enrollment that was begun.
    pub(crate) async fn finish(&self, begun: &Value, seed: u8, serial: &str) -> Reply {
        let (_, body) = SoftBand::enroll_serial(seed, serial, begun);
        let id = begun["enrollment_id"].as_str().unwrap();
        self.put(&format!("api/Enrollments/{id}"), &body).await
    }

    /// Enrolls a software band for this user and sets its clock.
    pub(crate) async fn enroll(&self, seed: u8) -> SoftBand {
        let band = self.enroll_without_clock(seed).await;
        self.set_clock(band).await
    }

    pub(crate) async fn enroll_without_clock(&self, seed: u8) -> SoftBand {
        let begun = self.post("api/Enrollments", &json!({})).await.ok();
        let (band, body) = SoftBand::enroll(seed, &begun);
        let path = format!(
            "api/Enrollments/{}",
            begun["enrollment_id"].as_str().unwrap()
        );
        self.put(&path, &body).await.ok();
        band
    }

    /// Sets the band's clock to this moment.
    pub(crate) async fn set_clock(&self, mut band: SoftBand) -> SoftBand {
        let now = self.nes.clock.now().0;
        let path = format!("api/NymiBands/{}/SetTime", band.id);
        let reply = self.post(&path, &json!({"t_set_ms": now})).await.ok();
        band.set_time(now, reply["set_time"].as_str().unwrap());
        assert_eq!(reply["t_interval_ms"], 1000);
        band
    }

    /// Verifies frames that `endpoint` heard.
    pub(crate) async fn verify(
        &self,
        band: &SoftBand,
        endpoint: &str,
        frames: &[Vec<u8>],
    ) -> Reply {
        let frames: Vec<String> = frames.iter().map(hex::encode).collect();
        let body =
            json!({"NymiBandID": band.id, "frames": frames, "endpoint": endpoint, "method": "ble"});
        self.post("api/Pac/verify", &body).await
    }

    /// The outcome of one frame.
    pub(crate) async fn outcome(&self, band: &SoftBand, endpoint: &str, frame: Vec<u8>) -> String {
        let reply = self.verify(band, endpoint, &[frame]).await.ok();
        reply["outcome"].as_str().unwrap().to_owned()
    }
}

/// A request body for an assertion about a document.
pub(crate) fn wish(band: &SoftBand, frame: &[u8], intent: &str, at: UnixMillis) -> Value {
    json!({
        "NymiBandID": band.id, "frames": [hex::encode(frame)], "endpoint": "t-7", "method": "ble",
        "intent_id": intent, "intent_at": at, "azp": "webapi", "document_sha256": "ab".repeat(32),
        "meaning": "approved", "nonce": "n-1",
    })
}

pub(crate) const INTENT: &str = "6f1e7c5a-4b5a-4d6e-8f3a-0a1b2c3d4e5f";

/// Runs all at the same time, in order of completion within each turn.
pub(crate) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(Box::pin).map(Some).collect();
    let mut done: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (slot, result) in pending.iter_mut().zip(&mut done) {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *result = Some(output);
                *slot = None;
            }
        }
        if pending.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
