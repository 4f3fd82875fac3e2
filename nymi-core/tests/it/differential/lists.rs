//! Revocation lists before the three verifiers: one list of the root, one of its sub CA, each sound or
//! changed at one place, or at several. Every certificate must be covered.

use std::process::Command;
use std::time::Duration;

use nymi_core::chain::{
    Crl, GradeRequirement, Profile, Purpose, Requirements, Revocation, TrustAnchor, oid, pem,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
    ring::ECDSA_P256_SHA256,
};

use super::chain::{Chain, Numbers};
use super::others::{self, Verdict};
use super::reasons::{Other, Sign};
use super::{Ours, assert_explained};
use crate::chain_revocation::{BASE_NUMBER, List, NUMBER};
use crate::chain_writer::*;

/// The root's list is 0, that of the CA below it is 1.
type Place = usize;

/// Serial numbers of the sub CA and of the leaf: what each list is about.
const SERIALS: [&[u8]; 2] = [&[0x12], &[0x13]];

/// Changes a list that is about this serial number.
struct Change {
    name: &'static str,
    make: fn(List, &[u8]) -> List,
}

const fn change(name: &'static str, make: fn(List, &[u8]) -> List) -> Change {
    Change { name, make }
}

const ABSENT: &str = "absent";
const ANOTHER_SIGNER: &str = "signed by another key";
const BEFORE_A_SOUND_ONE: &str = "before a sound one";
const AFTER_A_SOUND_ONE: &str = "after a sound one";

const CHANGES: &[Change] = &[
    change("revoked", |list, serial| list.revoke(serial, 1)),
    change("revoked without a reason", |list, serial| {
        list.entry(serial, &[])
    }),
    change("on hold", |list, serial| list.revoke(serial, 6)),
    change("another is revoked", |list, _| list.revoke(&[0x77], 1)),
    change("a longer number is revoked", |list, serial| {
        list.revoke(&[&[1], serial].concat(), 1)
    }),
    change("several are revoked", |list, serial| {
        list.revoke(&[1], 1).revoke(serial, 4).revoke(&[0x7f], 5)
    }),
    change("out of date", |mut list, _| {
        list.next_update = utc("260513082959Z");
        list
    }),
    change("from tomorrow on", |mut list, _| {
        list.this_update = utc("260514083000Z");
        list
    }),
    change("without an end", |mut list, _| {
        list.next_update = vec![];
        list
    }),
    change("of another issuer", |mut list, _| {
        list.issuer = cn("Someone else");
        list
    }),
    change("without a number", |mut list, _| {
        list.extensions
            .retain(|extension| extension.id != [0x55, 0x1d, NUMBER]);
        list
    }),
    change("of version 1", |mut list, _| {
        list.version = vec![];
        list.extensions.clear();
        list
    }),
    change("of version 3", |mut list, _| {
        list.version = tlv(2, &[2]);
        list
    }),
    change("an unknown critical extension", |list, _| {
        list.set(99, true, &tlv(5, &[]))
    }),
    change("an unknown extension", |list, _| {
        list.set(99, false, &tlv(5, &[]))
    }),
    change(
        "an entry with an unknown critical extension",
        |list, serial| list.entry(serial, &[ext(99, true, &tlv(5, &[]))]),
    ),
    change(
        "another's entry with an unknown critical extension",
        |list, _| list.entry(&[0x77], &[ext(99, true, &tlv(5, &[]))]),
    ),
    change("of end entities alone", |list, _| {
        list.point(&tlv(0x81, &[0xff]))
    }),
    change("of CAs alone", |list, _| list.point(&tlv(0x82, &[0xff]))),
    change("of attribute certificates alone", |list, _| {
        list.point(&tlv(0x85, &[0xff]))
    }),
    change("for some reasons alone", |list, _| {
        list.point(&tlv(0x83, &[5, 0x60]))
    }),
    change("indirect", |list, _| list.point(&tlv(0x84, &[0xff]))),
    change("of a distribution point", |list, _| {
        list.point(&tlv(
            0xa0,
            &tlv(0xa0, &tlv(0x86, b"http://crl.acme.test/l2")),
        ))
    }),
    change("a delta", |list, _| {
        list.set(BASE_NUMBER, true, &tlv(2, &[6]))
    }),
    change("a delta that revokes", |list, serial| {
        list.revoke(serial, 1).set(BASE_NUMBER, true, &tlv(2, &[6]))
    }),
    change(ANOTHER_SIGNER, |list, _| list),
    change(ABSENT, |list, _| list),
    change(BEFORE_A_SOUND_ONE, |list, _| list),
    change(AFTER_A_SOUND_ONE, |list, _| list),
];

