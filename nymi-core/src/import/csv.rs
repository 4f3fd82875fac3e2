//! Comma-separated values as RFC 4180 has them, with bounds.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::Peekable;
use core::str::Chars;

use super::{ImportError, MAX_COLUMNS};

/// The longest field, bytes.
pub const MAX_FIELD: usize = 1024;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// A quoted field does not end.
    #[error("a quoted field has no closing quote")]
    Open,
    /// Something follows the closing quote, or a quote stands inside a plain field.
    #[error("a quote may only begin and end a field; inside one it is written twice")]
    Quote,
    /// Too long.
    #[error("a field has more than {MAX_FIELD} bytes")]
    Field,
    /// Too many.
    #[error("there are more than {MAX_COLUMNS} columns")]
    Columns,
}

/// The rows of a text, each with the line that it begins on. Empty lines are skipped.
pub(super) struct Rows<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            line: 1,
        }
    }

    /// The next character; counts lines, and makes one end of each of the three.
    fn next_char(&mut self) -> Option<char> {
        let c = match self.rest.next()? {
            '\r' => {
                self.rest.next_if_eq(&'\n');
                '\n'
            }
            c => c,
        };
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// One field, and whether the row goes on after it.
    fn field(&mut self) -> Result<(String, bool), CsvError> {
        let mut field = String::new();
        let quoted = self.rest.next_if_eq(&'"').is_some();
        let mut open = quoted;
        loop {
            let c = match self.next_char() {
                None if open => return Err(CsvError::Open),
                None => return Ok((field, false)),
                Some(c) => c,
            };
            match c {
                '"' if open => {
                    if self.rest.next_if_eq(&'"').is_some() {
                        field.push('"');
                    } else {
                        open = false;
                    }
                }
                c if open => field.push(c),
                ',' => return Ok((field, true)),
                '\n' => return Ok((field, false)),
                // After a closing quote nothing else may stand, in a plain field no quote.
                _ if quoted => return Err(CsvError::Quote),
                '"' => return Err(CsvError::Quote),
                c => field.push(c),
            }
            if field.len() > MAX_FIELD {
                return Err(CsvError::Field);
            }
        }
    }

    fn row(&mut self) -> Result<Vec<String>, CsvError> {
        let mut fields = Vec::new();
        loop {
            let (field, more) = self.field()?;
            if fields.len() == MAX_COLUMNS {
                return Err(CsvError::Columns);
            }
            fields.push(unguarded(field));
            if !more {
                return Ok(fields);
            }
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<(usize, Vec<String>), ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest.peek()?;
            let line = self.line;
            match self.row() {
                Ok(fields) if fields.iter().all(|field| field.trim().is_empty()) => {}
                Ok(fields) => return Some(Ok((line, fields))),
                Err(error) => {
                    // What follows a broken quote means nothing.
                    self.rest = "".chars().peekable();
                    return Some(Err(ImportError::Csv { line, error }));
                }
            }
        }
    }
}

/// Adds a row to a file, `last` as its last field.
pub(super) fn write<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>, last: &str) {
    for field in fields {
        write_field(text, field);
        text.push(',');
    }
    write_field(text, last);
    text.push_str("\r\n");
}

/// What a field may begin with that a spreadsheet would take for a formula, or drops to find one behind
/// it; with the full-width signs.
const FORMULA: &[char] = &[
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];
/// What stands before such a field in a file of ours.
const GUARD: char = '\'';

/// Whether a text is a formula, or one that was guarded already: both get a guard, so that what is read
/// is what was written.
fn needs_guard(text: &str) -> bool {
    text.trim_start_matches(GUARD).starts_with(FORMULA)
}

/// A field as it was before it was guarded.
fn unguarded(mut field: String) -> String {
    if field.starts_with(GUARD) && needs_guard(&field) {
        field.remove(0);
    }
    field
}

/// Every field stands in quotes: a program that splits at another sign than the comma finds no second
/// field in it.
fn write_field(text: &mut String, field: &str) {
    text.push('"');
    if needs_guard(field) {
        text.push(GUARD);
    }
    for c in field.chars() {
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    text.push('"');
}
