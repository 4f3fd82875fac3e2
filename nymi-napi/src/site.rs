//! What an administrator sets once for every application of a machine: where NES and the agent are,
//! and the enterprise's L1.
//!
//! The environment is asked first, then `/etc/nymi/nes.toml`, which has the names of the registry
//! key that Windows terminals have:
//!
//! ```toml
//! URL = "https://nes.example.com/nes"
//! AgentURL = "wss://agent.example.com:9120/socket/websocket"
//! ```

use std::fs;
use std::path::Path;

use nymi_core::message::{AgentUrl, NesUrl};

const FILE: &str = "/etc/nymi/nes.toml";
/// Where L1 lies if nothing else says so. None on Windows, where any user can make folders beside the
/// system's.
pub(crate) const L1_FILE: Option<&str> = if cfg!(windows) {
    None
} else {
    Some("/etc/nymi/l1.pem")
};

/// The environment variable, and the key in the file.
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
pub(crate) fn nes_url() -> Result<Option<NesUrl>, SiteError> {
    read(&NES, Path::new(FILE))
}

/// The site's agent.
pub(crate) fn agent_url() -> Result<Option<AgentUrl>, SiteError> {
    read(&AGENT, Path::new(FILE))
}

fn read<T>(setting: &Setting, file: &Path) -> Result<Option<T>, SiteError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let (place, text) = match std::env::var(setting.variable) {
        Ok(text) if !text.is_empty() => (setting.variable.to_owned(), text),
        _ => match from_file(setting.key, file) {
            Some(text) => (format!("{} in {}", setting.key, file.display()), text),
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
fn from_file(key: &str, file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let value = line
            .trim()
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix('=')?
            .trim();
        let value = value.strip_prefix('"')?;
        value.split_once('"').map(|(value, _)| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Setting = Setting {
        variable: "NYMI_TEST_NOT_SET",
        key: "URL",
    };

    #[test]
    fn the_file_has_the_names_of_the_registry() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nes.toml");
        assert_eq!(read::<NesUrl>(&NOWHERE, &file), Ok(None));
        let text = "# site\nAgentURL = \"ws://a:9120\"\n  URL=\"nes.example.com\" # here\n";
        fs::write(&file, text).unwrap();
        let url = read::<NesUrl>(&NOWHERE, &file).unwrap().unwrap();
        assert_eq!(url.as_str(), "https://nes.example.com/nes");
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nes.toml");
        fs::write(&file, "URL = \"http://nes.example.com/nes\"\n").unwrap();
        let error = read::<NesUrl>(&NOWHERE, &file).unwrap_err().to_string();
        assert!(
            error.contains("nes.toml") && error.contains("http://nes.example.com"),
            "{error}"
        );
    }
}
