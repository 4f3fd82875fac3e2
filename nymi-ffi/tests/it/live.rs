//! Programs in C against a running system: a tap at a virtual band becomes a signature that verifies
//! offline.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nymi_cli::UpArgs;
use nymi_cli::up::{Ready, System, User};
use nymi_core::UnixMillis;
use nymi_core::assertion::{Check, Claims, Expectations, verify};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;

use crate::compile::programs;
use crate::toolchain::{Compiler, command, compile, compilers, repository};

const DOCUMENT: [u8; 32] = [0xAB; 32];

fn start(runtime: &tokio::runtime::Runtime) -> System {
    runtime
        .block_on(System::start(&UpArgs::ephemeral(7)))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// How long a program may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that says line by line what it waits for. It ends with its test, however that ends.
struct Program {
    child: Child,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = lines(child.stdout.take().unwrap());
        let errors = lines(child.stderr.take().unwrap());
        Self {
            child,
            output,
            errors,
        }
    }

    /// The next line of its output, its end included.
    fn line(&mut self) -> String {
        let line = self.output.recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| self.fails(&format!("no line, {error}")))
    }

    /// The same for what it says of errors and to people.
    fn error(&mut self) -> String {
        let line = self.errors.recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| self.fails(&format!("no error, {error}")))
    }

    /// Panics with all that there is to know.
    fn fails(&mut self, why: &str) -> ! {
        let more = || self.errors.recv_timeout(Duration::from_secs(1)).ok();
        let errors: String = std::iter::from_fn(more).collect();
        let status = self.child.try_wait().unwrap();
        panic!("{why}; ended: {status:?}; errors: {errors}");
    }

    fn say(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until it has read all that was said.
    fn listens(&mut self) {
        let input = self.child.stdin.as_ref().unwrap();
        let begun = Instant::now();
        while unread(input) > 0 {
            assert!(begun.elapsed() < PATIENCE, "the program does not listen");
            std::thread::yield_now();
        }
    }

    /// What it says until it ends, well and soon.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(line) => rest += &line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fails(&format!("it goes on: {rest}")),
            }
        }
        if !self.child.wait().unwrap().success() {
            self.fails(&rest);
        }
        rest
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that come, read on a thread of their own.
fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = String::new();
        while from.read_line(&mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// How many bytes of a pipe nobody has read yet.
fn unread(pipe: &impl AsRawFd) -> i32 {
    let mut count = 0;
    // SAFETY: the descriptor is open, and the kernel writes a number.
    let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut count) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    count
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
        Program::start(
            command(&program)
                .args(arguments)
                .env("NYMI_PASSWORD", &self.user().password)
                .env("NYMI_NSL_DIR", self.folder.path().join("nsl"))
                .env_remove("NYMI_L1")
                .env_remove("NYMI_NES_URL")
                .env_remove("NYMI_AGENT_URL"),
        )
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

/// The programs of a page, with the environment that the page says: one signs a record, the other logs in.
fn the_manual_signs(page: &str, language: &str) {
    let stage = Stage::set();
    let ready = &stage.ready;
    let source = stage.folder.path().join("app").with_extension(language);
    let program = stage.folder.path().join("app");
    let by = compilers(&source).into_iter().take(2);
    let log_in = || Check::LogIn {
        now: now(),
        audience: "Records",
        nonce: None,
    };
    let checks: [&dyn Fn() -> Check<'static>; 2] = [&record, &log_in];
    let texts = programs(page, language);
    let runs = by.flat_map(|it| {
        texts
            .iter()
            .zip(checks)
            .map(move |(text, check)| (it, text, check))
    });
    for (compiler, text, check) in runs {
        std::fs::write(&source, text).unwrap();
        compile(compiler, &source, &program);
        let mut command = Command::new(&program);
        command
            .arg("ab".repeat(32))
            .env("NYMI_NES_URL", &ready.nes)
            .env("NYMI_AGENT_URL", &ready.agent)
            .env("NYMI_L1", &ready.l1)
            .env("NYMI_USER", account(stage.user()))
            .env("NYMI_PASSWORD", &stage.user().password)
            .env("NYMI_GRADE", "bronze")
            .env("NYMI_NSL_DIR", stage.folder.path().join("nsl"));
        let mut program = Program::start(&mut command);
        while program.error() != "tap a band\n" {}
        stage.tap();
        let text = program.rest();
        let begin = format!("{}: ", account(stage.user()));
        let token = text.strip_prefix(&begin).unwrap().trim_end();
        let claims = claims(&stage.system, token, check());
        assert_eq!(claims.meaning.as_deref(), Some("approved"));
    }
    stage.clear();
}

#[test]
fn the_programs_of_the_manual_sign() {
    the_manual_signs("docs/manual/c.md", "c");
}

#[test]
fn the_programs_of_the_manual_for_cpp_sign() {
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
    program.listens();
    program.say("lp\nagain\nquit\n");
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
    // It tried twice to start.
    for _ in 0..2 {
        let failed = program.error();
        assert!(failed.contains("4000"), "{failed}");
    }
    program.say("help\nquit\n");
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

/// Hosts are addresses or names. A name of the agent is looked up on a thread of its own as soon as the client
/// is there, and what a thread needs to begin must not be taken from it at that very moment (1, 2).
fn addresses_run_out(agent_host: &str, nes_host: &str, [steps, kib]: [&str; 2]) {
    let moments = match agent_host {
        "127.0.0.1" => "0123",
        _ => "03",
    };
    let stage = Stage::set();
    let ready = &stage.ready;
    let agent = format!("ws://{agent_host}:{}", port(&ready.agent));
    let nes = ready.nes.replace("127.0.0.1", nes_host);
    let (l1, user) = (ready.l1.display().to_string(), account(stage.user()));
    let arguments = [&*agent, &nes, &l1, &user, steps, kib, moments];
    let program = stage.run("nymi-ffi/tests/c/no_addresses.c", &arguments);
    // With most of what was left, a client reaches everything, whenever it was little.
    assert_eq!(program.rest(), "3\n".repeat(moments.len()));
    stage.clear();
}

#[test]
fn addresses_that_run_out_end_nothing() {
    addresses_run_out("127.0.0.1", "127.0.0.1", ["16", "256"]);
}

#[test]
fn addresses_that_run_out_while_names_are_looked_up_end_nothing() {
    addresses_run_out("localhost", "localhost", ["12", "1024"]);
}

#[test]
#[ignore = "five hundred processes"]
fn addresses_that_run_out_anywhere_end_nothing() {
    addresses_run_out("127.0.0.1", "localhost", ["128", "96"]);
}
