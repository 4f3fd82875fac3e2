//! What can be wrong, or unusual, with one certificate of a chain.

use nymi_core::chain::oid::{self, Oid};

use super::chain::{Chain, Place};
use crate::chain_writer::*;

/// A change to the certificate at this place of the chain, the root being 0.
pub(super) struct Mutation {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) apply: fn(&mut Chain, usize),
}

const fn any(name: &'static str, apply: fn(&mut Chain, usize)) -> Mutation {
    Mutation {
        name,
        place: Place::Any,
        apply,
    }
}

const fn ca(name: &'static str, apply: fn(&mut Chain, usize)) -> Mutation {
    Mutation {
        name,
        place: Place::Ca,
        apply,
    }
}

const fn leaf(name: &'static str, apply: fn(&mut Chain, usize)) -> Mutation {
    Mutation {
        name,
        place: Place::Leaf,
        apply,
    }
}

const fn issued(name: &'static str, apply: fn(&mut Chain, usize)) -> Mutation {
    Mutation {
        name,
        place: Place::Issued,
        apply,
    }
}

const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// 1.2.3.4: an extension, a policy, that nobody knows.
const UNKNOWN: &[u8] = &[0x2a, 3, 4];
const DNS: u8 = 0x82;
const EMAIL: u8 = 0x81;
const IP: u8 = 0x87;
const DIRECTORY: u8 = 0xa4;

fn purposes(chain: &mut Chain, at: usize, list: &[&[u8]]) {
    let list: Vec<u8> = list.iter().flat_map(|purpose| id(purpose)).collect();
    chain.certs[at].set(KEY_PURPOSES, false, &tlv(0x30, &list));
}

fn of(purpose: &Oid) -> &[u8] {
    purpose.content()
}

/// nameConstraints of the CA at `at`; `tag` a0 permits, a1 excludes.
fn constrain(chain: &mut Chain, at: usize, tag: u8, base: &[u8]) {
    let constraints = seq(&[&tlv(tag, &seq(&[base]))]);
    chain.certs[at].set(NAME_CONSTRAINTS, true, &constraints);
}

fn names(chain: &mut Chain, critical: bool, list: &[u8]) {
    chain
        .leaf()
        .set(SUBJECT_ALT_NAME, critical, &tlv(0x30, list));
}

/// A constraint at this CA and a name in the leaf.
fn constrained(chain: &mut Chain, at: usize, tag: u8, kind: u8, base: &[u8], name: &[u8]) {
    constrain(chain, at, tag, &tlv(kind, base));
    names(chain, false, &tlv(kind, name));
}

fn usage(chain: &mut Chain, at: usize, critical: bool, bits: &[u8]) {
    chain.certs[at].set(KEY_USAGE, critical, &tlv(0x03, bits));
}

fn constraints(chain: &mut Chain, at: usize, critical: bool, value: &[u8]) {
    chain.certs[at].set(BASIC_CONSTRAINTS, critical, value);
}

fn algorithm(id_content: &[u8], parameters: &[u8]) -> Vec<u8> {
    seq(&[&id(id_content), parameters])
}

