//! The library as it is installed, found by pkg-config and by CMake.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compile::blocks;
use crate::toolchain::{WARNINGS, library_folder, repository, run};

/// Installs the library of this build, and gives the folder that stands for the root.
fn staged(folder: &Path, options: &[&str]) -> PathBuf {
    let staged = folder.join("staged");
    run(Command::new(repository().join("packaging/c/install"))
        .args(options)
        .arg("--built")
        .arg(library_folder())
        .env("DESTDIR", &staged));
    staged
}

/// The folder of an installation, moved since, as packages may be.
fn installed(folder: &Path) -> PathBuf {
    let staged = staged(folder, &["--prefix", "/opt/somewhere"]);
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

fn flags(options: &[&str], configured: &mut Command) -> Vec<String> {
    let output = run(configured.args(options).arg("nymi_api"));
    let flags = String::from_utf8(output.stdout).unwrap();
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Builds an example with these flags.
fn build(flags: &[String], program: &Path) {
    run(Command::new("gcc")
        .arg("-std=c11")
        .args(WARNINGS)
        .arg(repository().join("examples/c/tap_to_sign.c"))
        .args(flags)
        .arg("-o")
        .arg(program));
}

/// Whether a program asks for the shared library when it starts.
fn needs_the_shared_library(program: &Path) -> bool {
    let output = run(Command::new("readelf").args(["-dW"]).arg(program));
    let section = String::from_utf8(output.stdout).unwrap();
    let mut needed = section.lines().filter(|line| line.contains("(NEEDED)"));
    needed.any(|line| line.contains("[libnymi_api.so.1]"))
}

#[test]
fn pkg_config_finds_it_wherever_it_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let found = || {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
        command
    };
    let program = folder.path().join("program");
    build(&flags(&["--cflags", "--libs"], &mut found()), &program);
    assert!(needs_the_shared_library(&program));
    explains_itself(&program, &prefix.join("lib"));

    // Where the linker finds both it takes the shared one, so the static one is named.
    let with_static = flags(&["--cflags", "--static", "--libs"], &mut found());
    let with_static: Vec<String> = with_static
        .iter()
        .map(|flag| flag.replace("-lnymi_api", "-l:libnymi_api.a"))
        .collect();
    build(&with_static, &program);
    assert!(!needs_the_shared_library(&program));
    explains_itself(&program, Path::new("/nowhere"));
}

/// The commands of the manual build and start its program, also in a folder that no linker searches.
#[test]
fn the_manual_s_commands_are_enough_wherever_it_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    for (page, language) in [("docs/manual/c.md", "c"), ("docs/manual/cpp.md", "cpp")] {
        let source = folder.path().join("app").with_extension(language);
        std::fs::write(source, format!("{}\n", blocks(page, language)[0])).unwrap();
        std::fs::write(folder.path().join("record.txt"), "content").unwrap();
        let commands = blocks(page, "sh");
        let commands = commands
            .iter()
            .find(|it| it.contains("\n./app $(sha256sum record.txt "))
            .unwrap();
        let output = Command::new("sh")
            .args(["-e", "-c", commands])
            .current_dir(&folder)
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .env("NYMI_NSL_DIR", folder.path().join("nsl"))
            .env("NYMI_L1", "/nowhere/l1.pem")
            .env("NYMI_USER", "C\\a")
            .env("NYMI_PASSWORD", "secret")
            .env_remove("LD_LIBRARY_PATH")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // It runs, and has no certificate.
        assert!(
            output.status.code() == Some(1) && said.contains("/nowhere/l1.pem"),
            "{page}: {said}"
        );
    }
}

/// The version of a symbol, such as GLIBC_2.34, as numbers.
fn glibc_version(word: &str) -> Option<Vec<u32>> {
    let numbers = word.trim_start_matches('(').strip_prefix("GLIBC_")?;
    let numbers = numbers.trim_end_matches(')').split('.');
    numbers.map(|number| number.parse().ok()).collect()
}

