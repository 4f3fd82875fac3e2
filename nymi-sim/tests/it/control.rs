//! The control port over real sockets.

use std::sync::Arc;

use nymi_core::BandId;
use nymi_core::band::{BandReply, BandRequest};
use nymi_sim::clock::ManualClock;
use nymi_sim::stream::{Downlink, Uplink};
use nymi_sim::{Config, Handle, Nymulator, StartError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::pki::{Enterprise, NOW_MS};
use crate::terminal::{Enrolled, NOW, derive, offer, set_time};

/// A client of the port.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn connect(nymulator: &Handle) -> Self {
        Self(BufReader::new(
            TcpStream::connect(nymulator.addr()).await.unwrap(),
        ))
    }

    pub(crate) async fn send(&mut self, line: &str) {
        self.0
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// The next line; none once the server closed.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }

    pub(crate) async fn run(&mut self, command: &str) -> String {
        self.send(command).await;
        self.line().await.expect("an answer")
    }

    pub(crate) async fn downlink(&mut self) -> Option<Downlink> {
        Some(serde_json::from_str(&self.line().await?).unwrap())
    }

    /// Becomes an adapter; gives what it is told first.
    pub(crate) async fn radio(&mut self) -> Vec<Downlink> {
        assert_eq!(self.run("radio").await, "ok radio 1");
        vec![
            self.downlink().await.unwrap(),
            self.downlink().await.unwrap(),
        ]
    }

    pub(crate) async fn request(
        &mut self,
        address: BandId,
        data: Vec<u8>,
    ) -> (Option<String>, Option<u32>) {
        let data = hex::encode(data);
        let uplink = Uplink::Request {
            id: "one".into(),
            address,
            data,
            last: true,
        };
        self.send(&serde_json::to_string(&uplink).unwrap()).await;
        loop {
            if let Downlink::Reply {
                id,
                data,
                last,
                error,
            } = self.downlink().await.unwrap()
            {
                assert_eq!((id.as_str(), last), ("one", true));
                return (data, error);
            }
        }
    }

    async fn ask(&mut self, address: BandId, request: &BandRequest) -> BandReply {
        let (data, error) = self.request(address, request.to_bytes()).await;
        assert_eq!(error, None);
        BandReply::from_bytes(&hex::decode(data.unwrap()).unwrap()).unwrap()
    }
}

pub(crate) async fn start(clock: Arc<ManualClock>) -> Handle {
    let config = Config {
        seed: Some(1),
        bands: 2,
        clock,
        ..Config::default()
    };
    Nymulator::start(config).await.unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

/// Enrolls the first band, as a terminal does: through an adapter.
pub(crate) async fn enroll_over_tcp(nymulator: &Handle, enterprise: &Enterprise) -> Enrolled {
    let mac = nymulator.bands()[0].static_mac_address;
    let mut adapter = Client::connect(nymulator).await;
    adapter.radio().await;
    let reply = adapter
        .ask(mac, &BandRequest::Enroll(offer(enterprise)))
        .await;
    let BandReply::Enrollment(answer) = reply else {
        panic!("{reply:?}")
    };
    let enrolled = derive(enterprise, answer);
    let request = set_time(&enrolled, NOW_MS as u64);
    assert_eq!(adapter.ask(enrolled.id, &request).await, BandReply::Done);
    enrolled
}

#[tokio::test]
async fn answers_line_by_line() {
    let nymulator = start(clock()).await;
    let mut client = Client::connect(&nymulator).await;
    let list = client.run("list").await;
    let bands: serde_json::Value = serde_json::from_str(list.strip_prefix("ok ").unwrap()).unwrap();
    assert_eq!(bands[0]["SerialNumber"], "ACAK-00001");
    assert_eq!(bands[1]["NymiBandID"], serde_json::Value::Null);
    assert_eq!(client.run("wear ACAK-00001\r").await, "ok ACAK-00001 worn");
    assert_eq!(
        client.run("dance").await,
        "error no command \"dance\"; `help` lists all"
    );
    assert_eq!(client.run("add").await, "ok ACAK-00003");
    assert!(client.run("help").await.starts_with("ok list: "));
    nymulator.shutdown().await;
}

#[tokio::test]
async fn in_process_commands_are_the_same() {
    let nymulator = start(clock()).await;
    assert_eq!(
        nymulator.command("wear ACAK-00002").await.as_deref(),
        Ok("ACAK-00002 worn")
    );
    assert!(nymulator.command("wear nobody").await.is_err());
    assert!(nymulator.bands()[1].worn);
    nymulator.shutdown().await;
}

#[tokio::test]
async fn closes_on_http_without_running_the_body() {
    let nymulator = start(clock()).await;
    let mut page = TcpStream::connect(nymulator.addr()).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nwear ACAK-00001\n";
    page.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = page.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    assert!(!nymulator.bands()[0].worn);
    nymulator.shutdown().await;
}

#[tokio::test]
async fn lines_are_bounded_and_text() {
    let nymulator = start(clock()).await;
    let mut client = Client::connect(&nymulator).await;
    client.run("help").await;
    client.send(&"x".repeat(5000)).await;
    assert_eq!(
        client.line().await.as_deref(),
        Some("error a command has at most 1024 bytes")
    );
    assert_eq!(client.line().await, None);

    let mut client = Client::connect(&nymulator).await;
    client.run("help").await;
    client.0.write_all(b"\xff\xfe\n").await.unwrap();
    assert_eq!(
        client.line().await.as_deref(),
        Some("error a command is UTF-8 text")
    );

    let mut first = Client::connect(&nymulator).await;
    first.send(&"x".repeat(5000)).await;
    assert_eq!(
        first.line().await,
        None,
        "whoever begins like this gets no answer"
    );
    nymulator.shutdown().await;
}

#[tokio::test]
async fn listens_on_loopback_only_and_names_a_port_in_use() {
    let everywhere = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..Config::default()
    };
    let error = Nymulator::start(everywhere).await.err().unwrap();
    assert!(matches!(error, StartError::NotLoopback(_)), "{error}");
    let nymulator = start(clock()).await;
    let same = Config {
        listen: nymulator.addr(),
        ..Config::default()
    };
    let error = Nymulator::start(same).await.err().unwrap().to_string();
    assert!(
        error.contains(&nymulator.addr().to_string()) && error.contains("--listen"),
        "{error}"
    );
    nymulator.shutdown().await;
}

#[tokio::test]
async fn connections_are_bounded() {
    let nymulator = start(clock()).await;
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut client = Client::connect(&nymulator).await;
        client.run("help").await;
        clients.push(client);
    }
    let mut waiting = Client::connect(&nymulator).await;
    waiting.send("help").await;
    // The last one that is served still is, and the one beyond is not until there is room.
    clients[63].run("help").await;
    assert!(!has_answer(&waiting), "served beyond the bound");
    clients.pop();
    assert!(waiting.line().await.unwrap().starts_with("ok "));
    nymulator.shutdown().await;
}

fn has_answer(client: &Client) -> bool {
    client.0.get_ref().try_read(&mut [0; 1]).is_ok()
}

#[tokio::test]
async fn a_stopped_nymulator_hangs_up() {
    let nymulator = start(clock()).await;
    let mut client = Client::connect(&nymulator).await;
    client.run("help").await;
    nymulator.stop().await;
    nymulator.stop().await;
    assert_eq!(client.line().await, None);
}
