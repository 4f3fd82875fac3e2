//! The rules for one complete path, whose signatures and names were found to fit.

use alloc::sync::Arc;

use super::certificate::{Certificate, SubjectKey};
use super::constraints::Constraints;
use super::error::{ChainError, Fault, FoundGrade};
use super::policy::Policies;
use super::policy_inputs::PolicyInputs;
use super::requirements::{Grade, Profile, Purpose, Requirements, Role};
use super::work::Work;
use super::{conforming, key_usage, oid};
use crate::UnixMillis;

/// A certificate of a path and its place among those presented.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) index: usize,
}

/// The fault that is worth most to an operator, of those found so far.
#[derive(Default)]
pub(crate) struct Report {
    worst: Option<ChainError>,
    /// What was looked at is no path of CAs, whatever else is wrong with it.
    is_no_path: bool,
}

impl Report {
    /// Keeps this fault if no other of the same or a higher rank was found before.
    pub(crate) fn add(&mut self, index: Option<usize>, fault: Fault) {
        let rank = self.worst.as_ref().map(|error| error.fault().rank());
        if rank.is_none_or(|rank| rank < fault.rank()) {
            self.worst = Some(ChainError::new(index, fault));
        }
    }

    /// As [`add`](Self::add), a fault that makes it no path.
    fn add_no_path(&mut self, index: Option<usize>, fault: Fault) {
        self.is_no_path = true;
        self.add(index, fault);
    }

    pub(crate) fn check(&mut self, link: &Link, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.add(Some(link.index), fault);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if let Some(error) = other.worst {
            let (index, fault) = (error.index(), error.into_fault());
            self.add(index, fault);
        }
    }

    /// Whether certificates issued others that are no CAs, or not at this place: then their names,
    /// policies and revocation do not matter, and nobody is made to look at them.
    pub(crate) const fn is_no_path(&self) -> bool {
        self.is_no_path
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.worst.is_none()
    }

    pub(crate) fn into_error(self) -> Option<ChainError> {
        self.worst
    }
}

/// Checks a path, anchor first and leaf last, and reports every fault.
pub(crate) fn check(
    path: &[Link],
    at: UnixMillis,
    requirements: &Requirements<'_>,
    work: &mut Work,
    report: &mut Report,
) {
    let ([anchor, below @ ..], Some(leaf)) = (path, path.last()) else {
        return report.add(None, Fault::Missing);
    };
    let Some((_, intermediates)) = below.split_last() else {
        return report.add(None, Fault::LeafIsAnchor);
    };
    check_each(path, at, requirements, report);
    check_lengths(anchor, intermediates, requirements, report);
    if !report.is_no_path() {
        check_names(path, work, report);
        check_policies(anchor, below, &requirements.policies, work, report);
    }
    check_purpose(path, leaf, requirements, report);
    check_grades(anchor, intermediates, requirements, report);
    check_l2(intermediates, requirements, report);
}

/// Rules for certificates one by one, and for neighbours.
fn check_each(path: &[Link], at: UnixMillis, requirements: &Requirements<'_>, report: &mut Report) {
    let last = path.len() - 1;
    for (position, link) in path.iter().enumerate() {
        let certificate = &link.certificate;
        report.check(link, check_validity(certificate, at));
        if position < last
            && let Err(fault) = check_issuer(certificate)
        {
            report.add_no_path(Some(link.index), fault);
        }
        if requirements.profile == Profile::Conforming {
            report.check(link, conforming::check(certificate));
            if position == 0 {
                report.check(link, conforming::check_anchor(certificate));
            } else {
                let issuer = &path[position - 1].certificate;
                report.check(link, conforming::check_identifiers(issuer, certificate));
            }
        }
    }
}

/// RFC 5280, 6.1.3 (a)(2); of the anchor too.
pub(crate) fn check_validity(certificate: &Certificate, at: UnixMillis) -> Result<(), Fault> {
    if certificate.is_valid_at(at) {
        return Ok(());
    }
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    Err(Fault::Validity {
        not_before,
        not_after,
        at,
    })
}

/// 6.1.4 (k) and (n). Version 3 is checked when reading. A CA's keyUsage must be there (4.2.1.3).
pub(crate) fn check_issuer(certificate: &Certificate) -> Result<(), Fault> {
    if !certificate.is_ca() {
        return Err(Fault::NotCa);
    }
    require_usage(certificate, key_usage::KEY_CERT_SIGN)
}

