//! Assertions: who signed, when, and over which document, verifiable offline against L1 alone.
//!
//! When NES has verified a fresh frame of a band ([`presence`](crate::presence)), it says so in a
//! signed token that any application can check without asking NES, the agent or us: a JWS in compact
//! form (RFC 7515, 7.1), signed with ES256 (RFC 7518, 3.4), whose claims are a JWT's (RFC 7519).
//!
//! ```text
//!   header     {"alg":"ES256","typ":"nymi-assertion+jwt","x5c":[leaf, L2]}
//!   claims     {"iss":NES,"aud":…,"sub":…,"Username":…,"NymiBandID":…,"document_sha256":…,…}
//!   signature  64 bytes r || s, by the leaf's key
//!
//!   x5c[0] NES assertion certificate, role nes-assertion ── x5c[1] L2, with the grade ── L1, pinned
//! ```
//!
//! # What is refused, and why
//!
//! The manual "Trust", Assertion, leaves a verifier no choices; choices are how tokens are forged.
//!
//! - **The key comes from `x5c`, and `x5c` must lead to L1.** The header has exactly `alg`, `typ` and
//!   `x5c`. `jku`, `jwk`, `x5u` and `kid` would name another key (RFC 7515, 4.1.2 to 4.1.5); `crit`
//!   would announce rules that we do not know (4.1.11); `b64` would change what is signed (RFC 7797).
//!   None of them is one of the three.
//! - **One algorithm.** `none`, HS256 with a public key as its secret, and every other `alg` are
//!   refused (RFC 8725, 3.1); so is a key on another curve, by the chain.
//! - **One kind.** `typ` tells an assertion from a countersignature and from any other JWT
//!   (RFC 8725, 3.11).
//! - **One spelling.** Base64 with padding where none belongs, without where it belongs, or with bits
//!   that mean nothing (RFC 4648, 3.5); a JSON key twice; null for an absent claim; a number for a
//!   text; a band, a hash or a time in another case, zone or precision than NES writes: each is a second way to write something, which two readers may read differently.
//!   Claims that this version does not know are ignored (RFC 7519, 4).
//! - **Bounded work.** At most [`MAX_TOKEN`] bytes, two certificates, two certificate signatures and
//!   one of the token.
//!
//! # Time
//!
//! The certificates must have been valid at `iat`. That the signer's certificate has since expired,
//! or the signer's key been replaced, does not take back what was signed; a record of years ago
//! verifies against the L1 of its day. A verifier that holds revocation lists passes them in.
//!
//! [`Check`] says what the assertion is wanted for. A log-in must be of this minute
//! (`iat - skew <= now < exp + skew`, where the skew is [`DEFAULT_CLOCK_SKEW_MS`] unless stated), for
//! this audience, and answer this nonce. A record check ignores `exp` and demands the document.
//!
//! # Two people
//!
//! A countersignature is a second token over the same document: it names SHA-256 of the first, and is
//! another user's, by `sub` as by name ([`verify_counter`]). It is never countersigned itself. It covers
//! the first token's exact text. An ECDSA signature has a second valid form (r, n - s), so equal claims
//! do not make equal tokens: `jti` tells whether two tokens are one assertion, the hash tells whether
//! they are one text.
//!
//! # Example
//!
//! The chapter [Assertions](crate::manual::assertions) goes all the way: issue, log-in, record ten
//! years later, countersignature.
//!
//! ```
//! use nymi_core::assertion::{Check, Expectations, Sha256Hex, verify};
//! use nymi_core::chain::TrustAnchor;
//! use nymi_core::crypto::RustCrypto;
//!
//! /// Who signed this record, according to the NES of this enterprise?
//! fn who_signed(
//!     l1_pem: &str,
//!     nes_url: &str,
//!     record: &[u8],
//!     token: &str,
//! ) -> Result<String, Box<dyn std::error::Error>> {
//!     let l1 = TrustAnchor::from_pem(l1_pem)?;
//!     let check = Check::Record { document_sha256: *Sha256Hex::of(record).as_bytes() };
//!     let expect = Expectations::new(check).with_issuer(nes_url);
//!     let verified = verify(&RustCrypto, &[l1], token, &expect)?;
//!     let claims = verified.claims();
//!     Ok(format!("{} at {}", claims.username, claims.verified_at))
//! }
//! ```
//!
//! # What it does not say
//!
//! That the person was near: radio can be relayed. It says that NES verified a fresh code of that
//! band as reported by that agent, and the intent that the agent saw.

mod claims;
mod error;
mod issue;
mod token;
mod verify;

pub use claims::{
    Claims, ClaimsError, CounterClaims, LIFETIME_S, Method, MethodError, Sha256Hex, Sha256HexError,
};
pub use error::{AssertionError, Part};
pub use issue::{IssueError, issue, issue_counter};
pub use verify::{
    Check, DEFAULT_CLOCK_SKEW_MS, Expectations, VerifiedAssertion, VerifiedCounter, verify,
    verify_counter,
};

/// The longest token that is read or made: two certificates, the claims, and room for long names.
pub const MAX_TOKEN: usize = 16 * 1024;

/// What a token is; its `typ` says so, and one is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Assertion,
    Countersignature,
}

impl Kind {
    const fn typ(self) -> &'static str {
        match self {
            Self::Assertion => "nymi-assertion+jwt",
            Self::Countersignature => "nymi-countersignature+jwt",
        }
    }
}
