//! Text that people wrote, and that ends in signed records, audit rows, logs and terminals.

/// Whether a character neither controls nor turns the direction of writing (Unicode UAX #9): with
/// one that does, a reader could be shown something else than what was signed.
///
/// ```
/// use nymi_core::text::is_plain;
/// assert!("Vergütung genehmigt – 同意".chars().all(is_plain));
/// assert!(!"pay \u{202e}01 to eve".chars().all(is_plain));
/// ```
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_hides_or_turns_text() {
        let bad = "\0\n\r\u{1b}\u{7f}\u{85}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}";
        for c in bad.chars() {
            assert!(!is_plain(c), "{c:?}");
        }
        for c in "a ü–同\u{200d}\u{202f}\u{2065}\u{206a}".chars() {
            assert!(is_plain(c), "{c:?}");
        }
    }
}
