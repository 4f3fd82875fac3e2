use alloc::format;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::codes::{Found, codes, fault_codes};
use super::text::{Words, is_alike};
use super::{CodeKind, Entry, Explanation, MatchKind, Source, entries};
use crate::chain::FAULTS;
use crate::message::Status;

/// How many bytes of a query [`explain`] looks at, from its end: there the newest line of a log is.
pub const MAX_QUERY: usize = 4096;

/// How many answers there are at most when words are merely similar.
const MAX_SIMILAR: usize = 5;

/// How many words of the query are compared one by one.
const MAX_WORDS: usize = 64;

/// How long a word must be, in bytes, to be found in a log line on its own.
const MIN_LONE_WORD: usize = 12;

/// One row of the three tables, and the texts by which it is found.
struct Row {
    source: Source,
    texts: Vec<Text>,
}

struct Text {
    words: Words,
    /// Whether it means something within a longer text.
    is_telling: bool,
}

impl Text {
    fn of(text: &str) -> Self {
        let words = Words::of(text);
        let is_telling = is_phrase(&words) || is_telling_word(text, &words);
        Self { words, is_telling }
    }
}

fn is_phrase(words: &Words) -> bool {
    words.count() >= 2 && words.as_str().len() >= 6
}

/// Whether a text is one word that nobody writes by chance: CamelCase, or long.
fn is_telling_word(text: &str, words: &Words) -> bool {
    let is_camel_case = text
        .chars()
        .zip(text.chars().skip(1))
        .any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    words.count() == 1 && (is_camel_case || words.as_str().len() >= MIN_LONE_WORD)
}

impl Row {
    fn explanation(&self, matched: MatchKind) -> Explanation {
        Explanation {
            source: self.source,
            matched,
        }
    }
}

/// Explains a code, message, log line or id: the best answers first, none if nothing fits. Of a long
/// text, only the last [`MAX_QUERY`] bytes are looked at.
pub fn explain(query: &str) -> Vec<Explanation> {
    let query = tail(query.trim(), MAX_QUERY);
    let (words, found) = (Words::of(query), codes(query));
    if words.as_str().is_empty() {
        return Vec::new();
    }
    let rows = rows();
    let all_that = |fits: &dyn Fn(&Row) -> bool, matched| {
        let fitting = rows.iter().filter(|row| fits(row));
        fitting
            .map(|row| (nearness(&row.source), row.explanation(matched)))
            .collect()
    };
    let exact = all_that(&|row| is_exact(row, query, &words), MatchKind::Exact);
    let coded = all_that(&|row| has_code(&row.source, &found, query), MatchKind::Code);
    // A number alone says nothing by its digits.
    if found.iter().any(|found| found.kind.is_none()) {
        return merge([exact, coded]);
    }
    let contained = contained(&rows, query, &words);
    let near = nearly_all(&rows, &words, &contained);
    let certain = merge([exact, coded, near, contained]);
    if certain.is_empty() {
        similar(&rows, &words)
    } else {
        certain
    }
}

/// Of rows with the same number: the table of that number, then an entry named after it, then others
/// in which it appears.
fn nearness(source: &Source) -> usize {
    match source {
        Source::Status(_) | Source::Chain(_) => 2,
        Source::Entry(entry) => entry.code.map_or(0, |code| {
            let number = format!("{}", code.number);
            usize::from(entry.id.split('-').any(|word| word == number))
        }),
    }
}

/// The last `max` bytes of a text, less what would be half a character, or half a line if whole ones
/// follow.
fn tail(text: &str, max: usize) -> &str {
    let Some(mut from) = text.len().checked_sub(max) else {
        return text;
    };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let (before, tail) = text.split_at(from);
    if before.is_empty() || before.ends_with('\n') {
        return tail;
    }
    tail.split_once('\n').map_or(tail, |(_, lines)| lines)
}

/// Every row of the three tables: status codes, chain errors, entries.
pub fn all() -> impl Iterator<Item = Explanation> {
    let statuses = Status::ALL.iter().map(|status| Source::Status(*status));
    let faults = FAULTS.iter().map(Source::Chain);
    let entries = entries().iter().map(Source::Entry);
    let matched = MatchKind::Exact;
    statuses
        .chain(faults)
        .chain(entries)
        .map(move |source| Explanation { source, matched })
}

