use super::*;
use LivenessSupport::{Absent, AlwaysOn, Configurable};
use nymi_core::band::Model;

fn status(
    applied: Option<&AppliedPolicy>,
    policy: &GroupPolicy,
    liveness: LivenessSupport,
) -> &'static str {
    let band = ActiveBand { applied, liveness };
    policy_status(Some(band), policy).title()
}

#[test]
fn the_four_statuses() {
    let policy = GroupPolicy::default();
    assert_eq!(policy_status(None, &policy).title(), "No active Nymi Band");
    assert_eq!(
        status(None, &policy, Configurable),
        "Information unavailable"
    );
    let band = AppliedPolicy::at_enrollment(&policy, Configurable);
    assert_eq!(status(Some(&band), &policy, Configurable), "Active");
    let changed = group(|values| values.haptic_feedback = false);
    assert_eq!(status(Some(&band), &changed, Configurable), "Pending");
    assert_eq!(
        status(Some(&band), &policy, Configurable),
        "Active",
        "changed back"
    );
    let band = band.after_log_in(&changed, Configurable);
    assert_eq!(status(Some(&band), &changed, Configurable), "Active");
    assert_eq!(
        band.setting("HapticFeedbackOnBandEnabled"),
        Some(&Value::Integer(0))
    );
    assert!(PolicyStatus::Active.is_synced() && !PolicyStatus::Pending.is_synced());
}

#[test]
fn versions_tell_what_a_band_can_do_about_liveness() {
    let of = |model, firmware: Option<&str>| {
        LivenessSupport::of(model, firmware.map(|text| text.parse().unwrap()))
    };
    for (model, firmware, expected) in [
        (Some(Model::Band4), Some("3.2"), Absent),
        (Some(Model::Band4), None, Absent),
        (Some(Model::Band3), Some("3.9.9.9"), AlwaysOn),
        (Some(Model::Band3), Some("4.0"), Configurable),
        (Some(Model::Band3), None, Configurable),
        (None, Some("3.2"), AlwaysOn),
        (None, Some("4.11.1.2"), Configurable),
        (None, None, Configurable),
    ] {
        assert_eq!(of(model, firmware), expected, "{model:?} {firmware:?}");
    }
}

#[test]
fn firmware_before_cwp_1_1_stays_pending_while_liveness_is_off() {
    let off = GroupPolicy::default();
    let mut band = AppliedPolicy::at_enrollment(&off, AlwaysOn);
    for _ in 0..3 {
        assert_eq!(status(Some(&band), &off, AlwaysOn), "Pending");
        band = band.after_log_in(&off, AlwaysOn);
    }
    let on = group(|values| values.liveness_detection = true);
    assert_eq!(status(Some(&band), &on, AlwaysOn), "Active");
    // New firmware follows at the next log-in.
    let band = band.after_log_in(&off, Configurable);
    assert_eq!(status(Some(&band), &off, Configurable), "Active");
}

#[test]
fn band_4_does_not_wait_for_liveness() {
    let band = AppliedPolicy::at_enrollment(&GroupPolicy::default(), Absent);
    let on = group(|values| values.liveness_detection = true);
    assert_eq!(status(Some(&band), &on, Absent), "Active");
    assert_eq!(status(Some(&band), &on, Configurable), "Pending");
}

#[test]
fn three_changes_of_the_label_after_enrollment() {
    let label = group(|values| values.band_label = true);
    let custom = group(|values| {
        values.band_label = true;
        values.band_label_customization = true;
    });
    let enrolled = AppliedPolicy::at_enrollment(&GroupPolicy::default(), Configurable);
    let has = |band: &AppliedPolicy, name| band.setting(name).cloned();
    let labelled = enrolled.after_log_in(&label, Configurable);
    assert_eq!(
        has(&labelled, "BandLabelOnBandEnabled"),
        Some(Value::Integer(1))
    );
    let customized = labelled.after_log_in(&custom, Configurable);
    assert_eq!(
        has(&customized, "BandLabelOnBandCustomizationEnabled"),
        Some(Value::Integer(0))
    );
    let still = labelled.after_log_in(&GroupPolicy::default(), Configurable);
    assert_eq!(
        has(&still, "BandLabelOnBandEnabled"),
        Some(Value::Integer(1))
    );
    assert_eq!(
        status(Some(&still), &GroupPolicy::default(), Configurable),
        "Active"
    );
    let again = AppliedPolicy::at_enrollment(&GroupPolicy::default(), Configurable);
    assert_eq!(
        has(&again, "BandLabelOnBandEnabled"),
        Some(Value::Integer(0))
    );
}

