//! What the guides say, situation by situation.

use nymi_core::policy::{Destination, GroupPolicyValues};

use super::*;
use Association::{Disconnected, Others, Own, Unknown};
use BandState::*;
use Origin::{Earlier, EnrolledHere, RegisteredHere};
use Permissions::{EnrollmentAndRegistration as Both, EnrollmentOnly, RegistrationOnly};

const NEW: Association = Unknown {
    user_has_another: false,
};
const NEXT: Association = Unknown {
    user_has_another: true,
};
const fn own(origin: Origin) -> Association {
    Own {
        origin,
        active: UsersActive::This,
    }
}
const fn others(origin: Origin) -> Association {
    Others {
        origin,
        user_has_another: false,
    }
}

struct Case {
    permissions: Permissions,
    self_service: SelfService,
    corporate_credentials: bool,
    variant: Variant,
}

const DEFAULT: Case = Case {
    permissions: Both,
    self_service: SelfService::Off,
    corporate_credentials: false,
    variant: Variant::Plain,
};

impl Case {
    fn at(&self, association: Association, band: BandState, step: Step) -> Outcome {
        decide(&Situation {
            rules: Rules {
                permissions: self.permissions,
                self_service: self.self_service,
                corporate_credentials: self.corporate_credentials,
            },
            association,
            variant: self.variant,
            band,
            step,
        })
    }

    #[track_caller]
    fn refuses(&self, association: Association, band: BandState, reason: Reason) {
        let found = self.at(association, band, Step::FirstTap);
        assert_eq!(found, Outcome::Refuse(reason));
        assert_eq!(self.at(association, band, FINISH), found);
    }

    #[track_caller]
    fn goes(&self, association: Association, band: BandState, path: Path, replaces_active: bool) {
        let found = self.at(association, band, FINISH);
        let expected = Plan {
            path,
            replaces_active,
        };
        assert_eq!(found, Outcome::Go(expected));
    }
}

fn self_service(self_service: SelfService) -> Case {
    Case {
        self_service,
        ..DEFAULT
    }
}

fn role(permissions: Permissions) -> Case {
    Case {
        permissions,
        ..DEFAULT
    }
}

/// Guide 002, "Troubleshooting Enrollment Errors": text, event.
#[test]
fn enrollment_errors() {
    DEFAULT.refuses(
        others(EnrolledHere),
        Authenticated,
        Reason::UserDoesNotExist,
    );
    assert_eq!(Reason::UserDoesNotExist.response_code(), Some(4));
    DEFAULT.refuses(NEW, Partly, Reason::PartlyEnrolled);
    DEFAULT.refuses(own(Earlier), Partly, Reason::PartlyEnrolled);
    DEFAULT.goes(NEW, Wiped, Path::Enroll(Kind::First), false);

    DEFAULT.refuses(own(Earlier), Wiped, Reason::ReEnrollmentForbidden);
    assert_eq!(Reason::ReEnrollmentForbidden.response_code(), Some(22));
    for case in [&DEFAULT, &self_service(SelfService::Own)] {
        case.refuses(others(Earlier), Wiped, Reason::ReEnrollmentOther);
        case.refuses(
            others(EnrolledHere),
            Unauthenticated,
            Reason::ReEnrollmentOther,
        );
    }
    assert_eq!(Reason::ReEnrollmentOther.response_code(), Some(17));
    for mode in [SelfService::Off, SelfService::Own, SelfService::Any] {
        let seos = Case {
            variant: Variant::SeosImported,
            ..self_service(mode)
        };
        seos.refuses(others(Earlier), Wiped, Reason::ReEnrollmentSeos);
        seos.refuses(
            others(EnrolledHere),
            Unauthenticated,
            Reason::ReEnrollmentSeos,
        );
    }
    assert_eq!(Reason::ReEnrollmentSeos.response_code(), Some(16));
}

#[test]
fn seos_bands_need_their_record() {
    let seos = |variant| Case { variant, ..DEFAULT };
    seos(Variant::SeosUnknown).refuses(NEW, Unenrolled, Reason::SeosRecordMissing);
    seos(Variant::SeosImported).goes(NEW, Unenrolled, Path::Enroll(Kind::First), false);
}

