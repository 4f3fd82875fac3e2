use super::*;
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

fn with(edit: impl FnOnce(&mut GroupPolicyValues)) -> GroupPolicyValues {
    let mut values = GroupPolicyValues::default();
    edit(&mut values);
    values
}

#[test]
fn a_fresh_policy_has_the_published_defaults() {
    let policy = GroupPolicy::default();
    for (name, value) in [
        ("AutoLogoutTimeoutSeconds", 300),
        ("EnrollmentDestination", 1),
        ("AllowReEnrollment", 0),
        ("AllowReenrollementOfActiveNymiBand", 0),
        ("PassworthAuthOption", 0),
        ("LivenessDetectionEnabled", 0),
        ("FAR", 0),
        ("BandLabelOnBandEnabled", 0),
        ("BandLabelOnBandCustomizationEnabled", 0),
        ("AdCheckUserStatus", 0),
        ("AdCacheUserStatus", 1),
        ("AdCacheExpiryTimeSeconds", 900),
        ("LockControlSupportOption", 0),
        ("LockWhenAway", 1),
        ("UnlockWhenPresent", 1),
        ("KeepUnlockedWhenPresent", 1),
        ("LockProximitySphera", 3),
        ("UnlockProximitySphera", 2),
        ("ProximityLockCountdown", 10),
        ("HapticFeedbackOnBandEnabled", 1),
        ("TInterval", 1000),
        ("DvNBANESTime", 2000),
        ("DmNBANBTime", 150),
        ("DvNBANBTime", 350),
        ("DvClockDrift", 20),
        ("DmIntent", 500),
        ("DvIntent", 1500),
        ("FingerprintOption", 1),
    ] {
        let column = column(name).unwrap();
        assert_eq!(
            (column.get)(policy.values()),
            Value::Integer(value),
            "{name}"
        );
    }
    assert_eq!(policy.values().description, "Default Settings Set");
    assert_eq!(
        policy,
        GroupPolicy::try_from(GroupPolicyValues::default()).unwrap()
    );
}

#[test]
fn the_pac_columns_have_the_names_of_the_pac_parameters() {
    let named = serde_json::to_value(GroupPolicyValues::default().pac).unwrap();
    let mut named: Vec<&String> = named.as_object().unwrap().keys().collect();
    let mut columns: Vec<&str> = COLUMNS
        .iter()
        .filter(|column| column.rule == Rule::Pac)
        .map(|column| column.name)
        .collect();
    named.sort();
    columns.sort_unstable();
    assert_eq!(named, columns);
}

#[test]
fn column_names_are_unique_in_either_case() {
    let mut seen = std::collections::HashSet::new();
    for column in COLUMNS {
        assert!(
            seen.insert(column.name.to_ascii_lowercase()),
            "{}",
            column.name
        );
    }
}

#[test]
fn an_option_needs_the_one_that_reveals_it() {
    for (values, message) in [
        (
            with(|values| values.allow_re_enrollment_of_any = true),
            "AllowReenrollementOfActiveNymiBand is 1; set AllowReEnrollment first",
        ),
        (
            with(|values| values.band_label_customization = true),
            "BandLabelOnBandCustomizationEnabled is 1; set BandLabelOnBandEnabled first",
        ),
        (
            with(|values| values.cache_user_status = false),
            "AdCacheExpiryTimeSeconds is 900; it must be NULL while AdCacheUserStatus is 0",
        ),
        (
            with(|values| values.cache_expiry_seconds = None),
            "AdCacheExpiryTimeSeconds is NULL; it must be a number while AdCacheUserStatus is 1",
        ),
    ] {
        assert_eq!(
            GroupPolicy::try_from(values.clone())
                .unwrap_err()
                .to_string(),
            message
        );
        assert!(GroupPolicy::try_from(values.settled()).is_ok(), "{message}");
    }
}

