//! Faults as sentences.

use core::fmt;

use super::{Fault, FoundGrade};

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
            Self::L2PathLength { found: None } => {
                f.write_str("L2 has no path length constraint where 0 is expected")
            }
            Self::L2PathLength { found: Some(found) } => {
                write!(
                    f,
                    "L2 has a path length constraint of {found} where 0 is expected"
                )
            }
            Self::SecondRole { expected, found } => {
                write!(
                    f,
                    "the certificate is for role {found} beside role {expected}"
                )
            }
        }
    }
}
