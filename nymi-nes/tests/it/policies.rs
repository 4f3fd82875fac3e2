//! Group policies, individual policies and their members over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nymi_core::policy::{GroupPolicy, IndividualPolicy};
use serde_json::{Value, json};

use crate::support::{Nes, Reply, Session};

const GROUPS: &str = "api/Policies";
const INDIVIDUALS: &str = "api/IndividualUserPolicies";

/// A refusal whose message has these words.
#[track_caller]
fn says(reply: Reply, code: u16, status: u32, words: &[&str]) {
    let body = reply.refused(code, status);
    let message = body["Message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
}

async fn letters(nes: &Nes, table: &str) -> Vec<String> {
    let sql = format!(r#"SELECT "EventType" FROM "audit.{table}" ORDER BY "Identity""#);
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(&nes.database().await)
        .await
        .unwrap()
}

/// ID and IsActive of the group policies.
async fn actives(session: &Session<'_>) -> Vec<(i64, bool)> {
    let all = session.get(GROUPS).await.ok();
    let all = all.as_array().unwrap().iter();
    all.map(|row| {
        (
            row["ID"].as_i64().unwrap(),
            row["IsActive"].as_bool().unwrap(),
        )
    })
    .collect()
}

fn without(mut value: Value, names: &[&str]) -> Value {
    for name in names {
        value.as_object_mut().unwrap().remove(*name).unwrap();
    }
    value
}

#[tokio::test]
async fn one_group_policy_is_active_whatever_is_asked() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    says(
        admin.delete("api/Policies/1").await,
        409,
        1003,
        &["only group policy"],
    );
    let created = admin
        .post(GROUPS, &json!({"Description": "Strict", "FAR": 1}))
        .await;
    assert_eq!(created.code, 201);
    assert_eq!(
        (&created.body["ID"], &created.body["FAR"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(actives(&bob).await, [(1, true), (2, false)]);
    says(
        admin.delete("api/Policies/1").await,
        409,
        1003,
        &["active group policy"],
    );
    let off = json!({"IsActive": false});
    says(
        admin.put("api/Policies/1", &off).await,
        400,
        1003,
        &["IsActive"],
    );
    let on = json!({"IsActive": true});
    bob.put("api/Policies/2", &on).await.refused(403, 2003);
    admin.put("api/Policies/2", &on).await.ok();
    assert_eq!(actives(&bob).await, [(1, false), (2, true)]);
    // C for both, then the old one first: there is never a second active one.
    assert_eq!(
        letters(&nes, "ApplicationsSetting").await,
        ["C", "C", "U", "U"]
    );
    admin.put("api/Policies/2", &on).await.ok();
    assert_eq!(
        letters(&nes, "ApplicationsSetting").await.len(),
        4,
        "no change, no row"
    );
    assert_eq!(admin.delete("api/Policies/1").await.code, 204);
    assert_eq!(
        letters(&nes, "ApplicationsSetting").await.last().unwrap(),
        "D"
    );
    assert_eq!(actives(&bob).await, [(2, true)]);
    admin.get("api/Policies/1").await.refused(404, 2201);
    // An ID is not used again.
    let next = admin
        .post(GROUPS, &json!({"Description": "Third"}))
        .await
        .ok();
    assert_eq!(next["ID"], 3);
    admin.delete("api/Policies/3").await;
    let next = admin
        .post(GROUPS, &json!({"Description": "Third"}))
        .await
        .ok();
    assert_eq!(next["ID"], 4);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn errors_name_field_value_and_rule() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    for (body, words) in [
        (
            json!({"AutoLogoutTimeoutSeconds": 299}),
            ["AutoLogoutTimeoutSeconds is 299", "60, 120, 300"],
        ),
        (
            json!({"PassworthAuthOption": 2}),
            ["PassworthAuthOption is 2", "0 or 1"],
        ),
        (
            json!({"Description": ""}),
            ["Description is \"\"", "text of 1 to 256 characters"],
        ),
        (
            json!({"BandLabelOnBandCustomizationEnabled": true}),
            [
                "BandLabelOnBandCustomizationEnabled is 1",
                "set BandLabelOnBandEnabled first",
            ],
        ),
        (
            json!({"Nonsense": 1}),
            ["Nonsense", "no setting of a group policy"],
        ),
        (json!({"TInterval": 1}), ["TInterval", "1"]),
    ] {
        says(admin.put(GROUPS, &body).await, 400, 1003, &words);
        let mut created = body.clone();
        created
            .as_object_mut()
            .unwrap()
            .entry("Description")
            .or_insert(json!("New"));
        says(admin.post(GROUPS, &created).await, 400, 1003, &words);
    }
    says(
        admin
            .post(GROUPS, &json!({"Description": "default settings SET"}))
            .await,
        409,
        1003,
        &["Description is \"default settings SET\"; another policy"],
    );
    for body in [json!({"FAR": 1}), json!({"CopyOf": 1})] {
        says(
            admin.post(GROUPS, &body).await,
            400,
            1003,
            &["Description is \"\"", "text of 1 to 256 characters"],
        );
    }
    for (body, words) in [
        (json!({"Name": "x", "FAR": 7}), ["FAR is 7", "0 or 1"]),
        (
            json!({"FAR": 1}),
            ["Name is \"\"", "text of 1 to 256 characters"],
        ),
        (
            json!({"Name": "x", "TInterval": 500}),
            ["TInterval", "no setting of an individual user policy"],
        ),
        (
            json!({"Name": "x", "AllowReenrollementOfActiveNymiBand": true}),
            [
                "AllowReenrollementOfActiveNymiBand is 1",
                "set AllowReEnrollment first",
            ],
        ),
        (
            json!({"Name": "x", "IndividualUserPolicyTypeID": 1}),
            ["IndividualUserPolicyTypeID", "cannot be changed"],
        ),
        (
            json!({"Name": "x", "CopyOf": 1, "FAR": 1}),
            ["FAR", "CopyOf"],
        ),
    ] {
        says(admin.post(INDIVIDUALS, &body).await, 400, 1003, &words);
    }
    assert_eq!(letters(&nes, "ApplicationsSetting").await, ["C"]);
    assert_eq!(letters(&nes, "IndividualUserPolicy").await, ["C", "C"]);
}

#[tokio::test]
async fn what_depends_on_a_cleared_option_is_cleared_with_it() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let both = json!({"AllowReEnrollment": true, "AllowReenrollementOfActiveNymiBand": true});
    admin.put(GROUPS, &both).await.ok();
    let cleared = admin
        .put(GROUPS, &json!({"AllowReEnrollment": false}))
        .await
        .ok();
    assert_eq!(cleared["AllowReenrollementOfActiveNymiBand"], false);
    let uncached = admin
        .put(GROUPS, &json!({"AdCacheUserStatus": false}))
        .await
        .ok();
    assert_eq!(uncached["AdCacheExpiryTimeSeconds"], json!(null));
    let cached = admin
        .put(GROUPS, &json!({"AdCacheUserStatus": true}))
        .await
        .ok();
    assert_eq!(cached["AdCacheExpiryTimeSeconds"], 900);
    // Named, it is not cleared silently.
    let contrary = json!({"AllowReEnrollment": false, "AllowReenrollementOfActiveNymiBand": true});
    says(
        admin.put(GROUPS, &contrary).await,
        400,
        1003,
        &["set AllowReEnrollment first"],
    );
}

#[tokio::test]
async fn a_server_for_registration_leaves_the_bands_settings_alone() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    admin
        .put(GROUPS, &json!({"EnrollmentPermissions": 2}))
        .await
        .ok();
    let haptics = json!({"HapticFeedbackOnBandEnabled": false});
    says(
        admin.put(GROUPS, &haptics).await,
        400,
        1003,
        &["HapticFeedbackOnBandEnabled", "registration only"],
    );
    let liveness = json!({"LivenessDetectionEnabled": true});
    let path = format!("{INDIVIDUALS}/1");
    says(
        admin.put(&path, &liveness).await,
        400,
        1003,
        &["LivenessDetectionEnabled", "registration only"],
    );
}

#[tokio::test]
async fn a_fresh_server_has_the_two_predefined_individual_policies() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let all = bob.get(INDIVIDUALS).await.ok();
    let expected: Vec<Value> = IndividualPolicy::predefined()
        .iter()
        .map(|policy| serde_json::to_value(policy).unwrap())
        .collect();
    let found: Vec<Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|row| without(row.clone(), &["ID", "Members"]))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(all[0]["IndividualUserPolicyTypeID"], 1);
    let group = bob.get("api/Policies/1").await.ok();
    assert_eq!(
        without(group, &["ID", "IsActive"]),
        serde_json::to_value(GroupPolicy::default()).unwrap()
    );
}

