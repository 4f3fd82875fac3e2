//! Certificates of an enterprise, and the store of an application that has one of them.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use nymi_core::chain::pem;
use nymi_core::crypto::{PrivateKey as _, SecretKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    SignatureAlgorithm, date_time_ymd,
};

/// The platform's arc, 2.25.1853451625.
const ARC: [u64; 3] = [2, 25, 1_853_451_625];
/// The policy of the bronze grade below it, as the value of certificatePolicies.
const BRONZE: [u8; 14] = [
    0x30, 12, 0x30, 10, 0x06, 8, 0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 1, 2,
];

pub(crate) struct Enterprise {
    /// The folder of the application's certificates.
    pub(crate) store: String,
    /// L1 in PEM.
    pub(crate) l1: String,
    _folder: tempfile::TempDir,
}

struct Public([u8; 65]);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params
}

impl Enterprise {
    pub(crate) fn new() -> Self {
        let mut l1 = named("Acme NES L1 CA");
        l1.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        l1.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let l1_key = KeyPair::generate().expect("a key");
        let l1_der = l1.self_signed(&l1_key).expect("L1").der().to_vec();
        let by_l1 = Issuer::new(l1, l1_key);

        let mut l2 = named("Acme NES L2 CA");
        l2.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        l2.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], BRONZE.to_vec());
        l2.custom_extensions = vec![policies];
        l2.use_authority_key_identifier_extension = true;
        let l2_key = KeyPair::generate().expect("a key");
        let l2_der = l2.signed_by(&l2_key, &by_l1).expect("L2").der().to_vec();
        let by_l2 = Issuer::new(l2, l2_key);

        let key = SecretKey::from_scalar(&[7; 32]).expect("a scalar");
        let mut leaf = named("Records");
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let nea = ExtendedKeyUsagePurpose::Other([&ARC[..], &[2, 1]].concat());
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, nea];
        leaf.use_authority_key_identifier_extension = true;
        let public = Public(*key.public_key().as_uncompressed());
        let leaf = leaf.signed_by(&public, &by_l2).expect("a leaf");

        let pem = |der: &[u8]| pem::encode("CERTIFICATE", der);
        let digits =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let entry = serde_json::json!({
            "format": 1, "nea_name": "Records", "nes_url": "https://nes.example/nes",
            "l1": pem(&l1_der), "chain": [pem(leaf.der()), pem(&l2_der)],
            "key": digits(&key.to_pkcs8_der()),
        });
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("nsl");
        let made = fs::DirBuilder::new().mode(0o700).create(&store);
        made.expect("a folder");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600);
        let file = file.open(store.join("Records-0.json")).expect("a file");
        serde_json::to_writer(file, &entry).expect("room");
        Self {
            store: store.to_str().expect("UTF-8").to_owned(),
            l1: pem(&l1_der),
            _folder: folder,
        }
    }
}
