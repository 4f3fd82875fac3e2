//! Name constraints (RFC 5280, 4.2.1.10): is every name of a certificate within the permitted
//! subtrees, and none within an excluded one, of the CAs above it?
//!
//! A constraint or a name that cannot be understood never lets a name of its form pass. What the
//! RFC leaves open:
//!
//! - a wildcard `*.d` stands for every name one label below `d`: it is permitted only if all of
//!   them are, and excluded if one of them is;
//! - a common name of a leaf that looks like a host or an address is held to the constraints as if the
//!   leaf stated it as an alternative name, whatever else it states, since some verifiers still look
//!   there (RFC 6125, 6.4.4);
//! - a mailbox beyond ASCII (RFC 9598) is not interpreted: no constraint on mailboxes lets it pass;
//! - a directory name that is an excluded one in another spelling (Unicode normalisation, RFC 4518) cannot be told from one that is
//!   not: where only such text is between them, it is excluded.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::certificate::{Certificate, is_empty_name};
use super::error::Fault;
use super::general_name::GeneralName;
use super::name::{self, Canonical};
use super::work::Work;
use super::{dns, uri};

/// A name, or the base of a subtree, ready for comparison.
enum Subject<'a> {
    Mailbox(&'a str),
    Dns(Cow<'a, str>),
    Directory(Canonical, &'a [u8]),
    Uri(&'a str),
    Ip(Vec<u8>),
    Utf8Mailbox,
    Other(u8),
}

/// A name or a constraint cannot be interpreted.
struct Unclear;

/// The constraints of one CA.
struct Level<'a> {
    permitted: Vec<Subject<'a>>,
    excluded: Vec<Subject<'a>>,
}

/// The constraints of the CAs above a certificate, top first.
#[derive(Default)]
pub(crate) struct Constraints<'a> {
    levels: Vec<Level<'a>>,
}

impl<'a> Constraints<'a> {
    /// Adds those of the next CA on the way down.
    pub(crate) fn push(&mut self, ca: &'a Certificate, work: &mut Work) -> Result<(), Fault> {
        if let Some(constraints) = &ca.extensions.name_constraints {
            let bases = constraints.permitted.iter().chain(&constraints.excluded);
            work.prepare_name(bases.map(|base| base.len()).sum())?;
            let subjects = |names: &[GeneralName]| {
                names
                    .iter()
                    .map(|name| Subject::of(ca, *name))
                    .collect::<Vec<_>>()
            };
            self.levels.push(Level {
                permitted: subjects(&constraints.permitted),
                excluded: subjects(&constraints.excluded),
            });
        }
        Ok(())
    }

    /// Holds every name of a certificate to them.
    pub(crate) fn check(
        &self,
        certificate: &Certificate,
        is_leaf: bool,
        work: &mut Work,
    ) -> Result<(), Fault> {
        if self.levels.is_empty() {
            return Ok(());
        }
        let alternative = certificate.extensions.alternative_names.as_ref();
        let stated = alternative.map_or(&[][..], |alternative| &alternative.names);
        let octets: usize = stated.iter().map(|name| name.len()).sum();
        work.prepare_name(certificate.subject_der().len() + octets)?;
        for name in names(certificate, is_leaf) {
            for level in &self.levels {
                level.check(&name, work)?;
            }
        }
        Ok(())
    }
}

/// The names that a certificate states.
fn names(certificate: &Certificate, is_leaf: bool) -> Vec<Subject<'_>> {
    let mut names = Vec::new();
    let subject = certificate.subject_der();
    if !is_empty_name(subject) {
        names.push(Subject::Directory(name::canonical(subject), subject));
    }
    match &certificate.extensions.alternative_names {
        Some(alternative) => {
            names.extend(
                alternative
                    .names
                    .iter()
                    .map(|name| Subject::of(certificate, *name)),
            );
        }
        // "[…] but the certificate does not include a subject alternative name, the rfc822Name
        // constraint MUST be applied to the attribute of type emailAddress".
        None => names.extend(name::email_addresses(subject).map(Subject::mailbox)),
    }
    if is_leaf {
        names.extend(name::common_names(subject).filter_map(|text| Subject::host(&text)));
    }
    names
}