#[test]
fn the_library_needs_what_the_manual_says() {
    let library = library_folder().join("libnymi_api.so");
    let output = run(Command::new("readelf").args(["-dVW"]).arg(library));
    let text = String::from_utf8(output.stdout).unwrap();
    for needed in text.lines().filter(|line| line.contains("(NEEDED)")) {
        let of_glibc = ["[libc.so.6]", "[libm.so.6]", "[ld-linux"];
        let known = of_glibc.iter().any(|name| needed.contains(name));
        assert!(known || needed.contains("[libgcc_s.so.1]"), "{needed}");
    }
    let newest = text.split_whitespace().filter_map(glibc_version).max();
    let manual = std::fs::read_to_string(repository().join("docs/manual/c.md")).unwrap();
    let (_, said) = manual.split_once("The library needs glibc ").unwrap();
    let said: Vec<u32> = said
        .split(' ')
        .next()
        .unwrap()
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(newest.is_some() && newest <= Some(said), "{newest:?}");
}

#[test]
fn a_distribution_has_its_own_folders_and_a_fixed_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--prefix", "/usr", "--libdir", "lib/some-gnu", "--fixed"];
    let root = staged(folder.path(), &options);
    let libraries = root.join("usr/lib/some-gnu");
    let file = std::fs::read_to_string(libraries.join("pkgconfig/nymi_api.pc")).unwrap();
    assert!(
        file.starts_with("prefix=/usr\nlibdir=${prefix}/lib/some-gnu\n"),
        "{file}"
    );
    let mut pkg_config = Command::new("pkg-config");
    pkg_config
        .env("PKG_CONFIG_LIBDIR", libraries.join("pkgconfig"))
        .env("PKG_CONFIG_SYSROOT_DIR", &root)
        .env("PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "1");
    let program = folder.path().join("program");
    build(&flags(&["--cflags", "--libs"], &mut pkg_config), &program);
    explains_itself(&program, &libraries);

    let config = libraries.join("cmake/nymi_api");
    let built = cmake(
        folder.path(),
        CMAKE,
        &format!("-Dnymi_api_DIR={}", config.display()),
    );
    explains_itself(&built.join("in_c"), &libraries);
}

/// Configures and builds a project; the folder of its programs.
fn cmake(folder: &Path, project: &str, option: &str) -> PathBuf {
    std::fs::write(folder.join("CMakeLists.txt"), project).unwrap();
    let built = folder.join("built");
    let examples = repository().join("examples");
    run(Command::new("cmake")
        .arg("-S")
        .arg(folder)
        .arg("-B")
        .arg(&built)
        .arg(format!("-DEXAMPLES={}", examples.display()))
        .arg(option));
    run(Command::new("cmake").arg("--build").arg(&built));
    built
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
fn cmake_finds_it_wherever_it_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let option = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    let built = cmake(folder.path(), CMAKE, &option);
    assert!(needs_the_shared_library(&built.join("in_c")));
    assert!(!needs_the_shared_library(&built.join("in_cpp")));
    explains_itself(&built.join("in_c"), &prefix.join("lib"));
    explains_itself(&built.join("in_cpp"), Path::new("/nowhere"));
    cmake_takes_versions_up_to_this_one(&prefix);
}

/// Asks for a version, and fails if the answer is another one than expected.
const ASKS: &str = r#"
macro(ask expected)
  unset(nymi_api_DIR CACHE)
  find_package(nymi_api ${ARGN} QUIET)
  if(NOT nymi_api_FOUND STREQUAL ${expected})
    message(FATAL_ERROR "${ARGN}: ${nymi_api_FOUND}, not ${expected}")
  endif()
endmacro()
cmake_minimum_required(VERSION 3.19)
project(asks NONE)
"#;

