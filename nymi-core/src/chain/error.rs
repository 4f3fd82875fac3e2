//! Why a chain is refused: one table of numbers, and what was expected and found.

mod display;
mod table;

pub use table::{FAULTS, FaultInfo, fault_info};

use alloc::string::String;
use core::fmt;

use super::der::DerError;
use super::oid::Oid;
use super::pem::PemError;
use super::requirements::{Grade, Role};
use crate::UnixMillis;

/// The grades that an L2 states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundGrade {
    /// None at all.
    None,
    /// This one.
    One(Grade),
    /// Gold and bronze, which no L2 can be.
    Both,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No certificate was presented.
    Missing,
    /// L2 is of another grade.
    Grade {
        /// What this component accepts.
        expected: Grade,
        /// What L2 states.
        found: FoundGrade,
    },
    /// The moment is not within the certificate's validity.
    Validity {
        /// First moment of the validity.
        not_before: UnixMillis,
        /// Last second of the validity.
        not_after: UnixMillis,
        /// The moment for which the chain was validated.
        at: UnixMillis,
    },
    /// The encoding, or the contents of an extension, break a rule.
    Malformed(DerError),
    /// A certificate is larger than any that we read.
    TooLarge {
        /// Its size in bytes.
        found: usize,
        /// The largest size.
        limit: usize,
    },
    /// More certificates than anyone needs were presented.
    TooMany {
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The search for a path was given up.
    WorkLimit,
    /// Neither an anchor nor a presented certificate has the name of the issuer.
    UnknownIssuer {
        /// The issuer that the certificate names.
        issuer: String,
    },
    /// The signature does not verify with the issuer's key.
    BadSignature,
    /// The certificate is signed with another algorithm than ECDSA with SHA-256.
    UnsupportedSignature {
        /// The algorithm identifier, dotted.
        found: String,
    },
    /// The public key is not a P-256 key.
    UnsupportedKey {
        /// The algorithm or curve identifier, dotted.
        found: String,
    },
    /// The algorithm inside the signed part is not the one beside the signature.
    AlgorithmsDiffer,
    /// A certificate that issued another one is not a CA's (basicConstraints).
    NotCa,
    /// More intermediates follow than the CA's path length constraint allows.
    PathLength {
        /// What the constraint allows below this CA.
        limit: u32,
    },
    /// More intermediates than the caller allows.
    TooDeep {
        /// What the caller allows.
        limit: u8,
        /// How many there are, self-issued ones not counted.
        found: usize,
    },
    /// keyUsage lacks a use.
    KeyUsage {
        /// The use, as RFC 5280, 4.2.1.3 names it.
        expected: &'static str,
    },
    /// extendedKeyUsage lacks what the role needs.
    Role {
        /// The role.
        expected: Role,
        /// The missing key purpose.
        missing: Oid,
    },
    /// extendedKeyUsage lacks a purpose.
    KeyPurpose {
        /// The purpose.
        expected: Oid,
    },
    /// The leaf is a CA's certificate.
    CaLeaf,
    /// A critical extension that this code does not process.
    UnknownCritical {
        /// The extension's identifier, dotted.
        found: String,
    },
    /// The same extension twice.
    DuplicateExtension {
        /// The extension's identifier, dotted.
        found: String,
    },
    /// The serial number is not positive, or longer than 20 octets.
    Serial,
    /// Not a version 3 certificate.
    Version,
    /// A name lies outside the permitted subtrees.
    NotPermitted {
        /// The name.
        name: String,
    },
    /// A name lies within an excluded subtree.
    Excluded {
        /// The name.
        name: String,
    },
    /// A policy is required and none is valid for the path, or none that the caller accepts; or a mapping breaks
    /// RFC 5280, 6.1.4 (a).
    Policy,
    /// The certificate was revoked.
    Revoked {
        /// Since when.
        since: UnixMillis,
        /// CRLReason (RFC 5280, 5.3.1); 0 is unspecified.
        reason: u8,
    },
    /// No usable CRL covers the certificate.
    RevocationUnknown,
    /// The CRL is not yet, or no longer, current.
    CrlOutdated {
        /// When it was issued.
        this_update: UnixMillis,
        /// When the next one was due.
        next_update: Option<UnixMillis>,
        /// The moment for which the chain was validated.
        at: UnixMillis,
    },
    /// The CRL cannot be used.
    CrlUnusable {
        /// Why.
        reason: &'static str,
    },
    /// A rule of RFC 5280, section 4 for issuers is broken ([`Profile::Conforming`]).
    ///
    /// [`Profile::Conforming`]: super::Profile::Conforming
    NotConforming {
        /// The rule.
        rule: &'static str,
    },
    /// The leaf is the pinned anchor.
    LeafIsAnchor,
    /// An issuer, or the subject of a CA, has no name.
    EmptyName,
    /// No anchor is pinned.
    NoAnchor,
    /// The PEM text cannot be read.
    Pem(PemError),
    /// L2, the issuer of a leaf whose grade matters, does not state a path length of 0.
    L2PathLength {
        /// What it states.
        found: Option<u32>,
    },
    /// extendedKeyUsage of the leaf names a second role.
    SecondRole {
        /// The role that is asked for.
        expected: Role,
        /// The other one.
        found: Role,
    },
}

