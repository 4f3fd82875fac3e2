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
    let words = words(text);
    if let [only] = words[..] {
        let found = number(only).map(|(number, is_hex)| Found {
            kind: None,
            number,
            is_hex,
        });
        let sub_code = sub_code(only).map(|number| Found {
            kind: Some(CodeKind::DirectoryBind),
            number,
            is_hex: true,
        });
        return found.into_iter().chain(sub_code).collect();
    }
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let mut add = |kind, number, is_hex| {
            found.push(Found {
                kind: Some(kind),
                number,
                is_hex,
            });
        };
        let (before, after) = (&words[..at], &words[at + 1..]);
        if let Some(code) = fault_digits(before, word, after)
            && let Ok(number) = u32::from_str_radix(code, 16)
        {
            add(CodeKind::BandFault, number, true);
        }
        if is_bind_data(before, after)
            && let Some(number) = sub_code(word)
        {
            add(CodeKind::DirectoryBind, number, true);
        }
        let Some((number, is_hex)) = number(word) else {
            continue;
        };
        match kind_before(before, number, is_hex) {
            Some(kind) => add(kind, number, is_hex),
            None if is_hex => add(CodeKind::Windows, number, is_hex),
            None => {}
        }
        if is_event_id(before) {
            add(CodeKind::Windows, number, is_hex);
        }
    }
    // `nsl_verify_nea_cert_chain, LINE, N`: only the last of the two is the error.
    let is_line = |pair: &[Found]| pair.iter().all(|found| found.kind == Some(CodeKind::Nsl));
    while let Some(at) = found.windows(2).position(is_line) {
        found.remove(at);
    }
    found
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect()
}

/// The digits of all words that may be a band's fault code, without 0x.
pub(super) fn fault_codes(text: &str) -> impl Iterator<Item = &str> {
    let words = words(text);
    let codes = (0..words.len()).filter_map(|at| {
        let written = words[at]
            .get(..2)
            .filter(|start| start.eq_ignore_ascii_case("0x"));
        match written {
            Some(_) => words[at].get(2..).filter(|digits| is_hex(digits, 3)),
            None => fault_digits(&words[..at], words[at], &words[at + 1..]),
        }
    });
    codes.collect::<Vec<_>>().into_iter()
}

fn is_hex(word: &str, least: usize) -> bool {
    (least..=8).contains(&word.len()) && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A band shows its code without 0x, and a line number below. A word is taken for one if it has both
/// letters and digits; if it could be any number, only alone, with a line number, or after "fault".
fn fault_digits<'a>(before: &[&str], word: &'a str, after: &[&str]) -> Option<&'a str> {
    const AFTER_FAULT: usize = 2;
    let has = |is: fn(&u8) -> bool| word.bytes().any(|digit| is(&digit));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_line = |word: &str| word.len() <= 5 && word.bytes().all(|digit| digit.is_ascii_digit());
    let is_screen = before.is_empty()
        && match after {
            [] => true,
            [line] => is_line(line),
            _ => false,
        };
    let near = before.iter().rev().take(AFTER_FAULT);
    let is_named = near
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case("fault"));
    let is_code = is_hex(word, 5) && has(u8::is_ascii_digit);
    (is_code && (is_mixed || is_screen || is_named)).then_some(word)
}

/// Whether the words say "event id": that of an audit event, or of the log of Windows.
fn is_event_id(before: &[&str]) -> bool {
    let ends_with = |end: &[&str]| {
        let last = before
            .len()
            .checked_sub(end.len())
            .map(|from| &before[from..]);
        last.is_some_and(|last| last.iter().zip(end).all(|(a, b)| a.eq_ignore_ascii_case(b)))
    };
    ends_with(&["event", "id"]) || ends_with(&["eventid"])
}

/// A directory's sub-code, which is written in three hex digits without 0x.
fn sub_code(word: &str) -> Option<u32> {
    let is_one =
        word.len() == 3 && is_hex(word, 3) && word.starts_with(|c: char| c.is_ascii_digit());
    let digits = Some(word).filter(|_| is_one)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Whether a word stands where a directory writes its sub-code: `AcceptSecurityContext error, data 52e,
/// v4563`, or the end of that.
fn is_bind_data(before: &[&str], after: &[&str]) -> bool {
    let [rest @ .., last] = before else {
        return false;
    };
    let is_bind = |word: &&str| word.eq_ignore_ascii_case("AcceptSecurityContext");
    let is_version = |word: &str| {
        let digits = word.strip_prefix(['v', 'V']);
        digits.is_some_and(|digits| is_hex(digits, 1))
    };
    let is_end = match after {
        [] => true,
        [next, ..] => is_version(next),
    };
    last.eq_ignore_ascii_case("data") && (is_end || rest.iter().any(is_bind))
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
    // Nothing says more than the name of the number itself, whatever else the line is about.
    let field = near().next().filter(|word| is_status(word));
    if let Some(kind) = field.and_then(|word| kind_by_size(&word, number)) {
        return Some(kind).filter(|_| !is_hex);
    }
    let named = near().find_map(|word| kind(&word));
    named.or_else(|| near().find_map(|word| kind_by_size(&word, number).filter(|_| !is_hex)))
}

fn kind(word: &str) -> Option<CodeKind> {
    match word {
        "nsl" | "nsl_verify_nea_cert_chain" => Some(CodeKind::Nsl),
        "event" | "events" | "eventid" | "eventtypeid" | "event_type_id" => {
            Some(CodeKind::EventTypeId)
        }
        "response" | "responsecode" | "response_code" => Some(CodeKind::ResponseCode),
        "http" => Some(CodeKind::Http),
        "os" => Some(CodeKind::OsError),
        "fault" => Some(CodeKind::BandFault),
        "windows" => Some(CodeKind::Windows),
        _ => None,
    }
}

fn is_status(word: &str) -> bool {
    matches!(word, "status" | "statuscode" | "status_code" | "napi")
}

fn is_error(word: &str) -> bool {
    matches!(word, "error" | "code" | "errorcode" | "error_code")
}

/// Our numbers begin at 1000, so a smaller "status" or "error" is the web's.
fn kind_by_size(word: &str, number: u32) -> Option<CodeKind> {
    match number {
        100..600 if is_status(word) || matches!(word, "server" | "code") => Some(CodeKind::Http),
        _ if is_status(word) => Some(CodeKind::Napi),
        1000.. if is_error(word) => Some(CodeKind::Napi),
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
        has("Windows error 8647", CodeKind::Windows, 8647);
        has("data 52e", CodeKind::DirectoryBind, 0x52e);
        has("775", CodeKind::DirectoryBind, 0x775);
        has("data 532, v3839", CodeKind::DirectoryBind, 0x532);
        has(
            "AcceptSecurityContext error, data 775 (49)",
            CodeKind::DirectoryBind,
            0x775,
        );
        has("fault 0x1100042", CodeKind::BandFault, 0x0110_0042);
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
        assert_eq!(codes("read data 532 times"), []);
        assert_eq!(codes("add"), []);
        assert_eq!(codes("99999999999"), []);
    }
}
