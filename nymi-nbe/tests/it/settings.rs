//! `nbe.toml` and the environment.

use nymi_core::tap::AdapterKind;
use nymi_nbe::AdapterConfig;
use nymi_nbe::settings::{DEFAULT_FILE, Settings, Watch};
use proptest::prelude::*;
use tempfile::TempDir;

fn none(_: &str) -> Option<String> {
    None
}

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, "nbe.toml", none).map_err(|error| error.to_string())
}

fn config(text: &str) -> nymi_nbe::Config {
    parse(text).unwrap().config(Some("host".into())).unwrap()
}

#[test]
fn the_shipped_file_says_what_the_defaults_are() {
    assert_eq!(config(DEFAULT_FILE), config(""));
    let defaults = config("");
    assert_eq!(defaults.agent_url, "ws://127.0.0.1:9120/socket/websocket");
    assert_eq!(defaults.endpoint_id, "host");
    assert_eq!(
        defaults.adapter,
        AdapterConfig::Virtual("127.0.0.1:9130".parse().unwrap())
    );
    assert_eq!(
        defaults
            .tap
            .of(AdapterKind::Virtual)
            .values()
            .rssi_tap_threshold,
        -42
    );
}

#[test]
fn reads_what_is_there() {
    let text = r#"
        agent_url = "wss://agent.example.com:9120/socket/websocket"
        endpoint_id = "desk-7"
        credential = "secret"
        log_level = 5
        [dongle.bluegiga]
        rssi_tap_threshold = -50
        [dongle.virtual]
        rssi_tap_threshold = -35
        port = "127.0.0.1:1234"
    "#;
    let config = config(text);
    assert_eq!(
        config.agent_url,
        "wss://agent.example.com:9120/socket/websocket"
    );
    assert_eq!(config.endpoint_id, "desk-7");
    assert_eq!(config.credential.as_deref(), Some("secret"));
    assert_eq!(
        config
            .tap
            .of(AdapterKind::Virtual)
            .values()
            .rssi_tap_threshold,
        -35,
        "the attached adapter's section"
    );
    assert_eq!(
        config.tap.of(AdapterKind::Virtual).values().rssi_window_tap,
        10
    );
    assert_eq!(
        config.adapter,
        AdapterConfig::Virtual("127.0.0.1:1234".parse().unwrap())
    );
    assert_eq!(parse(text).unwrap().log_level(), Some("5"));
}

#[test]
fn older_files_write_agent_url_in_capitals() {
    assert_eq!(
        config(r#"AGENT_URL = "ws://a/socket/websocket""#).agent_url,
        "ws://a/socket/websocket"
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = |name: &str| match name {
        "RSSI_TAP_THRESHOLD" => Some("-55".to_owned()),
        "AGENT_URL" => Some("ws://other/socket/websocket".to_owned()),
        "ENDPOINT_ID" => Some(" ".to_owned()),
        "PORT" => Some("8080".to_owned()),
        _ => None,
    };
    let text = "endpoint_id = \"desk\"\n[dongle.virtual]\nrssi_tap_threshold = -35";
    let settings = Settings::parse(text, "nbe.toml", environment).unwrap();
    let config = settings.config(None).unwrap();
    assert_eq!(
        config
            .tap
            .of(AdapterKind::Virtual)
            .values()
            .rssi_tap_threshold,
        -55
    );
    assert_eq!(config.agent_url, "ws://other/socket/websocket");
    assert_eq!(config.endpoint_id, "desk", "set to nothing is not set");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        (
            "colour = 1",
            "nbe.toml: unknown key \"colour\"; known there: agent_url, endpoint_id, credential, log_level, dongle",
        ),
        (
            "[dongle.virtual]\nrssi_tap = 1",
            "unknown key \"dongle.virtual.rssi_tap\"",
        ),
        (
            "[dongle.usb]",
            "unknown key \"dongle.usb\"; known there: bluegiga, bleuio, native, virtual",
        ),
        ("dongle = 1", "nbe.toml: dongle must be sections"),
        (
            "dongle.virtual = 1",
            "nbe.toml: dongle.virtual must be a section",
        ),
        (
            "agent_url = 1",
            "nbe.toml: agent_url must be a text in quotes",
        ),
        (
            "endpoint_id = \"\"",
            "nbe.toml: endpoint_id must be a text that is not empty",
        ),
        (
            "[dongle.virtual]\nport = 3",
            "dongle.virtual.port must be a text in quotes",
        ),
        (
            "[dongle.virtual]\nrssi_window_tap = 1.5",
            "dongle.virtual.rssi_window_tap must be a whole number",
        ),
        (
            "[dongle.virtual]\nrssi_tap_threshold = 1",
            "[dongle.virtual] rssi_tap_threshold is 1",
        ),
        (
            "[dongle.bleuio]\nrssi_cutoff_far = 0",
            "[dongle.bleuio] rssi_cutoff_far is 0",
        ),
        ("[dongle.virtual", "nbe.toml: not valid TOML: line 1"),
    ] {
        let error = parse(text)
            .err()
            .unwrap_or_else(|| panic!("{text} was taken"));
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = parse("[dongle.virtual]\nport = \"here\"")
        .unwrap()
        .config(None);
    assert!(error.is_err());
}

#[test]
fn a_wrong_environment_is_named_as_such() {
    for (value, expected) in [
        ("near", "the environment: rssi_tap_threshold is \"near\""),
        ("7", "rssi_tap_threshold is 7"),
    ] {
        let environment = |name: &str| (name == "RSSI_TAP_THRESHOLD").then(|| value.to_owned());
        let error = Settings::parse("", "nbe.toml", environment)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains(expected) && error.contains("environment"),
            "{error}"
        );
    }
}

#[test]
fn a_terminal_without_any_name_is_told() {
    let error = parse("").unwrap().config(None).unwrap_err().to_string();
    assert!(error.contains("set endpoint_id in nbe.toml"), "{error}");
}

#[test]
fn syntax_errors_do_not_quote_secrets() {
    let error = parse("credential = \"hunter2\" oops").err().unwrap();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_file_may_be_absent_unless_it_was_asked_for() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("nbe.toml");
    assert!(Settings::load(&path, false, none).is_ok());
    let error = Settings::load(&path, true, none).err().unwrap().to_string();
    assert!(error.contains("nbe.toml cannot be read"), "{error}");
}

#[test]
fn changes_of_the_file_are_noticed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("nbe.toml");
    let mut watch = Watch::new(path.clone());
    assert!(watch.changed(none).is_none());
    std::fs::write(&path, "endpoint_id = \"one\"").unwrap();
    let id = |settings: Settings| settings.config(None).unwrap().endpoint_id;
    assert_eq!(
        watch.changed(none).map(|read| id(read.unwrap())),
        Some("one".to_owned())
    );
    assert!(watch.changed(none).is_none());
    std::fs::write(&path, "endpoint_id = 1").unwrap();
    assert!(watch.changed(none).unwrap().is_err());
    std::fs::remove_file(&path).unwrap();
    assert!(watch.changed(none).unwrap().is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_keys_and_values_are_read_or_refused(
        section in "(dongle\\.)?(virtual|native|x)",
        key in "rssi_window_tap|rssi_tap_threshold|port|agent_url|y",
        value in "-?[0-9]{1,20}|\"[a-z]*\"|true|\\[\\]|1e9",
    ) {
        if let Ok(settings) = parse(&format!("[{section}]\n{key} = {value}")) {
            let _ = settings.config(Some("host".into()));
        }
    }
}
