use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// The longest distinguished name that is read.
const MAX_LEN: usize = 2048;

/// A distinguished name (RFC 4514), such as `OU=Line 1,DC=corp,DC=example`. Compared without regard
/// to case and to spaces around its parts, as directories do.
#[derive(Clone, Debug)]
pub struct DistinguishedName {
    text: String,
    /// From the entry to the root; types and values of each step in order.
    steps: Vec<Vec<(String, String)>>,
}

/// Text that is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no distinguished name such as OU=Line 1,DC=corp,DC=example: {rule}")]
pub struct DnError {
    /// The refused text, shortened.
    pub found: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl DistinguishedName {
    /// Whether this entry is the other or beneath it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.steps.ends_with(&other.steps)
    }

    /// The name of the organizational unit, if it is one.
    pub fn unit_name(&self) -> Option<&str> {
        match self.steps.first()?.as_slice() {
            [(kind, value)] if kind == "ou" => Some(value),
            _ => None,
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}

impl Eq for DistinguishedName {}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for DistinguishedName {
    type Err = DnError;

    fn from_str(text: &str) -> Result<Self, DnError> {
        let refused = |rule| DnError {
            found: text.chars().take(80).collect(),
            rule,
        };
        if text.len() > MAX_LEN {
            return Err(refused("it has at most 2048 bytes"));
        }
        let mut steps = Vec::new();
        for step in split(text, |c| matches!(c, ',' | ';')) {
            let mut parts = Vec::new();
            for part in split(step, |c| c == '+') {
                parts.push(read_part(part).map_err(refused)?);
            }
            parts.sort();
            steps.push(parts);
        }
        Ok(Self {
            text: text.to_string(),
            steps,
        })
    }
}

/// The pieces between separators that are not escaped.
fn split(text: &str, is_separator: fn(char) -> bool) -> Vec<&str> {
    let (mut pieces, mut start, mut escaped) = (Vec::new(), 0, false);
    for (index, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if is_separator(c) {
            pieces.push(&text[start..index]);
            start = index + c.len_utf8();
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn read_part(part: &str) -> Result<(String, String), &'static str> {
    let (kind, value) = part
        .split_once('=')
        .ok_or("each part is a type, = and a value")?;
    let kind = kind.trim_matches(' ');
    let is_kind = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if kind.is_empty() || !kind.chars().all(is_kind) {
        return Err("a type has letters, digits, dots and hyphens");
    }
    let value = unescape(value)?;
    if value.is_empty() {
        return Err("a value is not empty");
    }
    Ok((kind.to_ascii_lowercase(), value.to_lowercase()))
}

/// The value without its escapes and without spaces around it that are not escaped.
fn unescape(text: &str) -> Result<String, &'static str> {
    let (mut bytes, mut kept) = (Vec::new(), 0);
    let mut rest = text.trim_start_matches(' ').bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let next = rest.next().ok_or("a backslash escapes something")?;
                let hex = |digit: u8| char::from(digit).to_digit(16);
                bytes.push(match hex(next) {
                    Some(high) => {
                        let low = rest.next().and_then(hex);
                        (high * 16 + low.ok_or("an escape in hex has two digits")?) as u8
                    }
                    None => next,
                });
                kept = bytes.len();
            }
            0 | b'"' | b'<' | b'>' => return Err("quotes, < and > are escaped"),
            b' ' => bytes.push(b' '),
            other => {
                bytes.push(other);
                kept = bytes.len();
            }
        }
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).map_err(|_| "escapes in hex are UTF-8")
}
