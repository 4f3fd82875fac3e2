//! Between a nymulator and a scripted agent, over real sockets.

use nymi_core::BandId;
use nymi_core::band::{BandReply, BandRequest};
use nymi_core::presence::Frame;
use nymi_core::tap::{TapConfig, TapConfigs};
use nymi_nbe::{AdapterConfig, AgentLink, Config, Endpoint, Handle};
use nymi_sim::Nymulator;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::agent::{Agent, Session};
use crate::log::Log;
use crate::pki::{Enterprise, enterprise};
use crate::terminal::{Enrolled, derive, offer, set_time};

const ID: &str = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";

async fn nymulator() -> nymi_sim::Handle {
    let config = nymi_sim::Config {
        seed: Some(1),
        bands: 1,
        ..nymi_sim::Config::default()
    };
    Nymulator::start(config).await.unwrap()
}

fn config(agent: &Agent, nymulator: std::net::SocketAddr) -> Config {
    Config {
        agent_url: agent.url(),
        endpoint_id: "desk-7".into(),
        credential: Some("let me in".into()),
        hostname: Some("desk-7.example.com".into()),
        addresses: vec!["192.0.2.7".into()],
        adapter: AdapterConfig::Virtual(nymulator),
        tap: TapConfigs::default(),
    }
}

struct Setup {
    agent: Agent,
    session: Session,
    nymulator: nymi_sim::Handle,
    endpoint: Handle,
}

/// Joined, with a working adapter.
async fn setup() -> Setup {
    let (agent, nymulator) = (Agent::bind().await, nymulator().await);
    let endpoint = Endpoint::start(config(&agent, nymulator.addr()))
        .await
        .unwrap();
    let (mut session, _) = agent.join().await;
    session.find("status", is_ready).await;
    Setup {
        agent,
        session,
        nymulator,
        endpoint,
    }
}

fn is_ready(status: &Value) -> bool {
    status["adapters"][0]["state"] == "ready"
}

fn is_missing(status: &Value) -> bool {
    status["adapters"][0]["state"] == "missing"
}

async fn reply(session: &mut Session, address: &str, data: String) -> Value {
    let request = json!({"id": ID, "address": address, "data": data, "last": true});
    session.push("band_request", request).await;
    let reply = session.next("band_reply").await;
    assert_eq!((&reply["id"], &reply["last"]), (&json!(ID), &json!(true)));
    reply
}

async fn ask(session: &mut Session, address: BandId, request: &BandRequest) -> BandReply {
    let reply = reply(
        session,
        &address.to_string(),
        hex::encode(request.to_bytes()),
    )
    .await;
    let data = reply["data"].as_str().unwrap_or_else(|| panic!("{reply}"));
    BandReply::from_bytes(&hex::decode(data).unwrap()).unwrap()
}

