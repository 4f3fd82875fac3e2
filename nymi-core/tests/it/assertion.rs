//! Assertions: what they carry, each reason to refuse one, and that nothing slips through.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use nymi_core::UnixMillis;
use nymi_core::assertion::{
    AssertionError, Check, Claims, ClaimsError, CounterClaims, Expectations, IssueError,
    MAX_TOKEN, Part, Sha256Hex, VerifiedAssertion, issue, issue_counter, verify, verify_counter,
};
use nymi_core::chain::oid::{GRADE_BRONZE, GRADE_GOLD};
use nymi_core::chain::{GradeRequirement, Role};
use nymi_core::crypto::{PrivateKey, RustCrypto};
use serde_json::{Value, json};

use super::assertion_pki::{DOCUMENT, Enterprise, NES, NOW_S, log_in, now, signature};

const AUDIENCE: &str = "https://mes.example.com";

fn expect(check: Check<'_>) -> Expectations<'_> {
    Expectations::new(check).with_grade(GradeRequirement::Bronze)
}

fn at(now: UnixMillis) -> Check<'static> {
    Check::LogIn { now, audience: AUDIENCE, nonce: Some("n-1") }
}

fn record() -> Check<'static> {
    Check::Record { document_sha256: DOCUMENT }
}

fn check(
    enterprise: &Enterprise,
    token: &str,
    check: Check<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    verify(&RustCrypto, &enterprise.anchors(), token, &expect(check))
}

/// A token of any header and claims, rightly signed.
fn sealed(enterprise: &Enterprise, header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = enterprise.signer.key.sign_fixed(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn header(enterprise: &Enterprise) -> Value {
    let x5c = [&enterprise.signer.der, &enterprise.l2_der].map(|der| BASE64_STANDARD.encode(der));
    json!({"alg": "ES256", "typ": "nymi-assertion+jwt", "x5c": x5c})
}

/// The outcome of a signature check of a token with this header and these claims.
fn read(enterprise: &Enterprise, header: &str, claims: &str) -> Result<(), AssertionError> {
    check(enterprise, &sealed(enterprise, header, claims), Check::Signature).map(|_| ())
}

fn text(claims: &Claims) -> String {
    serde_json::to_string(claims).unwrap()
}

#[test]
fn what_was_issued_verifies_and_says_the_same() {
    let enterprise = Enterprise::new();
    for claims in [log_in(), signature()] {
        let token = enterprise.token(&claims);
        let verified = check(&enterprise, &token, Check::Signature).unwrap();
        assert_eq!(*verified.claims(), claims);
        assert_eq!(verified.chain().leaf().der(), enterprise.signer.der);
        assert_eq!(verified.token_sha256(), Sha256Hex::of(token.as_bytes()));
        assert_eq!(verified.issued_at(), now());
    }
    let log_in = enterprise.token(&log_in());
    assert!(check(&enterprise, &log_in, at(now())).is_ok());
    assert!(check(&enterprise, &enterprise.token(&signature()), record()).is_ok());
}

#[test]
fn the_text_is_the_manuals() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&signature());
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], header(&enterprise));
    let expected = json!({
        "iss": NES, "aud": AUDIENCE, "azp": AUDIENCE, "sub": "3f0c", "Username": "mdoe",
        "Domain": "ACME", "NymiBandID": "DD:34:A2:0F:0B:0D", "agent": "agent-1",
        "endpoint": "terminal-7", "method": "nfc+ble", "intent": true, "intent_id": "tap-9",
        "intent_at": "2026-05-13T08:29:58.500Z", "counter": 4711,
        "verified_at": "2026-05-13T08:30:00.000Z", "iat": NOW_S, "exp": NOW_S + 60,
        "jti": "7c1e", "document_sha256": "d0".repeat(32), "meaning": "approved",
    });
    assert_eq!(parts[1], expected);
    // Absent, not null.
    let bare = Claims { nonce: None, ..log_in() };
    assert!(!text(&bare).contains("null") && !text(&bare).contains("meaning"));
}

