//! A validated issuer that is kept: one signature for each further leaf, everything else anew.

use std::sync::atomic::{AtomicUsize, Ordering};

use nymi_core::UnixMillis;
use nymi_core::chain::{VerifiedIssuer, oid, verify};
use nymi_core::crypto::{BadSignature, PublicKey, RustCrypto, SignatureVerifier};

use crate::chain_revocation::List;
use crate::chain_writer::*;

/// Counts the signatures that are verified.
#[derive(Default)]
pub(crate) struct Counting(AtomicUsize);

impl Counting {
    pub(crate) fn taken(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl SignatureVerifier for Counting {
    fn verify_der(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        RustCrypto.verify_der(key, message, signature)
    }

    fn verify_fixed(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Err(BadSignature)
    }
}

fn keep(trio: &Trio, provider: &Counting) -> VerifiedIssuer {
    let presented = trio.presented();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let chain = verify(
        provider,
        &[trio.l1.anchor()],
        &presented,
        NOW,
        &requirements(),
    )
    .unwrap();
    assert_eq!(provider.taken(), 2);
    chain.into_issuer()
}

#[test]
fn further_leaves_cost_one_signature() {
    let (mut trio, provider) = (Trio::new(), Counting::default());
    let issuer = keep(&trio, &provider);
    assert_eq!(issuer.certificate().subject_cn(), Some("Acme NES L2 CA"));
    for name in ["second", "third"] {
        trio.leaf.subject = cn(name);
        let leaf = trio.leaf.signed_by(&trio.l2);
        let chain = issuer
            .verify_leaf(&provider, &leaf, NOW, &requirements())
            .unwrap();
        assert_eq!(provider.taken(), 1);
        assert_eq!(chain.leaf().subject_cn(), Some(name));
        assert_eq!(chain.path().len(), 3);
    }
}

#[test]
fn every_rule_is_checked_anew() {
    let (trio, provider) = (Trio::new(), Counting::default());
    let issuer = keep(&trio, &provider);
    let with = |leaf: &Cert, at| {
        fault(issuer.verify_leaf(&provider, &leaf.signed_by(&trio.l2), at, &requirements()))
    };
    assert_eq!(with(&trio.leaf, NOW), None);
    let later = UnixMillis(NOW.0 + 86_400_000 * 365);
    assert_eq!(
        with(&trio.leaf, later),
        Some((29, Some(2))),
        "L1 has expired in the meantime"
    );
    let mut expired = trio.leaf.clone();
    expired.not_after = utc("260513082959Z");
    assert_eq!(with(&expired, NOW), Some((29, Some(0))));
    let agent = trio
        .leaf
        .clone()
        .with(KEY_PURPOSES, false, &ids(&[oid::ROLE_AGENT]));
    assert_eq!(with(&agent, NOW), Some((114, Some(0))));
    let mut stranger = trio.leaf.clone();
    stranger.issuer = cn("Other");
    assert_eq!(with(&stranger, NOW), Some((105, Some(0))));
    let foreign = trio.leaf.sign(&key(99));
    let result = issuer.verify_leaf(&provider, &foreign, NOW, &requirements());
    assert_eq!(fault(result), Some((106, Some(0))));
    let result = issuer.verify_leaf(&provider, &[1, 2, 3], NOW, &requirements());
    assert_eq!(fault(result), Some((101, Some(0))));
}

#[test]
fn revocation_is_checked_anew_and_remembered_lists_cost_nothing() {
    let (mut trio, provider) = (Trio::new(), Counting::default());
    let mut issuer = keep(&trio, &provider);
    let crls = [List::new(&trio.l2).revoke(&[0x22], 1).crl(&trio.l2)];
    let requirements = requirements().with_crls(&crls);
    let leaf = trio.leaf.signed_by(&trio.l2);
    assert!(
        issuer
            .verify_leaf(&provider, &leaf, NOW, &requirements)
            .is_ok()
    );
    assert_eq!(provider.taken(), 2, "the leaf and the list");
    issuer.remember_crls(&provider, &crls);
    provider.taken();
    assert!(
        issuer
            .verify_leaf(&provider, &leaf, NOW, &requirements)
            .is_ok()
    );
    assert_eq!(provider.taken(), 1);
    trio.leaf.serial = vec![0x22];
    let revoked = trio.leaf.signed_by(&trio.l2);
    let result = issuer.verify_leaf(&provider, &revoked, NOW, &requirements);
    assert_eq!(fault(result), Some((124, Some(0))));
    // A list that another key signed is not remembered.
    let forged = [List::new(&trio.l2).crl(&Cert::ca("Acme NES L2 CA", 66, &[], None))];
    issuer.remember_crls(&provider, &forged);
    let requirements = requirements.with_crls(&forged);
    let result = issuer.verify_leaf(&provider, &leaf, NOW, &requirements);
    assert_eq!(fault(result), Some((127, Some(0))));
}

#[test]
fn a_remembered_list_vouches_for_no_other() {
    let (trio, provider) = (Trio::new(), Counting::default());
    let mut issuer = keep(&trio, &provider);
    issuer.remember_crls(&provider, &[List::new(&trio.l2).crl(&trio.l2)]);
    let forger = Cert::ca("Acme NES L2 CA", 66, &[], None);
    let forged = [List::new(&trio.l2).crl(&forger)];
    let requirements = requirements().with_crls(&forged);
    let leaf = trio.leaf.signed_by(&trio.l2);
    let result = issuer.verify_leaf(&provider, &leaf, NOW, &requirements);
    assert_eq!(fault(result), Some((127, Some(0))));
}