/// A sound chain whose certificates have the numbers that the lists are about.
fn numbered() -> Chain {
    let mut chain = Chain::sound(1);
    for (place, serial) in SERIALS.iter().enumerate() {
        chain.certs[place + 1].serial = serial.to_vec();
    }
    chain
}

/// Lists in DER, and what was done to them.
struct Case {
    changes: Vec<(&'static str, Place)>,
    lists: Vec<Vec<u8>>,
}

impl Case {
    fn new(chain: &Chain, changes: &[(usize, Place)]) -> Self {
        let changes: Vec<_> = changes
            .iter()
            .map(|(change, place)| (&CHANGES[*change], *place))
            .collect();
        let lists = (0..2).flat_map(|place| {
            let here = || changes.iter().filter(move |(_, at)| *at == place);
            let issuer = &chain.certs[place];
            let authority = seq(&[&tlv(0x80, &[place as u8 + 1; 20])]);
            let sound = List::new(issuer).set(AUTHORITY_KEY_ID, false, &authority);
            let list = here().fold(sound.clone(), |list, (change, _)| {
                (change.make)(list, SERIALS[place])
            });
            let named = |name| here().any(|(change, _)| change.name == name);
            let signer = if named(ANOTHER_SIGNER) {
                &chain.certs[2]
            } else {
                issuer
            };
            [
                named(AFTER_A_SOUND_ONE).then(|| sound.der(issuer)),
                (!named(ABSENT)).then(|| list.der(signer)),
                named(BEFORE_A_SOUND_ONE).then(|| sound.der(issuer)),
            ]
            .into_iter()
            .flatten()
        });
        Self {
            lists: lists.collect(),
            changes: changes
                .iter()
                .map(|(change, place)| (change.name, *place))
                .collect(),
        }
    }
}

fn ours(chain: &Chain, case: &Case, profile: Profile) -> Ours {
    let read: Result<Vec<Crl>, _> = case.lists.iter().map(|der| Crl::from_der(der)).collect();
    let crls = read.map_err(|error| error.number())?;
    let requirements = Requirements::new(GradeRequirement::Any)
        .with_purpose(Purpose::KeyPurpose(oid::CLIENT_AUTH))
        .with_profile(profile)
        .with_crls(&crls)
        .with_revocation(Revocation::Required);
    let anchor = TrustAnchor::from_der(&written(chain, 0)).map_err(|error| error.number())?;
    check(
        &[anchor],
        &[written(chain, 2), written(chain, 1)],
        NOW,
        &requirements,
    )
    .map(drop)
    .map_err(|error| error.number())
}

fn written(chain: &Chain, position: usize) -> Vec<u8> {
    chain.certs[position].sign(&chain.signers[position])
}

fn webpki(chain: &Chain, case: &Case) -> Verdict {
    let [anchor, ca, leaf] =
        [0, 1, 2].map(|position| CertificateDer::from(written(chain, position)));
    let verified = || {
        let lists: Vec<CertRevocationList<'_>> = case
            .lists
            .iter()
            .map(|der| BorrowedCertRevocationList::from_der(der).map(Into::into))
            .collect::<Result<_, _>>()?;
        let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&lists)
            .map_err(|_| webpki::Error::UnknownRevocationStatus)?
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build();
        EndEntityCert::try_from(&leaf)?.verify_for_usage(
            &[ECDSA_P256_SHA256],
            &[anchor_from_trusted_cert(&anchor)?],
            std::slice::from_ref(&ca),
            UnixTime::since_unix_epoch(Duration::from_millis(NOW.0 as u64)),
            KeyUsage::client_auth(),
            Some(revocation),
            None,
        )?;
        Ok(())
    };
    verified().map_err(|error: webpki::Error| format!("{error:?}"))
}

