use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const GROUP: GroupPolicyId = GroupPolicyId(1);
const USER: UserCoreId = UserCoreId(7);

fn named(name: &str) -> GroupPolicyValues {
    GroupPolicyValues {
        description: name.into(),
        ..GroupPolicyValues::default()
    }
}

/// The fresh policies, and at an NES for registration only if asked.
fn fresh(permissions: Permissions) -> PolicySet {
    let mut set = PolicySet::fresh();
    let values = GroupPolicyValues {
        permissions,
        ..GroupPolicyValues::default()
    };
    set.save_group(GROUP, values, true).unwrap();
    set
}

#[test]
fn a_fresh_server_has_one_group_policy_and_two_individual_ones() {
    let set = PolicySet::fresh();
    assert_eq!(set.active(), (GROUP, &GroupPolicy::default()));
    assert_eq!(set.group().len(), 1);
    let predefined: Vec<_> = set
        .individual()
        .values()
        .map(IndividualPolicy::values)
        .collect();
    let [no_liveness, corporate] = predefined[..] else {
        panic!("{predefined:?}");
    };
    assert_eq!(no_liveness.name, "Liveness Detection Disabled");
    assert_eq!(no_liveness.liveness_detection, Some(false));
    assert_eq!(no_liveness.corporate_credentials, None);
    assert_eq!(corporate.name, "Corporate Credentials Authentication");
    assert_eq!(corporate.corporate_credentials, Some(true));
    assert_eq!(corporate.liveness_detection, None);
    for values in [no_liveness, corporate] {
        assert_eq!(values.kind, PolicyType::Predefined);
        assert_eq!(values.kind.code(), 1);
        assert_eq!(values.haptic_feedback, Some(true));
        assert_eq!(values.allow_re_enrollment, Some(false));
        assert_eq!(values.allow_re_enrollment_of_any, Some(false));
        assert_eq!(values.far, None);
    }
}

#[test]
fn what_the_buttons_of_group_policies_refuse() {
    use PolicySetError::{
        DeactivateActive, DeleteActive, DeleteLast, DescriptionTaken, IdTaken, NoGroupPolicy,
    };
    let mut set = PolicySet::fresh();
    let other = GroupPolicyId(2);
    assert_eq!(set.delete_group(GROUP), Err(DeleteLast));
    assert_eq!(set.delete_group(other), Err(NoGroupPolicy(other)));
    assert_eq!(set.activate(other), Err(NoGroupPolicy(other)));
    set.create_group(other, named("Night")).unwrap();
    assert_eq!(set.create_group(other, named("Day")), Err(IdTaken(2)));
    let taken = set
        .create_group(GroupPolicyId(3), named(" night"))
        .unwrap_err();
    assert_eq!(taken, DescriptionTaken(" night".into()));
    assert_eq!(
        taken.to_string(),
        "Description is \" night\"; another policy has that description"
    );
    assert_eq!(set.delete_group(GROUP), Err(DeleteActive));
    assert_eq!(
        set.save_group(GROUP, named("Day"), false),
        Err(DeactivateActive)
    );
    assert_eq!(set.active().1.values().description, "Default Settings Set");
    set.save_group(other, named("Late"), true).unwrap();
    assert_eq!(set.active().0, other);
    assert!(!set.group()[&GROUP].1, "the other one went inactive");
    set.delete_group(GROUP).unwrap();
    assert_eq!(set.delete_group(other), Err(DeleteLast));
    let error = set.save_group(other, named(""), true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Description is \"\"; it must be text of 1 to 256 characters, not only blanks, none of them a control"
    );
}

#[test]
fn rows_with_none_or_two_active_policies_are_no_set() {
    for active in [[false, false], [true, true]] {
        let rows = active.iter().zip(1..).map(|(is_active, id)| {
            let values = named(&format!("Policy {id}"));
            (GroupPolicyId(id), *is_active, values.try_into().unwrap())
        });
        let count = active.iter().filter(|active| **active).count();
        assert_eq!(
            PolicySet::from_rows(rows, [], []),
            Err(PolicySetError::NotOneActive(count))
        );
    }
}

