//! The vectors of Project Wycheproof: every case of ECDSA P-256 with SHA-256, by both providers, of
//! ECDH P-256 and of AES-CMAC.
//!
//! A case that is valid must pass, one that is invalid must be refused. For those that Wycheproof
//! leaves open ([`TestResult::Acceptable`]) [`OPEN`] states what happens here, and what does not apply
//! is in [`EXCEPTIONS`]; both lists fail if the outcome is another.

use core::ops::RangeInclusive;

use nymi_core::crypto::{PrivateKey, PublicKey, RustCrypto, SecretKey, SignatureVerifier};
use nymi_core::presence::Cmac;
use nymi_crypto_ring::RingVerifier;
use wycheproof::{TestResult, ecdh, ecdsa, mac};

/// Valid cases that are refused, and why.
struct Exception {
    set: &'static str,
    ids: RangeInclusive<usize>,
    /// How many valid cases are among these.
    cases: usize,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        set: "aes_cmac",
        ids: 103..=204,
        cases: 21,
        reason: "AES-192: the protocol has AES-128 alone, and the type takes no other key",
    },
    Exception {
        set: "aes_cmac",
        ids: 205..=306,
        cases: 21,
        reason: "AES-256: as AES-192",
    },
];

/// Cases that an implementation may accept or refuse: by their first flag, what is done here.
struct Open {
    set: &'static str,
    flag: ecdh::TestFlag,
    accepted: bool,
    cases: usize,
    reason: &'static str,
}

const OPEN: &[Open] = &[
    Open {
        set: "ecdh_secp256r1",
        flag: ecdh::TestFlag::CompressedPublic,
        accepted: false,
        cases: 1,
        reason: "the keys of certificates are uncompressed",
    },
    Open {
        set: "ecdh_secp256r1_ecpoint",
        flag: ecdh::TestFlag::CompressedPublic,
        accepted: true,
        cases: 1,
        reason: "the band's point is compressed (key agreement)",
    },
    Open {
        set: "ecdh_secp256r1",
        flag: ecdh::TestFlag::InvalidAsn,
        accepted: false,
        cases: 222,
        reason: "one encoding of a P-256 key is read, octet for octet",
    },
    explicit_parameters(ecdh::TestFlag::WrongOrder, 2),
    explicit_parameters(ecdh::TestFlag::ModifiedGenerator, 2),
    explicit_parameters(ecdh::TestFlag::ModifiedCofactor, 1),
    explicit_parameters(ecdh::TestFlag::NoCofactor, 1),
    explicit_parameters(ecdh::TestFlag::ModifiedCurveParameter, 1),
];

const fn explicit_parameters(flag: ecdh::TestFlag, cases: usize) -> Open {
    Open {
        set: "ecdh_secp256r1",
        flag,
        accepted: false,
        cases,
        reason: "only named curves are read (RFC 5480, 2.1.1)",
    }
}

/// The outcomes of one set, compared with what they should be.
struct Tally {
    set: &'static str,
    passed: usize,
    excepted: Vec<usize>,
    open: Vec<usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn new(set: &'static str) -> Self {
        Self {
            set,
            passed: 0,
            excepted: vec![0; EXCEPTIONS.len()],
            open: vec![0; OPEN.len()],
            wrong: vec![],
        }
    }

    /// A case of which Wycheproof says what it must give.
    fn add(&mut self, id: usize, expected: TestResult, accepted: bool, comment: &str) {
        let valid = match expected {
            TestResult::Valid => true,
            TestResult::Invalid => false,
            TestResult::Acceptable => return self.add_open(id, None, accepted, comment),
        };
        let exception = EXCEPTIONS
            .iter()
            .position(|exception| exception.set == self.set && exception.ids.contains(&id));
        match (exception, valid) {
            (Some(exception), true) if accepted => {
                let reason = EXCEPTIONS[exception].reason;
                self.fail(
                    id,
                    &format!("passes, though excepted ({reason}): {comment}"),
                );
            }
            (Some(exception), true) => self.excepted[exception] += 1,
            _ if valid == accepted => self.passed += 1,
            _ if valid => self.fail(id, &format!("refused: {comment}")),
            _ => self.fail(id, &format!("accepted: {comment}")),
        }
    }

    fn add_open(
        &mut self,
        id: usize,
        flag: Option<&ecdh::TestFlag>,
        accepted: bool,
        comment: &str,
    ) {
        let open = OPEN
            .iter()
            .position(|open| open.set == self.set && Some(&open.flag) == flag);
        match open {
            Some(open) if OPEN[open].accepted == accepted => self.open[open] += 1,
            Some(open) => {
                let reason = OPEN[open].reason;
                self.fail(id, &format!("other than listed ({reason}): {comment}"));
            }
            None => self.fail(
                id,
                &format!("left open by Wycheproof and not listed: {comment}"),
            ),
        }
    }

    fn fail(&mut self, id: usize, what: &str) {
        self.wrong.push(format!("{} {id}: {what}", self.set));
    }

