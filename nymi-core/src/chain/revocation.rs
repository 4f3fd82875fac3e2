//! Revocation by CRL (RFC 5280, 6.3.3): distribution points, indirect, partial and delta CRLs, and
//! CRLs signed with another key than the certificates.

use alloc::vec::Vec;

use super::certificate::SubjectKey;
use super::crl::{Crl, REMOVE_FROM_CRL};
use super::distribution_point::{ALL_REASONS, PointKey};
use super::error::Fault;
use super::general_name::GeneralName;
use super::path::Report;
use super::requirements::{GradeRequirement, Profile, Purpose, Requirements, Revocation};
use super::search::{Goal, Reports, Search};
use super::{key_usage, name};

/// How many CRL signers may vouch for each other.
const DEEPEST: usize = 3;

/// A distribution point, ready for comparison with those of CRLs.
struct Point {
    /// Keys of its name; none if it has no name.
    name: Option<Vec<PointKey>>,
    reasons: u16,
    /// Names of the CRL's issuer if that is not the certificate's.
    crl_issuer: Vec<PointKey>,
    /// The certificate states it.
    stated: bool,
}

/// What the CRLs say so far.
#[derive(Default)]
struct Status {
    reasons: u16,
    /// Why a CRL that applies cannot be used.
    unusable: Option<Fault>,
}

impl Search<'_> {
    /// The revocation status of every certificate of a path (anchor first) below the anchor.
    pub(crate) fn check_revocation(
        &mut self,
        path: &[usize],
        goal: &Goal<'_>,
        report: &mut Report,
    ) {
        let required = goal.requirements.revocation == Revocation::Required;
        if goal.requirements.crls.is_empty() && !required {
            return;
        }
        for position in 1..path.len() {
            if let Err(fault) = self.check_status(path, position, goal) {
                report.add(Some(self.nodes[path[position]].link.index), fault);
            }
        }
    }

    fn check_status(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
    ) -> Result<(), Fault> {
        let mut status = Status::default();
        self.deciding.push(path[position]);
        let result = self.ask_points(path, position, goal, &mut status);
        self.deciding.pop();
        result?;
        if status.reasons == ALL_REASONS {
            return Ok(());
        }
        match (goal.requirements.revocation, status.unusable) {
            (_, Some(fault)) => Err(fault),
            (Revocation::WhereCovered, None) => Ok(()),
            (Revocation::Required, None) => Err(Fault::RevocationUnknown),
        }
    }

    fn ask_points(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        status: &mut Status,
    ) -> Result<(), Fault> {
        let certificate = self.certificate(path[position]);
        let issuer = certificate.issuer_der();
        let document = certificate.der();
        let mut points: Vec<Point> = Vec::new();
        for point in &certificate.extensions.distribution_points {
            let crl_issuer: Vec<PointKey> = point
                .crl_issuer
                .iter()
                .map(|name| name.key(document))
                .collect();
            let base = point.crl_issuer.iter().find_map(|name| match name {
                GeneralName::Directory(span) => Some(span.of(document)),
                _ => None,
            });
            let name = point
                .name
                .as_ref()
                .map(|name| name.keys(document, base.unwrap_or(issuer)));
            points.push(Point {
                name,
                reasons: point.reasons,
                crl_issuer,
                stated: true,
            });
        }
        // "[…] with any available CRLs not specified in a distribution point but issued by the
        // certificate issuer."
        let own = alloc::vec![(4, name::canonical(issuer))];
        points.push(Point {
            name: Some(own),
            reasons: ALL_REASONS,
            crl_issuer: Vec::new(),
            stated: false,
        });
        for point in &points {
            for crl in 0..goal.requirements.crls.len() {
                self.ask(path, position, goal, (crl, point), status)?;
            }
        }
        Ok(())
    }

    /// Asks one complete CRL for one distribution point. Each that fits is asked, also when others have
    /// said all there is to say: a further list can only narrow what is accepted.
    fn ask(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, point): (usize, &Point),
        status: &mut Status,
    ) -> Result<(), Fault> {
        let certificate = self.certificate(path[position]);
        let crl = &goal.requirements.crls[number];
        self.work.compare(1)?;
        let reasons = point.reasons & crl.reasons();
        let applies = crl.base_number().is_none()
            && reasons != 0
            && point.fits(crl, certificate.issuer_der(), certificate.is_ca());
        if !applies {
            return Ok(());
        }
        let signer = match self.check_crl(path, position, goal, (number, point)) {
            Ok(signer) => signer,
            Err(fault @ Fault::WorkLimit) => return Err(fault),
            Err(fault) => {
                status.unusable.get_or_insert(fault);
                return Ok(());
            }
        };
        let (serial, issuer) = (certificate.serial(), certificate.issuer_der());
        let delta = self.delta_for(goal, number, signer)?;
        let newer = delta.and_then(|delta| goal.requirements.crls[delta].entry(serial, issuer));
        let entry = newer.or_else(|| crl.entry(serial, issuer));
        if let Some(entry) =
            entry.filter(|entry| newer.is_none() || entry.reason != REMOVE_FROM_CRL)
        {
            return Err(Fault::Revoked {
                since: entry.since,
                reason: entry.reason,
            });
        }
        status.reasons |= reasons;
        Ok(())
    }

    /// Whether a CRL may be used for a certificate of a path, and which node signed it.
    fn check_crl(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, point): (usize, &Point),
    ) -> Result<usize, Fault> {
        let crl = &goal.requirements.crls[number];
        crl.check_current(self.at)?;
        if crl.next_update().is_none() {
            return Err(Fault::CrlUnusable {
                reason: "it does not say until when it holds (5.1.2.5)",
            });
        }
        if goal.requirements.profile == Profile::Conforming && crl.number().is_none() {
            return Err(Fault::CrlUnusable {
                reason: "it has no number (5.2.3)",
            });
        }
        if crl.signed.check_supported(crl.der()).is_err() {
            return Err(Fault::CrlUnusable {
                reason: "it is not signed with ECDSA and SHA-256",
            });
        }
        let mut reason = "its issuer's certificate is not known";
        let mut others = Vec::new();
        for node in 0..self.nodes.len() {
            let certificate = self.certificate(node);
            if !name::equal(certificate.subject_der(), crl.issuer_der()) {
                continue;
            }
            let may_sign = certificate.extensions.key_usage.is_none()
                || certificate.has_usage(key_usage::CRL_SIGN);
            if !may_sign {
                reason = "its issuer's certificate lacks cRLSign";
            } else if !self.is_signed_by(crl, number, node)? {
                reason = "its signature does not verify with the issuer's key";
            } else if path[..position].contains(&node) || point.stated && path[position] == node {
                // A signer of CRLs vouches for itself only where its own issuer says so, by a
                // distribution point.
                return Ok(node);
            } else if !self.nodes[node].is_anchor && !self.deciding.contains(&node) {
                others.push(node);
            }
        }
        for node in others {
            reason = "its issuer's certificate does not lead to the same anchor";
            if self.is_trusted(node, path[0], goal) {
                return Ok(node);
            }
        }
        Err(Fault::CrlUnusable { reason })
    }

    fn is_signed_by(&mut self, crl: &Crl, number: usize, node: usize) -> Result<bool, Fault> {
        if let Some(signed) = self.crl_edges.get(&(number, node)) {
            return Ok(*signed);
        }
        let certificate = self.certificate(node);
        let SubjectKey::P256(key) = &certificate.key else {
            return Ok(false);
        };
        let known = (*crl.digest(), *key.as_uncompressed());
        let signed = self.known_crls.contains(&known) || {
            self.work.signature()?;
            let (message, signature) = crl.signature();
            self.provider.verify_der(key, message, signature).is_ok()
        };
        self.crl_edges.insert((number, node), signed);
        Ok(signed)
    }

    /// Whether a CRL signer outside the path leads to the same anchor (6.3.3 (f)).
    fn is_trusted(&mut self, node: usize, anchor: usize, goal: &Goal<'_>) -> bool {
        if self.deciding.len() > DEEPEST {
            return false;
        }
        let requirements = Requirements {
            grade: GradeRequirement::Any,
            purpose: Purpose::Any,
            profile: Profile::Path,
            ca_leaf: true,
            ..goal.requirements
        };
        let goal = Goal {
            requirements,
            anchor: Some(anchor),
        };
        self.find(node, &goal, &mut Reports::default()).is_some()
    }

    /// The newest delta CRL that can be combined with a complete one (5.2.4), signed by the same
    /// key.
    fn delta_for(
        &mut self,
        goal: &Goal<'_>,
        complete: usize,
        signer: usize,
    ) -> Result<Option<usize>, Fault> {
        let crls = goal.requirements.crls;
        let complete = &crls[complete];
        let mut best: Option<usize> = None;
        for (position, delta) in crls.iter().enumerate() {
            let newer = best.is_none_or(|best| is_less(crls[best].number(), delta.number()));
            if newer
                && combines(complete, delta)
                && delta.check_current(self.at).is_ok()
                && delta.signed.check_supported(delta.der()).is_ok()
                && self.is_signed_by(delta, position, signer)?
            {
                best = Some(position);
            }
        }
        Ok(best)
    }
}