#[test]
fn individual_over_group_and_back() {
    let mut set = PolicySet::fresh();
    let id = IndividualPolicyId(9);
    set.create_individual(
        id,
        individual(|values| values.haptic_feedback = Some(false)),
    )
    .unwrap();
    assert!(set.effective(USER).values().haptic_feedback);
    assert_eq!(set.shown_for(USER), NO_INDIVIDUAL_POLICY);
    set.assign(USER, Some(id)).unwrap();
    assert!(!set.effective(USER).values().haptic_feedback);
    assert_eq!(set.shown_for(USER), "Shift B");
    assert_eq!(set.members(id).collect::<Vec<_>>(), [USER]);
    assert_eq!(needs(set.active().1, &set.effective(USER)), Effect::LogIn);
    // Into another one, out of the one before.
    set.assign(USER, Some(IndividualPolicyId(1))).unwrap();
    assert_eq!(set.members(id).count(), 0);
    set.assign(USER, Some(id)).unwrap();
    let another = UserCoreId(4711);
    set.assign(another, Some(IndividualPolicyId(1))).unwrap();
    assert_eq!(set.delete_individual(id), Ok(1));
    assert_eq!(set.effective(USER), *set.active().1);
    assert_eq!(set.shown_for(USER), NO_INDIVIDUAL_POLICY);
    let gone = Err(PolicySetError::NoIndividualPolicy(id));
    assert_eq!(set.assign(USER, Some(id)), gone);
    assert_eq!(set.delete_individual(id).map(|_| ()), gone);
}

#[test]
fn a_copy_is_the_source_but_for_name_and_type() {
    let mut set = PolicySet::fresh();
    let (source, copy) = (IndividualPolicyId(2), IndividualPolicyId(3));
    set.assign(USER, Some(source)).unwrap();
    set.copy_individual(source, copy, "Visitors").unwrap();
    let expected = IndividualPolicyValues {
        name: "Visitors".into(),
        kind: PolicyType::Created,
        ..set.individual()[&source].values().clone()
    };
    assert_eq!(*set.individual()[&copy].values(), expected);
    assert_eq!(set.members(copy).count(), 0);
    let taken = set
        .copy_individual(source, IndividualPolicyId(4), "visitors")
        .unwrap_err();
    assert_eq!(taken, PolicySetError::NameTaken("visitors".into()));
    assert_eq!(
        taken.to_string(),
        "Name is \"visitors\"; another policy has that name"
    );
}

#[test]
fn self_service_of_any_band_needs_that_of_the_own() {
    for own in [None, Some(false)] {
        let values = individual(|values| {
            values.allow_re_enrollment = own;
            values.allow_re_enrollment_of_any = Some(true);
        });
        let error = IndividualPolicy::try_from(values).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("AllowReenrollementOfActiveNymiBand is 1;"),
            "{error}"
        );
    }
    // One user is forbidden what the group may do: any falls with own.
    let everybody = group(|values| {
        values.allow_re_enrollment = true;
        values.allow_re_enrollment_of_any = true;
    });
    let strict: IndividualPolicy = individual(|values| values.allow_re_enrollment = Some(false))
        .try_into()
        .unwrap();
    assert!(!strict.over(&everybody).values().allow_re_enrollment_of_any);
}

