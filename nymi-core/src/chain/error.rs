//! Why a chain is refused: one table of numbers, and what was expected and found.

use alloc::string::String;
use core::fmt;

use super::der::DerError;
use super::oid::Oid;
use super::pem::PemError;
use super::requirements::{Grade, Role};
use crate::UnixMillis;

/// A row of the table of chain errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// The number, as logged in `nsl_verify_nea_cert_chain, N` and reported as `"nsl"`.
    pub number: u32,
    /// A short name that stays the same.
    pub name: &'static str,
    /// What an operator does about it.
    pub remedy: &'static str,
    /// Among several faults the one with the highest rank is reported.
    rank: u8,
}

const fn row(number: u32, name: &'static str, rank: u8, remedy: &'static str) -> FaultInfo {
    FaultInfo {
        number,
        name,
        remedy,
        rank,
    }
}

const REISSUE: &str = "have the certificate issued again by a CA that follows RFC 5280";
const NOT_OURS: &str =
    "check that L1 and the certificates come from the same enterprise, and fetch them again";

/// Every chain error, by number. Append only: a number never gets another meaning. 5, 14 and 29
/// are the product's; ours begin at 101.
pub const FAULTS: &[FaultInfo] = &[
    row(
        5,
        "certificates missing",
        90,
        "let the application fetch its certificates from NES again",
    ),
    row(
        14,
        "grade differs",
        80,
        "use certificates of the grade that this component expects, or configure the other grade",
    ),
    row(
        29,
        "outside validity",
        85,
        "compare the clocks of this terminal and of NES; renew the certificate if it has expired",
    ),
    row(101, "malformed", 60, REISSUE),
    row(
        102,
        "too large",
        60,
        "present certificates without unusually long contents",
    ),
    row(
        103,
        "too many certificates",
        12,
        "present the leaf and its intermediates alone",
    ),
    row(
        104,
        "too much work",
        11,
        "present the leaf and its intermediates alone",
    ),
    row(105, "unknown issuer", 10, NOT_OURS),
    row(106, "bad signature", 20, NOT_OURS),
    row(
        107,
        "unsupported signature algorithm",
        22,
        "use certificates signed with ECDSA P-256 and SHA-256",
    ),
    row(108, "unsupported key", 22, "use P-256 keys"),
    row(109, "algorithms differ", 60, REISSUE),
    row(
        110,
        "not a CA",
        70,
        "present the certificate of the CA that issued the one before it",
    ),
    row(
        111,
        "path length exceeded",
        68,
        "let a CA issue that is allowed to be at this place of the chain",
    ),
    row(
        112,
        "chain too deep",
        66,
        "present a chain with fewer intermediates",
    ),
    row(
        113,
        "wrong key usage",
        72,
        "use a certificate whose keyUsage covers this use",
    ),
    row(
        114,
        "wrong role",
        76,
        "use a certificate that was issued for this role",
    ),
    row(
        115,
        "wrong key purpose",
        75,
        "use a certificate that was issued for this purpose",
    ),
    row(
        116,
        "CA as leaf",
        74,
        "present the leaf certificate first, then its issuer",
    ),
    row(117, "unknown critical extension", 62, REISSUE),
    row(118, "duplicate extension", 60, REISSUE),
    row(119, "serial number", 60, REISSUE),
    row(120, "version", 60, "use X.509 version 3 certificates"),
    row(
        121,
        "name not permitted",
        65,
        "use a name within the name constraints of the CA",
    ),
    row(
        122,
        "name excluded",
        65,
        "use a name outside the excluded subtrees of the CA",
    ),
    row(
        123,
        "policy",
        64,
        "use certificates with a policy that the CA certificates above require",
    ),
    row(
        124,
        "revoked",
        95,
        "obtain a new certificate; this one must no longer be used",
    ),
    row(
        125,
        "revocation status unknown",
        50,
        "provide the current CRL of the issuer",
    ),
    row(
        126,
        "CRL out of date",
        52,
        "provide the current CRL of the issuer, and compare clocks",
    ),
    row(
        127,
        "CRL unusable",
        51,
        "provide a CRL that the issuer signed",
    ),
    row(128, "not conforming", 55, REISSUE),
    row(
        129,
        "leaf is the anchor",
        92,
        "present a certificate that L1 or L2 issued, not L1 itself",
    ),
    row(130, "empty name", 60, REISSUE),
    row(
        131,
        "no anchor",
        91,
        "pin the L1 certificate of the enterprise",
    ),
    row(132, "PEM", 60, "give the certificate as PEM text"),
];

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
    /// No certificate policy is valid for the path, or a mapping breaks RFC 5280, 6.1.4 (a).
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

