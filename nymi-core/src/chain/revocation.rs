//! Revocation by CRL (RFC 5280, 6.3.3): distribution points, indirect, partial and delta CRLs, and
//! CRLs signed with another key than the certificates.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::certificate::SubjectKey;
use super::crl::{CERTIFICATE_HOLD, Crl, IssuingPoint, REMOVE_FROM_CRL};
use super::distribution_point::{ALL_REASONS, PointKey};
use super::error::Fault;
use super::general_name::GeneralName;
use super::path::Report;
use super::policy_inputs::PolicyInputs;
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

/// What one search finds out about a CRL, once.
pub(crate) struct List {
    /// The nodes with its issuer's name.
    signers: Vec<usize>,
    /// Its issuer, as a directory name.
    issuer: PointKey,
    /// Keys of the distribution point that it is for; none: of all.
    points: Option<Vec<PointKey>>,
}

/// What a CRL that applies says of a certificate.
#[derive(Clone)]
enum Said {
    /// It is not on the list.
    Nothing,
    /// It is revoked, or the list cannot be used.
    Fault(Fault),
}

/// What the CRLs say so far.
#[derive(Default)]
struct Status {
    reasons: u16,
    /// Why a CRL that applies cannot be used.
    unusable: Option<Fault>,
    /// What each CRL said, by its place and whether it was asked for a point that the certificate states.
    said: BTreeMap<(usize, bool), Said>,
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
        let stated = &certificate.extensions.distribution_points;
        // A relative name is put behind its issuer's.
        let octets = stated.iter().fold(issuer.len(), |octets, point| {
            octets.saturating_add(point.len() + issuer.len())
        });
        self.work.prepare_name(octets)?;
        let mut points: Vec<Point> = Vec::new();
        for point in stated {
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
        // Delta CRLs last: what is on one counts unless another list says more recently that it does not.
        for are_deltas in [false, true] {
            for (number, crl) in goal.requirements.crls.iter().enumerate() {
                if crl.base_number().is_some() != are_deltas {
                    continue;
                }
                let list = self.list(number, crl)?;
                self.work
                    .compare_names(crl.issuer_der().len(), issuer.len())?;
                let is_own = name::equal(crl.issuer_der(), issuer);
                for point in &points {
                    self.work.compare(point.comparisons(&list))?;
                    let reasons = point.reasons & crl.reasons();
                    let applies = reasons != 0
                        && point.fits(&crl.issuing_point, &list, is_own, certificate.is_ca());
                    if !applies {
                        continue;
                    }
                    self.ask(path, position, goal, (number, point.stated), status)?;
                    if !are_deltas {
                        status.reasons |= reasons & status.covered(number, point.stated);
                    }
                }
            }
        }
        self.ask_unusable(path, position, goal, status)
    }