#[tokio::test]
async fn individual_policies_are_made_copied_given_and_deleted() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    let made = admin
        .post(
            INDIVIDUALS,
            &json!({"Name": "Night shift", "Note": "a\nb", "FAR": 1}),
        )
        .await;
    assert_eq!(made.code, 201);
    assert_eq!(
        (&made.body["ID"], &made.body["IndividualUserPolicyTypeID"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        made.body["PassworthAuthOption"],
        json!(null),
        "left to the group policy"
    );
    let copy = admin
        .post(INDIVIDUALS, &json!({"Name": "Day shift", "CopyOf": 3}))
        .await
        .ok();
    assert_eq!(
        without(copy, &["ID", "Name"]),
        without(made.body, &["ID", "Name"])
    );
    says(
        admin
            .post(INDIVIDUALS, &json!({"Name": "night SHIFT"}))
            .await,
        409,
        1003,
        &["Name"],
    );
    bob.post(INDIVIDUALS, &json!({"Name": "Mine"}))
        .await
        .refused(403, 2003);
    let path = format!("{INDIVIDUALS}/3");
    let changed = admin
        .put(&path, &json!({"FAR": null, "note": null}))
        .await
        .ok();
    assert_eq!(
        (&changed["FAR"], &changed["Note"]),
        (&json!(null), &json!(null))
    );

    // A user is in one policy at most, enrolled or not.
    let member = |id: i64, name: &str| format!("{INDIVIDUALS}/{id}/Members/corp/{name}");
    admin
        .put(&member(3, "nobody"), &json!({}))
        .await
        .refused(404, 2201);
    admin
        .put(&member(9, "bob"), &json!({}))
        .await
        .refused(404, 2201);
    bob.put(&member(3, "bob"), &json!({}))
        .await
        .refused(403, 2003);
    assert_eq!(
        admin.put(&member(3, "BOB"), &json!({})).await.ok()["Members"],
        1
    );
    assert_eq!(
        admin.put(&member(4, "bob"), &json!({})).await.ok()["Members"],
        1
    );
    assert_eq!(admin.get(&path).await.ok()["Members"], 0);
    let user = bob.get("api/UserCores/CORP/bob").await.ok();
    assert_eq!(
        (&user["IndividualUserPolicyId"], &user["PolicyStatus"]),
        (&json!(4), &json!("No active Nymi Band"))
    );
    admin.delete(&member(3, "bob")).await.refused(404, 2201);
    assert_eq!(admin.delete(&member(4, "bob")).await.code, 204);
    admin.put(&member(4, "bob"), &json!({})).await.ok();

    // Deleted with a member: the member falls back to the group policy.
    assert_eq!(admin.delete(&format!("{INDIVIDUALS}/4")).await.code, 204);
    let user = bob.get("api/UserCores/CORP/bob").await.ok();
    assert_eq!(user["IndividualUserPolicyId"], json!(null));
    assert_eq!(
        letters(&nes, "IndividualUserPolicy").await,
        ["C", "C", "C", "C", "U", "D"]
    );
    assert_eq!(
        letters(&nes, "IndividualUserPolicyMember").await,
        ["C", "U", "D", "C", "D"]
    );
    nes.server.admin().verify_audit().await.unwrap();
    let nes = {
        drop((bob, admin));
        nes.restart().await
    };
    let names: Vec<String> = sqlx::query_scalar(r#"SELECT "Name" FROM "adm.IndividualUserPolicy""#)
        .fetch_all(&nes.database().await)
        .await
        .unwrap();
    assert_eq!(
        names.len(),
        3,
        "what was deleted does not come back: {names:?}"
    );
}

/// POL-01: whoever reads at the same time sees one active policy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activation_changes_both_rows_in_one_transaction() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let other = json!({"Description": "Other"});
    admin.post(GROUPS, &other).await.ok();
    let database = nes.database().await;
    let stop = Arc::new(AtomicBool::new(false));
    let seen = tokio::spawn({
        let (database, stop) = (database.clone(), Arc::clone(&stop));
        async move {
            let mut seen = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let ids: Vec<i64> = sqlx::query_scalar(
                    r#"SELECT "ID" FROM "adm.ApplicationSettings" WHERE "IsActive" = 1"#,
                )
                .fetch_all(&database)
                .await
                .unwrap();
                seen.push(ids);
            }
            seen
        }
    });
    for turn in 0..20 {
        let path = format!("{GROUPS}/{}", 2 - turn % 2);
        admin.put(&path, &json!({"IsActive": true})).await.ok();
    }
    stop.store(true, Ordering::SeqCst);
    let seen = seen.await.unwrap();
    assert!(seen.iter().all(|ids| ids.len() == 1), "{seen:?}");
    assert!(
        seen.contains(&vec![1]) && seen.contains(&vec![2]),
        "it watched"
    );
    // Each activation: the one that was active, then the one that is.
    let rows: Vec<(i64, bool)> = sqlx::query_as(
        r#"SELECT "ID", "IsActive" FROM "audit.ApplicationsSetting" WHERE "EventType" = 'U' ORDER BY "Identity""#,
    )
    .fetch_all(&database)
    .await
    .unwrap();
    assert_eq!(rows.len(), 40);
    assert_eq!(rows[..4], [(1, false), (2, true), (2, false), (1, true)]);
}