#[test]
fn a_log_in_leaves_nothing_pending_that_it_can_bring() {
    let policies: Vec<GroupPolicy> = (0..64u8)
        .map(|bits| {
            group(|values| {
                values.liveness_detection = bits & 1 != 0;
                values.corporate_credentials = bits & 2 != 0;
                values.haptic_feedback = bits & 4 != 0;
                values.lock_control = bits & 8 != 0;
                values.band_label = bits & 16 != 0;
                values.enrollment_destination = Destination::ALL[usize::from(bits >> 5)];
            })
        })
        .collect();
    for before in &policies {
        for after in &policies {
            for liveness in [Absent, Configurable] {
                let band = AppliedPolicy::at_enrollment(before, liveness);
                let is_pending = status(Some(&band), after, liveness) == "Pending";
                let waits = changes(before, after).iter().any(|change| {
                    let counts =
                        change.column.name != "LivenessDetectionEnabled" || liveness != Absent;
                    change.effect == Effect::LogIn && counts
                });
                assert_eq!(is_pending, waits);
                let band = band.after_log_in(after, liveness);
                assert_eq!(status(Some(&band), after, liveness), "Active");
            }
        }
    }
}

#[test]
fn what_a_band_was_given_is_kept_as_json() {
    let band = AppliedPolicy::at_enrollment(&group(|values| values.band_label = true), AlwaysOn);
    let json = serde_json::to_value(&band).unwrap();
    assert_eq!(json["LivenessDetectionEnabled"], 1);
    assert_eq!(json["TInterval"], 1000);
    assert!(json.get("LockWhenAway").is_none(), "it reaches no band");
    assert_eq!(
        serde_json::from_value::<AppliedPolicy>(json.clone()).unwrap(),
        band
    );
    for (name, value, message) in [
        ("LockWhenAway", 1, "LockWhenAway is no setting"),
        ("FAR", 7, "FAR is 7; it must be 0 or 1"),
    ] {
        let mut json = json.clone();
        json[name] = value.into();
        let error = serde_json::from_value::<AppliedPolicy>(json).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
    assert!(serde_json::from_str::<AppliedPolicy>("{}").is_err());
}

/// Four policies; a finger with and without an ECG signal, and directory credentials.
#[test]
fn what_authenticates_a_band() {
    for (corporate, liveness, accepted) in [
        (false, false, [true, true, false]),
        (false, true, [true, false, false]),
        (true, true, [true, false, true]),
        (true, false, [true, true, true]),
    ] {
        let policy = group(|values| {
            values.corporate_credentials = corporate;
            values.liveness_detection = liveness;
        });
        let methods = AuthenticationMethods::of(&policy, Configurable);
        let found = [
            methods.accepts_fingerprint(true),
            methods.accepts_fingerprint(false),
            methods.corporate_credentials,
        ];
        assert_eq!(found, accepted);
        assert!(
            AuthenticationMethods::of(&policy, Absent).accepts_fingerprint(false),
            "Band 4"
        );
        assert!(!AuthenticationMethods::of(&policy, AlwaysOn).accepts_fingerprint(false));
    }
}

#[test]
fn the_stricter_false_accept_rate_is_an_event_once() {
    let strict = group(|values| values.far = FalseAcceptRate::OneIn50000);
    let band = AppliedPolicy::at_enrollment(&GroupPolicy::default(), Configurable);
    assert!(!band.has_new_far(None));
    let applied = band.after_log_in(&strict, Configurable);
    assert!(applied.has_new_far(Some(&band)) && applied.has_new_far(None));
    let again = applied.after_log_in(&strict, Configurable);
    assert!(!again.has_new_far(Some(&applied)));
}