/// Enrolls the band through agent, endpoint and radio, and puts it on.
async fn enroll(setup: &mut Setup, enterprise: &Enterprise) -> (String, Enrolled) {
    let band = setup.nymulator.bands().remove(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let request = BandRequest::Enroll(offer(enterprise));
    let answer = match ask(&mut setup.session, band.static_mac_address, &request).await {
        BandReply::Enrollment(answer) => answer,
        other => panic!("{other:?}"),
    };
    let enrolled = derive(enterprise, answer);
    let request = set_time(&enrolled, now.as_millis() as u64);
    assert_eq!(
        ask(&mut setup.session, enrolled.id, &request).await,
        BandReply::Done
    );
    for command in ["wear", "auth"] {
        let line = format!("{command} {}", band.serial_number);
        setup.nymulator.command(&line).await.unwrap();
    }
    (band.serial_number, enrolled)
}

#[tokio::test]
async fn joins_with_what_the_agent_needs_and_reports_its_hardware() {
    let (agent, nymulator) = (Agent::bind().await, nymulator().await);
    let endpoint = Endpoint::start(config(&agent, nymulator.addr()))
        .await
        .unwrap();
    let (mut session, join) = agent.join().await;
    assert_eq!(session.topic, "bluebox:desk-7");
    assert_eq!(join["hostname"], "desk-7.example.com");
    assert_eq!(join["addresses"], json!(["192.0.2.7"]));
    assert_eq!(
        (&join["credential"], &join["protocol"]),
        (&json!("let me in"), &json!(1))
    );
    assert!(
        join["instance"].as_str().is_some_and(|key| key.len() == 36),
        "{join}"
    );
    let with_reader = |status: &Value| is_ready(status) && status["readers"][0].is_object();
    let status = session.find("status", with_reader).await;
    assert_eq!(
        status["adapters"][0],
        json!({"id":"virtual","kind":"virtual","state":"ready"})
    );
    assert_eq!(
        status["readers"][0],
        json!({"name":"Virtual Reader 0","state":"ready"})
    );
    let mut health = endpoint.health();
    let health = health.wait_for(|health| health.is_ready()).await.unwrap();
    assert_eq!(health.trouble(), None);
    drop(health);
    endpoint.shutdown().await;
}

#[tokio::test]
async fn a_band_is_enrolled_and_tapped_through_it() {
    let mut setup = setup().await;
    let (serial, enrolled) = enroll(&mut setup, &enterprise()).await;
    let id = enrolled.id.to_string();
    let presence = setup
        .session
        .find("presence", |p| p["authenticated"] == true)
        .await;
    assert_eq!(presence["address"], json!(id));
    assert_eq!(
        (&presence["after"], &presence["worn"]),
        (&json!("yes"), &json!(true))
    );

    setup
        .nymulator
        .command(&format!("tap {id} ble"))
        .await
        .unwrap();
    let mut passed = Vec::new();
    let tap = setup.session.until("tap", &mut passed).await;
    assert_eq!(
        (&tap["address"], &tap["method"]),
        (&json!(id), &json!("ble"))
    );
    assert!(tap["rssi"].as_i64().unwrap() >= -42, "{tap}");
    let last = passed
        .iter()
        .rev()
        .find(|message| message.event == "frames")
        .unwrap();
    let frame = last.payload["frames"].as_array().unwrap().last().unwrap();
    assert_eq!(frame["at"], tap["at"], "the frame of the tap goes first");
    let data = hex::decode(frame["data"].as_str().unwrap()).unwrap();
    assert!(Frame::parse(&data).unwrap().flags.authenticated);

    setup
        .nymulator
        .command(&format!("tap {serial} nfc"))
        .await
        .unwrap();
    let nfc = setup.session.next("nfc").await;
    assert_eq!(
        nfc["uid"],
        json!(hex::encode_upper(&enrolled.answer.nfc_uid))
    );
    assert_eq!(nfc["reader"], "Virtual Reader 0");
    setup.endpoint.shutdown().await;
}

#[tokio::test]
async fn requests_that_cannot_be_served_say_why() {
    let mut setup = setup().await;
    let nobody = "C0:00:00:00:00:01";
    let error = reply(&mut setup.session, nobody, "00".into()).await;
    assert_eq!(error["error"], 3020);
    let error = reply(&mut setup.session, nobody, "0".into()).await;
    assert_eq!(error["error"], 1003);
    setup.nymulator.command("adapter off").await.unwrap();
    setup.session.find("status", is_missing).await;
    let error = reply(&mut setup.session, nobody, "00".into()).await;
    assert_eq!(error["error"], 5101);
    setup.endpoint.shutdown().await;
}

#[tokio::test]
async fn an_adapter_that_leaves_and_returns_is_noticed() {
    let log = Log::start("info");
    let mut setup = setup().await;
    let (_, enrolled) = enroll(&mut setup, &enterprise()).await;
    setup.session.next("frames").await;
    setup.nymulator.command("adapter off").await.unwrap();
    setup.session.find("status", is_missing).await;
    let mut health = setup.endpoint.health();
    let trouble = health
        .wait_for(|health| !health.is_ready())
        .await
        .unwrap()
        .trouble();
    assert_eq!(trouble, Some("Bluetooth Adapter is missing"));
    setup.nymulator.command("adapter on").await.unwrap();
    setup.session.find("status", is_ready).await;
    let frames = setup.session.next("frames").await;
    assert_eq!(
        frames["frames"][0]["address"],
        json!(enrolled.id.to_string())
    );
    log.assert_contains("BLE Dongle removed.");
    log.assert_contains("BLE Dongle connected.");
    setup.endpoint.shutdown().await;
}

/// The next connection of the adapter, answered as a nymulator does.
async fn radio(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut command = [0; 6];
    socket.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"radio\n");
    let present = [
        json!({"type": "adapter", "id": "virtual", "present": true}),
        json!({"type": "reader", "name": "Desk", "present": true}),
    ];
    let answer = format!("ok radio 1\n{}\n{}\n", present[0], present[1]);
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn hardware_that_starts_later_or_again_is_found() {
    let agent = Agent::bind().await;
    let hardware = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = hardware.local_addr().unwrap();
    let endpoint = Endpoint::start(config(&agent, address)).await.unwrap();
    let (mut session, _) = agent.join().await;

    drop(hardware.accept().await.unwrap());
    let status = session.find("status", is_missing).await;
    let detail = status["adapters"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&address.to_string()) && detail.contains("start it"),
        "{detail}"
    );

    let (mut other, _) = hardware.accept().await.unwrap();
    other
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    let other_program = |status: &Value| status.to_string().contains("another program");
    session.find("status", other_program).await;

    for _ in 0..2 {
        let with_reader = |s: &Value| is_ready(s) && s["readers"][0]["name"] == "Desk";
        let radio = radio(&hardware).await;
        session.find("status", with_reader).await;
        drop(radio);
        session.find("status", is_missing).await;
        session
            .find("status", |status| status["readers"] == json!([]))
            .await;
    }
    endpoint.shutdown().await;
}

