//! Sub-codes of a refused bind.

use nymi_core::directory::*;
use nymi_core::message::Status;
use proptest::prelude::*;

fn diagnostic(code: &str) -> String {
    format!(
        "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data {code}, v4563\0"
    )
}

#[test]
fn each_sub_code_has_its_meaning() {
    use AccountStatus::*;
    use BindRefusal::*;
    for (code, decimal, refusal, inside, outside) in [
        (
            "525",
            1317,
            Account(NotFound),
            Status::USER_NOT_FOUND,
            Status::NES_CREDENTIALS,
        ),
        (
            "52e",
            1326,
            WrongCredentials,
            Status::NES_CREDENTIALS,
            Status::NES_CREDENTIALS,
        ),
        (
            "530",
            1328,
            LogonHours,
            Status::NES_FORBIDDEN,
            Status::NES_FORBIDDEN,
        ),
        (
            "531",
            1329,
            Workstation,
            Status::NES_FORBIDDEN,
            Status::NES_FORBIDDEN,
        ),
        (
            "532",
            1330,
            Account(PasswordExpired),
            Status::PASSWORD_EXPIRED,
            Status::PASSWORD_EXPIRED,
        ),
        (
            "533",
            1331,
            Account(Disabled),
            Status::ACCOUNT_DISABLED,
            Status::ACCOUNT_DISABLED,
        ),
        (
            "568",
            1384,
            TooManyGroups,
            Status::NES_SERVER_ERROR,
            Status::NES_SERVER_ERROR,
        ),
        (
            "701",
            1793,
            Account(Expired),
            Status::ACCOUNT_EXPIRED,
            Status::ACCOUNT_EXPIRED,
        ),
        (
            "773",
            1907,
            Account(MustChangePassword),
            Status::PASSWORD_EXPIRED,
            Status::PASSWORD_EXPIRED,
        ),
        (
            "775",
            1909,
            Account(Locked),
            Status::ACCOUNT_LOCKED,
            Status::NES_CREDENTIALS,
        ),
        (
            "0",
            0,
            Other(Some(0)),
            Status::NES_SERVER_ERROR,
            Status::NES_SERVER_ERROR,
        ),
    ] {
        for written in [code.to_owned(), code.to_uppercase()] {
            assert_eq!(BindRefusal::parse(&diagnostic(&written)), refusal, "{code}");
        }
        assert_eq!(BindRefusal::from_code(decimal), refusal);
        assert_eq!(
            (refusal.status(), refusal.status_outside()),
            (inside, outside),
            "{code}"
        );
    }
    assert_eq!(SUB_CODES.len(), 10);
    assert!(SUB_CODES.iter().map(|row| row.code).is_sorted());
}

#[test]
fn texts_without_a_sub_code_mean_nothing() {
    for text in [
        "",
        "The LDAP server is unavailable.",
        "data",
        "data 52e",
        "error, data , v1",
        "error, data 52g, v1",
        "error, data +52e, v1",
        "error, data 123456789, v1",
        "error, metadata 52e, v1",
    ] {
        let expected = match text {
            "data 52e" => BindRefusal::WrongCredentials,
            _ => BindRefusal::Other(None),
        };
        assert_eq!(BindRefusal::parse(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_code_is_read_back(code in any::<u32>()) {
        let read = BindRefusal::parse(&diagnostic(&format!("{code:x}")));
        prop_assert_eq!(read, BindRefusal::from_code(code));
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,80}") {
        let refusal = BindRefusal::parse(&text);
        prop_assert!(refusal.status_outside() != Status::SUCCESS);
    }
}
