use alloc::format;

use serde::Deserialize;

use super::claims::{Claims, Sha256Hex, spelled};
use super::error::AssertionError;
use super::token::Token;
use super::{CounterClaims, Kind};
use crate::UnixMillis;
use crate::chain::{self, Crl, GradeRequirement, Requirements, Role, TrustAnchor, VerifiedChain};
use crate::crypto::SignatureVerifier;

/// How far the clocks of NES and a verifier may differ unless the verifier says otherwise: 10 s.
pub const DEFAULT_CLOCK_SKEW_MS: u32 = 10_000;

/// What the assertion is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check<'a> {
    /// Someone logs in now: made just now, for this audience, in answer to this nonce.
    LogIn {
        /// The verifier's time.
        now: UnixMillis,
        /// The verifier's own name.
        audience: &'a str,
        /// What the verifier sent; a token with another nonce, with one where none was sent, or
        /// without one where one was, is refused.
        nonce: Option<&'a str>,
    },
    /// A record was signed, maybe long ago: over this document. `exp` is ignored.
    Record {
        /// SHA-256 of the document at hand.
        document_sha256: [u8; 32],
    },
    /// Who and when only; what the signature is about is left to the caller.
    Signature,
}

/// What a verifier demands besides a good signature under its L1.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The grade of L2.
    pub grade: GradeRequirement,
    /// The URL of the NES that the verifier trusts; none takes any under L1.
    pub issuer: Option<&'a str>,
    /// What the assertion is wanted for.
    pub check: Check<'a>,
    /// How far the clocks may differ; it widens `exp` and `iat` of a log-in, nothing else.
    pub max_clock_skew_ms: u32,
    /// A moment at which the certificates must be valid and the token issued, beside `iat`: the
    /// question "would this have been accepted then?". None asks for `iat` alone.
    pub at: Option<UnixMillis>,
    /// Revocation lists; may be empty.
    pub crls: &'a [Crl],
}

impl<'a> Expectations<'a> {
    /// Gold, any issuer under L1, the default clock skew.
    pub const fn new(check: Check<'a>) -> Self {
        Self {
            grade: GradeRequirement::Gold,
            issuer: None,
            check,
            max_clock_skew_ms: DEFAULT_CLOCK_SKEW_MS,
            at: None,
            crls: &[],
        }
    }

    /// The same, with this grade.
    #[must_use]
    pub const fn with_grade(self, grade: GradeRequirement) -> Self {
        Self { grade, ..self }
    }

    /// The same, from this NES only.
    #[must_use]
    pub const fn with_issuer(self, issuer: &'a str) -> Self {
        Self {
            issuer: Some(issuer),
            ..self
        }
    }
}

/// An assertion that passed [`verify`]; there is no other way to make one.
#[derive(Clone, Debug)]
pub struct VerifiedAssertion {
    claims: Claims,
    chain: VerifiedChain,
    token_sha256: Sha256Hex,
}

impl VerifiedAssertion {
    /// What it says.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The certificates that vouch for it.
    pub const fn chain(&self) -> &VerifiedChain {
        &self.chain
    }

    /// SHA-256 of the token: what a countersignature names.
    pub const fn token_sha256(&self) -> Sha256Hex {
        self.token_sha256
    }

    /// When it was made.
    pub const fn issued_at(&self) -> UnixMillis {
        UnixMillis::from_secs(self.claims.iat)
    }
}

/// A countersignature that passed [`verify_counter`].
///
/// It is no [`VerifiedAssertion`], so that nothing can be countersigned in its turn: two people sign a
/// document, and A, B and A again are two.
#[derive(Clone, Debug)]
pub struct VerifiedCounter(VerifiedAssertion);

impl VerifiedCounter {
    /// What the second person's token says.
    pub const fn claims(&self) -> &Claims {
        self.0.claims()
    }

    /// The certificates that vouch for it.
    pub const fn chain(&self) -> &VerifiedChain {
        self.0.chain()
    }

    /// SHA-256 of the token.
    pub const fn token_sha256(&self) -> Sha256Hex {
        self.0.token_sha256()
    }

    /// When it was made.
    pub const fn issued_at(&self) -> UnixMillis {
        self.0.issued_at()
    }
}

/// Verifies an assertion against the pinned L1 alone.
///
/// In this order: the token's form, its claims, the chain at `iat`, the signature, the moment
/// [`at`](Expectations::at) if one is given, and what [`Check`] and issuer demand.
///
/// # Errors
/// The first of these that fails; the table is in the chapter [Assertions](crate::manual::assertions).
pub fn verify(
    provider: &dyn SignatureVerifier,
    anchors: &[TrustAnchor],
    token: &str,
    expect: &Expectations<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    let parsed = Token::parse(token, Kind::Assertion)?;
    let claims = parsed.claims()?;
    authenticate(provider, anchors, token, &parsed, claims, expect)
}