    /// All cases of the set were tried, and the lists name no case that is not there.
    fn finish(self, in_file: usize, expected: usize) {
        let Self {
            set,
            passed,
            excepted,
            open,
            wrong,
        } = self;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let tried = passed + excepted.iter().sum::<usize>() + open.iter().sum::<usize>();
        assert_eq!((tried, in_file), (expected, expected), "cases of {set}");
        for (exception, found) in EXCEPTIONS.iter().zip(excepted) {
            let cases = if exception.set == set {
                exception.cases
            } else {
                0
            };
            assert_eq!(found, cases, "{set}: {}", exception.reason);
        }
        for (open, found) in OPEN.iter().zip(open) {
            let cases = if open.set == set { open.cases } else { 0 };
            assert_eq!(found, cases, "{set}: {}", open.reason);
        }
    }
}

type Verify = fn(
    &dyn SignatureVerifier,
    &PublicKey,
    &[u8],
    &[u8],
) -> Result<(), nymi_core::crypto::BadSignature>;

fn signatures(
    name: ecdsa::TestName,
    set: &'static str,
    provider: &dyn SignatureVerifier,
    verify: Verify,
    expected: usize,
) {
    let vectors = ecdsa::TestSet::load(name).unwrap();
    let mut tally = Tally::new(set);
    for group in vectors.test_groups {
        let key = PublicKey::from_spki_der(&group.der).expect("every key is a point of the curve");
        assert_eq!(key.as_uncompressed()[..], group.key.key[..]);
        for test in group.tests {
            let accepted = verify(provider, &key, &test.msg, &test.sig).is_ok();
            tally.add(test.tc_id, test.result, accepted, &test.comment);
        }
    }
    tally.finish(vectors.number_of_tests, expected);
}

fn der(provider: &dyn SignatureVerifier) {
    signatures(
        ecdsa::TestName::EcdsaSecp256r1Sha256,
        "ecdsa_secp256r1_sha256",
        provider,
        |provider, key, message, signature| provider.verify_der(key, message, signature),
        484,
    );
}

fn fixed(provider: &dyn SignatureVerifier) {
    signatures(
        ecdsa::TestName::EcdsaSecp256r1Sha256P1363,
        "ecdsa_secp256r1_sha256_p1363",
        provider,
        |provider, key, message, signature| provider.verify_fixed(key, message, signature),
        262,
    );
}

#[test]
fn signatures_in_der_by_rustcrypto() {
    der(&RustCrypto);
}

#[test]
fn signatures_in_der_by_ring() {
    der(&RingVerifier);
}

#[test]
fn signatures_of_fixed_size_by_rustcrypto() {
    fixed(&RustCrypto);
}

#[test]
fn signatures_of_fixed_size_by_ring() {
    fixed(&RingVerifier);
}

/// The private keys are integers, with or without zeros before them.
fn scalar(integer: &[u8]) -> SecretKey {
    let start = integer.iter().take_while(|octet| **octet == 0).count();
    let mut scalar = [0; 32];
    scalar[32 - (integer.len() - start)..].copy_from_slice(&integer[start..]);
    SecretKey::from_scalar(&scalar).unwrap()
}

/// `point` finds the octets that [`PrivateKey::agree`] takes in a peer's key.
fn agreement(
    name: ecdh::TestName,
    set: &'static str,
    point: fn(&[u8]) -> Option<Vec<u8>>,
    expected: usize,
) {
    let vectors = ecdh::TestSet::load(name).unwrap();
    let mut tally = Tally::new(set);
    for test in vectors.test_groups.iter().flat_map(|group| &group.tests) {
        let key = scalar(&test.private_key);
        let agreed = point(&test.public_key).and_then(|point| key.agree(&point).ok());
        let accepted = agreed.is_some();
        if let Some(secret) = agreed.filter(|secret| secret[..] != test.shared_secret[..]) {
            tally.fail(
                test.tc_id,
                &format!("another secret, {}", hex::encode(*secret)),
            );
        } else if test.result == TestResult::Acceptable {
            tally.add_open(test.tc_id, test.flags.first(), accepted, &test.comment);
        } else {
            tally.add(test.tc_id, test.result, accepted, &test.comment);
        }
    }
    tally.finish(vectors.number_of_tests, expected);
}

#[test]
fn agreement_with_keys_in_spki() {
    agreement(
        ecdh::TestName::EcdhSecp256r1,
        "ecdh_secp256r1",
        |spki| Some(PublicKey::from_spki_der(spki)?.as_uncompressed().to_vec()),
        612,
    );
}

#[test]
fn agreement_with_points() {
    agreement(
        ecdh::TestName::EcdhSecp256r1Ecpoint,
        "ecdh_secp256r1_ecpoint",
        |point| Some(point.to_vec()),
        355,
    );
}

#[test]
fn cmac() {
    let vectors = mac::TestSet::load(mac::TestName::AesCmac).unwrap();
    let mut tally = Tally::new("aes_cmac");
    let mut blocks = 0;
    for group in vectors.test_groups {
        assert_eq!(group.tag_size, 128);
        for test in group.tests {
            let key: Option<&[u8; 16]> = test.key.as_slice().try_into().ok();
            let tag = key.map(|key| Cmac::new(key).tag(&test.msg));
            let accepted = tag.is_some_and(|tag| tag[..] == test.tag[..]);
            tally.add(test.tc_id, test.result, accepted, &test.comment);
            if let (Some(key), Ok(block)) = (key, test.msg.as_slice().try_into()) {
                assert_eq!(Some(Cmac::new(key).tag_block(block)), tag, "one block");
                blocks += 1;
            }
        }
    }
    assert!(blocks > 0, "a case of one block");
    tally.finish(vectors.number_of_tests, 311);
}
