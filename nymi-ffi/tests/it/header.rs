//! `include/nymi_api.h` is what the sources say. `UPDATE_GENERATED=1 cargo test` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use nymi_core::message::Status;

use crate::declarations::{Item, Kind, items};
use crate::names;
use crate::toolchain::{C, WARNINGS, repository, run};

const INTRODUCTION: &str = "\
/*
 * nymi_api.h: the Nymi API for C and C++ (C11, C++17).
 *
 * Generated from the sources of nymi-ffi; do not edit.
 *
 * There are two interfaces; new programs use the first.
 *
 * Handles, nymi_...: nymi_client_new makes a client, nymi_client_init makes it known, and typed
 * functions do the rest: nymi_client_subscribe, nymi_client_wait_tap, nymi_client_assert and more.
 * Every function returns 0 for success, else a number of enum NymiResult or enum NymiStatus, and
 * says more in a struct NymiError if the caller gives it a place. Outputs are written only on
 * success. What a function gives is freed with the function that its description names.
 *
 * Classic, napi...: five functions over one client of the process, for programs that use them
 * already. Requests go in as JSON with napiPut, updates come out as JSON with napiGet.
 *
 * Both may be used in one process. A request as JSON
 *
 *     {\"operation\":\"...\",\"exchange\":\"any string\",\"payload\":{...}}
 *
 * is answered by an update with the same exchange
 *
 *     {\"operation\":\"...\",\"exchange\":\"...\",\"status\":0,\"payload\":{...},\"error\":{}}
 *
 * and a status of enum NymiStatus. Events such as a tap are updates whose exchange is null. The
 * first request is \"init\"; all but \"init\" and \"info\" need its success.
 *
 * Threads: every function may be called from any thread at any time. Each client has one thread of
 * the library's, and a second one if it has callbacks, on which alone they run; the signals of the
 * process are blocked on both.
 *
 * Texts are UTF-8, end with a NUL and have at most 1 MiB in the handle interface. No function keeps a
 * pointer that it is given, except `user_data` of callbacks. A client that was freed is recognised,
 * however late. An answer that is freed twice is recognised while its address is kept: for the next
 * 1023 answers that are freed, or fewer if what is kept of them comes to 1 MiB; later the address may be
 * that of another answer. After fork, a child whose parent had a client gets an error from every
 * function. The library stays in memory after dlclose, and on Windows after FreeLibrary once there was
 * a client.
 */";

const SOURCES: [&str; 13] = [
    "client.rs",
    "call.rs",
    "operations/init.rs",
    "operations/endpoints.rs",
    "operations/lookup.rs",
    "operations/assertion.rs",
    "operations/user_status.rs",
    "info.rs",
    "band.rs",
    "events.rs",
    "error.rs",
    "classic.rs",
    "version.rs",
];

fn status_table() -> String {
    let mut text = String::from(
        "/**\n * The status of an update. Numbers are added and never change their meaning.\n */\nenum NymiStatus {\n",
    );
    for status in Status::ALL {
        let _ = writeln!(text, "  /**\n   * {}\n   */", status.description());
        let _ = writeln!(text, "  NYMI_STATUS_{} = {},", status.name(), status.code());
    }
    text.push_str("};\n");
    text
}

pub(crate) fn generate() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        include_guard: Some("NYMI_API_H".to_owned()),
        header: Some(INTRODUCTION.to_owned()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"]
            .map(str::to_owned)
            .to_vec(),
        usize_is_size_t: true,
        after_includes: Some(format!("\n{}\n{}", status_table(), names::constants())),
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        style: cbindgen::Style::Tag,
        line_length: 100,
        ..cbindgen::Config::default()
    };
    config.enumeration.rename_variants = cbindgen::RenameRule::QualifiedScreamingSnakeCase;
    config.export.include = [
        "NapiConfigure",
        "NapiPut",
        "NapiGet",
        "NapiTryGet",
        "NapiLog",
        "NymiResult",
        "NymiNotification",
        "NymiKeyAction",
        "NymiEventKind",
    ]
    .map(str::to_owned)
    .to_vec();
    let builder = cbindgen::Builder::new().with_config(config);
    let bindings = SOURCES
        .iter()
        .fold(builder, |builder, name| {
            builder.with_src(sources.join(name))
        })
        .generate()
        .unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    without_rustdoc(&String::from_utf8(text).unwrap())
}

/// Without what rustdoc alone needs: the "# Safety" sections, which say to Rust what the rest of the
/// comment says to C, and the fences around examples, which C has indented.
fn without_rustdoc(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let (mut in_safety, mut in_example) = (false, false);
    for line in text.lines() {
        if line == " * # Safety" {
            in_safety = true;
            // The blank line before it, too.
            kept.pop();
        }
        in_safety &= line != " */";
        if line.starts_with(" * ```") {
            in_example = !in_example;
        } else if in_example {
            kept.push(line.replacen(" * ", " *     ", 1));
        } else if !in_safety {
            kept.push(line.to_owned());
        }
    }
    kept.join("\n") + "\n"
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/nymi_api.h");
    let generated = generate();
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/nymi_api.h is out of date: run UPDATE_GENERATED=1 cargo test -p nymi-ffi header"
    );
}

