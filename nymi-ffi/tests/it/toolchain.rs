//! Compilers, the built library, and running what they make.
//!
//! `tests/sanitizers/run` has the same programs run with a library that a sanitizer watches, or under
//! valgrind. It says so by these variables, which are empty otherwise:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `NYMI_TEST_LIBRARY` | the folder of the shared library to test |
//! | `NYMI_TEST_CFLAGS` | more options for compiling a program |
//! | `NYMI_TEST_LDFLAGS` | more options for linking it |
//! | `NYMI_TEST_RUNNER` | the command that runs it |

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// The words of one of the variables above.
fn words(variable: &str) -> Vec<String> {
    let value = std::env::var(variable).unwrap_or_default();
    value.split_whitespace().map(str::to_owned).collect()
}

/// A compiled program as it is to be run here.
pub(crate) fn command(program: &Path) -> Command {
    let mut words = words("NYMI_TEST_RUNNER").into_iter();
    let Some(runner) = words.next() else {
        return Command::new(program);
    };
    let mut command = Command::new(runner);
    command.args(words).arg(program);
    command
}

/// Where the libraries of this build are, the shared one under each of its names.
pub(crate) fn library_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("NYMI_TEST_LIBRARY") {
        return folder.into();
    }
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

/// A compiler, and the standard that it is to follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compiler {
    pub(crate) command: &'static str,
    pub(crate) standard: &'static str,
}

const fn compiler(command: &'static str, standard: &'static str) -> Compiler {
    Compiler { command, standard }
}

/// What programs in C are built with; a compiler that is not here is a failure.
pub(crate) const C: [Compiler; 4] = [
    compiler("gcc", "-std=c11"),
    compiler("clang", "-std=c17"),
    compiler("gcc", "-std=c17"),
    compiler("clang", "-std=c11"),
];

/// The same for C++.
pub(crate) const CPP: [Compiler; 4] = [
    compiler("g++", "-std=c++17"),
    compiler("clang++", "-std=c++17"),
    compiler("g++", "-std=c++20"),
    compiler("clang++", "-std=c++20"),
];

/// The compilers for a source file. The first two are of different makers.
pub(crate) fn compilers(source: &Path) -> [Compiler; 4] {
    match source.extension().is_some_and(|it| it == "cpp") {
        true => CPP,
        false => C,
    }
}

/// Compiles a program in C or C++ against the headers and the shared library.
pub(crate) fn compile(compiler: Compiler, source: &Path, program: &Path) {
    let folder = library_folder();
    let object = program.with_extension("o");
    run(Command::new(compiler.command)
        .arg(compiler.standard)
        .args(WARNINGS)
        .args(words("NYMI_TEST_CFLAGS"))
        .args(["-pthread", "-c", "-o"])
        .arg(&object)
        .arg(source)
        .arg("-I")
        .arg(repository().join("include")));
    run(Command::new(compiler.command)
        .args(["-pthread", "-o"])
        .arg(program)
        .arg(object)
        .arg("-L")
        .arg(&folder)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        // Not for a program that loads it by its name.
        .args(["-Wl,--as-needed", "-lnymi_api", "-ldl"])
        .args(words("NYMI_TEST_LDFLAGS")));
}

/// Compiles and runs a program of tests/c, with an empty folder for its logs as argument.
pub(crate) fn run_c(name: &str) {
    run_test(C[0], &format!("{name}.c"), &[]);
}

/// The same for a source file in C or C++, with more arguments.
pub(crate) fn run_test(compiler: Compiler, file: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let source = repository().join("nymi-ffi/tests/c").join(file);
    compile(compiler, &source, &program);
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    run(command(&program)
        .arg(&logs)
        .args(arguments)
        .env("NYMI_NSL_DIR", folder.path().join("nsl"))
        .env_remove("NYMI_L1")
        .env_remove("NYMI_NES_URL")
        .env_remove("NYMI_AGENT_URL"));
}
