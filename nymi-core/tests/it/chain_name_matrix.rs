//! Every combination of a host or address as common name and alternative names, permitted and excluded:
//! the scheme of the BetterTLS suite's name constraint cases.
//!
//! A leaf has a common name (a DNS name, an address or none) and alternative names; its CA constrains DNS
//! names and addresses. Each is absent, the right one or another. What a constraint forbids is refused,
//! wherever the leaf states it, and nothing else is.

use nymi_core::chain::verify;
use nymi_crypto_ring::RingVerifier;

use crate::chain_writer::*;

#[derive(Clone, Copy, PartialEq)]
enum Stated {
    No,
    Right,
    Other,
}

use Stated::{No, Other, Right};

const ALL: [Stated; 3] = [No, Right, Other];
const DNS: u8 = 0x82;
const IP: u8 = 0x87;

impl Stated {
    fn of<'a>(self, right: &'a [u8], other: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            No => None,
            Right => Some(right),
            Other => Some(other),
        }
    }
}

const RIGHT_NETWORK: &[u8] = &[127, 0, 0, 0, 255, 255, 255, 0];
const OTHER_NETWORK: &[u8] = &[1, 1, 1, 0, 255, 255, 255, 0];

/// What a CA permits and excludes, DNS names first.
struct Constraints {
    permitted: [Stated; 2],
    excluded: [Stated; 2],
}

impl Constraints {
    fn all() -> impl Iterator<Item = Self> {
        (0..81).map(|number| {
            let stated = |place: u32| ALL[number / 3usize.pow(place) % 3];
            Self {
                permitted: [stated(0), stated(1)],
                excluded: [stated(2), stated(3)],
            }
        })
    }

    fn der(&self) -> Option<Vec<u8>> {
        let subtrees = |tag: u8, [dns, ip]: [Option<&[u8]>; 2]| {
            let list: Vec<u8> = [(DNS, dns), (IP, ip)]
                .into_iter()
                .flat_map(|(form, base)| base.map(|base| seq(&[&tlv(form, base)])))
                .flatten()
                .collect();
            if list.is_empty() {
                list
            } else {
                tlv(tag, &list)
            }
        };
        let network = |stated: Stated| stated.of(RIGHT_NETWORK, OTHER_NETWORK);
        let permitted = [
            self.permitted[0].of(b"localhost", b"example.com"),
            network(self.permitted[1]),
        ];
        let excluded = [
            self.excluded[0].of(b"localhost", b"bad.example.com"),
            network(self.excluded[1]),
        ];
        let parts = [subtrees(0xa0, permitted), subtrees(0xa1, excluded)];
        (!parts.concat().is_empty()).then(|| seq(&[&parts[0], &parts[1]]))
    }

    /// Whether a name of this form (0: DNS, 1: address) is forbidden.
    fn forbid(&self, form: usize, name: Stated) -> bool {
        let (permitted, excluded) = (self.permitted[form], self.excluded[form]);
        name != No && (permitted != No && permitted != name || excluded == name)
    }
}

/// A leaf's names: the form and value of the common name, then the alternative names.
struct Names {
    common: (usize, Stated),
    alternative: [Stated; 2],
}

impl Names {
    fn all() -> impl Iterator<Item = Self> {
        (0..54).map(|number| Self {
            common: (number / 27, ALL[number % 3]),
            alternative: [ALL[number / 3 % 3], ALL[number / 9 % 3]],
        })
    }

    fn leaf(&self, ca: &Cert) -> Vec<u8> {
        let mut leaf = Cert::end("x", 4, &ca.subject);
        let text = match self.common {
            (0, stated) => stated.of(b"test.localhost", b"bad.example.com"),
            (_, stated) => stated.of(b"127.0.0.1", b"1.1.1.1"),
        };
        let text = text.map(|text| std::str::from_utf8(text).unwrap());
        leaf.subject = text.map_or_else(
            || dn(&[(10, "Acme")]),
            |text| dn(&[(10, "Acme"), (3, text)]),
        );
        let [dns, ip] = self.alternative;
        let names: Vec<u8> = [
            (DNS, dns.of(b"test.localhost", b"bad.example.com")),
            (IP, ip.of(&[127, 0, 0, 1], &[1, 1, 1, 1])),
        ]
        .into_iter()
        .filter_map(|(form, name)| name.map(|name| tlv(form, name)))
        .flatten()
        .collect();
        if !names.is_empty() {
            leaf.set(SUBJECT_ALT_NAME, false, &tlv(0x30, &names));
        }
        leaf.signed_by(ca)
    }
}

#[test]
fn what_a_constraint_forbids_is_refused_wherever_it_is_stated_and_nothing_else() {
    let root = Cert::root("root", 1);
    let anchor = [root.anchor()];
    let mut ca = Cert::ca("CA", 3, &root.subject, None);
    let leaves: Vec<(Names, Vec<u8>)> = Names::all()
        .map(|names| {
            let leaf = names.leaf(&ca);
            (names, leaf)
        })
        .collect();
    let (mut accepted, mut refused) = (0, 0);
    for constraints in Constraints::all() {
        ca.remove(NAME_CONSTRAINTS);
        if let Some(value) = constraints.der() {
            ca.set(NAME_CONSTRAINTS, true, &value);
        }
        let issuer = ca.signed_by(&root);
        for (names, leaf) in &leaves {
            let (form, common) = names.common;
            let [dns, ip] = names.alternative;
            let forbidden = constraints.forbid(form, common)
                || constraints.forbid(0, dns)
                || constraints.forbid(1, ip);
            let found = verify(&RingVerifier, &anchor, &[leaf, &issuer], NOW, &any_path());
            assert_eq!(found.is_err(), forbidden, "{:?}", found.err());
            *if forbidden {
                &mut refused
            } else {
                &mut accepted
            } += 1;
        }
    }
    assert_eq!(
        (accepted + refused, accepted > 500, refused > 3000),
        (81 * 54, true, true)
    );
}