#[test]
fn order_and_spaces_of_json_are_free_and_unknown_claims_ignored() {
    let enterprise = Enterprise::new();
    let [leaf, l2] = [&enterprise.signer.der, &enterprise.l2_der].map(|d| BASE64_STANDARD.encode(d));
    let header = format!(r#" {{ "x5c" : ["{leaf}", "{l2}"], "typ":"nymi-assertion+jwt","alg":"ES256" }}"#);
    let mut claims = serde_json::to_value(log_in()).unwrap();
    claims["future"] = json!({"depth": [1, 2.5, null, {"a": true}]});
    assert_eq!(read(&enterprise, &header, &claims.to_string()), Ok(()));
}

#[test]
fn a_header_has_three_members_and_no_more() {
    let enterprise = Enterprise::new();
    let claims = text(&log_in());
    let key = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    for (name, value) in [
        ("jku", json!("https://evil.example.com/keys")),
        ("jwk", key),
        ("x5u", json!("https://evil.example.com/cert")),
        ("kid", json!("1")),
        ("x5t#S256", json!("AA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("ALG", json!("none")),
        ("", json!(null)),
    ] {
        let mut header = header(&enterprise);
        header[name] = value;
        let refused = read(&enterprise, &header.to_string(), &claims);
        assert_eq!(refused, Err(AssertionError::HeaderMember { name: name.into() }));
    }
    for name in ["alg", "typ", "x5c"] {
        for wrong in [None, Some(json!(null)), Some(json!(1)), Some(json!({})), Some(json!(true))] {
            let mut header = header(&enterprise);
            match wrong {
                Some(wrong) => header[name] = wrong,
                None => _ = header.as_object_mut().unwrap().remove(name),
            }
            let refused = read(&enterprise, &header.to_string(), &claims);
            assert_eq!(refused, Err(AssertionError::HeaderMissing { name }));
        }
    }
}

#[test]
fn one_algorithm_and_one_type() {
    let enterprise = Enterprise::new();
    let claims = text(&log_in());
    for alg in ["none", "None", "HS256", "RS256", "ES384", "ES256K", "EdDSA", "es256", "ES256 ", ""] {
        let mut header = header(&enterprise);
        header["alg"] = json!(alg);
        let refused = read(&enterprise, &header.to_string(), &claims);
        assert_eq!(refused, Err(AssertionError::Algorithm { found: alg.into() }));
    }
    let expected = "nymi-assertion+jwt";
    for typ in ["JWT", "nymi-countersignature+jwt", "Nymi-Assertion+JWT", "application/nymi-assertion+jwt", ""] {
        let mut header = header(&enterprise);
        header["typ"] = json!(typ);
        let refused = read(&enterprise, &header.to_string(), &claims);
        assert_eq!(refused, Err(AssertionError::Type { found: typ.into(), expected }));
    }
}

#[test]
fn x5c_is_the_signer_and_l2_in_standard_base64() {
    let enterprise = Enterprise::new();
    let claims = text(&log_in());
    let (leaf, l2) = (&enterprise.signer.der, &enterprise.l2_der);
    let refused = |x5c: Value| {
        let mut header = header(&enterprise);
        header["x5c"] = x5c;
        read(&enterprise, &header.to_string(), &claims).unwrap_err()
    };
    let standard = |der: &[u8]| BASE64_STANDARD.encode(der);
    for found in [0, 1, 3, 4] {
        let some: Vec<_> =
            [leaf, l2, enterprise.l1_der(), l2].into_iter().map(|der| standard(der)).take(found).collect();
        assert_eq!(refused(json!(some)), AssertionError::X5cCount { found });
    }
    for (index, x5c) in [
        (0, json!([BASE64_URL_SAFE_NO_PAD.encode(leaf) + "-_", standard(l2)])),
        (0, json!([standard(leaf) + "\n", standard(l2)])),
        (0, json!([format!(" {}", standard(leaf)), standard(l2)])),
        (0, json!([1, standard(l2)])),
        (1, json!([standard(leaf), null])),
        (1, json!([standard(leaf), standard(&[1, 2]).trim_end_matches('=')])),
        (1, json!([standard(leaf), "AQJ="])), // "AQI=" with a bit set that means nothing
    ] {
        assert_eq!(refused(x5c), AssertionError::X5cBase64 { index });
    }
    let chain = |x5c| matches!(refused(x5c), AssertionError::Chain(_) | AssertionError::X5cPath);
    assert!(chain(json!([standard(l2), standard(leaf)])), "unsorted");
    assert!(chain(json!([standard(leaf), standard(enterprise.l1_der())])), "L1 for L2");
    assert!(chain(json!([standard(leaf), standard(leaf)])), "no L2");
    assert!(chain(json!(["", ""])), "empty");
    assert!(chain(json!([standard(&[leaf.as_slice(), &[0]].concat()), standard(l2)])), "trailing byte");
    assert!(chain(json!([standard(&enterprise.p384_leaf()), standard(l2)])), "wrong curve");
}

#[test]
fn a_key_is_never_in_two_places() {
    let enterprise = Enterprise::new();
    let (header, claims) = (header(&enterprise).to_string(), text(&log_in()));
    let twice = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let json_error = |result, wanted: Part| match result {
        Err(AssertionError::Json { part, detail }) => part == wanted && detail.contains("twice"),
        _ => false,
    };
    for member in [r#""alg":"ES256""#, r#""\u0061lg":"none""#, r#""x5c":[]"#] {
        assert!(json_error(read(&enterprise, &twice(&header, member), &claims), Part::Header), "{member}");
    }
    for member in [
        r#""sub":"another""#,
        r#""\u0073ub":"another""#,
        r#""iat":0"#,
        r#""x":{"a":[{"b":1,"b":2}]}"#,
    ] {
        assert!(json_error(read(&enterprise, &header, &twice(&claims, member)), Part::Claims), "{member}");
    }
}

#[test]
fn claims_have_their_types_and_no_others() {
    let enterprise = Enterprise::new();
    let header = header(&enterprise).to_string();
    let refused = |name: &str, value: Option<Value>| {
        let mut claims = serde_json::to_value(signature()).unwrap();
        match &value {
            Some(value) => claims[name] = value.clone(),
            None => _ = claims.as_object_mut().unwrap().remove(name),
        }
        let result = read(&enterprise, &header, &claims.to_string());
        assert!(
            matches!(result, Err(AssertionError::Json { part: Part::Claims, .. })),
            "{name} {value:?}: {result:?}"
        );
    };
    let whole: Value = serde_json::to_value(Claims { nonce: Some("n".into()), ..signature() }).unwrap();
    let optional = ["intent_id", "intent_at", "nonce", "document_sha256", "meaning"];
    for (name, value) in whole.as_object().unwrap() {
        if !optional.contains(&name.as_str()) {
            refused(name, None);
        }
        refused(name, Some(json!(null)));
        refused(name, Some(json!([value])));
        refused(name, Some(json!({"a": value})));
        if value.is_string() {
            refused(name, Some(json!(1)));
            refused(name, Some(json!(true)));
        } else {
            refused(name, Some(json!(value.to_string())));
            refused(name, Some(json!(1.5)));
        }
    }
    for value in [json!(-1), json!(1u64 << 32), json!(1.0)] {
        refused("counter", Some(value));
    }
    for value in [json!(1.0), json!(u64::MAX), json!(1e3)] {
        refused("iat", Some(value));
    }
    refused("intent", Some(json!(1)));
    refused("aud", Some(json!([AUDIENCE])));
    for value in ["BLE", "nfc", ""] {
        refused("method", Some(json!(value)));
    }
    refused("method", Some(json!({"ble": null})));
    refused("NymiBandID", Some(json!("DD34A20F0B0D")));
    refused("verified_at", Some(json!("yesterday")));
    refused("document_sha256", Some(json!("d0".repeat(31))));
    refused("document_sha256", Some(json!("d0".repeat(33))));
}

#[test]
fn only_an_object_is_a_header_or_claims() {
    let enterprise = Enterprise::new();
    let (good_header, good_claims) = (header(&enterprise).to_string(), text(&log_in()));
    let deep = "[".repeat(100_000 / 16);
    for bad in ["", "[]", "null", "1", "\"text\"", "{", "{}{}", "{} x", "\u{feff}{}", &deep, "{\"a\":1,}", "{'a':1}"] {
        for part in [Part::Header, Part::Claims] {
            let result = match part {
                Part::Header => read(&enterprise, bad, &good_claims),
                _ => read(&enterprise, &good_header, bad),
            };
            assert!(matches!(result, Err(AssertionError::Json { part: found, .. }) if found == part), "{bad:.10}");
        }
    }
    // A struct's fields in an array, which serde alone would take.
    let values: Vec<Value> = serde_json::to_value(signature()).unwrap().as_object().unwrap().values().cloned().collect();
    assert!(read(&enterprise, &good_header, &json!(values).to_string()).is_err());
    // Bytes that are no UTF-8.
    let bad = BASE64_URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}");
    let token = enterprise.token(&log_in());
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[1] = &bad;
    let result = check(&enterprise, &parts.join("."), Check::Signature);
    assert!(matches!(result, Err(AssertionError::Json { part: Part::Claims, .. })));
}

#[test]
fn a_token_is_three_parts_of_canonical_base64url() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let refused = |token: &str| check(&enterprise, token, Check::Signature).unwrap_err();
    let [header, claims, mac]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    for (found, text) in [
        (1, String::new()),
        (1, header.to_owned()),
        (2, format!("{header}.{claims}")),
        (4, format!("{token}.")),
        (5, format!("{header}.{claims}.{claims}.{claims}.{mac}")),
    ] {
        assert_eq!(refused(&text), AssertionError::Parts { found });
    }
    for (part, text) in [
        (Part::Header, format!("{header}=.{claims}.{mac}")),
        (Part::Header, format!(" {token}")),
        (Part::Claims, format!("{header}.{claims} .{mac}")),
        (Part::Claims, format!("{header}.+/{claims}.{mac}")),
        (Part::Signature, format!("{token}==")),
        (Part::Signature, format!("{token}\n")),
        (Part::Signature, format!("{token}é")),
    ] {
        assert_eq!(refused(&text), AssertionError::Base64 { part }, "{text}");
    }
    // 64 bytes are 86 digits of which the last carries four unused bits.
    assert_eq!(mac.len(), 86);
    let last = mac.chars().next_back().unwrap();
    for twin in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if twin != last {
            let text = format!("{}{twin}", &token[..token.len() - 1]);
            assert!(matches!(refused(&text), AssertionError::Base64 { .. } | AssertionError::Signature));
        }
    }
    assert_eq!(refused(&format!("{header}.{claims}.")), AssertionError::Signature);
    assert_eq!(refused(&token[..token.len() - 4]), AssertionError::Signature);
    assert_eq!(refused(&"a".repeat(MAX_TOKEN + 1)), AssertionError::TooLarge { found: MAX_TOKEN + 1 });
    assert_eq!(refused(&"a".repeat(MAX_TOKEN)), AssertionError::Parts { found: 1 });
}