#[test]
fn a_registration_server_does_not_manage_liveness_and_haptics_of_users() {
    let mut set = fresh(Permissions::RegistrationOnly);
    let id = IndividualPolicyId(5);
    type Edit = fn(&mut IndividualPolicyValues);
    let edits: [(Edit, &str); 3] = [
        (
            |values| values.liveness_detection = Some(false),
            "LivenessDetectionEnabled",
        ),
        (
            |values| values.haptic_feedback = Some(false),
            "HapticFeedbackonBandEnabled",
        ),
        (
            |values| values.far = Some(FalseAcceptRate::OneIn50000),
            "FAR",
        ),
    ];
    for (edit, column) in edits {
        let refused = PolicySetError::Policy(PolicyError::RegistrationOnly { column });
        assert_eq!(
            set.create_individual(id, individual(edit)),
            Err(refused.clone())
        );
        let mut values = set.individual()[&IndividualPolicyId(2)].values().clone();
        edit(&mut values);
        assert_eq!(
            set.save_individual(IndividualPolicyId(2), values),
            Err(refused)
        );
        assert!(
            fresh(Permissions::EnrollmentOnly)
                .create_individual(id, individual(edit))
                .is_ok()
        );
    }
    set.create_individual(
        id,
        individual(|values| values.allow_re_enrollment = Some(true)),
    )
    .unwrap();
    set.copy_individual(IndividualPolicyId(1), IndividualPolicyId(6), "Copy")
        .unwrap();
}

#[test]
fn a_new_group_policy_for_registration_leaves_the_band_alone() {
    let values = GroupPolicyValues {
        permissions: Permissions::RegistrationOnly,
        band_label: true,
        ..named("OT")
    };
    assert_eq!(
        PolicySet::fresh().create_group(GroupPolicyId(2), values),
        Err(PolicySetError::Policy(PolicyError::RegistrationOnly {
            column: "BandLabelOnBandEnabled"
        }))
    );
}

#[test]
fn the_columns_are_those_of_the_audit_table() {
    let names: Vec<&str> = INDIVIDUAL_COLUMNS
        .iter()
        .map(|column| column.name)
        .collect();
    assert_eq!(
        names,
        [
            "IndividualUserPolicyTypeID",
            "Name",
            "Note",
            "LivenessDetectionEnabled",
            "PassworthAuthOption",
            "HapticFeedbackonBandEnabled",
            "FAR",
            "AllowReEnrollment",
            "AllowReenrollementOfActiveNymiBand",
        ]
    );
    for column in &INDIVIDUAL_COLUMNS[3..] {
        let group = column.overrides().unwrap();
        assert!(group.name.eq_ignore_ascii_case(column.name));
        assert_eq!(column.rule(), group.rule);
    }
}

