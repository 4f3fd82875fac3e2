//! The claims: their types, and that they fit together.

use super::*;

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
            matches!(
                result,
                Err(AssertionError::Json {
                    part: Part::Claims,
                    ..
                })
            ),
            "{name} {value:?}: {result:?}"
        );
    };
    let whole: Value = serde_json::to_value(Claims {
        nonce: Some("n".into()),
        ..signature()
    })
    .unwrap();
    let optional = [
        "intent_id",
        "intent_at",
        "nonce",
        "document_sha256",
        "meaning",
    ];
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
fn each_claim_has_one_spelling() {
    let enterprise = Enterprise::new();
    let header = header(&enterprise).to_string();
    let on_the_second = Some(UnixMillis::from_secs(NOW_S));
    let whole = text(&Claims {
        intent_at: on_the_second,
        ..signature()
    });
    assert_eq!(read(&enterprise, &header, &whole), Ok(()));
    let other = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from} in {whole}");
        let found = read(&enterprise, &header, &whole.replacen(from, to, 1));
        let Err(AssertionError::Json { part, detail }) = found else {
            panic!("{to}: {found:?}");
        };
        assert_eq!(part, Part::Claims);
        assert!(detail.contains("is written"), "{detail}");
    };
    other(&"d0".repeat(32), &"D0".repeat(32));
    let band = signature().band.to_string();
    other(&band, &band.to_lowercase());
    for name in ["verified_at", "intent_at"] {
        let claims: Value = serde_json::from_str(&whole).unwrap();
        let at = claims[name].as_str().unwrap();
        assert!(at.ends_with(".000Z"), "{at}");
        for to in [
            at.replace(".000Z", "Z"),
            at.replace(".000Z", ".000000999Z"),
            at.replace('Z', "z"),
            at.replace('Z', "+00:00"),
            at.replace('T', " "),
        ] {
            other(
                &format!(r#""{name}":"{at}""#),
                &format!(r#""{name}":"{to}""#),
            );
        }
    }
}

#[test]
fn claims_that_contradict_each_other_are_neither_issued_nor_accepted() {
    let enterprise = Enterprise::new();
    let header = header(&enterprise).to_string();
    let refused = |claims: &Claims, why: ClaimsError| {
        let signer = &enterprise.signer;
        let issued = issue(&signer.key, &signer.der, &enterprise.l2_der, claims);
        assert_eq!(issued, Err(IssueError::Claims(why)));
        assert_eq!(
            read(&enterprise, &header, &text(claims)),
            Err(AssertionError::Claims(why))
        );
    };
    for exp in [NOW_S, NOW_S + 59, NOW_S + 61, i64::MAX, i64::MIN] {
        refused(&Claims { exp, ..log_in() }, ClaimsError::Lifetime);
    }
    refused(
        &Claims {
            iat: i64::MAX,
            exp: i64::MIN + 59,
            ..log_in()
        },
        ClaimsError::Lifetime,
    );
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
    empty(|claims| claims.sub = " ".into(), "sub");
    empty(|claims| claims.username = "\u{200b}".into(), "Username");
    for meaning in ["", " \u{a0}"] {
        let said = Claims {
            meaning: Some(meaning.into()),
            ..signature()
        };
        refused(&said, ClaimsError::Empty("meaning"));
    }
    for intent_id in [None, Some(String::new())] {
        let untapped = Claims {
            intent_id,
            ..signature()
        };
        refused(&untapped, ClaimsError::Intent("document_sha256"));
    }
    let unseen = Claims {
        intent: false,
        ..signature()
    };
    refused(&unseen, ClaimsError::Intent("document_sha256"));
    refused(
        &Claims {
            document_sha256: None,
            ..unseen.clone()
        },
        ClaimsError::Intent("meaning"),
    );
    let named = Claims {
        document_sha256: None,
        meaning: None,
        ..unseen
    };
    refused(&named, ClaimsError::Intent("intent_id"));
    refused(
        &Claims {
            intent_id: None,
            ..named
        },
        ClaimsError::Intent("intent_at"),
    );
    // Built-in users may have no domain, and a tap need not be about a document.
    for fine in [
        Claims {
            domain: String::new(),
            ..log_in()
        },
        Claims {
            document_sha256: None,
            meaning: None,
            ..signature()
        },
        Claims {
            intent: true,
            ..log_in()
        },
    ] {
        assert_eq!(read(&enterprise, &header, &text(&fine)), Ok(()));
    }
}

/// A server verifies and signs at one moment, and takes a gesture for 60 s by clocks that may differ by 60 s.
#[test]
fn what_happened_did_so_about_when_the_assertion_was_made() {
    let enterprise = Enterprise::new();
    let header = header(&enterprise).to_string();
    let outcome = |claims: &Claims| {
        let signer = &enterprise.signer;
        let issued = issue(&signer.key, &signer.der, &enterprise.l2_der, claims);
        let found = read(&enterprise, &header, &text(claims));
        match found {
            Ok(()) => assert!(issued.is_ok()),
            Err(AssertionError::Claims(why)) => assert_eq!(issued, Err(IssueError::Claims(why))),
            Err(error) => panic!("{error}"),
        }
        found.err()
    };
    for (after_ms, fits) in [
        (-NOW_S * 1000, false),
        (-120_001, false),
        (-120_000, true),
        (0, true),
        (999, true),
        (60_999, true),
        (61_000, false),
        (i64::MAX / 1_000_000, false),
    ] {
        let moment = UnixMillis(NOW_S * 1000 + after_ms);
        let verified = Claims {
            verified_at: moment,
            ..signature()
        };
        let tapped = Claims {
            intent_at: Some(moment),
            ..signature()
        };
        for (claims, name) in [(verified, "verified_at"), (tapped, "intent_at")] {
            let refused = AssertionError::Claims(ClaimsError::Moment(name));
            let expected = (!fits).then_some(refused);
            assert_eq!(outcome(&claims), expected, "{name} {after_ms}");
        }
    }
}

#[test]
fn what_no_verifier_would_read_is_not_issued() {
    let enterprise = Enterprise::new();
    let signer = &enterprise.signer;
    let said = |length| {
        let claims = Claims {
            meaning: Some("m".repeat(length)),
            ..signature()
        };
        issue(&signer.key, &signer.der, &enterprise.l2_der, &claims)
    };
    // Three octets are four digits.
    let about = (MAX_TOKEN - said(1).unwrap().len()) / 4 * 3;
    let longest = (1..about + 8)
        .rev()
        .find_map(|length| said(length).ok())
        .unwrap();
    assert!(longest.len() > MAX_TOKEN - 3);
    assert!(check(&enterprise, &longest, record()).is_ok());
    assert!(matches!(said(MAX_TOKEN), Err(IssueError::TooLarge { found }) if found > MAX_TOKEN));
}

#[test]
fn the_longest_token_that_verifiers_read_is_issued() {
    let enterprise = Enterprise::new();
    let signer = &enterprise.signer;
    let about = (MAX_TOKEN - enterprise.token(&signature()).len()) / 4 * 3;
    let mut lengths = Vec::new();
    // Not every length can be had with one header, so that of the second certificate varies, too.
    for (l2, meaning) in (0..9).flat_map(|l2| (0..32).map(move |meaning| (l2, meaning))) {
        let l2_der = [enterprise.l2_der.as_slice(), &vec![0; l2]].concat();
        let claims = Claims {
            meaning: Some("m".repeat(about - 24 + meaning)),
            ..signature()
        };
        match issue(&signer.key, &signer.der, &l2_der, &claims) {
            Ok(token) => lengths.push(token.len()),
            Err(IssueError::TooLarge { found }) => assert!(found > MAX_TOKEN),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(lengths.into_iter().max(), Some(MAX_TOKEN));
}

#[test]
fn methods_and_hashes_are_written_as_the_claims_have_them() {
    for (method, text) in [(Method::Ble, "ble"), (Method::NfcBle, "nfc+ble")] {
        assert_eq!((method.to_string().as_str(), method.as_str()), (text, text));
    }
    let hash = Sha256Hex::new(DOCUMENT);
    assert_eq!(hash.as_bytes(), &DOCUMENT);
    assert_eq!(hash.to_string(), "d0".repeat(32));
}
