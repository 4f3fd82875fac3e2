//! Every situation of an enrollment: what holds for all of them, and what the guides say of some.

mod guides;
mod page;

pub(crate) use guides::seos_first_enrollment;

use nymi_core::catalogue::{MessageKind, entries};
use nymi_core::enrollment::*;
use nymi_core::policy::Permissions;

const FINISH: Step = Step::Finish(Finish::Agreed);

fn plan(outcome: Outcome) -> Option<Plan> {
    match outcome {
        Outcome::Go(plan) => Some(plan),
        Outcome::Tap | Outcome::Prompt(_) | Outcome::Refuse(_) => None,
    }
}

/// Whether the first situation's policy permits no more than the second's.
fn permits_no_more(less: Rules, more: Rules) -> bool {
    let (l, m) = (less.permissions, more.permissions);
    (!l.allow_enrollment() || m.allow_enrollment())
        && (!l.allow_registration() || m.allow_registration())
        && less.self_service <= more.self_service
        && less.corporate_credentials <= more.corporate_credentials
}

#[test]
fn the_situations_are_all_and_each_is_there_once() {
    let all = Situation::all();
    let unique: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
    // 3 permissions x 3 self-service x 2 credentials, 19 associations, 3 variants, and 6 band states
    // with 16 steps besides an absent band with the 3 ways to sign in.
    assert_eq!(all.len(), 18 * 19 * 3 * (6 * 16 + 3));
}

#[test]
fn every_refusal_has_a_message_and_an_event() {
    let mut seen = std::collections::BTreeSet::new();
    for situation in Situation::all() {
        match decide(&situation) {
            Outcome::Refuse(reason) => {
                seen.insert(reason);
                assert!(!reason.message().is_empty());
                // Nobody can write the event of a server that lacks the route for it.
                assert_eq!(reason.event().is_none(), reason == Reason::ServerTooOld);
                assert_eq!(
                    reason.response_code(),
                    reason.event().map(EventType::id),
                    "{reason:?}"
                );
                assert!(!reason.status().is_success());
            }
            Outcome::Prompt(prompt) => assert!(!prompt.message().is_empty()),
            Outcome::Go(_) | Outcome::Tap => {}
        }
    }
    let all: std::collections::BTreeSet<_> = Reason::ALL.iter().copied().collect();
    assert_eq!(seen, all, "each reason occurs");
}

#[test]
fn the_texts_are_those_of_the_catalogue() {
    let entry = |id: &str| entries().iter().find(|entry| entry.id == id).unwrap();
    for reason in Reason::ALL {
        let Some(id) = reason.entry() else { continue };
        if entry(id).message_kind != MessageKind::Shown {
            continue;
        }
        assert_eq!(entry(id).message, reason.message(), "{id}");
        if !entry(id).also.is_empty() && *reason != Reason::ServerTooOld {
            assert_eq!(Some(entry(id).also[0]), reason.hint(), "{id}");
        }
    }
    let cmac = Reason::CmacMismatch;
    assert_eq!(cmac.entry(), Some("nba-enrollment-cannot-proceed"));
    let prompts = [
        (Prompt::AuthenticateYourBand, "nba-authenticate-your-band"),
        (Prompt::TryFingerprintAgain, "nba-fingerprint-failed"),
    ];
    for (prompt, id) in prompts {
        assert_eq!(entry(id).message, prompt.message());
    }
}

/// The terminal shows one text for both; the server's answer and the log tell them apart.
#[test]
fn what_went_wrong_with_the_keys_is_described() {
    for (reason, cause) in [
        (Reason::CmacMismatch, "due to CMAC mismatch"),
        (Reason::AdvKeyError, "due to an internal server error"),
    ] {
        assert!(reason.description_in("CORP").contains(cause));
        assert!(
            reason
                .message_in("CORP")
                .contains("Enrollment Cannot Proceed")
        );
    }
}

#[test]
fn event_numbers_are_unique_and_end_at_24() {
    let ids: Vec<u8> = EventType::ALL.iter().map(|event| event.id()).collect();
    assert_eq!(ids, (1..=24).collect::<Vec<u8>>());
    for event in EventType::ALL {
        assert_eq!(EventType::from_id(event.id()), Some(*event));
    }
    assert_eq!(EventType::from_id(25), None);
}

#[test]
fn the_role_of_the_server_is_respected() {
    for situation in Situation::all() {
        let Some(plan) = plan(decide(&situation)) else {
            continue;
        };
        let permissions = situation.rules.permissions;
        match plan.path {
            Path::Enroll(_) => assert_ne!(permissions, Permissions::RegistrationOnly),
            Path::Register(_) => assert_ne!(permissions, Permissions::EnrollmentOnly),
            Path::LogIn | Path::AuthenticateWithCredentials => {}
        }
    }
}

