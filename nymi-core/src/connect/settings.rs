use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::object::Object;
use super::relaxed;
use super::url::{UrlPattern, UrlPatternError};
use crate::text::is_blank;

/// The largest appsettings.json, in bytes.
pub const MAX_SIZE: usize = 256 * 1024;

/// How deep its objects and lists may be nested.
pub const MAX_DEPTH: usize = 32;

/// What `appsettings.json` says of applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The applications that are eligible; empty: any.
    pub included: Vec<Application>,
    /// The processes that are left alone. Wins over `included`.
    pub suppressed: Vec<Suppressed>,
}

/// An entry of `included`. What is none matches anything; what is given must all match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The process without `.exe`, in any case.
    pub process: Option<String>,
    /// A part of the window's title, in any case.
    pub title: Option<String>,
    /// The page's URL.
    pub url: Option<UrlPattern>,
    /// Where the user name goes.
    pub username_field: UsernameField,
}

/// An entry of `suppressed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// What a person calls it.
    pub name: Option<String>,
    /// The process without `.exe`, in any case.
    pub process: String,
}

/// The kind of the field for the user name (`usernameFieldType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsernameField {
    /// A field to type into.
    #[default]
    Text,
    /// A drop-down list to select from.
    Select,
}

/// An appsettings.json that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Longer than [`MAX_SIZE`].
    #[error("appsettings.json has {found} bytes; it may have {MAX_SIZE}")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("appsettings.json, line {line}: nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Where.
        line: usize,
    },
    /// Not UTF-8.
    #[error("appsettings.json is not text in UTF-8")]
    NotText,
    /// A `/*` without its `*/`.
    #[error("appsettings.json, line {line}: the comment does not end")]
    OpenComment {
        /// Where it begins.
        line: usize,
    },
    /// Not JSON, or not of this form.
    #[error("appsettings.json: {0}")]
    Form(String),
    /// A URL that is no pattern.
    #[error("appsettings.json, included[{entry}].applicationUrl: {error}")]
    Url {
        /// The entry, from 0.
        entry: usize,
        /// What is wrong.
        error: UrlPatternError,
    },
    /// An entry that would silence every process.
    #[error("appsettings.json, suppressed[{entry}].processName is empty; it must name a process")]
    NoProcess {
        /// The entry, from 0.
        entry: usize,
    },
}

impl SettingsError {
    /// What the user reads (guide 004, 7.5); the error itself goes to the log.
    pub const MESSAGE: &'static str =
        "Configuration Error (Data Structure) in appsettings.json. Contact your administrator.";
}

/// The file. Other keys beside the two lists belong to other parts of the client, which compare keys
/// without regard to case: a list under another spelling would be no list here, and restrict nothing.
#[derive(Default)]
struct File {
    included: Option<Vec<Object<IncludedEntry>>>,
    suppressed: Option<Vec<Object<SuppressedEntry>>>,
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Lists)
    }
}

struct Lists;

impl<'de> Visitor<'de> for Lists {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut file = File::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "included" if file.included.is_none() => file.included = Some(map.next_value()?),
                "suppressed" if file.suppressed.is_none() => {
                    file.suppressed = Some(map.next_value()?);
                }
                "included" => return Err(A::Error::duplicate_field("included")),
                "suppressed" => return Err(A::Error::duplicate_field("suppressed")),
                near if is_near(near) => {
                    return Err(A::Error::unknown_field(&key, &["included", "suppressed"]));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(file)
    }
}

/// Whether a key in lower case looks like that of a list: it begins so, after what nobody sees.
fn is_near(key: &str) -> bool {
    let seen = key.trim_start_matches(is_blank);
    seen.starts_with("inclu") || seen.starts_with("suppr")
}

/// A key that is not known is an error here: without it, the entry would match more than was meant.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IncludedEntry {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    process_name: String,
    #[serde(default)]
    window_title: String,
    #[serde(default)]
    application_url: String,
    #[serde(default)]
    username_field_type: UsernameField,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SuppressedEntry {
    name: Option<String>,
    #[serde(default)]
    process_name: String,
}

/// The process as it is compared: without its extension, in lower case.
pub(super) fn process_name(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    match lower.strip_suffix(".exe") {
        Some(stem) => stem.to_string(),
        None => lower,
    }
}

fn given<T>(text: &str, read: impl FnOnce(&str) -> T) -> Option<T> {
    let text = text.trim();
    (!text.is_empty()).then(|| read(text))
}

impl Settings {
    /// Reads an appsettings.json; comments and trailing commas are accepted, as in the guide's
    /// samples.
    ///
    /// # Errors
    /// Too large, too deep, not JSON, or an entry that cannot be what was meant.
    pub fn parse(file: &[u8]) -> Result<Self, SettingsError> {
        if file.len() > MAX_SIZE {
            let found = file.len();
            return Err(SettingsError::TooLarge { found });
        }
        let text = core::str::from_utf8(file).map_err(|_| SettingsError::NotText)?;
        let plain = relaxed::to_plain(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let file: File =
            serde_json::from_str(&plain).map_err(|error| SettingsError::Form(error.to_string()))?;
        Ok(Self {
            included: file
                .included
                .into_iter()
                .flatten()
                .enumerate()
                .map(|(index, Object(entry))| entry.read(index))
                .collect::<Result<_, _>>()?,
            suppressed: file
                .suppressed
                .into_iter()
                .flatten()
                .enumerate()
                .map(|(index, Object(entry))| entry.read(index))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether only listed applications are eligible.
    pub fn is_restricted(&self) -> bool {
        !self.included.is_empty()
    }
}

impl IncludedEntry {
    fn read(self, entry: usize) -> Result<Application, SettingsError> {
        Ok(Application {
            process: given(&self.process_name, process_name),
            title: given(&self.window_title, str::to_lowercase),
            url: given(&self.application_url, str::parse)
                .transpose()
                .map_err(|error| SettingsError::Url { entry, error })?,
            username_field: self.username_field_type,
        })
    }
}

impl SuppressedEntry {
    fn read(self, entry: usize) -> Result<Suppressed, SettingsError> {
        Ok(Suppressed {
            name: self.name,
            process: given(&self.process_name, process_name)
                .filter(|process| !process.is_empty())
                .ok_or(SettingsError::NoProcess { entry })?,
        })
    }
}