fn rows() -> Vec<Row> {
    let row = |one: Explanation| {
        let also = match one.source {
            Source::Entry(entry) => entry.also,
            Source::Status(_) | Source::Chain(_) => &[],
        };
        let texts = core::iter::once(one.message()).chain(also.iter().copied());
        Row {
            source: one.source,
            texts: texts.map(Text::of).collect(),
        }
    };
    all().map(row).collect()
}

/// What somebody may have meant whom [`explain`] has no answer for: the numbers nearest to one that
/// is none, or the rows that share the most telling words; of those that share as much, the shortest
/// texts first.
pub fn suggest(query: &str) -> Vec<Explanation> {
    let query = tail(query.trim(), MAX_QUERY);
    if let Some(found) = codes(query).first() {
        return nearest_numbers(found);
    }
    let (rows, words) = (rows(), Words::of(query));
    let weights = weights(&rows, &words);
    let shared = |row: &Row| {
        let best = row.texts.iter().map(|text| {
            let (_, weight) = shared(&weights, &text.words.telling());
            (weight, Reverse(text.words.count()))
        });
        best.max().filter(|(weight, _)| *weight > 0)
    };
    let mut ranked: Vec<((usize, Reverse<usize>), &Row)> = rows
        .iter()
        .filter_map(|row| Some((shared(row)?, row)))
        .collect();
    ranked.sort_by_key(|(best, _)| Reverse(*best));
    ranked.truncate(MAX_SIMILAR);
    ranked
        .into_iter()
        .map(|(_, row)| row.explanation(MatchKind::Similar))
        .collect()
}

fn nearest_numbers(found: &Found) -> Vec<Explanation> {
    let kind = found.kind.unwrap_or(if found.is_hex {
        CodeKind::BandFault
    } else {
        CodeKind::Napi
    });
    let matched = MatchKind::Similar;
    let of_kind = all().filter_map(|one| {
        let code = one.code().filter(|code| code.kind == kind)?;
        Some((code.number, Explanation { matched, ..one }))
    });
    let mut near: Vec<(u32, Explanation)> = of_kind.collect();
    near.sort_by_key(|(number, _)| (number.abs_diff(found.number), *number));
    // Each number once, as its own table has it.
    near.dedup_by_key(|(number, _)| *number);
    near.truncate(MAX_SIMILAR);
    near.into_iter().map(|(_, one)| one).collect()
}

/// Puts the answers in order: by how they were found, then by weight; each source once.
fn merge<const N: usize>(groups: [Vec<(usize, Explanation)>; N]) -> Vec<Explanation> {
    let mut merged: Vec<Explanation> = Vec::new();
    for mut group in groups {
        group.sort_by_key(|(weight, _)| Reverse(*weight));
        for (_, explanation) in group {
            if !merged
                .iter()
                .any(|other| is_same(&other.source, &explanation.source))
            {
                merged.push(explanation);
            }
        }
    }
    merged
}

fn is_same(a: &Source, b: &Source) -> bool {
    match (a, b) {
        (Source::Status(a), Source::Status(b)) => a == b,
        (Source::Chain(a), Source::Chain(b)) => a.number == b.number,
        (Source::Entry(a), Source::Entry(b)) => a.id == b.id,
        _ => false,
    }
}

fn is_exact(row: &Row, query: &str, words: &Words) -> bool {
    let is_name =
        matches!(row.source, Source::Status(status) if Words::of(status.name()) == *words);
    is_name
        || row.texts.iter().any(|text| text.words == *words)
        || row
            .explanation(MatchKind::Exact)
            .id()
            .eq_ignore_ascii_case(query)
}

fn has_code(source: &Source, found: &[Found], query: &str) -> bool {
    if let Source::Entry(entry) = source
        && is_beginning(entry, query)
    {
        return true;
    }
    let explanation = Explanation {
        source: *source,
        matched: MatchKind::Code,
    };
    let Some(code) = explanation.code() else {
        return false;
    };
    let may_be = |found: &Found| found.kind.is_none_or(|kind| kind == code.kind);
    // A band shows its fault codes in hex, whatever stands before them; Windows some of its numbers.
    let fits = |found: &Found| match code.kind {
        CodeKind::BandFault => found.is_hex,
        CodeKind::Windows => may_be(found),
        // The number of a Windows error, which is printed elsewhere in decimal.
        CodeKind::DirectoryBind => {
            may_be(found) || matches!(found.kind, Some(CodeKind::Windows | CodeKind::OsError))
        }
        _ => !found.is_hex && may_be(found),
    };
    found
        .iter()
        .any(|found| found.number == code.number && fits(found))
}

