//! The extensions of a certificate that validation uses (RFC 5280, 4.2.1).

use alloc::vec::Vec;

use super::der::{DerResult, Element, Reader, Span, tag};
use super::distribution_point::{self, DistributionPoint};
use super::error::Fault;
use super::general_name::GeneralName;
use super::oid::Dotted;

/// More extensions than any certificate has.
const MAX_EXTENSIONS: usize = 64;
/// A certificate's purposes are compared in each path that it may be part of.
const MAX_PURPOSES: usize = 100;

/// basicConstraints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BasicConstraints {
    pub(crate) critical: bool,
    pub(crate) ca: bool,
    pub(crate) path_length: Option<u32>,
}

/// subjectAltName.
#[derive(Clone, Debug)]
pub(crate) struct SubjectAltName {
    pub(crate) critical: bool,
    pub(crate) names: Vec<GeneralName>,
}

/// nameConstraints: the bases of the subtrees. They bind whether the extension is critical or not.
#[derive(Clone, Debug)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<GeneralName>,
    pub(crate) excluded: Vec<GeneralName>,
}

/// policyConstraints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit: Option<u32>,
    pub(crate) inhibit_mapping: Option<u32>,
}

/// What validation needs of the extensions; spans point into the certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<u16>,
    pub(crate) key_purposes: Option<Vec<Span>>,
    pub(crate) alternative_names: Option<SubjectAltName>,
    pub(crate) name_constraints: Option<NameConstraints>,
    pub(crate) policies: Option<Vec<Span>>,
    pub(crate) policy_mappings: Vec<(Span, Span)>,
    pub(crate) policy_constraints: Option<PolicyConstraints>,
    pub(crate) inhibit_any_policy: Option<u32>,
    /// Whether authorityKeyIdentifier is there.
    pub(crate) names_authority: bool,
    /// Its keyIdentifier.
    pub(crate) authority_key: Option<Span>,
    pub(crate) subject_key: Option<Span>,
    pub(crate) distribution_points: Vec<DistributionPoint>,
}

/// One Extension, with the reader of its value.
pub(crate) struct Extension<'a> {
    pub(crate) id: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: Reader<'a>,
}

/// Calls `each` with every extension of a SEQUENCE OF Extension; refuses duplicates.
pub(crate) fn for_each<'a>(
    mut list: Reader<'a>,
    mut each: impl FnMut(Extension<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if list.is_empty() {
        return Err(list.fail("the list of extensions is empty").into());
    }
    let mut seen: Vec<&[u8]> = Vec::with_capacity(12);
    while !list.is_empty() {
        let mut extension = list.sequence("an extension is not a SEQUENCE")?;
        let id = extension.oid("an extension has no identifier")?.bytes();
        let critical = extension.default_false()?;
        let value = extension.read(tag::OCTET_STRING, "an extension has no value")?;
        extension.finish()?;
        if seen.contains(&id) {
            return Err(Fault::DuplicateExtension {
                found: alloc::format!("{}", Dotted(id)),
            });
        }
        if seen.len() == MAX_EXTENSIONS {
            return Err(list.fail("there are too many extensions").into());
        }
        seen.push(id);
        each(Extension {
            id,
            critical,
            value,
        })?;
    }
    Ok(())
}

/// The fault of a critical extension that is not processed.
pub(crate) fn unknown_critical(id: &[u8]) -> Fault {
    Fault::UnknownCritical {
        found: alloc::format!("{}", Dotted(id)),
    }
}