#[test]
fn a_user_has_at_most_one_active_band_afterwards() {
    for situation in Situation::all() {
        let Some(plan) = plan(decide(&situation)) else {
            continue;
        };
        let active = situation.association.users_active();
        match plan.path {
            Path::Enroll(_) | Path::Register(_) => {
                assert_eq!(plan.replaces_active, active == UsersActive::Another);
            }
            Path::LogIn | Path::AuthenticateWithCredentials => {
                assert_eq!(active, UsersActive::This, "only the active band is served");
                assert!(!plan.replaces_active);
            }
        }
    }
}

#[test]
fn a_seos_band_never_moves_between_users_and_needs_its_record() {
    for situation in Situation::all() {
        let Some(plan) = plan(decide(&situation)) else {
            continue;
        };
        let is_others = matches!(situation.association, Association::Others { .. });
        assert_eq!(
            plan.disconnects_other(),
            is_others,
            "only, and always, the other user's association ends"
        );
        assert!(!(is_others && situation.variant.is_seos()), "{situation:?}");
        let enrolls = matches!(plan.path, Path::Enroll(_));
        assert!(!enrolls || situation.variant != Variant::SeosUnknown);
    }
}

#[test]
fn a_band_of_another_user_moves_only_where_policy_says_so() {
    for situation in Situation::all() {
        let Some(plan) = plan(decide(&situation)) else {
            continue;
        };
        if plan.disconnects_other() {
            assert_eq!(situation.rules.self_service, SelfService::Any);
            // Never while the finger on the band is one that this server took for the other user's.
            let Association::Others { origin, .. } = situation.association else {
                panic!("{situation:?}");
            };
            assert!(
                situation.band != BandState::Authenticated || origin != Origin::EnrolledHere,
                "{situation:?}"
            );
        }
    }
}

#[test]
fn without_self_service_nobody_enrolls_a_second_time() {
    for situation in Situation::all() {
        let Some(plan) = plan(decide(&situation)) else {
            continue;
        };
        let has_band = matches!(situation.association, Association::Own { .. })
            || situation.association.users_active() != UsersActive::None;
        if situation.rules.self_service == SelfService::Off {
            let enrolls = matches!(plan.path, Path::Enroll(_) | Path::Register(_));
            assert!(!(has_band && enrolls), "{situation:?}");
            assert!(!plan.replaces_active);
        }
    }
}

#[test]
fn enabling_a_permission_never_refuses_what_was_allowed() {
    let rules = Rules::all();
    for situation in Situation::all() {
        let before = decide(&situation);
        let goes_on = |outcome| matches!(outcome, Outcome::Go(_) | Outcome::Tap);
        if !goes_on(before) {
            continue;
        }
        for more in &rules {
            if permits_no_more(situation.rules, *more) {
                let after = decide(&Situation {
                    rules: *more,
                    ..situation
                });
                assert_eq!(after, before, "{situation:?} with {more:?}");
            }
        }
    }
}

#[test]
fn a_later_step_goes_on_only_where_the_first_tap_did() {
    for situation in Situation::all() {
        if situation.step.is_sign_in() {
            continue;
        }
        let first = decide(&Situation {
            step: Step::FirstTap,
            ..situation
        });
        let now = decide(&situation);
        match (first, now) {
            (Outcome::Go(first), Outcome::Go(now)) => assert_eq!(first, now),
            (Outcome::Go(_), Outcome::Prompt(_) | Outcome::Refuse(_)) => {
                assert_ne!(situation.step, FINISH);
            }
            (first, now) => assert_eq!(first, now, "{situation:?}"),
        }
    }
}

#[test]
fn facts_that_do_not_matter_do_not() {
    for situation in Situation::all() {
        let now = decide(&situation);
        let same = |other: Situation| assert_eq!(decide(&other), now, "{situation:?} / {other:?}");
        let band = |band| Situation { band, ..situation };
        match situation.band {
            // Deleting user data makes a band as good as new; being locked out adds nothing.
            BandState::Unenrolled => same(band(BandState::Wiped)),
            BandState::Unauthenticated => same(band(BandState::LockedOut)),
            BandState::Absent
            | BandState::Wiped
            | BandState::Partly
            | BandState::Authenticated
            | BandState::LockedOut => {}
        }
        if situation.band == BandState::Authenticated {
            let corporate_credentials = !situation.rules.corporate_credentials;
            same(Situation {
                rules: Rules {
                    corporate_credentials,
                    ..situation.rules
                },
                ..situation
            });
        }
        if situation.variant == Variant::SeosUnknown
            && !matches!(situation.band, BandState::Unenrolled | BandState::Wiped)
        {
            same(Situation {
                variant: Variant::SeosImported,
                ..situation
            });
        }
    }
}