#[tokio::test]
async fn an_agent_that_leaves_is_joined_again_and_told_everything() {
    let log = Log::start("info");
    let mut setup = setup().await;
    let (_, enrolled) = enroll(&mut setup, &enterprise()).await;
    setup
        .session
        .find("presence", |p| p["after"] == "yes")
        .await;
    drop(setup.session);
    let (mut session, join) = setup.agent.join().await;
    let status = session.next("status").await;
    assert!(is_ready(&status), "{status}");
    let presence = session.next("presence").await;
    assert_eq!(presence["address"], json!(enrolled.id.to_string()));
    assert_eq!(
        (&presence["before"], &presence["after"]),
        (&json!("no"), &json!("yes"))
    );
    let expected = format!(
        "Attempting to reconnect to Agent at {}...",
        setup.agent.url()
    );
    log.assert_contains(&expected);

    drop(session);
    let (_session, again) = setup.agent.join().await;
    assert_eq!(join["instance"], again["instance"], "the ghost is ours");
    setup.endpoint.shutdown().await;
}

#[tokio::test]
async fn a_duplicate_is_told_and_tried_again() {
    let log = Log::start("info");
    let (agent, nymulator) = (Agent::bind().await, nymulator().await);
    let endpoint = Endpoint::start(config(&agent, nymulator.addr()))
        .await
        .unwrap();
    let mut health = endpoint.health();
    agent.refuse("Channel already joined").await;
    let told = health
        .wait_for(|h| h.agent == AgentLink::Duplicate)
        .await
        .unwrap()
        .trouble();
    assert_eq!(
        told,
        Some("Failed to connect to Nymi Agent. Duplicate endpoint ID")
    );
    log.assert_contains("Duplicate endpoint ID: Channel already joined");
    log.assert_contains("desk-7");
    agent.refuse("credential refused").await;
    health
        .wait_for(|h| h.agent == AgentLink::Refused("credential refused".into()))
        .await
        .unwrap();
    let (_session, _) = agent.join().await;
    health
        .wait_for(|health| health.agent == AgentLink::Joined)
        .await
        .unwrap();
    assert!(
        !log.text().contains("let me in"),
        "credentials are not logged"
    );
    endpoint.shutdown().await;
}

