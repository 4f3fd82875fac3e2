//! Certificates and revocation lists from a description: every field is chosen, most choices make
//! sense together, and all are signed with [`Checksum`](crate::toy::Checksum).

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use nymi_core::UnixMillis;
use nymi_core::chain::oid::{
    CLIENT_AUTH, GRADE_BRONZE, GRADE_GOLD, OCSP_SIGNING, Oid, ROLE_AGENT, ROLE_NEA,
    ROLE_NES_AGREEMENT, ROLE_NES_ASSERTION, SERVER_AUTH,
};
use nymi_core::chain::{GradeRequirement, Profile, Requirements, Revocation, Role, TrustAnchor};
use nymi_core::crypto::{PrivateKey, PublicKey};

use crate::chain_writer::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CRL_DISTRIBUTION_POINTS, ECDSA_SHA256, Ext,
    INHIBIT_ANY_POLICY, KEY_PURPOSES, KEY_USAGE, NAME_CONSTRAINTS, POLICIES, POLICY_CONSTRAINTS,
    POLICY_MAPPINGS, SUBJECT_ALT_NAME, SUBJECT_KEY_ID, basic_constraints, dn, ext, id, ids, key,
    octets, seq, tlv, utc, write_exts,
};
use crate::toy::checksum;

/// A moment within the validity of most of what is written here.
pub const NOW: UnixMillis = crate::chain_writer::NOW;

/// More certificates than [`nymi_core::chain`] takes in a path of this depth.
const MOST_CERTIFICATES: usize = 10;
const MOST_CRLS: usize = 4;

static KEYS: LazyLock<[PublicKey; 6]> =
    LazyLock::new(|| [1, 2, 3, 4, 5, 6].map(|number| key(number).public_key()));

fn public_key(number: u8) -> &'static PublicKey {
    &KEYS[usize::from(number) % KEYS.len()]
}

/// A leaf, what may lead from it to an anchor, the lists, and what is demanded.
#[derive(Arbitrary, Debug, Default)]
pub struct Scene {
    demands: Demands,
    /// When it is validated, from [`NOW`]: eighths of a day.
    later: i8,
    /// The leaf first; empty: a leaf as usual.
    presented: Vec<Certificate>,
    lists: Vec<List>,
    /// If odd, a byte of a document is changed after it was signed.
    corrupted: (Odd, u8, u16, u8),
    second_anchor: bool,
    anchors: [Certificate; 2],
}

#[derive(Arbitrary, Debug, Default)]
struct Demands {
    odd: Odd,
    grade: u8,
    purpose: u8,
    max_depth: u8,
}

/// What a certificate says. Without oddities it is issued by the one above it, in form; names, keys
/// and policies are few, so that the odd ones often match, too.
#[derive(Arbitrary, Debug, Default)]
struct Certificate {
    odd: Odd,
    very_odd: Odd,
    subject: Name,
    issuer: Name,
    key: u8,
    signer: u8,
    serial: u8,
    validity: u8,
    /// None: an end entity without the extension.
    ca: Option<(bool, Option<u8>)>,
    usage: Option<u16>,
    purposes: Vec<u8>,
    policies: Vec<Policy>,
    mappings: Vec<(Policy, Policy)>,
    policy_constraints: Option<(Option<u8>, Option<u8>)>,
    inhibit_any: Option<u8>,
    names: Vec<General>,
    permitted: Vec<General>,
    excluded: Vec<General>,
    points: Vec<Point>,
    key_ids: (Option<u8>, Option<u8>),
    /// Which extensions are critical against the custom.
    odd_criticality: u16,
    other: Option<(u8, bool, Vec<u8>)>,
    shape: u8,
}

/// Which parts are as described, instead of as usual: each with a probability of an eighth.
#[derive(Arbitrary, Clone, Copy, Debug, Default)]
struct Odd(u8, u8, u8);

impl Odd {
    fn is(self, part: u8) -> bool {
        self.0 & self.1 & self.2 & 1 << part != 0
    }
}

/// Name and key of an issuer.
struct Above {
    subject: Vec<u8>,
    key: u8,
}

#[derive(Arbitrary, Debug, Default)]
struct Name {
    common: u8,
    unit: Option<u8>,
    /// Another spelling of the same name (RFC 5280, 7.1).
    spelling: u8,
}

