//! A full chain L1, L2, leaf against rustls-webpki with ring, and a leaf under a kept issuer. All of
//! them read the same octets anew each time; the anchor is prepared once, as a server has it.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nymi_core::chain::oid::Oid;
use nymi_core::chain::{Grade, Role, TrustAnchor, VerifiedIssuer, verify};
use nymi_core::crypto::{PrivateKey, PublicKey, RustCrypto, SecretKey, SignatureVerifier};
use nymi_crypto_ring::RingVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ECDSA_P256_SHA256};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/chain_writer.rs"]
mod chain_writer;

mod in_turn;

use chain_writer::{NOW, Trio, key, requirements};
use in_turn::work;

/// The certificates, and what a server prepares once.
struct Pki {
    presented: Vec<Vec<u8>>,
    anchors: [TrustAnchor; 1],
    issuer: VerifiedIssuer,
    root: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    signer: SecretKey,
    signature: [u8; 64],
}

const MESSAGE: [u8; 300] = [7; 300];

impl Pki {
    fn new() -> Self {
        let trio = Trio::new();
        let presented = trio.presented();
        let anchor = trio.l1.anchor();
        let signer = key(2);
        Self {
            issuer: trio.check().expect("a sound chain").into_issuer(),
            root: CertificateDer::from(anchor.der().to_vec()),
            anchors: [anchor],
            intermediates: vec![CertificateDer::from(presented[1].clone())],
            presented,
            signature: signer.sign_fixed(&MESSAGE),
            signer,
        }
    }

    fn chain(&self, provider: &dyn SignatureVerifier) -> bool {
        let presented = [self.presented[0].as_slice(), &self.presented[1]];
        let requirements = requirements();
        verify(
            provider,
            &self.anchors,
            black_box(&presented),
            NOW,
            &requirements,
        )
        .is_ok()
    }

    fn leaf(&self, provider: &dyn SignatureVerifier) -> bool {
        let leaf = black_box(&self.presented[0]);
        self.issuer
            .verify_leaf(provider, leaf, NOW, &requirements())
            .is_ok()
    }

    fn signature(&self, provider: &dyn SignatureVerifier, public: &PublicKey) -> bool {
        provider
            .verify_fixed(black_box(public), &MESSAGE, &self.signature)
            .is_ok()
    }

    fn by_webpki<'a>(&'a self, anchors: &'a [rustls_pki_types::TrustAnchor<'a>]) -> bool {
        let leaf = CertificateDer::from(black_box(self.presented[0].as_slice()));
        let time = UnixTime::since_unix_epoch(Duration::from_millis(NOW.0 as u64));
        EndEntityCert::try_from(&leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(
                &[ECDSA_P256_SHA256],
                anchors,
                &self.intermediates,
                time,
                KeyUsage::client_auth(),
                None,
                None,
            )
            .is_ok()
        })
    }
}

/// What a log-in or a log record needs beside trust, and webpki does not tell: whose certificate it is,
/// in which role, under which grade.
fn read_by_x509_parser(leaf: &[u8], issuer: &[u8]) -> bool {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf) else {
        return false;
    };
    let Ok((_, issuer)) = X509Certificate::from_der(issuer) else {
        return false;
    };
    let has_role = leaf.extended_key_usage().is_ok_and(|usage| {
        usage.is_some_and(|usage| usage.value.other.iter().any(|id| is(id, Role::Nea.oid())))
    });
    let has_grade = issuer.extensions().iter().any(|extension| {
        matches!(extension.parsed_extension(), ParsedExtension::CertificatePolicies(policies)
            if policies.iter().any(|policy| is(&policy.policy_id, Grade::Bronze.oid())))
    });
    let name = leaf.subject().iter_common_name().next();
    name.is_some_and(|name| name.as_str().is_ok()) && has_role && has_grade
}

fn is(found: &x509_parser::asn1_rs::Oid<'_>, expected: Oid) -> bool {
    found.as_bytes() == expected.content()
}

fn benches(c: &mut Criterion) {
    let pki = Pki::new();
    let anchors = [anchor_from_trusted_cert(&pki.root).expect("a sound anchor")];
    let public = pki.signer.public_key();
    // Two groups: beside work of other code each call would find cold caches, and none of these does in a
    // program that verifies one chain after the other.
    let by_ring = [
        work("L1, L2, leaf by rustls-webpki with ring", || {
            pki.by_webpki(&anchors)
        }),
        work("the same, then x509-parser for role, grade, name", || {
            pki.by_webpki(&anchors) && read_by_x509_parser(&pki.presented[0], &pki.presented[1])
        }),
        work("L1, L2, leaf with ring", || pki.chain(&RingVerifier)),
        work("leaf under a kept issuer with ring", || {
            pki.leaf(&RingVerifier)
        }),
        work("one signature with ring", || {
            pki.signature(&RingVerifier, &public)
        }),
    ];
    let by_rust = [
        work("L1, L2, leaf with RustCrypto", || pki.chain(&RustCrypto)),
        work("leaf under a kept issuer with RustCrypto", || {
            pki.leaf(&RustCrypto)
        }),
        work("one signature with RustCrypto", || {
            pki.signature(&RustCrypto, &public)
        }),
    ];
    let mut group = c.benchmark_group("chain");
    for work in by_ring.iter().chain(&by_rust) {
        group.bench_function(work.name, |b| b.iter(|| (work.call)()));
    }
    group.finish();
    in_turn::compare(&by_ring, 10_000, 1);
    in_turn::compare(&by_rust, 2_000, 1);
}

criterion_group!(chain, benches);
criterion_main!(chain);
