//! Programs in C against a running system: a tap at a virtual band becomes a signature that verifies
//! offline.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nymi_cli::UpArgs;
use nymi_cli::up::{System, User};
use nymi_core::assertion::{Check, Claims, Expectations, verify};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;

use crate::toolchain::{compile, repository};

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
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
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

/// What an assertion says that signs the document.
fn claims(system: &System, token: &str) -> Claims {
    let anchor = TrustAnchor::from_pem(system.l1_pem()).unwrap();
    let expectations = Expectations {
        grade: GradeRequirement::Bronze,
        ..Expectations::new(Check::Record {
            document_sha256: DOCUMENT,
        })
    };
    let verified = verify(&RustCrypto, &[anchor], token, &expectations).unwrap();
    verified.claims().clone()
}

#[test]
fn the_example_prints_who_signed_and_it_verifies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let system = start(&runtime);
    let ready = system.ready().clone();
    let (user, band) = (&ready.users[0], &ready.bands[0]);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tap_to_sign");
    compile(&repository().join("examples/c/tap_to_sign.c"), &program);
    let mut command = Command::new(&program);
    command
        .args(["-g", "bronze", "-p", port(&ready.agent), "-n", &ready.nes])
        .args(["-d", &"ab".repeat(32), "-u", &account(user)])
        .arg("-l")
        .arg(&ready.l1);
    let mut program = Program::start(&mut command, &folder.path().join("nsl"), &user.password);
    assert_eq!(program.line(), "tap your band at 127.0.0.1\n");
    let tap = format!("tap {} ble", band.serial_number);
    runtime
        .block_on(system.hardware(&tap))
        .unwrap_or_else(|error| panic!("{error}"));
    let rest = program.rest();

    let (signed, token) = rest.trim_end().split_once("\nassertion ").unwrap();
    let start = format!("signed by {} at ", account(user));
    let end = format!("on endpoint {} (ble)", ready.endpoints[0]);
    assert!(
        signed.starts_with(&start) && signed.ends_with(&end),
        "{signed}"
    );
    let claims = claims(&system, token);
    assert_eq!(
        (&claims.username, &claims.azp),
        (&user.username, &"TapToSign".to_owned())
    );
    assert_eq!(claims.band, band.band_id);
    runtime.block_on(system.shutdown());
    runtime.shutdown_timeout(Duration::from_millis(100));
}

#[test]
fn typed_operations_do_what_they_say() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let system = start(&runtime);
    let ready = system.ready().clone();
    let (user, band) = (&ready.users[0], &ready.bands[0]);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("typed");
    compile(&repository().join("nymi-ffi/tests/c/typed.c"), &program);
    let mut command = Command::new(&program);
    command
        .args([port(&ready.agent), &ready.nes])
        .arg(&ready.l1)
        .arg(account(user));
    let mut program = Program::start(&mut command, &folder.path().join("nsl"), &user.password);
    assert_eq!(program.line(), "tap\n");
    let tap = format!("tap {} ble", band.serial_number);
    runtime
        .block_on(system.hardware(&tap))
        .unwrap_or_else(|error| panic!("{error}"));
    let rest = program.rest();
    let (signed_by, token) = rest.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(signed_by, account(user));
    let claims = claims(&system, token);
    assert_eq!(claims.band, band.band_id);
    assert_eq!(
        (claims.meaning.as_deref(), claims.nonce.as_deref()),
        (Some("approved \"as is\" \\ €"), Some("n-1"))
    );
    runtime.block_on(system.shutdown());
    runtime.shutdown_timeout(Duration::from_millis(100));
}