impl From<DerError> for Fault {
    fn from(error: DerError) -> Self {
        Self::Malformed(error)
    }
}

impl Fault {
    /// The number of this kind of fault; the row is in [`FAULTS`].
    pub const fn number(&self) -> u32 {
        match self {
            Self::Missing => 5,
            Self::Grade { .. } => 14,
            Self::Validity { .. } => 29,
            Self::Malformed(_) => 101,
            Self::TooLarge { .. } => 102,
            Self::TooMany { .. } => 103,
            Self::WorkLimit => 104,
            Self::UnknownIssuer { .. } => 105,
            Self::BadSignature => 106,
            Self::UnsupportedSignature { .. } => 107,
            Self::UnsupportedKey { .. } => 108,
            Self::AlgorithmsDiffer => 109,
            Self::NotCa => 110,
            Self::PathLength { .. } => 111,
            Self::TooDeep { .. } => 112,
            Self::KeyUsage { .. } => 113,
            Self::Role { .. } => 114,
            Self::KeyPurpose { .. } => 115,
            Self::CaLeaf => 116,
            Self::UnknownCritical { .. } => 117,
            Self::DuplicateExtension { .. } => 118,
            Self::Serial => 119,
            Self::Version => 120,
            Self::NotPermitted { .. } => 121,
            Self::Excluded { .. } => 122,
            Self::Policy => 123,
            Self::Revoked { .. } => 124,
            Self::RevocationUnknown => 125,
            Self::CrlOutdated { .. } => 126,
            Self::CrlUnusable { .. } => 127,
            Self::NotConforming { .. } => 128,
            Self::LeafIsAnchor => 129,
            Self::EmptyName => 130,
            Self::NoAnchor => 131,
            Self::Pem(_) => 132,
            Self::L2PathLength { .. } => 133,
            Self::SecondRole { .. } => 134,
        }
    }

    /// The row of the table, none for a number that is not in it.
    pub fn info(&self) -> Option<&'static FaultInfo> {
        fault_info(self.number())
    }

    pub(crate) fn rank(&self) -> u8 {
        self.info().map_or(0, |info| info.rank)
    }
}

/// Why a chain was refused, and which certificate is to blame.
///
/// `Display` is a sentence for an operator with what to do; the log form is
/// [`log_line`](Self::log_line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError {
    index: Option<usize>,
    fault: Fault,
}

impl ChainError {
    pub(crate) const fn new(index: Option<usize>, fault: Fault) -> Self {
        Self { index, fault }
    }

    /// The number of the error, as logged and as reported in `"nsl"`.
    pub const fn number(&self) -> u32 {
        self.fault.number()
    }

    /// Which certificate is to blame: its place among those presented, the leaf being 0; the anchor
    /// comes after the last, unless it was presented too. None if no certificate is.
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    /// What was expected and found.
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    pub(crate) fn into_fault(self) -> Fault {
        self.fault
    }

    /// What an operator does about it.
    pub fn remedy(&self) -> &'static str {
        self.fault.info().map_or("", |info| info.remedy)
    }

    /// The form of the log: `nsl_verify_nea_cert_chain, <number>`.
    pub fn log_line(&self) -> String {
        alloc::format!("nsl_verify_nea_cert_chain, {}", self.number())
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "certificate {index} of the chain: {}", self.fault)?,
            None => self.fault.fmt(f)?,
        }
        write!(f, "; {}", self.remedy())
    }
}

impl core::error::Error for ChainError {}