fn require_usage(certificate: &Certificate, bit: u16) -> Result<(), Fault> {
    let expected = key_usage::name(bit);
    if certificate.has_usage(bit) {
        Ok(())
    } else {
        Err(Fault::KeyUsage { expected })
    }
}

/// 6.1.4 (l) and (m), and the depth that the caller allows. Self-issued certificates do not count, but for
/// the depth where a grade is demanded: an L2 issues leaves and no further L2.
fn check_lengths(
    anchor: &Link,
    intermediates: &[Link],
    requirements: &Requirements<'_>,
    report: &mut Report,
) {
    let mut limit = anchor.certificate.path_length();
    let mut left = limit.unwrap_or(u32::MAX);
    let mut source = anchor;
    let every_one = requirements.grade.grade().is_some();
    let mut depth = 0;
    for link in intermediates {
        let is_self_issued = link.certificate.is_self_issued();
        depth += usize::from(every_one || !is_self_issued);
        if !is_self_issued {
            match left.checked_sub(1) {
                Some(rest) => left = rest,
                None => {
                    let limit = limit.unwrap_or_default();
                    return report.add_no_path(Some(source.index), Fault::PathLength { limit });
                }
            }
        }
        if let Some(stated) = link
            .certificate
            .path_length()
            .filter(|stated| *stated < left)
        {
            (left, limit, source) = (stated, Some(stated), link);
        }
    }
    let limit = requirements.max_depth;
    if depth > usize::from(limit) {
        report.add_no_path(
            None,
            Fault::TooDeep {
                limit,
                found: depth,
            },
        );
    }
}

/// 6.1.3 (b) and (c), 6.1.4 (g). Self-issued certificates are exempt unless they are the leaf.
fn check_names(path: &[Link], work: &mut Work, report: &mut Report) {
    let mut constraints = Constraints::default();
    for (position, link) in path.iter().enumerate() {
        let is_leaf = position + 1 == path.len();
        // Nothing constrains the anchor: there is no CA above it.
        if is_leaf || !link.certificate.is_self_issued() {
            report.check(link, constraints.check(&link.certificate, is_leaf, work));
        }
        if !is_leaf {
            report.check(link, constraints.push(&link.certificate, work));
        }
    }
}

fn check_policies<'a>(
    anchor: &Link,
    below: &'a [Link],
    inputs: &PolicyInputs<'a>,
    work: &mut Work,
    report: &mut Report,
) {
    let mut policies = Policies::new(&anchor.certificate, below.len(), inputs);
    for (position, link) in below.iter().enumerate() {
        let certificate = &link.certificate;
        let is_leaf = position + 1 == below.len();
        let result = policies
            .enter(certificate, is_leaf, work)
            .and_then(|()| match is_leaf {
                true => policies.finish(certificate, work),
                false => policies.hand_down(certificate, work),
            });
        if let Err(fault) = result {
            return report.add(Some(link.index), fault);
        }
    }
}

/// What the leaf may be used for, and whether the CAs above allow it: an extendedKeyUsage of a CA
/// limits what it issues, as all current verifiers have it.
fn check_purpose(path: &[Link], leaf: &Link, requirements: &Requirements<'_>, report: &mut Report) {
    let certificate = &leaf.certificate;
    if let SubjectKey::Other(found) = &certificate.key {
        report.add(
            Some(leaf.index),
            Fault::UnsupportedKey {
                found: found.clone(),
            },
        );
    }
    let has_role = matches!(requirements.purpose, Purpose::Role(_));
    if certificate.is_ca() && (has_role || !requirements.ca_leaf) {
        report.add(Some(leaf.index), Fault::CaLeaf);
    }
    report.check(leaf, check_end_entity(certificate));
    match requirements.purpose {
        Purpose::Any => {}
        Purpose::KeyPurpose(expected) => {
            for link in path {
                if allows(&link.certificate, expected) == Some(false) {
                    report.add(Some(link.index), Fault::KeyPurpose { expected });
                }
            }
        }
        Purpose::Role(role) => {
            report.check(leaf, require_usage(certificate, role.key_usage()));
            for missing in role_purposes(role) {
                let fault = || Fault::Role {
                    expected: role,
                    missing,
                };
                if certificate.has_purpose(missing) != Some(true) {
                    report.add(Some(leaf.index), fault());
                }
                for link in path {
                    if allows(&link.certificate, missing) == Some(false) {
                        report.add(Some(link.index), fault());
                    }
                }
            }
            report.check(leaf, check_one_role(certificate, role));
        }
    }
}

