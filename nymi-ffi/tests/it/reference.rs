//! Pages of the manual that come from the header and from the tables of statuses. `UPDATE_GENERATED=1
//! cargo test` writes them anew.

use std::fmt::Write as _;

use nymi_api::error::NymiResult;
use nymi_core::catalogue::{Code, CodeKind, Entry, Source, entries, explain};
use nymi_core::chain::FAULTS;
use nymi_core::message::Status;

use crate::declarations::{Item, Kind, Member};
use crate::header::{declared, functions};
use crate::toolchain::repository;

fn compare(file: &str, page: &str) {
    let path = repository().join(file);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "{file} is out of date: run UPDATE_GENERATED=1 cargo test -p nymi-ffi reference"
    );
}

const INTRODUCTION: &str = "\
# C reference

Generated from `nymi-ffi/src` as `include/nymi_api.h` is; `UPDATE_GENERATED=1 cargo test -p nymi-ffi reference` writes it
anew. [Integrate in an afternoon](../manual/c.md) says in which order to call what,
[threads and lifetimes](../manual/c-threads.md) which rules hold for all of it.

Two arguments mean the same in every function:

- `client` is the client that `nymi_client_new` gave. One that was freed is refused with `NYMI_RESULT_BAD_HANDLE`.
- `error` receives what went wrong, if it is not NULL. It is written only on failure; free it with `nymi_error_free`.

