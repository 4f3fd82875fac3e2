//! "Integrate in an afternoon": each language's page begins with a short program, copied from a file that
//! the tests of that language run against a live system.

use crate::compile::blocks;
use crate::toolchain::repository;

/// Page, language of its blocks, and the file that is its first one.
const PAGES: [(&str, &str, &str); 6] = [
    ("c", "c", "examples/c/first_tap.c"),
    ("cpp", "cpp", "examples/cpp/first_tap.cpp"),
    (
        "csharp",
        "csharp",
        "clients/csharp/examples/TapToSign/Program.cs",
    ),
    ("java", "java", "clients/java/examples/TapToSign.java"),
    ("python", "python", "clients/python/examples/tap_to_sign.py"),
    (
        "typescript",
        "js",
        "clients/typescript/examples/node/tap-to-sign.js",
    ),
];

#[test]
fn the_first_program_of_each_language_is_a_tested_file_of_less_than_30_lines() {
    for (page, language, file) in PAGES {
        let page = format!("docs/manual/{page}.md");
        let program = std::fs::read_to_string(repository().join(file)).unwrap();
        let first = format!("{}\n", blocks(&page, language)[0]);
        assert_eq!(first, program, "copy {file} into {page}");
        let lines = program.lines().count();
        assert!(lines < 30, "{file} has {lines} lines");
    }
}
