//! Two people over one document.

use super::*;

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
    (
        first,
        CounterClaims {
            claims,
            countersigns: Sha256Hex::of(token.as_bytes()),
        },
    )
}

fn countersigned(
    enterprise: &Enterprise,
    first: &VerifiedAssertion,
    counter: &CounterClaims,
) -> Result<CounterClaims, AssertionError> {
    let signer = &enterprise.signer;
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, counter).unwrap();
    let verified = verify_counter(
        &RustCrypto,
        &enterprise.anchors(),
        &token,
        first,
        &expect(record()),
    )?;
    let claims = verified.claims().clone();
    assert_eq!(verified.token_sha256(), Sha256Hex::of(token.as_bytes()));
    assert_eq!(verified.issued_at(), UnixMillis::from_secs(claims.iat));
    assert_eq!(verified.chain().leaf().der(), signer.der);
    Ok(CounterClaims {
        claims,
        countersigns: first.token_sha256(),
    })
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
        countersigned(
            &enterprise,
            &first,
            &CounterClaims {
                claims,
                ..counter.clone()
            },
        )
        .unwrap_err()
    };
    let same = Claims {
        sub: first.claims().sub.clone(),
        ..counter.claims.clone()
    };
    let user = "ACME\\jroe".to_owned();
    assert_eq!(refused(same), AssertionError::SameUser { user });
    let early = Claims {
        iat: NOW_S - 1,
        exp: NOW_S + 59,
        ..counter.claims.clone()
    };
    assert!(matches!(refused(early), AssertionError::Order { .. }));
    let moment = Claims {
        iat: NOW_S,
        exp: NOW_S + 60,
        ..counter.claims.clone()
    };
    let at_once = CounterClaims {
        claims: moment,
        ..counter.clone()
    };
    assert!(countersigned(&enterprise, &first, &at_once).is_ok());

    let another = CounterClaims {
        countersigns: Sha256Hex::new([7; 32]),
        ..counter.clone()
    };
    let refused_first = countersigned(&enterprise, &first, &another);
    let (found, expected) = (another.countersigns, first.token_sha256());
    assert_eq!(
        refused_first,
        Err(AssertionError::Countersigned { found, expected })
    );

    // Another document: refused by the record check, and by the first signature alone.
    let elsewhere = Claims {
        document_sha256: Some(Sha256Hex::new([1; 32])),
        ..counter.claims.clone()
    };
    assert!(matches!(
        refused(elsewhere.clone()),
        AssertionError::Document { .. }
    ));
    let signer = &enterprise.signer;
    let moved = CounterClaims {
        claims: elsewhere,
        ..counter.clone()
    };
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &moved).unwrap();
    let result = verify_counter(
        &RustCrypto,
        &enterprise.anchors(),
        &token,
        &first,
        &expect(Check::Signature),
    );
    assert!(matches!(result, Err(AssertionError::Document { .. })));

    // No document: not made, and not about a log-in.
    let bare = Claims {
        document_sha256: None,
        ..counter.claims.clone()
    };
    let bare = CounterClaims {
        claims: bare,
        ..counter.clone()
    };
    let made = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &bare);
    assert_eq!(made, Err(IssueError::Claims(ClaimsError::Document)));
    let log_in = check(&enterprise, &enterprise.token(&log_in()), Check::Signature).unwrap();
    assert_eq!(
        countersigned(&enterprise, &log_in, &counter),
        Err(AssertionError::NoDocument)
    );
}

#[test]
fn an_assertion_is_no_countersignature_nor_the_reverse() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    let signer = &enterprise.signer;
    let token = issue_counter(&signer.key, &signer.der, &enterprise.l2_der, &counter).unwrap();
    assert!(matches!(
        check(&enterprise, &token, record()),
        Err(AssertionError::Type { .. })
    ));
    let plain = enterprise.token(&counter.claims);
    let result = verify_counter(
        &RustCrypto,
        &enterprise.anchors(),
        &plain,
        &first,
        &expect(record()),
    );
    assert!(matches!(result, Err(AssertionError::Type { .. })));
    // And one that names nothing.
    let mut header = header(&enterprise);
    header["typ"] = json!("nymi-countersignature+jwt");
    let token = sealed(&enterprise, &header.to_string(), &text(&counter.claims));
    let result = verify_counter(
        &RustCrypto,
        &enterprise.anchors(),
        &token,
        &first,
        &expect(record()),
    );
    assert!(matches!(
        result,
        Err(AssertionError::Json {
            part: Part::Claims,
            ..
        })
    ));
}

#[test]
fn one_person_with_two_servers_is_no_second_person() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    let outcome = |domain: &str, username: &str, sub: &str| {
        let claims = Claims {
            iss: "https://nes2.example.com/nes".into(),
            domain: domain.into(),
            username: username.into(),
            sub: sub.into(),
            ..counter.claims.clone()
        };
        let (user, counter) = (
            format!("{domain}\\{username}"),
            CounterClaims {
                claims,
                ..counter.clone()
            },
        );
        let found = countersigned(&enterprise, &first, &counter);
        match found {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error, AssertionError::SameUser { user });
                false
            }
        }
    };
    for (domain, username, sub, accepted) in [
        ("ACME", "mdoe", "u-17", false),
        ("acme", "MDoe", "u-17", false),
        ("ACME", "jroe", "3f0c", false),
        // Their names belong to another domain, or the other name to theirs.
        ("PLANT", "mdoe", "u-17", true),
        ("ACME", "jroe", "u-17", true),
        ("", "ACME\\mdoe", "u-17", true),
    ] {
        let found = outcome(domain, username, sub);
        assert_eq!(found, accepted, "{domain}\\{username} {sub}");
    }
}

/// A, then B, then A again: the third token is about the second, which is no first signature.
#[test]
fn a_countersignature_is_never_countersigned() {
    let enterprise = Enterprise::new();
    let (first, counter) = two_people(&enterprise);
    let signer = &enterprise.signer;
    let seal = |counter: &CounterClaims| {
        issue_counter(&signer.key, &signer.der, &enterprise.l2_der, counter)
    };
    let second = seal(&counter).unwrap();
    let anchors = enterprise.anchors();
    let about = |token: &str| {
        verify_counter(
            &RustCrypto,
            &anchors,
            token,
            &first,
            &expect(Check::Signature),
        )
    };
    let (second_sha256, claims) = (about(&second).unwrap().token_sha256(), &counter.claims);
    for again in [first.claims(), claims] {
        let claims = Claims {
            iat: claims.iat + 1,
            exp: claims.exp + 1,
            jti: "9a3e".into(),
            ..again.clone()
        };
        let third = CounterClaims {
            claims,
            countersigns: second_sha256,
        };
        let (found, expected) = (second_sha256, first.token_sha256());
        assert_eq!(
            about(&seal(&third).unwrap()).unwrap_err(),
            AssertionError::Countersigned { found, expected }
        );
    }
    // Nor does the second token pass as a first.
    assert!(matches!(
        check(&enterprise, &second, record()),
        Err(AssertionError::Type { .. })
    ));
}