/// The first enrollment of a Seos band, whose record is there or not.
pub(crate) fn seos_first_enrollment(variant: Variant) -> Outcome {
    Case { variant, ..DEFAULT }.at(NEW, Unenrolled, FINISH)
}

/// Guide 000, 10.3.1; guide 003.
#[test]
fn self_service_enrollment() {
    let own_only = self_service(SelfService::Own);
    own_only.goes(own(Earlier), Wiped, Path::Enroll(Kind::Again), false);
    own_only.goes(NEXT, Unenrolled, Path::Enroll(Kind::Again), true);
    let any = self_service(SelfService::Any);
    any.goes(others(Earlier), Wiped, Path::Enroll(Kind::TakeOver), false);
    let next = Others {
        origin: Earlier,
        user_has_another: true,
    };
    any.goes(next, Wiped, Path::Enroll(Kind::TakeOver), true);
    let event = |outcome| plan(outcome).and_then(|plan| plan.event()).unwrap().id();
    assert_eq!(event(own_only.at(own(Earlier), Wiped, FINISH)), 19);
    assert_eq!(event(any.at(others(Earlier), Wiped, FINISH)), 18);
    assert_eq!(event(DEFAULT.at(NEW, Wiped, FINISH)), 3);
    assert_eq!(event(DEFAULT.at(NEW, Authenticated, FINISH)), 23);
}

/// Guide 002, "(IT/OT-Specific)".
#[test]
fn errors_of_two_domains() {
    for band in [Unenrolled, Wiped, Unauthenticated] {
        role(RegistrationOnly).refuses(NEW, band, Reason::RegistrationOnly);
    }
    assert_eq!(
        Reason::RegistrationOnly.message_in("OT"),
        Reason::RegistrationOnly.description_in("OT")
    );
    assert_eq!(
        Reason::CmacMismatch.description_in("OT"),
        "Adv Key 1 cannot be generated due to CMAC mismatch."
    );
    assert_eq!(
        Reason::RegistrationOnly.description_in("OT"),
        "Cannot perform enrollment because this domain OT allows registration only."
    );
    assert!(
        Reason::EnrollmentOnly
            .message_in("IT")
            .contains("This domain IT allows")
    );
    for association in [NEW, others(EnrolledHere), others(Earlier), own(Earlier)] {
        role(EnrollmentOnly).refuses(association, Authenticated, Reason::EnrollmentOnly);
    }

    role(RegistrationOnly).refuses(own(Earlier), Authenticated, Reason::ReRegistrationForbidden);
    let own_only = Case {
        self_service: SelfService::Own,
        ..role(RegistrationOnly)
    };
    own_only.goes(
        own(Earlier),
        Authenticated,
        Path::Register(Kind::Again),
        false,
    );
    own_only.refuses(
        others(Earlier),
        Authenticated,
        Reason::ReRegistrationForbidden,
    );
    let any = Case {
        self_service: SelfService::Any,
        ..role(RegistrationOnly)
    };
    any.goes(
        others(Earlier),
        Authenticated,
        Path::Register(Kind::TakeOver),
        false,
    );
    let seos = Case {
        variant: Variant::SeosImported,
        ..any
    };
    for band in [Authenticated, Unauthenticated] {
        seos.refuses(others(Earlier), band, Reason::ReRegistrationSeos);
    }
    assert_eq!(Reason::ReRegistrationSeos.response_code(), Some(24));

    let disconnected = Disconnected {
        user_has_another: false,
    };
    for permissions in Permissions::ALL {
        role(*permissions).refuses(disconnected, Authenticated, Reason::Disconnected);
    }
    DEFAULT.goes(disconnected, Wiped, Path::Enroll(Kind::First), false);
}

/// The three causes of "Cannot Complete Operation."
#[test]
fn an_unauthenticated_band() {
    let reason = Reason::NotAuthenticated;
    for permissions in Permissions::ALL {
        role(*permissions).refuses(own(EnrolledHere), Unauthenticated, reason);
        let corporate = Case {
            corporate_credentials: true,
            ..role(*permissions)
        };
        for band in [Unauthenticated, LockedOut] {
            let path = Path::AuthenticateWithCredentials;
            corporate.goes(own(EnrolledHere), band, path, false);
            corporate.goes(own(RegisteredHere), band, path, false);
        }
    }
    role(RegistrationOnly).refuses(own(Earlier), Unauthenticated, reason);
    self_service(SelfService::Own).refuses(own(Earlier), Unauthenticated, reason);
    DEFAULT.refuses(NEW, Unauthenticated, reason);
}