impl Extensions {
    /// Reads the contents of Extensions.
    pub(crate) fn read(list: Reader<'_>) -> Result<Self, Fault> {
        let mut extensions = Self::default();
        for_each(list, |extension| extensions.take(&extension))?;
        Ok(extensions)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<(), Fault> {
        let Extension {
            id,
            critical,
            value,
        } = *extension;
        // 1.3.6.1.5.5.7.1.1 and .11: information access. It is read for its syntax alone, and must
        // not be critical (RFC 5280, 4.2.2).
        let access = matches!(id, [0x2b, 6, 1, 5, 5, 7, 1, 1 | 11]);
        let number = match id {
            [0x55, 0x1d, number] => Some(*number),
            _ => None,
        };
        match number {
            Some(14) => self.subject_key = Some(key_identifier(value)?),
            Some(15) => self.key_usage = Some(key_usage(value)?),
            Some(17) => {
                let names = GeneralName::list(sequence(value)?)?;
                check_addresses(&names, value)?;
                self.alternative_names = Some(SubjectAltName { critical, names });
            }
            Some(19) => self.basic_constraints = Some(basic_constraints(value, critical)?),
            Some(30) => self.name_constraints = Some(name_constraints(value)?),
            Some(31) => self.distribution_points = distribution_point::list(sequence(value)?)?,
            Some(32) => self.policies = Some(policies(value)?),
            Some(33) => self.policy_mappings = policy_mappings(value)?,
            Some(35) => {
                self.names_authority = true;
                self.authority_key = authority_key_identifier(value)?;
            }
            Some(36) => self.policy_constraints = Some(policy_constraints(value)?),
            Some(37) => self.key_purposes = Some(key_purposes(value)?),
            Some(54) => self.inhibit_any_policy = Some(single(value, Reader::as_count)?),
            _ if access => information_access(value)?,
            _ if critical => return Err(unknown_critical(id)),
            _ => {}
        }
        // RFC 5280: conforming CAs MUST mark these as non-critical (4.2.1.1, 4.2.1.2, 4.2.2).
        if critical && (access || matches!(number, Some(14 | 35))) {
            return Err(value
                .fail("an extension is critical that must not be")
                .into());
        }
        Ok(())
    }
}

/// The contents of a value that is one SEQUENCE.
pub(crate) fn sequence(mut value: Reader<'_>) -> DerResult<Reader<'_>> {
    let content = value.sequence("the value of an extension is not a SEQUENCE")?;
    value.finish()?;
    Ok(content)
}

/// A value that is one INTEGER.
pub(crate) fn single<'a, T>(
    mut value: Reader<'a>,
    read: impl FnOnce(Reader<'a>) -> DerResult<T>,
) -> DerResult<T> {
    let integer = value.integer("the value of an extension is not an INTEGER")?;
    value.finish()?;
    read(integer)
}

fn key_identifier(mut value: Reader<'_>) -> DerResult<Span> {
    let content = value.read(tag::OCTET_STRING, "a key identifier is not an OCTET STRING")?;
    value.finish()?;
    if content.is_empty() {
        Err(content.fail("a key identifier is empty"))
    } else {
        Ok(content.span())
    }
}

fn key_usage(mut value: Reader<'_>) -> DerResult<u16> {
    let bits = value.read(tag::BIT_STRING, "keyUsage is not a BIT STRING")?;
    value.finish()?;
    match bits.as_named_bits()? {
        // "At least one of the bits MUST be set to 1" (4.2.1.3).
        0 => Err(bits.fail("keyUsage has no bit set")),
        usage => Ok(usage),
    }
}

/// An iPAddress in a certificate has 4 or 16 octets (4.2.1.6); in a constraint twice as many.
fn check_addresses(names: &[GeneralName], value: Reader<'_>) -> DerResult<()> {
    check_address_lengths(names, value, [4, 16])
}

fn check_address_lengths(
    names: &[GeneralName],
    value: Reader<'_>,
    lengths: [usize; 2],
) -> DerResult<()> {
    let wrong = names.iter().any(|name| match name {
        GeneralName::Ip(span) => !lengths.contains(&span.len()),
        _ => false,
    });
    if wrong {
        Err(value.fail("an IP address has the wrong length"))
    } else {
        Ok(())
    }
}

fn basic_constraints(value: Reader<'_>, critical: bool) -> DerResult<BasicConstraints> {
    let mut content = sequence(value)?;
    let ca = content.default_false()?;
    let path_length = content
        .optional(tag::INTEGER)?
        .map(Reader::as_count)
        .transpose()?;
    content.finish()?;
    if path_length.is_some() && !ca {
        return Err(content.fail("a path length constraint is stated by no CA"));
    }
    Ok(BasicConstraints {
        critical,
        ca,
        path_length,
    })
}

fn name_constraints(value: Reader<'_>) -> DerResult<NameConstraints> {
    let mut content = sequence(value)?;
    let permitted = subtrees(content.optional(tag::context_constructed(0))?)?;
    let excluded = subtrees(content.optional(tag::context_constructed(1))?)?;
    content.finish()?;
    if permitted.is_empty() && excluded.is_empty() {
        return Err(value.fail("name constraints are empty"));
    }
    check_address_lengths(&permitted, value, [8, 32])?;
    check_address_lengths(&excluded, value, [8, 32])?;
    Ok(NameConstraints {
        permitted,
        excluded,
    })
}

fn subtrees(list: Option<Reader<'_>>) -> DerResult<Vec<GeneralName>> {
    let Some(mut list) = list else {
        return Ok(Vec::new());
    };
    if list.is_empty() {
        return Err(list.fail("a list of subtrees is empty"));
    }
    let mut bases = Vec::new();
    while !list.is_empty() {
        let mut subtree = list.sequence("a subtree is not a SEQUENCE")?;
        bases.push(GeneralName::next(&mut subtree)?);
        // "minimum MUST be zero, and maximum MUST be absent" (4.2.1.10), and zero is the default.
        if !subtree.is_empty() {
            return Err(subtree.fail("a subtree has a minimum or maximum"));
        }
    }
    Ok(bases)
}

fn policies(value: Reader<'_>) -> DerResult<Vec<Span>> {
    let mut list = non_empty(value, "the list of policies is empty")?;
    let mut policies = Vec::new();
    let mut ids: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        let mut policy = list.sequence("a policy is not a SEQUENCE")?;
        let id = policy.oid("a policy has no identifier")?;
        if !policy.is_empty() {
            qualifiers(policy.non_empty_sequence("policy qualifiers are not a SEQUENCE")?)?;
        }
        policy.finish()?;
        ids.push(id.bytes());
        policies.push(id.span());
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(value.fail("a policy is stated twice"));
    }
    Ok(policies)
}

fn qualifiers(mut list: Reader<'_>) -> DerResult<()> {
    while !list.is_empty() {
        let mut qualifier = list.sequence("a policy qualifier is not a SEQUENCE")?;
        qualifier.oid("a policy qualifier has no identifier")?;
        qualifier.value()?;
        qualifier.finish()?;
    }
    Ok(())
}

fn policy_mappings(value: Reader<'_>) -> DerResult<Vec<(Span, Span)>> {
    let mut list = non_empty(value, "the list of policy mappings is empty")?;
    let mut mappings = Vec::new();
    while !list.is_empty() {
        let mut mapping = list.sequence("a policy mapping is not a SEQUENCE")?;
        let issuer = mapping.oid("a policy mapping has no issuer policy")?.span();
        let subject = mapping
            .oid("a policy mapping has no subject policy")?
            .span();
        mapping.finish()?;
        mappings.push((issuer, subject));
    }
    Ok(mappings)
}

fn policy_constraints(value: Reader<'_>) -> DerResult<PolicyConstraints> {
    let mut content = non_empty(value, "policy constraints are empty")?;
    let mut count = |number| {
        content
            .optional(tag::context(number))?
            .map(Reader::as_count)
            .transpose()
    };
    let (require_explicit, inhibit_mapping) = (count(0)?, count(1)?);
    content.finish()?;
    Ok(PolicyConstraints {
        require_explicit,
        inhibit_mapping,
    })
}

fn key_purposes(value: Reader<'_>) -> DerResult<Vec<Span>> {
    let mut list = non_empty(value, "the list of key purposes is empty")?;
    let mut purposes = Vec::new();
    while !list.is_empty() {
        if purposes.len() == MAX_PURPOSES {
            return Err(value.fail("there are more than 100 key purposes"));
        }
        purposes.push(list.oid("a key purpose is not an identifier")?.span());
    }
    Ok(purposes)
}

/// authorityKeyIdentifier; the issuer's name and serial number come both or not at all (RFC 5280,
/// appendix A.2).
pub(crate) fn authority_key_identifier(value: Reader<'_>) -> DerResult<Option<Span>> {
    let mut content = sequence(value)?;
    let key = content.optional(tag::context(0))?.map(|key| key.span());
    let issuer = content.optional(tag::context_constructed(1))?;
    if let Some(issuer) = issuer {
        GeneralName::list(issuer)?;
    }
    let serial = content
        .optional(tag::context(2))?
        .map(Reader::as_integer)
        .transpose()?;
    content.finish()?;
    if issuer.is_some() != serial.is_some() {
        return Err(value.fail("the issuer's name and serial number do not come together"));
    }
    if key.is_some_and(Span::is_empty) {
        return Err(value.fail("a key identifier is empty"));
    }
    Ok(key)
}

fn information_access(value: Reader<'_>) -> DerResult<()> {
    let mut list = non_empty(value, "information access is empty")?;
    while !list.is_empty() {
        let mut access = list.sequence("an access description is not a SEQUENCE")?;
        access.oid("an access description has no method")?;
        GeneralName::next(&mut access)?;
        access.finish()?;
    }
    Ok(())
}

fn non_empty<'a>(value: Reader<'a>, what: &'static str) -> DerResult<Reader<'a>> {
    let content = sequence(value)?;
    if content.is_empty() {
        Err(value.fail(what))
    } else {
        Ok(content)
    }
}

/// Reads `[n] EXPLICIT Extensions`.
pub(crate) fn explicit(element: Element<'_>) -> DerResult<Reader<'_>> {
    sequence(element.content)
}