#[derive(Arbitrary, Debug)]
enum General {
    Dns(u8),
    Email(u8),
    Uri(u8),
    Ip([u8; 4], Option<u8>),
    Directory(Name),
    Text(u8, Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Policy(u8);

#[derive(Arbitrary, Debug)]
struct Point {
    name: Option<General>,
    reasons: Option<u16>,
    issuer: Option<Name>,
}

#[derive(Arbitrary, Debug, Default)]
struct List {
    odd: Odd,
    /// Whose list it usually is: of the certificates, those above the leaf.
    of: u8,
    issuer: Name,
    signer: u8,
    update: u8,
    entries: Vec<Entry>,
    number: Option<u8>,
    base: Option<u8>,
    point: Option<(Option<General>, u8, Option<u16>)>,
    key_id: Option<u8>,
    other: Option<(u8, bool, Vec<u8>)>,
}

#[derive(Arbitrary, Debug)]
struct Entry {
    serial: u8,
    reason: Option<u8>,
    issuer: Option<Name>,
}

/// A scene as bytes.
pub struct Written {
    pub anchors: Vec<Vec<u8>>,
    pub presented: Vec<Vec<u8>>,
    pub lists: Vec<Vec<u8>>,
}

impl Scene {
    /// Leaf, L2, L1, and L2's list: what a description without oddities gives.
    pub fn usual() -> Self {
        Self {
            presented: vec![Certificate::default(), Certificate::default()],
            lists: vec![List::default()],
            ..Self::default()
        }
    }

    /// Writes and signs everything.
    pub fn write(&self) -> Written {
        let usual = Certificate::default();
        let anchors: Vec<(Vec<u8>, Above)> = self.anchors[..1 + usize::from(self.second_anchor)]
            .iter()
            .map(|anchor| match anchor.anchor() {
                // Without an anchor nothing else is looked at.
                (der, _) if TrustAnchor::from_der(&der).is_err() => usual.anchor(),
                readable => readable,
            })
            .collect();
        let usual = std::slice::from_ref(&usual);
        let described = match self.presented.as_slice() {
            [] => usual,
            described => described,
        };
        let mut issuers: Vec<Above> = Vec::new();
        let mut presented = Vec::new();
        for (position, one) in described.iter().take(MOST_CERTIFICATES).enumerate().rev() {
            let above = issuers.last().unwrap_or(&anchors[0].1);
            let (der, made) = one.issued(position, above, self.role());
            presented.insert(0, der);
            issuers.push(made);
        }
        issuers.pop();
        let (anchors, tops): (Vec<_>, Vec<_>) = anchors.into_iter().unzip();
        issuers.extend(tops);
        let lists = self.lists.iter().take(MOST_CRLS);
        let lists = lists
            .map(|list| list.der(&issuers[usize::from(list.of) % issuers.len()]))
            .collect();
        let mut written = Written {
            anchors,
            presented,
            lists,
        };
        let (odd, which, place, change) = self.corrupted;
        if odd.is(0) {
            let mut all: Vec<&mut Vec<u8>> = written
                .presented
                .iter_mut()
                .chain(&mut written.lists)
                .collect();
            let count = all.len().max(1);
            if let Some(document) = all.get_mut(usize::from(which) % count) {
                let place = usize::from(place) % document.len();
                document[place] ^= change;
            }
        }
        written
    }

    /// When.
    pub fn at(&self) -> UnixMillis {
        NOW.saturating_add(i64::from(self.later) * 10_800_000)
    }

    /// What is demanded, without lists.
    pub fn requirements(&self) -> Requirements<'static> {
        self.requirements_of(match self.demands.grade % 8 {
            6 => GradeRequirement::Gold,
            7 => GradeRequirement::Bronze,
            _ => GradeRequirement::Any,
        })
    }

    /// The same, of any grade.
    pub fn requirements_of_any_grade(&self) -> Requirements<'static> {
        self.requirements_of(GradeRequirement::Any)
    }

    fn requirements_of(&self, grade: GradeRequirement) -> Requirements<'static> {
        let Demands {
            odd,
            purpose,
            max_depth,
            ..
        } = self.demands;
        let requirements = Requirements::new(grade)
            .with_max_depth(8 - max_depth % 9)
            .with_ca_leaf(odd.is(0))
            .with_revocation(if odd.is(1) {
                Revocation::Required
            } else {
                Revocation::WhereCovered
            })
            .with_profile(if odd.is(2) {
                Profile::Conforming
            } else {
                Profile::Path
            });
        match self.role() {
            Some(role) => requirements.with_role(role),
            None if purpose % 8 == 7 => {
                requirements.with_purpose(nymi_core::chain::Purpose::KeyPurpose(SERVER_AUTH))
            }
            None => requirements,
        }
    }

    /// The demanded role.
    pub fn role(&self) -> Option<Role> {
        Role::ALL
            .get(usize::from(self.demands.purpose % 8))
            .copied()
    }
}

