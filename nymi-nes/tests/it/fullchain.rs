//! `fullchain.p12`, as the real `openssl` program writes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use nymi_core::chain::oid::{GRADE_BRONZE, GRADE_GOLD, Oid};
use nymi_nes::{Config, Grade, Server, ServerHandle, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use serde_json::json;

const PASSWORD: &str = "pässword of the file";

struct Files {
    folder: tempfile::TempDir,
}

/// What is in the file.
struct Contents {
    grade: Oid,
    expired_l1: bool,
    with_key: bool,
    with_l1: bool,
    /// L2 first, as openssl writes it for `-in l2`, or last.
    l1_first: bool,
    legacy: bool,
}

const GOOD: Contents = Contents {
    grade: GRADE_GOLD,
    expired_l1: false,
    with_key: true,
    with_l1: true,
    l1_first: false,
    legacy: false,
};

fn authority(name: &str, expired: bool, constraint: u8, policy: Option<Oid>) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example Ltd");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(constraint));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = if expired {
        date_time_ymd(2021, 1, 1)
    } else {
        date_time_ymd(2049, 1, 1)
    };
    if let Some(policy) = policy {
        let der = policy.to_der();
        let information = [&[0x30, der.len() as u8], der.as_slice()].concat();
        let policies = [&[0x30, information.len() as u8], information.as_slice()].concat();
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[2, 5, 29, 32], policies));
    }
    params
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

