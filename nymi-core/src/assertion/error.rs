use alloc::string::String;

use super::claims::ClaimsError;
use super::{MAX_TOKEN, Sha256Hex};
use crate::UnixMillis;
use crate::chain::ChainError;

/// A part of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second.
    Claims,
    /// The third.
    Signature,
}

impl core::fmt::Display for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is refused. [`AssertionError::number`] is stable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// 1
    #[error(
        "the token has {found} bytes, more than the {MAX_TOKEN} allowed; it was not made by NES"
    )]
    TooLarge {
        /// Bytes found.
        found: usize,
    },
    /// 2
    #[error(
        "a token has three parts with a dot between them, this has {found}; check that it was copied whole"
    )]
    Parts {
        /// Parts found.
        found: usize,
    },
    /// 3
    #[error(
        "the {part} part is not base64url in its one canonical form, without padding; check that the token was copied whole"
    )]
    Base64 {
        /// Which part.
        part: Part,
    },
    /// 4
    #[error("the {part} cannot be read: {detail}; the token was not made by NES")]
    Json {
        /// Header or claims.
        part: Part,
        /// What the reader met.
        detail: String,
    },
    /// 5
    #[error(
        "the header has the member {name:?}; a token has alg, typ and x5c only, and its key comes from x5c alone"
    )]
    HeaderMember {
        /// The member.
        name: String,
    },
    /// 6
    #[error("the header has no {name} of the right kind; a token has alg, typ and x5c")]
    HeaderMissing {
        /// The member.
        name: &'static str,
    },
    /// 7
    #[error("the token is signed with {found:?}; only ES256 is accepted")]
    Algorithm {
        /// alg.
        found: String,
    },
    /// 8
    #[error("this is a {found:?}, not a {expected:?}; give the token that the check is for")]
    Type {
        /// typ.
        found: String,
        /// The typ this check is for.
        expected: &'static str,
    },
    /// 9
    #[error("x5c has {found} certificates; it must have two, the signer's and L2")]
    X5cCount {
        /// Certificates found.
        found: usize,
    },
    /// 10
    #[error("certificate {index} of x5c is not standard base64 in its one canonical form")]
    X5cBase64 {
        /// From 0.
        index: usize,
    },
    /// 11
    #[error("the claims contradict each other: {0}; the token was not made by NES")]
    Claims(#[from] ClaimsError),
    /// 12
    #[error("the signer's certificates are refused: {0}")]
    Chain(#[from] ChainError),
    /// 13
    #[error("the signature does not verify: the token was changed, or another key made it")]
    Signature,
    /// 14
    #[error(
        "the token was issued by {found:?}, not by {expected:?}; check which NES this verifier trusts"
    )]
    Issuer {
        /// iss.
        found: String,
        /// What the verifier expects.
        expected: String,
    },
    /// 15
    #[error(
        "the token is for {found:?}, not for {expected:?}; ask for an assertion with that audience"
    )]
    Audience {
        /// aud.
        found: String,
        /// What the verifier expects.
        expected: String,
    },
    /// 16
    #[error("the token does not carry the nonce that was sent; it answers another question")]
    Nonce,
    /// 17
    #[error(
        "the token expired at {exp}, now it is {now}; tap again, and compare the clocks if this repeats"
    )]
    Expired {
        /// exp.
        exp: UnixMillis,
        /// The verifier's time.
        now: UnixMillis,
    },
    /// 18
    #[error(
        "the token was issued at {iat}, which is still to come at {now}; compare the clocks of NES and this verifier"
    )]
    NotYet {
        /// iat.
        iat: UnixMillis,
        /// The verifier's time.
        now: UnixMillis,
    },
    /// 19
    #[error("the token signs no document; sign the record again with its document_sha256")]
    NoDocument,
    /// 20
    #[error(
        "the token signs the document {found}, not {expected}; the record was changed, or the token belongs to another"
    )]
    Document {
        /// document_sha256.
        found: Sha256Hex,
        /// The document at hand.
        expected: Sha256Hex,
    },
    /// 21
    #[error(
        "both signatures are of the same user: {user} has the sub, or the Domain and Username, of the first; a second person must countersign"
    )]
    SameUser {
        /// Who countersigned: Domain, backslash, Username.
        user: String,
    },
    /// 22
    #[error(
        "the countersignature is about the token {found}, not {expected}; it belongs to another signature"
    )]
    Countersigned {
        /// countersigns.
        found: Sha256Hex,
        /// SHA-256 of the first token.
        expected: Sha256Hex,
    },
    /// 23
    #[error(
        "the countersignature of {countersigned_at} is earlier than the signature of {signed_at}; one of the two was not made by this NES"
    )]
    Order {
        /// iat of the first.
        signed_at: UnixMillis,
        /// iat of the countersignature.
        countersigned_at: UnixMillis,
    },
    /// 24
    #[error(
        "x5c is not the signer's certificate and the L2 that issued it; L1 is pinned, never sent"
    )]
    X5cPath,
}

impl AssertionError {
    /// The stable number of this refusal; numbers are only ever added.
    pub const fn number(&self) -> u32 {
        match self {
            Self::TooLarge { .. } => 1,
            Self::Parts { .. } => 2,
            Self::Base64 { .. } => 3,
            Self::Json { .. } => 4,
            Self::HeaderMember { .. } => 5,
            Self::HeaderMissing { .. } => 6,
            Self::Algorithm { .. } => 7,
            Self::Type { .. } => 8,
            Self::X5cCount { .. } => 9,
            Self::X5cBase64 { .. } => 10,
            Self::Claims(_) => 11,
            Self::Chain(_) => 12,
            Self::Signature => 13,
            Self::Issuer { .. } => 14,
            Self::Audience { .. } => 15,
            Self::Nonce => 16,
            Self::Expired { .. } => 17,
            Self::NotYet { .. } => 18,
            Self::NoDocument => 19,
            Self::Document { .. } => 20,
            Self::SameUser { .. } => 21,
            Self::Countersigned { .. } => 22,
            Self::Order { .. } => 23,
            Self::X5cPath => 24,
        }
    }
}
