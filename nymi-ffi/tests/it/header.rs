//! `include/nymi_api.h` is what the sources say. `UPDATE_GENERATED=1 cargo test` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use nymi_core::message::Status;

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
 * and so is anything else that is freed twice. After fork, a child whose parent had a client gets an
 * error from every function. The library stays in memory after dlclose.
 */";

const SOURCES: [&str; 8] = [
    "client.rs",
    "call.rs",
    "operations.rs",
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

fn generate() -> String {
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
        after_includes: Some(format!("\n{}", status_table())),
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

/// A function of the header.
pub(crate) struct Function {
    pub(crate) name: String,
    comment: String,
    declaration: String,
}

/// What the header declares.
pub(crate) fn functions() -> Vec<Function> {
    let header = generate();
    let lines: Vec<_> = header.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let begins = line.starts_with(|c: char| c.is_ascii_lowercase());
        let Some((before, _)) = line.split_once('(').filter(|_| begins) else {
            continue;
        };
        let ends = |line: &&str| line.ends_with(");");
        let end = lines[at..].iter().position(ends).unwrap();
        let comment = lines[..at].iter().rposition(|line| *line == "/**").unwrap();
        found.push(Function {
            name: before.rsplit([' ', '*']).next().unwrap().to_owned(),
            comment: lines[comment..at].join("\n"),
            declaration: lines[at..=at + end].join("\n"),
        });
    }
    found
}

#[test]
fn every_function_says_who_owns_who_may_call_and_what_fails() {
    for function in functions() {
        let said = |word: &str| {
            let comment = function.comment.to_lowercase();
            let comment = comment.replace("\n *", "").replace("  ", " ");
            assert!(comment.contains(word), "{word}: {}", function.comment);
        };
        said("threads: ");
        said("errors: ");
        said("example:");
        if function.declaration.contains('*') {
            said("ownership");
        }
    }
}

#[test]
fn every_example_calls_its_function() {
    for function in functions() {
        let (_, example) = function.comment.split_once("Example:").unwrap();
        assert!(example.contains(&function.name), "{}", function.comment);
    }
}
