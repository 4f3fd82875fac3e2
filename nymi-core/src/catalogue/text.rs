//! Compares texts by their words: messages, log lines, and what someone remembers of them.

use alloc::string::String;
use alloc::vec::Vec;

/// The words of a text, in lower case, with one space between them and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(String);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                _ if c.is_alphanumeric() => words.extend(c.to_lowercase()),
                _ if words.is_empty() || words.ends_with(' ') => {}
                _ => words.push(' '),
            }
        }
        words.truncate(words.trim_end().len());
        Self(words)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split(' ').filter(|word| !word.is_empty())
    }

    pub(super) fn count(&self) -> usize {
        self.iter().count()
    }

    /// Whether all words of the other stand in this, in a row.
    pub(super) fn contains(&self, other: &Self) -> bool {
        !other.0.is_empty()
            && self.0.match_indices(&other.0).any(|(at, found)| {
                let before = self.0[..at].ends_with(' ') || at == 0;
                let after = &self.0[at + found.len()..];
                before && (after.is_empty() || after.starts_with(' '))
            })
    }

    /// The words that tell one text from another: each once.
    pub(super) fn telling(&self) -> Vec<&str> {
        let mut telling: Vec<&str> = self.iter().filter(|word| !is_common(word)).collect();
        telling.sort_unstable();
        telling.dedup();
        telling
    }
}

fn is_common(word: &str) -> bool {
    const COMMON: &[&str] = &[
        "a", "an", "and", "are", "at", "be", "but", "by", "can", "do", "does", "for", "from",
        "has", "have", "i", "if", "in", "is", "it", "its", "my", "no", "not", "of", "on", "or",
        "that", "the", "then", "this", "to", "was", "were", "what", "when", "which", "why", "will",
        "with", "you", "your",
    ];
    COMMON.binary_search(&word).is_ok()
}

/// Whether two words are the same but for one slip of the finger in a word of five letters or more.
pub(super) fn is_alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if a.len() < 5 || b.len() < 5 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let same_tail = |x: usize, y: usize| a.get(x..) == b.get(y..);
    let is_swapped = matches!((a, b), ([a1, a2, a_tail @ ..], [b1, b2, b_tail @ ..])
        if a1 == b2 && a2 == b1 && a_tail == b_tail);
    same_tail(1, 1) || same_tail(1, 0) || same_tail(0, 1) || is_swapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_compared_whole_and_without_case_or_signs() {
        let line = Words::of("2024-05-01 ERROR: Nymi-Agent  missing!");
        assert!(line.contains(&Words::of("nymi agent missing")));
        assert!(!line.contains(&Words::of("gent missing")));
        assert!(!line.contains(&Words::of("agent miss")));
        assert!(!line.contains(&Words::of("...")));
        assert_eq!(
            Words::of("the band and the agent").telling(),
            ["agent", "band"]
        );
    }

    #[test]
    fn letters_of_other_languages_belong_to_words() {
        assert_eq!(
            Words::of("ÄRGER mit dem Gerät").as_str(),
            "ärger mit dem gerät"
        );
    }

    #[test]
    fn one_slip_is_forgiven_in_long_words() {
        for (a, b) in [
            ("agent", "agemt"),
            ("agent", "agnt"),
            ("agent", "aggent"),
            ("agent", "agnet"),
        ] {
            assert!(is_alike(a, b) == (a.len().min(b.len()) >= 5), "{a} {b}");
        }
        assert!(is_alike("endpoint", "endpont"));
        assert!(!is_alike("endpoint", "endpnt"));
        assert!(!is_alike("band", "bond"));
    }

    proptest! {
        #[test]
        fn a_text_contains_each_run_of_its_words(text in "\\PC{0,40}", from in 0..4usize, to in 4..8usize) {
            let words = Words::of(&text);
            let run: Vec<&str> = words.iter().skip(from).take(to - from).collect();
            let run = Words::of(&run.join(" "));
            prop_assert!(run.count() == 0 || words.contains(&run));
        }

        #[test]
        fn likeness_goes_both_ways(a in "[a-c]{4,7}", b in "[a-c]{4,7}") {
            prop_assert_eq!(is_alike(&a, &b), is_alike(&b, &a));
        }
    }
}
