//! A full chain L1, L2, leaf against rustls-webpki with ring, and a leaf under a kept issuer. All of
//! them read the same octets anew each time; the anchor is prepared once, as a server has it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nymi_core::chain::verify;
use nymi_core::crypto::{PrivateKey, RustCrypto, SignatureVerifier};
use nymi_crypto_ring::RingVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ECDSA_P256_SHA256};

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/chain_writer.rs"]
mod chain_writer;

use chain_writer::{NOW, Trio, key, requirements};

fn by_us(c: &mut Criterion, name: &str, provider: &dyn SignatureVerifier) {
    let trio = Trio::new();
    let presented = trio.presented();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let anchors = [trio.l1.anchor()];
    let requirements = requirements();
    let check = || {
        verify(
            provider,
            &anchors,
            black_box(&presented),
            NOW,
            &requirements,
        )
    };
    let issuer = check().expect("a sound chain").into_issuer();

    let mut group = c.benchmark_group("chain");
    group.bench_function(format!("L1, L2, leaf with {name}"), |b| {
        b.iter(|| check().is_ok())
    });
    group.bench_function(format!("leaf under a kept issuer with {name}"), |b| {
        b.iter(|| {
            issuer
                .verify_leaf(provider, black_box(presented[0]), NOW, &requirements)
                .is_ok()
        });
    });
    let signer = key(2);
    let (message, public) = ([7; 300], signer.public_key());
    let signature = signer.sign_fixed(&message);
    let one = || provider.verify_fixed(black_box(&public), &message, &signature);
    one().expect("a sound signature");
    group.bench_function(format!("one signature with {name}"), |b| {
        b.iter(|| one().is_ok());
    });
    group.finish();
}

fn by_webpki(c: &mut Criterion) {
    let trio = Trio::new();
    let presented: Vec<CertificateDer<'_>> = trio
        .presented()
        .into_iter()
        .map(CertificateDer::from)
        .collect();
    let root = CertificateDer::from(trio.l1.anchor().der().to_vec());
    let anchors = [anchor_from_trusted_cert(&root).expect("a sound anchor")];
    let time = UnixTime::since_unix_epoch(Duration::from_millis(NOW.0 as u64));
    let check = || {
        EndEntityCert::try_from(black_box(&presented[0]))?
            .verify_for_usage(
                &[ECDSA_P256_SHA256],
                &anchors,
                &presented[1..],
                time,
                KeyUsage::client_auth(),
                None,
                None,
            )
            .map(drop)
    };
    check().expect("a sound chain");
    c.benchmark_group("chain")
        .bench_function("L1, L2, leaf by rustls-webpki with ring", |b| {
            b.iter(|| check().is_ok())
        });
}

fn benches(c: &mut Criterion) {
    by_webpki(c);
    by_us(c, "ring", &RingVerifier);
    by_us(c, "RustCrypto", &RustCrypto);
}

criterion_group!(chain, benches);
criterion_main!(chain);
