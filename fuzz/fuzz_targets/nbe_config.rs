//! An nbe.toml of any text, and behind a zero byte an environment of `NAME=value` lines: settings,
//! or an error that does not show the credential. Built from the endpoint's source, which is part of
//! a crate with radios and sockets.
#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

#[path = "../../nymi-nbe/src/settings/mod.rs"]
mod settings;

use settings::Settings;

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
            // Only where it stands nowhere else.
            let secret = config.credential.as_deref().filter(|text| text.len() > 12);
            if let Some(secret) = secret.filter(|secret| input.matches(secret).count() == 1) {
                assert!(
                    !format!("{config:?}").contains(secret),
                    "the credential is shown"
                );
            }
        }
        Err(error) => {
            // The error of a later line, or of this one behind the value.
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("credential = \""));
            let secret = lines.filter_map(|rest| rest.split('"').next()).next();
            if let Some(secret) = secret.filter(|secret| secret.len() > 12) {
                let once = input.matches(secret).count() == 1;
                assert!(
                    !once || !error.to_string().contains(secret),
                    "the credential is shown"
                );
            }
        }
    }
});
