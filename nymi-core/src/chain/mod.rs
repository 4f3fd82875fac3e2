//! Certificate chains: does this leaf lead to our pinned L1, for this purpose, at this moment?

mod anchor;
mod certificate;
mod crl;
mod csr;
mod der;
mod error;
mod key_usage;
mod requirements;
mod verify;

pub mod oid;
pub mod pem;

pub use anchor::TrustAnchor;
pub use certificate::Certificate;
pub use crl::Crl;
pub use csr::{Csr, CsrError};
pub use der::DerError;
pub use error::{ChainError, FAULTS, Fault, FaultInfo, FoundGrade, fault_info};
pub use requirements::{
    Grade, GradeError, GradeRequirement, MAX_DEPTH, Profile, Purpose, Requirements, Revocation,
    Role,
};
pub use verify::{VerifiedChain, VerifiedIssuer, verify};
