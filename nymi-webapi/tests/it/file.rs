//! `nymi_agent.toml`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nymi_webapi::{Agent, AgentConfig, read_config};
use tempfile::TempDir;

fn read(dir: &Path, text: &str) -> Result<AgentConfig, String> {
    let file = dir.join("nymi_agent.toml");
    fs::write(&file, text).unwrap();
    read_config(&file, None).map_err(|error| error.to_string())
}

fn refusal(dir: &Path, text: &str) -> String {
    match read(dir, text) {
        Ok(_) => panic!("{text} was accepted"),
        Err(sentence) => sentence,
    }
}

#[test]
fn everything_is_optional() {
    let dir = TempDir::new().unwrap();
    let config = read(dir.path(), "").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:9120");
    assert_eq!(config.webapi_listen.unwrap().to_string(), "127.0.0.1:8080");
    assert!(config.nes.is_none() && config.tls.is_none() && config.l1_pem.is_none());
}

#[test]
fn every_key_is_read() {
    let dir = TempDir::new().unwrap();
    let secrets = dir.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let credentials = secrets.join("credentials");
    fs::write(&credentials, "ACME\\agent\np w:d\n").unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(dir.path().join("l1.pem"), "PEM").unwrap();
    let config = read(
        dir.path(),
        r#"
        [agent]
        listen = "127.0.0.1:1"
        certfile = "a.pem"
        keyfile = "/k.pem"
        allowed_hosts = ["agent.example"]
        [webapi]
        enabled = false
        protocol = "ws"
        allowed_origins = ["https://records.example"]
        auth = "none"
        [nes]
        nes_url = "https://nes.example"
        directory_service_id = "NES_DPS"
        credentials_location = "secrets"
        l1 = "l1.pem"
        grade = "bronze"
        "#,
    )
    .unwrap();
    let tls = config.tls.unwrap();
    assert_eq!(tls.certfile, dir.path().join("a.pem"));
    assert_eq!(tls.keyfile, Path::new("/k.pem"));
    assert!(!config.webapi);
    let nes = config.nes.unwrap();
    assert_eq!(
        (nes.url.as_str(), nes.service.as_str()),
        ("https://nes.example", "NES_DPS")
    );
    assert_eq!(
        (nes.user.as_str(), nes.password.as_str()),
        ("ACME\\agent", "p w:d")
    );
    assert_eq!(config.l1_pem.as_deref(), Some("PEM"));
}

#[test]
fn what_is_wrong_is_named() {
    let dir = TempDir::new().unwrap();
    for (text, parts) in [
        (
            "[agent]\nlisten_on = \"127.0.0.1:1\"",
            vec!["nymi_agent.toml", "listen_on"],
        ),
        ("[agents]", vec!["agents"]),
        ("[agent]\nlisten = \"here\"", vec!["listen"]),
        ("[agent]\ncertfile = \"a.pem\"", vec!["[agent]", "keyfile"]),
        ("[webapi]\nprotocol = \"wss\"", vec!["[webapi]", "certfile"]),
        ("[webapi]\nauth = \"token\"", vec!["[webapi]", "auth"]),
        ("[nes]\ngrade = \"silver\"", vec!["[nes]", "grade"]),
        (
            "[nes]\nnes_url = \"https://nes.example\"",
            vec!["credentials_location"],
        ),
        ("[nes]\nl1 = \"nowhere.pem\"", vec!["l1", "nowhere.pem"]),
        ("[cluster]\nurl = \"nats://localhost\"", vec!["[cluster]"]),
    ] {
        let sentence = refusal(dir.path(), text);
        for part in parts {
            assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
        }
    }
}

#[test]
fn credentials_must_be_there_and_private() {
    let dir = TempDir::new().unwrap();
    let text = "[nes]\nnes_url = \"https://nes.example\"\ncredentials_location = \".\"";
    let sentence = refusal(dir.path(), text);
    assert!(
        sentence.contains("Unable to load the credentials for BasicLoginWithToken"),
        "{sentence}"
    );
    let credentials = dir.path().join("credentials");
    fs::write(&credentials, "agent\nsecret-word\n").unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o640)).unwrap();
    let sentence = refusal(dir.path(), text);
    assert!(
        sentence.contains("other users") && !sentence.contains("secret-word"),
        "{sentence}"
    );
    fs::write(&credentials, "agent\n").unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refusal(dir.path(), text).contains("second"));
}

#[tokio::test]
async fn tls_files_are_checked_before_anything_listens() {
    let dir = TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("cert.pem", &made.cert.pem());
    write("key.pem", &made.signing_key.serialize_pem());
    write("other.pem", &other.serialize_pem());
    write(
        "locked.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let start = async |keyfile: &str| {
        let text = format!(
            "[agent]\nlisten = \"127.0.0.1:0\"\ncertfile = \"cert.pem\"\nkeyfile = \"{keyfile}\"\n[webapi]\nenabled = false"
        );
        Agent::start(read(dir.path(), &text).unwrap()).await
    };
    for (keyfile, part) in [
        ("nowhere.pem", "cannot read"),
        ("locked.pem", "encrypted"),
        ("other.pem", "do not belong"),
    ] {
        let Err(error) = start(keyfile).await else {
            panic!("{keyfile} was accepted")
        };
        let sentence = error.to_string();
        assert!(
            sentence.contains(part) && sentence.contains(keyfile),
            "{sentence}"
        );
    }
    let agent = start("key.pem").await.unwrap();
    assert!(agent.agent_url().starts_with("wss://127.0.0.1:"));
    assert_eq!(agent.webapi_url(), "");
    write("key.pem", "nothing");
    assert!(agent.reload_certificates().is_err());
}
