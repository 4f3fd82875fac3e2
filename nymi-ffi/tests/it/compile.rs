//! The header and the examples, through the compilers of C and C++.

use std::path::Path;
use std::process::Command;

use crate::toolchain::{compile, repository, run};

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

fn header_alone(compiler: &str, standard: &str, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join(name);
    // Twice, since it may be included twice.
    std::fs::write(&source, "#include \"nymi_api.h\"\n#include \"nymi_api.h\"\nint main(void) { return NAPI_CONFIGURE_OKAY; }\n").unwrap();
    run(Command::new(compiler)
        .arg(format!("-std={standard}"))
        .args(WARNINGS)
        .args(["-fsyntax-only", "-I"])
        .arg(repository().join("include"))
        .arg(&source));
}

#[test]
fn the_header_is_c() {
    for standard in ["c11", "c17"] {
        header_alone("gcc", standard, "header.c");
    }
}

#[test]
fn the_header_is_cpp() {
    for standard in ["c++17", "c++20"] {
        header_alone("g++", standard, "header.cpp");
    }
}

#[test]
fn the_example_builds_without_a_warning_and_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tap_to_sign");
    compile(&repository().join("examples/c/tap_to_sign.c"), &program);
    let output = Command::new(&program).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("usage:") && text.contains("NYMI_PASSWORD"),
        "{text}"
    );
}

#[test]
fn the_static_library_links_into_cpp() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("static.cpp");
    std::fs::write(
        &source,
        "#include \"nymi_api.h\"\n#include <string>\nint main() { napiTerminate(); return std::string(nymi_version()).empty() || napiPut(\"{}\") != NAPI_PUT_NAPI_NOT_RUNNING; }\n",
    )
    .unwrap();
    let program = folder.path().join("static");
    let library: &Path = &crate::toolchain::library_folder().join("libnymi_api.a");
    run(Command::new("g++")
        .arg("-std=c++17")
        .args(WARNINGS)
        .arg("-I")
        .arg(repository().join("include"))
        .arg(&source)
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    run(&mut Command::new(&program));
}
