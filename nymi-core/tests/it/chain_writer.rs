//! Writes certificates and CRLs octet by octet, right or wrong, for the chain tests.

use nymi_core::UnixMillis;
use nymi_core::chain::oid::{self, Oid};
use nymi_core::chain::{
    ChainError, GradeRequirement, Requirements, Role, TrustAnchor, VerifiedChain, verify,
};
use nymi_core::crypto::{PrivateKey, RustCrypto, SecretKey};
use nymi_crypto_ring::RingVerifier;

/// 2026-05-13T08:30:00Z, within the validity of everything that is written here.
pub(crate) const NOW: UnixMillis = UnixMillis(1_778_661_000_000);

pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
pub(crate) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];

pub(crate) const SUBJECT_KEY_ID: u8 = 14;
pub(crate) const KEY_USAGE: u8 = 15;
pub(crate) const SUBJECT_ALT_NAME: u8 = 17;
pub(crate) const BASIC_CONSTRAINTS: u8 = 19;
pub(crate) const NAME_CONSTRAINTS: u8 = 30;
pub(crate) const CRL_DISTRIBUTION_POINTS: u8 = 31;
pub(crate) const POLICIES: u8 = 32;
pub(crate) const POLICY_MAPPINGS: u8 = 33;
pub(crate) const AUTHORITY_KEY_ID: u8 = 35;
pub(crate) const POLICY_CONSTRAINTS: u8 = 36;
pub(crate) const KEY_PURPOSES: u8 = 37;
pub(crate) const INHIBIT_ANY_POLICY: u8 = 54;

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match length {
        0..0x80 => element.push(length as u8),
        0x80..0x100 => element.extend([0x81, length as u8]),
        0x100..0x1_0000 => element.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => element.extend([
            0x83,
            (length >> 16) as u8,
            (length >> 8) as u8,
            length as u8,
        ]),
    }
    element.extend_from_slice(content);
    element
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn id(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

pub(crate) fn utc(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

/// A Name with one attribute (2.5.4.`kind`) for each pair, a UTF8String each.
pub(crate) fn dn(attributes: &[(u8, &str)]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, text)| {
            tlv(
                0x31,
                &seq(&[&id(&[0x55, 4, *kind]), &tlv(0x0c, text.as_bytes())]),
            )
        })
        .collect();
    tlv(0x30, &rdns.concat())
}

pub(crate) fn cn(text: &str) -> Vec<u8> {
    dn(&[(3, text)])
}

/// A key that is always the same for the same number.
pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_scalar(&[number; 32]).unwrap()
}

fn algorithm(id_content: &[u8]) -> Vec<u8> {
    seq(&[&id(id_content)])
}

/// ECDSA-Sig-Value of `r || s`.
fn signature(signer: &SecretKey, message: &[u8]) -> Vec<u8> {
    let fixed = signer.sign_fixed(message);
    let integer = |octets: &[u8]| {
        let start = octets.iter().position(|octet| *octet != 0).unwrap_or(31);
        let magnitude = &octets[start..];
        let sign: &[u8] = if magnitude[0] & 0x80 != 0 { &[0] } else { &[] };
        tlv(0x02, &[sign, magnitude].concat())
    };
    seq(&[&integer(&fixed[..32]), &integer(&fixed[32..])])
}

pub(crate) fn sign(to_be_signed: &[u8], algorithm: &[u8], signer: &SecretKey) -> Vec<u8> {
    let bits = tlv(
        0x03,
        &[&[0], signature(signer, to_be_signed).as_slice()].concat(),
    );
    seq(&[to_be_signed, algorithm, &bits])
}