/// Whether a delta CRL has the scope of a complete one and continues it.
fn combines(complete: &Crl, delta: &Crl) -> bool {
    let key = |crl: &Crl| crl.authority_key.map(|span| crl.bytes(span).to_vec());
    let (Some(base), Some(number)) = (delta.base_number(), complete.number()) else {
        return false;
    };
    name::equal(complete.issuer_der(), delta.issuer_der())
        && complete.scope() == delta.scope()
        && key(complete) == key(delta)
        && !is_less(Some(number), Some(base))
        && is_less(Some(number), delta.number())
}

/// Compares two minimal, non-negative INTEGERs; a missing one is less than every other.
fn is_less(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    let magnitude = |number: Option<&[u8]>| {
        number.map(|octets| {
            let octets = octets.strip_prefix(&[0]).unwrap_or(octets);
            (octets.len(), octets.to_vec())
        })
    };
    magnitude(one) < magnitude(other)
}

impl Point {
    /// 6.3.3 (b): whether the CRL is for this point and this kind of certificate.
    fn fits(&self, crl: &Crl, issuer: &[u8], is_ca: bool) -> bool {
        let point = &crl.issuing_point;
        if self.crl_issuer.is_empty() {
            if !name::equal(crl.issuer_der(), issuer) {
                return false;
            }
        } else {
            let own = (4, name::canonical(crl.issuer_der()));
            if !point.indirect || !self.crl_issuer.contains(&own) {
                return false;
            }
        }
        let wanted = self.name.as_ref().unwrap_or(&self.crl_issuer);
        let named = point.name.as_ref().is_none_or(|name| {
            name.keys(crl.der(), crl.issuer_der())
                .iter()
                .any(|key| wanted.contains(key))
        });
        let other_kind = if is_ca {
            point.only_users
        } else {
            point.only_cas
        };
        named && !other_kind && !point.only_attributes
    }
}
