//! A group policy and, behind a zero byte, an individual one, as JSON of any bytes: what is read
//! fits together, has one form as JSON and as columns, and the one over the other is a policy again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::enrollment::Rules;
use nymi_core::policy::{
    GroupPolicy, GroupPolicyValues, IndividualPolicy, IndividualPolicyValues, changes, needs,
};

fn group(json: &[u8]) -> Option<GroupPolicy> {
    let values: GroupPolicyValues = serde_json::from_slice(json).ok()?;
    let read: Option<GroupPolicy> = serde_json::from_slice(json).ok();
    let checked = GroupPolicy::try_from(values.clone()).ok();
    assert_eq!(read, checked, "both ways check the same");
    let Some(policy) = read else {
        return GroupPolicy::try_from(values.settled()).ok();
    };
    let text = serde_json::to_string(&policy).expect("a policy is JSON");
    assert_eq!(
        serde_json::from_str::<GroupPolicy>(&text).ok().as_ref(),
        Some(&policy)
    );
    assert_eq!(
        GroupPolicy::from_columns(policy.columns()).as_ref(),
        Ok(&policy)
    );
    assert_eq!(
        &policy.values().clone().settled(),
        policy.values(),
        "a policy is settled"
    );
    Some(policy)
}

fn individual(json: &[u8]) -> Option<IndividualPolicy> {
    let values: IndividualPolicyValues = serde_json::from_slice(json).ok()?;
    let read: Option<IndividualPolicy> = serde_json::from_slice(json).ok();
    assert_eq!(
        read,
        IndividualPolicy::try_from(values).ok(),
        "both ways check the same"
    );
    let policy = read?;
    let text = serde_json::to_string(&policy).expect("a policy is JSON");
    assert_eq!(
        serde_json::from_str::<IndividualPolicy>(&text)
            .ok()
            .as_ref(),
        Some(&policy)
    );
    assert_eq!(
        IndividualPolicy::from_columns(policy.columns()).as_ref(),
        Ok(&policy)
    );
    Some(policy)
}

fuzz_target!(|bytes: &[u8]| {
    let (first, second) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, bytes),
    };
    let group = group(first).unwrap_or_default();
    let default = GroupPolicy::default();
    let made = changes(&default, &group);
    assert_eq!(made.is_empty(), default.changed_in(&group).next().is_none());
    let most = needs(&default, &group);
    assert!(made.iter().all(|change| change.effect <= most));
    if let Some(individual) = individual(second) {
        let effective = individual.over(&group);
        let again = GroupPolicy::try_from(effective.values().clone());
        assert_eq!(
            again.as_ref(),
            Ok(&effective),
            "the effective policy is a policy"
        );
        assert_eq!(individual.over(&effective), effective, "twice is once");
        assert_eq!(effective.pac(), group.pac());
        let _ = Rules::of(&effective);
    }
});
