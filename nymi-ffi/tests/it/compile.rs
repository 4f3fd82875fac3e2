//! The headers and the examples, through the compilers of C and C++.

use std::path::Path;
use std::process::Command;

use crate::toolchain::{C, CPP, Compiler, WARNINGS, compile, compilers, repository, run, run_test};

fn header_alone(compiler: Compiler, name: &str, header: &str) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join(name);
    // Twice, since it may be included twice.
    let text = format!(
        "#include \"{header}\"\n#include \"{header}\"\nint main(void) {{ return NAPI_CONFIGURE_OKAY; }}\n"
    );
    std::fs::write(&source, text).unwrap();
    run(Command::new(compiler.command)
        .arg(compiler.standard)
        .args(WARNINGS)
        .args(["-fsyntax-only", "-I"])
        .arg(repository().join("include"))
        .arg(&source));
}

#[test]
fn the_header_is_c() {
    for compiler in C {
        header_alone(compiler, "header.c", "nymi_api.h");
    }
}

#[test]
fn the_headers_are_cpp() {
    for compiler in CPP {
        for header in ["nymi_api.h", "nymi_api.hpp"] {
            header_alone(compiler, "header.cpp", header);
        }
    }
}

#[test]
fn the_wrapper_for_cpp_owns_what_it_is_given() {
    for compiler in CPP {
        run_test(compiler, "wrapper.cpp", &[]);
    }
}

#[test]
fn the_examples_build_without_a_warning_and_explain_themselves() {
    for example in [
        "c/tap_to_sign.c",
        "c/tap_to_sign_classic.c",
        "c/event_loop.c",
        "c/two_people.c",
        "cpp/tap_to_sign.cpp",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("example");
        let source = repository().join("examples").join(example);
        for compiler in compilers(&source) {
            compile(compiler, &source, &program);
            let output = Command::new(&program).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{example}");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(
                text.contains("usage:") && text.contains("NYMI_PASSWORD"),
                "{example}: {text}"
            );
        }
    }
}

