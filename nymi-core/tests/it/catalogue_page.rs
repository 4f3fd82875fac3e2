//! The generated page of the troubleshooting catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use nymi_core::catalogue::{Code, CodeKind, Entry, MessageKind, Scope, Severity, entries};

/// The parts of the platform, in the order of the page.
const COMPONENTS: [(&str, &str); 13] = [
    ("band", "Band"),
    ("nbe", "Endpoint"),
    ("agent", "Agent"),
    ("webapi", "WebAPI"),
    ("napi", "Native client"),
    ("cert", "Certificates"),
    ("nes", "Enterprise server"),
    ("nba", "Enrollment and registration"),
    ("audit", "Audit events"),
    ("net", "Network"),
    ("lock", "Lock control"),
    ("connect-win", "Connect for Windows"),
    ("connect-android", "Connect for Android"),
];

const KINDS: [(CodeKind, &str); 9] = [
    (CodeKind::Napi, "status"),
    (CodeKind::Nsl, "nsl"),
    (CodeKind::EventTypeId, "EventTypeID"),
    (CodeKind::ResponseCode, "ResponseCode"),
    (CodeKind::BandFault, "band fault"),
    (CodeKind::Http, "HTTP"),
    (CodeKind::OsError, "os error"),
    (CodeKind::Windows, "Windows"),
    (CodeKind::DirectoryBind, "LDAP error 49, data"),
];

/// What Markdown would take for markup stands for itself, except code in backticks.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (has_code, mut in_code) = (text.matches('`').count().is_multiple_of(2), false);
    for c in text.chars() {
        in_code ^= has_code && c == '`';
        match c {
            '\n' => out.push(' '),
            '`' if has_code => out.push(c),
            _ if in_code => out.push(c),
            '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '`' | '|' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn number(code: Code) -> String {
    match code.kind {
        CodeKind::BandFault => format!("0x{:05X}", code.number),
        CodeKind::Windows => format!("{} (0x{:x})", code.number, code.number),
        CodeKind::DirectoryBind => format!("{:x}", code.number),
        _ => code.number.to_string(),
    }
}

fn kind_name(kind: CodeKind) -> &'static str {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    known.expect("every kind has a name").1
}

fn page() -> String {
    let mut page = format!(
        "# Troubleshooting\n\n\
         Generated from `nymi-core/data/troubleshooting.toml`; `UPDATE_GENERATED=1 cargo test -p nymi-core`\n\
         writes it anew.\n\n\
         What people see when something fails, why, and what to do: {} entries. `nymi explain` finds them\n\
         by message, log line, number or id. [Status codes](status-codes.md) has our own numbers in one table.\n\n",
        entries().len()
    );
    for (_, title) in COMPONENTS {
        writeln!(page, "- [{title}](#{})", anchor(title)).unwrap();
    }
    numbers(&mut page);
    for (component, title) in COMPONENTS {
        writeln!(page, "\n## {title}").unwrap();
        for entry in entries()
            .iter()
            .filter(|entry| entry.component == component)
        {
            one(&mut page, entry);
        }
    }
    page
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

/// Every number with its entries.
fn numbers(page: &mut String) {
    page.push_str("\n## By number\n\n| kind | number | entries |\n| --- | --- | --- |\n");
    let mut rows: BTreeMap<(CodeKind, u32), Vec<&Entry>> = BTreeMap::new();
    for entry in entries() {
        if let Some(code) = entry.code {
            rows.entry((code.kind, code.number))
                .or_default()
                .push(entry);
        }
    }
    for ((kind, value), found) in rows {
        let shown = number(Code {
            kind,
            number: value,
        });
        let links: Vec<String> = found
            .iter()
            .map(|entry| format!("[{0}](#{0})", entry.id))
            .collect();
        writeln!(
            page,
            "| {} | {shown} | {} |",
            kind_name(kind),
            links.join(", ")
        )
        .unwrap();
    }
}

fn one(page: &mut String, entry: &Entry) {
    let shown = match entry.message_kind {
        MessageKind::Shown => format!("“{}”", plain(entry.message)),
        MessageKind::Heading | MessageKind::Sentence => plain(entry.message),
    };
    let more = if entry.is_prefix { " …" } else { "" };
    writeln!(page, "\n### {}\n\n**{shown}{more}**\n", entry.id).unwrap();
    let severity = match entry.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Fatal => "fatal",
    };
    let scope = match entry.scope {
        Scope::Product => "this platform",
        Scope::Platform => "another program",
        Scope::Hardware => "hardware",
    };
    let code = entry
        .code
        .map(|code| format!(" · {} {}", kind_name(code.kind), number(code)))
        .unwrap_or_default();
    let here = match entry.maps_to {
        Some(status) => format!(" · here: status {status}"),
        None => String::new(),
    };
    writeln!(page, "{severity} · {scope}{code}{here}\n").unwrap();
    for text in entry.also {
        writeln!(page, "- also: “{}”", plain(text)).unwrap();
    }
    for cause in entry.causes {
        writeln!(page, "- why: {}", plain(cause)).unwrap();
    }
    page.push('\n');
    for (at, remedy) in (1..).zip(entry.remedies) {
        writeln!(page, "{at}. {}", plain(remedy)).unwrap();
    }
    for (title, text) in [("Noticed by", entry.detect), ("Note", entry.note)] {
        if let Some(text) = text {
            writeln!(page, "\n*{title}:* {}", plain(text)).unwrap();
        }
    }
    writeln!(page, "\n*Source:* {}", plain(entry.source)).unwrap();
}

#[test]
fn the_page_is_generated_from_the_catalogue() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/troubleshooting.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/troubleshooting.md differs from the catalogue; run with UPDATE_GENERATED=1"
    );
}

#[test]
fn every_entry_is_on_the_page_under_a_known_part() {
    let page = page();
    let known: BTreeSet<&str> = COMPONENTS.iter().map(|(component, _)| *component).collect();
    for entry in entries() {
        assert!(known.contains(entry.component), "{}", entry.component);
        let heading = format!("\n### {}\n", entry.id);
        assert_eq!(page.matches(&heading).count(), 1, "{}", entry.id);
        for text in entry.causes.iter().chain(entry.remedies).chain(entry.also) {
            assert!(page.contains(&plain(text)), "{}: {text}", entry.id);
        }
    }
}
