//! A certificate, read strictly and owned.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use super::der::{DerResult, Reader, Span, tag};
use super::error::{ChainError, Fault};
use super::extensions::{self, Extensions};
use super::oid::{Dotted, Oid};
use super::requirements::Role;
use super::{name, pem};
use crate::UnixMillis;
use crate::crypto::PublicKey;

/// The largest certificate that is read, in bytes.
pub(crate) const MAX_CERTIFICATE: usize = 64 * 1024;

/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2, without parameters (RFC 5758, 3.2).
const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];

/// A signed structure: what is signed, how, and the signature (certificates, CRLs and requests).
#[derive(Clone, Copy)]
pub(crate) struct Signed {
    /// What is signed, tag and length included.
    pub(crate) to_be_signed: Span,
    /// The whole AlgorithmIdentifier beside the signature.
    pub(crate) algorithm: Span,
    pub(crate) signature: Span,
}

impl Signed {
    /// Takes the outer SEQUENCE apart; also gives the contents of the signed part.
    pub(crate) fn read(document: &[u8]) -> DerResult<(Self, Reader<'_>)> {
        let mut outer = super::der::whole(document, tag::SEQUENCE, "the input is not a SEQUENCE")?;
        let inner = outer.element(tag::SEQUENCE, "the signed part is not a SEQUENCE")?;
        let algorithm = outer.element(tag::SEQUENCE, "the signature algorithm is missing")?;
        check_algorithm(algorithm.content)?;
        let signature = outer.octet_bits("the signature is missing")?.span();
        outer.finish()?;
        let signed = Self {
            to_be_signed: inner.whole,
            algorithm: algorithm.whole,
            signature,
        };
        Ok((signed, inner.content))
    }

    /// Whether the signature is ECDSA with SHA-256; otherwise the algorithm, dotted.
    pub(crate) fn check_supported(&self, document: &[u8]) -> Result<(), String> {
        let algorithm = self.algorithm.of(document);
        if algorithm == ECDSA_WITH_SHA256 {
            Ok(())
        } else {
            Err(algorithm_name(algorithm))
        }
    }
}

