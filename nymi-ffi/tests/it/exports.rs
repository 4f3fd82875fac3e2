//! What the shared library shows to the linker: the header's functions, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::header::functions;
use crate::toolchain::{library_folder, run};

fn exported() -> BTreeSet<String> {
    let output = run(Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(library_folder().join("libnymi_api.so")));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let declared: BTreeSet<_> = functions().into_iter().map(|it| it.name).collect();
    assert_eq!(exported(), declared);
}

/// Names that went out are kept for ever, so each change of the list is to be seen in review.
#[test]
fn the_committed_list_of_exports_is_that_of_the_library() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("exports.txt");
    let list: String = exported().iter().map(|name| format!("{name}\n")).collect();
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&path, &list).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == list,
        "nymi-ffi/exports.txt is out of date: run UPDATE_GENERATED=1 cargo test -p nymi-ffi exports"
    );
}

/// Debian's list says with which version each function came; the new ones come with this.
#[test]
fn the_debian_list_of_symbols_has_the_same_functions() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/debian/libnymi-api1.symbols");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let listed = |name: &str| {
        let begin = format!(" {name}@Base ");
        committed.lines().find(|line| line.starts_with(&begin))
    };
    let head = committed.lines().filter(|line| !line.starts_with(' '));
    let functions = exported().into_iter().map(|name| match listed(&name) {
        Some(line) => line.to_owned(),
        None => format!(" {name}@Base {}", env!("CARGO_PKG_VERSION")),
    });
    let lines = head.map(str::to_owned).chain(functions);
    let list: String = lines.map(|line| line + "\n").collect();
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&path, &list).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == list,
        "{} is out of date: run UPDATE_GENERATED=1 cargo test -p nymi-ffi exports",
        path.display()
    );
}

fn dynamic_section() -> String {
    let library = library_folder().join("libnymi_api.so");
    let output = run(Command::new("readelf").args(["-dW"]).arg(library));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_name_of_the_library_has_the_number_of_its_interface() {
    let name = format!("[libnymi_api.so.{}]", nymi_api::version::NYMI_ABI_VERSION);
    let section = dynamic_section();
    let soname = section.lines().find(|line| line.contains("(SONAME)"));
    assert!(soname.is_some_and(|line| line.contains(&name)), "{section}");
}

#[test]
fn the_library_stays_loaded_and_needs_the_system_alone() {
    let section = dynamic_section();
    assert!(section.contains("NODELETE"), "{section}");
    for needed in section.lines().filter(|line| line.contains("(NEEDED)")) {
        let of_the_system = ["[libc.so.", "[libm.so.", "[libgcc_s.so.", "[ld-linux"];
        assert!(
            of_the_system.iter().any(|it| needed.contains(it)),
            "{needed}"
        );
    }
}
