//! `nymi explain`: what a code or message means, why it happens and what to do.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use nymi_core::catalogue::{
    CodeKind, Explanation, MAX_QUERY, MatchKind, Source, all, explain, suggest,
};

use crate::output;

/// How many explanations are printed in full; the others only by id and message.
const IN_FULL: usize = 3;

/// The columns of a line of text.
const WIDTH: usize = 96;

/// How many bytes of standard input are kept, from its end: there the newest line of a log is.
const MAX_INPUT: usize = 64 * 1024;

/// Prints what is known about `query` (`-`: what standard input says) to stdout, as text or as a JSON
/// array. Fails if nothing is, and says on stderr what may have been meant.
pub fn run(query: &str, json: bool) -> ExitCode {
    let query = match query {
        "-" => match standard_input() {
            Ok(text) => text,
            Err(error) => {
                eprintln!("nymi explain: standard input: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => query.to_owned(),
    };
    eprint!("{}", left_out(&query));
    let found = explain(&query);
    let written = print(|out| match json {
        true => write_json(out, &found),
        false => write_text(out, &found),
    });
    if found.is_empty() {
        eprint!("{}", nothing(&query));
        return ExitCode::FAILURE;
    }
    written
}

/// Lists all rows, or those of one part of the platform. Fails if there is no such part.
pub fn list(component: &str, json: bool) -> ExitCode {
    let listed: Vec<Explanation> = all()
        .filter(|one| component.is_empty() || one.component() == component)
        .collect();
    if listed.is_empty() {
        let mut known: Vec<&str> = all().map(|one| one.component()).collect();
        known.sort_unstable();
        known.dedup();
        let known = known.join(", ");
        eprintln!("nymi explain: {component:?} is no part of the platform; there are {known}");
        return ExitCode::FAILURE;
    }
    print(|out| match json {
        true => write_json(out, &listed),
        false => listed.iter().try_for_each(|one| {
            let message = one.message().replace('\n', " ");
            // A fault code says nothing by itself.
            let is_code = message.starts_with("0x");
            let causes = one.causes();
            let cause = causes.first().filter(|_| is_code).copied().unwrap_or("");
            writeln!(
                out,
                "{}",
                format!("{:<44} {message} {cause}", one.id()).trim_end()
            )
        }),
    })
}

/// What to say of a query that is not looked at as a whole.
fn left_out(query: &str) -> String {
    if query.trim().len() <= MAX_QUERY {
        return String::new();
    }
    format!(
        "nymi explain: the text is long: only its end is looked at, {MAX_QUERY} bytes at most\n"
    )
}

fn standard_input() -> io::Result<String> {
    let bytes = end_of(io::stdin().lock())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads all, and keeps the last [`MAX_INPUT`] bytes.
fn end_of(mut input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut more = input.by_ref().take(MAX_INPUT as u64);
        if more.read_to_end(&mut bytes)? == 0 {
            return Ok(bytes);
        }
        bytes.drain(..bytes.len().saturating_sub(MAX_INPUT));
    }
}

fn print(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> ExitCode {
    match output::print(write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nymi explain: {error}");
            ExitCode::FAILURE
        }
    }
}

fn nothing(query: &str) -> String {
    let shown: String = query.trim().chars().take(100).collect();
    let mut text = format!(
        "nymi explain: nothing is known about {shown:?}. Give a status code (4000), a number with \
         its kind (nsl 14, event 6, response 12, os error 10061), a band's fault code (0xD001D), \
         an id, or the text of a message or log line.\n"
    );
    let near = suggest(query);
    if !near.is_empty() {
        text += "Near it:\n";
    }
    for one in near {
        text += &format!("  {}  {}\n", one.id(), one.message());
    }
    text
}

fn write_json(out: &mut impl Write, found: &[Explanation]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, found)?;
    writeln!(out)
}

fn write_text(out: &mut impl Write, found: &[Explanation]) -> io::Result<()> {
    if found
        .first()
        .is_some_and(|first| first.matched == MatchKind::Similar)
    {
        writeln!(out, "Nothing fits exactly; the nearest entries:\n")?;
    }
    for (index, explanation) in found.iter().take(IN_FULL).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_one(out, explanation)?;
    }
    if found.len() > IN_FULL {
        writeln!(out, "\nAlso (nymi explain ID):")?;
    }
    for explanation in found.iter().skip(IN_FULL) {
        writeln!(out, "  {}  {}", explanation.id(), explanation.message())?;
    }
    Ok(())
}

fn write_one(out: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    writeln!(out, "{}", heading(explanation))?;
    wrapped(out, "  ", explanation.message())?;
    let (causes, remedies) = (explanation.causes(), explanation.remedies());
    if !causes.is_empty() {
        writeln!(out, "  why")?;
    }
    for cause in causes {
        wrapped(out, "    - ", cause)?;
    }
    writeln!(out, "  what to do")?;
    for (index, remedy) in remedies.iter().enumerate() {
        wrapped(out, &format!("    {}. ", index + 1), remedy)?;
    }
    if let Source::Entry(entry) = explanation.source {
        for (title, text) in [("how to detect it", entry.detect), ("note", entry.note)] {
            if let Some(text) = text {
                writeln!(out, "  {title}")?;
                wrapped(out, "    ", text)?;
            }
        }
    }
    let related = explanation.related();
    if !related.is_empty() {
        wrapped(out, "  see also ", &related.join(", "))?;
    }
    Ok(())
}

fn heading(explanation: &Explanation) -> String {
    match explanation.source {
        Source::Status(status) => format!("status {} {}", status.code(), status.name()),
        Source::Chain(fault) => format!("nsl {} (certificate chain, status 8000)", fault.number),
        Source::Entry(entry) => {
            let code = entry.code.map(|code| match code.kind {
                CodeKind::Napi => format!(", status {}", code.number),
                CodeKind::Nsl => format!(", nsl {}", code.number),
                CodeKind::EventTypeId => format!(", EventTypeID {}", code.number),
                CodeKind::ResponseCode => format!(", ResponseCode {}", code.number),
                CodeKind::BandFault => format!(", fault 0x{:05X}", code.number),
                CodeKind::Http => format!(", HTTP {}", code.number),
                CodeKind::OsError => format!(", os error {}", code.number),
                CodeKind::Windows => format!(", {} (0x{:x})", code.number, code.number),
                CodeKind::DirectoryBind => format!(", LDAP error 49, data {:x}", code.number),
            });
            let reported = match entry.maps_to {
                Some(status) if status != 0 => format!(", reported here as status {status}"),
                _ => String::new(),
            };
            format!(
                "{} ({}{}{reported})",
                entry.id,
                entry.component,
                code.unwrap_or_default()
            )
        }
    }
}

/// Writes a text in lines of [`WIDTH`] columns; those after the first are indented as `start`.
fn wrapped(out: &mut impl Write, start: &str, text: &str) -> io::Result<()> {
    let indent = " ".repeat(start.chars().count());
    let (mut lead, mut line) = (start, String::new());
    for word in text.split_whitespace() {
        let columns = indent.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && columns > WIDTH {
            writeln!(out, "{lead}{line}")?;
            (lead, line) = (&indent, String::new());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{lead}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(query: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, &explain(query)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_status_is_printed_with_cause_remedy_and_related_entries() {
        let text = text("4000");
        assert!(text.starts_with("status 4000 AGENT_MISSING\n  Nymi Agent missing.\n  why\n"));
        assert!(
            text.contains("  what to do\n    1. Check that the agent runs"),
            "{text}"
        );
        assert!(text.contains("see also"), "{text}");
        assert!(
            text.contains("napi-4000-agent-missing (napi, status 4000"),
            "{text}"
        );
    }

    #[test]
    fn long_texts_are_wrapped_and_lists_cut() {
        for query in [
            "6003",
            "nsl 29",
            "0xD001D",
            "blutooth adapter missing",
            "Nymi Bluetooth Agent is missing",
        ] {
            for line in text(query).lines() {
                let is_list = line.starts_with("  ") && !line.starts_with("   ");
                assert!(line.chars().count() <= WIDTH || is_list, "{query}: {line}");
            }
        }
        assert!(text("14").contains("EventTypeID 14"));
    }

    #[test]
    fn of_an_unknown_number_the_nearest_known_are_named() {
        for (query, nearest) in [
            ("9999", "status-"),
            ("nsl 9999", "nsl-"),
            ("0xD001E", "band-fault-d001d"),
        ] {
            let text = nothing(query);
            assert!(
                text.contains(&format!("nothing is known about {query:?}")),
                "{text}"
            );
            let (_, near) = text.split_once("Near it:\n").unwrap();
            let lines: Vec<&str> = near.lines().map(str::trim_start).collect();
            assert!(lines[0].starts_with(nearest) && lines.len() <= 5, "{text}");
        }
        assert!(nothing("3999").contains("  status-4000  Nymi Agent missing."));
    }

    #[test]
    fn json_is_an_array_even_if_nothing_is_found() {
        for (query, count) in [("nsl 101", 1), ("the weather", 0)] {
            let mut out = Vec::new();
            write_json(&mut out, &explain(query)).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(value.as_array().unwrap().len(), count);
        }
    }

    #[test]
    fn the_end_of_a_long_input_is_kept() {
        for len in [0, 1, MAX_INPUT, MAX_INPUT + 1, 3 * MAX_INPUT - 1] {
            let input: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            let kept = &input[len.saturating_sub(MAX_INPUT)..];
            assert!(end_of(&input[..]).unwrap() == kept, "{len}");
        }
    }

    #[test]
    fn as_much_is_looked_at_as_is_said() {
        let id = |query: &str| explain(query).first().map(Explanation::id);
        let query = format!("{:.<MAX_QUERY$}", "Nymi Agent missing.\n");
        assert_eq!(id(&query).as_deref(), Some("status-4000"));
        assert_eq!(left_out(&query), "");
        let longer = query + ".";
        assert_eq!(id(&longer), None);
        assert!(left_out(&longer).contains("4096 bytes"));
    }
}