#[test]
fn the_signature_is_by_the_certified_key_over_exactly_this_text() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let other = enterprise.token(&Claims { sub: "4a1d".into(), ..log_in() });
    let cut = |token: &str| token.rfind('.').unwrap();
    let mixed = format!("{}{}", &token[..cut(&token)], &other[cut(&other)..]);
    let refused = |token: &str| check(&enterprise, token, Check::Signature).unwrap_err();
    assert_eq!(refused(&mixed), AssertionError::Signature);
    let stranger = enterprise.sign_with(Role::NesAssertion, |_| {});
    let forged = issue(&stranger.key, &enterprise.signer.der, &enterprise.l2_der, &log_in());
    assert_eq!(refused(&forged.unwrap()), AssertionError::Signature);
    for weak in [[0; 64], [0xff; 64]] {
        let text = format!("{}.{}", &token[..cut(&token)], BASE64_URL_SAFE_NO_PAD.encode(weak));
        assert_eq!(refused(&text), AssertionError::Signature);
    }
}

#[test]
fn the_chain_must_be_of_this_enterprise_role_and_grade() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let number = |result: Result<VerifiedAssertion, AssertionError>| match result {
        Err(AssertionError::Chain(error)) => error.number(),
        other => panic!("{other:?}"),
    };
    let other = Enterprise::new();
    number(verify(&RustCrypto, &other.anchors(), &token, &expect(Check::Signature)));
    number(verify(&RustCrypto, &[], &token, &expect(Check::Signature)));
    let grade = |grade| {
        let expectations = Expectations::new(Check::Signature).with_grade(grade);
        verify(&RustCrypto, &enterprise.anchors(), &token, &expectations)
    };
    assert_eq!(number(grade(GradeRequirement::Gold)), 14);
    assert!(grade(GradeRequirement::Any).is_ok());
    let gold = Enterprise::of_grade(GRADE_GOLD);
    let as_gold = Expectations::new(Check::Signature);
    assert!(verify(&RustCrypto, &gold.anchors(), &gold.token(&log_in()), &as_gold).is_ok());

    for role in Role::ALL.into_iter().filter(|role| *role != Role::NesAssertion) {
        let signer = enterprise.sign_with(role, |_| {});
        let token = issue(&signer.key, &signer.der, &enterprise.l2_der, &log_in()).unwrap();
        number(check(&enterprise, &token, Check::Signature));
    }
    let under_l1 = enterprise.signer_under_l1(GRADE_BRONZE);
    for second in [enterprise.l1_der(), &enterprise.l2_der] {
        let token = issue(&under_l1.key, &under_l1.der, second, &log_in()).unwrap();
        let refused = check(&enterprise, &token, Check::Signature).unwrap_err();
        assert!(matches!(refused, AssertionError::Chain(_) | AssertionError::X5cPath), "{refused}");
    }
}

