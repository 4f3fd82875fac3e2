//! Certificate revocation lists (RFC 5280, 5), read strictly.

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use super::certificate::{Signed, read_name};
use super::der::{DerResult, Reader, Span, tag};
use super::distribution_point::{ALL_REASONS, PointName, point_name, reasons};
use super::error::{ChainError, Fault};
use super::extensions::{self, Extension};
use super::general_name::GeneralName;
use super::{name, pem};
use crate::UnixMillis;

/// The largest list that is read, in bytes.
const MAX_CRL: usize = 16 * 1024 * 1024;

/// CRLReason certificateHold, the one that may end (5.3.1).
pub(crate) const CERTIFICATE_HOLD: u8 = 6;

/// CRLReason removeFromCRL, which only delta CRLs have.
pub(crate) const REMOVE_FROM_CRL: u8 = 8;

/// issuingDistributionPoint (5.2.5).
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuingPoint {
    pub(crate) value: Option<Span>,
    pub(crate) name: Option<PointName>,
    pub(crate) only_users: bool,
    pub(crate) only_cas: bool,
    pub(crate) only_attributes: bool,
    pub(crate) indirect: bool,
    pub(crate) reasons: Option<u16>,
}

/// One revoked certificate.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    serial: Span,
    pub(crate) since: UnixMillis,
    pub(crate) reason: u8,
    /// The Name of the certificate's issuer in an indirect CRL; none for the CRL's own issuer.
    issuer: Option<Span>,
}

impl Entry {
    pub(crate) const fn revoked(&self) -> Fault {
        Fault::Revoked {
            since: self.since,
            reason: self.reason,
        }
    }
}

/// A revocation list that was read strictly; whether it may be used is decided with the chain.
#[derive(Clone)]
pub struct Crl {
    der: Vec<u8>,
    digest: [u8; 32],
    pub(crate) signed: Signed,
    issuer: Span,
    this_update: UnixMillis,
    next_update: Option<UnixMillis>,
    /// Sorted by serial number.
    entries: Vec<Entry>,
    pub(crate) authority_key: Option<Span>,
    number: Option<Span>,
    /// BaseCRLNumber of a delta CRL.
    base_number: Option<Span>,
    pub(crate) issuing_point: IssuingPoint,
}