impl Name {
    fn der(&self) -> Vec<u8> {
        let names = [
            "Acme NES L1 CA",
            "Acme NES L2 CA",
            "kiosk",
            "Other CA",
            "",
            "Ünit",
            "a  b",
        ];
        let text = names[usize::from(self.common) % names.len()];
        let text = match self.spelling % 8 {
            6 => text.to_uppercase(),
            7 => text.replace(' ', "   "),
            _ => text.to_owned(),
        };
        match self.unit {
            Some(unit) => dn(&[(11, ["Plant", "Office"][usize::from(unit % 2)]), (3, &text)]),
            None if text.is_empty() => dn(&[]),
            None => dn(&[(3, &text)]),
        }
    }
}

impl General {
    /// In a constraint an address has a mask.
    fn der(&self, in_constraint: bool) -> Vec<u8> {
        let pick =
            |list: &[&str], index: u8| list[usize::from(index) % list.len()].as_bytes().to_vec();
        match self {
            Self::Dns(index) => {
                let names = [
                    "acme.example",
                    "kiosk.acme.example",
                    ".acme.example",
                    "*.acme.example",
                    "",
                    "evil.example",
                    "ACME.example.",
                ];
                tlv(0x82, &pick(&names, *index))
            }
            Self::Email(index) => {
                let names = [
                    "a@acme.example",
                    "acme.example",
                    ".acme.example",
                    "\"a b\"@acme.example",
                    "@",
                    "b@evil.example",
                ];
                tlv(0x81, &pick(&names, *index))
            }
            Self::Uri(index) => {
                let names = [
                    "https://acme.example/",
                    "https://u@kiosk.acme.example:8443/x",
                    ".acme.example",
                    "acme.example",
                    "urn:x",
                    "https://[::1]/",
                    "http://192.0.2.1/",
                ];
                tlv(0x86, &pick(&names, *index))
            }
            Self::Ip(address, prefix) => {
                let bits = prefix.unwrap_or(24) % 33;
                let mask = u32::MAX
                    .checked_shl(u32::from(32 - bits))
                    .unwrap_or(0)
                    .to_be_bytes();
                match in_constraint {
                    true => tlv(0x87, &[*address, mask].concat()),
                    false => tlv(0x87, address),
                }
            }
            Self::Directory(name) => tlv(0xa4, &name.der()),
            Self::Text(tag @ 0..=0xf0, text) => {
                let ascii: Vec<u8> = text.iter().map(|octet| octet & 0x7f).collect();
                tlv([0x81, 0x82, 0x86][usize::from(tag % 3)], &ascii)
            }
            Self::Text(tag, text) => tlv(0x80 | (tag % 9), text),
        }
    }
}

impl Policy {
    fn der(&self) -> Vec<u8> {
        let any: &[u8] = &[0x55, 0x1d, 0x20, 0];
        match self.0 % 6 {
            0 => id(any),
            1 => GRADE_GOLD.to_der(),
            2 => GRADE_BRONZE.to_der(),
            other => id(&[0x2a, 3, other]),
        }
    }
}

fn bits(value: u16) -> Vec<u8> {
    // Bit 0 is the most significant of the first octet; no trailing zero bits (X.690, 11.2.2).
    let reversed = value.reverse_bits();
    if reversed == 0 {
        return vec![0];
    }
    let unused = (reversed.trailing_zeros() % 8) as u8;
    match reversed & 0xff {
        0 => vec![unused, (reversed >> 8) as u8],
        _ => vec![unused, (reversed >> 8) as u8, reversed as u8],
    }
}

fn purpose(index: u8) -> Oid {
    let known = [
        CLIENT_AUTH,
        ROLE_NEA,
        ROLE_NES_ASSERTION,
        ROLE_NES_AGREEMENT,
        ROLE_AGENT,
        SERVER_AUTH,
        OCSP_SIGNING,
    ];
    known[usize::from(index) % known.len()]
}

