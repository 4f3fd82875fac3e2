//! An enterprise's certificates, made by a library that is not under test.

use std::rc::Rc;

use nymi_core::chain::{Grade, Role};
use nymi_core::crypto::SecretKey;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData, date_time_ymd,
};

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// The moment at which everything here is valid: 2026-05-13.
pub(crate) const NOW_MS: i64 = 1_778_630_400_000;

/// What NES shows to a band, and the key behind it.
pub(crate) struct Enterprise {
    pub(crate) l1: Vec<u8>,
    pub(crate) l2: Vec<u8>,
    pub(crate) l2_spki: Vec<u8>,
    pub(crate) agreement: Vec<u8>,
    pub(crate) agreement_key: SecretKey,
    pub(crate) l2_issuer: Rc<Authority>,
}

/// An application's chain and key.
pub(crate) struct Application {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: SecretKey,
}

impl Enterprise {
    /// An application, or an enrollment terminal, by its roles.
    pub(crate) fn application(&self, name: &str, roles: &[Role]) -> Application {
        let mut leaf = params(name);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let own = roles
            .iter()
            .map(|role| ExtendedKeyUsagePurpose::Other(role.oid().arcs().to_vec()));
        leaf.extended_key_usages = std::iter::once(ExtendedKeyUsagePurpose::ClientAuth)
            .chain(own)
            .collect();
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let leaf: Certificate = leaf.signed_by(&key, self.l2_issuer.as_ref()).unwrap();
        Application {
            chain: vec![leaf.der().to_vec(), self.l2.clone()],
            key: SecretKey::from_pkcs8_der(key.serialized_der()).unwrap(),
        }
    }
}

pub(crate) struct Kind {
    pub(crate) grade: Grade,
    pub(crate) role: Role,
    pub(crate) expired: bool,
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            grade: Grade::Bronze,
            role: Role::NesAgreement,
            expired: false,
        }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

fn authority(name: &str, pathlen: Option<u8>) -> CertificateParams {
    let mut params = params(name);
    let constraint = pathlen.map_or(
        BasicConstraints::Unconstrained,
        BasicConstraints::Constrained,
    );
    params.is_ca = IsCa::Ca(constraint);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A root of its own, such as a vendor's.
pub(crate) fn root(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority(name, None), KeyPair::generate().unwrap()).unwrap()
}

/// An evaluation enterprise with its own root.
pub(crate) fn enterprise() -> Enterprise {
    enterprise_of(&root("Test NES L1 CA"), &Kind::default())
}

pub(crate) fn enterprise_of(l1: &Authority, kind: &Kind) -> Enterprise {
    let mut l2 = authority("Test NES L2 CA", Some(0));
    l2.use_authority_key_identifier_extension = true;
    // PolicyInformation (RFC 5280, 4.2.1.4) with no more than its identifier.
    let oid = kind.grade.oid().to_der();
    let information = [&[0x30, oid.len() as u8], oid.as_slice()].concat();
    let policies = [&[0x30, information.len() as u8], information.as_slice()].concat();
    l2.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 32], policies)];
    let l2 = CertifiedIssuer::signed_by(l2, KeyPair::generate().unwrap(), l1).unwrap();

    let mut leaf = params("Test NES");
    leaf.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(
        kind.role.oid().arcs().to_vec(),
    )];
    leaf.use_authority_key_identifier_extension = true;
    if kind.expired {
        leaf.not_after = date_time_ymd(2026, 2, 1);
    }
    let key = KeyPair::generate().unwrap();
    let agreement: Certificate = leaf.signed_by(&key, &l2).unwrap();
    Enterprise {
        l1: l1.der().to_vec(),
        l2: l2.der().to_vec(),
        l2_spki: l2.key().subject_public_key_info(),
        agreement: agreement.der().to_vec(),
        agreement_key: SecretKey::from_pkcs8_der(key.serialized_der()).unwrap(),
        l2_issuer: Rc::new(l2),
    }
}

/// An L1 under a vendor's root.
pub(crate) fn l1_under(vendor: &Authority) -> Authority {
    let mut params = authority("Test NES L1 CA", Some(1));
    params.use_authority_key_identifier_extension = true;
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), vendor).unwrap()
}
