//! The agent's own session at the Enterprise Server.

use nymi_webapi::{Agent, StartError};
use serde_json::json;

use crate::fake_nes::FakeNes;
use crate::pki::Pki;
use crate::support::{Fixture, Web, config, get};

async fn ready(agent_url: &str) -> (u16, String) {
    get(&agent_url.replace("/socket/websocket", "/readyz"), "").await
}

#[tokio::test]
async fn an_agent_starts_without_nes_and_recovers_by_itself() {
    let nes = FakeNes::start().await;
    let (address, url) = (nes.address(), nes.url());
    nes.stop().await;
    let agent = Agent::start(config(&url, &Pki::bronze().l1_pem()))
        .await
        .unwrap();
    let (status, text) = ready(agent.agent_url()).await;
    assert_eq!(status, 503);
    assert!(text.contains(&url), "{text}");
    let mut web = Web::open(agent.webapi_url()).await;
    let query = json!({"query": {"Username": "alice"}, "lookup_keys": ["NymiBandID"]});
    assert_eq!(web.status("lookup", query.clone()).await, 2000);

    let nes = FakeNes::start_at(address).await;
    nes.logged_in().await;
    while ready(agent.agent_url()).await.0 != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(web.status("lookup", query.clone()).await, 2201);
    // And when it goes away later.
    nes.stop().await;
    assert_eq!(web.status("lookup", query).await, 2000);
    assert_eq!(ready(agent.agent_url()).await.0, 503);
}

#[tokio::test]
async fn wrong_credentials_stop_the_start_with_a_sentence() {
    let nes = FakeNes::start().await;
    let mut config = config(&nes.url(), &Pki::bronze().l1_pem());
    config.nes.as_mut().unwrap().password = "wrong".to_owned().into();
    let Err(error @ StartError::Nes(_)) = Agent::start(config).await else {
        panic!("expected a refusal");
    };
    let text = error.to_string();
    assert!(
        text.starts_with("WebAPI Start failed: Check WebAPI settings and restart"),
        "{text}"
    );
    assert!(
        text.contains("401 Unauthorized") && text.contains(&nes.url()),
        "{text}"
    );
    assert!(!text.contains("wrong\""), "{text}");
}

/// Runs the program with this configuration until it ends; whether it succeeded, and what it said.
async fn program(dir: &tempfile::TempDir, config: &str) -> (bool, String) {
    let file = dir.path().join("nymi_agent.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nymi-agent"));
    command.arg("--config").arg(file).env("NYMI_DEBUG", "1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn the_program_ends_with_one_sentence_and_never_tells_a_password() {
    use std::os::unix::fs::PermissionsExt;
    let nes = FakeNes::start().await;
    let dir = tempfile::TempDir::new().unwrap();
    let credentials = dir.path().join("credentials");
    std::fs::write(&credentials, "nymi-agent\nhunter2-is-wrong\n").unwrap();
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!(
        "[agent]\nlisten = \"127.0.0.1:0\"\n[webapi]\nlisten = \"127.0.0.1:0\"\n\
         [nes]\nnes_url = \"{}\"\ncredentials_location = \".\"\n",
        nes.url()
    );
    let (succeeded, said) = program(&dir, &config).await;
    assert!(!succeeded);
    assert!(
        said.contains("WebAPI Start failed: Check WebAPI settings and restart"),
        "{said}"
    );
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let (succeeded, said) = program(&dir, "[agent]\nport = 1\n").await;
    assert!(!succeeded && said.contains("port"), "{said}");
}

#[tokio::test]
async fn a_token_that_nes_forgot_is_renewed_unnoticed() {
    let fixture = Fixture::start().await;
    let mut web = fixture.web().await;
    fixture.nes.forget_tokens();
    let user = json!({"Username": "alice", "Domain": "ACME"});
    assert_eq!(web.ok("user_status", user).await["status"], "active");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start() {
    let nes = FakeNes::start().await;
    let l1 = Pki::bronze().l1_pem();
    let refuse = async |change: fn(&mut nymi_webapi::AgentConfig)| {
        let mut config = config(&nes.url(), &l1);
        change(&mut config);
        match Agent::start(config).await {
            Err(error) => error.to_string(),
            Ok(_) => panic!("expected a refusal"),
        }
    };
    let text = refuse(|config| config.listen = ([0, 0, 0, 0], 0).into()).await;
    assert!(
        text.contains("0.0.0.0:0") && text.contains("insecure"),
        "{text}"
    );
    let text = refuse(|config| config.l1_pem = Some("nonsense".to_owned())).await;
    assert!(text.contains("l1"), "{text}");
    let text =
        refuse(|config| config.nes.as_mut().unwrap().url = "http://nes.example/nes".to_owned())
            .await;
    assert!(text.contains("http://nes.example/nes"), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut config = config(&nes.url(), &l1);
    config.webapi_listen = Some(address);
    let Err(error) = Agent::start(config).await else {
        panic!("expected a refusal")
    };
    let text = error.to_string();
    assert!(
        text.contains(&address.port().to_string()) && text.contains("in use"),
        "{text}"
    );
}

#[tokio::test]
async fn a_nes_that_puts_log_ins_off_is_an_outage_and_tried_again() {
    let nes = FakeNes::start().await;
    // The first log-in, and the first one after the start: it answers 429 with the code of refused
    // credentials, as the platform's own does.
    nes.busy_for(2);
    let agent = Agent::start(config(&nes.url(), &Pki::bronze().l1_pem()))
        .await
        .unwrap();
    nes.logged_in().await;
    while ready(agent.agent_url()).await.0 != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(nes.logins(), 3);
    // Somebody else's log-in that is put off says nothing about the agent.
    nes.busy_for(1);
    let mut web = Web::open(agent.webapi_url()).await;
    let login = json!({"nea_name": "Records", "username": "ACME\\alice", "password": "x"});
    assert_eq!(web.status("init", login).await, 2000);
    assert_eq!(ready(agent.agent_url()).await.0, 200);
}

#[tokio::test]
async fn a_connection_may_fail_to_log_in_five_times() {
    let fixture = Fixture::start().await;
    let mut web = fixture.web().await;
    let login = |user: &str, password: &str| json!({"nea_name": "Records", "username": user, "password": password});
    let (user, password) = (format!("ACME\\{}", crate::fake_nes::USER), "wrong");
    let before = fixture.nes.logins();
    // A log-in that is put off is no failure.
    fixture.nes.busy_for(1);
    assert_eq!(web.status("init", login(&user, password)).await, 2000);
    for _ in 0..5 {
        assert_eq!(web.status("init", login(&user, password)).await, 2002);
    }
    assert_eq!(web.status("init", login(&user, password)).await, 1008);
    assert_eq!(fixture.nes.logins(), before + 6);
    web.ok("init", json!({"nea_name": "Records"})).await;
    let mut other = fixture.web().await;
    assert_eq!(other.status("init", login(&user, password)).await, 2002);
}