/// The row with this number.
pub fn fault_info(number: u32) -> Option<&'static FaultInfo> {
    FAULTS.iter().find(|info| info.number == number)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no certificate was presented"),
            Self::Grade {
                expected,
                found: FoundGrade::None,
            } => {
                write!(f, "L2 states no grade where {expected} is expected")
            }
            Self::Grade {
                expected,
                found: FoundGrade::One(found),
            } => {
                write!(f, "L2 is of grade {found} where {expected} is expected")
            }
            Self::Grade {
                expected,
                found: FoundGrade::Both,
            } => {
                write!(
                    f,
                    "L2 states both grades where {expected} alone is expected"
                )
            }
            Self::Validity {
                not_before,
                not_after,
                at,
            } => {
                let (word, edge) = if at < not_before {
                    ("not valid before", not_before)
                } else {
                    ("expired at", not_after)
                };
                write!(
                    f,
                    "the certificate is {word} {edge} and it is {at} here (valid from {not_before} to {not_after})"
                )
            }
            Self::Malformed(error) => write!(f, "the certificate is malformed: {error}"),
            Self::TooLarge { found, limit } => {
                write!(
                    f,
                    "the certificate has {found} bytes, more than the limit of {limit}"
                )
            }
            Self::TooMany { found, limit } => {
                write!(
                    f,
                    "{found} certificates were presented, more than the limit of {limit}"
                )
            }
            Self::WorkLimit => {
                f.write_str("the search for a path to L1 was given up as too much work")
            }
            Self::UnknownIssuer { issuer } => {
                write!(
                    f,
                    "the issuer \"{issuer}\" is not the pinned L1, and no other presented certificate is its"
                )
            }
            Self::BadSignature => {
                f.write_str("the signature does not verify with the key of the issuer")
            }
            Self::UnsupportedSignature { found } => {
                write!(
                    f,
                    "the signature algorithm {found} is not ECDSA with SHA-256"
                )
            }
            Self::UnsupportedKey { found } => {
                write!(f, "the public key ({found}) is not a P-256 key")
            }
            Self::AlgorithmsDiffer => {
                f.write_str("the signature algorithms inside and outside of the signed part differ")
            }
            Self::NotCa => {
                f.write_str("the certificate issued another one but is not a CA certificate")
            }
            Self::PathLength { limit } => {
                write!(
                    f,
                    "more intermediates follow than the path length constraint of {limit} allows"
                )
            }
            Self::TooDeep { limit, found } => {
                write!(
                    f,
                    "the chain has {found} intermediates, more than the limit of {limit}"
                )
            }
            Self::KeyUsage { expected } => write!(f, "the key usage lacks {expected}"),
            Self::Role { expected, missing } => {
                write!(
                    f,
                    "the certificate is not for role {expected}: key purpose {missing} is missing"
                )
            }
            Self::KeyPurpose { expected } => write!(f, "the key purpose {expected} is missing"),
            Self::CaLeaf => f.write_str("the leaf is a CA certificate"),
            Self::UnknownCritical { found } => {
                write!(f, "the critical extension {found} is not known")
            }
            Self::DuplicateExtension { found } => write!(f, "the extension {found} is there twice"),
            Self::Serial => {
                f.write_str("the serial number is not a positive number of at most 20 octets")
            }
            Self::Version => f.write_str("the certificate is not of version 3"),
            Self::NotPermitted { name } => {
                write!(
                    f,
                    "the name \"{name}\" is outside what the name constraints permit"
                )
            }
            Self::Excluded { name } => {
                write!(f, "the name \"{name}\" is excluded by name constraints")
            }
            Self::Policy => f.write_str("no certificate policy is valid along the chain"),
            Self::Revoked { since, reason } => {
                write!(
                    f,
                    "the certificate was revoked at {since} (reason {reason})"
                )
            }
            Self::RevocationUnknown => {
                f.write_str("no usable CRL says whether the certificate is revoked")
            }
            Self::CrlOutdated {
                this_update,
                next_update: Some(next),
                at,
            } => {
                write!(
                    f,
                    "the CRL is current from {this_update} to {next} and it is {at} here"
                )
            }
            Self::CrlOutdated {
                this_update,
                next_update: None,
                at,
            } => {
                write!(
                    f,
                    "the CRL is current from {this_update} on and it is {at} here"
                )
            }
            Self::CrlUnusable { reason } => write!(f, "the CRL cannot be used: {reason}"),
            Self::NotConforming { rule } => write!(f, "RFC 5280 is not followed: {rule}"),
            Self::LeafIsAnchor => f.write_str("the presented leaf is the pinned L1 itself"),
            Self::EmptyName => f.write_str("the issuer, or the subject of a CA, has no name"),
            Self::NoAnchor => f.write_str("no L1 certificate is pinned"),
            Self::Pem(error) => error.fmt(f),
        }
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
