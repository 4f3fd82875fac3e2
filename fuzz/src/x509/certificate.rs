//! Certificates of a description, in DER.

use super::*;

impl Certificate {
    pub(super) fn extensions(&self, position: Option<usize>, role: Option<Role>) -> Vec<Ext> {
        let mut all = Vec::new();
        let mut add = |number: u8, critical: bool, value: Vec<u8>| {
            let odd = self.odd.is(7) && self.odd_criticality >> (number % 16) & 1 == 1;
            all.push(ext(number, critical != odd, &value));
        };
        let is_leaf = position == Some(0);
        match self.ca.filter(|_| self.odd.is(2)) {
            Some((ca, length)) => {
                let ca = ca || position.is_none();
                add(
                    BASIC_CONSTRAINTS,
                    true,
                    basic_constraints(ca, length.map(|length| length % 4)),
                );
            }
            None if is_leaf => {}
            None => add(BASIC_CONSTRAINTS, true, basic_constraints(true, None)),
        }
        match (self.odd.is(3), self.usage, is_leaf) {
            (true, Some(usage), _) => add(KEY_USAGE, true, tlv(3, &bits(usage & 0x1ff))),
            (true, None, _) => {}
            // digitalSignature and keyAgreement, or keyCertSign and cRLSign.
            (false, _, true) => add(KEY_USAGE, true, tlv(3, &bits(0x11))),
            (false, _, false) => add(KEY_USAGE, true, tlv(3, &bits(0x60))),
        }
        let purposes = match (self.odd.is(4), is_leaf) {
            (true, _) => self
                .purposes
                .iter()
                .take(4)
                .map(|index| purpose(*index))
                .collect(),
            (false, true) => vec![CLIENT_AUTH, role.map_or(SERVER_AUTH, Role::oid)],
            (false, false) => vec![],
        };
        if !purposes.is_empty() {
            add(KEY_PURPOSES, false, ids(&purposes));
        }
        let mut stated: Vec<Vec<u8>> = self.policies.iter().take(6).map(Policy::der).collect();
        if !self.very_odd.is(2) {
            // None may be stated twice.
            stated.sort();
            stated.dedup();
        }
        if !stated.is_empty() {
            let list = flat(stated.iter().map(|policy| seq(&[policy])));
            add(POLICIES, false, tlv(0x30, &list));
        }
        if !self.mappings.is_empty() {
            let list = flat(
                self.mappings
                    .iter()
                    .take(6)
                    .map(|(from, to)| seq(&[&from.der(), &to.der()])),
            );
            add(POLICY_MAPPINGS, true, tlv(0x30, &list));
        }
        if let Some((explicit, mapping)) = self.policy_constraints {
            let parts = [
                explicit.map(|skip| small(0x80, skip % 4)),
                mapping.map(|skip| small(0x81, skip % 4)),
            ];
            add(
                POLICY_CONSTRAINTS,
                true,
                tlv(0x30, &flat(parts.into_iter().flatten())),
            );
        }
        if let Some(skip) = self.inhibit_any {
            add(INHIBIT_ANY_POLICY, true, small(2, skip % 4));
        }
        if !self.names.is_empty() {
            add(
                SUBJECT_ALT_NAME,
                false,
                tlv(
                    0x30,
                    &flat(self.names.iter().take(6).map(|name| name.der(false))),
                ),
            );
        }
        let trees =
            |names: &[General]| flat(names.iter().take(6).map(|name| seq(&[&name.der(true)])));
        let parts = [(0xa0, &self.permitted), (0xa1, &self.excluded)];
        let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
        let constraints = flat(parts.map(|(tag, names)| tlv(tag, &trees(names))));
        if !constraints.is_empty() {
            add(NAME_CONSTRAINTS, true, tlv(0x30, &constraints));
        }
        if !self.points.is_empty() {
            add(
                CRL_DISTRIBUTION_POINTS,
                false,
                tlv(0x30, &flat(self.points.iter().take(3).map(Point::der))),
            );
        }
        let (own, above) = self.key_ids;
        if let Some(own) = own {
            add(SUBJECT_KEY_ID, false, octets(&[own % 6; 20]));
        }
        if let Some(above) = above {
            add(
                AUTHORITY_KEY_ID,
                false,
                seq(&[&tlv(0x80, &[above % 6; 20])]),
            );
        }
        if self.very_odd.is(0)
            && let Some((number, critical, value)) = &self.other
        {
            add(*number & 0x7f, *critical, value.clone());
        }
        all
    }

    /// Self-issued, whatever the description says.
    pub(super) fn anchor(&self) -> (Vec<u8>, Above) {
        let subject = if self.odd.is(0) {
            self.subject.der()
        } else {
            dn(&[(3, "Acme NES L1 CA")])
        };
        let key = if self.odd.is(1) { self.key } else { 0 };
        let der = self.der(
            (None, None),
            &subject,
            key,
            &Above {
                subject: subject.clone(),
                key,
            },
        );
        (der, Above { subject, key })
    }

    /// As one of those presented, the leaf first.
    pub(super) fn issued(
        &self,
        position: usize,
        above: &Above,
        role: Option<Role>,
    ) -> (Vec<u8>, Above) {
        let usual = dn(&[(
            3,
            ["kiosk", "Acme NES L2 CA", "Acme CA 3", "Acme CA 4"][position.min(3)],
        )]);
        let subject = if self.odd.is(0) {
            self.subject.der()
        } else {
            usual
        };
        let key = if self.odd.is(1) {
            self.key
        } else {
            position as u8 + 1
        };
        let by = Above {
            subject: if self.odd.is(5) {
                self.issuer.der()
            } else {
                above.subject.clone()
            },
            key: if self.odd.is(6) {
                self.signer
            } else {
                above.key
            },
        };
        (
            self.der((Some(position), role), &subject, key, &by),
            Above { subject, key },
        )
    }

    pub(super) fn der(
        &self,
        place: (Option<usize>, Option<Role>),
        subject: &[u8],
        key: u8,
        by: &Above,
    ) -> Vec<u8> {
        let algorithm = seq(&[&id(ECDSA_SHA256)]);
        let (from, to) = match self.validity % 8 {
            6 => ("270101000000Z", "280101000000Z"),
            7 => ("240101000000Z", "250101000000Z"),
            _ => ("260101000000Z", "270101000000Z"),
        };
        let extensions = self.extensions(place.0, place.1);
        let extensions = match extensions.is_empty() {
            true => vec![],
            false => tlv(0xa3, &write_exts(&extensions)),
        };
        let version = match self.shape {
            250.. if self.very_odd.is(1) => vec![],
            _ => tlv(0xa0, &tlv(2, &[2])),
        };
        let to_be_signed = seq(&[
            &version,
            &small(2, self.serial | 1),
            &algorithm,
            &by.subject,
            &seq(&[&utc(from), &utc(to)]),
            subject,
            &public_key(key).to_spki_der(),
            &extensions,
        ]);
        signed(&to_be_signed, &algorithm, by.key)
    }
}
