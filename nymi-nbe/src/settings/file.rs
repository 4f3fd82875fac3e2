use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use nymi_core::tap::{AdapterKind, TapConfig, TapConfigError, TapConfigValues, TapConfigs};
use toml::{Table, Value};

use super::{AdapterConfig, Config, DEFAULT_AGENT_URL, DEFAULT_NYMULATOR, SettingsError};

/// The shipped `nbe.default.toml`: every key with its default.
pub const DEFAULT_FILE: &str = include_str!("../../nbe.default.toml");

const TOP_KEYS: [&str; 4] = ["agent_url", "endpoint_id", "credential", "log_level"];
const ENVIRONMENT: &str = "the environment";

/// The contents of `nbe.toml` and of the environment, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    top: BTreeMap<&'static str, String>,
    dongles: BTreeMap<AdapterKind, Dongle>,
    /// The parameters of the sections, with the environment's in their place.
    taps: TapConfigs,
    /// Wins over every section.
    overrides: BTreeMap<String, String>,
}

/// A `[dongle.*]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Dongle {
    tap: TapConfigValues,
    port: Option<String>,
}

impl Settings {
    /// Reads a file (absent: the defaults, unless `required`) and lets the environment override it.
    pub fn load(
        path: &Path,
        required: bool,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => String::new(),
            Err(source) => {
                return Err(SettingsError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        Self::parse(&text, &path.display().to_string(), environment)
    }

    /// Reads the text of a file; `place` names it in errors.
    pub fn parse(
        text: &str,
        place: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let table: Table =
            text.parse()
                .map_err(|error: toml::de::Error| SettingsError::Syntax {
                    place: place.to_owned(),
                    reason: syntax(text, &error),
                })?;
        let mut settings = Self {
            top: BTreeMap::new(),
            dongles: AdapterKind::ALL
                .into_iter()
                .map(|kind| (kind, Dongle::default()))
                .collect(),
            taps: TapConfigs::default(),
            overrides: BTreeMap::new(),
        };
        for (key, value) in table {
            settings.top_key(place, &key, value)?;
        }
        settings.environment(environment)?;
        for kind in AdapterKind::ALL {
            let tap = settings.tap(kind, place)?;
            settings.taps.set(kind, tap);
        }
        Ok(settings)
    }

    fn top_key(&mut self, place: &str, key: &str, value: Value) -> Result<(), SettingsError> {
        if key == "dongle" {
            let Value::Table(sections) = value else {
                return Err(bad(place, "dongle", "sections such as [dongle.virtual]"));
            };
            return sections
                .into_iter()
                .try_for_each(|(k, v)| self.section(place, &k, v));
        }
        // Older files write AGENT_URL.
        let known = TOP_KEYS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(key));
        let known = known.ok_or_else(|| unknown(place, key.to_owned(), &TOP_KEYS, "dongle"))?;
        let text = match value {
            Value::String(text) => text,
            Value::Integer(level) if known == "log_level" => level.to_string(),
            _ => return Err(bad(place, known, "a text in quotes")),
        };
        if known != "log_level" && text.is_empty() {
            return Err(bad(place, known, "a text that is not empty"));
        }
        self.top.insert(known, text);
        Ok(())
    }

    fn section(&mut self, place: &str, kind: &str, value: Value) -> Result<(), SettingsError> {
        let name = format!("dongle.{kind}");
        let known = kind.parse::<AdapterKind>().map_err(|_| {
            unknown(
                place,
                name.clone(),
                &AdapterKind::ALL.map(AdapterKind::name),
                "",
            )
        })?;
        let Value::Table(keys) = value else {
            return Err(bad(place, &name, "a section"));
        };
        let mut dongle = Dongle::default();
        for (key, value) in keys {
            let path = format!("{name}.{key}");
            match (key.as_str(), value) {
                ("port", Value::String(port)) => dongle.port = Some(port),
                ("port", _) => return Err(bad(place, &path, "a text in quotes")),
                (_, Value::Integer(number)) if TapConfigValues::KEYS.contains(&key.as_str()) => {
                    let set = dongle.tap.set(&key, &number.to_string());
                    set.map_err(|error| tap_error(place, &name, error))?;
                }
                _ if TapConfigValues::KEYS.contains(&key.as_str()) => {
                    return Err(bad(place, &path, "a whole number"));
                }
                _ => return Err(unknown(place, path, &TapConfigValues::KEYS, "port")),
            }
        }
        self.dongles.insert(known, dongle);
        Ok(())
    }

    /// `PORT` is not read: it would be the same for every section, and other programs use it.
    fn environment(
        &mut self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(), SettingsError> {
        let read = |key: &str| {
            environment(&key.to_ascii_uppercase()).filter(|value| !value.trim().is_empty())
        };
        for key in TOP_KEYS {
            self.top.extend(read(key).map(|value| (key, value)));
        }
        for key in TapConfigValues::KEYS {
            let Some(value) = read(key) else { continue };
            let checked = TapConfigValues::default().set(key, &value);
            checked.map_err(|error| tap_error(ENVIRONMENT, "", error))?;
            self.overrides.insert(key.to_ascii_uppercase(), value);
        }
        Ok(())
    }

    /// The detection parameters for one kind of adapter.
    fn tap(&self, kind: AdapterKind, place: &str) -> Result<TapConfig, SettingsError> {
        let in_file = self
            .dongles
            .get(&kind)
            .map(|dongle| dongle.tap)
            .unwrap_or_default();
        let name = format!("dongle.{kind}");
        TapConfig::try_from(in_file).map_err(|error| tap_error(place, &name, error))?;
        let mut values = in_file;
        for (key, value) in &self.overrides {
            values
                .set(key, value)
                .map_err(|error| tap_error(ENVIRONMENT, "", error))?;
        }
        TapConfig::try_from(values).map_err(|error| tap_error(ENVIRONMENT, &name, error))
    }

    /// The detection parameters for each kind of adapter.
    pub const fn taps(&self) -> &TapConfigs {
        &self.taps
    }

    /// How much is logged, if that is set: a name, or a number from 0 to 5.
    pub fn log_level(&self) -> Option<&str> {
        self.top.get("log_level").map(String::as_str)
    }

    /// The endpoint's configuration. A terminal without `endpoint_id` is known by its host name.
    pub fn config(&self, hostname: Option<String>) -> Result<Config, SettingsError> {
        let text = |key| self.top.get(key).cloned();
        let endpoint_id = text("endpoint_id").or_else(|| hostname.clone());
        let port = self
            .dongles
            .get(&AdapterKind::Virtual)
            .and_then(|dongle| dongle.port.as_deref());
        let nymulator: SocketAddr = match port {
            None => DEFAULT_NYMULATOR,
            Some(port) => port.parse().map_err(|_| {
                bad(
                    "nbe.toml",
                    "dongle.virtual.port",
                    "the address of a nymulator, such as \"127.0.0.1:9130\"",
                )
            })?,
        };
        Ok(Config {
            agent_url: text("agent_url").unwrap_or_else(|| DEFAULT_AGENT_URL.to_owned()),
            endpoint_id: endpoint_id.ok_or(SettingsError::NoEndpointId)?,
            credential: text("credential"),
            hostname,
            addresses: Vec::new(),
            adapter: AdapterConfig::Virtual(nymulator),
            tap: self.taps,
        })
    }
}

fn bad(place: &str, key: &str, expected: &'static str) -> SettingsError {
    SettingsError::Value {
        place: place.to_owned(),
        key: key.to_owned(),
        expected,
    }
}

fn unknown(place: &str, key: String, known: &[&str], further: &str) -> SettingsError {
    let known = [known.join(", "), further.to_owned()].join(", ");
    let known = known.trim_end_matches(", ").to_owned();
    SettingsError::UnknownKey {
        place: place.to_owned(),
        key,
        known,
    }
}

fn tap_error(place: &str, section: &str, error: TapConfigError) -> SettingsError {
    let section = if section.is_empty() {
        String::new()
    } else {
        format!("[{section}] ")
    };
    SettingsError::Tap {
        place: place.to_owned(),
        section,
        error,
    }
}

/// Line and message, without the line's text: it may hold the credential.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| {
        text.get(..span.start)
            .unwrap_or_default()
            .matches('\n')
            .count()
            + 1
    });
    format!("line {line}: {}", error.message())
}