fn openssl(chain: &Chain, case: &Case) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, label: &str, list: &[Vec<u8>]| {
        let text: String = list.iter().map(|der| pem::encode(label, der)).collect();
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    for (position, name) in ["anchor", "ca", "leaf"].into_iter().enumerate() {
        write(name, "CERTIFICATE", &[written(chain, position)]);
    }
    write("lists", "X509 CRL", &case.lists);
    let mut command = Command::new("openssl");
    command
        .args([
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-crl_check_all",
        ])
        .args(["-attime", &(NOW.0 / 1000).to_string()])
        .args([
            "-no-CApath",
            "-no-CAstore",
            "-CAfile",
            "anchor",
            "-untrusted",
            "ca",
        ]);
    if !case.lists.is_empty() {
        command.args(["-CRLfile", "lists"]);
    }
    others::verdict(&others::output(command.arg("leaf"), folder.path()), "leaf")
}

/// Why a verifier disagrees over lists with this change.
struct Reason {
    other: Other,
    sign: Sign,
    change: &'static str,
    why: &'static str,
}

impl Reason {
    fn explains(&self, case: &Case, other: Other, ours: Ours, theirs: &Verdict) -> bool {
        self.other == other
            && self.sign.is_of(ours, theirs)
            && case
                .changes
                .iter()
                .any(|(change, _)| *change == self.change)
    }
}

const fn reason(other: Other, sign: Sign, change: &'static str, why: &'static str) -> Reason {
    Reason {
        other,
        sign,
        change,
        why,
    }
}

use Other::{OpenSsl, Webpki};
use Sign::{Ours as OursAlone, Theirs};

#[rustfmt::skip]
const REASONS: &[Reason] = &[
    reason(Webpki, OursAlone(&[126]), "from tomorrow on",
        "webpki looks at nextUpdate alone; RFC 5280, 5.1.2.4: a list holds from thisUpdate on"),
    reason(OpenSsl, OursAlone(&[127]), "without an end",
        "RFC 5280, 5.1.2.5, demands nextUpdate; without it a list would hold for ever"),
    reason(Webpki, Theirs("BadDer"), "of version 1",
        "a list without extensions may be of version 1 (5.1.2.1); conforming issuers write version 2"),
    reason(OpenSsl, OursAlone(&[127]), "of version 1",
        "strict, we hold issuers to version 2 with a number (5.1.2.1, 5.2.3); OpenSSL's strictness is for certificates"),
    reason(OpenSsl, OursAlone(&[127]), "without a number",
        "strict, we hold issuers to 5.2.3; OpenSSL's strictness is for certificates"),
    reason(OpenSsl, OursAlone(&[127]), "of version 3",
        "there is no version 3 (5.1.2.1)"),
    reason(Webpki, Theirs("UnsupportedCrlIssuingDistributionPoint"), "of end entities alone",
        "webpki takes such a list for no certificate of a CA, and says so where we look for another"),
    reason(Webpki, Theirs("UnsupportedCrlIssuingDistributionPoint"), "of CAs alone",
        "as before, the other way round"),
    reason(OpenSsl, Theirs("unable to get certificate CRL"), "indirect",
        "OpenSSL reads indirect lists when asked to (-extended_crl)"),
    reason(Webpki, Theirs("UnsupportedIndirectCrl"), "indirect", "webpki reads none"),
    reason(Webpki, OursAlone(&[125]), "of a distribution point",
        "the certificate names no distribution point, so the list's scope is another (6.3.3 (b)(2)(i))"),
    reason(OpenSsl, OursAlone(&[127]), "a delta",
        "without its base a delta list says nothing of what it does not name (5.2.4)"),
    reason(OpenSsl, OursAlone(&[124]), "a delta that revokes",
        "OpenSSL takes one list of several; an entry that the issuer signed counts here"),
    reason(Webpki, Theirs(""), BEFORE_A_SOUND_ONE,
        "webpki takes the first list that fits or refuses one it cannot read; we use any that can be used"),
    reason(Webpki, Theirs(""), AFTER_A_SOUND_ONE, "as before"),
    reason(OpenSsl, OursAlone(&[124]), AFTER_A_SOUND_ONE,
        "OpenSSL asks one list of several that fit; here an entry in one counts whatever another says"),
    reason(Webpki, OursAlone(&[124]), AFTER_A_SOUND_ONE, "webpki does, too"),
    reason(OpenSsl, Theirs("CRL signature failure"), BEFORE_A_SOUND_ONE,
        "OpenSSL chooses a list before it verifies the signature"),
    reason(OpenSsl, OursAlone(&[117]), BEFORE_A_SOUND_ONE,
        "a list with an unknown critical extension is not read (5.2): the caller hears of it at once"),
    reason(OpenSsl, OursAlone(&[117]), AFTER_A_SOUND_ONE, "as before"),
    reason(Webpki, OursAlone(&[117]), "an entry with an unknown critical extension",
        "webpki reads an entry when it comes to it, and may come to another list first"),
    reason(Webpki, OursAlone(&[117]), "another's entry with an unknown critical extension", "as before"),
];