/// A program without an agent, a server and an L1 certificate: it ends, and says why.
fn says_what_fails(compiler: Compiler, source: &Path, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    compile(compiler, source, &program);
    let output = Command::new(&program)
        .args(arguments)
        .env("NYMI_USER", "C\\a")
        .env("NYMI_PASSWORD", "secret")
        .env("NYMI_NES_URL", "http://127.0.0.1:1/nes")
        .env("NYMI_AGENT_URL", "ws://127.0.0.1:1")
        .env("NYMI_L1", "/nowhere/l1.pem")
        .env("NYMI_NSL_DIR", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let says = text.contains("/nowhere/l1.pem") && !text.contains("secret");
    let status = output.status;
    assert!(
        status.code() == Some(1) && says,
        "{compiler:?} {source:?}: {status} {text}"
    );
}

#[test]
fn the_examples_and_the_programs_of_the_manual_say_what_fails() {
    let options = [
        "-p",
        "1",
        "-n",
        "http://127.0.0.1:1/nes",
        "-u",
        "C\\a",
        "-l",
        "/nowhere/l1.pem",
    ];
    let digest = "ab".repeat(32);
    let options = [&options[..], &["-d", &digest]].concat();
    for example in [
        "tap_to_sign",
        "tap_to_sign_classic",
        "event_loop",
        "two_people",
    ] {
        let source = repository().join(format!("examples/c/{example}.c"));
        for compiler in &C[..2] {
            says_what_fails(*compiler, &source, &options);
        }
    }
    let positional = [
        "ws://127.0.0.1:1",
        "http://127.0.0.1:1/nes",
        "/nowhere/l1.pem",
        "C\\a",
        "gold",
    ];
    let source = repository().join("examples/cpp/tap_to_sign.cpp");
    says_what_fails(CPP[0], &source, &positional);
    for (page, language) in [("docs/manual/c.md", "c"), ("docs/manual/cpp.md", "cpp")] {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("app").with_extension(language);
        for program in programs(page, language) {
            std::fs::write(&source, program).unwrap();
            for compiler in compilers(&source).into_iter().take(2) {
                says_what_fails(compiler, &source, &[&digest]);
            }
        }
    }
}

#[test]
fn the_makefile_of_the_examples_works() {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(repository().join("examples/c")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let header = repository().join("include/nymi_api.h");
    let makefile = std::fs::read_to_string(folder.path().join("Makefile")).unwrap();
    let include = header.parent().unwrap().display().to_string();
    let makefile = makefile.replace("../../include", &include);
    std::fs::write(folder.path().join("Makefile"), makefile).unwrap();
    // As cargo leaves it: under one name.
    let library = folder.path().join("library");
    std::fs::create_dir(&library).unwrap();
    let built = crate::toolchain::library_folder().join("libnymi_api.so");
    std::os::unix::fs::symlink(built, library.join("libnymi_api.so")).unwrap();
    run(Command::new("make")
        .current_dir(folder.path())
        .arg(format!("NYMI_API={}", library.display())));
    let output = Command::new(folder.path().join("event_loop"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// The blocks of a page in this language.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(page)).unwrap();
    let fence = format!("\n```{language}\n");
    let after = text.split(&fence).skip(1);
    after
        .map(|block| block.split("\n```").next().unwrap().to_owned())
        .collect()
}

/// The whole programs of a page: a short one, and one that goes on.
pub(crate) fn programs(page: &str, language: &str) -> [String; 2] {
    let blocks = blocks(page, language).into_iter();
    let whole = blocks.filter(|block| block.starts_with("#include"));
    let whole: Vec<_> = whole.map(|block| block + "\n").collect();
    whole.try_into().unwrap()
}

#[test]
fn the_programs_of_the_manual_and_the_readme_compile() {
    let folder = tempfile::tempdir().unwrap();
    let mut compiled = 0;
    for (page, language) in [
        ("docs/manual/c.md", "c"),
        ("docs/manual/c-migration.md", "c"),
        ("docs/manual/cpp.md", "cpp"),
        ("README.md", "c"),
    ] {
        for block in blocks(page, language) {
            let source = folder.path().join("program").with_extension(language);
            // Whole programs show what is included.
            let headers = match block.starts_with("#include") {
                true => "",
                false if language == "cpp" => "#include <nymi_api.hpp>\n#include <iostream>\n",
                false => "#include <nymi_api.h>\n#include <stdio.h>\n",
            };
            let main = match block.contains("int main(") {
                true => "",
                false => "int main(void) { return 0; }\n",
            };
            std::fs::write(&source, format!("{headers}{block}\n{main}")).unwrap();
            for compiler in compilers(&source).into_iter().take(2) {
                compile(compiler, &source, &folder.path().join("program"));
            }
            compiled += 1;
        }
    }
    assert_eq!(compiled, 11);
}

/// What the program of the manual that goes on does while it waits, with another client than it thinks: a wait
/// that will never succeed ends, and one that is woken ends if the program is to stop.
const WAITS: &str = r#"
#undef main
#include <assert.h>
#include <unistd.h>
int main(void) {
  alarm(20); /* it goes round and round */
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "Records"};
  config.agent_url = "ws://127.0.0.1:1";
  struct NymiClient *client = NULL;
  assert(nymi_client_new(&config, &client, NULL) == NYMI_RESULT_OKAY);
  stop = 1;
  nymi_client_wake(client);
  assert(next_tap(client) == NULL);
  stop = 0;
  nymi_client_wake(client);
  assert(next_tap(client) == NULL);
  nymi_client_free(client);
  assert(next_tap(client) == NULL);
  assert(manual() == 1);
}
"#;

#[test]
fn the_program_of_the_manual_that_goes_on_does_not_spin() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("waits.c");
    let [_, block] = programs("docs/manual/c.md", "c");
    std::fs::write(&source, format!("#define main manual\n{block}\n{WAITS}")).unwrap();
    let program = folder.path().join("waits");
    compile(C[2], &source, &program);
    run(Command::new(&program)
        .env("NYMI_L1", "/nowhere/l1.pem")
        .env("NYMI_NSL_DIR", folder.path()));
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