/// One extension: the last arc of 2.5.29, or a whole identifier.
#[derive(Clone)]
pub(crate) struct Ext {
    pub(crate) id: Vec<u8>,
    /// The encoding of `critical`: nothing for FALSE.
    pub(crate) critical: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

pub(crate) fn ext(number: u8, critical: bool, value: &[u8]) -> Ext {
    other_ext(&[0x55, 0x1d, number], critical, value)
}

pub(crate) fn other_ext(id: &[u8], critical: bool, value: &[u8]) -> Ext {
    let critical = if critical {
        vec![0x01, 0x01, 0xff]
    } else {
        vec![]
    };
    Ext {
        id: id.to_vec(),
        critical,
        value: value.to_vec(),
    }
}

pub(crate) fn write_exts(extensions: &[Ext]) -> Vec<u8> {
    let list: Vec<Vec<u8>> = extensions
        .iter()
        .map(|extension| {
            seq(&[
                &id(&extension.id),
                &extension.critical,
                &octets(&extension.value),
            ])
        })
        .collect();
    tlv(0x30, &list.concat())
}

/// Everything that a certificate says, to be changed at will before it is signed.
#[derive(Clone)]
pub(crate) struct Cert {
    /// What stands for the version, tag and all.
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Vec<u8>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: SecretKey,
    pub(crate) spki: Vec<u8>,
    /// Between key and extensions: unique identifiers.
    pub(crate) unique: Vec<u8>,
    pub(crate) extensions: Vec<Ext>,
    /// After the extensions.
    pub(crate) tail: Vec<u8>,
}

impl Cert {
    pub(crate) fn new(subject: Vec<u8>, subject_key: SecretKey, issuer: &[u8]) -> Self {
        Self {
            version: tlv(0xa0, &tlv(0x02, &[2])),
            serial: vec![0x11],
            inner_algorithm: algorithm(ECDSA_SHA256),
            outer_algorithm: algorithm(ECDSA_SHA256),
            issuer: issuer.to_vec(),
            not_before: utc("260101000000Z"),
            not_after: utc("270101000000Z"),
            subject,
            spki: subject_key.public_key().to_spki_der(),
            key: subject_key,
            unique: vec![],
            extensions: vec![],
            tail: vec![],
        }
    }

    /// A CA; `path_length` none for no constraint.
    pub(crate) fn ca(name: &str, number: u8, issuer: &[u8], path_length: Option<u8>) -> Self {
        let mut ca = Self::new(cn(name), key(number), issuer);
        ca.extensions = vec![
            ext(
                BASIC_CONSTRAINTS,
                true,
                &basic_constraints(true, path_length),
            ),
            ext(KEY_USAGE, true, &tlv(0x03, &[1, 0x06])),
        ];
        ca
    }

    /// A self-signed CA.
    pub(crate) fn root(name: &str, number: u8) -> Self {
        Self::ca(name, number, &cn(name), None)
    }

    /// An end entity with digitalSignature and no extendedKeyUsage.
    pub(crate) fn end(name: &str, number: u8, issuer: &[u8]) -> Self {
        let mut end = Self::new(cn(name), key(number), issuer);
        end.extensions = vec![ext(KEY_USAGE, true, &tlv(0x03, &[7, 0x80]))];
        end
    }

    pub(crate) fn set(&mut self, number: u8, critical: bool, value: &[u8]) {
        self.remove(number);
        self.extensions.push(ext(number, critical, value));
    }

    pub(crate) fn with(mut self, number: u8, critical: bool, value: &[u8]) -> Self {
        self.set(number, critical, value);
        self
    }

    pub(crate) fn remove(&mut self, number: u8) {
        self.extensions
            .retain(|extension| extension.id != [0x55, 0x1d, number]);
    }

    pub(crate) fn algorithms(&mut self, id_content: &[u8]) {
        self.inner_algorithm = algorithm(id_content);
        self.outer_algorithm = algorithm(id_content);
    }

