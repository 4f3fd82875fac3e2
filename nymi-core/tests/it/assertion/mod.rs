//! Assertions: what they carry, each reason to refuse one, and that nothing slips through.

mod checks;
mod claims;
mod countersignature;
mod form;
mod header;
mod pki;
mod properties;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use nymi_core::UnixMillis;
use nymi_core::assertion::{
    AssertionError, Check, Claims, ClaimsError, CounterClaims, Expectations, IssueError, MAX_TOKEN,
    Method, Part, Sha256Hex, VerifiedAssertion, issue, issue_counter, verify, verify_counter,
};
use nymi_core::chain::oid::{GRADE_BRONZE, GRADE_GOLD};
use nymi_core::chain::{GradeRequirement, Role};
use nymi_core::crypto::{PrivateKey, RustCrypto};
use serde_json::{Value, json};

use pki::{DOCUMENT, Enterprise, NES, NOW_S, log_in, now, signature};

const AUDIENCE: &str = "https://mes.example.com";

fn expect(check: Check<'_>) -> Expectations<'_> {
    Expectations::new(check).with_grade(GradeRequirement::Bronze)
}

fn at(now: UnixMillis) -> Check<'static> {
    Check::LogIn {
        now,
        audience: AUDIENCE,
        nonce: Some("n-1"),
    }
}

fn record() -> Check<'static> {
    Check::Record {
        document_sha256: DOCUMENT,
    }
}

fn check(
    enterprise: &Enterprise,
    token: &str,
    check: Check<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    verify(&RustCrypto, &enterprise.anchors(), token, &expect(check))
}

/// A token of any header and claims, rightly signed.
fn sealed(enterprise: &Enterprise, header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = enterprise.signer.key.sign_fixed(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn header(enterprise: &Enterprise) -> Value {
    let x5c = [&enterprise.signer.der, &enterprise.l2_der].map(|der| BASE64_STANDARD.encode(der));
    json!({"alg": "ES256", "typ": "nymi-assertion+jwt", "x5c": x5c})
}

/// The outcome of a signature check of a token with this header and these claims.
fn read(enterprise: &Enterprise, header: &str, claims: &str) -> Result<(), AssertionError> {
    check(
        enterprise,
        &sealed(enterprise, header, claims),
        Check::Signature,
    )
    .map(|_| ())
}

fn text(claims: &Claims) -> String {
    serde_json::to_string(claims).unwrap()
}

#[test]
fn what_was_issued_verifies_and_says_the_same() {
    let enterprise = Enterprise::new();
    for claims in [log_in(), signature()] {
        let token = enterprise.token(&claims);
        let verified = check(&enterprise, &token, Check::Signature).unwrap();
        assert_eq!(*verified.claims(), claims);
        assert_eq!(verified.chain().leaf().der(), enterprise.signer.der);
        assert_eq!(verified.token_sha256(), Sha256Hex::of(token.as_bytes()));
        assert_eq!(verified.issued_at(), now());
    }
    let log_in = enterprise.token(&log_in());
    assert!(check(&enterprise, &log_in, at(now())).is_ok());
    assert!(check(&enterprise, &enterprise.token(&signature()), record()).is_ok());
}

#[test]
fn the_text_is_the_manuals() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&signature());
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], header(&enterprise));
    let expected = json!({
        "iss": NES, "aud": AUDIENCE, "azp": AUDIENCE, "sub": "3f0c", "Username": "mdoe",
        "Domain": "ACME", "NymiBandID": "DD:34:A2:0F:0B:0D", "agent": "agent-1",
        "endpoint": "terminal-7", "method": "nfc+ble", "intent": true, "intent_id": "tap-9",
        "intent_at": "2026-05-13T08:29:58.500Z", "counter": 4711,
        "verified_at": "2026-05-13T08:30:00.000Z", "iat": NOW_S, "exp": NOW_S + 60,
        "jti": "7c1e", "document_sha256": "d0".repeat(32), "meaning": "approved",
    });
    assert_eq!(parts[1], expected);
    // Absent, not null.
    let bare = Claims {
        nonce: None,
        ..log_in()
    };
    assert!(!text(&bare).contains("null") && !text(&bare).contains("meaning"));
}

#[test]
fn refusals_have_numbers_of_their_own_and_say_what_to_do() {
    let some = [
        AssertionError::TooLarge { found: 1 },
        AssertionError::Parts { found: 1 },
        AssertionError::Base64 { part: Part::Header },
        AssertionError::Json {
            part: Part::Claims,
            detail: "x".into(),
        },
        AssertionError::HeaderMember { name: "jwk".into() },
        AssertionError::HeaderMissing { name: "alg" },
        AssertionError::Algorithm {
            found: "none".into(),
        },
        AssertionError::Type {
            found: "JWT".into(),
            expected: "x",
        },
        AssertionError::X5cCount { found: 3 },
        AssertionError::X5cBase64 { index: 0 },
        AssertionError::Claims(ClaimsError::Lifetime),
    ];
    for (error, number) in some.iter().zip(1..) {
        assert_eq!(error.number(), number);
        assert!(error.to_string().len() > 30, "{error}");
    }
    assert_eq!(AssertionError::Signature.number(), 13);
    assert_eq!(AssertionError::Nonce.number(), 16);
    assert_eq!(AssertionError::NoDocument.number(), 19);
    assert_eq!(AssertionError::X5cPath.number(), 24);
}
