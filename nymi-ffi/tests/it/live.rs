//! The example in C against a running system: a tap at a virtual band becomes a signature that
//! verifies offline.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use nymi_cli::UpArgs;
use nymi_cli::up::System;
use nymi_core::assertion::{Check, Expectations, verify};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;

use crate::toolchain::{compile, repository};

const DOCUMENT: [u8; 32] = [0xAB; 32];

fn start(runtime: &tokio::runtime::Runtime) -> System {
    runtime
        .block_on(System::start(&UpArgs::ephemeral(7)))
        .unwrap_or_else(|error| panic!("{error}"))
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
    let port = ready
        .agent
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let mut child = Command::new(&program)
        .args([
            "-g",
            "bronze",
            "-p",
            port,
            "-n",
            &ready.nes,
            "-d",
            &"ab".repeat(32),
        ])
        .arg("-l")
        .arg(&ready.l1)
        .args(["-u", &format!("{}\\{}", user.domain, user.username)])
        .env("NYMI_PASSWORD", &user.password)
        .env("NYMI_NSL_DIR", folder.path().join("nsl"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "tap your band at 127.0.0.1\n");
    let tap = format!("tap {} ble", band.serial_number);
    runtime
        .block_on(system.hardware(&tap))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");

    let (signed, token) = rest.trim_end().split_once("\nassertion ").unwrap();
    let start = format!("signed by {}\\{} at ", user.domain, user.username);
    let end = format!("on endpoint {} (ble)", ready.endpoints[0]);
    assert!(
        signed.starts_with(&start) && signed.ends_with(&end),
        "{signed}"
    );
    let anchor = TrustAnchor::from_pem(system.l1_pem()).unwrap();
    let expectations = Expectations {
        grade: GradeRequirement::Bronze,
        ..Expectations::new(Check::Record {
            document_sha256: DOCUMENT,
        })
    };
    let verified = verify(&RustCrypto, &[anchor], token, &expectations).unwrap();
    let claims = verified.claims();
    assert_eq!(
        (&claims.username, &claims.azp),
        (&user.username, &"TapToSign".to_owned())
    );
    assert_eq!(claims.band, band.band_id);
    runtime.block_on(system.shutdown());
    runtime.shutdown_timeout(Duration::from_millis(100));
}
