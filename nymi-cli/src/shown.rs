//! Somebody's text on a terminal.

use nymi_core::text::is_plain;

/// The text with everything escaped that would move a terminal's cursor, forge a line of a report or
/// turn the direction of writing: a signed text is still somebody's text.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_forge_a_line_or_drive_the_terminal() {
        let shown = plain("Approved\n  document  matches\u{1b}[31m\u{202e}é");
        assert_eq!(shown, "Approved\\n  document  matches\\u{1b}[31m\\u{202e}é");
    }
}
