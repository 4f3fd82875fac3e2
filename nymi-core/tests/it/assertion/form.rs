//! One spelling: JSON, base64url, and the signature over exactly that text.

use super::*;

#[test]
fn order_and_spaces_of_json_are_free_and_unknown_claims_ignored() {
    let enterprise = Enterprise::new();
    let [leaf, l2] =
        [&enterprise.signer.der, &enterprise.l2_der].map(|d| BASE64_STANDARD.encode(d));
    let header =
        format!(r#" {{ "x5c" : ["{leaf}", "{l2}"], "typ":"nymi-assertion+jwt","alg":"ES256" }}"#);
    let mut claims = serde_json::to_value(log_in()).unwrap();
    claims["future"] = json!({"depth": [1, 2.5, null, {"a": true}]});
    assert_eq!(read(&enterprise, &header, &claims.to_string()), Ok(()));
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
        assert!(
            json_error(
                read(&enterprise, &twice(&header, member), &claims),
                Part::Header
            ),
            "{member}"
        );
    }
    for member in [
        r#""sub":"another""#,
        r#""\u0073ub":"another""#,
        r#""iat":0"#,
        r#""x":{"a":[{"b":1,"b":2}]}"#,
    ] {
        assert!(
            json_error(
                read(&enterprise, &header, &twice(&claims, member)),
                Part::Claims
            ),
            "{member}"
        );
    }
}

#[test]
fn only_an_object_is_a_header_or_claims() {
    let enterprise = Enterprise::new();
    let (good_header, good_claims) = (header(&enterprise).to_string(), text(&log_in()));
    let deep = "[".repeat(100_000 / 16);
    for bad in [
        "",
        "[]",
        "null",
        "1",
        "\"text\"",
        "{",
        "{}{}",
        "{} x",
        "\u{feff}{}",
        &deep,
        "{\"a\":1,}",
        "{'a':1}",
    ] {
        for part in [Part::Header, Part::Claims] {
            let result = match part {
                Part::Header => read(&enterprise, bad, &good_claims),
                _ => read(&enterprise, &good_header, bad),
            };
            assert!(
                matches!(result, Err(AssertionError::Json { part: found, .. }) if found == part),
                "{bad:.10}"
            );
            if bad == "1" {
                let error = result.unwrap_err().to_string();
                assert!(error.contains("expected a JSON object"), "{error}");
            }
        }
    }
    // A struct's fields in an array, which serde alone would take.
    let values: Vec<Value> = serde_json::to_value(signature())
        .unwrap()
        .as_object()
        .unwrap()
        .values()
        .cloned()
        .collect();
    assert!(read(&enterprise, &good_header, &json!(values).to_string()).is_err());
    // Bytes that are no UTF-8.
    let bad = BASE64_URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}");
    let token = enterprise.token(&log_in());
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[1] = &bad;
    let result = check(&enterprise, &parts.join("."), Check::Signature);
    assert!(matches!(
        result,
        Err(AssertionError::Json {
            part: Part::Claims,
            ..
        })
    ));
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
        let error = refused(&text);
        assert_eq!(error, AssertionError::Base64 { part }, "{text}");
        let named = ["header", "claims", "signature"][part as usize];
        assert!(error.to_string().contains(named), "{error}");
    }
    // 64 bytes are 86 digits of which the last carries four unused bits.
    assert_eq!(mac.len(), 86);
    let last = mac.chars().next_back().unwrap();
    for twin in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if twin != last {
            let text = format!("{}{twin}", &token[..token.len() - 1]);
            assert!(matches!(
                refused(&text),
                AssertionError::Base64 { .. } | AssertionError::Signature
            ));
        }
    }
    assert_eq!(
        refused(&format!("{header}.{claims}.")),
        AssertionError::Signature
    );
    let shorter = &token[..token.len() - 2];
    assert_eq!(refused(shorter), AssertionError::Signature, "63 bytes");
    assert_eq!(
        refused(&"a".repeat(MAX_TOKEN + 1)),
        AssertionError::TooLarge {
            found: MAX_TOKEN + 1
        }
    );
    assert_eq!(
        refused(&"a".repeat(MAX_TOKEN)),
        AssertionError::Parts { found: 1 }
    );
}

#[test]
fn the_signature_is_by_the_certified_key_over_exactly_this_text() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let other = enterprise.token(&Claims {
        sub: "4a1d".into(),
        ..log_in()
    });
    let cut = |token: &str| token.rfind('.').unwrap();
    let mixed = format!("{}{}", &token[..cut(&token)], &other[cut(&other)..]);
    let refused = |token: &str| check(&enterprise, token, Check::Signature).unwrap_err();
    assert_eq!(refused(&mixed), AssertionError::Signature);
    let stranger = enterprise.sign_with(Role::NesAssertion, |_| {});
    let forged = issue(
        &stranger.key,
        &enterprise.signer.der,
        &enterprise.l2_der,
        &log_in(),
    );
    assert_eq!(refused(&forged.unwrap()), AssertionError::Signature);
    for weak in [[0; 64], [0xff; 64]] {
        let text = format!(
            "{}.{}",
            &token[..cut(&token)],
            BASE64_URL_SAFE_NO_PAD.encode(weak)
        );
        assert_eq!(refused(&text), AssertionError::Signature);
    }
}
