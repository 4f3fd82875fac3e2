//! JSON with comments and trailing commas, as .NET reads its settings.

use alloc::string::String;

use super::settings::{MAX_DEPTH, SettingsError};

/// The same text as plain JSON: comments and trailing commas become spaces, so that every other
/// byte keeps its line and column.
pub(super) fn to_plain(text: &str) -> Result<String, SettingsError> {
    let mut plain = Plain {
        bytes: text.as_bytes().to_vec(),
        at: 0,
        comma: None,
        last: b'[',
        depth: 0,
    };
    plain.run()?;
    // Only whole characters were replaced, by spaces.
    String::from_utf8(plain.bytes).map_err(|_| SettingsError::NotText)
}

struct Plain {
    bytes: alloc::vec::Vec<u8>,
    at: usize,
    /// The last comma, if nothing but spaces and comments came since.
    comma: Option<usize>,
    /// The last byte that is neither space nor comment.
    last: u8,
    depth: usize,
}

impl Plain {
    fn run(&mut self) -> Result<(), SettingsError> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => self.skip_string(),
                b'/' => {
                    self.blank_comment()?;
                    continue;
                }
                // A comma that follows no value is not a trailing one.
                b',' if matches!(self.last, b'[' | b'{' | b',' | b':') => self.comma = None,
                b',' => self.comma = Some(self.at),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if let Some(comma) = self.comma.take() {
                        self.bytes[comma] = b' ';
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'{' | b'[' => {
                    self.comma = None;
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(SettingsError::TooDeep { line: self.line() });
                    }
                }
                _ => self.comma = None,
            }
            if !byte.is_ascii_whitespace() {
                self.last = byte;
            }
            self.at += 1;
        }
        Ok(())
    }

    /// To the quote that ends it, or to the end of a text that the JSON reader then refuses.
    fn skip_string(&mut self) {
        self.comma = None;
        loop {
            self.at += 1;
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at += 1,
                Some(b'"') | None => return,
                Some(_) => {}
            }
        }
    }

    fn blank_comment(&mut self) -> Result<(), SettingsError> {
        let rest = &self.bytes[self.at..];
        let length = match rest.get(1) {
            Some(b'/') => rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r'))
                .unwrap_or(rest.len()),
            Some(b'*') => rest
                .windows(2)
                .skip(2)
                .position(|pair| pair == b"*/")
                .map(|index| index + 4)
                .ok_or_else(|| SettingsError::OpenComment { line: self.line() })?,
            _ => {
                // Not a comment; the JSON reader says what is wrong.
                self.at += 1;
                self.comma = None;
                return Ok(());
            }
        };
        for byte in &mut self.bytes[self.at..self.at + length] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.at += length;
        Ok(())
    }

    fn line(&self) -> usize {
        let before = &self.bytes[..self.at.min(self.bytes.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }
}