#[tokio::test]
async fn another_name_joins_anew_and_other_thresholds_do_not() {
    let mut setup = setup().await;
    let mut renamed = config(&setup.agent, setup.nymulator.addr());
    renamed.tap = json_tap(json!({"rssi_tap_threshold": -30}));
    setup.endpoint.reconfigure(renamed.clone()).unwrap();
    renamed.endpoint_id = "desk-8".into();
    setup.endpoint.reconfigure(renamed.clone()).unwrap();
    let mut passed = Vec::new();
    setup.session.until("phx_leave", &mut passed).await;
    let (session, _) = setup.agent.join().await;
    assert_eq!(session.topic, "bluebox:desk-8");

    renamed.agent_url = "http://agent".into();
    let error = setup.endpoint.reconfigure(renamed).unwrap_err().to_string();
    assert!(error.starts_with("agent_url: "), "{error}");
    setup.endpoint.shutdown().await;
}

#[tokio::test]
async fn another_agent_url_leaves_one_agent_for_the_other() {
    let mut setup = setup().await;
    let other = Agent::bind().await;
    let moved = config(&other, setup.nymulator.addr());
    setup.endpoint.reconfigure(moved).unwrap();
    while setup.session.message().await.is_some() {}
    let (mut session, _) = other.join().await;
    assert_eq!(session.topic, "bluebox:desk-7");
    session.find("status", is_ready).await;
    setup.endpoint.shutdown().await;
}

/// Waits for a presence that is as asked for; a tap before it is wrong.
async fn follow(session: &mut Session, wanted: impl Fn(i64) -> bool) {
    loop {
        let message = session.message().await.expect("the endpoint stays");
        assert_ne!(message.event, "tap", "{:?}", message.payload);
        let rssi = message.payload["rssi"].as_i64();
        if message.event == "presence" && rssi.is_some_and(&wanted) {
            return;
        }
    }
}

#[tokio::test]
async fn another_kind_of_adapter_brings_its_own_section() {
    let mut setup = setup().await;
    let (serial, _) = enroll(&mut setup, &enterprise()).await;
    let text = "[dongle.virtual]\nrssi_tap_threshold = 0\n";
    let settings = nymi_nbe::settings::Settings::parse(text, "nbe.toml", |_| None).unwrap();
    let mut wanted = config(&setup.agent, setup.nymulator.addr());
    wanted.tap = *settings.taps();
    setup.endpoint.reconfigure(wanted).unwrap();
    let tap = format!("tap {serial} ble");
    setup.nymulator.command(&tap).await.unwrap();
    follow(&mut setup.session, |rssi| rssi >= -50).await;
    follow(&mut setup.session, |rssi| rssi <= -55).await;
    setup.nymulator.command("adapter bluegiga").await.unwrap();
    let is_bluegiga = |status: &Value| status["adapters"][0]["kind"] == "bluegiga";
    setup.session.find("status", is_bluegiga).await;
    setup.nymulator.command(&tap).await.unwrap();
    let tap = setup.session.next("tap").await;
    assert!(tap["rssi"].as_i64().unwrap() >= -42, "{tap}");
    setup.endpoint.shutdown().await;
    setup.nymulator.shutdown().await;
}

fn json_tap(values: Value) -> TapConfigs {
    let config: TapConfig = serde_json::from_value(values).unwrap();
    config.into()
}

#[tokio::test]
async fn shutdown_says_goodbye() {
    let mut setup = setup().await;
    let ((), left) = tokio::join!(setup.endpoint.shutdown(), async {
        let mut passed = Vec::new();
        setup.session.until("phx_leave", &mut passed).await;
        setup.session.message().await
    });
    assert_eq!(left, None);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let agent = Agent::bind().await;
    let good = config(&agent, "127.0.0.1:1".parse().unwrap());
    for (bad, key) in [
        (
            Config {
                agent_url: "127.0.0.1:9120".into(),
                ..good.clone()
            },
            "agent_url: ",
        ),
        (
            Config {
                endpoint_id: String::new(),
                ..good.clone()
            },
            "endpoint_id: ",
        ),
    ] {
        let error = Endpoint::start(bad).await.err().unwrap().to_string();
        assert!(error.starts_with(key), "{error}");
    }
    assert!(!format!("{good:?}").contains("let me in"));
}