impl<'a> Subject<'a> {
    /// The host that a common name is, if it is one.
    fn host(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(IpAddr::V4(address)) => Some(Self::Ip(address.octets().to_vec())),
            Ok(IpAddr::V6(address)) => Some(Self::Ip(address.octets().to_vec())),
            Err(_) => {
                let text = text.strip_suffix('.').unwrap_or(text);
                dns::looks_like_host(text).then(|| Self::Dns(Cow::Owned(text.to_owned())))
            }
        }
    }

    fn of(certificate: &'a Certificate, name: GeneralName) -> Self {
        match name {
            GeneralName::Rfc822(span) => Self::mailbox(certificate.bytes(span)),
            GeneralName::Dns(span) => Self::Dns(Cow::Borrowed(ascii(certificate.bytes(span)))),
            GeneralName::Uri(span) => Self::Uri(ascii(certificate.bytes(span))),
            GeneralName::Ip(span) => Self::Ip(certificate.bytes(span).to_vec()),
            GeneralName::Directory(span) => {
                let whole = certificate.bytes(span);
                Self::Directory(name::canonical(whole), whole)
            }
            GeneralName::Utf8Mailbox(_) => Self::Utf8Mailbox,
            GeneralName::Other(..) => Self::Other(name.form()),
        }
    }

    fn mailbox(text: &'a [u8]) -> Self {
        Self::Mailbox(ascii(text))
    }

    const fn form(&self) -> u8 {
        match self {
            Self::Mailbox(_) | Self::Utf8Mailbox => 1,
            Self::Dns(_) => 2,
            Self::Directory(..) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other(form) => *form,
        }
    }

    fn display(&self) -> String {
        let text = match self {
            Self::Mailbox(text) | Self::Uri(text) => (*text).to_owned(),
            Self::Dns(text) => text.clone().into_owned(),
            Self::Utf8Mailbox => "a mailbox beyond ASCII".to_owned(),
            Self::Directory(_, whole) => name::display(whole),
            Self::Ip(octets) => address(octets),
            Self::Other(form) => alloc::format!("a name of form {form}"),
        };
        text.chars()
            .filter(|char| !char.is_control())
            .take(128)
            .collect()
    }
}

/// The bytes were read as IA5String, or as a common name, or stand for no text: then for a name
/// that no constraint understands.
fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

fn address(octets: &[u8]) -> String {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return alloc::format!("{}", IpAddr::from(octets));
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(octets) => alloc::format!("{}", IpAddr::from(octets)),
        Err(_) => hex::encode(octets),
    }
}

impl Level<'_> {
    fn check(&self, name: &Subject<'_>, work: &mut Work) -> Result<(), Fault> {
        work.compare(1 + self.permitted.len() + self.excluded.len())?;
        let same_form = |base: &&Subject<'_>| base.form() == name.form();
        let excluded = || Fault::Excluded {
            name: name.display(),
        };
        let not_permitted = || Fault::NotPermitted {
            name: name.display(),
        };
        for base in self.excluded.iter().filter(same_form) {
            if let (Subject::Directory(_, one), Subject::Directory(_, other)) = (name, base) {
                work.compare((one.len() + other.len()) / 64)?;
            }
            if touches(name, base).map_err(|Unclear| excluded())? {
                return Err(excluded());
            }
        }
        let mut constrained = false;
        for base in self.permitted.iter().filter(same_form) {
            constrained = true;
            if within(name, base).map_err(|Unclear| not_permitted())? {
                return Ok(());
            }
        }
        if constrained {
            Err(not_permitted())
        } else {
            Ok(())
        }
    }
}

/// Whether everything that the name stands for is within the subtree.
fn within(name: &Subject<'_>, base: &Subject<'_>) -> Result<bool, Unclear> {
    match (name, base) {
        (Subject::Dns(name), Subject::Dns(base)) => {
            let (name, base) = (dns::Name::presented(name)?, dns::Name::base(base)?);
            Ok(name.is_within(&base))
        }
        _ => matches(name, base),
    }
}

/// Whether anything that the name stands for is within the subtree.
fn touches(name: &Subject<'_>, base: &Subject<'_>) -> Result<bool, Unclear> {
    match (name, base) {
        (Subject::Dns(name), Subject::Dns(base)) => {
            let (name, base) = (dns::Name::presented(name)?, dns::Name::base(base)?);
            Ok(name.may_be_within(&base))
        }
        (Subject::Directory(name, _), Subject::Directory(base, _)) => {
            Ok(name::may_be_below(name, base))
        }
        _ => matches(name, base),
    }
}

fn matches(name: &Subject<'_>, base: &Subject<'_>) -> Result<bool, Unclear> {
    match (name, base) {
        (Subject::Mailbox(name), Subject::Mailbox(base)) => mailbox_matches(name, base),
        (Subject::Uri(name), Subject::Uri(base)) => {
            host_matches(uri::host(name).ok_or(Unclear)?, base)
        }
        (Subject::Directory(name, _), Subject::Directory(base, _)) => Ok(name.starts_with(base)),
        (Subject::Ip(name), Subject::Ip(base)) => address_matches(name, base),
        _ => Err(Unclear),
    }
}