Every function that returns `uint32_t` returns 0 for success, else a number of [enum NymiResult](#enum-nymiresult) or
[enum NymiStatus](#enum-nymistatus), which [troubleshooting](../manual/c-troubleshooting.md) explains one by one.
`nymi_abi_version` alone returns another number. Outputs are written only on success.
";

/// The chapters of functions, each by the names that belong to it. The first that fits counts.
const CHAPTERS: [(&str, &[&str]); 6] = [
    ("The classic interface", &["napi"]),
    ("Versions", &["nymi_abi_version", "nymi_version"]),
    (
        "Taps and events",
        &["nymi_client_wait_", "nymi_tap_", "nymi_event_"],
    ),
    (
        "A band's operations",
        &[
            "nymi_client_notify",
            "nymi_client_random",
            "nymi_random_",
            "nymi_client_sign",
            "nymi_signature_",
            "nymi_client_symmetric_key",
            "nymi_key_",
            "nymi_client_totp",
            "nymi_totp_",
            "nymi_client_firmware",
            "nymi_firmware_",
        ],
    ),
    (
        "Operations",
        &[
            "nymi_client_init",
            "nymi_init_",
            "nymi_client_subscribe",
            "nymi_client_unsubscribe",
            "nymi_endpoint_",
            "nymi_client_cancel",
            "nymi_client_lookup",
            "nymi_lookup_",
            "nymi_client_assert",
            "nymi_assertion_",
            "nymi_client_user_status",
            "nymi_user_status_",
            "nymi_client_info",
            "nymi_info_",
            "nymi_client_list_endpoints",
            "nymi_endpoints_",
        ],
    ),
    ("Clients, updates and errors", &["nymi_"]),
];

fn chapter(function: &str) -> &'static str {
    let begins =
        |(_, names): &&(&str, &[&str])| names.iter().any(|name| function.starts_with(name));
    CHAPTERS.iter().find(begins).unwrap().0
}

/// In the text of a cell, with names as code where Markdown would take them for emphasis.
fn cell(lines: &[String]) -> String {
    prose(&lines.join(" ").replace("  ", " "))
}

/// Words with underscores, braces or stars as code, unless they are already.
fn prose(text: &str) -> String {
    let mut in_code = false;
    let words = text.split(' ').map(|word| {
        let ticks = word.matches('`').count();
        let was_in_code = in_code;
        in_code ^= ticks % 2 == 1;
        let is_plain = ticks == 0 && !was_in_code;
        if !is_plain || !word.contains(['_', '*', '<', '\\', '{', '|']) {
            return word.replace('|', "\\|");
        }
        let core = word.trim_matches(['.', ',', ';', ':', '(', ')']);
        let core = if word.contains("...") {
            word.trim_end_matches(',')
        } else {
            core
        };
        word.replacen(core, &format!("`{core}`"), 1)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn function_text(page: &mut String, function: &Item) {
    let parts = function.parts();
    let _ = write!(
        page,
        "\n### {}\n\n```c\n{}\n```\n",
        function.name, function.declaration
    );
    for paragraph in &parts.text {
        let _ = write!(page, "\n{}\n", prose(paragraph));
    }
    if !parts.arguments.is_empty() {
        page.push_str("\n| argument | |\n| --- | --- |\n");
        for (name, text) in &parts.arguments {
            let _ = writeln!(page, "| `{name}` | {} |", prose(text));
        }
    }
    page.push('\n');
    for (title, text) in &parts.sections {
        let _ = writeln!(page, "- **{title}:** {}", prose(text));
    }
    let _ = write!(page, "\n```c\n{}\n```\n", parts.example.join("\n"));
}

fn members(page: &mut String, head: &str, members: &[Member]) {
    let _ = write!(page, "\n| {head} | |\n| --- | --- |\n");
    for member in members {
        let _ = writeln!(
            page,
            "| `{}` | {} |",
            member.declaration,
            cell(&member.comment)
        );
    }
}

fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    let functions = functions();
    page.push_str("\n## Contents\n\n");
    // The classic interface and versions come last.
    let chapters: Vec<&str> = CHAPTERS.iter().rev().map(|(title, _)| *title).collect();
    for title in &chapters {
        let of_it = functions.iter().filter(|it| chapter(&it.name) == *title);
        let links = of_it.map(|it| format!("[{0}](#{1})", it.name, it.name.to_lowercase()));
        let _ = writeln!(page, "- {title}: {}", links.collect::<Vec<_>>().join(", "));
    }
    page.push_str("- [Structs](#structs), [enums](#enums), [constants](#constants)\n");
    for title in &chapters {
        let _ = write!(page, "\n## {title}\n");
        for function in functions.iter().filter(|it| chapter(&it.name) == *title) {
            function_text(&mut page, function);
        }
    }
    let types = declared();
    page.push_str("\n## Structs\n");
    for item in &types {
        if let Kind::Struct(fields) = &item.kind {
            let _ = write!(
                page,
                "\n### struct {}\n\n{}\n",
                item.name,
                cell(&item.comment)
            );
            if !fields.is_empty() {
                members(&mut page, "field", fields);
            }
        }
    }
    page.push_str("\n## Enums\n");
    for item in &types {
        if let Kind::Enum(constants) = &item.kind {
            let _ = write!(
                page,
                "\n### enum {}\n\n{}\n",
                item.name,
                cell(&item.comment)
            );
            members(&mut page, "constant", constants);
        }
    }
    page.push_str("\n## Constants\n\n| constant | |\n| --- | --- |\n");
    for item in types
        .iter()
        .filter(|item| matches!(item.kind, Kind::Constant))
    {
        let declaration = item.declaration.trim_start_matches("#define ");
        let _ = writeln!(page, "| `{declaration}` | {} |", cell(&item.comment));
    }
    page
}

#[test]
fn the_reference_is_generated_from_the_sources() {
    let page = reference();
    for item in declared() {
        assert!(page.contains(&item.name), "{}", item.name);
    }
    compare("docs/reference/c.md", &page);
}

const TROUBLESHOOTING: &str = "\
# Troubleshooting by status: C and C++

Generated from the tables of results and statuses and from the troubleshooting catalogue;
`UPDATE_GENERATED=1 cargo test -p nymi-ffi reference` writes it anew. `nymi explain CODE` says the same, and more.

The number is what a function returned, `code` of struct NymiError, or `status` of an update. The `detail` of the error
says what exactly was wrong this time.
";

/// What the statuses of a range are about.
const RANGES: [(u32, u32, &str); 9] = [
    (1000, 1999, "The request"),
    (2000, 2999, "The server"),
    (3000, 3999, "The band"),
    (4000, 4999, "The agent"),
    (5000, 5999, "The terminal"),
    (6000, 6999, "Presence and accounts"),
    (7000, 7999, "Policy"),
    (8000, 8999, "Certificates"),
    (9000, 9999, "The library"),
];

/// What the catalogue has under this number: what the client's own entries add, and links to all.
fn from_the_catalogue(page: &mut String, status: Status) {
    let number = Code {
        kind: CodeKind::Napi,
        number: status.code(),
    };
    let is_of_it = |it: &&Entry| it.code == Some(number) || it.maps_to == Some(number.number);
    let found: Vec<&Entry> = entries().iter().filter(is_of_it).collect();
    for entry in found.iter().filter(|it| it.component == "napi") {
        for cause in entry.causes {
            let _ = writeln!(page, "- also: {}", prose(cause));
        }
        for remedy in entry.remedies {
            let _ = writeln!(page, "- then: {}", prose(remedy));
        }
    }
    let links = found
        .iter()
        .map(|it| format!("[{0}](../troubleshooting.md#{0})", it.id));
    let links: Vec<String> = links.collect();
    if !links.is_empty() {
        let _ = writeln!(page, "- what people see then: {}", links.join(", "));
    }
}

/// Links to the functions whose description names this constant, or all that begin like it.
fn named_by(constant: &str) -> String {
    let is_it = |word: &str| match word.split_once("...") {
        // All statuses are said to come from a wait for a tap.
        Some(("NYMI_STATUS_", _)) => false,
        Some((begin, _)) => begin.starts_with("NYMI_") && constant.starts_with(begin),
        None => word.trim_end_matches('.') == constant,
    };
    let names = |function: &Item| {
        let parts = function.parts();
        let sections = parts.sections.iter().map(|(_, text)| text);
        let mut text = parts.text.iter().chain(sections);
        let separates = |c: char| !c.is_alphanumeric() && c != '_' && c != '.';
        text.any(|text| text.split(separates).any(is_it))
    };
    let found = functions().into_iter().filter(|it| names(it));
    let link = |it: Item| {
        format!(
            "[{}](../reference/c.md#{})",
            it.name,
            it.name.to_lowercase()
        )
    };
    found.map(link).collect::<Vec<_>>().join(", ")
}

fn entry(page: &mut String, number: u32, constant: &str, words: [&str; 3]) {
    let [message, cause, remedy] = words.map(prose);
    let _ = write!(
        page,
        "\n### {number} {constant}\n\n{message}\n\n- why: {cause}\n- what to do: {remedy}\n"
    );
}

fn who_says(page: &mut String, constant: &str) {
    let functions = named_by(constant);
    if !functions.is_empty() {
        let _ = writeln!(page, "- functions that say more: {functions}");
    }
}

const NSL: &str = "
### The number nsl

With `NYMI_STATUS_CERTIFICATES`, `nsl` of the error says which check of a certificate failed.

| nsl | meaning | what to do |
| --- | --- | --- |
";

fn troubleshooting() -> String {
    let mut page = TROUBLESHOOTING.to_owned();
    page.push_str("\n## The call itself\n");
    for result in NymiResult::all() {
        let words = result.words();
        let name = constant_of(result as u32);
        entry(
            &mut page,
            result as u32,
            &name,
            [words.message, words.cause, words.remedy],
        );
        who_says(&mut page, &name);
    }
    for (from, to, title) in RANGES {
        let _ = write!(page, "\n## {title}\n");
        let of_it = |it: &&Status| (from..=to).contains(&it.code());
        for status in Status::ALL.iter().filter(of_it) {
            // What `nymi explain` says first about the number.
            let explained = explain(&status.code().to_string())[0];
            assert!(matches!(explained.source, Source::Status(it) if it == *status));
            let constant = format!("NYMI_STATUS_{}", status.name());
            let (cause, remedy) = (explained.causes()[0], explained.remedies()[0]);
            entry(
                &mut page,
                status.code(),
                &constant,
                [explained.message(), cause, remedy],
            );
            from_the_catalogue(&mut page, *status);
            who_says(&mut page, &constant);
        }
        if from == Status::CERTIFICATES.code() {
            page.push_str(NSL);
            for fault in FAULTS {
                let remedy = prose(fault.remedy);
                let _ = writeln!(page, "| {} | {} | {remedy} |", fault.number, fault.name);
            }
        }
    }
    page.push_str("\n## The classic functions\n\nThey return numbers of their own; everything else is the `status` of an update.\n");
    for name in ["NapiConfigure", "NapiPut", "NapiGet", "NapiTryGet"] {
        let items = declared();
        let item = items.iter().find(|item| item.name == name).unwrap();
        if let Kind::Enum(constants) = &item.kind {
            members(&mut page, &format!("enum {name}"), constants);
        }
    }
    page
}

/// The name that a result has in the header.
fn constant_of(number: u32) -> String {
    let items = declared();
    let results = items.iter().find(|item| item.name == "NymiResult").unwrap();
    let Kind::Enum(constants) = &results.kind else {
        panic!("NymiResult is an enum")
    };
    let ending = format!(" = {number}");
    let found = constants
        .iter()
        .find(|it| it.declaration.ends_with(&ending));
    found.unwrap().name.clone()
}

#[test]
fn troubleshooting_is_generated_from_the_tables() {
    let page = troubleshooting();
    for item in declared() {
        if let Kind::Enum(constants) = item.kind
            && ["NymiResult", "NymiStatus"].contains(&item.name.as_str())
        {
            for constant in constants
                .iter()
                .filter(|it| it.name != "NYMI_STATUS_SUCCESS")
            {
                assert!(
                    page.contains(&format!(" {}\n", constant.name)),
                    "{}",
                    constant.name
                );
            }
        }
    }
    compare("docs/manual/c-troubleshooting.md", &page);
}
