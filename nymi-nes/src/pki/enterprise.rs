//! One enterprise: L1, L2 with its private key, and issuing under it.

use nymi_core::UnixMillis;
use nymi_core::chain::oid::{
    CLIENT_AUTH, GRADE_BRONZE, Oid, ROLE_NBA, ROLE_NEA, ROLE_NES_AGREEMENT, ROLE_NES_ASSERTION,
};
use nymi_core::chain::{
    self, ChainError, Grade, GradeRequirement, Requirements, Role, TrustAnchor, pem,
};
use nymi_core::crypto::{PrivateKey, PublicKey, RustCrypto, SecretKey};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::issue::{
    DIGITAL_SIGNATURE, Issuer, KEY_AGREEMENT, Purpose, Template, Validity, key_id, name,
    random_key, random_serial, sign,
};
use super::pkcs12::FullChain;
use super::{PkiError, random};

const DAY_MS: i64 = 86_400_000;
/// How far certificates are backdated, for clocks that run behind.
const BACKDATE_MS: i64 = 5 * 60_000;
const EVALUATION_L1_MS: i64 = 3650 * DAY_MS;
const EVALUATION_L2_MS: i64 = 1825 * DAY_MS;
const SERVER_LEAF_MS: i64 = 90 * DAY_MS;
const NEA_MS: i64 = 14 * DAY_MS;

/// L1, L2 and the key of L2; only made when they fit together at that moment.
pub(crate) struct Enterprise {
    name: String,
    l1: Vec<u8>,
    l2: Vec<u8>,
    l2_spki: Vec<u8>,
    l2_subject: Vec<u8>,
    l2_key_id: Vec<u8>,
    l2_not_after: UnixMillis,
    l2_key: SecretKey,
    anchor: TrustAnchor,
    grade: Grade,
}

/// What NES itself uses a leaf for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Agreement,
    Assertion,
}

impl Use {
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Agreement => "agreement.pem",
            Self::Assertion => "assertion.pem",
        }
    }

    pub(super) const fn role(self) -> Role {
        self.parts().3
    }

    const fn parts(self) -> (&'static str, u8, Oid, Role) {
        match self {
            Self::Agreement => ("", KEY_AGREEMENT, ROLE_NES_AGREEMENT, Role::NesAgreement),
            Self::Assertion => (
                " assertions",
                DIGITAL_SIGNATURE,
                ROLE_NES_ASSERTION,
                Role::NesAssertion,
            ),
        }
    }
}

/// A leaf of NES and its key.
pub(crate) struct Leaf {
    pub(crate) der: Vec<u8>,
    pub(crate) key: SecretKey,
    pub(crate) validity: Validity,
}

/// A certificate made for someone else.
pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) serial: String,
    pub(crate) validity: Validity,
}

impl Enterprise {
    /// Makes a bronze enterprise for evaluation. The key of L1 is used once and forgotten.
    pub(super) fn evaluation(name_: &str, now: UnixMillis) -> Result<Self, PkiError> {
        let (l1_key, l2_key) = (random_key().map_err(random)?, random_key().map_err(random)?);
        let l1_name = format!("{name_} NES L1 CA");
        let issuer = Issuer {
            name: &name(&l1_name),
            key_id: &key_id(&l1_key.public_key()),
            key: &l1_key,
        };
        let authority = |common_name: &str, key: PublicKey, life_ms, path_length, policy| {
            let validity = Validity {
                not_before: now.saturating_add(-DAY_MS),
                not_after: now.saturating_add(life_ms),
            };
            let purpose = Purpose::Ca {
                path_length,
                policy,
            };
            let template = Template {
                common_name,
                key,
                validity,
                purpose,
            };
            random_serial()
                .map(|serial| sign(&issuer, &template, &serial))
                .map_err(random)
        };
        let l1 = authority(&l1_name, l1_key.public_key(), EVALUATION_L1_MS, 1, None)?;
        let l2_name = format!("{name_} NES L2 CA");
        let policy = Some(GRADE_BRONZE);
        let l2 = authority(&l2_name, l2_key.public_key(), EVALUATION_L2_MS, 0, policy)?;
        Self::checked(FullChain { l1, l2, l2_key }, Grade::Bronze, now)
    }

    /// The enterprise of this chain, if L1 and L2 are valid now and of this grade, and L2 issues
    /// leaves that everyone accepts.
    pub(super) fn checked(
        chain: FullChain,
        grade: Grade,
        now: UnixMillis,
    ) -> Result<Self, PkiError> {
        let anchor = TrustAnchor::from_der(&chain.l1).map_err(PkiError::Chain)?;
        let l2 = Facts::of(&chain.l2).ok_or(PkiError::L2Unreadable)?;
        if l2.key != Some(chain.l2_key.public_key()) {
            return Err(PkiError::KeyOfAnother);
        }
        let enterprise = Self {
            name: l2.enterprise,
            l2_spki: chain.l2_key.public_key().to_spki_der(),
            l2_subject: l2.subject,
            l2_key_id: l2.key_id,
            l2_not_after: l2.not_after,
            l1: chain.l1,
            l2: chain.l2,
            l2_key: chain.l2_key,
            anchor,
            grade,
        };
        let probe = enterprise.leaf(Use::Agreement, now)?;
        enterprise
            .verify(&probe.der, Role::NesAgreement, now)
            .map_err(PkiError::Chain)?;
        Ok(enterprise)
    }