#[test]
fn the_chain_is_judged_at_iat_and_an_old_record_still_verifies() {
    let enterprise = Enterprise::new();
    let issued = |iat| enterprise.token(&Claims { iat, exp: iat + 60, ..signature() });
    // 2026-01-01T00:00:00Z, when the certificates begin, to 2027-01-01T00:00:00Z, when they end.
    let (begin, end) = (1_767_225_600, 1_798_761_600);
    for (iat, good) in [(begin - 1, false), (begin, true), (end, true), (end + 1, false)] {
        let result = check(&enterprise, &issued(iat), record());
        match result {
            Ok(_) => assert!(good, "{iat}"),
            Err(AssertionError::Chain(error)) => assert!(!good && error.number() == 29, "{iat}: {error}"),
            Err(other) => panic!("{other}"),
        }
    }
    let old = Enterprise::new();
    let rotated = old.sign_with(Role::NesAssertion, |params| {
        params.not_before = rcgen::date_time_ymd(2026, 5, 1);
        params.not_after = rcgen::date_time_ymd(2026, 5, 20);
    });
    let token = issue(&rotated.key, &rotated.der, &old.l2_der, &signature()).unwrap();
    assert!(check(&old, &token, record()).is_ok(), "by a key that was replaced since");
    let asked = |at| {
        let expectations = Expectations { at: Some(UnixMillis::from_secs(at)), ..expect(record()) };
        verify(&RustCrypto, &old.anchors(), &token, &expectations)
    };
    assert!(asked(NOW_S).is_ok());
    assert!(asked(NOW_S + 86_400).is_ok());
    assert!(matches!(asked(NOW_S - 1), Err(AssertionError::NotYet { .. })));
    assert!(matches!(asked(end - 1), Err(AssertionError::Chain(error)) if error.number() == 29));
}

