//! The library as it is installed, found by pkg-config and by CMake.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{WARNINGS, library_folder, repository, run};

/// Installs the library of this build; the folder, moved since, as packages may be.
fn installed(folder: &Path) -> PathBuf {
    let staged = folder.join("staged");
    run(Command::new(repository().join("packaging/c/install"))
        .args(["--prefix", "/opt/somewhere", "--destdir"])
        .arg(&staged)
        .arg("--built")
        .arg(library_folder()));
    let moved = folder.join("moved");
    std::fs::rename(staged.join("opt/somewhere"), &moved).unwrap();
    moved
}

/// The example explains itself.
fn explains_itself(program: &Path, libraries: &Path) {
    let output = Command::new(program)
        .env("LD_LIBRARY_PATH", libraries)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("usage:"), "{}: {text}", output.status);
}

#[test]
fn pkg_config_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let output = run(Command::new("pkg-config")
        .args(["--cflags", "--libs", "nymi_api"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    let flags = String::from_utf8(output.stdout).unwrap();
    let program = folder.path().join("program");
    run(Command::new("gcc")
        .arg("-std=c11")
        .args(WARNINGS)
        .arg(repository().join("examples/c/tap_to_sign.c"))
        .args(flags.split_whitespace())
        .arg("-o")
        .arg(&program));
    explains_itself(&program, &prefix.join("lib"));
}

const CMAKE: &str = r#"
cmake_minimum_required(VERSION 3.13)
project(uses_nymi_api C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(nymi_api 0.1 REQUIRED)
add_executable(in_c "${EXAMPLES}/c/event_loop.c")
target_link_libraries(in_c nymi_api::nymi_api)
find_package(Threads REQUIRED)
add_executable(in_cpp "${EXAMPLES}/cpp/tap_to_sign.cpp")
target_link_libraries(in_cpp nymi_api::static Threads::Threads)
"#;

#[test]
fn cmake_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    std::fs::write(folder.path().join("CMakeLists.txt"), CMAKE).unwrap();
    let built = folder.path().join("built");
    let examples = repository().join("examples");
    run(Command::new("cmake")
        .arg("-S")
        .arg(folder.path())
        .arg("-B")
        .arg(&built)
        .arg(format!("-DEXAMPLES={}", examples.display()))
        .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    run(Command::new("cmake").arg("--build").arg(&built));
    explains_itself(&built.join("in_c"), &prefix.join("lib"));
    explains_itself(&built.join("in_cpp"), &prefix.join("lib"));
}
