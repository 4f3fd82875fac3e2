//! Finds numbers in what an operator pasted, and what kind of number each is.

use alloc::vec::Vec;

use super::CodeKind;

/// A number of the query, with its kind where a word beside it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Option<CodeKind>,
    pub(super) number: u32,
    /// Whether it is written with 0x.
    pub(super) is_hex: bool,
}

/// How many words before a number are looked at for its kind.
const REACH: usize = 3;

/// The numbers of a text. A text that is nothing but a number has one without a kind; numbers
/// without a kind inside a longer text mean nothing.
pub(super) fn codes(text: &str) -> Vec<Found> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    if let [only] = words[..] {
        let found = number(only).map(|(number, is_hex)| Found {
            kind: None,
            number,
            is_hex,
        });
        return found.into_iter().collect();
    }
    let numbers = words.iter().enumerate().filter_map(|(at, word)| {
        let (number, is_hex) = number(word)?;
        let kind = match kind_before(&words[..at], number, is_hex) {
            Some(kind) => kind,
            None if is_hex => CodeKind::Windows,
            None => return None,
        };
        Some(Found {
            kind: Some(kind),
            number,
            is_hex,
        })
    });
    let mut found: Vec<Found> = numbers.collect();
    // `nsl_verify_nea_cert_chain, LINE, N`: only the last of the two is the error.
    let is_line = |pair: &[Found]| pair.iter().all(|found| found.kind == Some(CodeKind::Nsl));
    while let Some(at) = found.windows(2).position(is_line) {
        found.remove(at);
    }
    found
}

fn number(word: &str) -> Option<(u32, bool)> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16)
            .ok()
            .map(|number| (number, true)),
        None => word.parse().ok().map(|number| (number, false)),
    }
}

/// A word that names a kind wins over one that stands before numbers of any kind.
fn kind_before(words: &[&str], number: u32, is_hex: bool) -> Option<CodeKind> {
    let near = || {
        words
            .iter()
            .rev()
            .take(REACH)
            .map(|word| word.to_lowercase())
    };
    let named = near().find_map(|word| kind(&word));
    named.or_else(|| near().find_map(|word| kind_by_size(&word, number).filter(|_| !is_hex)))
}

fn kind(word: &str) -> Option<CodeKind> {
    match word {
        "nsl" | "nsl_verify_nea_cert_chain" => Some(CodeKind::Nsl),
        "event" | "events" | "eventtypeid" | "event_type_id" => Some(CodeKind::EventTypeId),
        "response" | "responsecode" | "response_code" => Some(CodeKind::ResponseCode),
        "http" => Some(CodeKind::Http),
        "os" => Some(CodeKind::OsError),
        "fault" => Some(CodeKind::BandFault),
        "windows" => Some(CodeKind::Windows),
        _ => None,
    }
}

/// Our numbers begin at 1000, so a smaller "status" or "error" is the web's.
fn kind_by_size(word: &str, number: u32) -> Option<CodeKind> {
    match (word, number) {
        ("status" | "napi" | "server" | "code", 100..600) => Some(CodeKind::Http),
        ("status" | "napi", _) | ("error" | "code", 1000..) => Some(CodeKind::Napi),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(text: &str, kind: CodeKind, number: u32) {
        let found = codes(text);
        let is_it = |found: &Found| found.kind == Some(kind) && found.number == number;
        assert!(found.iter().any(is_it), "{text}: {found:?}");
    }

    #[test]
    fn the_word_before_a_number_tells_its_kind() {
        has("nsl 14", CodeKind::Nsl, 14);
        has("nsl_verify_nea_cert_chain, 14", CodeKind::Nsl, 14);
        has(r#""EventTypeID":6"#, CodeKind::EventTypeId, 6);
        has("event type 6", CodeKind::EventTypeId, 6);
        has(r#"{"ResponseCode":12}"#, CodeKind::ResponseCode, 12);
        has(
            r#"{"operation":"init","exchange":"0","status":8000}"#,
            CodeKind::Napi,
            8000,
        );
        has(
            "Band error: (3010) Operation timed out",
            CodeKind::Napi,
            3010,
        );
        has(
            "Band service disconnected, error code: 5100",
            CodeKind::Napi,
            5100,
        );
        has("HTTP Error 500.19", CodeKind::Http, 500);
        has("status code of 401 Unauthorized", CodeKind::Http, 401);
        has("(os error 10061)", CodeKind::OsError, 10061);
        has("error 0x21c7/847", CodeKind::Windows, 0x21c7);
    }

    #[test]
    fn the_source_line_of_a_chain_error_is_no_error() {
        let found = codes("nsl_verify_nea_cert_chain, 2238, 14");
        assert_eq!(
            found,
            [Found {
                kind: Some(CodeKind::Nsl),
                number: 14,
                is_hex: false
            }]
        );
    }

    #[test]
    fn a_number_alone_may_be_of_any_kind_and_one_in_a_text_of_none() {
        assert_eq!(
            codes(" 14 "),
            [Found {
                kind: None,
                number: 14,
                is_hex: false
            }]
        );
        assert_eq!(codes("after 14 days"), []);
        assert_eq!(codes("99999999999"), []);
    }
}