fn signed(to_be_signed: &[u8], algorithm: &[u8], signer: u8) -> Vec<u8> {
    let signature = checksum(public_key(signer), to_be_signed);
    seq(&[
        to_be_signed,
        algorithm,
        &tlv(3, &[&[0], signature.as_slice()].concat()),
    ])
}

fn small(tag: u8, number: u8) -> Vec<u8> {
    tlv(tag, &[number & 0x7f])
}

fn flat(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    parts.flatten().collect()
}

impl Point {
    fn der(&self) -> Vec<u8> {
        let is_empty = self.name.is_none() && self.issuer.is_none();
        let usual = is_empty.then_some(&General::Uri(0));
        let name = self.name.as_ref().or(usual);
        let name = name.map(|name| tlv(0xa0, &tlv(0xa0, &name.der(false))));
        let reasons = self
            .reasons
            .map(|reasons| tlv(0x81, &bits(reasons & 0x1ff)));
        let issuer = self
            .issuer
            .as_ref()
            .map(|issuer| tlv(0xa2, &tlv(0xa4, &issuer.der())));
        seq(&[&flat([name, reasons, issuer].into_iter().flatten())])
    }
}

impl Certificate {
    fn extensions(&self, position: Option<usize>, role: Option<Role>) -> Vec<Ext> {
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
    fn anchor(&self) -> (Vec<u8>, Above) {
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
    fn issued(&self, position: usize, above: &Above, role: Option<Role>) -> (Vec<u8>, Above) {
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

    fn der(
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

impl List {
    fn extensions(&self) -> Vec<Ext> {
        let mut all = Vec::new();
        if let Some(number) = self.number {
            all.push(ext(20, false, &small(2, number)));
        }
        if let Some(base) = self.base {
            all.push(ext(27, true, &small(2, base)));
        }
        if let Some((name, flags, reasons)) = &self.point {
            let name = name
                .as_ref()
                .map(|name| tlv(0xa0, &tlv(0xa0, &name.der(false))));
            let flag = |bit: u8, tag: u8| (flags >> bit & 1 == 1).then(|| tlv(tag, &[0xff]));
            let reasons = reasons.map(|reasons| tlv(0x83, &bits(reasons & 0x1ff)));
            let parts = [
                name,
                flag(0, 0x81),
                flag(1, 0x82),
                reasons,
                flag(2, 0x84),
                flag(3, 0x85),
            ];
            all.push(ext(
                28,
                true,
                &tlv(0x30, &flat(parts.into_iter().flatten())),
            ));
        }
        if let Some(above) = self.key_id {
            all.push(ext(
                AUTHORITY_KEY_ID,
                false,
                &seq(&[&tlv(0x80, &[above % 6; 20])]),
            ));
        }
        if let Some((number, critical, value)) = &self.other {
            all.push(ext(*number & 0x7f, *critical, value));
        }
        all
    }

    fn der(&self, of: &Above) -> Vec<u8> {
        let algorithm = seq(&[&id(ECDSA_SHA256)]);
        let (this, next) = match self.update % 8 {
            6 => ("270101000000Z", "280101000000Z"),
            7 => ("260101000000Z", "260201000000Z"),
            _ => ("260501000000Z", "260601000000Z"),
        };
        let entries = flat(self.entries.iter().take(8).map(Entry::der));
        let entries = if entries.is_empty() {
            vec![]
        } else {
            tlv(0x30, &entries)
        };
        let extensions = self.extensions();
        let extensions = match extensions.is_empty() {
            true => vec![],
            false => tlv(0xa0, &write_exts(&extensions)),
        };
        let to_be_signed = seq(&[
            &tlv(2, &[1]),
            &algorithm,
            &if self.odd.is(0) {
                self.issuer.der()
            } else {
                of.subject.clone()
            },
            &utc(this),
            &utc(next),
            &entries,
            &extensions,
        ]);
        let signer = if self.odd.is(1) { self.signer } else { of.key };
        signed(&to_be_signed, &algorithm, signer)
    }
}

impl Entry {
    fn der(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(reason) = self.reason {
            extensions.push(ext(21, false, &tlv(0x0a, &[reason % 12])));
        }
        if let Some(issuer) = &self.issuer {
            extensions.push(ext(29, true, &seq(&[&tlv(0xa4, &issuer.der())])));
        }
        let extensions = if extensions.is_empty() {
            vec![]
        } else {
            write_exts(&extensions)
        };
        seq(&[
            &small(2, self.serial | 1),
            &utc("260502000000Z"),
            &extensions,
        ])
    }
}
