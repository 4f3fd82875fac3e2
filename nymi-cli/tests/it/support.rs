//! A running `nymi up`, and a web application that talks to it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for a loaded machine; nothing here waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the program to its end.
pub(crate) fn nymi(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nymi"))
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Sends a signal, such as `-TERM`, to a process of this test.
pub(crate) fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// A `nymi up` of this test's own, on free ports.
pub(crate) struct Up {
    process: Child,
    stderr: Option<ChildStderr>,
    pub(crate) line: String,
    pub(crate) ready: Value,
}

impl Up {
    pub(crate) fn ephemeral() -> Self {
        Self::start(&["--ephemeral"])
    }

    pub(crate) fn in_directory(data: &Path) -> Self {
        Self::start(&["--data", data.to_str().unwrap()])
    }

    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_nymi"))
            .args(["up", "--json", "--headless"])
            .args([
                "--agent-port=0",
                "--webapi-port=0",
                "--nes-port=0",
                "--page-port=0",
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let mut error = String::new();
            stderr.read_to_string(&mut error).unwrap();
            panic!("not ready: {line:?} {error}");
        };
        Self {
            process,
            stderr: Some(stderr),
            line,
            ready,
        }
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap()
    }

    pub(crate) fn band(&self, index: usize) -> &str {
        self.ready["bands"][index]["NymiBandID"].as_str().unwrap()
    }

    /// `host:port` of one of the URLs.
    pub(crate) fn address(&self, key: &str) -> String {
        let url = self.text(key);
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap().to_owned()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends SIGTERM and gives exit status and what stood on standard error.
    pub(crate) fn terminate(mut self) -> (ExitStatus, String) {
        self.signal("-TERM");
        let status = self.process.wait().unwrap();
        let mut error = String::new();
        self.stderr
            .take()
            .unwrap()
            .read_to_string(&mut error)
            .unwrap();
        (status, error)
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.process.id());
    }

    /// One command at the control port of the virtual hardware.
    pub(crate) fn hardware(&self, command: &str) -> String {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(self.text("nymulator")).unwrap();
        writeln!(stream, "{command}").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// GET of a route of the page, as JSON.
    pub(crate) fn page(&self, route: &str) -> Value {
        let (status, body) = http(&self.address("page"), "GET", route, &[], "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A plain HTTP/1.1 exchange, so that a test may send whatever it likes as headers.
pub(crate) fn http(
    address: &str,
    method: &str,
    route: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {route} HTTP/1.1\r\nConnection: close\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A refused upgrade may be cut off after its head.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .parse()
        .unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

/// A web application.
pub(crate) struct WebApp {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    exchanges: u32,
    /// Updates that came while another was awaited.
    aside: Vec<Value>,
}

impl WebApp {
    pub(crate) async fn connect(up: &Up) -> Self {
        let (socket, _) = connect_async(up.text("webapi")).await.unwrap();
        Self {
            socket,
            exchanges: 0,
            aside: Vec::new(),
        }
    }

    /// Connected, subscribed to the endpoint of this machine, its radio heard.
    pub(crate) async fn subscribed(up: &Up) -> Self {
        let mut app = Self::connect(up).await;
        let answer = app
            .ask("subscribe_endpoint", json!({"endpoint_id": "127.0.0.1"}))
            .await;
        assert_eq!(answer["status"], 0, "{answer}");
        app.until(|update| update["payload"]["event"] == "ble_ready")
            .await;
        app
    }

    pub(crate) async fn send(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, operation: &str, payload: Value) -> Value {
        self.exchanges += 1;
        let exchange = format!("test-{}", self.exchanges);
        let request = json!({"operation": operation, "exchange": exchange, "payload": payload});
        self.send(request.to_string()).await;
        self.until(|update| update["exchange"] == exchange.as_str())
            .await
    }

    /// The first update that fits, also of those that came before.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&fits) {
            return self.aside.remove(at);
        }
        // Presence goes on all the time, so that the deadline is for all of them together.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = timeout_at(deadline, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| {
                let last = self
                    .aside
                    .iter()
                    .rev()
                    .find(|update| update["operation"] != "presence");
                panic!("no such update; the last other one was {last:?}")
            });
            let Message::Text(text) = message.expect("open").expect("readable") else {
                continue;
            };
            let update: Value = serde_json::from_str(&text).unwrap();
            if fits(&update) {
                return update;
            }
            self.aside.push(update);
        }
    }

    /// Taps a band and gives the tap's payload.
    pub(crate) async fn tap(&mut self, up: &Up, band: &str, method: &str) -> Value {
        let answer = up.hardware(&format!("tap {band} {method}"));
        assert!(answer.starts_with("ok"), "{answer}");
        let tap = self
            .until(|update| update["operation"] == "tap" && update["payload"]["NymiBandID"] == band)
            .await;
        tap["payload"].clone()
    }

    /// Taps and signs a document; the whole answer.
    pub(crate) async fn sign(&mut self, up: &Up, band: &str, document: &[u8]) -> Value {
        let tap = self.tap(up, band, "ble").await;
        self.ask(
            "assert_identity",
            json!({
                "assert_type": "assert_user",
                "device": band,
                "intent_id": tap["intent_id"],
                "document_sha256": sha256_hex(document),
                "meaning": "approved",
            }),
        )
        .await
    }
}

pub(crate) fn sha256_hex(document: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(document))
}
