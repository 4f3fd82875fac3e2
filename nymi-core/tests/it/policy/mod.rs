//! Policies: the set of an NES, individual over group, what reaches a band, and when.

mod bands;
mod set;

use nymi_core::policy::*;

fn group(edit: impl FnOnce(&mut GroupPolicyValues)) -> GroupPolicy {
    let mut values = GroupPolicyValues::default();
    edit(&mut values);
    values.try_into().unwrap()
}

fn individual(edit: impl FnOnce(&mut IndividualPolicyValues)) -> IndividualPolicyValues {
    let mut values = IndividualPolicyValues {
        name: "Shift B".into(),
        ..IndividualPolicyValues::default()
    };
    edit(&mut values);
    values
}

fn shown(values: &GroupPolicyValues) -> Vec<&'static str> {
    COLUMNS
        .iter()
        .filter(|column| column.is_shown(values))
        .map(|column| column.name)
        .collect()
}

#[test]
fn an_option_appears_after_the_one_that_reveals_it() {
    let hidden = [
        "AllowReenrollementOfActiveNymiBand",
        "BandLabelOnBandCustomizationEnabled",
        "AdCacheUserStatus",
        "AdCacheExpiryTimeSeconds",
        "LockWhenAway",
        "UnlockWhenPresent",
        "KeepUnlockedWhenPresent",
    ];
    let by_default = shown(&GroupPolicyValues::default());
    assert!(hidden.iter().all(|name| !by_default.contains(name)));
    let mut values = GroupPolicyValues {
        allow_re_enrollment: true,
        band_label: true,
        check_user_status: true,
        lock_control: true,
        ..GroupPolicyValues::default()
    };
    let with_all = shown(&values);
    assert!(hidden.iter().all(|name| with_all.contains(name)));
    values.cache_user_status = false;
    assert!(!shown(&values).contains(&"AdCacheExpiryTimeSeconds"));
    values.check_user_status = false;
    values.cache_user_status = true;
    assert!(
        !shown(&values).contains(&"AdCacheExpiryTimeSeconds"),
        "not without its grandparent"
    );
    assert!(!with_all.contains(&"FAR"), "not on the page");
}

#[test]
fn registration_only_greys_out_the_settings_of_the_band() {
    let greyed = |permissions| {
        let values = GroupPolicyValues {
            permissions,
            ..GroupPolicyValues::default()
        };
        let greyed = COLUMNS
            .iter()
            .filter(|column| column.is_greyed_out(&values));
        greyed.map(|column| column.name).collect::<Vec<_>>()
    };
    assert_eq!(
        greyed(Permissions::RegistrationOnly),
        [
            "LivenessDetectionEnabled",
            "FAR",
            "BandLabelOnBandEnabled",
            "BandLabelOnBandCustomizationEnabled",
            "HapticFeedbackOnBandEnabled",
        ]
    );
    assert!(greyed(Permissions::EnrollmentOnly).is_empty());
    assert!(greyed(Permissions::EnrollmentAndRegistration).is_empty());
}

#[test]
fn three_permissions_and_two_operations() {
    use Permissions::{EnrollmentAndRegistration, EnrollmentOnly, RegistrationOnly};
    for (permissions, enroll, register) in [
        (EnrollmentOnly, true, false),
        (RegistrationOnly, false, true),
        (EnrollmentAndRegistration, true, true),
    ] {
        assert_eq!(permissions.allow_enrollment(), enroll);
        assert_eq!(permissions.allow_registration(), register);
    }
}

#[test]
fn page_sizes_and_fixed_words() {
    let pages = |sizes: PageSizes| sizes.0.map(|size| sizes.pages(51, size).unwrap());
    assert_eq!(pages(GROUP_POLICIES_A_PAGE), [11, 6, 3]);
    assert_eq!(pages(ROWS_A_PAGE), [6, 3, 2]);
    assert_eq!(ROWS_A_PAGE.pages(51, 51), None);
    assert_eq!(ROWS_A_PAGE.pages(0, 10), Some(1));
    assert_eq!(NO_INDIVIDUAL_POLICY, "none[group policy applied]");
    assert_eq!(
        BAND_MANAGED_ELSEWHERE,
        "NES does not manage the policy on this Nymi Band. Connect to the Enrollment NES to manage \
         the policy."
    );
    assert!(INDIVIDUAL_ON_REGISTRATION.contains("Liveness Detection and Haptic Feedback"));
}

#[test]
fn what_a_change_needs() {
    let default = GroupPolicy::default();
    let label = group(|values| values.band_label = true);
    let custom = group(|values| {
        values.band_label = true;
        values.band_label_customization = true;
    });
    let evidian = group(|values| values.enrollment_destination = Destination::NesAndEvidian);
    for (before, after, effect) in [
        (&default, &default, Effect::Immediate),
        (
            &default,
            &group(|values| values.corporate_credentials = true),
            Effect::LogIn,
        ),
        (
            &group(|values| values.corporate_credentials = true),
            &default,
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.liveness_detection = true),
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.haptic_feedback = false),
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.far = FalseAcceptRate::OneIn50000),
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.lock_control = true),
            Effect::LogIn,
        ),
        (
            &group(|values| values.lock_control = true),
            &default,
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.pac.t_interval = 2000),
            Effect::LogIn,
        ),
        (
            &default,
            &group(|values| values.pac.dm_intent = 600),
            Effect::Immediate,
        ),
        (
            &default,
            &group(|values| values.allow_re_enrollment = true),
            Effect::Immediate,
        ),
        (
            &default,
            &group(|values| values.check_user_status = true),
            Effect::Immediate,
        ),
        (
            &default,
            &group(|values| values.auto_logout_timeout_seconds = 60),
            Effect::Immediate,
        ),
        (
            &default,
            &group(|values| values.permissions = Permissions::EnrollmentOnly),
            Effect::Immediate,
        ),
        // A label is added by a log-in; to take it away or to choose it is a matter of enrolling.
        (&default, &label, Effect::LogIn),
        (&label, &default, Effect::ReEnrollment),
        (&label, &custom, Effect::ReEnrollment),
        (&custom, &label, Effect::ReEnrollment),
        (&default, &custom, Effect::ReEnrollment),
        // The Evidian controller keeps what it has.
        (&default, &evidian, Effect::LogIn),
        (&evidian, &default, Effect::Immediate),
    ] {
        assert_eq!(needs(before, after), effect, "{:?}", changes(before, after));
    }
    let found = changes(&default, &custom);
    let named: Vec<_> = found
        .iter()
        .map(|change| (change.column.name, change.effect))
        .collect();
    assert_eq!(
        named,
        [
            ("BandLabelOnBandEnabled", Effect::LogIn),
            ("BandLabelOnBandCustomizationEnabled", Effect::ReEnrollment),
        ]
    );
    assert_eq!(found[0].from, Value::Integer(0));
    assert_eq!(found[0].to, Value::Integer(1));
    assert!(Effect::LogIn.advice().contains("log in"));
}

#[test]
fn a_policy_gives_its_values_and_its_bounds_of_presence() {
    let mut values = GroupPolicyValues::default();
    values.pac.t_interval = 2000;
    values.haptic_feedback = !values.haptic_feedback;
    let policy = GroupPolicy::try_from(values.clone()).unwrap();
    assert_eq!(*policy.pac().values(), values.pac);
    assert_eq!(GroupPolicyValues::from(policy), values);
}
