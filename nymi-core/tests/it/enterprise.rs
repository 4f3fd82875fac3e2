//! The enterprise of the documentation: the PEM files in `tests/vectors/enterprise`, which the examples
//! read. `UPDATE_GENERATED=1` writes them anew; keys and signatures are always the same.

use std::path::PathBuf;

use nymi_core::UnixMillis;
use nymi_core::assertion::{
    Claims, CounterClaims, LIFETIME_S, Method, Sha256Hex, issue, issue_counter,
};
use nymi_core::chain::oid::{self, Oid};
use nymi_core::chain::{Crl, pem};
use nymi_core::crypto::SecretKey;

use crate::chain_revocation::List;
use crate::chain_writer::*;

fn leaf(name: &str, number: u8, serial: u8, issuer: &Cert, purposes: &[Oid]) -> Cert {
    let mut leaf =
        Cert::end(name, number, &issuer.subject).with(KEY_PURPOSES, false, &ids(purposes));
    leaf.serial = vec![serial];
    leaf
}

const RECORD: &str = "batch 4711: 37.2 kg";

/// The record, signed by a tap; then by taps of the second person and of the first one again.
fn records(signer: &[u8], l2: &[u8]) -> [String; 3] {
    let at: UnixMillis = "2026-05-13T08:30:00.000Z".parse().unwrap();
    let claims = Claims {
        iss: "https://nes.example.com/nes".into(),
        aud: "mes".into(),
        azp: "mes".into(),
        sub: "3f0c".into(),
        username: "mdoe".into(),
        domain: "ACME".into(),
        band: "C0:01:02:03:04:05".parse().unwrap(),
        agent: "agent-1".into(),
        endpoint: "terminal-7".into(),
        method: Method::NfcBle,
        intent: true,
        intent_id: Some("tap-9".into()),
        intent_at: Some(at),
        counter: 60,
        verified_at: at,
        iat: at.as_secs(),
        exp: at.as_secs() + LIFETIME_S,
        jti: "7c1e".into(),
        nonce: None,
        document_sha256: Some(Sha256Hex::of(RECORD.as_bytes())),
        meaning: Some("approved".into()),
    };
    let later = at.saturating_add(5 * 60_000);
    let again = Claims {
        intent_id: Some("tap-12".into()),
        intent_at: Some(later),
        counter: 360,
        verified_at: later,
        iat: later.as_secs(),
        exp: later.as_secs() + LIFETIME_S,
        jti: "8d2f".into(),
        meaning: Some("reviewed".into()),
        ..claims.clone()
    };
    let checker = Claims {
        sub: "91ab".into(),
        username: "qa".into(),
        band: "C0:01:02:03:04:06".parse().unwrap(),
        ..again.clone()
    };
    let key = SecretKey::from_scalar(&[5; 32]).unwrap();
    let first = issue(&key, signer, l2, &claims).unwrap();
    let counter = |claims| {
        let claims = CounterClaims {
            claims,
            countersigns: Sha256Hex::of(first.as_bytes()),
        };
        issue_counter(&key, signer, l2, &claims).unwrap() + "\n"
    };
    let seconds = [checker, again].map(counter);
    let [second, same] = seconds;
    [first + "\n", second, same]
}

/// Each file and its text.
fn files() -> Vec<(&'static str, String)> {
    let l1 = Cert::root("Acme NES L1 CA", 1);
    let gold = policies(&[oid::GRADE_GOLD.content()]);
    let l2 = Cert::ca("Acme NES L2 CA", 2, &l1.subject, Some(0)).with(POLICIES, false, &gold);
    let nea = [oid::CLIENT_AUTH, oid::ROLE_NEA];
    let mes = leaf("mes", 3, 0x11, &l2, &nea);
    let kiosk = leaf("kiosk", 4, 0x12, &l2, &nea);
    let signer = leaf(
        "Acme NES assertions",
        5,
        0x13,
        &l2,
        &[oid::ROLE_NES_ASSERTION],
    );
    let kiosk_revoked = List::new(&l2).revoke(&kiosk.serial, 1).crl(&l2);
    let signer_revoked = List::new(&l2).revoke(&signer.serial, 1).crl(&l2);
    let above = List::new(&l1).crl(&l1);
    let [record, counter, same_user] = records(&signer.signed_by(&l2), &l2.signed_by(&l1));
    let certificate = |der: Vec<u8>| pem::encode("CERTIFICATE", &der);
    let list = |list: &Crl| pem::encode("X509 CRL", list.der());
    vec![
        ("l1.pem", certificate(l1.signed_by(&l1))),
        ("l2.pem", certificate(l2.signed_by(&l1))),
        ("mes.pem", certificate(mes.signed_by(&l2))),
        ("kiosk.pem", certificate(kiosk.signed_by(&l2))),
        ("assertions.pem", certificate(signer.signed_by(&l2))),
        ("crl.pem", list(&kiosk_revoked)),
        ("crl-l1.pem", list(&above)),
        ("crl-signer.pem", list(&signer_revoked)),
        ("record.txt", RECORD.to_owned()),
        ("record.jws", record),
        ("record-counter.jws", counter),
        ("record-same-user.jws", same_user),
    ]
}

#[test]
fn the_files_of_the_examples_are_what_is_written_here() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/enterprise");
    for (name, text) in files() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "{name} differs; run with UPDATE_GENERATED=1"
        );
    }
}
