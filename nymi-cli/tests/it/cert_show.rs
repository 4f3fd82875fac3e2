//! `nymi cert show` on the certificates of the documentation, and on what is none.

use std::fs;
use std::path::{Path, PathBuf};

use nymi_core::chain::pem;
use serde_json::Value;

use crate::support::{nymi, stderr, stdout};

const CHAPTER: &str = include_str!("../../../docs/manual/trust.md");

fn enterprise(name: &str) -> PathBuf {
    let folder = "../nymi-core/tests/vectors/enterprise";
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name)
}

fn der(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(enterprise(name)).unwrap();
    pem::decode(&text, "CERTIFICATE").unwrap().remove(0)
}

/// Exit code, and what was printed.
fn show(file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let output = nymi(&[&["cert", "show", file.to_str().unwrap()], more].concat());
    (output.status.code(), stdout(&output) + &stderr(&output))
}

fn of_bytes(bytes: &[u8], more: &[&str]) -> (Option<i32>, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    show(file.path(), more)
}

fn json(bytes: &[u8]) -> (Option<i32>, Value) {
    let (code, text) = of_bytes(bytes, &["--json"]);
    (
        code,
        serde_json::from_str::<Value>(&text).unwrap()["certificates"].take(),
    )
}

#[test]
fn both_readers_agree_on_the_certificates_of_the_documentation() {
    let chain: String = ["mes.pem", "l2.pem", "l1.pem", "assertions.pem"]
        .map(|name| fs::read_to_string(enterprise(name)).unwrap())
        .concat();
    let (code, shown) = json(chain.as_bytes());
    assert_eq!((code, shown.as_array().unwrap().len()), (Some(0), 4));
    let (mes, l2, signer) = (&shown[0], &shown[1], &shown[3]);
    assert_eq!(mes["subject"], "CN=mes");
    assert_eq!(mes["issuer"], "CN=Acme NES L2 CA");
    assert_eq!(mes["serial"], "11");
    assert_eq!(mes["not_after"], "2027-01-01T00:00:00.000Z");
    assert_eq!(mes["roles"], serde_json::json!(["nea"]));
    assert_eq!(mes["ca"], false);
    assert_eq!(mes["disagreements"], serde_json::json!([]));
    assert!(mes["key"].as_str().unwrap().starts_with("P-256 04"));
    assert_eq!(l2["grades"], serde_json::json!(["gold"]));
    assert_eq!((&l2["ca"], &l2["path_length"]), (&true.into(), &0.into()));
    assert_eq!(signer["roles"], serde_json::json!(["nes-assertion"]));
    let alone = json(&der("mes.pem")).1;
    assert_eq!(&alone[0], mes, "DER and PEM");
}

/// A changed octet that one reader refuses and the other does not, and one that both read.
#[test]
fn what_one_reader_refuses_is_said() {
    let whole = der("mes.pem");
    let trailing = [&whole[..], &[0]].concat();
    let (code, text) = of_bytes(&trailing, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("nymi-core refuses it: ") && text.contains("nsl 101"),
        "{text}"
    );
    assert!(
        text.contains("x509-parser refuses it: 1 bytes follow"),
        "{text}"
    );
    // A serial number of 0 is an encoding that reads well, and a fault.
    let at = whole
        .windows(3)
        .position(|octets| octets == [2, 1, 0x11])
        .unwrap();
    let mut zero = whole.clone();
    zero[at + 2] = 0;
    let (code, shown) = json(&zero);
    assert_eq!(code, Some(1));
    assert!(
        shown[0]["refused_by_nymi_core"]
            .as_str()
            .unwrap()
            .contains("nsl 119")
    );
    assert_eq!(shown[0]["refused_by_x509_parser"], Value::Null);
    assert_eq!(shown[0]["subject"], "CN=mes", "as x509-parser reads it");
}

#[test]
fn a_name_cannot_forge_a_line() {
    let mut certificate = der("mes.pem");
    let places: Vec<usize> = certificate
        .windows(3)
        .enumerate()
        .filter(|(_, octets)| *octets == b"mes")
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty());
    for place in places {
        certificate[place + 1] = b'\n';
    }
    let (_, text) = of_bytes(&certificate, &[]);
    assert!(text.contains("CN=m\\ns"), "{text}");
}

#[test]
fn what_holds_no_certificate_is_named() {
    for (bytes, why) in [
        (&b""[..], "BEGIN CERTIFICATE"),
        (b"hello", "BEGIN CERTIFICATE"),
        (&[0x30, 0x82, 0xff, 0xff, 2, 1, 3, 0x30], "openssl pkcs12"),
        (&vec![b' '; 1024 * 1024 + 1], "larger than 1 MiB"),
    ] {
        let (code, text) = of_bytes(bytes, &[]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(why), "{text}");
    }
    let (code, text) = show(Path::new("/nowhere/l1.pem"), &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("/nowhere/l1.pem"), "{text}");
    let (code, text) = of_bytes(&[0x30, 0x80, 0xff], &[]);
    assert_eq!(code, Some(1), "octets that both refuse: {text}");
}

#[test]
fn the_manual_prints_what_the_command_prints() {
    let mut blocks = CHAPTER.split("$ nymi cert show l2.pem\n");
    let printed = blocks.nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(
        show(&enterprise("l2.pem"), &[]),
        (Some(0), printed.to_owned())
    );
}