/// What belongs to CAs alone.
fn check_end_entity(certificate: &Certificate) -> Result<(), Fault> {
    let rule = if certificate.is_ca() {
        return Ok(());
    } else if certificate.has_usage(key_usage::KEY_CERT_SIGN) {
        // "If the cA boolean is not asserted, then the keyCertSign bit […] MUST NOT be asserted."
        "keyCertSign is for CAs alone (4.2.1.9)"
    } else if certificate.extensions.name_constraints.is_some() {
        // "The name constraints extension, which MUST be used only in a CA certificate".
        "name constraints are for CAs alone (4.2.1.10)"
    } else {
        return Ok(());
    };
    Err(Fault::NotConforming { rule })
}

fn role_purposes(role: Role) -> impl Iterator<Item = oid::Oid> {
    [
        Some(role.oid()),
        role.is_client().then_some(oid::CLIENT_AUTH),
    ]
    .into_iter()
    .flatten()
}

/// A leaf has its role and no second one. A terminal alone has two: it is an application that also enrolls.
fn check_one_role(certificate: &Certificate, role: Role) -> Result<(), Fault> {
    let terminal = [Role::Nea, Role::Nba];
    let second = Role::ALL.into_iter().find(|other| {
        *other != role
            && certificate.has_role(*other)
            && !(terminal.contains(other) && terminal.contains(&role))
    });
    match second {
        None => Ok(()),
        Some(found) => Err(Fault::SecondRole {
            expected: role,
            found,
        }),
    }
}

/// Whether extendedKeyUsage allows this purpose; none without the extension. Only a CA allows it by
/// anyExtendedKeyUsage (RFC 5280, 4.2.1.12 lets verifiers refuse leaves that lack the very purpose).
fn allows(certificate: &Certificate, purpose: oid::Oid) -> Option<bool> {
    let any = certificate.is_ca() && certificate.has_purpose(oid::ANY_PURPOSE)?;
    Some(any || certificate.has_purpose(purpose)?)
}

/// The grades that an L2 states.
pub(crate) fn found_grade(issuer: &Certificate) -> FoundGrade {
    let [gold, bronze] = [Grade::Gold, Grade::Bronze].map(|grade| issuer.has_policy(grade.oid()));
    match (gold, bronze) {
        (true, true) => FoundGrade::Both,
        (true, false) => FoundGrade::One(Grade::Gold),
        (false, true) => FoundGrade::One(Grade::Bronze),
        (false, false) => FoundGrade::None,
    }
}

/// An L2 states that no CA follows (trust.md, Certificates). The leaf's issuer is one where it has to have a grade.
fn check_l2(intermediates: &[Link], requirements: &Requirements<'_>, report: &mut Report) {
    let Some(l2) = intermediates.last() else {
        return;
    };
    let found = l2.certificate.path_length();
    if requirements.grade.grade().is_some() && found != Some(0) {
        report.add(Some(l2.index), Fault::L2PathLength { found });
    }
}

/// The leaf's issuer states the grade, and no CA above it can give what it does not have: the anchor
/// states no other grade alone, and a CA below the anchor no other policies without anyPolicy, since by
/// RFC 5280, 6.1.3 (d), the grade would not be valid below it.
fn check_grades(
    anchor: &Link,
    intermediates: &[Link],
    requirements: &Requirements<'_>,
    report: &mut Report,
) {
    let Some(expected) = requirements.grade.grade() else {
        return;
    };
    let mut refuse = |link: &Link, found| {
        report.add(Some(link.index), Fault::Grade { expected, found });
    };
    let (issuer, above) = intermediates.split_last().unwrap_or((anchor, &[]));
    let found = found_grade(&issuer.certificate);
    if found != FoundGrade::One(expected) {
        refuse(issuer, found);
    }
    for link in above {
        let certificate = &link.certificate;
        let open =
            certificate.extensions.policies.is_none() || certificate.has_policy(oid::ANY_POLICY);
        match found_grade(certificate) {
            FoundGrade::None if open => {}
            FoundGrade::One(grade) if grade == expected => {}
            found => refuse(link, found),
        }
    }
    match found_grade(&anchor.certificate) {
        FoundGrade::One(grade) if grade != expected => refuse(anchor, FoundGrade::One(grade)),
        _ => {}
    }
}