    /// The content of the key file: L1, L2, and the key of L2.
    pub(super) fn to_pem(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(pem::encode("PRIVATE KEY", &self.l2_key.to_pkcs8_der()));
        Zeroizing::new([self.l1_pem(), self.l2_pem(), key.to_string()].concat())
    }

    pub(crate) fn l1_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.l1)
    }

    pub(crate) fn l2_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.l2)
    }

    pub(crate) fn l2(&self) -> &[u8] {
        &self.l2
    }

    pub(crate) fn l2_spki(&self) -> &[u8] {
        &self.l2_spki
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Validates a leaf under this L2 as every other component would.
    pub(super) fn verify(&self, leaf: &[u8], role: Role, at: UnixMillis) -> Result<(), ChainError> {
        let grade = match self.grade {
            Grade::Gold => GradeRequirement::Gold,
            Grade::Bronze => GradeRequirement::Bronze,
        };
        let requirements = Requirements::new(grade).with_role(role);
        let anchors = std::slice::from_ref(&self.anchor);
        chain::verify(&RustCrypto, anchors, &[leaf, &self.l2], at, &requirements).map(|_| ())
    }

    /// Makes a leaf for NES itself.
    pub(super) fn leaf(&self, purpose: Use, now: UnixMillis) -> Result<Leaf, PkiError> {
        let (suffix, key_usage, role, _) = purpose.parts();
        let key = random_key().map_err(random)?;
        let common_name = format!("{} NES{suffix}", self.name);
        let issued = self.sign_leaf(
            &common_name,
            key.public_key(),
            SERVER_LEAF_MS,
            Purpose::Leaf {
                key_usage,
                extended: &[role],
            },
            now,
        )?;
        Ok(Leaf {
            der: issued.der,
            key,
            validity: issued.validity,
        })
    }

    /// Reads a leaf file; none if it is not of this enterprise or not valid any more.
    pub(super) fn read_leaf(&self, text: &str, purpose: Use, now: UnixMillis) -> Option<Leaf> {
        let der = pem::decode(text, "CERTIFICATE").ok()?.into_iter().next()?;
        let pkcs8 = Zeroizing::new(pem::decode(text, "PRIVATE KEY").ok()?.into_iter().next()?);
        let key = SecretKey::from_pkcs8_der(&pkcs8)?;
        let facts = Facts::of(&der)?;
        let fits =
            facts.key == Some(key.public_key()) && self.verify(&der, purpose.role(), now).is_ok();
        let validity = Validity {
            not_before: facts.not_before,
            not_after: facts.not_after,
        };
        fits.then_some(Leaf { der, key, validity })
    }

    /// A certificate for an application, and for an enrollment terminal when `terminal`.
    pub(crate) fn nea(
        &self,
        nea_name: &str,
        key: PublicKey,
        terminal: bool,
        now: UnixMillis,
    ) -> Result<Issued, PkiError> {
        let all = [CLIENT_AUTH, ROLE_NEA, ROLE_NBA];
        let extended = if terminal { all.as_slice() } else { &all[..2] };
        let purpose = Purpose::Leaf {
            key_usage: DIGITAL_SIGNATURE,
            extended,
        };
        self.sign_leaf(nea_name, key, NEA_MS, purpose, now)
    }

    fn sign_leaf(
        &self,
        common_name: &str,
        key: PublicKey,
        life_ms: i64,
        purpose: Purpose<'_>,
        now: UnixMillis,
    ) -> Result<Issued, PkiError> {
        let whole = |at: UnixMillis| UnixMillis::from_secs(at.as_secs());
        let not_after = now.saturating_add(life_ms).min(self.l2_not_after);
        let validity = Validity {
            not_before: whole(now.saturating_add(-BACKDATE_MS)),
            not_after: whole(not_after),
        };
        let issuer = Issuer {
            name: &self.l2_subject,
            key_id: &self.l2_key_id,
            key: &self.l2_key,
        };
        let serial = random_serial().map_err(random)?;
        let template = Template {
            common_name,
            key,
            validity,
            purpose,
        };
        let der = sign(&issuer, &template, &serial);
        Ok(Issued {
            der,
            serial: hex::encode(serial),
            validity,
        })
    }
}

/// What issuing needs to know of a certificate.
struct Facts {
    enterprise: String,
    subject: Vec<u8>,
    key: Option<PublicKey>,
    key_id: Vec<u8>,
    not_before: UnixMillis,
    not_after: UnixMillis,
}

impl Facts {
    fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let common_name = subject.iter_common_name().next()?.as_str().ok()?;
        let key = PublicKey::from_spki_der(certificate.public_key().raw);
        let stated = certificate.extensions().iter().find_map(|extension| {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            }
        });
        let validity = certificate.validity();
        Some(Self {
            enterprise: common_name
                .strip_suffix(" NES L2 CA")
                .unwrap_or(common_name)
                .to_owned(),
            subject: subject.as_raw().to_vec(),
            key,
            key_id: stated
                .or_else(|| key.as_ref().map(key_id))
                .unwrap_or_default(),
            not_before: UnixMillis::from_secs(validity.not_before.timestamp()),
            not_after: UnixMillis::from_secs(validity.not_after.timestamp()),
        })
    }
}
