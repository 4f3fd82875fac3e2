//! Programs in C against a running system: a tap at a virtual band becomes a signature that verifies
//! offline.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nymi_cli::UpArgs;
use nymi_cli::up::{Ready, System, User};
use nymi_core::UnixMillis;
use nymi_core::assertion::{Check, Claims, Expectations, verify};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;

use crate::compile::blocks;
use crate::toolchain::{Compiler, command, compile, compilers, repository};

const DOCUMENT: [u8; 32] = [0xAB; 32];

fn start(runtime: &tokio::runtime::Runtime) -> System {
    runtime
        .block_on(System::start(&UpArgs::ephemeral(7)))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A program that begins with a line, when it waits for a tap.
struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(command: &mut Command, store: &Path, password: &str) -> Self {
        let mut child = command
            .env("NYMI_PASSWORD", password)
            .env("NYMI_NSL_DIR", store)
            .env_remove("NYMI_L1")
            .env_remove("NYMI_NES_URL")
            .env_remove("NYMI_AGENT_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "the program ended");
        line
    }

    /// Fails if it goes on for ten seconds.
    fn ends_soon(&mut self) {
        for _ in 0..1000 {
            if self.child.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("the program goes on");
    }

    fn say(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// What it says until it ends, well.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        rest
    }
}

fn port(url: &str) -> &str {
    let behind = url.rsplit(':').next().unwrap();
    behind.split('/').next().unwrap()
}

fn account(user: &User) -> String {
    format!("{}\\{}", user.domain, user.username)
}

fn record() -> Check<'static> {
    Check::Record {
        document_sha256: DOCUMENT,
    }
}

/// What an assertion says, once it is verified.
fn claims(system: &System, token: &str, check: Check<'_>) -> Claims {
    let anchor = TrustAnchor::from_pem(system.l1_pem()).unwrap();
    let expectations = Expectations {
        grade: GradeRequirement::Bronze,
        ..Expectations::new(check)
    };
    let verified = verify(&RustCrypto, &[anchor], token, &expectations).unwrap();
    verified.claims().clone()
}

fn now() -> UnixMillis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixMillis(since.unwrap().as_millis().try_into().unwrap())
}

/// A system, and a folder for the program that is run against it.
struct Stage {
    runtime: tokio::runtime::Runtime,
    system: System,
    ready: Ready,
    folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let system = start(&runtime);
        let ready = system.ready().clone();
        let folder = tempfile::tempdir().unwrap();
        Self {
            runtime,
            system,
            ready,
            folder,
        }
    }

    fn user(&self) -> &User {
        &self.ready.users[0]
    }

    /// Compiles a program and starts it.
    fn run(&self, source: &str, arguments: &[&str]) -> Program {
        self.run_by(compilers(Path::new(source))[0], source, arguments)
    }

    /// The same by this compiler.
    fn run_by(&self, compiler: Compiler, source: &str, arguments: &[&str]) -> Program {
        let program = self.folder.path().join("program");
        compile(compiler, &repository().join(source), &program);
        let mut command = command(&program);
        command.args(arguments);
        let store = self.folder.path().join("nsl");
        Program::start(&mut command, &store, &self.user().password)
    }

    /// The options of the examples in C.
    fn options(&self) -> [String; 8] {
        let l1 = self.ready.l1.display().to_string();
        let port = port(&self.ready.agent).to_owned();
        let (nes, user) = (self.ready.nes.clone(), account(self.user()));
        let option = |name: &str, value: String| format!("{name}{value}");
        [
            "-g".into(),
            "bronze".into(),
            option("-p", port),
            option("-n", nes),
            option("-u", user),
            option("-l", l1),
            "-d".into(),
            "ab".repeat(32),
        ]
    }

    fn tap(&self) {
        self.tap_with(0);
    }

    fn tap_with(&self, band: usize) {
        let tap = format!("tap {} ble", self.ready.bands[band].serial_number);
        let result = self.runtime.block_on(self.system.hardware(&tap));
        result.unwrap_or_else(|error| panic!("{error}"));
    }

    /// How many signatures the server has made, by its audit log.
    fn signatures(&self) -> usize {
        let rows = self.system.admin().audit_rows(1000);
        let rows = self.runtime.block_on(rows).unwrap();
        rows.iter().filter(|row| row.meaning.is_some()).count()
    }

    fn clear(self) {
        self.runtime.block_on(self.system.shutdown());
        self.runtime.shutdown_timeout(Duration::from_millis(100));
    }
}

