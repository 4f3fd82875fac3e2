//! What the shared library shows to the linker: the header's functions, and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use crate::toolchain::{library_folder, repository, run};

#[test]
fn the_library_exports_what_the_header_declares() {
    let library = library_folder().join("libnymi_api.so");
    let output = run(Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(&library));
    let exported: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect();
    let header = std::fs::read_to_string(repository().join("include/nymi_api.h")).unwrap();
    let declared: BTreeSet<String> = header
        .match_indices('(')
        .filter_map(|(at, _)| {
            let name = header[..at]
                .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                .next()?;
            let declares = header[at..].split_once(')')?.1.starts_with(";\n");
            (declares && name.starts_with("n")).then(|| name.to_owned())
        })
        .collect();
    assert_eq!(exported, declared);
}

#[test]
fn the_library_has_its_name() {
    let library = library_folder().join("libnymi_api.so");
    let output = run(Command::new("objdump").arg("-p").arg(&library));
    let text = String::from_utf8(output.stdout).unwrap();
    let soname = text
        .lines()
        .find(|line| line.contains("SONAME"))
        .unwrap_or_default();
    assert!(soname.ends_with("libnymi_api.so"), "{soname:?}");
}