#[test]
fn a_log_in_is_of_this_minute_within_the_stated_skew() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let ms = |ms| UnixMillis(NOW_S * 1000 + ms);
    for skew in [0, 1, 10_000] {
        let wide = i64::from(skew);
        let result = |now| {
            let expectations = Expectations { max_clock_skew_ms: skew, ..expect(at(now)) };
            verify(&RustCrypto, &enterprise.anchors(), &token, &expectations).map(|_| ())
        };
        let iat = now();
        assert_eq!(result(ms(-wide)), Ok(()));
        let early = ms(-wide - 1);
        assert_eq!(result(early), Err(AssertionError::NotYet { iat, now: early }));
        assert_eq!(result(ms(59_999 + wide)), Ok(()));
        let (exp, late) = (ms(60_000), ms(60_000 + wide));
        assert_eq!(result(late), Err(AssertionError::Expired { exp, now: late }));
        for now in [UnixMillis(i64::MIN), UnixMillis(i64::MAX)] {
            assert!(result(now).is_err());
        }
    }
    let default = |now| verify(&RustCrypto, &enterprise.anchors(), &token, &expect(at(now))).is_ok();
    assert!(default(ms(69_999)) && !default(ms(70_000)), "10 s unless stated");
}

#[test]
fn a_log_in_is_for_this_audience_and_question() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let result = |token: &str, audience, nonce| {
        let log_in = Check::LogIn { now: now(), audience, nonce };
        check(&enterprise, token, log_in).map(|_| ())
    };
    assert_eq!(result(&token, AUDIENCE, Some("n-1")), Ok(()));
    for audience in ["https://mes.example.co", "https://mes.example.com/", "", "webapi"] {
        let (found, expected) = (AUDIENCE.into(), audience.into());
        let refused = result(&token, audience, Some("n-1"));
        assert_eq!(refused, Err(AssertionError::Audience { found, expected }));
    }
    for nonce in [None, Some("n-2"), Some("")] {
        assert_eq!(result(&token, AUDIENCE, nonce), Err(AssertionError::Nonce));
    }
    let without = enterprise.token(&Claims { nonce: None, ..log_in() });
    assert_eq!(result(&without, AUDIENCE, None), Ok(()));
    assert_eq!(result(&without, AUDIENCE, Some("n-1")), Err(AssertionError::Nonce));
}

