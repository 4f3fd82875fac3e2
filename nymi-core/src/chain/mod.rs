//! Certificate chains: does this leaf lead to our pinned L1, for this purpose, at this moment?
//!
//! An enterprise has an L1, which components pin as their [`TrustAnchor`], an L2 below it, which
//! states the enterprise's [`Grade`], and leaves below that: applications, agents, endpoints, and the
//! keys of NES, told apart by [`Role`]. [`verify()`] takes what a peer presented and answers with a
//! [`VerifiedChain`], a type that nothing else can make, or with a [`ChainError`].
//!
//! ```text
//!  presented DER ──> certificate ──> search ──> path ──> revocation ──> VerifiedChain
//!                    (strict, one    (unordered  (all     (CRLs)            │
//!                     by one)         edges)      rules)                    └─> VerifiedIssuer
//! ```
//!
//! | step | source |
//! | --- | --- |
//! | reading: DER, structure, what a certificate must fulfil on its own | X.690; RFC 5280, 4.1 and 4.2 |
//! | search: name chaining and signatures, over intermediates in any order | RFC 5280, 6.1.3 (a)(1) and (4); RFC 4158 |
//! | validity, of the anchor too | 6.1.3 (a)(2) |
//! | revocation by complete, partial, indirect and delta CRLs | 6.1.3 (a)(3), 6.3.3 |
//! | name constraints, those of the anchor too | 6.1.3 (b) and (c), 4.2.1.10; RFC 5937 |
//! | policies, mappings, their constraints, what the caller accepts | 6.1.1, 6.1.3 (d) to (f), 6.1.4, 6.1.5 (g); RFC 9618 |
//! | basicConstraints, path length, keyUsage | 6.1.4 (k) to (n) |
//! | purpose or role, grade | 4.2.1.12; the platform |
//!
//! The leaf comes first in what is presented and errors name certificates by that place. Where a path
//! has several faults the one that helps an operator most is reported: revoked before expired,
//! expired before the wrong grade, and all of these before what concerns encoding. Every number is in
//! [`FAULTS`].
//!
//! The chapter [Trust](crate::manual::trust) tells all of this with the source of each rule and the
//! table of errors.
//!
//! Time, keys and arithmetic come from the caller: `at` is the moment of validation and the
//! [`SignatureVerifier`](crate::crypto::SignatureVerifier) does P-256. Input of any size and shape is
//! refused after a bounded number of signatures, steps and comparisons.
//!
//! ```
//! # macro_rules! example {
//! #     ($name:literal) => {
//! #         include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/enterprise/", $name))
//! #     };
//! # }
//! use nymi_core::UnixMillis;
//! use nymi_core::chain::{Certificate, Fault, GradeRequirement, Requirements, Role, TrustAnchor, verify};
//! use nymi_core::crypto::RustCrypto;
//!
//! let anchors = [TrustAnchor::from_pem(example!("l1.pem"))?];
//! let leaf = Certificate::from_pem(example!("mes.pem"))?;
//! let l2 = Certificate::from_pem(example!("l2.pem"))?;
//! let at: UnixMillis = "2026-05-13T08:30:00.000Z".parse()?;
//!
//! // The same chain, asked for another role: the type says what was expected.
//! let requirements = Requirements::new(GradeRequirement::Gold).with_role(Role::Agent);
//! let error = verify(&RustCrypto, &anchors, &[leaf.der(), l2.der()], at, &requirements).unwrap_err();
//! assert!(matches!(error.fault(), Fault::Role { expected: Role::Agent, .. }));
//! assert_eq!((error.number(), error.index()), (114, Some(0)));
//! assert_eq!(error.remedy(), "use a certificate that was issued for this role");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anchor;
mod certificate;
mod conforming;
mod constraints;
mod crl;
mod csr;
mod der;
mod distribution_point;
mod dns;
mod error;
mod extensions;
mod general_name;
mod key_usage;
mod name;
mod path;
mod policy;
mod policy_inputs;
mod requirements;
mod revocation;
mod search;
mod uri;
mod verify;
mod work;

pub mod oid;
pub mod pem;

pub use anchor::TrustAnchor;
pub use certificate::Certificate;
pub use crl::Crl;
pub use csr::{Csr, CsrError};
pub use der::DerError;
pub use error::{ChainError, FAULTS, Fault, FaultInfo, FoundGrade, fault_info};
pub use policy_inputs::{PolicyId, PolicyIdError, PolicyInputs};
pub use requirements::{
    Grade, GradeError, GradeRequirement, MAX_DEPTH, Profile, Purpose, Requirements, Revocation,
    Role,
};
pub use verify::{VerifiedChain, VerifiedIssuer, verify};
