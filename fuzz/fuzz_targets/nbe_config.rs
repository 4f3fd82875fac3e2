//! An nbe.toml of any text, and behind a zero byte an environment of `NAME=value` lines: settings,
//! or an error that does not show the credential. Built from the endpoint's source, which is part of
//! a crate with radios and sockets.
#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

#[path = "../../nymi-nbe/src/settings/mod.rs"]
mod settings;

use settings::{Config, Settings};

/// In no message.
const OTHER: &str = "qjxzvkwqjxzvk";

fn parse(text: &str, environment: &str) -> Result<Settings, settings::SettingsError> {
    Settings::parse(text, "nbe.toml", |name| {
        let lines = environment.lines().filter_map(|line| line.split_once('='));
        lines
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
            .next_back()
    })
}

fuzz_target!(|input: &str| {
    let (text, environment) = input.split_once('\0').unwrap_or((input, ""));
    match parse(text, environment) {
        Ok(settings) => {
            assert!(settings == parse(text, environment).expect("the same again"));
            let Ok(config) = settings.config(Some("terminal".to_owned())) else {
                return;
            };
            assert!(!config.endpoint_id.is_empty() && !config.agent_url.is_empty());
            // Whatever else it equals, it is not what is printed.
            let other = Config {
                credential: config.credential.as_ref().map(|_| "another".to_owned()),
                ..config.clone()
            };
            assert_eq!(
                format!("{config:?}"),
                format!("{other:?}"),
                "the credential is shown"
            );
        }
        Err(error) => {
            // The error of a later line, or of this one behind the value. Another word in its place is in
            // the error only if the credential was: words of the error itself may equal a credential.
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("credential = \""));
            let secret = lines.filter_map(|rest| rest.split('"').next()).next();
            let once =
                secret.filter(|secret| secret.len() > 12 && input.matches(secret).count() == 1);
            if let Some(secret) = once.filter(|secret| error.to_string().contains(secret)) {
                let other = parse(&text.replace(secret, OTHER), environment);
                assert!(
                    !other.is_err_and(|error| error.to_string().contains(OTHER)),
                    "the credential is shown"
                );
            }
        }
    }
});