#[test]
fn the_issuer_is_the_expected_nes() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let by = |issuer| {
        let expectations = expect(Check::Signature).with_issuer(issuer);
        verify(&RustCrypto, &enterprise.anchors(), &token, &expectations).map(|_| ())
    };
    assert_eq!(by(NES), Ok(()));
    for other in ["https://nes.example.com/nes/", "https://nes.example.com", ""] {
        let (found, expected) = (NES.into(), other.into());
        assert_eq!(by(other), Err(AssertionError::Issuer { found, expected }));
    }
}

#[test]
fn a_record_is_this_document() {
    let enterprise = Enterprise::new();
    let refused = |claims: &Claims, document_sha256| {
        let record = Check::Record { document_sha256 };
        check(&enterprise, &enterprise.token(claims), record).unwrap_err()
    };
    let mut changed = DOCUMENT;
    changed[31] ^= 1;
    let (found, expected) = (Sha256Hex::new(DOCUMENT), Sha256Hex::new(changed));
    assert_eq!(refused(&signature(), changed), AssertionError::Document { found, expected });
    assert_eq!(refused(&log_in(), DOCUMENT), AssertionError::NoDocument);
}

#[test]
fn claims_that_contradict_each_other_are_neither_issued_nor_accepted() {
    let enterprise = Enterprise::new();
    let header = header(&enterprise).to_string();
    let refused = |claims: &Claims, why: ClaimsError| {
        let signer = &enterprise.signer;
        let issued = issue(&signer.key, &signer.der, &enterprise.l2_der, claims);
        assert_eq!(issued, Err(IssueError::Claims(why)));
        assert_eq!(read(&enterprise, &header, &text(claims)), Err(AssertionError::Claims(why)));
    };
    for exp in [NOW_S, NOW_S + 59, NOW_S + 61, i64::MAX, i64::MIN] {
        refused(&Claims { exp, ..log_in() }, ClaimsError::Lifetime);
    }
    refused(&Claims { iat: i64::MAX, exp: i64::MIN + 59, ..log_in() }, ClaimsError::Lifetime);
    let empty = |change: fn(&mut Claims), name| {
        let mut claims = log_in();
        change(&mut claims);
        refused(&claims, ClaimsError::Empty(name));
    };
    empty(|claims| claims.iss.clear(), "iss");
    empty(|claims| claims.aud.clear(), "aud");
    empty(|claims| claims.azp.clear(), "azp");
    empty(|claims| claims.sub.clear(), "sub");
    empty(|claims| claims.username.clear(), "Username");
    empty(|claims| claims.agent.clear(), "agent");
    empty(|claims| claims.endpoint.clear(), "endpoint");
    empty(|claims| claims.jti.clear(), "jti");
    for intent_id in [None, Some(String::new())] {
        let untapped = Claims { intent_id, ..signature() };
        refused(&untapped, ClaimsError::Intent("document_sha256"));
    }
    let unseen = Claims { intent: false, ..signature() };
    refused(&unseen, ClaimsError::Intent("document_sha256"));
    refused(&Claims { document_sha256: None, ..unseen.clone() }, ClaimsError::Intent("meaning"));
    let named = Claims { document_sha256: None, meaning: None, ..unseen };
    refused(&named, ClaimsError::Intent("intent_id"));
    refused(&Claims { intent_id: None, ..named }, ClaimsError::Intent("intent_at"));
    // Built-in users may have no domain, and a tap need not be about a document.
    for fine in [
        Claims { domain: String::new(), ..log_in() },
        Claims { document_sha256: None, meaning: None, ..signature() },
        Claims { intent: true, ..log_in() },
    ] {
        assert_eq!(read(&enterprise, &header, &text(&fine)), Ok(()));
    }
}