/// Verifies the countersignature of a second person over the document of `first`.
///
/// `sub` is unique within its `iss` alone (RFC 7519, 4.1.2), and one person may have accounts with two
/// servers under one L1. So they are the same user if `sub` is the same, whoever issued it, and also if
/// Domain and Username are, where case does not matter.
///
/// # Errors
/// As of [`verify`]; also another document or first token, the same user, or an earlier `iat`.
pub fn verify_counter(
    provider: &dyn SignatureVerifier,
    anchors: &[TrustAnchor],
    token: &str,
    first: &VerifiedAssertion,
    expect: &Expectations<'_>,
) -> Result<VerifiedCounter, AssertionError> {
    let parsed = Token::parse(token, Kind::Countersignature)?;
    let Countersigns { countersigns } = parsed.claims()?;
    let claims = parsed.claims()?;
    let second = authenticate(provider, anchors, token, &parsed, claims, expect)?;
    let counter = CounterClaims {
        claims: second.claims.clone(),
        countersigns,
    };
    belongs_to(&counter, first)?;
    Ok(VerifiedCounter(second))
}

#[derive(Deserialize)]
struct Countersigns {
    #[serde(deserialize_with = "spelled")]
    countersigns: Sha256Hex,
}

/// Certificates, signature, then what the verifier expects of the claims.
fn authenticate(
    provider: &dyn SignatureVerifier,
    anchors: &[TrustAnchor],
    token: &str,
    parsed: &Token<'_>,
    claims: Claims,
    expect: &Expectations<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    claims.check()?;
    let requirements = Requirements::new(expect.grade)
        .with_role(Role::NesAssertion)
        .with_crls(expect.crls);
    let presented = [parsed.leaf.as_slice(), parsed.l2.as_slice()];
    let at = |at| chain::verify(provider, anchors, &presented, at, &requirements);
    let issued_at = UnixMillis::from_secs(claims.iat);
    let chain = at(issued_at)?;
    // Neither a leaf that L1 itself issued, nor a second certificate that vouches for nothing.
    if !matches!(chain.path(), [_, l2, _] if l2.der() == parsed.l2) {
        return Err(AssertionError::X5cPath);
    }
    provider
        .verify_fixed(
            chain.public_key(),
            parsed.signed.as_bytes(),
            &parsed.signature,
        )
        .map_err(|_| AssertionError::Signature)?;
    if let Some(moment) = expect.at {
        if issued_at > moment {
            return Err(AssertionError::NotYet {
                iat: issued_at,
                now: moment,
            });
        }
        at(moment)?;
    }
    expected(&claims, expect)?;
    Ok(VerifiedAssertion {
        claims,
        chain,
        token_sha256: Sha256Hex::of(token.as_bytes()),
    })
}

fn expected(claims: &Claims, expect: &Expectations<'_>) -> Result<(), AssertionError> {
    if let Some(issuer) = expect.issuer.filter(|issuer| *issuer != claims.iss) {
        return Err(AssertionError::Issuer {
            found: claims.iss.clone(),
            expected: issuer.into(),
        });
    }
    match expect.check {
        Check::LogIn {
            now,
            audience,
            nonce,
        } => {
            in_time(claims, now, expect.max_clock_skew_ms)?;
            if claims.aud != audience {
                let found = claims.aud.clone();
                return Err(AssertionError::Audience {
                    found,
                    expected: audience.into(),
                });
            }
            if claims.nonce.as_deref() != nonce {
                return Err(AssertionError::Nonce);
            }
        }
        Check::Record { document_sha256 } => {
            let expected = Sha256Hex::new(document_sha256);
            let found = claims.document_sha256.ok_or(AssertionError::NoDocument)?;
            if found != expected {
                return Err(AssertionError::Document { found, expected });
            }
        }
        Check::Signature => {}
    }
    Ok(())
}

/// `iat - skew <= now < exp + skew` (RFC 7519, 4.1.4: on or after exp it is refused).
fn in_time(claims: &Claims, now: UnixMillis, max_skew_ms: u32) -> Result<(), AssertionError> {
    let iat = UnixMillis::from_secs(claims.iat);
    let exp = UnixMillis::from_secs(claims.exp);
    let skew = i64::from(max_skew_ms);
    if now.saturating_add(skew) < iat {
        return Err(AssertionError::NotYet { iat, now });
    }
    if now >= exp.saturating_add(skew) {
        return Err(AssertionError::Expired { exp, now });
    }
    Ok(())
}

/// Two different people, the same document, and exactly that first signature.
fn belongs_to(counter: &CounterClaims, first: &VerifiedAssertion) -> Result<(), AssertionError> {
    let expected = first
        .claims
        .document_sha256
        .ok_or(AssertionError::NoDocument)?;
    let found = counter
        .claims
        .document_sha256
        .ok_or(AssertionError::NoDocument)?;
    if found != expected {
        return Err(AssertionError::Document { found, expected });
    }
    if counter.countersigns != first.token_sha256 {
        let (found, expected) = (counter.countersigns, first.token_sha256);
        return Err(AssertionError::Countersigned { found, expected });
    }
    if is_same_user(&counter.claims, &first.claims) {
        let Claims {
            domain, username, ..
        } = &counter.claims;
        return Err(AssertionError::SameUser {
            user: format!("{domain}\\{username}"),
        });
    }
    let countersigned_at = UnixMillis::from_secs(counter.claims.iat);
    if countersigned_at < first.issued_at() {
        return Err(AssertionError::Order {
            signed_at: first.issued_at(),
            countersigned_at,
        });
    }
    Ok(())
}

/// The same `sub`, or the same name as a directory compares names: without regard to case.
fn is_same_user(one: &Claims, other: &Claims) -> bool {
    let name = |of: &Claims| (of.domain.to_lowercase(), of.username.to_lowercase());
    one.sub == other.sub || name(one) == name(other)
}