/// A compiler of each maker.
fn both(source: &str) -> impl Iterator<Item = Compiler> {
    compilers(Path::new(source)).into_iter().take(2)
}

fn the_example_signs(source: &str) {
    let stage = Stage::set();
    let options = stage.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    for compiler in both(source) {
        it_signs(&stage, stage.run_by(compiler, source, &options));
    }
    stage.clear();
}

fn it_signs(stage: &Stage, mut program: Program) {
    assert_eq!(program.line(), "tap your band at 127.0.0.1\n");
    stage.tap();
    let rest = program.rest();

    let (signed, token) = rest.trim_end().split_once("\nassertion ").unwrap();
    let user = stage.user();
    let start = format!("signed by {} at ", account(user));
    let end = format!("on endpoint {} (ble)", stage.ready.endpoints[0]);
    assert!(
        signed.starts_with(&start) && signed.ends_with(&end),
        "{signed}"
    );
    let claims = claims(&stage.system, token, record());
    assert_eq!(
        (&claims.username, &claims.azp),
        (&user.username, &"TapToSign".to_owned())
    );
    assert_eq!(claims.band, stage.ready.bands[0].band_id);
}

#[test]
fn the_example_prints_who_signed_and_it_verifies() {
    the_example_signs("examples/c/tap_to_sign.c");
}

#[test]
fn the_classic_example_does_the_same() {
    the_example_signs("examples/c/tap_to_sign_classic.c");
}

#[test]
fn the_example_in_cpp_signs() {
    let source = "examples/cpp/tap_to_sign.cpp";
    let stage = Stage::set();
    let ready = &stage.ready;
    let agent = format!("ws://127.0.0.1:{}", port(&ready.agent));
    let (l1, user) = (ready.l1.display().to_string(), account(stage.user()));
    let arguments = [&agent, &ready.nes, &l1, &user, "bronze"];
    for compiler in both(source) {
        it_logs_in(&stage, stage.run_by(compiler, source, &arguments));
    }
    stage.clear();
}

fn it_logs_in(stage: &Stage, mut program: Program) {
    assert_eq!(program.line(), "tap your band\n");
    stage.tap();
    let rest = program.rest();
    let (signed, token) = rest.trim_end().split_once("\nassertion ").unwrap();
    let start = format!("signed by {} at ", account(stage.user()));
    assert!(signed.starts_with(&start), "{signed}");
    let log_in = Check::LogIn {
        now: now(),
        audience: "TapToSign",
        nonce: Some("fresh for each log-in"),
    };
    let claims = claims(&stage.system, token, log_in);
    assert_eq!(claims.meaning.as_deref(), Some("read and understood"));
}