#[test]
fn registration_of_a_band_enrolled_elsewhere() {
    for permissions in [RegistrationOnly, Both] {
        role(permissions).goes(NEW, Authenticated, Path::Register(Kind::First), false);
        role(permissions).refuses(NEXT, Authenticated, Reason::ReRegistrationForbidden);
    }
    for permissions in Permissions::ALL {
        for origin in [EnrolledHere, RegisteredHere] {
            role(*permissions).goes(own(origin), Authenticated, Path::LogIn, false);
        }
    }
}

#[test]
fn a_suspended_band_is_not_served() {
    for active in [UsersActive::None, UsersActive::Another] {
        let suspended = Own {
            origin: EnrolledHere,
            active,
        };
        DEFAULT.refuses(suspended, Authenticated, Reason::NotActive);
        let corporate = Case {
            corporate_credentials: true,
            ..DEFAULT
        };
        corporate.refuses(suspended, LockedOut, Reason::NotActive);
    }
}

#[test]
fn signing_in() {
    let sign_in = |association, band| DEFAULT.at(association, band, Step::SignIn(SignIn::Accepted));
    let prompt = Outcome::Prompt(Prompt::AuthenticateYourBand);
    for band in [Absent, Wiped, Unauthenticated] {
        assert_eq!(sign_in(own(EnrolledHere), band), prompt);
    }
    assert_eq!(sign_in(own(EnrolledHere), Authenticated), Outcome::Tap);
    assert_eq!(sign_in(NEW, Absent), Outcome::Tap);
    let refused = |sign_in| DEFAULT.at(NEW, Absent, Step::SignIn(sign_in));
    assert_eq!(
        refused(SignIn::WrongCredentials),
        Outcome::Refuse(Reason::WrongCredentials)
    );
    assert_eq!(Reason::WrongCredentials.response_code(), Some(2));
    assert_eq!(
        refused(SignIn::RouteMissing),
        Outcome::Refuse(Reason::ServerTooOld)
    );
    assert_eq!(Reason::ServerTooOld.message(), "Not Found");
}

#[test]
fn steps_that_fail() {
    for (step, reason, event) in [
        (
            Step::DeviceId {
                clock_in_bounds: false,
            },
            Reason::TerminalClock,
            15,
        ),
        (
            Step::ConfirmTap {
                is_same_band: false,
            },
            Reason::ConfirmTapDiffers,
            1,
        ),
        (Step::Finish(Finish::CmacMismatch), Reason::CmacMismatch, 12),
        (Step::Finish(Finish::ServerError), Reason::AdvKeyError, 11),
        (
            Step::Template(Template::FailedThrice),
            Reason::TemplateLockout,
            20,
        ),
    ] {
        assert_eq!(
            DEFAULT.at(NEW, Unenrolled, step),
            Outcome::Refuse(reason),
            "{step:?}"
        );
        assert_eq!(reason.response_code(), Some(event));
    }
    assert_eq!(
        Reason::CmacMismatch.description(),
        "Adv Key 1 cannot be generated due to CMAC mismatch."
    );
    assert_eq!(
        DEFAULT.at(NEW, Unenrolled, Step::Template(Template::Failed)),
        Outcome::Prompt(Prompt::TryFingerprintAgain)
    );
    // A registration that the server does not answer may be tried again, without a trace.
    assert_eq!(
        DEFAULT.at(NEW, Authenticated, Step::Finish(Finish::ServerUnavailable)),
        Outcome::Prompt(Prompt::ServerUnavailable)
    );
    assert_eq!(
        DEFAULT.at(NEW, Authenticated, Step::Finish(Finish::BandMemoryFull)),
        Outcome::Refuse(Reason::BandMemory)
    );
}

