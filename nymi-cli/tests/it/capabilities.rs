//! What the guides say the platform does, and that the tests that are said to show it are there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::documents::has_test;

/// The rows of the checklist that are the rules of the platform: prefix, title, first and last.
const ROWS: [(&str, &str, u32, u32); 9] = [
    ("BAND", "Band", 1, 25),
    ("NBE", "Endpoint: detection and settings", 6, 13),
    ("POL", "Policies", 1, 24),
    ("ENR", "Enrollment", 1, 18),
    ("REG", "Registration", 1, 10),
    ("LIFE", "Life of a band, and search", 1, 13),
    ("LOCK", "Lock control: decisions", 3, 7),
    ("NCW", "Connect: decisions", 6, 10),
    ("AD", "Directory", 1, 8),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    capability: Vec<Capability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    id: String,
    what: String,
    #[serde(default)]
    tests: Vec<String>,
    open: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn capabilities() -> Vec<Capability> {
    let table: Table =
        toml::from_str(include_str!("../../../nymi-core/data/capabilities.toml")).unwrap();
    table.capability
}

fn page() -> String {
    let all = capabilities();
    let state = |wanted: (bool, bool)| {
        let is_so = |one: &&Capability| (!one.tests.is_empty(), one.open.is_some()) == wanted;
        all.iter().filter(is_so).collect::<Vec<_>>()
    };
    let (shown, partly, open) = (
        state((true, false)),
        state((true, true)),
        state((false, true)),
    );
    let mut page = format!(
        "# Capabilities and the tests that show them\n\n\
         Generated from `nymi-core/data/capabilities.toml`; `UPDATE_GENERATED=1 cargo test -p nymi-cli`\n\
         writes it anew, and a test checks that every test named here exists. The rows are those of the\n\
         guides that are rules of the platform: band, detection, policies, enrollment, registration, life of\n\
         a band, lock, Connect and directory decisions.\n\n\
         Of {} rows, {} are shown by tests, {} in part, and {} are open.\n",
        all.len(),
        shown.len(),
        partly.len(),
        open.len()
    );
    page.push_str("\n## Open\n\n| row | what | why |\n| --- | --- | --- |\n");
    missing(&mut page, &open);
    page.push_str("\n## Shown in part\n\n| row | what | what is missing |\n| --- | --- | --- |\n");
    missing(&mut page, &partly);
    for (prefix, title, ..) in ROWS {
        let rows: Vec<&Capability> = all
            .iter()
            .filter(|one| one.id.split('-').next() == Some(prefix) && !one.tests.is_empty())
            .collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(
            page,
            "\n## {title}\n\n| row | what | tests |\n| --- | --- | --- |"
        )
        .unwrap();
        for one in rows {
            let part = if one.open.is_some() { " (in part)" } else { "" };
            let tests: Vec<String> = one.tests.iter().map(|test| link(test)).collect();
            writeln!(
                page,
                "| {} | {}{part} | {} |",
                one.id,
                one.what,
                tests.join("<br>")
            )
            .unwrap();
        }
    }
    page
}

fn missing(page: &mut String, rows: &[&Capability]) {
    for one in rows {
        let why = one.open.as_deref().unwrap_or_default();
        writeln!(page, "| {} | {} | {why} |", one.id, one.what).unwrap();
    }
}

fn link(test: &str) -> String {
    let (file, name) = test.split_once("::").unwrap_or((test, test));
    format!("[{name}](../{file})")
}

#[test]
fn every_row_of_the_checklist_is_there_once_in_order() {
    let listed: Vec<String> = capabilities().into_iter().map(|one| one.id).collect();
    let expected: Vec<String> = ROWS
        .iter()
        .flat_map(|(prefix, _, first, last)| {
            (*first..=*last).map(move |number| format!("{prefix}-{number:02}"))
        })
        .collect();
    assert_eq!(listed, expected);
}

#[test]
fn every_row_has_tests_that_exist_or_says_that_it_is_open() {
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    for one in capabilities() {
        assert!(!one.what.is_empty(), "{}", one.id);
        assert!(
            !one.tests.is_empty() || one.open.is_some(),
            "{} says nothing",
            one.id
        );
        for test in &one.tests {
            let (file, name) = test.split_once("::").expect("file::function");
            let source = sources.entry(file.to_owned()).or_insert_with(|| {
                std::fs::read_to_string(root().join(file))
                    .unwrap_or_else(|error| panic!("{}: {file}: {error}", one.id))
            });
            assert!(
                has_test(source, name),
                "{}: there is no test {test}",
                one.id
            );
        }
    }
}

#[test]
fn the_page_is_generated_from_the_table() {
    let path = root().join("docs/capabilities.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/capabilities.md differs from the table; run with UPDATE_GENERATED=1"
    );
}