    /// Who is on a complete CRL that cannot be used, being out of date or without an end, is revoked all the
    /// same, unless a newer one that can be used does not have the certificate any more.
    fn ask_unusable(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        status: &Status,
    ) -> Result<(), Fault> {
        let certificate = self.certificate(path[position]);
        let (serial, issuer) = (certificate.serial(), certificate.issuer_der());
        let crls = goal.requirements.crls;
        for asked in status.unusable_lists() {
            let crl = &crls[asked.0];
            let entry = crl
                .entry(serial, issuer)
                .filter(|entry| entry.reason != REMOVE_FROM_CRL);
            let Some(entry) = entry else { continue };
            let overtaken = status.silent().any(|other| {
                let other = &crls[other];
                same_scope(crl, other) && is_older(crl, other)
            });
            if crl.base_number().is_some() || overtaken || crl.check_begun(self.at).is_err() {
                continue;
            }
            match self.signer(path, position, goal, asked) {
                Ok(_) => return Err(entry.revoked()),
                Err(fault @ Fault::WorkLimit) => return Err(fault),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Asks one CRL. Each that fits is asked, also when others have said all there is to say: a
    /// further list can only narrow what is accepted.
    fn ask(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        asked: (usize, bool),
        status: &mut Status,
    ) -> Result<(), Fault> {
        let said = match status.said.get(&asked) {
            Some(said) => said.clone(),
            None => {
                let answer = match goal.requirements.crls[asked.0].base_number() {
                    None => self.says(path, position, goal, asked),
                    Some(_) => self.delta_says(path, position, goal, asked, status),
                };
                let said = match answer {
                    Ok(()) => Said::Nothing,
                    Err(fault @ Fault::WorkLimit) => return Err(fault),
                    Err(fault) => Said::Fault(fault),
                };
                status.said.insert(asked, said.clone());
                said
            }
        };
        match said {
            Said::Nothing => Ok(()),
            Said::Fault(fault @ Fault::Revoked { .. }) => Err(fault),
            Said::Fault(fault) => {
                status.unusable.get_or_insert(fault);
                Ok(())
            }
        }
    }

    /// Whether a complete CRL may be used for a certificate, and the certificate is not on it, or no longer by the
    /// delta CRL that continues it.
    fn says(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, stated): (usize, bool),
    ) -> Result<(), Fault> {
        let certificate = self.certificate(path[position]);
        let crl = &goal.requirements.crls[number];
        let signer = self.check_crl(path, position, goal, (number, stated))?;
        let (serial, issuer) = (certificate.serial(), certificate.issuer_der());
        let delta = self.delta_for(goal, number, signer)?;
        let newer = delta.and_then(|delta| goal.requirements.crls[delta].entry(serial, issuer));
        // 5.3.1: what was on hold may be taken off the list, and nothing else. Whom the delta list adds, it is asked itself.
        let taken_back = newer.is_some_and(|newer| newer.reason == REMOVE_FROM_CRL);
        let entry = crl
            .entry(serial, issuer)
            .filter(|entry| !(taken_back && entry.reason == CERTIFICATE_HOLD));
        entry.map_or(Ok(()), |entry| Err(entry.revoked()))
    }

    /// What a delta CRL says beside the complete CRLs that were asked: an entry counts even if the list is
    /// out of date or continues none of them, as long as nothing newer takes it back. That a certificate
    /// is not on it says nothing (5.2.4).
    fn delta_says(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, stated): (usize, bool),
        status: &Status,
    ) -> Result<(), Fault> {
        let certificate = self.certificate(path[position]);
        let (serial, issuer) = (certificate.serial(), certificate.issuer_der());
        let crls = goal.requirements.crls;
        let delta = &crls[number];
        delta.check_begun(self.at)?;
        let complete: Vec<usize> = status.silent().collect();
        let of_its_scope = |other: &usize| same_scope(&crls[*other], delta);
        let entry = delta.entry(serial, issuer);
        if let Some(entry) = entry.filter(|entry| entry.reason != REMOVE_FROM_CRL) {
            let signer = self.signer(path, position, goal, (number, stated))?;
            for other in complete.iter().copied().filter(of_its_scope) {
                let overtaken =
                    delta.number().is_some() && is_less(delta.number(), crls[other].number());
                let newest = self
                    .delta_for(goal, other, signer)?
                    .map(|newest| &crls[newest]);
                let taken_back = entry.reason == CERTIFICATE_HOLD
                    && newest.is_some_and(|newest| {
                        is_less(delta.number(), newest.number())
                            && newest.entry(serial, issuer).is_some()
                    });
                if overtaken || taken_back {
                    return Ok(());
                }
            }
            return Err(entry.revoked());
        }
        match complete.iter().any(of_its_scope) {
            true => Ok(()),
            false => Err(Fault::CrlUnusable {
                reason: "it is a delta list, and the complete list that it continues is missing (5.2.4)",
            }),
        }
    }

    fn list(&mut self, number: usize, crl: &Crl) -> Result<Rc<List>, Fault> {
        if let Some(list) = self.lists.get(&number) {
            return Ok(Rc::clone(list));
        }
        let issuer = crl.issuer_der();
        let points = crl.issuing_point.name.as_ref();
        let octets = points.map_or(0, |name| name.len() + issuer.len());
        self.work.prepare_name(issuer.len() + octets)?;
        let list = Rc::new(List {
            signers: self.named_as(issuer, None)?,
            issuer: (4, name::canonical(issuer)),
            points: points.map(|name| name.keys(crl.der(), issuer)),
        });
        self.lists.insert(number, Rc::clone(&list));
        Ok(list)
    }

    /// Whether a CRL may be used for a certificate of a path, and which node signed it.
    fn check_crl(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, stated): (usize, bool),
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
        self.signer(path, position, goal, (number, stated))
    }