/// Whether one word of the query is a fault code with the beginning that the entry names.
fn is_beginning(entry: &Entry, query: &str) -> bool {
    let begins = |code: &str| {
        let written = format!("0x{code}");
        let start = written.get(..entry.message.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(entry.message))
    };
    entry.is_prefix && fault_codes(query).any(begins)
}

/// Rows whose text is in the query, or that have the query in their text.
fn contained(rows: &[Row], query: &str, words: &Words) -> Vec<(usize, Explanation)> {
    let is_part = is_phrase(words);
    let mut found = Vec::new();
    for row in rows {
        let weight = row.texts.iter().filter_map(|text| {
            let fits = match row.source {
                // Too short and common to mean anything within a longer text.
                Source::Chain(_) => false,
                _ => {
                    (text.is_telling && words.contains(&text.words))
                        || (is_part && text.words.contains(words))
                }
            };
            fits.then(|| text.words.as_str().len().min(words.as_str().len()))
        });
        let by_name = match row.source {
            Source::Status(status) => name_within(status.name(), query),
            _ => None,
        };
        if let Some(weight) = weight.chain(by_name).max() {
            found.push((weight, row.explanation(MatchKind::Contained)));
        }
    }
    found
}

/// Rows that are nearly all of the query, and the query nearly all of them, where the certain answers
/// are little of it: a message with a slip in it means itself, not two words that stand in it.
fn nearly_all(
    rows: &[Row],
    query: &Words,
    contained: &[(usize, Explanation)],
) -> Vec<(usize, Explanation)> {
    /// How many per cent of the words are nearly all of them.
    const NEARLY_ALL: usize = 80;
    const LITTLE: usize = 50;
    let covered = contained.iter().map(|(length, _)| *length).max();
    let is_little = covered.is_some_and(|length| length * 100 < query.as_str().len() * LITTLE);
    if !is_little {
        return Vec::new();
    }
    let weights = weights(rows, query);
    let total: usize = weights.iter().map(|(_, weight)| weight).sum();
    let share = |text: &Text| {
        let telling = text.words.telling();
        let (count, weight) = shared(&weights, &telling);
        let of_both = (weight * 100 / total.max(1)).min(count * 100 / telling.len().max(1));
        (telling.len() >= 3 && of_both >= NEARLY_ALL).then_some(of_both)
    };
    let near = rows.iter().filter_map(|row| {
        let best = row.texts.iter().filter_map(share).max()?;
        Some((best, row.explanation(MatchKind::Similar)))
    });
    near.collect()
}

/// The length of a status's name, if the text has it and nobody writes it by chance: not `CANCELLED`.
fn name_within(name: &str, text: &str) -> Option<usize> {
    let mut symbols = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let is_named = name.contains('_') && symbols.any(|word| word.eq_ignore_ascii_case(name));
    is_named.then_some(name.len())
}

/// Rows that share many telling words with the query, the rarer a word the more it counts.
fn similar(rows: &[Row], query: &Words) -> Vec<Explanation> {
    let weights = weights(rows, query);
    let total: usize = weights.iter().map(|(_, weight)| weight).sum();
    let mut ranked = Vec::new();
    for row in rows {
        let likeness = row
            .texts
            .iter()
            .filter_map(|text| likeness(&weights, total, &text.words));
        if let Some(best) = likeness.max() {
            ranked.push((best, row.explanation(MatchKind::Similar)));
        }
    }
    ranked.sort_by_key(|(best, _)| Reverse(*best));
    ranked.truncate(MAX_SIMILAR);
    ranked
        .into_iter()
        .map(|(_, explanation)| explanation)
        .collect()
}

