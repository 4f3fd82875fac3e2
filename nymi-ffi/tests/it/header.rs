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
 * A program starts the client with napiConfigure, sends requests as JSON with napiPut and reads
 * updates as JSON with napiGet (waits) or napiTryGet (does not). A request
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
 * Every function may be called from any thread. The library starts one thread of its own, on which
 * the signals of the process are blocked, and never calls back into the program. Texts are UTF-8 and
 * end with a NUL. No function keeps a pointer that it is given.
 */";

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
        sys_includes: vec!["stdint.h".to_owned()],
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
    ]
    .map(str::to_owned)
    .to_vec();
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(sources.join("classic.rs"))
        .with_src(sources.join("version.rs"))
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

#[test]
fn every_function_says_who_owns_who_may_call_and_what_fails() {
    let header = generate();
    let declares = |line: &&str| line.ends_with(");") && !line.starts_with(" *");
    let mut functions = 0;
    for line in header.lines().filter(declares) {
        functions += 1;
        let before = &header[..header.find(line).unwrap()];
        let comment = &before[before.rfind("/**").unwrap()..];
        for word in ["Threads: ", "Errors: ", "Example:"] {
            let (word, comment) = (word.to_lowercase(), comment.to_lowercase());
            let said = comment.contains(&word) || comment.contains("and threads: ");
            assert!(said, "{word}: {comment}");
        }
        let declaration = comment.rsplit("*/").next().unwrap().to_owned() + line;
        assert!(
            !declaration.contains('*') || comment.contains("Ownership"),
            "{declaration}"
        );
    }
    assert_eq!(functions, 7);
}
