//! An nbe.toml of any text, and behind a zero byte an environment of `NAME=value` lines: settings,
//! or an error that does not show the credential. Built from the endpoint's source, which is part of
//! a crate with radios and sockets.
#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;
use nymi_core::tap::TapConfig;

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
            if let Ok(config) = settings.config(Some("terminal".to_owned())) {
                assert!(!config.endpoint_id.is_empty() && !config.agent_url.is_empty());
                assert!(TapConfig::try_from(*config.tap.values()).is_ok());
                if let Some(credential) =
                    config.credential.as_deref().filter(|text| text.len() > 12)
                {
                    assert!(
                        !format!("{config:?}").contains(&format!("{credential:?}"))
                            || input.matches(credential).count() > 1
                    );
                }
            }
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.is_empty());
        }
    }
});