/// The first program of a page, with the environment that the page says.
fn the_manual_signs(page: &str, language: &str) {
    let stage = Stage::set();
    let ready = &stage.ready;
    let source = stage.folder.path().join("app").with_extension(language);
    std::fs::write(&source, format!("{}\n", blocks(page, language)[0])).unwrap();
    let program = stage.folder.path().join("app");
    for compiler in compilers(&source).into_iter().take(2) {
        compile(compiler, &source, &program);
        let mut command = Command::new(&program);
        command
            .env("NYMI_NES_URL", &ready.nes)
            .env("NYMI_AGENT_URL", &ready.agent)
            .env("NYMI_L1", &ready.l1)
            .env("NYMI_USER", account(stage.user()))
            .env("NYMI_PASSWORD", &stage.user().password)
            .env("NYMI_GRADE", "bronze")
            .env("NYMI_NSL_DIR", stage.folder.path().join("nsl"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        while said != "tap a band\n" {
            said.clear();
            assert_ne!(errors.read_line(&mut said).unwrap(), 0, "it ended");
        }
        stage.tap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let begin = format!("{}: ", account(stage.user()));
        let token = text.strip_prefix(&begin).unwrap().trim_end();
        let log_in = Check::LogIn {
            now: now(),
            audience: "Records",
            nonce: None,
        };
        let claims = claims(&stage.system, token, log_in);
        assert_eq!(claims.meaning.as_deref(), Some("approved"));
    }
    stage.clear();
}

#[test]
fn the_first_program_of_the_manual_signs() {
    the_manual_signs("docs/manual/c.md", "c");
}

#[test]
fn the_first_program_of_the_manual_for_cpp_signs() {
    the_manual_signs("docs/manual/cpp.md", "cpp");
}

#[test]
fn the_event_loop_greets_and_obeys() {
    let source = "examples/c/event_loop.c";
    let stage = Stage::set();
    let options = stage.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    for compiler in both(source) {
        it_greets(&stage, stage.run_by(compiler, source, &options));
    }
    stage.clear();
}

fn it_greets(stage: &Stage, mut program: Program) {
    let endpoint = &stage.ready.endpoints[0];
    assert_eq!(program.line(), format!("{endpoint}: ble_ready\n"));
    for _ in 0..2 {
        stage.tap();
        let hello = format!("hello {}\n", stage.user().username);
        while program.line() != hello {}
    }
    // Half a command, then the other half and two more at once.
    program.say("he");
    std::thread::sleep(Duration::from_millis(100));
    program.say("lp\nagain\nquit\n");
    program.ends_soon();
    assert_eq!(program.rest(), "commands: quit\ncommands: quit\n");
}

#[test]
fn the_event_loop_outlives_a_start_without_its_agent() {
    let stage = Stage::set();
    let mut options = stage.options();
    // Nobody listens there.
    options[2] = "-p1".to_owned();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let mut program = stage.run("examples/c/event_loop.c", &options);
    assert!(program.line().starts_with("4000 "), "no agent is there");
    // Longer than its first two attempts to start.
    std::thread::sleep(Duration::from_millis(2500));
    program.say("help\nquit\n");
    program.ends_soon();
    let rest = program.rest();
    assert!(rest.ends_with("commands: quit\n"), "{rest}");
    stage.clear();
}

#[test]
fn two_different_people_have_to_sign() {
    let source = "examples/c/two_people.c";
    let stage = Stage::set();
    let options = stage.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    for compiler in both(source) {
        they_sign(&stage, stage.run_by(compiler, source, &options));
    }
    stage.clear();
}

/// Alice, Alice again, Bob: the second tap of Alice has the server sign nothing.
fn they_sign(stage: &Stage, mut program: Program) {
    let before = stage.signatures();
    assert_eq!(program.line(), "tap: who executed the record?\n");
    stage.tap_with(0);
    let executed = signed(stage, &mut program, "executed");
    // It was printed before the second person is asked for: the program may end here.
    assert_eq!(program.line(), "tap: who reviewed it? Another person\n");
    assert_eq!(stage.signatures() - before, 1);
    stage.tap_with(0);
    let refused = program.line();
    assert!(
        refused.starts_with("not signed: another person"),
        "{refused}"
    );
    assert_eq!(stage.signatures() - before, 1, "Alice reviewed her own");
    stage.tap_with(1);
    let reviewed = signed(stage, &mut program, "reviewed");
    assert_eq!(program.rest(), "");
    assert_ne!(executed.username, reviewed.username);
    assert_eq!(stage.signatures() - before, 2);
}

/// The signature that the program prints next, verified.
fn signed(stage: &Stage, program: &mut Program, meaning: &str) -> Claims {
    let by = program.line();
    let token = program.line();
    assert!(by.starts_with(&format!("{meaning} by ")), "{by}");
    let token = token.trim_end().strip_prefix("assertion ").unwrap();
    let claims = claims(&stage.system, token, record());
    assert_eq!(claims.meaning.as_deref(), Some(meaning));
    claims
}

#[test]
fn typed_operations_do_what_they_say() {
    let stage = Stage::set();
    let ready = &stage.ready;
    let (l1, user) = (ready.l1.display().to_string(), account(stage.user()));
    let arguments = [port(&ready.agent), &ready.nes, &l1, &user];
    let mut program = stage.run("nymi-ffi/tests/c/typed.c", &arguments);
    assert_eq!(program.line(), "tap\n");
    stage.tap();
    let rest = program.rest();
    let (signed_by, token) = rest.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(signed_by, user);
    let claims = claims(&stage.system, token, record());
    assert_eq!(claims.band, ready.bands[0].band_id);
    assert_eq!(
        (claims.meaning.as_deref(), claims.nonce.as_deref()),
        (Some("approved \"as is\" \\ €"), Some("n-1"))
    );
    stage.clear();
}

#[test]
fn an_operation_that_waits_can_be_ended() {
    let stage = Stage::set();
    let l1 = stage.ready.l1.display().to_string();
    let program = stage.run("nymi-ffi/tests/c/interrupted.c", &[&l1]);
    assert_eq!(program.rest(), "");
    stage.clear();
}