/// A mailbox against a mailbox, a host, or with a leading period a domain.
fn mailbox_matches(name: &str, base: &str) -> Result<bool, Unclear> {
    let (local, host) = mailbox(name).ok_or(Unclear)?;
    if base.contains('@') {
        let (base_local, base_host) = mailbox(base).ok_or(Unclear)?;
        // The local part is compared exactly (7.5).
        return Ok(local == base_local && host.eq_ignore_ascii_case(base_host));
    }
    host_matches(host, base)
}

/// The local part and the host of a mailbox.
pub(crate) fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (local, host) = text.rsplit_once('@')?;
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let plain = !local.is_empty()
        && local
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"@\"(),:;<>[\\]".contains(&byte));
    ((quoted || plain) && dns::is_host(host)).then_some((local, host))
}

/// A host against a host, or with a leading period a domain that it must be below.
fn host_matches(host: &str, base: &str) -> Result<bool, Unclear> {
    if let Some(domain) = base.strip_prefix('.') {
        let (host, domain) = (dns::Name::host(host)?, dns::Name::host(domain)?);
        return Ok(host.is_below(&domain));
    }
    if base.is_empty() {
        return Ok(true);
    }
    let (host, base) = (dns::Name::host(host)?, dns::Name::host(base)?);
    Ok(host.is_same(&base))
}

/// An address against an address and a mask, which must be a prefix (RFC 4632).
fn address_matches(name: &[u8], base: &[u8]) -> Result<bool, Unclear> {
    let (network, mask) = base.split_at(base.len() / 2);
    let ones = mask
        .iter()
        .map(|byte| byte.leading_ones())
        .take_while(|ones| *ones == 8)
        .count();
    let rest = mask.get(ones..).unwrap_or_default();
    let contiguous = rest.iter().enumerate().all(|(position, byte)| {
        let allowed = if position == 0 {
            byte.leading_ones()
        } else {
            0
        };
        byte.count_ones() == allowed
    });
    if !contiguous {
        return Err(Unclear);
    }
    let same = |(position, byte): (usize, &u8)| (byte ^ network[position]) & mask[position] == 0;
    Ok(name.len() == network.len() && name.iter().enumerate().all(same))
}

impl From<dns::NotAName> for Unclear {
    fn from(_: dns::NotAName) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_local_part_has_both_quotes_and_something_between() {
        for text in ["\"a\"@example.com", "\"a@b\"@example.com", "a@example.com"] {
            assert!(mailbox(text).is_some(), "{text}");
        }
        for text in [
            "\"\"@example.com",
            "\"@example.com",
            "\"ab@example.com",
            "ab\"@example.com",
            "abc\"d@example.com",
            "@example.com",
        ] {
            assert_eq!(mailbox(text), None, "{text}");
        }
    }

    #[test]
    fn names_cost_their_octets_each_time() {
        let ca = include_bytes!("../../tests/vectors/enterprise/l2.pem");
        let ca = Certificate::from_pem(core::str::from_utf8(ca).unwrap()).unwrap();
        let constraints = Constraints {
            levels: alloc::vec![Level {
                permitted: Vec::new(),
                excluded: Vec::new(),
            }],
        };
        let mut work = Work::new();
        let checks = (0..).take_while(|_| constraints.check(&ca, false, &mut work).is_ok());
        let stated = ca.extensions.alternative_names.as_ref();
        let octets: usize =
            stated.map_or(0, |stated| stated.names.iter().map(|name| name.len()).sum());
        let each = ca.subject_der().len() + octets;
        assert_eq!(checks.count(), 2 * 1024 * 1024 / each);
    }

    #[test]
    fn long_directory_names_cost_more_beside_excluded_ones() {
        let directory = |whole| Subject::Directory(Canonical::default(), whole);
        let (short, long) = ([0; 10], [0; 640]);
        // One for the name, one for each base, and one for each 64 octets of both.
        for (one, other, cost) in [
            (&short[..], &short[..], 3),
            (&long, &short, 13),
            (&long, &long, 23),
        ] {
            let level = Level {
                permitted: Vec::new(),
                excluded: alloc::vec![Subject::Mailbox("example.com"), directory(other)],
            };
            let (name, mut work) = (directory(one), Work::new());
            let checks = (0..)
                .take_while(|_| !matches!(level.check(&name, &mut work), Err(Fault::WorkLimit)));
            assert_eq!(checks.count(), 100_000 / cost);
        }
    }

    #[test]
    fn each_subtree_and_each_name_costs_a_comparison() {
        let level = Level {
            permitted: (0..3).map(|_| Subject::Mailbox("example.com")).collect(),
            excluded: (0..2).map(|_| Subject::Mailbox("example.org")).collect(),
        };
        let (name, mut work) = (Subject::Other(0), Work::new());
        let checks = (0..).take_while(|_| level.check(&name, &mut work).is_ok());
        assert_eq!(checks.count(), 100_000 / (1 + 3 + 2));
    }
}