    pub(crate) fn sign(&self, signer: &SecretKey) -> Vec<u8> {
        let extensions = if self.extensions.is_empty() {
            vec![]
        } else {
            tlv(0xa3, &write_exts(&self.extensions))
        };
        let to_be_signed = seq(&[
            &self.version,
            &tlv(0x02, &self.serial),
            &self.inner_algorithm,
            &self.issuer,
            &seq(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &self.unique,
            &extensions,
            &self.tail,
        ]);
        sign(&to_be_signed, &self.outer_algorithm, signer)
    }

    pub(crate) fn signed_by(&self, issuer: &Self) -> Vec<u8> {
        self.sign(&issuer.key)
    }

    /// The certificate as an anchor, self-signed.
    pub(crate) fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_der(&self.signed_by(self)).unwrap()
    }
}

pub(crate) fn basic_constraints(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca: &[u8] = if ca { &[0x01, 0x01, 0xff] } else { &[] };
    let path_length = path_length.map_or(vec![], |length| tlv(0x02, &[length]));
    seq(&[ca, &path_length])
}

/// A SEQUENCE of identifiers.
pub(crate) fn ids(list: &[Oid]) -> Vec<u8> {
    tlv(0x30, &list.iter().flat_map(Oid::to_der).collect::<Vec<_>>())
}

/// certificatePolicies.
pub(crate) fn policies(list: &[&[u8]]) -> Vec<u8> {
    tlv(
        0x30,
        &list
            .iter()
            .flat_map(|policy| seq(&[&id(policy)]))
            .collect::<Vec<_>>(),
    )
}

/// The chain of the platform: L1, L2 of grade bronze, a Nymi-enabled application.
#[derive(Clone)]
pub(crate) struct Trio {
    pub(crate) l1: Cert,
    pub(crate) l2: Cert,
    pub(crate) leaf: Cert,
}

impl Trio {
    pub(crate) fn new() -> Self {
        let l1 = Cert::root("Acme NES L1 CA", 1);
        let l2 = Cert::ca("Acme NES L2 CA", 2, &l1.subject, Some(0)).with(
            POLICIES,
            false,
            &policies(&[oid::GRADE_BRONZE.content()]),
        );
        let leaf = Cert::end("kiosk", 3, &l2.subject).with(
            KEY_PURPOSES,
            false,
            &ids(&[oid::CLIENT_AUTH, oid::ROLE_NEA]),
        );
        Self { l1, l2, leaf }
    }

    /// What the peer presents: leaf and L2.
    pub(crate) fn presented(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.signed_by(&self.l2), self.l2.signed_by(&self.l1)]
    }

    pub(crate) fn check(&self) -> Result<VerifiedChain, ChainError> {
        self.check_with(&requirements())
    }

    pub(crate) fn check_with(
        &self,
        requirements: &Requirements<'_>,
    ) -> Result<VerifiedChain, ChainError> {
        check(&[self.l1.anchor()], &self.presented(), NOW, requirements)
    }
}

/// What the tests of the platform's chain demand.
pub(crate) fn requirements() -> Requirements<'static> {
    Requirements::new(GradeRequirement::Bronze).with_role(Role::Nea)
}

/// What the tests of RFC 5280 demand: nothing but a path.
pub(crate) fn any_path() -> Requirements<'static> {
    Requirements::new(GradeRequirement::Any).with_max_depth(8)
}

/// Verifies by both providers, which must agree.
pub(crate) fn check(
    anchors: &[TrustAnchor],
    presented: &[Vec<u8>],
    at: UnixMillis,
    requirements: &Requirements<'_>,
) -> Result<VerifiedChain, ChainError> {
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let pure = verify(&RustCrypto, anchors, &presented, at, requirements);
    let fast = verify(&RingVerifier, anchors, &presented, at, requirements);
    assert_eq!(pure.as_ref().err(), fast.as_ref().err());
    fast
}

/// The number and the index of the error; none for success.
pub(crate) fn fault<T>(result: Result<T, ChainError>) -> Option<(u32, Option<usize>)> {
    result.err().map(|error| (error.number(), error.index()))
}
