use alloc::string::String;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;

use super::claims::{Claims, ClaimsError, CounterClaims, Sha256Hex};
use super::{Kind, MAX_TOKEN};
use crate::crypto::PrivateKey;

/// An assertion that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The claims do not fit together.
    #[error("the assertion cannot be made: {0}")]
    Claims(#[from] ClaimsError),
    /// No verifier would read it.
    #[error(
        "the assertion would have {found} bytes, more than the {MAX_TOKEN} that verifiers read; shorten its texts"
    )]
    TooLarge {
        /// Bytes it would have.
        found: usize,
    },
}

/// The members in the order of the Trust manual.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    x5c: [String; 2],
}

/// A countersignature's claims as they are written.
#[derive(Serialize)]
struct WithCountersigned<'a> {
    #[serde(flatten)]
    claims: &'a Claims,
    countersigns: &'a Sha256Hex,
}

/// Makes an assertion, signed by the key of `leaf_der`, a certificate with role nes-assertion that
/// `l2_der` issued. JWS compact serialisation (RFC 7515, 7.1) with ES256 (RFC 7518, 3.4).
///
/// That key and certificates belong together is the caller's to know: a verifier would refuse the token.
///
/// # Errors
/// The claims do not fit together, or no verifier would read so long a token.
///
/// ```
/// # macro_rules! example {
/// #     ($name:literal) => {
/// #         include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/enterprise/", $name))
/// #     };
/// # }
/// use nymi_core::assertion::{Check, Claims, Expectations, issue, verify};
/// use nymi_core::chain::{Certificate, TrustAnchor};
/// use nymi_core::crypto::{RustCrypto, SecretKey};
/// use nymi_core::UnixMillis;
///
/// let claims: Claims = serde_json::from_str(r#"{
///     "iss": "https://nes.example.com/nes", "aud": "mes", "azp": "mes", "sub": "3f0c",
///     "Username": "mdoe", "Domain": "ACME", "NymiBandID": "C0:01:02:03:04:05",
///     "agent": "agent-1", "endpoint": "terminal-7", "method": "ble", "intent": false,
///     "counter": 60, "verified_at": "2026-05-13T08:30:00.000Z",
///     "iat": 1778661000, "exp": 1778661060, "jti": "7c1e", "nonce": "n-1"
/// }"#)?;
/// let (leaf, l2) = (example!("assertions.pem"), example!("l2.pem"));
/// let (leaf, l2) = (Certificate::from_pem(leaf)?, Certificate::from_pem(l2)?);
/// let key = SecretKey::from_scalar(&[5; 32]).unwrap();
/// let token = issue(&key, leaf.der(), l2.der(), &claims)?;
///
/// let l1 = [TrustAnchor::from_pem(example!("l1.pem"))?];
/// let now = UnixMillis::from_secs(claims.iat);
/// let log_in = Check::LogIn { now, audience: "mes", nonce: Some("n-1") };
/// let verified = verify(&RustCrypto, &l1, &token, &Expectations::new(log_in))?;
/// assert_eq!(verified.claims(), &claims);
///
/// // It signs no document, so that it is no record of one.
/// let record = Check::Record { document_sha256: [0; 32] };
/// assert_eq!(verify(&RustCrypto, &l1, &token, &Expectations::new(record)).unwrap_err().number(), 19);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn issue(
    key: &dyn PrivateKey,
    leaf_der: &[u8],
    l2_der: &[u8],
    claims: &Claims,
) -> Result<String, IssueError> {
    claims.check()?;
    seal(key, Kind::Assertion, [leaf_der, l2_der], claims)
}

/// Makes a countersignature: `claims` are of the second person, over the same document, and
/// `countersigns` is SHA-256 of the first JWS. That the two people differ is checked by
/// [`verify_counter`](super::verify_counter): the first token is not at hand here.
///
/// # Errors
/// The claims do not fit together, sign no document, or no verifier would read so long a token.
pub fn issue_counter(
    key: &dyn PrivateKey,
    leaf_der: &[u8],
    l2_der: &[u8],
    counter: &CounterClaims,
) -> Result<String, IssueError> {
    let CounterClaims {
        claims,
        countersigns,
    } = counter;
    claims.check()?;
    if claims.document_sha256.is_none() {
        return Err(ClaimsError::Document.into());
    }
    let claims = WithCountersigned {
        claims,
        countersigns,
    };
    seal(key, Kind::Countersignature, [leaf_der, l2_der], &claims)
}

fn seal(
    key: &dyn PrivateKey,
    kind: Kind,
    chain: [&[u8]; 2],
    claims: &impl Serialize,
) -> Result<String, IssueError> {
    let x5c = chain.map(|der| BASE64_STANDARD.encode(der));
    let header = Header {
        alg: "ES256",
        typ: kind.typ(),
        x5c,
    };
    let mut token = encode(&header);
    token.push('.');
    token.push_str(&encode(claims));
    let signature = key.sign_fixed(token.as_bytes());
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    if token.len() > MAX_TOKEN {
        return Err(IssueError::TooLarge { found: token.len() });
    }
    Ok(token)
}

/// The JSON in base64url. Texts, numbers and flags always serialise.
fn encode(value: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_string(value).unwrap_or_default())
}