impl Crl {
    /// Reads a list from DER.
    ///
    /// # Errors
    /// The encoding, or the list cannot be used whoever issued it (127).
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        Self::parse(der).map_err(|fault| ChainError::new(None, fault))
    }

    /// Reads every list of the PEM text.
    ///
    /// # Errors
    /// As of [`from_der`](Self::from_der) for any of them; or the text has no list (132).
    pub fn from_pem(text: &str) -> Result<Vec<Self>, ChainError> {
        let blocks = pem::decode(text, "X509 CRL")
            .map_err(|error| ChainError::new(None, Fault::Pem(error)))?;
        blocks.iter().map(|der| Self::from_der(der)).collect()
    }

    fn parse(der: &[u8]) -> Result<Self, Fault> {
        if der.len() > MAX_CRL {
            return Err(Fault::CrlUnusable {
                reason: "it is larger than 16 MiB",
            });
        }
        let (signed, mut tbs) = Signed::read(der)?;
        let has_version = tbs.peek() == Some(tag::INTEGER);
        if has_version && tbs.integer("")?.bytes() != [1] {
            return Err(Fault::CrlUnusable {
                reason: "it is not of version 2",
            });
        }
        let inner = tbs.element(tag::SEQUENCE, "the signature algorithm is missing")?;
        if inner.whole.of(der) != signed.algorithm.of(der) {
            return Err(Fault::AlgorithmsDiffer);
        }
        let (issuer, _) = read_name(&mut tbs, "the issuer is missing")?;
        let this_update = tbs.time()?;
        let has_next = matches!(tbs.peek(), Some(tag::UTC_TIME | tag::GENERALIZED_TIME));
        let next_update = if has_next { Some(tbs.time()?) } else { None };
        let mut crl = Self {
            der: der.to_vec(),
            digest: Sha256::digest(der).into(),
            signed,
            issuer,
            this_update,
            next_update,
            entries: Vec::new(),
            authority_key: None,
            number: None,
            base_number: None,
            issuing_point: IssuingPoint::default(),
        };
        let mut has_entry_extensions = false;
        if let Some(list) = tbs.optional(tag::SEQUENCE)? {
            (crl.entries, has_entry_extensions) = entries(list)?;
        }
        let explicit = tbs.optional(tag::context_constructed(0))?;
        let has_extensions = explicit.is_some() || has_entry_extensions;
        if let Some(mut explicit) = explicit {
            let list = explicit.sequence("extensions are not a SEQUENCE")?;
            explicit.finish()?;
            extensions::for_each(list, |extension| crl.take(&extension))?;
        }
        tbs.finish()?;
        // 5.1.2.1: extensions of the list and of its entries need version 2.
        if !has_version && has_extensions {
            return Err(Fault::CrlUnusable {
                reason: "it has extensions but is not of version 2",
            });
        }
        let other_issuers = crl.entries.iter().any(|entry| entry.issuer.is_some());
        if other_issuers && !crl.issuing_point.indirect {
            return Err(Fault::CrlUnusable {
                reason: "an entry states its issuer, and the list is not indirect (5.3.3)",
            });
        }
        crl.entries
            .sort_by(|one, other| one.serial.of(der).cmp(other.serial.of(der)));
        Ok(crl)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<(), Fault> {
        let Extension {
            id,
            critical,
            value,
        } = *extension;
        let number = match id {
            [0x55, 0x1d, number] => *number,
            _ => 0,
        };
        match number {
            20 => {
                // 5.2.3: "MUST mark this extension as non-critical".
                if critical {
                    return Err(Fault::CrlUnusable {
                        reason: "its number is critical (5.2.3)",
                    });
                }
                self.number = Some(crl_number(value)?);
            }
            27 => self.base_number = Some(crl_number(value)?),
            28 => self.issuing_point = issuing_point(value)?,
            35 if !critical => self.authority_key = extensions::authority_key_identifier(value)?,
            _ if critical => return Err(extensions::unknown_critical(id)),
            _ => {}
        }
        Ok(())
    }

    /// The encoding that was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When the list was issued.
    pub const fn this_update(&self) -> UnixMillis {
        self.this_update
    }

    /// When the next list is due.
    pub const fn next_update(&self) -> Option<UnixMillis> {
        self.next_update
    }

    /// How many entries the list has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list has no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    pub(crate) fn issuer_der(&self) -> &[u8] {
        self.issuer.of(&self.der)
    }

    /// What is signed, and the signature.
    pub(crate) fn signature(&self) -> (&[u8], &[u8]) {
        (
            self.bytes(self.signed.to_be_signed),
            self.bytes(self.signed.signature),
        )
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.der)
    }

    /// cRLNumber, as the contents of a non-negative INTEGER.
    pub(crate) fn number(&self) -> Option<&[u8]> {
        self.number.map(|span| self.bytes(span))
    }

    /// BaseCRLNumber; only a delta CRL has one.
    pub(crate) fn base_number(&self) -> Option<&[u8]> {
        self.base_number.map(|span| self.bytes(span))
    }

    /// The issuingDistributionPoint extension as it was written.
    pub(crate) fn scope(&self) -> Option<&[u8]> {
        self.issuing_point.value.map(|span| self.bytes(span))
    }

    /// The reasons that the list covers.
    pub(crate) fn reasons(&self) -> u16 {
        self.issuing_point.reasons.unwrap_or(ALL_REASONS)
    }

    /// Whether the list is current at this moment, to the second.
    pub(crate) fn check_current(&self, at: UnixMillis) -> Result<(), Fault> {
        self.check_begun(at)?;
        match self.next_update {
            Some(next) if next.as_secs() < at.as_secs() => Err(self.outdated(at)),
            _ => Ok(()),
        }
    }

    /// Whether the list had been issued at this moment.
    pub(crate) fn check_begun(&self, at: UnixMillis) -> Result<(), Fault> {
        if at.as_secs() < self.this_update.as_secs() {
            return Err(self.outdated(at));
        }
        Ok(())
    }

    const fn outdated(&self, at: UnixMillis) -> Fault {
        Fault::CrlOutdated {
            this_update: self.this_update,
            next_update: self.next_update,
            at,
        }
    }

    /// The entry for the certificate with this serial number and issuer; of several, the one that holds
    /// longest.
    pub(crate) fn entry(&self, serial: &[u8], issuer: &[u8]) -> Option<&Entry> {
        let first = self
            .entries
            .partition_point(|entry| entry.serial.of(&self.der) < serial);
        self.entries[first..]
            .iter()
            .take_while(|entry| entry.serial.of(&self.der) == serial)
            .filter(|entry| {
                let stated = entry
                    .issuer
                    .map_or(self.issuer_der(), |span| self.bytes(span));
                name::equal(stated, issuer)
            })
            .min_by_key(|entry| match entry.reason {
                REMOVE_FROM_CRL => 2,
                CERTIFICATE_HOLD => 1,
                _ => 0,
            })
    }
}