#[test]
fn a_value_out_of_range_is_named_with_its_rule() {
    for (values, message) in [
        (
            with(|values| values.auto_logout_timeout_seconds = 301),
            "AutoLogoutTimeoutSeconds is 301; it must be 60, 120, 300, 600, 900, 1800 or 3600",
        ),
        (
            with(|values| values.description.clear()),
            "Description is \"\"; it must be text of 1 to 256 characters, not only blanks, none of them a control",
        ),
        (
            with(|values| values.pac.t_interval = 249),
            "TInterval is 249; it must be 250 to 60000 ms",
        ),
    ] {
        assert_eq!(
            GroupPolicy::try_from(values).unwrap_err().to_string(),
            message
        );
    }
}

#[test]
fn a_note_is_short_text_of_any_number_of_lines() {
    let noted = |note: &str| {
        let note = Value::Text(note.into());
        let name = Value::Text("Line 1".into());
        IndividualPolicy::from_columns([("Name", name), ("Note", note)])
    };
    assert!(noted(&"é".repeat(1024)).is_ok());
    assert!(noted("two\r\n\tlines").is_ok());
    assert!(noted(&"é".repeat(1025)).is_err());
    assert!(noted("a bell \u{7}").is_err());
}

#[test]
fn an_edit_does_not_change_who_made_an_individual_policy() {
    for policy in IndividualPolicy::predefined() {
        let edited = IndividualPolicyValues {
            kind: PolicyType::Created,
            note: Some("edited".into()),
            ..policy.values().clone()
        };
        let revised = policy.revised(edited, Permissions::EnrollmentAndRegistration);
        let revised = revised.unwrap();
        assert_eq!(revised.values().kind, PolicyType::Predefined);
        assert_eq!(revised.values().note.as_deref(), Some("edited"));
    }
}

