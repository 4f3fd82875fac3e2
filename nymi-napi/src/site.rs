//! What an administrator sets once for every application of a machine: where NES and the agent are,
//! and the enterprise's L1.
//!
//! The environment is asked first. Then, on Windows, the values `URL` and `AgentURL` of the registry key
//! `HKEY_LOCAL_MACHINE\Software\Nymi\NES`; elsewhere `/etc/nymi/nes.toml`, which has the same names:
//!
//! ```toml
//! URL = "https://nes.example.com/nes"
//! AgentURL = "wss://agent.example.com:9120/socket/websocket"
//! ```

#[cfg(not(windows))]
use std::path::Path;

use nymi_core::message::{AgentUrl, NesUrl};

use crate::Config;

#[cfg(not(windows))]
const FILE: &str = "/etc/nymi/nes.toml";
#[cfg(windows)]
const KEY: &str = r"Software\Nymi\NES";
/// Where L1 lies if nothing else says so. None on Windows, where any user can make folders beside the
/// system's.
pub(crate) const L1_FILE: Option<&str> = if cfg!(windows) {
    None
} else {
    Some("/etc/nymi/l1.pem")
};

/// The environment variable, and the name in the machine's configuration.
struct Setting {
    variable: &'static str,
    key: &'static str,
}

const NES: Setting = Setting {
    variable: "NYMI_NES_URL",
    key: "URL",
};
const AGENT: Setting = Setting {
    variable: "NYMI_AGENT_URL",
    key: "AgentURL",
};

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {text:?}; {why}")]
pub(crate) struct SiteError {
    place: String,
    text: String,
    why: String,
}

/// The site's NES.
pub(crate) fn nes_url(config: &Config) -> Result<Option<NesUrl>, SiteError> {
    read(&NES, config, of_machine)
}

/// The site's agent.
pub(crate) fn agent_url(config: &Config) -> Result<Option<AgentUrl>, SiteError> {
    read(&AGENT, config, of_machine)
}

/// What the machine's configuration has under a name: where it is, and the text.
#[cfg(windows)]
fn of_machine(name: &str) -> Option<(String, String)> {
    let key = windows_registry::LOCAL_MACHINE.open(KEY).ok()?;
    let text = key.get_string(name).ok().filter(|text| !text.is_empty())?;
    Some((format!(r"HKEY_LOCAL_MACHINE\{KEY}\{name}"), text))
}

#[cfg(not(windows))]
fn of_machine(name: &str) -> Option<(String, String)> {
    from_file(name, Path::new(FILE))
}

fn read<T>(
    setting: &Setting,
    config: &Config,
    of_machine: impl FnOnce(&str) -> Option<(String, String)>,
) -> Result<Option<T>, SiteError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let variable = config.variable(setting.variable);
    let (place, text) = match variable.and_then(|text| text.into_string().ok()) {
        Some(text) => (setting.variable.to_owned(), text),
        None => match of_machine(setting.key) {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(why) => Err(SiteError {
            why: why.to_string(),
            place,
            text,
        }),
    }
}

/// The text of `key = "text"`; two keys do not need a parser of all of TOML.
#[cfg(not(windows))]
fn from_file(key: &str, file: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| {
        let value = line
            .trim()
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix('=')?
            .trim();
        let value = value.strip_prefix('"')?;
        value.split_once('"').map(|(value, _)| value.to_owned())
    })?;
    Some((format!("{key} in {}", file.display()), value))
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    const NOWHERE: Setting = Setting {
        variable: "NYMI_TEST_NOT_SET",
        key: "URL",
    };

    fn config() -> Config {
        Config::new("Records".parse().unwrap())
    }

    #[test]
    fn a_process_with_more_rights_than_its_user_does_not_listen_to_the_environment() {
        let always_there = Setting {
            variable: "PATH",
            key: "URL",
        };
        let mut config = config();
        let heard = read::<NesUrl>(&always_there, &config, |_| None);
        assert!(heard.is_err(), "a path is no URL: {heard:?}");
        config.ignores_environment = true;
        assert_eq!(read::<NesUrl>(&always_there, &config, |_| None), Ok(None));
    }

    #[test]
    fn the_file_has_the_names_of_the_registry() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nes.toml");
        assert_eq!(
            read::<NesUrl>(&NOWHERE, &config(), |key| from_file(key, &file)),
            Ok(None)
        );
        let text = "# site\nAgentURL = \"ws://a:9120\"\n  URL=\"nes.example.com\" # here\n";
        std::fs::write(&file, text).unwrap();
        let url = read::<NesUrl>(&NOWHERE, &config(), |key| from_file(key, &file))
            .unwrap()
            .unwrap();
        assert_eq!(url.as_str(), "https://nes.example.com/nes");
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nes.toml");
        std::fs::write(&file, "URL = \"http://nes.example.com/nes\"\n").unwrap();
        let error = read::<NesUrl>(&NOWHERE, &config(), |key| from_file(key, &file))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("nes.toml") && error.contains("http://nes.example.com"),
            "{error}"
        );
    }
}