fn check_algorithm(mut content: Reader<'_>) -> DerResult<Reader<'_>> {
    let id = content.oid("an algorithm has no identifier")?;
    if !content.is_empty() {
        content.value()?;
    }
    content.finish()?;
    Ok(id)
}

fn algorithm_name(identifier: &[u8]) -> String {
    let id = Reader::new(identifier)
        .and_then(|mut reader| reader.sequence("")?.oid(""))
        .map(|id| id.bytes())
        .unwrap_or_default();
    alloc::format!("{}", Dotted(id))
}

/// The key of a certificate.
#[derive(Clone, Debug)]
pub(crate) enum SubjectKey {
    P256(PublicKey),
    /// Another kind of key: its algorithm or curve, dotted.
    Other(String),
}

/// A certificate that was read strictly. Reading says nothing about trust: that is what
/// [`verify`](super::verify()) is for.
///
/// What every certificate must fulfil on its own is checked here: DER, version 3, a positive serial
/// number of at most 20 octets, equal algorithms, no unknown critical and no duplicate extension.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    pub(crate) signed: Signed,
    serial: Span,
    issuer: Span,
    subject: Span,
    common_name: Option<Span>,
    /// Subject and issuer are the same (RFC 5280, 3.2).
    self_issued: bool,
    not_before: UnixMillis,
    not_after: UnixMillis,
    spki: Span,
    pub(crate) key: SubjectKey,
    pub(crate) extensions: Extensions,
}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// The encoding, or a rule that concerns one certificate alone; no index is given.
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        Self::parse(der).map_err(|fault| ChainError::new(None, fault))
    }

    /// Reads one certificate, the first of the PEM text.
    ///
    /// # Errors
    /// As of [`from_der`](Self::from_der); or the text has no certificate (132).
    pub fn from_pem(text: &str) -> Result<Self, ChainError> {
        match pem::decode(text, "CERTIFICATE") {
            Ok(blocks) => Self::from_der(blocks.first().map_or(&[], Vec::as_slice)),
            Err(error) => Err(ChainError::new(None, Fault::Pem(error))),
        }
    }

    pub(crate) fn parse(der: &[u8]) -> Result<Self, Fault> {
        if der.len() > MAX_CERTIFICATE {
            return Err(Fault::TooLarge {
                found: der.len(),
                limit: MAX_CERTIFICATE,
            });
        }
        let (signed, mut tbs) = Signed::read(der)?;
        version_3(&mut tbs)?;
        let serial = serial(tbs.integer("the serial number is missing")?)?;
        let inner = tbs.element(tag::SEQUENCE, "the signature algorithm is missing")?;
        if inner.whole.of(der) != signed.algorithm.of(der) {
            return Err(Fault::AlgorithmsDiffer);
        }
        let issuer = read_name(&mut tbs, "the issuer is missing")?;
        let mut validity = tbs.sequence("the validity is missing")?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.finish()?;
        let subject = read_name(&mut tbs, "the subject is missing")?;
        let spki = tbs.element(tag::SEQUENCE, "the public key is missing")?;
        let key = subject_key(der, spki.whole, spki.content)?;
        unique_identifiers(&mut tbs)?;
        let extensions = match tbs.is_empty() {
            true => Extensions::default(),
            false => {
                let explicit =
                    tbs.element(tag::context_constructed(3), "extensions are missing")?;
                Extensions::read(extensions::explicit(explicit)?)?
            }
        };
        tbs.finish()?;
        let certificate = Self {
            der: der.to_vec(),
            signed,
            serial,
            issuer: issuer.0,
            subject: subject.0,
            common_name: name::common_name(subject.1),
            self_issued: name::equal(issuer.0.of(der), subject.0.of(der)),
            not_before,
            not_after,
            spki: spki.whole,
            key,
            extensions,
        };
        certificate.check()?;
        Ok(certificate)
    }

    /// Rules between the fields of one certificate.
    fn check(&self) -> Result<(), Fault> {
        let no_subject = is_empty_name(self.subject_der());
        // RFC 5280, 4.1.2.4 and 4.1.2.6.
        if is_empty_name(self.issuer_der()) || no_subject && self.is_ca() {
            return Err(Fault::EmptyName);
        }
        let names = self.extensions.alternative_names.as_ref();
        if no_subject && !names.is_some_and(|names| names.critical) {
            return Err(Fault::NotConforming {
                rule: "without a subject, subjectAltName is there and critical (4.2.1.6)",
            });
        }
        Ok(())
    }

    /// The encoding that was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the encoding.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The public key; none if it is not a P-256 key. The leaf of a verified chain has one.
    pub fn public_key(&self) -> Option<&PublicKey> {
        match &self.key {
            SubjectKey::P256(key) => Some(key),
            SubjectKey::Other(_) => None,
        }
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki_der(&self) -> &[u8] {
        self.spki.of(&self.der)
    }

    /// The subject in DER.
    pub fn subject_der(&self) -> &[u8] {
        self.subject.of(&self.der)
    }

    /// The issuer in DER.
    pub fn issuer_der(&self) -> &[u8] {
        self.issuer.of(&self.der)
    }

    /// The common name of the subject; none if there is none, or several, or it is not plain text that shows
    /// something: what this gives has no control characters.
    pub fn subject_cn(&self) -> Option<&str> {
        core::str::from_utf8(self.common_name?.of(&self.der)).ok()
    }

    /// The subject for messages and logs, such as `CN=Acme NES L2 CA, O=Acme`.
    pub fn subject_display(&self) -> String {
        name::display(self.subject_der())
    }

    /// The issuer for messages and logs, as [`subject_display`](Self::subject_display).
    pub fn issuer_display(&self) -> String {
        name::display(self.issuer_der())
    }

    /// The serial number in lower-case hex, without a leading zero octet.
    pub fn serial_hex(&self) -> String {
        let octets = self.serial();
        hex::encode(octets.strip_prefix(&[0]).unwrap_or(octets))
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.serial.of(&self.der)
    }

    /// First moment of the validity.
    pub const fn not_before(&self) -> UnixMillis {
        self.not_before
    }

    /// Last second of the validity.
    pub const fn not_after(&self) -> UnixMillis {
        self.not_after
    }

    /// Whether the validity covers this moment, both ends included. Certificates know seconds
    /// alone, so the whole last second counts (RFC 5280, 4.1.2.5).
    pub fn is_valid_at(&self, at: UnixMillis) -> bool {
        (self.not_before.as_secs()..=self.not_after.as_secs()).contains(&at.as_secs())
    }

    /// Whether extendedKeyUsage names this role.
    pub fn has_role(&self, role: Role) -> bool {
        self.has_purpose(role.oid()) == Some(true)
    }

    /// Whether extendedKeyUsage names this purpose; none without that extension.
    pub fn has_purpose(&self, purpose: Oid) -> Option<bool> {
        let purposes = self.extensions.key_purposes.as_ref()?;
        Some(
            purposes
                .iter()
                .any(|span| span.of(&self.der) == purpose.content()),
        )
    }

    /// Whether certificatePolicies states this policy.
    pub fn has_policy(&self, policy: Oid) -> bool {
        let policies = self.extensions.policies.as_deref().unwrap_or_default();
        policies
            .iter()
            .any(|span| span.of(&self.der) == policy.content())
    }

    /// Whether basicConstraints makes this a CA certificate.
    pub fn is_ca(&self) -> bool {
        self.extensions
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// The path length constraint: how many CAs may follow this one.
    pub fn path_length(&self) -> Option<u32> {
        self.extensions.basic_constraints?.path_length
    }

    /// Whether keyUsage is there and has this bit.
    pub(crate) fn has_usage(&self, bit: u16) -> bool {
        self.extensions
            .key_usage
            .is_some_and(|usage| usage & bit != 0)
    }

    pub(crate) const fn is_self_issued(&self) -> bool {
        self.self_issued
    }

    /// An extension's part of this certificate.
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.der)
    }

    /// What is signed, and the signature.
    pub(crate) fn signature(&self) -> (&[u8], &[u8]) {
        (
            self.bytes(self.signed.to_be_signed),
            self.bytes(self.signed.signature),
        )
    }
}