impl Files {
    /// Writes the file with openssl.
    fn p12(&self, contents: &Contents) -> Vec<u8> {
        let l1 = CertifiedIssuer::self_signed(
            authority("Example NES L1 CA", contents.expired_l1, 1, None),
            key(),
        )
        .unwrap();
        let l2_key = key();
        let l2 = authority("Example NES L2 CA", false, 0, Some(contents.grade))
            .signed_by(&l2_key, &l1)
            .unwrap();
        let (l1, l2) = (l1.pem(), l2.pem());
        let certificates = match (contents.with_l1, contents.l1_first) {
            (false, _) => l2,
            (true, true) => format!("{l1}{l2}"),
            (true, false) => format!("{l2}{l1}"),
        };
        let (certificates, key, out) = (
            self.write("certificates.pem", &certificates),
            self.write("key.pem", &l2_key.serialize_pem()),
            self.path("full.p12"),
        );
        let mut command = Command::new("openssl");
        command.args(["pkcs12", "-export", "-out"]).arg(&out);
        command
            .args(["-passout", &format!("pass:{PASSWORD}"), "-in"])
            .arg(&certificates);
        if contents.with_key {
            command.arg("-inkey").arg(&key);
        } else {
            command.arg("-nokeys");
        }
        if contents.legacy {
            command.arg("-legacy");
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::read(out).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

async fn server(folder: &Path, grade: Grade) -> ServerHandle {
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        grade,
        ..Config::new(folder.join("data"))
    };
    Server::start_with(config, std::sync::Arc::new(SystemClock))
        .await
        .unwrap()
}

#[tokio::test]
async fn both_encodings_and_both_orders_are_read() {
    for (legacy, l1_first) in [(false, false), (false, true), (true, false), (true, true)] {
        let files = Files {
            folder: tempfile::tempdir().unwrap(),
        };
        let p12 = files.p12(&Contents {
            legacy,
            l1_first,
            ..GOOD
        });
        let server = server(files.folder.path(), Grade::Gold).await;
        server
            .admin()
            .import_fullchain(&p12, PASSWORD)
            .await
            .unwrap();
        assert_eq!(server.admin().enterprise_name().as_deref(), Some("Example"));
        let l1 = std::fs::read_to_string(server.admin().l1_path()).unwrap();
        assert_eq!(Some(l1), server.admin().l1_pem());
    }
}

#[tokio::test]
async fn what_it_issues_verifies_with_openssl() {
    let files = Files {
        folder: tempfile::tempdir().unwrap(),
    };
    let p12 = files.p12(&GOOD);
    let server = server(files.folder.path(), Grade::Gold).await;
    server
        .admin()
        .import_fullchain(&p12, PASSWORD)
        .await
        .unwrap();
    server
        .admin()
        .create_user("CORP", "bob", "correct horse battery")
        .await
        .unwrap();
    let client = nymi_net::nes::NesClient::new(
        server.url(),
        nymi_net::http::HttpClient::new(&[]).unwrap(),
        nymi_net::nes::Credentials::Basic {
            user: "CORP\\bob".into(),
            password: String::from("correct horse battery").into(),
        },
    )
    .unwrap();
    let csr = CertificateParams::new(vec![])
        .unwrap()
        .serialize_request(&key())
        .unwrap()
        .pem()
        .unwrap();
    let issued = client.certificates(&csr, "Records-1").await.unwrap();
    let begun = client.begin_enrollment(&json!({})).await.unwrap();
    let l1 = files.write("l1.pem", &server.admin().l1_pem().unwrap());
    for (leaf, l2) in [
        (&issued.chain[0], &issued.chain[1]),
        (&begun.chain[0], &begun.chain[1]),
    ] {
        let (leaf, l2) = (files.write("leaf.pem", leaf), files.write("l2.pem", l2));
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-CAfile"])
            .arg(&l1)
            .arg("-untrusted")
            .args([&l2, &leaf])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named() {
    for (contents, grade, password, named) in [
        (GOOD, Grade::Gold, "another", "the password does not open"),
        (
            Contents {
                legacy: true,
                ..GOOD
            },
            Grade::Gold,
            "another",
            "the password does not open",
        ),
        (
            Contents {
                with_key: false,
                ..GOOD
            },
            Grade::Gold,
            PASSWORD,
            "no P-256 private key",
        ),
        (
            Contents {
                with_l1: false,
                ..GOOD
            },
            Grade::Gold,
            PASSWORD,
            "the file holds no L1",
        ),
        (
            Contents {
                expired_l1: true,
                ..GOOD
            },
            Grade::Gold,
            PASSWORD,
            "nsl_verify_nea_cert_chain, 29",
        ),
        (
            GOOD,
            Grade::Bronze,
            PASSWORD,
            "nsl_verify_nea_cert_chain, 14",
        ),
        (
            Contents {
                grade: GRADE_BRONZE,
                ..GOOD
            },
            Grade::Gold,
            PASSWORD,
            "nsl_verify_nea_cert_chain, 14",
        ),
    ] {
        let files = Files {
            folder: tempfile::tempdir().unwrap(),
        };
        let p12 = files.p12(&contents);
        let server = server(files.folder.path(), grade).await;
        let error = server
            .admin()
            .import_fullchain(&p12, password)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{named}: {error}");
        assert_eq!(server.admin().l1_pem(), None, "nothing was taken over");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), Grade::Gold).await;
    for bad in [&b""[..], b"hello", &[0x30; 4096]] {
        let error = server
            .admin()
            .import_fullchain(bad, PASSWORD)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("not a PKCS#12 file"), "{error}");
    }
}

#[tokio::test]
async fn an_import_replaces_the_enterprise() {
    let files = Files {
        folder: tempfile::tempdir().unwrap(),
    };
    let server = server(files.folder.path(), Grade::Bronze).await;
    server
        .admin()
        .create_evaluation_enterprise("Trial")
        .await
        .unwrap();
    server
        .admin()
        .create_evaluation_enterprise("Trial")
        .await
        .unwrap_err();
    let bronze = files.p12(&Contents {
        grade: GRADE_BRONZE,
        ..GOOD
    });
    server
        .admin()
        .import_fullchain(&bronze, PASSWORD)
        .await
        .unwrap();
    assert_eq!(server.admin().enterprise_name().as_deref(), Some("Example"));
}
