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

/// Whether a character shows nothing: blanks, and the letters and joiners of no width (Unicode
/// `Default_Ignorable_Code_Point`, those that are typed). A name of such alone cannot be seen.
///
/// ```
/// use nymi_core::text::is_blank;
/// assert!(" \u{a0}\u{200b}\u{3164}".chars().all(is_blank));
/// assert!(!"Night shift".chars().all(is_blank));
/// ```
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
        )
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
        for c in
            " \t\u{a0}\u{3000}\u{200b}\u{200d}\u{2060}\u{2800}\u{3164}\u{feff}\u{e0020}".chars()
        {
            assert!(is_blank(c), "{c:?}");
        }
        for c in "a.–同\u{300}".chars() {
            assert!(!is_blank(c), "{c:?}");
        }
        for c in "a ü–同\u{200d}\u{202f}\u{2065}\u{206a}".chars() {
            assert!(is_plain(c), "{c:?}");
        }
    }
}
