//! Compilers, the built library, and running what they make.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Where the libraries of this build are, the shared one under each of its names.
pub(crate) fn library_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lib");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, of) in [
        ("libnymi_api.so", "libnymi_api.so"),
        ("libnymi_api.so.1", "libnymi_api.so"),
        ("libnymi_api.a", "libnymi_api.a"),
    ] {
        let of = built.join(of);
        assert!(of.exists(), "there is no {}", of.display());
        match std::os::unix::fs::symlink(of, folder.join(name)) {
            // By another test.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            result => result.unwrap(),
        }
    }
    folder
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// What every compiler has to accept without a word.
pub(crate) const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Compiles a program in C or C++ against the headers and the shared library.
pub(crate) fn compile(source: &Path, program: &Path) {
    let is_cpp = source.extension().is_some_and(|it| it == "cpp");
    let (compiler, standard) = match is_cpp {
        true => ("g++", "-std=c++17"),
        false => ("gcc", "-std=c11"),
    };
    let folder = library_folder();
    run(Command::new(compiler)
        .arg(standard)
        .args(WARNINGS)
        .args(["-pthread", "-o"])
        .arg(program)
        .arg(source)
        .arg("-I")
        .arg(repository().join("include"))
        .arg("-L")
        .arg(&folder)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        // Not for a program that loads it by its name.
        .args(["-Wl,--as-needed", "-lnymi_api", "-ldl"]));
}

/// Compiles and runs a program of tests/c, with an empty folder for its logs as argument.
pub(crate) fn run_c(name: &str) {
    run_test(&format!("{name}.c"));
}

/// The same for a source file in C or C++.
pub(crate) fn run_test(file: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    compile(&repository().join("nymi-ffi/tests/c").join(file), &program);
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    run(Command::new(&program)
        .arg(&logs)
        .env("NYMI_NSL_DIR", folder.path().join("nsl"))
        .env_remove("NYMI_L1")
        .env_remove("NYMI_NES_URL")
        .env_remove("NYMI_AGENT_URL"));
}
