//! Free text that ends in assertions, audit rows, logs and terminals.

/// Whether the text has neither control characters nor those that turn the direction of writing
/// (Unicode UAX #9): with them a reader could be shown something else than what was signed.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_hides_or_turns_text() {
        for bad in
            "\0\n\r\u{1b}\u{7f}\u{85}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars()
        {
            assert!(!is_plain(&format!("a{bad}b")), "{bad:?}");
        }
        assert!(is_plain("Vergütung genehmigt – 同意"));
    }
}