fn cmake_takes_versions_up_to_this_one(prefix: &Path) {
    let version = env!("CARGO_PKG_VERSION");
    let mut project = ASKS.to_owned();
    for (expected, asked) in [
        (1, String::new()),
        (1, "0.0.1".to_owned()),
        (1, version.to_owned()),
        (1, format!("{version} EXACT")),
        (1, format!("0.0.1...{version}")),
        (0, "0.0.1 EXACT".to_owned()),
        (0, "9999".to_owned()),
        (0, "0.0.1...0.0.2".to_owned()),
        (0, format!("0.0.1...<{version}")),
    ] {
        project.push_str(&format!("ask({expected} {asked})\n"));
    }
    // A program for pointers of another size.
    project.push_str("set(CMAKE_SIZEOF_VOID_P 2)\nask(0)\n");
    let folder = tempfile::tempdir().unwrap();
    let option = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    cmake(folder.path(), &project, &option);
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn of_the_examples_the_sources_are_installed_and_nothing_that_was_built_there() {
    let folder = tempfile::tempdir().unwrap();
    // The checkout, with a folder of examples of this test's own.
    let copy = folder.path().join("checkout");
    std::fs::create_dir(&copy).unwrap();
    for name in names(&repository()).iter().filter(|it| *it != "examples") {
        std::os::unix::fs::symlink(repository().join(name), copy.join(name)).unwrap();
    }
    let mut sources = Vec::new();
    for language in ["c", "cpp"] {
        let (from, to) = (
            repository().join("examples").join(language),
            copy.join("examples").join(language),
        );
        std::fs::create_dir_all(&to).unwrap();
        let mut found = names(&from);
        found.retain(|name| {
            name == "Makefile"
                || [".md", ".txt", ".c", ".h", ".cpp", ".hpp"]
                    .iter()
                    .any(|end| name.ends_with(end))
        });
        for name in &found {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
        for stray in ["tap_to_sign", "first_tap.o", "first_tap.exe"] {
            std::fs::write(to.join(stray), "built").unwrap();
        }
        std::fs::create_dir(to.join("build")).unwrap();
        sources.push((language, found));
    }
    let root = folder.path().join("root");
    run(Command::new("packaging/c/install")
        .current_dir(&copy)
        .args(["--prefix", "/usr", "--built"])
        .arg(library_folder())
        .env("DESTDIR", &root));
    for (language, found) in sources {
        let installed = root.join("usr/share/doc/nymi_api/examples").join(language);
        assert_eq!(names(&installed), found);
    }
}

/// What a script that has to fail says.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    said
}

/// A library of the right name with one function, and what else is installed.
fn other_library(folder: &Path, soname: &str) -> PathBuf {
    let built = folder.join("other");
    std::fs::create_dir_all(&built).unwrap();
    let source = folder.join("other.c");
    std::fs::write(&source, "void napiGet(void) {}\n").unwrap();
    run(Command::new("gcc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(built.join("libnymi_api.so"))
        .arg(format!("-Wl,-soname,{soname}"))
        .arg(&source));
    std::fs::copy(&source, built.join("libnymi_api.a")).unwrap();
    built
}

#[test]
fn a_library_of_other_sources_is_neither_installed_nor_packed() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("to");
    for (soname, wrong) in [
        ("libnymi_api.so.1", "it lacks: napiPut\n"),
        ("libnymi_api.so.7", "calls itself 'libnymi_api.so.7', not"),
    ] {
        let built = other_library(folder.path(), soname);
        for (script, option) in [("install", "--destdir"), ("dist", "--out")] {
            let mut command = Command::new(repository().join("packaging/c").join(script));
            command.arg("--built").arg(&built).arg(option).arg(&to);
            if script == "dist" {
                command.arg("archive");
            }
            let said = refused(&mut command);
            assert!(said.contains(wrong), "{said}");
            assert!(!to.exists(), "{script}");
        }
    }
}

#[test]
fn a_failure_leaves_no_half_installation_and_the_packages_that_were_there() {
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink("/bin/false", tools.join("cargo")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.display());
    let without_cargo = |script: &str, option: &str, to: &Path| {
        let mut command = Command::new(repository().join("packaging/c").join(script));
        command.arg("--built").arg(library_folder());
        command.arg(option).arg(to).env("PATH", &path);
        command.env("SOURCE_DATE_EPOCH", "0");
        command
    };
    let root = folder.path().join("root");
    refused(&mut without_cargo("install", "--destdir", &root));
    assert!(!root.exists());

    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let old = out.join("nymi-api-0.0.1-linux-x86_64.tar.gz");
    std::fs::write(&old, "old").unwrap();
    refused(without_cargo("dist", "--out", &out).arg("archive"));
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");
}

#[test]
fn licences_say_which_tool_is_missing() {
    // The program itself: what the PATH has may be a script that needs the PATH.
    let which = run(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
    let python = String::from_utf8(which.stdout).unwrap();
    let mut licences = Command::new(python.trim_end());
    licences.arg(repository().join("packaging/c/licences"));
    let said = refused(licences.env("PATH", "/nowhere"));
    assert!(said.contains("rustc is missing"), "{said}");
}