/// What the header declares.
pub(crate) fn declared() -> Vec<Item> {
    items(&generate())
}

/// The functions of it.
pub(crate) fn functions() -> Vec<Item> {
    let is_function = |item: &Item| matches!(item.kind, Kind::Function);
    declared().into_iter().filter(is_function).collect()
}

#[test]
fn every_function_says_who_owns_who_may_call_and_what_fails() {
    for function in functions() {
        let parts = function.parts();
        let said = |title: &str| {
            let mut sections = parts.sections.iter();
            let has = sections.any(|(known, text)| {
                known.to_lowercase().contains(&title.to_lowercase()) && text.ends_with('.')
            });
            assert!(has, "{title}: {}", function.comment.join("\n"));
        };
        said("Threads");
        said("Errors");
        if function.declaration.contains('*') {
            said("Ownership");
        }
        assert!(!parts.text.is_empty(), "{}", function.name);
    }
}

/// `client` and `error` mean the same everywhere, and what is freed needs no name.
#[test]
fn every_argument_is_described() {
    for function in functions() {
        let parts = function.parts();
        let listed: Vec<&str> = parts
            .arguments
            .iter()
            .flat_map(|(it, _)| it.split(", "))
            .collect();
        let parameters = function.parameters();
        let is_free = function.name.ends_with("_free") && parameters.len() == 1;
        for name in &parameters {
            let is_known = is_free || ["client", "error"].contains(&name.as_str());
            assert!(
                is_known || listed.contains(&name.as_str()),
                "{}: {name} is not described",
                function.name
            );
        }
        for name in listed {
            assert!(
                parameters.iter().any(|it| it == name),
                "{} has no argument {name}",
                function.name
            );
        }
    }
}

#[test]
fn everything_else_is_described() {
    for item in declared() {
        assert!(!item.comment.is_empty(), "{}", item.name);
        if let Kind::Enum(members) | Kind::Struct(members) = &item.kind {
            for member in members {
                assert!(!member.comment.is_empty(), "{}: {}", item.name, member.name);
            }
        }
    }
}

/// A name in a comment is one of the header's; `NYMI_STATUS_NES_...` are all that begin so.
#[test]
fn comments_name_what_there_is() {
    let items = declared();
    let mut known: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    for item in &items {
        if let Kind::Enum(members) | Kind::Struct(members) = &item.kind {
            known.extend(members.iter().map(|member| member.name.as_str()));
        }
    }
    // Of the environment.
    known.extend(["NYMI_NSL_DIR", "NYMI_AGENT_URL"]);
    let mut checked = 0;
    for line in generate()
        .lines()
        .filter(|line| line.trim_start().starts_with('*'))
    {
        for word in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let is_name = ["NYMI_", "NAPI_", "nymi_client", "napi"]
                .iter()
                .any(|it| word.starts_with(it));
            if !is_name || ["nymi_api", "napi", "NYMI_STATUS_"].contains(&word) {
                continue;
            }
            let all = line.contains(&format!("{word}..."));
            let is_known = known
                .iter()
                .any(|it| *it == word || (all && it.starts_with(word)));
            assert!(is_known, "{word}: {line}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn every_example_calls_its_function() {
    for function in functions() {
        let example = function.parts().example.join("\n");
        assert!(
            example.contains(&format!("{}(", function.name)),
            "{}",
            function.name
        );
    }
}

/// What examples take for granted.
const AROUND: &str = "\
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include \"nymi_api.h\"
extern struct NymiClient *client;
extern struct NymiError *error;
extern uint32_t result;
extern const struct NymiTap *tap;
extern const char *password;
extern uint8_t digest[32];
extern int stop;
extern char update[4096];
extern unsigned long long len;
void handle(const char *update);
void finish(void);
";

#[test]
fn every_example_compiles() {
    let mut source = AROUND.to_owned();
    for function in functions() {
        let (name, parts) = (&function.name, function.parts());
        // What is freed was given before.
        let inside = function.declaration.split_once('(').unwrap().1;
        let given = match name.ends_with("_free") {
            true => inside.trim_end_matches(");"),
            false => "void",
        };
        let example = parts.example.join("\n");
        let _ = write!(
            source,
            "void in_{name}({given});\nvoid in_{name}({given}) {{\n{example}\n}}\n"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("examples.c");
    std::fs::write(&path, source).unwrap();
    for compiler in C {
        run(Command::new(compiler.command)
            .arg(compiler.standard)
            .args(WARNINGS)
            // Examples set what programs then use.
            .args([
                "-Wno-unused-variable",
                "-Wno-unused-but-set-variable",
                "-Wno-unused-parameter",
                "-fsyntax-only",
                "-I",
            ])
            .arg(repository().join("include"))
            .arg(&path));
    }
}
