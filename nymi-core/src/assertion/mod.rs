//! Assertions: who signed, when, and over which document, verifiable offline against L1 alone.
mod claims;
mod issue;

pub use claims::{
    Claims, ClaimsError, CounterClaims, LIFETIME_S, Method, MethodError, Sha256Hex, Sha256HexError,
};
pub use issue::{IssueError, issue, issue_counter};

/// The longest token that is read: two certificates, the claims and room for long names.
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