/// POL-24.
#[tokio::test]
async fn a_registration_server_does_not_manage_liveness_and_haptics_of_users() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let named = |name: &str, column: &str, value: &Value| json!({"Name": name, column: value});
    let created = named("Before", "HapticFeedbackonBandEnabled", &json!(false));
    let before = admin.post(INDIVIDUALS, &created).await.ok();
    let registration = json!({"EnrollmentPermissions": 2});
    admin.put(GROUPS, &registration).await.ok();
    let path = format!("{INDIVIDUALS}/{}", before["ID"]);
    let why = "this NES allows registration only, so the enrollment NES manages it";
    for column in ["LivenessDetectionEnabled", "HapticFeedbackonBandEnabled"] {
        let value = json!(true);
        let put = admin.put(&path, &json!({column: value})).await;
        says(put, 400, 1003, &[column, why]);
        let post = admin.post(INDIVIDUALS, &named("New", column, &value)).await;
        says(post, 400, 1003, &[column, why]);
    }
    let cleared = json!({"HapticFeedbackonBandEnabled": null});
    let put = admin.put(&path, &cleared).await;
    says(put, 400, 1003, &["HapticFeedbackonBandEnabled", why]);
    assert_eq!(admin.get(&path).await.ok(), before, "nothing has changed");
    // The rest is its own.
    let rest = named("New", "AllowReEnrollment", &json!(true));
    admin.post(INDIVIDUALS, &rest).await.ok();
    let changed = admin.put(&path, &json!({"AllowReEnrollment": true})).await;
    assert_eq!(changed.ok()["HapticFeedbackonBandEnabled"], false);
}