    /// Which node signed a CRL and may do so for a certificate of a path.
    fn signer(
        &mut self,
        path: &[usize],
        position: usize,
        goal: &Goal<'_>,
        (number, stated): (usize, bool),
    ) -> Result<usize, Fault> {
        let crl = &goal.requirements.crls[number];
        if crl.signed.check_supported(crl.der()).is_err() {
            return Err(Fault::CrlUnusable {
                reason: "it is not signed with ECDSA and SHA-256",
            });
        }
        let mut reason = "its issuer's certificate is not known";
        let mut others = Vec::new();
        for node in self.list(number, crl)?.signers.iter().copied() {
            let certificate = self.certificate(node);
            let may_sign = certificate.extensions.key_usage.is_none()
                || certificate.has_usage(key_usage::CRL_SIGN);
            if !may_sign {
                reason = "its issuer's certificate lacks cRLSign";
            } else if !self.is_signed_by(crl, number, node)? {
                reason = "its signature does not verify with the issuer's key";
            } else if path[..position].contains(&node) || stated && path[position] == node {
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
            policies: PolicyInputs::new(),
            ..goal.requirements
        };
        let goal = Goal {
            requirements,
            anchor: Some(anchor),
        };
        self.find(node, &goal, &mut Reports::default()).is_some()
    }

    /// The newest delta CRL that is current until a stated time and can be combined with a complete one
    /// (5.2.4), signed by the same key.
    fn delta_for(
        &mut self,
        goal: &Goal<'_>,
        complete: usize,
        signer: usize,
    ) -> Result<Option<usize>, Fault> {
        if let Some(known) = self.deltas.get(&(complete, signer)) {
            return Ok(*known);
        }
        let crls = goal.requirements.crls;
        let (number, complete) = (complete, &crls[complete]);
        let mut best: Option<usize> = None;
        for (position, delta) in crls.iter().enumerate() {
            let newer = best.is_none_or(|best| is_less(crls[best].number(), delta.number()));
            if newer
                && combines(complete, delta)
                && delta.check_current(self.at).is_ok()
                && delta.next_update().is_some()
                && delta.signed.check_supported(delta.der()).is_ok()
                && self.is_signed_by(delta, position, signer)?
            {
                best = Some(position);
            }
        }
        self.deltas.insert((number, signer), best);
        Ok(best)
    }
}

/// Whether a delta CRL has the scope of a complete one and continues it.
fn combines(complete: &Crl, delta: &Crl) -> bool {
    let (Some(base), Some(number)) = (delta.base_number(), complete.number()) else {
        return false;
    };
    same_scope(complete, delta)
        && !is_less(Some(number), Some(base))
        && is_less(Some(number), delta.number())
}

/// Whether two CRLs are of one issuer, one key and one scope (5.2.4 (a) and (b)).
fn same_scope(one: &Crl, other: &Crl) -> bool {
    let key = |crl: &Crl| crl.authority_key.map(|span| crl.bytes(span).to_vec());
    name::equal(one.issuer_der(), other.issuer_der())
        && one.scope() == other.scope()
        && key(one) == key(other)
}

/// Whether a CRL was issued before another: by their numbers, or by their times where one has none.
fn is_older(one: &Crl, other: &Crl) -> bool {
    match (one.number(), other.number()) {
        (Some(one), Some(other)) => is_less(Some(one), Some(other)),
        _ => one.this_update() < other.this_update(),
    }
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

impl Status {
    /// The complete CRLs that can be used and do not have the certificate.
    fn silent(&self) -> impl Iterator<Item = usize> {
        let silent = |(asked, said): (&(usize, bool), &Said)| {
            matches!(said, Said::Nothing).then_some(asked.0)
        };
        self.said.iter().filter_map(silent)
    }

    /// The CRLs that apply and cannot be used, as they were asked.
    fn unusable_lists(&self) -> impl Iterator<Item = (usize, bool)> {
        let unusable = |(asked, said): (&(usize, bool), &Said)| {
            matches!(said, Said::Fault(_)).then_some(*asked)
        };
        self.said.iter().filter_map(unusable)
    }

    /// Reasons for which a CRL that was asked has an answer.
    fn covered(&self, number: usize, stated: bool) -> u16 {
        match self.said.get(&(number, stated)) {
            Some(Said::Nothing) => ALL_REASONS,
            _ => 0,
        }
    }
}

impl Point {
    /// What it costs to hold a list to this point.
    fn comparisons(&self, list: &List) -> usize {
        let wanted = self
            .name
            .as_ref()
            .map_or(0, Vec::len)
            .max(self.crl_issuer.len());
        wanted.max(1) * list.points.as_ref().map_or(1, Vec::len)
    }

    /// 6.3.3 (b): whether the CRL is for this point and this kind of certificate; `is_own` says that the
    /// certificate's issuer issued it.
    fn fits(&self, point: &IssuingPoint, list: &List, is_own: bool, is_ca: bool) -> bool {
        let from_whom = match self.crl_issuer.is_empty() {
            true => is_own,
            false => point.indirect && self.crl_issuer.contains(&list.issuer),
        };
        let wanted = self.name.as_ref().unwrap_or(&self.crl_issuer);
        let named = list
            .points
            .as_ref()
            .is_none_or(|names| names.iter().any(|key| wanted.contains(key)));
        let other_kind = if is_ca {
            point.only_users
        } else {
            point.only_cas
        };
        from_whom && named && !other_kind && !point.only_attributes
    }
}
