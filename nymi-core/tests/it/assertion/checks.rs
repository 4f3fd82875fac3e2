//! What a verifier demands: the chain, the times, the audience, the question, the document.

use super::*;

#[test]
fn the_chain_must_be_of_this_enterprise_role_and_grade() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let number = |result: Result<VerifiedAssertion, AssertionError>| match result {
        Err(AssertionError::Chain(error)) => error.number(),
        other => panic!("{other:?}"),
    };
    let other = Enterprise::new();
    number(verify(
        &RustCrypto,
        &other.anchors(),
        &token,
        &expect(Check::Signature),
    ));
    number(verify(&RustCrypto, &[], &token, &expect(Check::Signature)));
    let grade = |grade| {
        let expectations = Expectations::new(Check::Signature).with_grade(grade);
        verify(&RustCrypto, &enterprise.anchors(), &token, &expectations)
    };
    assert_eq!(number(grade(GradeRequirement::Gold)), 14);
    assert!(grade(GradeRequirement::Any).is_ok());
    let gold = Enterprise::of_grade(GRADE_GOLD);
    let as_gold = Expectations::new(Check::Signature);
    assert!(
        verify(
            &RustCrypto,
            &gold.anchors(),
            &gold.token(&log_in()),
            &as_gold
        )
        .is_ok()
    );

    for role in Role::ALL
        .into_iter()
        .filter(|role| *role != Role::NesAssertion)
    {
        let signer = enterprise.sign_with(role, |_| {});
        let token = issue(&signer.key, &signer.der, &enterprise.l2_der, &log_in()).unwrap();
        number(check(&enterprise, &token, Check::Signature));
    }
    let under_l1 = enterprise.signer_under_l1(GRADE_BRONZE);
    for second in [enterprise.l1_der(), &enterprise.l2_der] {
        let token = issue(&under_l1.key, &under_l1.der, second, &log_in()).unwrap();
        let refused = check(&enterprise, &token, Check::Signature).unwrap_err();
        assert!(
            matches!(refused, AssertionError::Chain(_) | AssertionError::X5cPath),
            "{refused}"
        );
    }
}

#[test]
fn the_chain_is_judged_at_iat_and_an_old_record_still_verifies() {
    let enterprise = Enterprise::new();
    let issued = |iat| {
        let at = UnixMillis::from_secs(iat);
        enterprise.token(&Claims {
            iat,
            exp: iat + 60,
            intent_at: Some(at),
            verified_at: at,
            ..signature()
        })
    };
    // 2026-01-01T00:00:00Z, when the certificates begin, to 2027-01-01T00:00:00Z, when they end.
    let (begin, end) = (1_767_225_600, 1_798_761_600);
    for (iat, good) in [
        (begin - 1, false),
        (begin, true),
        (end, true),
        (end + 1, false),
    ] {
        let result = check(&enterprise, &issued(iat), record());
        match result {
            Ok(_) => assert!(good, "{iat}"),
            Err(AssertionError::Chain(error)) => {
                assert!(!good && error.number() == 29, "{iat}: {error}")
            }
            Err(other) => panic!("{other}"),
        }
    }
    let old = Enterprise::new();
    let rotated = old.sign_with(Role::NesAssertion, |params| {
        params.not_before = rcgen::date_time_ymd(2026, 5, 1);
        params.not_after = rcgen::date_time_ymd(2026, 5, 20);
    });
    let token = issue(&rotated.key, &rotated.der, &old.l2_der, &signature()).unwrap();
    assert!(
        check(&old, &token, record()).is_ok(),
        "by a key that was replaced since"
    );
    let asked = |at| {
        let expectations = Expectations {
            at: Some(UnixMillis::from_secs(at)),
            ..expect(record())
        };
        verify(&RustCrypto, &old.anchors(), &token, &expectations)
    };
    assert!(asked(NOW_S).is_ok());
    assert!(asked(NOW_S + 86_400).is_ok());
    assert!(matches!(
        asked(NOW_S - 1),
        Err(AssertionError::NotYet { .. })
    ));
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
            let expectations = Expectations {
                max_clock_skew_ms: skew,
                ..expect(at(now))
            };
            verify(&RustCrypto, &enterprise.anchors(), &token, &expectations).map(|_| ())
        };
        let iat = now();
        assert_eq!(result(ms(-wide)), Ok(()));
        let early = ms(-wide - 1);
        assert_eq!(
            result(early),
            Err(AssertionError::NotYet { iat, now: early })
        );
        assert_eq!(result(ms(59_999 + wide)), Ok(()));
        let (exp, late) = (ms(60_000), ms(60_000 + wide));
        assert_eq!(
            result(late),
            Err(AssertionError::Expired { exp, now: late })
        );
        for now in [UnixMillis(i64::MIN), UnixMillis(i64::MAX)] {
            assert!(result(now).is_err());
        }
    }
    let default =
        |now| verify(&RustCrypto, &enterprise.anchors(), &token, &expect(at(now))).is_ok();
    assert!(
        default(ms(69_999)) && !default(ms(70_000)),
        "10 s unless stated"
    );
}

#[test]
fn a_log_in_is_for_this_audience_and_question() {
    let enterprise = Enterprise::new();
    let token = enterprise.token(&log_in());
    let result = |token: &str, audience, nonce| {
        let log_in = Check::LogIn {
            now: now(),
            audience,
            nonce,
        };
        check(&enterprise, token, log_in).map(|_| ())
    };
    assert_eq!(result(&token, AUDIENCE, Some("n-1")), Ok(()));
    for audience in [
        "https://mes.example.co",
        "https://mes.example.com/",
        "",
        "webapi",
    ] {
        let (found, expected) = (AUDIENCE.into(), audience.into());
        let refused = result(&token, audience, Some("n-1"));
        assert_eq!(refused, Err(AssertionError::Audience { found, expected }));
    }
    for nonce in [None, Some("n-2"), Some("")] {
        assert_eq!(result(&token, AUDIENCE, nonce), Err(AssertionError::Nonce));
    }
    let without = enterprise.token(&Claims {
        nonce: None,
        ..log_in()
    });
    assert_eq!(result(&without, AUDIENCE, None), Ok(()));
    assert_eq!(
        result(&without, AUDIENCE, Some("n-1")),
        Err(AssertionError::Nonce)
    );
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
    for other in [
        "https://nes.example.com/nes/",
        "https://nes.example.com",
        "",
    ] {
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
    assert_eq!(
        refused(&signature(), changed),
        AssertionError::Document { found, expected }
    );
    assert_eq!(refused(&log_in(), DOCUMENT), AssertionError::NoDocument);
}
