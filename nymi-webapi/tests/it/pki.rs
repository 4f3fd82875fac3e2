//! An enterprise's certificates, made by another library than the one that checks them.

use nymi_core::crypto::{PrivateKey, SecretKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// The platform's arc, 2.25.1853451625, and its bytes.
const ARC: [u64; 3] = [2, 25, 1_853_451_625];
const ARC_DER: [u8; 6] = [0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69];

pub(crate) const NEA: u64 = 1;
pub(crate) const NBA: u64 = 6;

pub(crate) struct Pki {
    pub(crate) l1: Vec<u8>,
    pub(crate) l2: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A leaf certificate and its key.
pub(crate) struct Leaf {
    pub(crate) der: Vec<u8>,
    key: SecretKey,
}

impl Leaf {
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign_fixed(message)
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

/// certificatePolicies with the policy of one grade: 1 gold, 2 bronze.
fn grade_extension(grade: u8) -> CustomExtension {
    let oid = [&ARC_DER[..], &[1, grade]].concat();
    let wrap = |tag: u8, value: &[u8]| [&[tag, value.len() as u8], value].concat();
    let policies = wrap(0x30, &wrap(0x30, &wrap(0x06, &oid)));
    CustomExtension::from_oid_content(&[2, 5, 29, 32], policies)
}

impl Pki {
    pub(crate) fn bronze() -> Self {
        Self::of_grade(2)
    }

    pub(crate) fn gold() -> Self {
        Self::of_grade(1)
    }

    fn of_grade(grade: u8) -> Self {
        let l1_key = KeyPair::generate().unwrap();
        let mut l1 = named("Acme NES L1 CA");
        l1.use_authority_key_identifier_extension = false;
        l1.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        l1.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let l1_der = l1.self_signed(&l1_key).unwrap().der().to_vec();
        let l1 = Issuer::new(l1, l1_key);
        let l2_key = KeyPair::generate().unwrap();
        let mut l2 = named("Acme NES L2 CA");
        l2.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        l2.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        l2.custom_extensions = vec![grade_extension(grade)];
        let l2_der = l2.signed_by(&l2_key, &l1).unwrap().der().to_vec();
        Self {
            l1: l1_der,
            l2: l2_der,
            issuer: Issuer::new(l2, l2_key),
        }
    }

    pub(crate) fn leaf(&self, name: &str, roles: &[u64]) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut leaf = named(name);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let other = |role: &u64| ExtendedKeyUsagePurpose::Other([&ARC[..], &[2, *role]].concat());
        leaf.extended_key_usages.extend(roles.iter().map(other));
        let der = leaf.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        let key = SecretKey::from_pkcs8_der(key.serialized_der()).unwrap();
        Leaf { der, key }
    }

    pub(crate) fn l1_pem(&self) -> String {
        nymi_core::chain::pem::encode("CERTIFICATE", &self.l1)
    }
}
