//! `nymi_nes.toml`: where the server listens, keeps its data and what it accepts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nymi_net::tls::TlsFiles;
use serde::Deserialize;

/// The certificate grade that a server works with.
pub use nymi_core::chain::Grade;

/// Everything that a server needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one. Without TLS only loopback addresses are accepted.
    pub listen: SocketAddr,
    /// Holds the database, the key files (0600) and `l1.pem`. Created if missing.
    pub data_dir: PathBuf,
    /// The service name in URLs; its case does not matter.
    pub directory_service_id: String,
    /// The URL under which clients know the service, such as `https://nes.example.com/nes`: the `iss`
    /// of assertions. By default made from the address it listens on.
    pub public_url: Option<String>,
    /// Certificate and key for https.
    pub tls: Option<TlsFiles>,
    /// The one grade of L2 that is accepted.
    pub grade: Grade,
    /// Host names besides loopback under which clients may reach the server.
    pub allowed_hosts: Vec<String>,
    /// Pages of other origins that may use the server.
    pub allowed_origins: Vec<String>,
    /// How long a log-in token lives.
    pub token_ttl: Duration,
    /// Audiences that assertions may name besides the caller itself.
    pub allowed_audiences: Vec<String>,
    /// Permits plain http on an address that is not loopback, for a test network only.
    pub insecure: bool,
}

impl Config {
    /// The defaults: loopback on port 8443, service `nes`, gold, tokens for 30 minutes.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            data_dir: data_dir.into(),
            directory_service_id: "nes".into(),
            public_url: None,
            tls: None,
            grade: Grade::Gold,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            token_ttl: Duration::from_secs(30 * 60),
            allowed_audiences: Vec::new(),
            insecure: false,
        }
    }

    /// Reads `nymi_nes.toml`. Relative paths in it start at the file's folder.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, or has an unknown key or a bad value; named each.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let file: File = toml::from_str(&text).map_err(|error| ConfigError::Invalid {
            path: path.to_owned(),
            detail: error.to_string(),
        })?;
        file.into_config(path.parent().unwrap_or(Path::new(".")))
            .map_err(|detail| ConfigError::Invalid {
                path: path.to_owned(),
                detail,
            })
    }
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or not readable.
    #[error("cannot read {}: {source}; check the path and its permissions", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value that is not allowed.
    #[error("{} is not valid: {detail}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Names the key and what it expects.
        detail: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    nes: Nes,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Nes {
    listen: Option<SocketAddr>,
    data_dir: Option<PathBuf>,
    directory_service_id: Option<String>,
    public_url: Option<String>,
    certfile: Option<PathBuf>,
    keyfile: Option<PathBuf>,
    cacertfile: Option<PathBuf>,
    grade: Option<String>,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
    allowed_audiences: Vec<String>,
    #[serde(rename = "WSTokenTTL")]
    ws_token_ttl: Option<String>,
    insecure: bool,
}

impl File {
    fn into_config(self, folder: &Path) -> Result<Config, String> {
        let file = self.nes;
        let data_dir = file.data_dir.unwrap_or_else(|| PathBuf::from("data"));
        let mut config = Config::new(folder.join(data_dir));
        if let Some(listen) = file.listen {
            config.listen = listen;
        }
        if let Some(service) = file.directory_service_id {
            config.directory_service_id = checked_service(service)?;
        }
        config.public_url = file.public_url;
        config.tls = match (file.certfile, file.keyfile) {
            (None, None) => None,
            (Some(certfile), Some(keyfile)) => Some(TlsFiles {
                certfile: folder.join(certfile),
                keyfile: folder.join(keyfile),
                cacertfile: file.cacertfile.map(|path| folder.join(path)),
            }),
            _ => return Err("certfile and keyfile belong together; give both or neither".into()),
        };
        if let Some(grade) = file.grade {
            config.grade = checked_grade(&grade)?;
        }
        config.allowed_hosts = file.allowed_hosts;
        config.allowed_origins = file.allowed_origins;
        config.allowed_audiences = file.allowed_audiences;
        if let Some(ttl) = file.ws_token_ttl {
            config.token_ttl = checked_ttl(&ttl)?;
        }
        config.insecure = file.insecure;
        Ok(config)
    }
}

/// `gold` or `bronze`.
pub(crate) fn checked_grade(text: &str) -> Result<Grade, String> {
    match text {
        "gold" => Ok(Grade::Gold),
        "bronze" => Ok(Grade::Bronze),
        other => Err(format!(
            "grade is {other:?}; it must be \"gold\" or \"bronze\""
        )),
    }
}

fn checked_service(service: String) -> Result<String, String> {
    let fits = !service.is_empty()
        && service.len() <= 64
        && service
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !service.starts_with('.');
    if fits {
        Ok(service)
    } else {
        Err(format!(
            "directory_service_id is {service:?}; it must be 1 to 64 letters, digits, '-', '_' or '.'"
        ))
    }
}

/// `HH:MM:SS`, 1 s to 24 h.
fn checked_ttl(text: &str) -> Result<Duration, String> {
    let parts: Option<Vec<u64>> = text
        .split(':')
        .map(|part| (part.len() == 2).then(|| part.parse().ok()).flatten())
        .collect();
    let seconds = match parts.as_deref() {
        Some(&[hours, minutes, seconds]) if minutes < 60 && seconds < 60 => {
            hours * 3600 + minutes * 60 + seconds
        }
        _ => 0,
    };
    if (1..=86_400).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(format!(
            "WSTokenTTL is {text:?}; it must be HH:MM:SS, from \"00:00:01\" to \"24:00:00\""
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.into_config(Path::new("/etc/nymi"))
    }

    #[test]
    fn reads_every_key() {
        let config = read(
            "[nes]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"d\"\ndirectory_service_id = \"NES_DPS\"\n\
             public_url = \"https://n/nes\"\ncertfile = \"c.pem\"\nkeyfile = \"k.pem\"\n\
             grade = \"bronze\"\nallowed_hosts = [\"n\"]\nallowed_origins = [\"https://o\"]\n\
             WSTokenTTL = \"00:00:05\"\ninsecure = false\n",
        )
        .unwrap();
        assert_eq!(config.data_dir, Path::new("/etc/nymi/d"));
        assert_eq!(config.directory_service_id, "NES_DPS");
        assert_eq!(config.tls.unwrap().certfile, Path::new("/etc/nymi/c.pem"));
        assert_eq!(config.grade, Grade::Bronze);
        assert_eq!(config.token_ttl, Duration::from_secs(5));
    }

    #[test]
    fn the_example_is_valid() {
        let config = read(include_str!("../nymi_nes.example.toml")).unwrap();
        assert_eq!(config.grade, Grade::Gold);
        assert_eq!(config.token_ttl, Duration::from_secs(1800));
    }

    #[test]
    fn names_what_is_wrong() {
        for (text, name) in [
            ("[nes]\nlistne = \"127.0.0.1:0\"", "listne"),
            ("[nse]\n", "nse"),
            ("[nes]\ngrade = \"silver\"", "grade"),
            ("[nes]\nWSTokenTTL = \"30\"", "WSTokenTTL"),
            ("[nes]\nWSTokenTTL = \"00:00:00\"", "WSTokenTTL"),
            ("[nes]\ncertfile = \"c\"", "keyfile"),
            (
                "[nes]\ndirectory_service_id = \"a/b\"",
                "directory_service_id",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(name), "{text}: {error}");
        }
    }
}