/// Whom we disagree with and why not, over these cases; how often each reason was needed.
fn disagreements(cases: &[Case]) -> (Vec<String>, Vec<usize>) {
    let chain = numbered();
    let mut unexplained = vec![];
    let mut used = vec![0; REASONS.len()];
    for case in cases {
        let verdicts = [
            (
                OpenSsl,
                ours(&chain, case, Profile::Conforming),
                openssl(&chain, case),
            ),
            (
                Webpki,
                ours(&chain, case, Profile::Path),
                webpki(&chain, case),
            ),
        ];
        for (other, ours, theirs) in verdicts {
            if ours.is_ok() == theirs.is_ok() {
                continue;
            }
            let reason = REASONS
                .iter()
                .position(|reason| reason.explains(case, other, ours, &theirs));
            match reason {
                Some(reason) => used[reason] += 1,
                None => unexplained.push(format!(
                    "{:?}: ours {ours:?}, {other:?} {theirs:?}",
                    case.changes
                )),
            }
        }
    }
    (unexplained, used)
}

#[test]
fn each_change_of_a_list_alone_and_beside_a_sound_list() {
    let chain = numbered();
    let sound = Case::new(&chain, &[]);
    assert_eq!(ours(&chain, &sound, Profile::Conforming), Ok(()));
    assert_eq!(
        (openssl(&chain, &sound), webpki(&chain, &sound)),
        (Ok(()), Ok(()))
    );
    for place in 0..2 {
        let case = Case::new(&chain, &[(0, place)]);
        assert_eq!(ours(&chain, &case, Profile::Path), Err(124));
        let theirs = [openssl(&chain, &case), webpki(&chain, &case)];
        assert!(theirs.iter().all(Result::is_err), "revoked: {theirs:?}");
    }
    let beside = [BEFORE_A_SOUND_ONE, AFTER_A_SOUND_ONE]
        .map(|name| CHANGES.iter().position(|change| change.name == name));
    let mut cases = vec![];
    for change in 0..CHANGES.len() {
        for place in 0..2 {
            cases.push(Case::new(&chain, &[(change, place)]));
            let two = beside.iter().flatten();
            cases.extend(two.map(|other| Case::new(&chain, &[(change, place), (*other, place)])));
        }
    }
    let (unexplained, used) = disagreements(&cases);
    assert_explained(&unexplained);
    for (reason, used) in REASONS.iter().zip(used) {
        assert!(
            used > 0,
            "no disagreement needs the reason {:?}",
            reason.why
        );
    }
}

fn random(numbers: &mut Numbers, count: usize) -> Vec<Case> {
    let chain = numbered();
    let case = |_| {
        let changes: Vec<_> = (0..2 + numbers.below(3))
            .map(|_| (numbers.below(CHANGES.len()), numbers.below(2)))
            .collect();
        Case::new(&chain, &changes)
    };
    (0..count).map(case).collect()
}

#[test]
fn several_changes_of_lists_at_once() {
    assert_explained(&disagreements(&random(&mut Numbers(3), 60)).0);
}

#[test]
#[ignore = "some thousand processes of openssl"]
fn several_changes_of_thousands_of_lists() {
    assert_explained(&disagreements(&random(&mut Numbers(4), 3000)).0);
}
