//! Certificates and revocation lists from a description: every field is chosen, most choices make
//! sense together, and all are signed with [`Checksum`](crate::toy::Checksum).

mod certificate;
mod list;
mod names;

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use nymi_core::UnixMillis;
use nymi_core::chain::oid::{
    CLIENT_AUTH, GRADE_BRONZE, GRADE_GOLD, OCSP_SIGNING, Oid, ROLE_AGENT, ROLE_NEA,
    ROLE_NES_AGREEMENT, ROLE_NES_ASSERTION, SERVER_AUTH,
};
use nymi_core::chain::{
    GradeRequirement, PolicyId, PolicyInputs, Profile, Requirements, Revocation, Role, TrustAnchor,
};
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

/// Two of the policies that certificates state here.
static ACCEPTABLE: LazyLock<[PolicyId; 2]> =
    LazyLock::new(|| ["1.2.3.3", "1.2.3.4"].map(|id| id.parse().expect("an identifier")));

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
        let mut policies = PolicyInputs::new()
            .with_explicit(odd.is(3))
            .with_mapping_inhibited(odd.is(4))
            .with_any_inhibited(odd.is(5));
        if odd.is(6) {
            policies = policies.with_acceptable(&*ACCEPTABLE);
        }
        let requirements = Requirements::new(grade)
            .with_policies(policies)
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