#[test]
fn what_no_verifier_would_read_is_not_issued() {
    let enterprise = Enterprise::new();
    let signer = &enterprise.signer;
    let said = |length| {
        let claims = Claims { meaning: Some("m".repeat(length)), ..signature() };
        issue(&signer.key, &signer.der, &enterprise.l2_der, &claims)
    };
    let longest = (0..MAX_TOKEN).rev().find_map(|length| said(length).ok()).unwrap();
    assert!(longest.len() > MAX_TOKEN - 3);
    assert!(check(&enterprise, &longest, record()).is_ok());
    assert!(matches!(said(MAX_TOKEN), Err(IssueError::TooLarge { found }) if found > MAX_TOKEN));
}

/// A first signature, and the claims of a second person about it.
fn two_people(enterprise: &Enterprise) -> (VerifiedAssertion, CounterClaims) {
    let token = enterprise.token(&signature());
    let first = check(enterprise, &token, record()).unwrap();
    let claims = Claims {
        sub: "9b2e".into(),
        username: "jroe".into(),
        band: "DD:34:A2:0F:0B:0E".parse().unwrap(),
        iat: NOW_S + 30,
        exp: NOW_S + 90,
        jti: "8d2f".into(),
        ..signature()
    };
    (first, CounterClaims { claims, countersigns: Sha256Hex::of(token.as_bytes()) })
}

fn countersigned(
    enterprise: &Enterprise,
    first: &VerifiedAssertion,
    counter: &CounterClaims,
) -> Result<CounterClaims, AssertionError> {
    let signer = &enterprise.signer;
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, counter).unwrap();
    let verified =
        verify_counter(&RustCrypto, &enterprise.anchors(), &token, first, &expect(record()))?;
    let claims = verified.assertion().claims().clone();
    assert_eq!(verified.assertion().token_sha256(), Sha256Hex::of(token.as_bytes()));
    Ok(CounterClaims { claims, countersigns: first.token_sha256() })
}

#[test]
fn two_people_sign_one_document() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    assert_eq!(countersigned(&enterprise, &first, &counter), Ok(counter));
}

