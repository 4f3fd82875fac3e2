//! No bytes crash the verifier, and none but the issued ones pass it.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nymi_core::assertion::{
    AssertionError, Check, Claims, CounterClaims, Expectations, Method, Sha256Hex, issue_counter,
    verify, verify_counter,
};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::{PrivateKey, RustCrypto};
use nymi_core::text::is_blank;
use nymi_core::{BandId, UnixMillis};
use proptest::prelude::*;

use super::pki::{Enterprise, NOW_S, signature};

struct World {
    enterprise: Enterprise,
    anchors: [TrustAnchor; 1],
    token: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let enterprise = Enterprise::new();
    let (anchors, token) = (enterprise.anchors(), enterprise.token(&signature()));
    World {
        enterprise,
        anchors,
        token,
    }
});

fn check(token: &str) -> Result<Claims, AssertionError> {
    let expectations = Expectations::new(Check::Signature).with_grade(GradeRequirement::Bronze);
    let verified = verify(&RustCrypto, &WORLD.anchors, token, &expectations)?;
    Ok(verified.claims().clone())
}

/// Each byte in turn, one bit and one digit changed: most of 3 kB are certificates.
#[test]
fn a_token_with_any_byte_changed_is_refused() {
    let token = WORLD.token.as_bytes();
    assert!(check(&WORLD.token).is_ok());
    for at in 0..token.len() {
        for change in [1, 2] {
            let mut changed = token.to_vec();
            changed[at] ^= change;
            let text = String::from_utf8(changed).unwrap();
            assert!(check(&text).is_err(), "byte {at} as {:?}", &text[at..=at]);
        }
    }
}

#[test]
fn a_token_with_any_byte_missing_or_doubled_is_refused() {
    let token = &WORLD.token;
    for at in 0..token.len() {
        let shorter = format!("{}{}", &token[..at], &token[at + 1..]);
        let longer = format!("{}{}", &token[..at], &token[at - at.min(1)..]);
        for text in [shorter, longer, token[..at].to_owned()] {
            assert!(text == *token || check(&text).is_err(), "byte {at}");
        }
    }
}

/// What shows something: a claim that does not is refused.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9.:/@-]{1,20}",
        "\\PC{1,20}".prop_filter("blank", |text| !text.chars().all(is_blank)),
        Just("\u{0}\"\\\u{7f}\u{10ffff}".to_owned())
    ]
}

fn claims() -> impl Strategy<Value = Claims> {
    let names = (
        text(),
        text(),
        text(),
        text(),
        text(),
        "\\PC{0,12}",
        text(),
        text(),
    );
    let moments = (
        NOW_S - 1_000_000..NOW_S + 1_000_000,
        (-120_000..61_000i64, -120_000..61_000i64),
        any::<u32>(),
    );
    let rest = (
        any::<[u8; 6]>(),
        any::<bool>(),
        any::<bool>(),
        text(),
        proptest::option::of(text()),
    );
    let signed = proptest::option::of((text(), any::<[u8; 32]>(), proptest::option::of(text())));
    (names, moments, rest, signed).prop_map(|(names, moments, rest, signed)| {
        let (iat, (verified_after, tapped_after), counter) = moments;
        let iat_ms = iat * 1000;
        let (band, by_nfc, intent, jti, nonce) = rest;
        Claims {
            iss: names.0,
            aud: names.1,
            azp: names.2,
            sub: names.3,
            username: names.4,
            domain: names.5,
            band: BandId::new(band),
            agent: names.6,
            endpoint: names.7,
            method: if by_nfc { Method::NfcBle } else { Method::Ble },
            intent: intent || signed.is_some(),
            intent_id: signed.as_ref().map(|(id, ..)| id.clone()),
            intent_at: signed.as_ref().map(|_| UnixMillis(iat_ms + tapped_after)),
            counter,
            verified_at: UnixMillis(iat_ms + verified_after),
            iat,
            exp: iat + 60,
            jti,
            nonce,
            document_sha256: signed.as_ref().map(|(_, hash, _)| Sha256Hex::new(*hash)),
            meaning: signed.and_then(|(.., meaning)| meaning),
        }
    })
}

/// Text in the shape of a token, whose parts are often JSON.
fn token_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("\"ES256\"".to_owned()),
        Just("\"nymi-assertion+jwt\"".to_owned()),
        Just("[\"\",\"\"]".to_owned()),
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        Just("[[[{\"a\":1}]]]".to_owned()),
        "\\PC{0,8}",
    ];
    let name = prop_oneof![
        Just("alg"),
        Just("typ"),
        Just("x5c"),
        Just("iss"),
        Just("iat"),
        Just("\\ud800")
    ];
    let object = prop::collection::vec((name, value), 0..5).prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        BASE64_URL_SAFE_NO_PAD.encode(format!("{{{}}}", members.join(",")))
    });
    let part = prop_oneof![
        object,
        prop::collection::vec(any::<u8>(), 0..80)
            .prop_map(|bytes| { BASE64_URL_SAFE_NO_PAD.encode(bytes) })
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.join("."))
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_crash(text in prop_oneof!["\\PC{0,200}", token_like()]) {
        prop_assert!(check(&text).is_err());
    }

    #[test]
    fn a_good_header_with_any_signed_claims_is_judged_without_a_crash(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let header = WORLD.token.split('.').next().unwrap();
        let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let signature = WORLD.enterprise.signer.key.sign_fixed(signed.as_bytes());
        let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(check(&token).is_err());
    }

    #[test]
    fn several_changes_are_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), 32u8..127), 1..6)) {
        let mut bytes = WORLD.token.clone().into_bytes();
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[at.index(length)] = byte;
        }
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(check(&text).is_ok(), text == WORLD.token);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_consistent_claims_come_back_as_they_went_in(claims in claims()) {
        let token = WORLD.enterprise.token(&claims);
        prop_assert_eq!(check(&token), Ok(claims));
    }

    /// Letters in either case, of which each has one counterpart.
    #[test]
    fn a_second_person_has_another_sub_and_another_name_in_any_case(
        domain in "[a-zäéжω0-9.-]{0,6}",
        username in "[a-zäéжω0-9.-]{1,6}",
        upper in any::<[u16; 2]>(),
        (other_sub, other_domain, other_username) in any::<(bool, bool, bool)>(),
    ) {
        let turned = |text: &str, upper: u16| -> String {
            let turn = |(at, char): (usize, char)| match upper >> at & 1 {
                1 => char.to_uppercase().collect::<String>(),
                _ => char.into(),
            };
            text.chars().enumerate().map(turn).collect()
        };
        let changed = |text: String, change: bool| if change { text + "2" } else { text };
        let first = Claims { domain: domain.clone(), username: username.clone(), ..signature() };
        let claims = Claims {
            sub: changed(first.sub.clone(), other_sub),
            domain: changed(turned(&domain, upper[0]), other_domain),
            username: changed(turned(&username, upper[1]), other_username),
            ..first.clone()
        };
        let enterprise = &WORLD.enterprise;
        let expect = Expectations::new(Check::Signature).with_grade(GradeRequirement::Bronze);
        let first = verify(&RustCrypto, &WORLD.anchors, &enterprise.token(&first), &expect).unwrap();
        let counter = CounterClaims { claims, countersigns: first.token_sha256() };
        let signer = &enterprise.signer;
        let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &counter).unwrap();
        let found = verify_counter(&RustCrypto, &WORLD.anchors, &token, &first, &expect);
        let second_person = other_sub && (other_domain || other_username);
        prop_assert_eq!(found.map_err(|error| error.number()).err(), (!second_person).then_some(21));
    }
}