#[test]
fn errors_of_individual_policies_name_column_value_and_rule() {
    for (json, message) in [
        (
            r#"{"Colour":1}"#,
            "Colour is no setting of an individual user policy",
        ),
        (
            r#"{"Name":""}"#,
            "Name is \"\"; it must be text of 1 to 256 characters, not only blanks, none of them a control",
        ),
        (r#"{"Name":"x","FAR":2}"#, "FAR is 2; it must be 0 or 1"),
        (
            r#"{"Name":"x","IndividualUserPolicyTypeID":3}"#,
            "IndividualUserPolicyTypeID is 3; it must be 1 or 2",
        ),
        (
            r#"{"Name":"x","LivenessDetectionEnabled":"no"}"#,
            "LivenessDetectionEnabled is \"no\"; it must be 0 or 1",
        ),
    ] {
        let error = serde_json::from_str::<IndividualPolicy>(json).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

fn any_individual() -> impl Strategy<Value = IndividualPolicy> {
    let flag = || proptest::option::of(any::<bool>());
    let far = proptest::option::of(proptest::sample::select(FalseAcceptRate::ALL));
    let note = proptest::option::of("[a-z \n]{0,20}");
    let flags = (flag(), flag(), flag(), flag(), flag());
    ("[a-z]{1,9}", note, flags, far).prop_map(|(name, note, flags, far)| {
        let values = IndividualPolicyValues {
            kind: PolicyType::Created,
            name,
            note,
            liveness_detection: flags.0,
            corporate_credentials: flags.1,
            haptic_feedback: flags.2,
            far,
            allow_re_enrollment: flags.3,
            allow_re_enrollment_of_any: flags.4.map(|any| any && flags.3 == Some(true)),
        };
        values.try_into().unwrap()
    })
}

fn any_group() -> impl Strategy<Value = GroupPolicy> {
    proptest::collection::vec(any::<bool>(), 6).prop_map(|flags| {
        group(|values| {
            values.liveness_detection = flags[0];
            values.corporate_credentials = flags[1];
            values.haptic_feedback = flags[2];
            values.allow_re_enrollment = flags[3];
            values.allow_re_enrollment_of_any = flags[3] && flags[4];
            values.far = FalseAcceptRate::ALL[usize::from(flags[5])];
        })
    })
}

#[derive(Clone, Debug)]
enum Op {
    Create(i64, u8),
    Save(i64, u8, bool),
    Activate(i64),
    Delete(i64),
    Assign(i64, Option<i64>),
    DeleteIndividual(i64),
    Copy(i64, i64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let id = || 0..5i64;
    prop_oneof![
        (id(), 0..4u8).prop_map(|(id, name)| Op::Create(id, name)),
        (id(), 0..4u8, any::<bool>()).prop_map(|(id, name, active)| Op::Save(id, name, active)),
        id().prop_map(Op::Activate),
        id().prop_map(Op::Delete),
        (id(), proptest::option::of(id())).prop_map(|(user, id)| Op::Assign(user, id)),
        id().prop_map(Op::DeleteIndividual),
        (id(), id()).prop_map(|(from, to)| Op::Copy(from, to)),
    ]
}

/// The reference: names by ID, the active ID, members by user.
#[derive(Default)]
struct Reference {
    group: BTreeMap<i64, String>,
    active: i64,
    individual: BTreeMap<i64, String>,
    members: BTreeMap<i64, i64>,
}

impl Reference {
    fn apply(&mut self, op: &Op) -> bool {
        let taken = |names: &BTreeMap<i64, String>, id: i64, name: &String| {
            names
                .iter()
                .any(|(other, taken)| *other != id && taken == name)
        };
        match *op {
            Op::Create(id, name) => {
                let name = format!("n{name}");
                let ok = !self.group.contains_key(&id) && !taken(&self.group, id, &name);
                if ok {
                    self.group.insert(id, name);
                }
                ok
            }
            Op::Save(id, name, active) => {
                let name = format!("n{name}");
                let ok = self.group.contains_key(&id)
                    && !taken(&self.group, id, &name)
                    && (active || id != self.active);
                if ok {
                    self.group.insert(id, name);
                    self.active = if active { id } else { self.active };
                }
                ok
            }
            Op::Activate(id) => {
                let ok = self.group.contains_key(&id);
                self.active = if ok { id } else { self.active };
                ok
            }
            Op::Delete(id) => id != self.active && self.group.remove(&id).is_some(),
            Op::Assign(user, None) => {
                self.members.remove(&user);
                true
            }
            Op::Assign(user, Some(id)) => {
                let ok = self.individual.contains_key(&id);
                if ok {
                    self.members.insert(user, id);
                }
                ok
            }
            Op::DeleteIndividual(id) => {
                self.members.retain(|_, of| *of != id);
                self.individual.remove(&id).is_some()
            }
            Op::Copy(from, to) => {
                let name = format!("copy {to}");
                let ok = self.individual.contains_key(&from)
                    && !self.individual.contains_key(&to)
                    && !taken(&self.individual, to, &name);
                if ok {
                    self.individual.insert(to, name);
                }
                ok
            }
        }
    }
}

fn apply(set: &mut PolicySet, op: &Op) -> bool {
    let name = |name: u8| named(&format!("n{name}"));
    match *op {
        Op::Create(id, n) => set.create_group(GroupPolicyId(id), name(n)).is_ok(),
        Op::Save(id, n, active) => set.save_group(GroupPolicyId(id), name(n), active).is_ok(),
        Op::Activate(id) => set.activate(GroupPolicyId(id)).is_ok(),
        Op::Delete(id) => set.delete_group(GroupPolicyId(id)).is_ok(),
        Op::Assign(user, id) => set
            .assign(UserCoreId(user), id.map(IndividualPolicyId))
            .is_ok(),
        Op::DeleteIndividual(id) => set.delete_individual(IndividualPolicyId(id)).is_ok(),
        Op::Copy(from, to) => set
            .copy_individual(
                IndividualPolicyId(from),
                IndividualPolicyId(to),
                &format!("copy {to}"),
            )
            .is_ok(),
    }
}

proptest! {
    #[test]
    fn a_set_is_its_reference(ops in proptest::collection::vec(any_op(), 0..40)) {
        let mut set = PolicySet::fresh();
        let mut reference = Reference {
            group: [(1, "Default Settings Set".into())].into(),
            active: 1,
            individual: [(1, String::new()), (2, String::new())].into(),
            ..Reference::default()
        };
        for op in &ops {
            prop_assert_eq!(apply(&mut set, op), reference.apply(op), "{:?}", op);
            let active: Vec<_> = set.group().into_iter().filter(|(_, of)| of.1).map(|of| of.0.0).collect();
            prop_assert_eq!(active, [reference.active]);
            let names: BTreeMap<_, _> = set.group().into_iter()
                .map(|(id, (policy, _))| (id.0, policy.values().description.clone())).collect();
            prop_assert_eq!(&names, &reference.group);
            let ids: Vec<_> = set.individual().keys().map(|id| id.0).collect();
            prop_assert_eq!(ids, reference.individual.keys().copied().collect::<Vec<_>>());
            for user in 0..5 {
                let of = set.policy_of(UserCoreId(user)).map(|(id, _)| id.0);
                prop_assert_eq!(of, reference.members.get(&user).copied());
            }
        }
        let rows = set.group().into_iter().map(|(id, (policy, active))| (id, active, policy.clone()));
        let individual = set.individual().iter().map(|(id, policy)| (*id, policy.clone()));
        let members = reference.members.iter().map(|(user, id)| (UserCoreId(*user), IndividualPolicyId(*id)));
        prop_assert_eq!(PolicySet::from_rows(rows, individual, members).unwrap(), set);
    }

    #[test]
    fn both_forms_of_an_individual_policy_read_back(policy in any_individual()) {
        let json = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(&serde_json::from_str::<IndividualPolicy>(&json).unwrap(), &policy);
        prop_assert_eq!(&IndividualPolicy::from_columns(policy.columns()).unwrap(), &policy);
    }

    /// Each attribute: the individual value if there is one, else the group's.
    #[test]
    fn unset_attributes_fall_through(policy in any_individual(), group in any_group()) {
        let effective = policy.over(&group);
        let (own, of_group, found) = (policy.values(), group.values(), effective.values());
        prop_assert_eq!(found.liveness_detection, own.liveness_detection.unwrap_or(of_group.liveness_detection));
        prop_assert_eq!(found.corporate_credentials, own.corporate_credentials.unwrap_or(of_group.corporate_credentials));
        prop_assert_eq!(found.haptic_feedback, own.haptic_feedback.unwrap_or(of_group.haptic_feedback));
        prop_assert_eq!(found.far, own.far.unwrap_or(of_group.far));
        let re_enroll = own.allow_re_enrollment.unwrap_or(of_group.allow_re_enrollment);
        prop_assert_eq!(found.allow_re_enrollment, re_enroll);
        let any = own.allow_re_enrollment_of_any.unwrap_or(of_group.allow_re_enrollment_of_any);
        prop_assert_eq!(found.allow_re_enrollment_of_any, any && re_enroll);
        prop_assert_eq!(&GroupPolicy::try_from(found.clone()).unwrap(), &effective, "it is a policy");
    }
}