/// The telling words of a query, each with its weight: the rarer, the more.
fn weights<'a>(rows: &[Row], query: &'a Words) -> Vec<(&'a str, usize)> {
    let mut asked = query.telling();
    asked.truncate(MAX_WORDS);
    let weigh = |word: &str| {
        let has = |row: &&Row| {
            row.texts
                .iter()
                .any(|text| text.words.iter().any(|other| is_alike(other, word)))
        };
        let count = rows.iter().filter(has).count();
        1 + (rows.len() / count.max(1)).max(1).ilog2() as usize
    };
    asked.iter().map(|word| (*word, weigh(word))).collect()
}

/// How many words of the query are in a text, and their weight.
fn shared(asked: &[(&str, usize)], telling: &[&str]) -> (usize, usize) {
    let in_text = |word: &str| telling.iter().any(|other| is_alike(other, word));
    let shared = asked.iter().filter(|(word, _)| in_text(word));
    shared.fold((0, 0), |(n, sum), (_, weight)| (n + 1, sum + weight))
}

/// How many per cent of the query's weight a text has, or of the text's words the query; and the
/// weight that they share. None if it is too little to mean anything.
fn likeness(asked: &[(&str, usize)], total: usize, text: &Words) -> Option<(usize, usize)> {
    let telling = text.telling();
    let (count, weight) = shared(asked, &telling);
    let of_query = weight * 100 / total.max(1);
    let of_text = if telling.len() >= 3 {
        count * 100 / telling.len()
    } else {
        0
    };
    let score = of_query.max(of_text);
    let enough = count >= asked.len().min(2);
    (enough && score >= 60).then_some((score, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_text_is_kept() {
        for (text, max, kept) in [
            ("short", 5, "short"),
            ("no line ends", 4, "ends"),
            ("é", 1, ""),
            ("one\ntwo\nthree", 8, "three"),
            ("one\ntwo\nthree", 9, "two\nthree"),
            ("one\ntwo", 6, "two"),
        ] {
            assert_eq!(tail(text, max), kept, "{text:?} {max}");
        }
    }

    fn row(text: &str) -> Row {
        Row {
            source: Source::Status(Status::SUCCESS),
            texts: alloc::vec![Text::of(text)],
        }
    }

    #[test]
    fn the_rarer_a_word_the_more_it_counts() {
        let mut rows: Vec<Row> = (0..4).map(|_| row("reader")).collect();
        rows.extend((0..3).map(|_| row("reader of the dongle")));
        rows.push(row("dongle, reader, adapter"));
        assert_eq!(
            weights(&rows, &Words::of("no adapter, dongle, reader or printer")),
            [("adapter", 4), ("dongle", 2), ("printer", 4), ("reader", 1)]
        );
    }

    #[test]
    fn a_text_is_like_a_query_if_they_share_most_of_either() {
        const QUERY: &[(&str, usize)] = &[("adapter", 4), ("printer", 4), ("reader", 1)];
        for (query, text, expected) in [
            (QUERY, "printer adapter", Some((88, 8))),
            // One word of several is not enough, and all of one is.
            (&[("adapter", 4), ("reader", 1)], "adapter", None),
            (&[("adapter", 4)], "adapter gone", Some((100, 4))),
            (&[("adapter", 4)], "printer gone", None),
            // Two thirds of the text, and half of it; two words alone are too short a text.
            (QUERY, "gone: adapter reader", Some((66, 5))),
            (QUERY, "gone: adapter reader cable", None),
            (QUERY, "adapter reader", None),
            // 60 per cent of the query's weight, and a little less.
            (
                &[("adapter", 3), ("printer", 4), ("reader", 3)],
                "adapter reader",
                Some((60, 6)),
            ),
            (
                &[("adapter", 3), ("printer", 5), ("reader", 3)],
                "adapter reader",
                None,
            ),
        ] {
            let total = query.iter().map(|(_, weight)| weight).sum();
            let found = likeness(query, total, &Words::of(text));
            assert_eq!(found, expected, "{query:?} {text:?}");
        }
    }

    #[test]
    fn a_lone_word_is_telling_if_it_is_camel_case_or_long() {
        for word in ["IsSynced", "MissingCerts", "undetermined", "Fehlgeschlagen"] {
            assert!(Text::of(word).is_telling, "{word}");
        }
        for word in ["Pending", "RECOVERY", "recovering", "active", ""] {
            assert!(!Text::of(word).is_telling, "{word}");
        }
    }
}
