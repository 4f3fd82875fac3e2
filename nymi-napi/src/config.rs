//! What a client is told before it starts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use nymi_core::UnixMillis;

/// The name of a Nymi-enabled application: a letter, then 5 to 17 of letters, digits, `.`, `_`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NeaName(String);

/// Text that is not the name of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an application's name is 6 to 18 characters, a letter first, then letters, digits, '.', '_' or '-'"
)]
pub struct NeaNameError;

impl NeaName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NeaName {
    type Err = NeaNameError;

    fn from_str(text: &str) -> Result<Self, NeaNameError> {
        let rest = match text.as_bytes() {
            [first, rest @ ..] if first.is_ascii_alphabetic() => rest,
            _ => return Err(NeaNameError),
        };
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        if (5..=17).contains(&rest.len()) && rest.iter().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NeaNameError)
        }
    }
}

impl fmt::Display for NeaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much goes into `nymi_api.log`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// No file.
    None,
    /// Errors and warnings.
    #[default]
    Normal,
    /// What happened, besides.
    Info,
    /// How it came about, besides.
    Debug,
    /// Everything.
    Verbose,
}

/// Where `nymi_api.log` goes.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// An existing directory that this user can write to, or one that can be made.
    pub directory: PathBuf,
    /// How much is written.
    pub level: LogLevel,
}

/// Tells the time: a seam for tests.
pub type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

/// What a client is told before it starts.
#[derive(Clone)]
pub struct Config {
    /// The application's name.
    pub nea_name: NeaName,
    /// The agent's channel socket; none: the site's configuration, else the agent of this machine,
    /// `ws://127.0.0.1:9120/socket/websocket`.
    pub agent_url: Option<String>,
    /// The log file; none: events go to the subscriber of the process, if it has one.
    pub log: Option<LogConfig>,
    /// The folder of certificates and keys; none: `NYMI_NSL_DIR`, else the user's data folder.
    pub store: Option<PathBuf>,
    /// The clock that certificates are checked against.
    pub clock: Clock,
}

impl Config {
    /// Defaults for an application of this name.
    pub fn new(nea_name: NeaName) -> Self {
        Self { nea_name, agent_url: None, log: None, store: None, clock: Arc::new(system_time) }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("nea_name", &self.nea_name)
            .field("agent_url", &self.agent_url)
            .field("log", &self.log)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

fn system_time() -> UnixMillis {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        Err(before) => {
            UnixMillis(-i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_six_to_eighteen_characters() {
        for name in ["abcdef", "Records", "a.b_c-9", "abcdefghijklmnopqr"] {
            assert!(name.parse::<NeaName>().is_ok(), "{name}");
        }
        for name in ["", "abcde", "abcdefghijklmnopqrs", "9abcdef", "abc def", "abcdé_f", ".abcdef"] {
            assert_eq!(name.parse::<NeaName>(), Err(NeaNameError), "{name}");
        }
    }
}