pub(crate) fn is_empty_name(name: &[u8]) -> bool {
    name == [0x30, 0x00]
}

fn version_3(tbs: &mut Reader<'_>) -> Result<(), Fault> {
    let Some(mut explicit) = tbs.optional(tag::context_constructed(0))? else {
        return Err(Fault::Version);
    };
    let version = explicit.integer("the version is missing")?;
    explicit.finish()?;
    if version.bytes() == [2] {
        Ok(())
    } else {
        Err(Fault::Version)
    }
}

/// RFC 5280, 4.1.2.2: positive, at most 20 octets.
fn serial(content: Reader<'_>) -> Result<Span, Fault> {
    let octets = content.bytes();
    let positive = octets.first().is_some_and(|byte| byte & 0x80 == 0) && octets != [0];
    if positive && octets.len() <= 20 {
        Ok(content.span())
    } else {
        Err(Fault::Serial)
    }
}

/// A Name, whole and contents, its structure checked.
pub(crate) fn read_name<'a>(
    reader: &mut Reader<'a>,
    what: &'static str,
) -> DerResult<(Span, Reader<'a>)> {
    let element = reader.element(tag::SEQUENCE, what)?;
    name::check(element.content)?;
    Ok((element.whole, element.content))
}

/// SubjectPublicKeyInfo: a P-256 key, or what else it is.
pub(crate) fn subject_key(
    document: &[u8],
    whole: Span,
    mut content: Reader<'_>,
) -> DerResult<SubjectKey> {
    let algorithm = content.sequence("the algorithm of the key is missing")?;
    let id = check_algorithm(algorithm)?;
    content.read(tag::BIT_STRING, "the key is missing")?;
    content.finish()?;
    if let Some(key) = PublicKey::from_spki_der(whole.of(document)) {
        return Ok(SubjectKey::P256(key));
    }
    if PublicKey::has_spki_form(whole.of(document)) {
        return Err(content.fail("the public key is not a point on P-256"));
    }
    let mut parameters = algorithm;
    parameters.any()?;
    let curve = parameters
        .oid("no curve")
        .map(|curve| curve.bytes())
        .unwrap_or_default();
    let shown = if curve.is_empty() { id.bytes() } else { curve };
    Ok(SubjectKey::Other(alloc::format!("{}", Dotted(shown))))
}

/// issuerUniqueID and subjectUniqueID: read over (RFC 5280, 4.1.2.8).
fn unique_identifiers(tbs: &mut Reader<'_>) -> DerResult<()> {
    for number in [1, 2] {
        if let Some(identifier) = tbs.optional(tag::context(number))? {
            identifier.as_bits()?;
        }
    }
    Ok(())
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Certificate({:?}, serial {})",
            self.subject_display(),
            self.serial_hex()
        )
    }
}
