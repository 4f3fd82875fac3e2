//! NEA certificates from requests.

use nymi_core::UnixMillis;
use nymi_core::chain::GradeRequirement;
use nymi_core::chain::{self, Certificate, Requirements, Role, TrustAnchor, pem};
use nymi_core::crypto::RustCrypto;
use nymi_nes::Clock;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};

use crate::support::Nes;

fn csr() -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    CertificateParams::new(vec![])
        .unwrap()
        .serialize_request(&key)
        .unwrap()
        .pem()
        .unwrap()
}

fn request(nea_name: &str) -> Value {
    json!({"csr": csr(), "nea_name": nea_name})
}

fn der(chain: &Value) -> Vec<Vec<u8>> {
    let decode = |pem: &Value| chain_pem(pem.as_str().unwrap());
    chain.as_array().unwrap().iter().map(decode).collect()
}

fn chain_pem(text: &str) -> Vec<u8> {
    pem::decode(text, "CERTIFICATE").unwrap().remove(0)
}

/// Validates a chain against the server's L1 with a role.
fn valid(nes: &Nes, chain: &[Vec<u8>], role: Role, at: UnixMillis) -> bool {
    let l1 = TrustAnchor::from_pem(&nes.server.admin().l1_pem().unwrap()).unwrap();
    let presented: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let requirements = Requirements::new(GradeRequirement::Bronze).with_role(role);
    chain::verify(&RustCrypto, &[l1], &presented, at, &requirements).is_ok()
}

#[tokio::test]
async fn a_certificate_is_what_the_trust_rules_say() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let reply = bob
        .post("api/Certificates", &request("Records-1"))
        .await
        .ok();
    let chain = der(&reply["chain"]);
    let leaf = Certificate::from_der(&chain[0]).unwrap();
    let now = nes.clock.now();
    assert_eq!(leaf.subject_cn(), Some("Records-1"));
    assert_eq!(leaf.not_before(), now.saturating_add(-300_000));
    assert_eq!(leaf.not_after(), now.saturating_add(14 * 86_400_000));
    assert_eq!(reply["not_after"], json!(leaf.not_after()));
    assert!(valid(&nes, &chain, Role::Nea, now));
    assert!(
        !valid(&nes, &chain, Role::Nba, now),
        "nba is for enrollment terminals"
    );
    assert!(!valid(&nes, &chain, Role::NesAssertion, now));
    let rows = audit(&nes).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0],
        (
            reply["serial"].as_str().unwrap().to_owned(),
            "CORP".into(),
            "bob".into(),
            "127.0.0.1".into()
        )
    );
    let again = bob
        .post("api/Certificates", &request("Records-1"))
        .await
        .ok();
    assert_ne!(again["serial"], reply["serial"]);
}

async fn audit(nes: &Nes) -> Vec<(String, String, String, String)> {
    sqlx::query_as(
        r#"SELECT "SerialNumber", "RequesterDomain", "RequesterUserName", "RequesterIp" FROM "audit.Certificate""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_terminal_gets_both_roles() {
    let nes = Nes::start().await;
    let reply = nes
        .terminal()
        .await
        .post("api/Certificates", &request("Terminal-1"))
        .await
        .ok();
    let chain = der(&reply["chain"]);
    let now = nes.clock.now();
    assert!(valid(&nes, &chain, Role::Nea, now) && valid(&nes, &chain, Role::Nba, now));
}

#[tokio::test]
async fn a_name_belongs_to_one_account() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    bob.post("api/Certificates", &request("Records-1"))
        .await
        .ok();
    eve.post("api/Certificates", &request("records-1"))
        .await
        .refused(403, 2003);
    eve.post("api/Certificates", &request("Records-2"))
        .await
        .ok();
    assert_eq!(audit(&nes).await.len(), 2, "a refusal issues nothing");
}

#[tokio::test]
async fn bad_requests_are_named() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    for name in ["short", "1Records", "Rec ords", "Records-1-too-long-"] {
        bob.post("api/Certificates", &request(name))
            .await
            .refused(400, 1003);
    }
    let mut forged = pem::decode(&csr(), "CERTIFICATE REQUEST")
        .unwrap()
        .remove(0);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for bad in ["", "hello", &pem::encode("CERTIFICATE REQUEST", &forged)] {
        let body = json!({"csr": bad, "nea_name": "Records-1"});
        let refused = bob.post("api/Certificates", &body).await.refused(400, 1003);
        assert!(
            refused["Message"].as_str().unwrap().starts_with("csr: "),
            "{refused}"
        );
    }
    bob.post("api/Certificates", &json!({"nea_name": "Records-1"}))
        .await
        .refused(400, 1003);
    assert_eq!(audit(&nes).await, []);
}

#[tokio::test]
async fn server_leaves_are_replaced_in_time() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let first = bob.post("api/Enrollments", &json!({})).await.ok();
    let same = bob.post("api/Enrollments", &json!({})).await.ok();
    assert_eq!(first["chain"], same["chain"]);
    assert!(valid(
        &nes,
        &der(&first["chain"]),
        Role::NesAgreement,
        nes.clock.now()
    ));
    let nes = nes.restart().await;
    let bob = crate::support::Session {
        nes: &nes,
        bearer: bob_bearer(&nes).await,
    };
    let same = bob.post("api/Enrollments", &json!({})).await.ok();
    assert_eq!(first["chain"], same["chain"], "it survives a restart");
    nes.clock.advance(61 * 86_400_000);
    let bob = crate::support::Session {
        nes: &nes,
        bearer: bob_bearer(&nes).await,
    };
    let later = bob.post("api/Enrollments", &json!({})).await.ok();
    assert_ne!(first["chain"][0], later["chain"][0]);
    assert_eq!(first["chain"][1], later["chain"][1]);
    assert!(valid(
        &nes,
        &der(&later["chain"]),
        Role::NesAgreement,
        nes.clock.now()
    ));
}

async fn bob_bearer(nes: &Nes) -> String {
    let reply = nes.log_in("CORP\\bob", crate::support::PASSWORD).await.ok();
    format!("Bearer {}", reply["Token"].as_str().unwrap())
}