#[test]
fn a_countersignature_is_of_another_person_over_the_same_document_and_that_signature() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    let refused = |claims: Claims| {
        countersigned(&enterprise, &first, &CounterClaims { claims, ..counter.clone() }).unwrap_err()
    };
    let same = Claims { sub: first.claims().sub.clone(), ..counter.claims.clone() };
    assert_eq!(refused(same), AssertionError::SameUser { sub: "3f0c".into() });
    let early = Claims { iat: NOW_S - 1, exp: NOW_S + 59, ..counter.claims.clone() };
    assert!(matches!(refused(early), AssertionError::Order { .. }));
    let moment = Claims { iat: NOW_S, exp: NOW_S + 60, ..counter.claims.clone() };
    let at_once = CounterClaims { claims: moment, ..counter.clone() };
    assert!(countersigned(&enterprise, &first, &at_once).is_ok());

    let another = CounterClaims { countersigns: Sha256Hex::new([7; 32]), ..counter.clone() };
    let refused_first = countersigned(&enterprise, &first, &another);
    let (found, expected) = (another.countersigns, first.token_sha256());
    assert_eq!(refused_first, Err(AssertionError::Countersigned { found, expected }));

    // Another document: refused by the record check, and by the first signature alone.
    let elsewhere = Claims { document_sha256: Some(Sha256Hex::new([1; 32])), ..counter.claims.clone() };
    assert!(matches!(refused(elsewhere.clone()), AssertionError::Document { .. }));
    let signer = &enterprise.signer;
    let moved = CounterClaims { claims: elsewhere, ..counter.clone() };
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &moved).unwrap();
    let result = verify_counter(&RustCrypto, &enterprise.anchors(), &token, &first, &expect(Check::Signature));
    assert!(matches!(result, Err(AssertionError::Document { .. })));

    // No document: not made, and not about a log-in.
    let bare = Claims { document_sha256: None, ..counter.claims.clone() };
    let bare = CounterClaims { claims: bare, ..counter.clone() };
    let made = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &bare);
    assert_eq!(made, Err(IssueError::Claims(ClaimsError::Document)));
    let log_in = check(&enterprise, &enterprise.token(&log_in()), Check::Signature).unwrap();
    assert_eq!(countersigned(&enterprise, &log_in, &counter), Err(AssertionError::NoDocument));
}

#[test]
fn an_assertion_is_no_countersignature_nor_the_reverse() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    let signer = &enterprise.signer;
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &counter).unwrap();
    assert!(matches!(check(&enterprise, &token, record()), Err(AssertionError::Type { .. })));
    let plain = enterprise.token(&counter.claims);
    let result = verify_counter(&RustCrypto, &enterprise.anchors(), &plain, &first, &expect(record()));
    assert!(matches!(result, Err(AssertionError::Type { .. })));
    // And one that names nothing.
    let mut header = header(&enterprise);
    header["typ"] = json!("nymi-countersignature+jwt");
    let token = sealed(&enterprise, &header.to_string(), &text(&counter.claims));
    let result = verify_counter(&RustCrypto, &enterprise.anchors(), &token, &first, &expect(record()));
    assert!(matches!(result, Err(AssertionError::Json { part: Part::Claims, .. })));
}

#[test]
fn refusals_have_numbers_of_their_own_and_say_what_to_do() {
    let some = [
        AssertionError::TooLarge { found: 1 },
        AssertionError::Parts { found: 1 },
        AssertionError::Base64 { part: Part::Header },
        AssertionError::Json { part: Part::Claims, detail: "x".into() },
        AssertionError::HeaderMember { name: "jwk".into() },
        AssertionError::HeaderMissing { name: "alg" },
        AssertionError::Algorithm { found: "none".into() },
        AssertionError::Type { found: "JWT".into(), expected: "x" },
        AssertionError::X5cCount { found: 3 },
        AssertionError::X5cBase64 { index: 0 },
        AssertionError::Claims(ClaimsError::Lifetime),
    ];
    for (error, number) in some.iter().zip(1..) {
        assert_eq!(error.number(), number);
        assert!(error.to_string().len() > 30, "{error}");
    }
    assert_eq!(AssertionError::Signature.number(), 13);
    assert_eq!(AssertionError::Nonce.number(), 16);
    assert_eq!(AssertionError::NoDocument.number(), 19);
    assert_eq!(AssertionError::X5cPath.number(), 24);
}
