//! An enterprise for the assertion tests: L1, L2 of a grade, and certificates for NES to sign with.

use nymi_core::UnixMillis;
use nymi_core::assertion::{Claims, Method, Sha256Hex, issue};
use nymi_core::chain::oid::{self, Oid};
use nymi_core::chain::{Role, TrustAnchor};
use nymi_core::crypto::SecretKey;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    date_time_ymd,
};

/// 2026-05-13T08:30:00Z.
pub(crate) const NOW_S: i64 = 1_778_661_000;

pub(crate) fn now() -> UnixMillis {
    UnixMillis::from_secs(NOW_S)
}

/// A certificate and its key.
pub(crate) struct Signer {
    pub(crate) der: Vec<u8>,
    pub(crate) key: SecretKey,
}

pub(crate) struct Enterprise {
    l1: KeyPair,
    l1_params: CertificateParams,
    l1_der: Vec<u8>,
    l2: KeyPair,
    l2_params: CertificateParams,
    pub(crate) l2_der: Vec<u8>,
    pub(crate) signer: Signer,
}

fn pair() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str, path_length: u8) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// certificatePolicies with one policy.
fn policy(grade: Oid) -> CustomExtension {
    let wrap =
        |content: Vec<u8>| [vec![0x30, u8::try_from(content.len()).unwrap()], content].concat();
    CustomExtension::from_oid_content(&[2, 5, 29, 32], wrap(wrap(grade.to_der())))
}

impl Enterprise {
    pub(crate) fn new() -> Self {
        Self::of_grade(oid::GRADE_BRONZE)
    }

    pub(crate) fn of_grade(grade: Oid) -> Self {
        let (l1, l2) = (pair(), pair());
        let l1_params = authority("Acme NES L1 CA", 1);
        let mut l2_params = authority("Acme NES L2 CA", 0);
        l2_params.custom_extensions = vec![policy(grade)];
        let l1_der = l1_params.self_signed(&l1).unwrap().der().to_vec();
        let above = Issuer::from_params(&l1_params, &l1);
        let l2_der = l2_params.signed_by(&l2, &above).unwrap().der().to_vec();
        let placeholder = Signer {
            der: Vec::new(),
            key: secret(&pair()),
        };
        let mut enterprise = Self {
            l1,
            l1_params,
            l1_der,
            l2,
            l2_params,
            l2_der,
            signer: placeholder,
        };
        enterprise.signer = enterprise.sign_with(Role::NesAssertion, |_| {});
        enterprise
    }

    pub(crate) fn anchors(&self) -> [TrustAnchor; 1] {
        [TrustAnchor::from_der(&self.l1_der).unwrap()]
    }

    pub(crate) fn l1_der(&self) -> &[u8] {
        &self.l1_der
    }

    /// A certificate with this role that L2 issues, changed a little.
    pub(crate) fn sign_with(
        &self,
        role: Role,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Signer {
        let key = pair();
        let der = leaf(
            role,
            &key,
            &Issuer::from_params(&self.l2_params, &self.l2),
            change,
        );
        Signer {
            der,
            key: secret(&key),
        }
    }

    /// The same, issued by L1 with no L2 between.
    pub(crate) fn signer_under_l1(&self, grade: Oid) -> Signer {
        let key = pair();
        let above = Issuer::from_params(&self.l1_params, &self.l1);
        let graded =
            |params: &mut CertificateParams| params.custom_extensions = vec![policy(grade)];
        let der = leaf(Role::NesAssertion, &key, &above, graded);
        Signer {
            der,
            key: secret(&key),
        }
    }

    /// A certificate whose key is on P-384.
    pub(crate) fn p384_leaf(&self) -> Vec<u8> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        leaf(
            Role::NesAssertion,
            &key,
            &Issuer::from_params(&self.l2_params, &self.l2),
            |_| {},
        )
    }

    pub(crate) fn token(&self, claims: &Claims) -> String {
        issue(&self.signer.key, &self.signer.der, &self.l2_der, claims).unwrap()
    }
}

fn leaf(
    role: Role,
    key: &KeyPair,
    issuer: &Issuer<'_, impl rcgen::SigningKey>,
    change: impl FnOnce(&mut CertificateParams),
) -> Vec<u8> {
    let mut params = params("Acme NES assertions");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(role.oid().arcs().to_vec())];
    change(&mut params);
    params.signed_by(key, issuer).unwrap().der().to_vec()
}

fn secret(pair: &KeyPair) -> SecretKey {
    SecretKey::from_pkcs8_der(&pair.serialize_der()).unwrap()
}

pub(crate) const DOCUMENT: [u8; 32] = [0xd0; 32];
pub(crate) const NES: &str = "https://nes.example.com/nes";

/// A log-in of one user.
pub(crate) fn log_in() -> Claims {
    Claims {
        iss: NES.into(),
        aud: "https://mes.example.com".into(),
        azp: "https://mes.example.com".into(),
        sub: "3f0c".into(),
        username: "mdoe".into(),
        domain: "ACME".into(),
        band: "DD:34:A2:0F:0B:0D".parse().unwrap(),
        agent: "agent-1".into(),
        endpoint: "terminal-7".into(),
        method: Method::NfcBle,
        intent: false,
        intent_id: None,
        intent_at: None,
        counter: 4711,
        verified_at: now(),
        iat: NOW_S,
        exp: NOW_S + 60,
        jti: "7c1e".into(),
        nonce: Some("n-1".into()),
        document_sha256: None,
        meaning: None,
    }
}

/// A signature of one user under a document.
pub(crate) fn signature() -> Claims {
    Claims {
        intent: true,
        intent_id: Some("tap-9".into()),
        intent_at: Some(UnixMillis(NOW_S * 1000 - 1500)),
        nonce: None,
        document_sha256: Some(Sha256Hex::new(DOCUMENT)),
        meaning: Some("approved".into()),
        ..log_in()
    }
}
