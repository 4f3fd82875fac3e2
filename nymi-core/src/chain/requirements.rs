//! What the caller demands of a chain.

use core::fmt;
use core::str::FromStr;

use super::oid::{self, Oid};
use super::policy_inputs::PolicyInputs;
use super::{Crl, key_usage};

/// What an L2 is for; stated in its certificatePolicies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grade {
    /// Production.
    Gold,
    /// Evaluation and development.
    Bronze,
}

impl Grade {
    /// The policy identifier that L2 carries.
    pub const fn oid(self) -> Oid {
        match self {
            Self::Gold => oid::GRADE_GOLD,
            Self::Bronze => oid::GRADE_BRONZE,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gold => "gold",
            Self::Bronze => "bronze",
        })
    }
}

/// Which grade this component accepts: `gold`, `bronze` or `any`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GradeRequirement {
    /// Production chains alone.
    #[default]
    Gold,
    /// Evaluation and development chains alone.
    Bronze,
    /// Any grade, or none.
    Any,
}

impl GradeRequirement {
    /// The one grade that is accepted; none if the grade does not matter.
    pub const fn grade(self) -> Option<Grade> {
        match self {
            Self::Gold => Some(Grade::Gold),
            Self::Bronze => Some(Grade::Bronze),
            Self::Any => None,
        }
    }
}

impl fmt::Display for GradeRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grade() {
            Some(grade) => grade.fmt(f),
            None => f.write_str("any"),
        }
    }
}

/// Text that names no grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grade is \"gold\", \"bronze\" or \"any\"")]
pub struct GradeError;

impl FromStr for GradeRequirement {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Self, GradeError> {
        match text {
            "gold" => Ok(Self::Gold),
            "bronze" => Ok(Self::Bronze),
            "any" => Ok(Self::Any),
            _ => Err(GradeError),
        }
    }
}

/// What a leaf may be used for; stated in its extendedKeyUsage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A Nymi-enabled application.
    Nea,
    /// The key of NES that agrees advertising keys with bands.
    NesAgreement,
    /// The key of NES that signs assertions.
    NesAssertion,
    /// An agent.
    Agent,
    /// A Bluetooth endpoint.
    Endpoint,
    /// An enrollment terminal.
    Nba,
}

impl Role {
    /// All roles, in the order of their identifiers.
    pub const ALL: [Self; 6] = [
        Self::Nea,
        Self::NesAgreement,
        Self::NesAssertion,
        Self::Agent,
        Self::Endpoint,
        Self::Nba,
    ];

    /// The key purpose identifier.
    pub const fn oid(self) -> Oid {
        match self {
            Self::Nea => oid::ROLE_NEA,
            Self::NesAgreement => oid::ROLE_NES_AGREEMENT,
            Self::NesAssertion => oid::ROLE_NES_ASSERTION,
            Self::Agent => oid::ROLE_AGENT,
            Self::Endpoint => oid::ROLE_ENDPOINT,
            Self::Nba => oid::ROLE_NBA,
        }
    }

    /// Whether the leaf must also have id-kp-clientAuth: it opens connections with this key.
    pub(crate) const fn is_client(self) -> bool {
        matches!(self, Self::Nea | Self::Agent | Self::Endpoint)
    }

    /// The keyUsage bit that a leaf with this role must have.
    pub(crate) const fn key_usage(self) -> u16 {
        match self {
            Self::NesAgreement => key_usage::KEY_AGREEMENT,
            _ => key_usage::DIGITAL_SIGNATURE,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nea => "nea",
            Self::NesAgreement => "nes-agreement",
            Self::NesAssertion => "nes-assertion",
            Self::Agent => "agent",
            Self::Endpoint => "endpoint",
            Self::Nba => "nba",
        })
    }
}

/// What the leaf's key is wanted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing in particular: extendedKeyUsage is not looked at.
    #[default]
    Any,
    /// A role of the platform: extendedKeyUsage must be there and name it, the leaf must be no CA
    /// and have the keyUsage that belongs to the role.
    Role(Role),
    /// A key purpose as RFC 5280, 4.2.1.12 has it: an absent extendedKeyUsage allows everything.
    KeyPurpose(Oid),
}

/// How much of RFC 5280 certificates are held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Path validation (section 6) and the rules of the platform.
    #[default]
    Path,
    /// Also what section 4 obliges a conforming CA to put in or leave out, where a chain is safe
    /// without it: key identifiers, criticality, the syntax of DNS names.
    Conforming,
}

/// When the absence of a usable CRL is a fault. A certificate that a usable CRL revokes is refused
/// in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// A certificate whose issuer has no CRL among those given passes; where there is one, it
    /// must be usable.
    #[default]
    WhereCovered,
    /// The status of every certificate below the anchor must be known, as RFC 5280, 6.1.3 (a)(3)
    /// demands.
    Required,
}

/// What the caller demands of a chain, beyond what every chain must fulfil.
///
/// ```
/// use nymi_core::chain::{GradeRequirement, Requirements, Role};
/// let requirements = Requirements::new(GradeRequirement::Gold).with_role(Role::Nea);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'a> {
    pub(crate) grade: GradeRequirement,
    pub(crate) purpose: Purpose,
    pub(crate) max_depth: u8,
    pub(crate) crls: &'a [Crl],
    pub(crate) revocation: Revocation,
    pub(crate) profile: Profile,
    pub(crate) ca_leaf: bool,
    pub(crate) policies: PolicyInputs<'a>,
}

/// The longest chain that any caller can ask for, in intermediates.
pub const MAX_DEPTH: u8 = 8;

impl<'a> Requirements<'a> {
    /// A chain L1-L2-leaf of this grade, the leaf an end entity with any role, no CRLs.
    pub const fn new(grade: GradeRequirement) -> Self {
        Self {
            grade,
            purpose: Purpose::Any,
            max_depth: 1,
            crls: &[],
            revocation: Revocation::WhereCovered,
            profile: Profile::Path,
            ca_leaf: false,
            policies: PolicyInputs::new(),
        }
    }

    /// The leaf must have this role.
    #[must_use]
    pub const fn with_role(self, role: Role) -> Self {
        self.with_purpose(Purpose::Role(role))
    }

    /// The leaf must serve this purpose.
    #[must_use]
    pub const fn with_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// At most this many intermediates between anchor and leaf, self-issued ones not counted (L2
    /// alone is 1, the default); more than [`MAX_DEPTH`] means [`MAX_DEPTH`].
    #[must_use]
    pub const fn with_max_depth(mut self, intermediates: u8) -> Self {
        self.max_depth = if intermediates > MAX_DEPTH {
            MAX_DEPTH
        } else {
            intermediates
        };
        self
    }

    /// Certificates that one of these lists revokes are refused.
    #[must_use]
    pub const fn with_crls(mut self, crls: &'a [Crl]) -> Self {
        self.crls = crls;
        self
    }

    /// When the absence of a usable CRL is a fault.
    #[must_use]
    pub const fn with_revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = revocation;
        self
    }

    /// How much of RFC 5280 certificates are held to.
    #[must_use]
    pub const fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Which certificate policies will do, and whether one is required. Grades are asked for apart from this.
    #[must_use]
    pub const fn with_policies(mut self, policies: PolicyInputs<'a>) -> Self {
        self.policies = policies;
        self
    }

    /// Whether the leaf may be a CA certificate. One that must have a role of the platform never may.
    #[must_use]
    pub const fn with_ca_leaf(mut self, allowed: bool) -> Self {
        self.ca_leaf = allowed;
        self
    }
}