/// INTEGER (0..MAX) of at most 20 octets (5.2.3).
fn crl_number(value: Reader<'_>) -> DerResult<Span> {
    let number = extensions::single(value, Ok)?;
    let octets = number.bytes();
    if octets.first().is_some_and(|byte| byte & 0x80 != 0) || octets.len() > 20 {
        return Err(number.fail("the number of a CRL is negative or too long"));
    }
    Ok(number.span())
}

fn issuing_point(value: Reader<'_>) -> DerResult<IssuingPoint> {
    let mut content = extensions::sequence(value)?;
    let mut point = IssuingPoint {
        value: Some(value.span()),
        ..IssuingPoint::default()
    };
    if let Some(name) = content.optional(tag::context_constructed(0))? {
        point.name = Some(point_name(name)?);
    }
    let flag = |content: &mut Reader<'_>, number| match content.optional(tag::context(number))? {
        Some(flag) => flag.is_true(),
        None => Ok(false),
    };
    point.only_users = flag(&mut content, 1)?;
    point.only_cas = flag(&mut content, 2)?;
    point.reasons = content
        .optional(tag::context(3))?
        .map(reasons)
        .transpose()?;
    point.indirect = flag(&mut content, 4)?;
    point.only_attributes = flag(&mut content, 5)?;
    content.finish()?;
    let kinds = [point.only_users, point.only_cas, point.only_attributes];
    if kinds.iter().filter(|only| **only).count() > 1 {
        return Err(value.fail("a CRL is limited to two kinds of certificates"));
    }
    Ok(point)
}

/// The entries, and whether any has extensions.
fn entries(mut list: Reader<'_>) -> Result<(Vec<Entry>, bool), Fault> {
    if list.is_empty() {
        return Err(list
            .fail("the list of revoked certificates is empty")
            .into());
    }
    let mut entries = Vec::new();
    let mut has_extensions = false;
    // 5.3.3: the issuer of an entry is that of the one before, if the entry states none.
    let mut issuer = None;
    while !list.is_empty() {
        let mut entry = list.sequence("a revoked certificate is not a SEQUENCE")?;
        let serial = entry
            .integer("a revoked certificate has no serial number")?
            .span();
        let since = entry.time()?;
        let mut reason = 0;
        if !entry.is_empty() {
            has_extensions = true;
            let content = entry.sequence("extensions are not a SEQUENCE")?;
            extensions::for_each(content, |extension| {
                entry_extension(&extension, &mut reason, &mut issuer)
            })?;
        }
        entry.finish()?;
        entries.push(Entry {
            serial,
            since,
            reason,
            issuer,
        });
    }
    Ok((entries, has_extensions))
}

fn entry_extension(
    extension: &Extension<'_>,
    reason: &mut u8,
    issuer: &mut Option<Span>,
) -> Result<(), Fault> {
    let mut value = extension.value;
    match extension.id {
        [0x55, 0x1d, 21] => {
            let content = value.read(tag::ENUMERATED, "a reason is not ENUMERATED")?;
            value.finish()?;
            *reason = match content.bytes() {
                [reason @ (0..=6 | 8..=10)] => *reason,
                _ => return Err(content.fail("a reason has no meaning").into()),
            };
        }
        [0x55, 0x1d, 29] => {
            let names = GeneralName::list(extensions::sequence(value)?)?;
            let directory = names.iter().find_map(|name| match name {
                GeneralName::Directory(span) => Some(*span),
                _ => None,
            });
            *issuer = Some(directory.ok_or(value.fail("an entry's issuer is no Name"))?);
        }
        id if extension.critical => return Err(extensions::unknown_critical(id)),
        _ => {}
    }
    Ok(())
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Crl {}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = name::display(self.issuer_der());
        write!(
            f,
            "Crl({issuer:?}, {} entries, {})",
            self.entries.len(),
            self.this_update
        )
    }
}