/// Guide 002, "Insufficient memory on the Nymi Band": what is written into the band is written when
/// the server has agreed, so that a server that is down fills nothing.
#[test]
fn a_server_that_is_down_fills_no_memory() {
    use crate::band::{band_4, worn};
    let limit = 3;
    let mut band = worn(band_4(), Default::default()).with_limits(Default::default(), limit);
    let mut registered = 0;
    for attempt in 0..100 + limit {
        let finish = if attempt < 100 {
            Finish::ServerUnavailable
        } else {
            Finish::Agreed
        };
        if let Outcome::Go(plan) = DEFAULT.at(NEW, Authenticated, Step::Finish(finish)) {
            assert_eq!(plan.path, Path::Register(Kind::First));
            band.register().unwrap();
            registered += 1;
        }
    }
    assert_eq!(registered, limit, "all of the memory was left");
    assert!(band.register().is_err());
}

/// Guide 000, 4.2.6.1, 4.2.7.1 and 11.1.2.5.
#[test]
fn what_an_enrollment_makes() {
    let made = |edit: fn(&mut GroupPolicyValues)| {
        let mut values = GroupPolicyValues::default();
        edit(&mut values);
        Made::under(&values.try_into().unwrap())
    };
    let nothing = Made {
        authenticator: None,
        symmetric_key: false,
        stored_password: false,
        evidian_entry: false,
        label: LabelScreen::None,
    };
    assert_eq!(made(|_| ()), nothing);
    let nem = made(|values| values.corporate_credentials = true);
    assert_eq!((nem.authenticator, nem.symmetric_key), (Some("NEM"), true));
    let evidian = |corporate: bool| {
        let values = GroupPolicyValues {
            enrollment_destination: Destination::NesAndEvidian,
            corporate_credentials: corporate,
            ..GroupPolicyValues::default()
        };
        let made = Made::under(&values.try_into().unwrap());
        (made.authenticator, made.symmetric_key, made.evidian_entry)
    };
    assert_eq!(evidian(true), (Some("Evidian"), true, true));
    assert_eq!(evidian(false), (None, true, true));
    assert!(made(|values| values.lock_control = true).stored_password);
    assert_eq!(
        made(|values| values.band_label = true).label,
        LabelScreen::Fixed
    );
}

#[test]
fn three_policies_of_labels() {
    let custom = GroupPolicyValues {
        band_label: true,
        band_label_customization: true,
        ..GroupPolicyValues::default()
    };
    assert_eq!(
        Made::under(&custom.try_into().unwrap()).label,
        LabelScreen::Editable
    );
    let long = "a.very.long.name";
    for (screen, entered, label) in [
        (LabelScreen::None, Some("MINE"), None),
        (LabelScreen::Fixed, Some("MINE"), Some("a.very.long.")),
        (LabelScreen::Editable, Some("MINE"), Some("MINE")),
        (LabelScreen::Editable, Some(""), Some("a.very.long.")),
        (LabelScreen::Editable, None, Some("a.very.long.")),
        (
            LabelScreen::Editable,
            Some("ÄÖÜäöüÄÖÜäöü"),
            Some("ÄÖÜäöüÄÖÜäöü"),
        ),
    ] {
        assert_eq!(screen.label(long, entered).unwrap().as_deref(), label);
    }
    for entered in ["thirteen char", "tab\there"] {
        let error = LabelScreen::Editable
            .label(long, Some(entered))
            .unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("it must be text of 1 to 12 characters")
        );
    }
    assert_eq!(
        LabelScreen::Editable.offers("tw-user2").as_deref(),
        Some("tw-user2")
    );
}

/// What a server asks that knows no more than whose the band is.
#[test]
fn the_short_table_of_self_service() {
    for (association, mode, event) in [
        (NEW, SelfService::Off, 3),
        (NEW, SelfService::Any, 3),
        (NEXT, SelfService::Off, 22),
        (NEXT, SelfService::Own, 19),
        (own(Earlier), SelfService::Off, 22),
        (own(Earlier), SelfService::Own, 19),
        (others(Earlier), SelfService::Off, 17),
        (others(Earlier), SelfService::Own, 17),
        (others(Earlier), SelfService::Any, 18),
    ] {
        let found = match self_service(mode).at(association, Wiped, FINISH) {
            Outcome::Go(plan) => plan.event(),
            Outcome::Refuse(reason) => reason.event(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            found.map(EventType::id),
            Some(event),
            "{association:?} {mode:?}"
        );
    }
}
