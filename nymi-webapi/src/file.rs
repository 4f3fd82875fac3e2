//! `nymi_agent.toml`. Every key is optional; paths are relative to the file.
//!
//! ```toml
//! [agent]
//! listen = "127.0.0.1:9120"
//! certfile = "agent.pem"             # with keyfile: wss
//! keyfile = "agent.key"
//! cacertfile = "ca.pem"
//! allowed_hosts = ["agent.example.com"]
//! insecure = false                   # listen beyond loopback all the same
//!
//! [webapi]
//! enabled = true
//! listen = "127.0.0.1:8080"
//! protocol = "ws"                    # or wss, with certfile, keyfile, cacertfile
//! allowed_origins = ["https://records.example.com"]
//! auth = "none"
//!
//! [nes]
//! nes_url = "https://nes.example.com"
//! directory_service_id = "nes"
//! credentials_location = "certs/"    # its file `credentials`: user name and password, a line each
//! l1 = "l1.pem"                      # else NYMI_L1, else /etc/nymi/l1.pem
//! grade = "gold"
//! ```

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use nymi_core::chain::GradeRequirement;
use nymi_net::tls::TlsFiles;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::config::{AgentConfig, NesAccess};

/// Why a configuration file cannot be used. Each names file, key and remedy.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file, or one that it names, cannot be read.
    #[error("cannot read {} ({key}): {source}; check the path and that the service may read it", .path.display())]
    Unreadable {
        /// What names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not TOML, or an unknown key or wrong type.
    #[error("{}: {message}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and key.
        message: String,
    },
    /// The credentials are not there.
    #[error("Unable to load the credentials for BasicLoginWithToken due to a missing credentials file: {} (credentials_location). Comment the line out to run without an Enterprise Server, or write the file: user name on the first line, password on the second", .path.display())]
    NoCredentials {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the credentials.
    #[error("{} (credentials_location) can be read by other users; make it readable by the service alone (chmod 600, its directory 700)", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    agent: AgentSection,
    webapi: WebApiSection,
    nes: NesSection,
    cluster: ClusterSection,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgentSection {
    listen: Option<SocketAddr>,
    certfile: Option<PathBuf>,
    keyfile: Option<PathBuf>,
    cacertfile: Option<PathBuf>,
    allowed_hosts: Vec<String>,
    insecure: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WebApiSection {
    enabled: Option<bool>,
    listen: Option<SocketAddr>,
    protocol: Option<Protocol>,
    cacertfile: Option<PathBuf>,
    certfile: Option<PathBuf>,
    keyfile: Option<PathBuf>,
    allowed_origins: Vec<String>,
    auth: Option<Auth>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Ws,
    Wss,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auth {
    None,
    Token,
    Mtls,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NesSection {
    nes_url: Option<String>,
    directory_service_id: Option<String>,
    credentials_location: Option<PathBuf>,
    l1: Option<PathBuf>,
    grade: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClusterSection {
    url: Option<String>,
}

/// Reads a configuration file; paths in it are relative to it. L1 comes from the key `l1`, else from
/// `default_l1`, if that file is there.
///
/// # Errors
/// If the file, a key in it or a file that it names is wrong.
pub fn read_config(path: &Path, default_l1: Option<&Path>) -> Result<AgentConfig, FileError> {
    let text = read("the configuration file", path)?;
    let base = path.parent().unwrap_or(Path::new("."));
    let context = Context { path, base };
    let file: File = toml::from_str(&text).map_err(|error| context.invalid(error.to_string()))?;
    context.config(file, default_l1)
}

fn read(key: &'static str, path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(|source| FileError::Unreadable {
        key,
        path: path.to_owned(),
        source,
    })
}

struct Context<'a> {
    path: &'a Path,
    base: &'a Path,
}

impl Context<'_> {
    fn invalid(&self, message: impl Into<String>) -> FileError {
        FileError::Invalid {
            path: self.path.to_owned(),
            message: message.into(),
        }
    }

    fn config(&self, file: File, default_l1: Option<&Path>) -> Result<AgentConfig, FileError> {
        if file.cluster.url.is_some() {
            return Err(self.invalid(
                "[cluster] url: clusters are not available in this version; remove the key",
            ));
        }
        let mut config = AgentConfig {
            insecure: file.agent.insecure,
            allowed_hosts: file.agent.allowed_hosts,
            tls: self.tls(
                "agent",
                (
                    file.agent.certfile,
                    file.agent.keyfile,
                    file.agent.cacertfile,
                ),
            )?,
            ..AgentConfig::default()
        };
        config.listen = file.agent.listen.unwrap_or(config.listen);
        self.webapi(file.webapi, &mut config)?;
        self.nes(file.nes, default_l1, &mut config)?;
        Ok(config)
    }

    fn webapi(&self, webapi: WebApiSection, config: &mut AgentConfig) -> Result<(), FileError> {
        if matches!(webapi.auth, Some(Auth::Token | Auth::Mtls)) {
            return Err(self.invalid(
                "[webapi] auth: only \"none\" is available in this version; use it on single-user machines only",
            ));
        }
        let tls = self.tls(
            "webapi",
            (webapi.certfile, webapi.keyfile, webapi.cacertfile),
        )?;
        config.webapi_tls = match (webapi.protocol.unwrap_or(Protocol::Ws), tls) {
            (Protocol::Wss, None) => {
                return Err(self.invalid("[webapi] protocol = \"wss\" needs certfile and keyfile"));
            }
            (Protocol::Wss, tls) => tls,
            (Protocol::Ws, Some(_)) => {
                return Err(self.invalid(
                    "[webapi] certfile is given but protocol is \"ws\"; set protocol = \"wss\" or remove the files",
                ));
            }
            (Protocol::Ws, None) => None,
        };
        config.allowed_origins = webapi.allowed_origins;
        config.webapi = webapi.enabled.unwrap_or(true);
        config.webapi_listen = webapi.listen.or(config.webapi_listen);
        Ok(())
    }

    fn tls(
        &self,
        section: &str,
        files: (Option<PathBuf>, Option<PathBuf>, Option<PathBuf>),
    ) -> Result<Option<TlsFiles>, FileError> {
        let at = |path: PathBuf| self.base.join(path);
        match files {
            (Some(certfile), Some(keyfile), cacertfile) => Ok(Some(TlsFiles {
                certfile: at(certfile),
                keyfile: at(keyfile),
                cacertfile: cacertfile.map(at),
            })),
            (None, None, None) => Ok(None),
            (None, ..) => Err(self.invalid(format!(
                "[{section}] certfile is missing beside keyfile or cacertfile"
            ))),
            (_, None, _) => {
                Err(self.invalid(format!("[{section}] keyfile is missing beside certfile")))
            }
        }
    }

    fn nes(
        &self,
        nes: NesSection,
        default_l1: Option<&Path>,
        config: &mut AgentConfig,
    ) -> Result<(), FileError> {
        if let Some(grade) = &nes.grade {
            config.grade = grade
                .parse::<GradeRequirement>()
                .map_err(|error| self.invalid(format!("[nes] grade: {error}")))?;
        }
        config.l1_pem = match (nes.l1, default_l1) {
            (Some(path), _) => Some(read("l1", &self.base.join(path))?),
            (None, Some(path)) if path.exists() => Some(read("l1", path)?),
            (None, _) => None,
        };
        let Some(url) = nes.nes_url else {
            return match nes.credentials_location {
                Some(_) => {
                    Err(self.invalid("[nes] nes_url is missing beside credentials_location"))
                }
                None => Ok(()),
            };
        };
        let Some(location) = nes.credentials_location else {
            return Err(self.invalid(
                "[nes] credentials_location is missing beside nes_url; this version logs in with a service account only",
            ));
        };
        let (user, password) = credentials(&self.base.join(location).join("credentials"))?;
        let service = nes.directory_service_id.unwrap_or_else(|| "nes".to_owned());
        config.nes = Some(NesAccess {
            url,
            service,
            user,
            password,
        });
        Ok(())
    }
}

/// User name and password, a line each; readable by this user alone.
fn credentials(path: &Path) -> Result<(String, Zeroizing<String>), FileError> {
    let unreadable = |source: std::io::Error| FileError::Unreadable {
        key: "credentials_location",
        path: path.to_owned(),
        source,
    };
    let found = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(FileError::NoCredentials {
                path: path.to_owned(),
            });
        }
        found => found.map_err(unreadable)?,
    };
    if is_exposed(&found) {
        return Err(FileError::Exposed {
            path: path.to_owned(),
        });
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => {
            Ok((user.to_owned(), Zeroizing::new(password.to_owned())))
        }
        _ => Err(FileError::Invalid {
            path: path.to_owned(),
            message: "write the user name on the first line and the password on the second"
                .to_owned(),
        }),
    }
}

#[cfg(unix)]
fn is_exposed(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_exposed(_: &std::fs::Metadata) -> bool {
    false
}
