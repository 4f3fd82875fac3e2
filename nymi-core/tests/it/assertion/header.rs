//! The header: three members, one algorithm, one type, two certificates.

use super::*;

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
        assert_eq!(
            refused,
            Err(AssertionError::HeaderMember { name: name.into() })
        );
    }
    for name in ["alg", "typ", "x5c"] {
        for wrong in [
            None,
            Some(json!(null)),
            Some(json!(1)),
            Some(json!({})),
            Some(json!(true)),
        ] {
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
    for alg in [
        "none", "None", "HS256", "RS256", "ES384", "ES256K", "EdDSA", "es256", "ES256 ", "",
    ] {
        let mut header = header(&enterprise);
        header["alg"] = json!(alg);
        let refused = read(&enterprise, &header.to_string(), &claims);
        assert_eq!(
            refused,
            Err(AssertionError::Algorithm { found: alg.into() })
        );
    }
    let expected = "nymi-assertion+jwt";
    for typ in [
        "JWT",
        "nymi-countersignature+jwt",
        "Nymi-Assertion+JWT",
        "application/nymi-assertion+jwt",
        "",
    ] {
        let mut header = header(&enterprise);
        header["typ"] = json!(typ);
        let refused = read(&enterprise, &header.to_string(), &claims);
        assert_eq!(
            refused,
            Err(AssertionError::Type {
                found: typ.into(),
                expected
            })
        );
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
        let some: Vec<_> = [leaf, l2, enterprise.l1_der(), l2]
            .into_iter()
            .map(standard)
            .take(found)
            .collect();
        assert_eq!(refused(json!(some)), AssertionError::X5cCount { found });
    }
    for (index, x5c) in [
        (
            0,
            json!([BASE64_URL_SAFE_NO_PAD.encode(leaf) + "-_", standard(l2)]),
        ),
        (0, json!([standard(leaf) + "\n", standard(l2)])),
        (0, json!([format!(" {}", standard(leaf)), standard(l2)])),
        (0, json!([1, standard(l2)])),
        (1, json!([standard(leaf), null])),
        (
            1,
            json!([standard(leaf), standard(&[1, 2]).trim_end_matches('=')]),
        ),
        (1, json!([standard(leaf), "AQJ="])), // "AQI=" with a bit set that means nothing
    ] {
        assert_eq!(refused(x5c), AssertionError::X5cBase64 { index });
    }
    let chain = |x5c| {
        matches!(
            refused(x5c),
            AssertionError::Chain(_) | AssertionError::X5cPath
        )
    };
    assert!(chain(json!([standard(l2), standard(leaf)])), "unsorted");
    assert!(
        chain(json!([standard(leaf), standard(enterprise.l1_der())])),
        "L1 for L2"
    );
    assert!(chain(json!([standard(leaf), standard(leaf)])), "no L2");
    assert!(chain(json!(["", ""])), "empty");
    assert!(
        chain(json!([
            standard(&[leaf.as_slice(), &[0]].concat()),
            standard(l2)
        ])),
        "trailing byte"
    );
    assert!(
        chain(json!([standard(&enterprise.p384_leaf()), standard(l2)])),
        "wrong curve"
    );
}