#[test]
fn json_names_the_columns_and_refuses_others() {
    let json = serde_json::to_value(GroupPolicy::default()).unwrap();
    assert_eq!(json["HapticFeedbackOnBandEnabled"], true);
    assert_eq!(json["AutoLogoutTimeoutSeconds"], 300);
    assert!(json.get("SeosTimeout").is_none());
    for (text, message) in [
        (r#"{"Colour":1}"#, "Colour is no setting of a group policy"),
        (r#"{"FAR":2}"#, "FAR is 2; it must be 0 or 1"),
        (r#"{"FAR":true}"#, "FAR is true; it must be 0 or 1"),
        (
            r#"{"EnrollmentDestination":0.5}"#,
            "EnrollmentDestination is 0.5; it must be 1 or 2",
        ),
        (
            r#"{"LockWhenAway":"yes"}"#,
            "LockWhenAway is \"yes\"; it must be 0 or 1",
        ),
        (
            r#"{"FingerprintOption":0}"#,
            "FingerprintOption is 0; it must be the value that it always has",
        ),
    ] {
        let error = serde_json::from_str::<GroupPolicy>(text).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn a_registration_server_leaves_the_band_alone() {
    let registration = GroupPolicy::try_from(with(|values| {
        values.permissions = Permissions::RegistrationOnly;
    }))
    .unwrap();
    let edited = |edit: fn(&mut GroupPolicyValues)| {
        let mut values = registration.values().clone();
        edit(&mut values);
        registration.revised(values)
    };
    let edits: [fn(&mut GroupPolicyValues); 4] = [
        |values| values.liveness_detection = true,
        |values| values.haptic_feedback = false,
        |values| values.band_label = true,
        |values| values.far = FalseAcceptRate::OneIn50000,
    ];
    for edit in edits {
        assert!(matches!(
            edited(edit),
            Err(PolicyError::RegistrationOnly { .. })
        ));
    }
    assert!(edited(|values| values.auto_logout_timeout_seconds = 600).is_ok());
    let both = edited(|values| values.permissions = Permissions::EnrollmentAndRegistration);
    let both = both.unwrap();
    assert!(
        both.revised(with(|values| values.haptic_feedback = false))
            .is_ok()
    );
}

#[test]
fn only_what_changed_is_reported() {
    let before = GroupPolicy::default();
    let after = before
        .revised(with(|values| values.lock_control = true))
        .unwrap();
    let changed: Vec<&str> = before
        .changed_in(&after)
        .map(|column| column.name)
        .collect();
    assert_eq!(changed, ["LockControlSupportOption"]);
    assert_eq!(before.changed_in(&before).count(), 0);
}

fn any_policy() -> impl Strategy<Value = GroupPolicy> {
    let flags = proptest::collection::vec(any::<bool>(), COLUMNS.len());
    let picks = (
        0..7usize,
        0..3usize,
        0..2usize,
        0..2usize,
        1..=86_400u32,
        250..=60_000i64,
    );
    (flags, picks, "[a-z]{1,20}").prop_map(|(flags, picks, name)| {
        let mut values = GroupPolicyValues::default();
        for (column, flag) in COLUMNS.iter().zip(flags) {
            if column.rule == Rule::Flag {
                assert!((column.set)(&mut values, &Value::Integer(i64::from(flag))));
            }
        }
        values.description = name;
        values.auto_logout_timeout_seconds = AUTO_LOGOUT_SECONDS[picks.0] as u32;
        values.permissions = Permissions::ALL[picks.1];
        values.enrollment_destination = Destination::ALL[picks.2];
        values.far = FalseAcceptRate::ALL[picks.3];
        values.cache_expiry_seconds = Some(picks.4);
        values.pac.t_interval = picks.5;
        values.settled().try_into().unwrap()
    })
}

proptest! {
    #[test]
    fn both_forms_read_back(policy in any_policy()) {
        let json = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(&serde_json::from_str::<GroupPolicy>(&json).unwrap(), &policy);
        prop_assert_eq!(&GroupPolicy::from_columns(policy.columns()).unwrap(), &policy);
    }

    #[test]
    fn any_json_is_read_or_refused(text in r#"\{"(FAR|TInterval|Description|LockWhenAway)":(null|true|-?[0-9]{1,20}|"[a-z]*"|\[\])\}"#) {
        let _ = serde_json::from_str::<GroupPolicy>(&text);
    }
}

#[test]
fn no_column_stands_in_json_twice() {
    for (text, key) in [
        (
            r#"{"AllowReEnrollment":true,"AllowReEnrollment":false}"#,
            "AllowReEnrollment",
        ),
        (r#"{"Description":"A","description":"B"}"#, "description"),
    ] {
        let error = serde_json::from_str::<GroupPolicy>(text).unwrap_err();
        let expected = format!("the key {key:?} is there twice");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    let text = r#"{"Name":"A","FAR":0,"far":1}"#;
    let error = serde_json::from_str::<IndividualPolicy>(text).unwrap_err();
    assert!(
        error.to_string().contains(r#""far" is there twice"#),
        "{error}"
    );
}

#[test]
fn a_name_can_be_seen_and_nothing_turns_it() {
    for name in [
        " ",
        "\u{a0}\t",
        "\u{200b}",
        "night\u{202e}tfihs",
        "a\u{2066}",
        "a\nb",
    ] {
        let group = GroupPolicyValues {
            description: name.into(),
            ..Default::default()
        };
        let error = GroupPolicy::try_from(group).unwrap_err().to_string();
        assert!(error.contains("not only blanks"), "{name:?}: {error}");
        let individual = IndividualPolicyValues {
            name: name.into(),
            ..Default::default()
        };
        assert!(IndividualPolicy::try_from(individual).is_err(), "{name:?}");
    }
    for (note, is_one) in [
        (" ", true),
        ("first\r\n\tsecond", true),
        ("pay \u{202e}01", false),
        ("\u{7}", false),
    ] {
        let values = IndividualPolicyValues {
            name: "Night \u{200d} shift".into(),
            note: Some(note.into()),
            ..Default::default()
        };
        assert_eq!(
            IndividualPolicy::try_from(values).is_ok(),
            is_one,
            "{note:?}"
        );
    }
}
