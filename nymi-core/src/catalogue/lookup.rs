use alloc::format;
use alloc::vec::Vec;

use super::codes::{Found, codes};
use super::text::{Words, is_alike};
use super::{CodeKind, Entry, Explanation, MatchKind, Source, entries};
use crate::chain::FAULTS;
use crate::message::Status;

/// The longest query that is looked at, in bytes; more of a log does not help.
const MAX_QUERY: usize = 4096;

/// How many answers there are at most when words are merely similar.
const MAX_SIMILAR: usize = 5;

/// How many words of the query are compared one by one.
const MAX_WORDS: usize = 64;

/// One row of the three tables, and the texts by which it is found.
struct Row {
    source: Source,
    texts: Vec<Words>,
}

impl Row {
    fn explanation(&self, matched: MatchKind) -> Explanation {
        Explanation {
            source: self.source,
            matched,
        }
    }
}

/// Explains a code, message, log line or id: the best answers first, none if nothing fits.
pub fn explain(query: &str) -> Vec<Explanation> {
    let query = head(query.trim(), MAX_QUERY);
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
        return merge([exact, coded, Vec::new()]);
    }
    let certain = merge([exact, coded, contained(&rows, query, &words)]);
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

fn head(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

fn rows() -> Vec<Row> {
    let statuses = Status::ALL.iter().map(|status| Row {
        source: Source::Status(*status),
        texts: [Words::of(status.description())].into(),
    });
    let faults = FAULTS.iter().map(|fault| Row {
        source: Source::Chain(fault),
        texts: [Words::of(fault.name)].into(),
    });
    let entries = entries().iter().map(|entry| Row {
        source: Source::Entry(entry),
        texts: core::iter::once(&entry.message)
            .chain(entry.also)
            .map(|text| Words::of(text))
            .collect(),
    });
    statuses.chain(faults).chain(entries).collect()
}

/// Puts the answers in order: by how they were found, then by weight; each source once.
fn merge(groups: [Vec<(usize, Explanation)>; 3]) -> Vec<Explanation> {
    let mut merged: Vec<Explanation> = Vec::new();
    for mut group in groups {
        group.sort_by_key(|(weight, _)| core::cmp::Reverse(*weight));
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
        matches!(row.source, Source::Status(status) if status.name().eq_ignore_ascii_case(query));
    is_name
        || row.texts.contains(words)
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
    // A band shows its fault codes in hex, Windows some of its numbers.
    let fits_hex = |found: &Found| match code.kind {
        CodeKind::BandFault => found.is_hex,
        CodeKind::Windows => true,
        _ => !found.is_hex,
    };
    let fits_kind = |found: &Found| match found.kind {
        Some(kind) => kind == code.kind || (found.is_hex && code.kind == CodeKind::BandFault),
        None => true,
    };
    found
        .iter()
        .any(|found| found.number == code.number && fits_hex(found) && fits_kind(found))
}

/// Whether one word of the query is a fault code with the beginning that the entry names.
fn is_beginning(entry: &Entry, query: &str) -> bool {
    entry.is_prefix
        && query
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| {
                let word = word.to_ascii_uppercase();
                let digits = word.strip_prefix("0X").unwrap_or(&word);
                let is_code = digits.len() >= 3 && digits.chars().all(|c| c.is_ascii_hexdigit());
                let written = word.len() > digits.len() || digits.len() >= 6;
                is_code
                    && written
                    && format!("0X{digits}").starts_with(&entry.message.to_ascii_uppercase())
            })
}

/// Rows whose text is in the query, or that have the query in their text.
fn contained(rows: &[Row], query: &str, words: &Words) -> Vec<(usize, Explanation)> {
    let is_telling = |words: &Words| words.count() >= 2 && words.as_str().len() >= 6;
    let is_part = is_telling(words);
    let mut found = Vec::new();
    for row in rows {
        let weight = row.texts.iter().filter_map(|text| {
            let fits = match row.source {
                // Too short and common to mean anything within a longer text.
                Source::Chain(_) => false,
                _ => {
                    (is_telling(text) && words.contains(text)) || (is_part && text.contains(words))
                }
            };
            fits.then(|| text.as_str().len().min(words.as_str().len()))
        });
        let name = match row.source {
            Source::Status(status) if status.name().contains('_') => status.name(),
            _ => "",
        };
        let by_name = (!name.is_empty() && query.contains(name)).then_some(name.len());
        if let Some(weight) = weight.chain(by_name).max() {
            found.push((weight, row.explanation(MatchKind::Contained)));
        }
    }
    found
}

/// Rows that share many telling words with the query, the rarer a word the more it counts.
fn similar(rows: &[Row], query: &Words) -> Vec<Explanation> {
    let mut asked = query.telling();
    asked.truncate(MAX_WORDS);
    let weigh = |word: &str| {
        let has = |row: &&Row| {
            row.texts
                .iter()
                .any(|text| text.iter().any(|other| is_alike(other, word)))
        };
        let count = rows.iter().filter(has).count();
        1 + (rows.len() / count.max(1)).max(1).ilog2() as usize
    };
    let weights: Vec<(&str, usize)> = asked.iter().map(|word| (*word, weigh(word))).collect();
    let total: usize = weights.iter().map(|(_, weight)| weight).sum();
    let mut ranked = Vec::new();
    for row in rows {
        let likeness = row
            .texts
            .iter()
            .filter_map(|text| likeness(&weights, total, text));
        if let Some(best) = likeness.max() {
            ranked.push((best, row.explanation(MatchKind::Similar)));
        }
    }
    ranked.sort_by_key(|(best, _)| core::cmp::Reverse(*best));
    ranked.truncate(MAX_SIMILAR);
    ranked
        .into_iter()
        .map(|(_, explanation)| explanation)
        .collect()
}

/// How many per cent of the query's weight a text has, or of the text's words the query; and the
/// weight that they share. None if it is too little to mean anything.
fn likeness(asked: &[(&str, usize)], total: usize, text: &Words) -> Option<(usize, usize)> {
    let telling = text.telling();
    let in_text = |word: &str| telling.iter().any(|other| is_alike(other, word));
    let shared = asked.iter().filter(|(word, _)| in_text(word));
    let (count, weight) = shared.fold((0, 0), |(n, sum), (_, weight)| (n + 1, sum + weight));
    let of_query = weight * 100 / total.max(1);
    let of_text = if telling.len() >= 3 {
        count * 100 / telling.len()
    } else {
        0
    };
    let score = of_query.max(of_text);
    let enough = count >= 2 || (count == 1 && asked.len() == 1);
    (enough && score >= 60).then_some((score, weight))
}