pub(super) const MUTATIONS: &[Mutation] = &[
    // Validity. The moment of validation is 2026-05-13T08:30:00Z.
    any("not yet valid", |c, at| {
        c.certs[at].not_before = utc("260513083001Z")
    }),
    any("valid from this second", |c, at| {
        c.certs[at].not_before = utc("260513083000Z")
    }),
    any("expired", |c, at| {
        c.certs[at].not_after = utc("260513082959Z")
    }),
    any("valid until this second", |c, at| {
        c.certs[at].not_after = utc("260513083000Z")
    }),
    any("validity reversed", |c, at| {
        let cert = &mut c.certs[at];
        std::mem::swap(&mut cert.not_before, &mut cert.not_after);
    }),
    any("GeneralizedTime before 2050", |c, at| {
        c.certs[at].not_after = tlv(0x18, b"20270101000000Z");
    }),
    any("GeneralizedTime from 2050 on", |c, at| {
        c.certs[at].not_after = tlv(0x18, b"20510101000000Z");
    }),
    any("UTCTime without seconds", |c, at| {
        c.certs[at].not_after = utc("2701010000Z")
    }),
    any("the thirteenth month", |c, at| {
        c.certs[at].not_after = utc("271301000000Z")
    }),
    any("a local time", |c, at| {
        c.certs[at].not_after = utc("270101000000+0100")
    }),
    // basicConstraints and path length.
    ca("no basicConstraints", |c, at| {
        c.certs[at].remove(BASIC_CONSTRAINTS)
    }),
    ca("not a CA", |c, at| {
        constraints(c, at, true, &basic_constraints(false, None))
    }),
    ca("basicConstraints not critical", |c, at| {
        constraints(c, at, false, &basic_constraints(true, None));
    }),
    ca("path length 0", |c, at| {
        constraints(c, at, true, &basic_constraints(true, Some(0)))
    }),
    ca("path length 1", |c, at| {
        constraints(c, at, true, &basic_constraints(true, Some(1)))
    }),
    ca("path length 127", |c, at| {
        constraints(c, at, true, &basic_constraints(true, Some(127)))
    }),
    ca("path length -1", |c, at| {
        constraints(c, at, true, &basic_constraints(true, Some(255)))
    }),
    ca("path length 256", |c, at| {
        constraints(c, at, true, &seq(&[&[1, 1, 0xff], &tlv(2, &[1, 0])]));
    }),
    any("path length without CA", |c, at| {
        constraints(c, at, true, &basic_constraints(false, Some(0)));
    }),
    any("CA FALSE written out", |c, at| {
        constraints(c, at, true, &seq(&[&[1, 1, 0]]))
    }),
    any("CA TRUE as 01", |c, at| {
        constraints(c, at, true, &seq(&[&[1, 1, 1]]))
    }),
    leaf("an end entity by basicConstraints", |c, at| {
        constraints(c, at, true, &basic_constraints(false, None));
    }),
    leaf("a CA as leaf", |c, at| {
        constraints(c, at, true, &basic_constraints(true, None));
        usage(c, at, true, &[1, 0x86]);
    }),
    // keyUsage.
    any("no keyUsage", |c, at| c.certs[at].remove(KEY_USAGE)),
    any("keyUsage not critical", |c, at| {
        let bits: &[u8] = if at + 1 == c.certs.len() {
            &[7, 0x80]
        } else {
            &[1, 6]
        };
        usage(c, at, false, bits);
    }),
    ca("cRLSign alone", |c, at| usage(c, at, true, &[1, 0x02])),
    ca("keyCertSign alone", |c, at| usage(c, at, true, &[2, 0x04])),
    leaf("keyCertSign in a leaf", |c, at| {
        usage(c, at, true, &[2, 0x84])
    }),
    leaf("keyAgreement alone", |c, at| usage(c, at, true, &[3, 0x08])),
    leaf("keyEncipherment alone", |c, at| {
        usage(c, at, true, &[5, 0x20])
    }),
    any("keyUsage without bits", |c, at| usage(c, at, true, &[0])),
    any("keyUsage with zero bits at its end", |c, at| {
        let bits: &[u8] = if at + 1 == c.certs.len() {
            &[0, 0x80]
        } else {
            &[0, 6]
        };
        usage(c, at, true, bits);
    }),
    // extendedKeyUsage.
    any("no extendedKeyUsage", |c, at| {
        c.certs[at].remove(KEY_PURPOSES)
    }),
    any("clientAuth", |c, at| {
        purposes(c, at, &[of(&oid::CLIENT_AUTH)])
    }),
    any("serverAuth alone", |c, at| purposes(c, at, &[SERVER_AUTH])),
    any("serverAuth and clientAuth", |c, at| {
        purposes(c, at, &[SERVER_AUTH, of(&oid::CLIENT_AUTH)]);
    }),
    any("any purpose", |c, at| purposes(c, at, &[ANY_PURPOSE])),
    any("an unknown purpose", |c, at| purposes(c, at, &[UNKNOWN])),
    any("no purpose", |c, at| purposes(c, at, &[])),
    any("critical extendedKeyUsage", |c, at| {
        c.certs[at].set(KEY_PURPOSES, true, &ids(&[oid::CLIENT_AUTH]));
    }),
    // Name constraints.
    ca("permitted DNS", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"a.acme.test")
    }),
    ca("DNS not permitted", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"a.other.test")
    }),
    ca("DNS that ends alike", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"xacme.test")
    }),
    ca("DNS in capitals", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"A.ACME.TEST")
    }),
    ca("excluded DNS", |c, at| {
        constrained(c, at, 0xa1, DNS, b"acme.test", b"a.acme.test")
    }),
    ca("DNS not excluded", |c, at| {
        constrained(c, at, 0xa1, DNS, b"acme.test", b"a.other.test")
    }),
    ca("wildcard below the permitted", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"*.acme.test");
    }),
    ca("wildcard over the excluded", |c, at| {
        constrained(c, at, 0xa1, DNS, b"a.acme.test", b"*.acme.test");
    }),
    ca("constraint with a dot before", |c, at| {
        constrained(c, at, 0xa0, DNS, b".acme.test", b"a.acme.test");
    }),
    ca("permitted address", |c, at| {
        constrained(
            c,
            at,
            0xa0,
            IP,
            &[192, 0, 2, 0, 255, 255, 255, 0],
            &[192, 0, 2, 7],
        );
    }),
    ca("address not permitted", |c, at| {
        constrained(
            c,
            at,
            0xa0,
            IP,
            &[192, 0, 2, 0, 255, 255, 255, 0],
            &[192, 0, 3, 7],
        );
    }),
    ca("address constraint of one octet", |c, at| {
        constrained(c, at, 0xa0, IP, &[192], &[192, 0, 2, 7]);
    }),
    ca("permitted mailbox", |c, at| {
        constrained(c, at, 0xa0, EMAIL, b"acme.test", b"user@acme.test");
    }),
    ca("mailbox not permitted", |c, at| {
        constrained(c, at, 0xa0, EMAIL, b"acme.test", b"user@other.test");
    }),
    ca("excluded directory name", |c, at| {
        let name = c.leaf().subject.clone();
        constrain(c, at, 0xa1, &tlv(DIRECTORY, &name));
    }),
    ca("directory name not permitted", |c, at| {
        constrain(c, at, 0xa0, &tlv(DIRECTORY, &cn("nobody")));
    }),
    ca("constraint with a minimum", |c, at| {
        constrain(
            c,
            at,
            0xa1,
            &[tlv(DNS, b"acme.test"), vec![0x80, 1, 1]].concat(),
        );
    }),
    ca("empty name constraints", |c, at| {
        c.certs[at].set(NAME_CONSTRAINTS, true, &seq(&[]))
    }),
    ca("constraint without critical", |c, at| {
        constrained(c, at, 0xa0, DNS, b"acme.test", b"a.other.test");
        let value = c.certs[at].extensions.pop().unwrap().value;
        c.certs[at].set(NAME_CONSTRAINTS, false, &value);
    }),
    leaf("name constraints in a leaf", |c, at| {
        constrain(c, at, 0xa1, &tlv(DNS, b"acme.test"))
    }),
    ca("common name like a DNS name", |c, at| {
        constrain(c, at, 0xa0, &tlv(DNS, b"acme.test"));
        c.leaf().subject = cn("a.other.test");
    }),
    ca("common name like a DNS name beside another", |c, at| {
        constrain(c, at, 0xa0, &tlv(DNS, b"acme.test"));
        c.leaf().subject = cn("a.other.test");
        names(c, false, &tlv(DNS, b"a.acme.test"));
    }),
    // Names.
    leaf("no name at all", |c, at| c.certs[at].subject = seq(&[])),
    leaf("no subject, critical alternative name", |c, at| {
        c.certs[at].subject = seq(&[]);
        names(c, true, &tlv(DNS, b"a.acme.test"));
    }),
    leaf("no subject, alternative name not critical", |c, at| {
        c.certs[at].subject = seq(&[]);
        names(c, false, &tlv(DNS, b"a.acme.test"));
    }),
    leaf("empty alternative names", |c, _| names(c, false, &[])),
    leaf("address of three octets", |c, _| {
        names(c, false, &tlv(IP, &[1, 2, 3]))
    }),
    issued("another issuer", |c, at| {
        c.certs[at].issuer = cn("Somebody else")
    }),
    issued("no issuer", |c, at| c.certs[at].issuer = seq(&[])),
    issued("issuer in another case", |c, at| {
        let issuer = String::from_utf8(c.certs[at].issuer.clone()).unwrap();
        c.certs[at].issuer = issuer.replace("CA", "ca").into_bytes();
    }),
    issued("issuer as PrintableString", |c, at| {
        for octet in &mut c.certs[at].issuer {
            if *octet == 0x0c {
                *octet = 0x13;
            }
        }
    }),
    // Serial number and version.
    any("serial 0", |c, at| c.certs[at].serial = vec![0]),
    any("negative serial", |c, at| c.certs[at].serial = vec![0x80]),
    any("serial of 20 octets", |c, at| {
        c.certs[at].serial = vec![0x7f; 20]
    }),
    any("serial of 21 octets", |c, at| {
        c.certs[at].serial = vec![0x7f; 21]
    }),
    any("serial with a zero before it", |c, at| {
        c.certs[at].serial = vec![0, 0x11]
    }),
    any("empty serial", |c, at| c.certs[at].serial = vec![]),
    any("version 1 with extensions", |c, at| {
        c.certs[at].version = vec![]
    }),
    any("version 2 with extensions", |c, at| {
        c.certs[at].version = tlv(0xa0, &tlv(2, &[1]))
    }),
    any("version 4", |c, at| {
        c.certs[at].version = tlv(0xa0, &tlv(2, &[3]))
    }),
    // Extensions.
    any("unknown critical extension", |c, at| {
        c.certs[at]
            .extensions
            .push(other_ext(UNKNOWN, true, &[5, 0]));
    }),
    any("unknown extension", |c, at| {
        c.certs[at]
            .extensions
            .push(other_ext(UNKNOWN, false, &[5, 0]));
    }),
    any("unknown extension twice", |c, at| {
        let twice = other_ext(UNKNOWN, false, &[5, 0]);
        c.certs[at].extensions.extend([twice.clone(), twice]);
    }),
    any("keyUsage twice", |c, at| {
        let cert = &mut c.certs[at];
        let again: Vec<Ext> = cert
            .extensions
            .iter()
            .filter(|e| e.id[2] == KEY_USAGE)
            .cloned()
            .collect();
        cert.extensions.extend(again);
    }),
    any("critical FALSE written out", |c, at| {
        let mut stated = other_ext(UNKNOWN, false, &[5, 0]);
        stated.critical = vec![1, 1, 0];
        c.certs[at].extensions.push(stated);
    }),
    any("no subject key identifier", |c, at| {
        c.certs[at].remove(SUBJECT_KEY_ID)
    }),
    any("no authority key identifier", |c, at| {
        c.certs[at].remove(AUTHORITY_KEY_ID)
    }),
    issued("authority key identifier of another key", |c, at| {
        c.certs[at].set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &[9; 20])]));
    }),
    any("critical subject key identifier", |c, at| {
        c.certs[at].set(SUBJECT_KEY_ID, true, &octets(&[at as u8 + 1; 20]));
    }),
    any("critical authority key identifier", |c, at| {
        let issuer = at.saturating_sub(1);
        c.certs[at].set(
            AUTHORITY_KEY_ID,
            true,
            &seq(&[&tlv(0x80, &[issuer as u8 + 1; 20])]),
        );
    }),
    any("no extensions", |c, at| c.certs[at].extensions.clear()),
    // Policies.
    any("a policy", |c, at| {
        c.certs[at].set(POLICIES, false, &policies(&[UNKNOWN]))
    }),
    any("a policy twice", |c, at| {
        c.certs[at].set(POLICIES, false, &policies(&[UNKNOWN, UNKNOWN]));
    }),
    any("an explicit policy required", |c, at| {
        c.certs[at].set(POLICY_CONSTRAINTS, true, &seq(&[&tlv(0x80, &[0])]));
    }),
    any("anyPolicy inhibited", |c, at| {
        c.certs[at].set(INHIBIT_ANY_POLICY, true, &tlv(2, &[0]));
    }),
    any("empty policy constraints", |c, at| {
        c.certs[at].set(POLICY_CONSTRAINTS, true, &seq(&[]));
    }),
    // Signature and algorithm.
    issued("signed by another key", |c, at| c.signers[at] = key(77)),
    issued("a changed signature", |c, at| {
        c.after[at].push(|der| *der.last_mut().unwrap() ^= 1);
    }),
    issued("changed after signing", |c, at| {
        c.after[at].push(|der| {
            let serial = der
                .windows(3)
                .position(|octets| octets == [2, 1, 0x11])
                .unwrap_or(3);
            der[serial + 2] ^= 1;
        });
    }),
    any("algorithm identifiers differ", |c, at| {
        c.certs[at].inner_algorithm = algorithm(ECDSA_SHA384, &[]);
    }),
    any("SHA-384 stated", |c, at| {
        c.certs[at].algorithms(ECDSA_SHA384)
    }),
    any("NULL parameters of the algorithm", |c, at| {
        let with_null = algorithm(ECDSA_SHA256, &[5, 0]);
        c.certs[at].inner_algorithm = with_null.clone();
        c.certs[at].outer_algorithm = with_null;
    }),
    leaf("a P-384 key", |c, at| {
        let curve = seq(&[
            &id(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
            &id(&[0x2b, 0x81, 0x04, 0x00, 0x22]),
        ]);
        c.certs[at].spki = seq(&[&curve, &tlv(3, &[&[0, 4], P384_POINT].concat())]);
    }),
    any("a key that is no point of the curve", |c, at| {
        *c.certs[at].spki.last_mut().unwrap() ^= 1;
    }),
    // Encoding and presentation.
    any("octets after the certificate", |c, at| {
        c.after[at].push(|der| der.extend([5, 0]))
    }),
    any("a field after the extensions", |c, at| {
        c.certs[at].tail = vec![5, 0]
    }),
    any("unique identifiers", |c, at| {
        c.certs[at].unique = tlv(0x81, &[0, 1])
    }),
    any("cut short", |c, at| {
        c.after[at].push(|der| der.truncate(der.len() - 3))
    }),
    issued("presented in reverse", |c, _| c.reversed = true),
    issued("the root is presented too", |c, _| c.with_root = true),
    issued("its issuer is not presented", |c, at| {
        c.absent = (at > 1).then(|| at - 1)
    }),
];

/// The base point of P-384.
const P384_POINT: &[u8] = &[
    0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38,
    0x55, 0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
    0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29,
    0xf8, 0xf4, 0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0,
    0x0a, 0x60, 0xb1, 0xce, 0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f,
];
