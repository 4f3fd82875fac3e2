//! Tokens of any text: none that the seeds' L1 did not vouch for verifies. With every signature
//! taken for good, what verifies still fits together. A second line is a countersignature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nymi_core::UnixMillis;
use nymi_core::assertion::{self, Check, Claims, Expectations, VerifiedAssertion};
use nymi_core::chain::{GradeRequirement, Role, TrustAnchor};
use nymi_core::crypto::SignatureVerifier;
use nymi_crypto_ring::RingVerifier;
use nymi_fuzz::toy::AcceptAll;

const L1: &[u8] = include_bytes!("../seeds/certificate/l1.der");
const GENUINE: &str = include_str!("../seeds/assertion/token");
const BOTH: &str = include_str!("../seeds/assertion/countersigned");

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::from_der(L1).expect("the seed is an L1"));

fn expect(check: Check<'_>) -> Expectations<'_> {
    Expectations::new(check).with_grade(GradeRequirement::Any)
}

fn verified(
    provider: &dyn SignatureVerifier,
    token: &str,
    check: Check<'_>,
) -> Option<VerifiedAssertion> {
    let anchors = std::slice::from_ref(&*ANCHOR);
    assertion::verify(provider, anchors, token, &expect(check)).ok()
}

/// Whether the second line countersigns the first.
fn countersigned(
    provider: &dyn SignatureVerifier,
    first: &VerifiedAssertion,
    second: &str,
) -> bool {
    let anchors = std::slice::from_ref(&*ANCHOR);
    let found =
        assertion::verify_counter(provider, anchors, second, first, &expect(Check::Signature));
    if let Ok(counter) = &found {
        let (one, other) = (first.claims(), counter.claims());
        assert_ne!(one.sub, other.sub, "two people");
        let name = |of: &Claims| (of.domain.to_lowercase(), of.username.to_lowercase());
        assert_ne!(name(one), name(other), "two people");
        assert!(one.document_sha256.is_some() && one.document_sha256 == other.document_sha256);
    }
    found.is_ok()
}

/// What the signature is over.
fn signed(token: &str) -> Option<&str> {
    token.rsplit_once('.').map(|(signed, _)| signed)
}

fuzz_target!(
    init: {
        assert!(verified(&RingVerifier, GENUINE, Check::Signature).is_some(), "the seed verifies");
        let (first, second) = BOTH.split_once('\n').expect("two lines");
        let first = verified(&RingVerifier, first, Check::Signature).expect("the first verifies");
        assert!(countersigned(&RingVerifier, &first, second), "the second verifies");
    },
    |text: &str| {
        let (token, second) = text.split_once('\n').unwrap_or((text, ""));
        if let Some(assertion) = verified(&RingVerifier, token, Check::Signature) {
            assert_eq!(signed(token), signed(GENUINE));
            assert!(assertion.claims().check().is_ok());
            if countersigned(&RingVerifier, &assertion, second) {
                assert_eq!(signed(second), BOTH.split_once('\n').and_then(|(_, second)| signed(second)));
            }
        }
        let Some(trusted) = verified(&AcceptAll, token, Check::Signature) else { return };
        let claims = trusted.claims();
        assert!(claims.check().is_ok() && trusted.chain().leaf().has_role(Role::NesAssertion));
        assert!(trusted.chain().leaf().is_valid_at(trusted.issued_at()));
        // A log-in demands more than a signature does.
        let now = UnixMillis::from_secs(claims.iat);
        let (audience, nonce) = (claims.aud.as_str(), claims.nonce.as_deref());
        let log_in = |now| verified(&AcceptAll, token, Check::LogIn { now, audience, nonce }).is_some();
        assert!(log_in(now), "made just now, for this audience");
        assert!(!log_in(now.saturating_add(600_000)), "ten minutes later it has expired");
        if let Some(document) = &claims.document_sha256 {
            let check = Check::Record { document_sha256: *document.as_bytes() };
            assert!(verified(&AcceptAll, token, check).is_some());
        }
        let other = Check::Record { document_sha256: [0xa5; 32] };
        assert!(verified(&AcceptAll, token, other).is_none_or(|found| {
            found.claims().document_sha256.is_some_and(|of| *of.as_bytes() == [0xa5; 32])
        }));
        let _ = countersigned(&AcceptAll, &trusted, second);
    }
);
