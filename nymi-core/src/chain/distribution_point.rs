//! CRL distribution points, as certificates (RFC 5280, 4.2.1.13) and CRLs (5.2.5) name them.

use alloc::vec::Vec;

use super::der::{DerResult, Reader, Span, tag};
use super::general_name::GeneralName;
use super::name;

/// Every reason: the bits 1 to 8 of ReasonFlags.
pub(crate) const ALL_REASONS: u16 = 0x7f80;

/// DistributionPointName.
#[derive(Clone, Debug)]
pub(crate) enum PointName {
    /// The name itself, in one or more forms.
    Full(Vec<GeneralName>),
    /// What is added to the name of the CRL's issuer: the contents of one RDN.
    Relative(Span),
}

/// DistributionPoint.
#[derive(Clone, Debug)]
pub(crate) struct DistributionPoint {
    pub(crate) name: Option<PointName>,
    pub(crate) reasons: u16,
    pub(crate) crl_issuer: Vec<GeneralName>,
}

/// All points up to the end; at least one.
pub(crate) fn list(mut reader: Reader<'_>) -> DerResult<Vec<DistributionPoint>> {
    if reader.is_empty() {
        return Err(reader.fail("the list of distribution points is empty"));
    }
    let mut points = Vec::new();
    while !reader.is_empty() {
        points.push(point(
            reader.sequence("a distribution point is not a SEQUENCE")?,
        )?);
    }
    Ok(points)
}

fn point(mut content: Reader<'_>) -> DerResult<DistributionPoint> {
    let name = content
        .optional(tag::context_constructed(0))?
        .map(point_name)
        .transpose()?;
    let reasons = content
        .optional(tag::context(1))?
        .map(reasons)
        .transpose()?;
    let crl_issuer = content
        .optional(tag::context_constructed(2))?
        .map(GeneralName::list)
        .transpose()?;
    content.finish()?;
    let crl_issuer = crl_issuer.unwrap_or_default();
    if name.is_none() && crl_issuer.is_empty() {
        return Err(content.fail("a distribution point has neither name nor issuer"));
    }
    Ok(DistributionPoint {
        name,
        reasons: reasons.unwrap_or(ALL_REASONS),
        crl_issuer,
    })
}

/// The contents of DistributionPointName, a CHOICE within an explicit tag.
pub(crate) fn point_name(mut content: Reader<'_>) -> DerResult<PointName> {
    let element = content.any()?;
    content.finish()?;
    match element.tag {
        0xa0 => Ok(PointName::Full(GeneralName::list(element.content)?)),
        0xa1 => {
            name::check_rdn(element.content)?;
            Ok(PointName::Relative(element.content.span()))
        }
        _ => Err(element
            .content
            .fail("the name of a distribution point has no known form")),
    }
}

/// The contents of ReasonFlags; bit 0 is unused.
pub(crate) fn reasons(content: Reader<'_>) -> DerResult<u16> {
    Ok(content.as_named_bits()? & ALL_REASONS)
}

/// A key that is equal for equal names of distribution points.
pub(crate) type PointKey = (u8, name::Canonical);

impl DistributionPoint {
    /// How many octets its names have.
    pub(crate) fn len(&self) -> usize {
        let issuers: usize = self.crl_issuer.iter().map(|name| name.len()).sum();
        issuers + self.name.as_ref().map_or(0, PointName::len)
    }
}

impl PointName {
    /// How many octets it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Full(names) => names.iter().map(|name| name.len()).sum(),
            Self::Relative(span) => span.len(),
        }
    }

    /// The keys of this name; `issuer` is the Name to which a relative name is added.
    pub(crate) fn keys(&self, document: &[u8], issuer: &[u8]) -> Vec<PointKey> {
        match self {
            Self::Full(names) => names.iter().map(|name| name.key(document)).collect(),
            Self::Relative(span) => {
                let mut full = name::canonical(issuer);
                if let Ok(set) = Reader::new(span.of(document)) {
                    full.push(name::canonical_rdn(set));
                }
                alloc::vec![(4, full)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_point_counts_with_all_its_octets() {
        let uri = b"\x86\x08http://a";
        let mut der = alloc::vec![0x30, 24, 0x30, 22];
        der.extend(b"\xa0\x0c\xa0\x0a");
        der.extend(uri);
        der.extend(b"\xa2\x06\x82\x04a.bc");
        let points = list(Reader::new(&der).unwrap().sequence("").unwrap()).unwrap();
        assert_eq!(points.len(), 1);
        assert_eq!(points[0].len(), 8 + 4);
        let relative = PointName::Relative(Reader::new(uri).unwrap().span());
        assert_eq!(relative.len(), 10);
    }
}
