//! An enterprise's certificates, made by another library than the one that checks them.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    SignatureAlgorithm, date_time_ymd,
};

/// The platform's arc, 2.25.1853451625.
const ARC: [u64; 3] = [2, 25, 1_853_451_625];

pub(crate) struct Pki {
    pub(crate) l1: Vec<u8>,
    pub(crate) l2: Vec<u8>,
    grade: u8,
    l1_issuer: Issuer<'static, KeyPair>,
    l2_issuer: Issuer<'static, KeyPair>,
}

/// Days of January 2026: not before, not after.
pub(crate) type Days = (u8, u8);

struct Public([u8; 65]);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn named(name: &str, (from, to): Days) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, from);
    params.not_after = date_time_ymd(2026, 1, to);
    params
}

/// certificatePolicies with the policy of one grade: 1 gold, 2 bronze.
fn grade_extension(grade: u8) -> CustomExtension {
    let mut oid = vec![0x69];
    let mut digits = Vec::new();
    let mut rest = ARC[2];
    while rest > 0 {
        digits.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    digits.reverse();
    let last = digits.len() - 1;
    oid.extend(
        digits
            .iter()
            .enumerate()
            .map(|(at, digit)| digit | if at < last { 0x80 } else { 0 }),
    );
    oid.extend([1, grade]);
    let wrap = |tag: u8, value: &[u8]| [&[tag, value.len() as u8], value].concat();
    let policies = wrap(0x30, &wrap(0x30, &wrap(0x06, &oid)));
    CustomExtension::from_oid_content(&[2, 5, 29, 32], policies)
}

impl Pki {
    /// Grade 1 is gold, 2 bronze.
    pub(crate) fn new(grade: u8) -> Self {
        let l1_key = KeyPair::generate().unwrap();
        let mut l1 = named("Acme NES L1 CA", (1, 31));
        l1.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        l1.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let l1_der = l1.self_signed(&l1_key).unwrap().der().to_vec();
        let l1_issuer = Issuer::new(l1, l1_key);

        let (l2, l2_issuer) = new_l2(&l1_issuer, grade);
        Self {
            l1: l1_der,
            l2,
            grade,
            l1_issuer,
            l2_issuer,
        }
    }

    /// Another L2 under the same L1 issues from now on.
    pub(crate) fn replace_l2(&mut self) {
        (self.l2, self.l2_issuer) = new_l2(&self.l1_issuer, self.grade);
    }

    /// Another enterprise's L1, as far as anybody can tell, issues from now on, with an L2 under it.
    pub(crate) fn replace_l1(&mut self) {
        *self = Self::new(self.grade);
    }

    /// A leaf for this uncompressed point; role 1 is nea, 6 nba.
    pub(crate) fn leaf(&self, name: &str, point: &[u8; 65], roles: &[u64], days: Days) -> Vec<u8> {
        let mut leaf = named(name, days);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        leaf.extended_key_usages.extend(
            roles
                .iter()
                .map(|role| ExtendedKeyUsagePurpose::Other([&ARC[..], &[2, *role]].concat())),
        );
        leaf.use_authority_key_identifier_extension = true;
        leaf.signed_by(&Public(*point), &self.l2_issuer)
            .unwrap()
            .der()
            .to_vec()
    }

    pub(crate) fn l1_pem(&self) -> String {
        nymi_core::chain::pem::encode("CERTIFICATE", &self.l1)
    }
}

fn new_l2(l1: &Issuer<'_, KeyPair>, grade: u8) -> (Vec<u8>, Issuer<'static, KeyPair>) {
    let l2_key = KeyPair::generate().unwrap();
    let mut l2 = named("Acme NES L2 CA", (1, 31));
    l2.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    l2.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    l2.custom_extensions = vec![grade_extension(grade)];
    l2.use_authority_key_identifier_extension = true;
    let der = l2.signed_by(&l2_key, l1).unwrap().der().to_vec();
    (der, Issuer::new(l2, l2_key))
}
