//! `init`: certificates asked for, checked, stored, used again, renewed.

use std::fs;
use std::sync::Arc;

use nymi_napi::{Client, StartError};
use serde_json::{Value, json};

use crate::pki::Pki;
use crate::support::{Bench, NAME, Turned, answer, ask, files, next, put, specifics};

fn fails_with_8000(update: &Value, nsl: u32) {
    assert_eq!(
        (&update["status"], &update["error"]["nsl"]),
        (&json!(8000), &json!(nsl)),
        "{update}"
    );
    assert_eq!(
        update["error"]["error_description"],
        "NEA missing certificates."
    );
    assert!(
        specifics(update).starts_with("NEA certificate chain is missing or invalid."),
        "{update}"
    );
}

#[test]
fn a_certificate_is_obtained_checked_and_stored_for_this_user_alone() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", bench.init());
    assert_eq!(update["status"], 0, "{update}");
    assert_eq!(update["payload"]["nea_name"], NAME);
    assert_eq!(update["payload"]["agent"], agent.url);
    assert_eq!(update["payload"]["nes"], bench.nes.url);
    assert_eq!(
        update["payload"]["certificate"]["not_after"],
        "2026-01-15T00:00:00.000Z"
    );
    assert!(
        !update["payload"]["certificate"]["serial"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    agent.wait_for_proof();

    for line in [
        "INFO - Successfully got an NEA certificate from server.",
        "INFO - Successfully stored NEA certificate.",
        "INFO - connecting to Agent at ws://",
    ] {
        bench.wait_for_log(line);
    }
    let stored = files(&bench.store());
    assert_eq!(stored.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&stored[0]), mode(&bench.store())), (0o600, 0o700));
    }
}

#[test]
fn nothing_secret_is_logged_at_any_level() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    client.terminate();
    let log = bench.log();
    let stored = fs::read_to_string(&files(&bench.store())[0]).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let key = stored["key"].as_str().unwrap();
    for secret in [
        crate::fake::PASSWORD,
        "QUNNRV",
        "t0ken-of-records",
        &key[..40],
    ] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
}

#[test]
fn a_stored_certificate_is_used_again_without_nes() {
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    assert_eq!(bench.nes.issued(), 1);

    let client = bench.client(&agent);
    let mut init = bench.init();
    init["password"] = json!("forgotten");
    assert_eq!(ask(&client, "init", "1", init)["status"], 0);
    client.terminate();
    // L1 from the store itself.
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", json!({"nea_name": NAME}));
    assert_eq!(
        (&update["status"], &update["payload"]["nes"]),
        (&json!(0), &json!(bench.nes.url))
    );
    assert_eq!(bench.nes.issued(), 1);

    fs::remove_dir_all(bench.store()).unwrap();
    assert_eq!(ask(&client, "init", "2", bench.init())["status"], 0);
    assert_eq!(bench.nes.issued(), 2);
    assert_eq!(files(&bench.store()).len(), 1);
}

#[test]
fn another_name_or_l1_is_another_entry() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    let mut init = bench.init();
    init["nea_name"] = json!("Archive");
    let update = ask(&client, "init", "2", init);
    assert_eq!(update["payload"]["nea_name"], "Archive");
    assert_eq!(files(&bench.store()).len(), 2);
    // Another enterprise's L1 does not vouch for what is stored.
    let mut init = bench.offline_init();
    init["l1"] = json!(Pki::new(1).l1_pem());
    fails_with_8000(&ask(&client, "init", "3", init), 5);
}

#[test]
fn missing_fields_are_named() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    let update = ask(&client, "init", "1", bench.offline_init());
    fails_with_8000(&update, 5);
    for field in ["nes_url", "token", "username", "password"] {
        assert!(specifics(&update).contains(field), "{update}");
    }
    let mut init = bench.init();
    init.as_object_mut().unwrap().remove("password");
    let update = ask(&client, "init", "2", init);
    assert!(
        !specifics(&update).contains("nes_url") && specifics(&update).contains("password"),
        "{update}"
    );
    let update = ask(
        &client,
        "init",
        "3",
        json!({"nea_name": NAME, "nes_url": bench.nes.url}),
    );
    fails_with_8000(&update, 5);
    assert!(specifics(&update).contains("l1"), "{update}");
}

#[test]
fn an_l1_that_cannot_be_read_is_named() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    for l1 in [
        "/nowhere/l1.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    ] {
        let mut init = bench.init();
        init["l1"] = json!(l1);
        let update = ask(&client, "init", l1, init);
        assert_eq!(update["status"], 1003);
        assert!(specifics(&update).contains("l1"), "{update}");
    }
    let file = bench.home.path().join("l1.pem");
    fs::write(&file, bench.nes.script.lock().unwrap().pki.l1_pem()).unwrap();
    let mut init = bench.init();
    init["l1"] = json!(file);
    assert_eq!(ask(&client, "init", "file", init)["status"], 0);
}

#[test]
fn a_corrupt_entry_is_refused_offline_and_replaced_with_nes() {
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    let path = &files(&bench.store())[0];
    let good: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut swapped = good.clone();
    swapped["chain"].as_array_mut().unwrap().reverse();
    let mut short = good.clone();
    short["chain"].as_array_mut().unwrap().pop();
    let texts = [
        "".to_owned(),
        "{".to_owned(),
        swapped.to_string(),
        short.to_string(),
    ];
    let client = bench.client(&agent);
    for (round, text) in texts.iter().enumerate() {
        fs::write(path, text).unwrap();
        let update = ask(&client, "init", "offline", bench.offline_init());
        assert_eq!(update["status"], 8000, "{text}: {update}");
        assert!(update["error"]["nsl"].is_u64(), "{update}");
        assert_eq!(
            ask(&client, "init", "online", bench.init())["status"],
            0,
            "{text}"
        );
        assert_eq!(bench.nes.issued(), 2 + round);
    }
    assert_eq!(files(&bench.store()).len(), 1);
}

#[test]
#[cfg(unix)]
fn an_entry_that_others_may_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    let path = &files(&bench.store())[0];
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let client = bench.client(&agent);
    for l1_is_named in [true, false] {
        let mut init = bench.offline_init();
        if !l1_is_named {
            init.as_object_mut().unwrap().remove("l1");
        }
        let update = ask(&client, "init", "1", init);
        fails_with_8000(&update, 5);
        let reason = specifics(&update);
        assert!(reason.contains("others than this user"), "{reason}");
        assert!(reason.contains(path.to_str().unwrap()), "{reason}");
    }
    assert_eq!(ask(&client, "init", "2", bench.init())["status"], 0);
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_store_that_cannot_be_a_folder_is_refused_at_the_start() {
    let bench = Bench::new();
    let file = bench.home.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let mut config = bench.config("ws://127.0.0.1:1");
        config.store = Some(folder.clone());
        let error = Client::start(config).unwrap_err();
        assert!(matches!(error, StartError::Store(_)), "{error:?}");
        assert!(
            error.to_string().contains(folder.to_str().unwrap()),
            "{error}"
        );
    }
}

#[test]
#[cfg(unix)]
fn a_store_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    let mode = |mode| fs::set_permissions(bench.store(), fs::Permissions::from_mode(mode)).unwrap();
    for shared in [0o777, 0o770, 0o702] {
        mode(shared);
        let update = ask(&client, "init", "1", bench.init());
        assert_eq!(update["status"], 9000, "{update}");
        assert!(specifics(&update).contains("chmod go-w"), "{update}");
        let error = Client::start(bench.config(&agent.url)).unwrap_err();
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
    mode(0o755);
    assert_eq!(ask(&client, "init", "2", bench.init())["status"], 0);
}

#[test]
fn a_key_is_sealed_by_what_the_config_names_and_opened_by_nothing_else() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = |protection: Option<u8>| {
        let mut config = bench.config(&agent.url);
        config.key_protection = protection.map(|it| Arc::new(Turned(it)) as Arc<_>);
        Client::start(config).unwrap()
    };
    let offline = |protection| {
        let client = client(protection);
        ask(&client, "init", "offline", bench.offline_init())["status"].clone()
    };
    assert_eq!(
        ask(&client(Some(0x55)), "init", "1", bench.init())["status"],
        0
    );
    let text = fs::read_to_string(&files(&bench.store())[0]).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored["protection"], "turned");
    // A key in PKCS#8 begins with a sequence.
    let key = stored["key"].as_str().unwrap();
    assert!(
        key.starts_with("65") && !key.contains("2a8648ce3d"),
        "{key}"
    );
    assert_eq!(offline(Some(0x55)), 0);
    assert_eq!(offline(Some(0x66)), 8000, "another user");
    assert_eq!(offline(None), 8000, "without protection");
    assert_eq!(bench.nes.issued(), 1);

    // The entry is replaced, and the other way round a key in the clear is not taken, either.
    assert_eq!(ask(&client(None), "init", "2", bench.init())["status"], 0);
    // On Windows nothing is stored in the clear, and the entry stays as it was.
    let (in_the_clear, sealed) = if cfg!(unix) { (0, 8000) } else { (8000, 0) };
    assert_eq!(offline(None), in_the_clear);
    assert_eq!(offline(Some(0x55)), sealed);
    assert_eq!((bench.nes.issued(), files(&bench.store()).len()), (2, 1));
}

#[test]
fn a_certificate_that_cannot_be_stored_serves_all_the_same() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.client(&agent);
    // A file where the folder was.
    fs::remove_dir(bench.store()).unwrap();
    fs::write(bench.store(), "").unwrap();
    assert_eq!(ask(&client, "init", "1", bench.init())["status"], 0);
    bench.wait_for_log("is not stored");
    agent.wait_for_proof();
}

#[test]
fn another_l1_is_trusted_only_where_the_configuration_names_it() {
    let bench = Bench::new();
    let agent = bench.agent();
    let file = bench.home.path().join("l1.pem");
    let old = bench.nes.script.lock().unwrap().pki.l1_pem();
    fs::write(&file, &old).unwrap();
    let mut init = bench.init();
    init["l1"] = json!(file);
    let client = bench.client(&agent);
    assert_eq!(ask(&client, "init", "1", init.clone())["status"], 0);
    let new = {
        let mut script = bench.nes.script.lock().unwrap();
        script.pki.replace_l1();
        script.pki.l1_pem()
    };
    // The stored certificate serves; what the server issues now is neither used nor stored.
    assert_eq!(ask(&client, "init", "2", init.clone())["status"], 0);
    fs::remove_dir_all(bench.store()).unwrap();
    let update = ask(&client, "init", "3", init.clone());
    assert_eq!(update["status"], 8000, "{update}");
    assert!(files(&bench.store()).is_empty());
    // Both, while one takes the place of the other.
    fs::write(&file, old + &new).unwrap();
    assert_eq!(ask(&client, "init", "4", init)["status"], 0);
    let stored = fs::read_to_string(&files(&bench.store())[0]).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["l1"], new, "kept under the L1 that it leads to");
    client.terminate();
    let client = bench.client(&agent);
    let update = ask(&client, "init", "5", json!({"nea_name": NAME}));
    assert_eq!(update["status"], 0, "{update}");
}

#[test]
fn a_renewal_that_the_server_refuses_is_told_once_and_the_session_goes_on() {
    let bench = Bench::new();
    let agent = bench.agent();
    let client = bench.ready(&agent);
    bench.nes.script.lock().unwrap().refuse = Some((
        403,
        json!({"Message": "Records belongs to someone else.", "Status": 2003}),
    ));
    bench.set_time("2026-01-12T00:00:00.000Z");
    put(&client, "list_endpoints", "tick", json!({"deadline_ms": 1}));
    let updates = [next(&client), next(&client)];
    let told = updates
        .iter()
        .find(|update| update["exchange"] == Value::Null)
        .unwrap();
    assert_eq!(
        (&told["operation"], &told["status"]),
        (&json!("error"), &json!(2003))
    );
    assert!(
        specifics(told).contains("belongs to someone else"),
        "{told}"
    );
    assert!(specifics(told).contains("as long as it is valid"), "{told}");
    put(&client, "list_endpoints", "works", json!({}));
    while agent.next_request()["operation"] != "cancel" {}
    agent.answer(&agent.next_request(), json!({"endpoints": []}));
    assert_eq!(answer(&client, "works")["status"], 0);
    assert_eq!(client.try_get(), Ok(None), "told twice");
}

#[test]
fn a_chain_of_the_other_grade_is_14_and_is_not_stored() {
    let bench = Bench::of_grade(2);
    let client = bench.lonely_client();
    fails_with_8000(&ask(&client, "init", "1", bench.init()), 14);
    bench.wait_for_log("ERROR - NSL: nsl_verify_nea_cert_chain, 14");
    assert!(files(&bench.store()).is_empty());
    let mut init = bench.init();
    init["grade"] = json!("bronze");
    assert_eq!(ask(&client, "init", "2", init)["status"], 0);
}

#[test]
fn a_clock_outside_the_validity_is_29() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    bench.set_time("2026-02-20T00:00:00.000Z");
    fails_with_8000(&ask(&client, "init", "1", bench.init()), 29);
    bench.wait_for_log("nsl_verify_nea_cert_chain, 29");
    bench.set_time("2026-01-02T00:00:00.000Z");
    assert_eq!(ask(&client, "init", "2", bench.init())["status"], 0);
}

#[test]
fn a_certificate_for_another_key_or_without_the_role_is_not_stored() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    bench.nes.script.lock().unwrap().roles = vec![5];
    let update = ask(&client, "init", "1", bench.init());
    assert_eq!(update["status"], 8000, "{update}");
    bench.nes.script.lock().unwrap().roles = vec![1];
    let other = *{
        use nymi_core::crypto::{PrivateKey, SecretKey};
        SecretKey::from_scalar(&[9; 32]).unwrap().public_key()
    }
    .as_uncompressed();
    bench.nes.script.lock().unwrap().other_key = Some(other);
    fails_with_8000(&ask(&client, "init", "2", bench.init()), 5);
    assert!(files(&bench.store()).is_empty());
}

#[test]
fn what_nes_says_is_passed_on() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    let mut init = bench.init();
    init["password"] = json!("wrong");
    assert_eq!(ask(&client, "init", "1", init)["status"], 2002);
    let mut init = bench.init();
    init["nes_url"] = json!("http://127.0.0.1:1/nes");
    let update = ask(&client, "init", "2", init);
    assert_eq!(update["status"], 2000);
    assert!(specifics(&update).contains("127.0.0.1:1"), "{update}");
    bench.nes.script.lock().unwrap().refuse = Some((
        403,
        json!({"Message": "Records belongs to someone else.", "Status": 2003}),
    ));
    let update = ask(&client, "init", "3", bench.init());
    assert_eq!(
        (&update["status"], specifics(&update)),
        (&json!(2003), "Records belongs to someone else.")
    );
    bench.nes.script.lock().unwrap().refuse = Some((500, json!({"Message": "out of order"})));
    assert_eq!(ask(&client, "init", "4", bench.init())["status"], 2004);
    // A failed init is no init.
    assert_eq!(
        ask(&client, "list_endpoints", "5", json!({}))["status"],
        1004
    );
}

/// Also before there ever was a session.
#[test]
fn an_init_that_waits_can_be_cancelled() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    // A server that takes the connection and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut init = bench.init();
    init["nes_url"] = json!(format!("http://{}/nes", silent.local_addr().unwrap()));
    put(&client, "init", "slow", init);
    let _asked = silent.accept().unwrap();
    put(&client, "cancel", "c", json!({"exchange": "slow"}));
    assert_eq!(answer(&client, "slow")["status"], 1006);
    assert_eq!(answer(&client, "c")["status"], 0);
    let again = ask(&client, "cancel", "d", json!({"exchange": "slow"}));
    assert_eq!(again["status"], 1003);
}

#[test]
fn a_token_serves_instead_of_a_password() {
    let bench = Bench::new();
    let client = bench.lonely_client();
    let mut init = bench.init();
    let fields = init.as_object_mut().unwrap();
    fields.remove("username");
    fields.remove("password");
    fields.insert("token".into(), json!("t0ken-of-records"));
    assert_eq!(ask(&client, "init", "1", init)["status"], 0);
}

#[test]
fn a_certificate_past_two_thirds_of_its_life_is_renewed_behind_the_session() {
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    bench.set_time("2026-01-12T00:00:00.000Z");
    bench.nes.script.lock().unwrap().days = (11, 25);
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", bench.init());
    assert_eq!(
        update["payload"]["certificate"]["not_after"],
        "2026-01-15T00:00:00.000Z"
    );
    let renewed = json!("2026-01-25T00:00:00.000Z");
    loop {
        put(&client, "info", "i", json!({}));
        agent.answer(
            &agent.next_request(),
            json!({"version": "a", "agent": null, "nes": null, "certificate": null}),
        );
        if answer(&client, "i")["payload"]["certificate"]["not_after"] == renewed {
            break;
        }
    }
    assert_eq!(bench.nes.issued(), 2);
    assert_eq!(files(&bench.store()).len(), 1);
}

#[test]
fn an_expired_certificate_that_cannot_be_renewed_is_told_once() {
    let bench = Bench::new();
    bench.set_time("2026-01-02T00:00:00.000Z");
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    let client = bench.client(&agent);
    assert_eq!(ask(&client, "init", "1", bench.offline_init())["status"], 0);
    bench.set_time("2026-01-20T00:00:00.000Z");
    // Any deadline lets the engine look at its clock.
    put(&client, "list_endpoints", "tick", json!({"deadline_ms": 1}));
    let mut updates = [next(&client), next(&client)];
    updates.sort_by_key(|update| update["status"].as_u64());
    assert_eq!(updates[0]["exchange"], "tick");
    assert_eq!(updates[1]["operation"], "error");
    fails_with_8000(&updates[1], 29);
    assert_eq!(
        ask(&client, "list_endpoints", "tock", json!({"deadline_ms": 1}))["status"],
        4003
    );
    assert_eq!(client.try_get(), Ok(None));
}

#[test]
#[cfg(unix)]
fn a_pipe_in_the_store_or_as_l1_holds_nobody_up() {
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    let pipe = bench.store().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", json!({"nea_name": NAME}));
    assert_eq!(update["status"], 0, "{update}");
    bench.wait_for_log("pipe.json in the certificate store is left aside: it is no regular file");
    let update = ask(&client, "init", "2", json!({"nea_name": NAME, "l1": pipe}));
    assert_eq!(update["status"], 1003, "{update}");
    assert!(
        specifics(&update).contains("it is no regular file"),
        "{update}"
    );
}

#[test]
#[cfg(unix)]
fn an_entry_behind_a_link_is_left_aside() {
    let bench = Bench::new();
    let agent = bench.agent();
    bench.ready(&agent).terminate();
    let entry = &files(&bench.store())[0];
    let planted = bench.home.path().join("planted");
    fs::rename(entry, &planted).unwrap();
    std::os::unix::fs::symlink(&planted, entry).unwrap();
    let client = bench.client(&agent);
    let update = ask(&client, "init", "1", json!({"nea_name": NAME}));
    assert_eq!(update["status"], 8000, "{update}");
    bench.wait_for_log("is left aside: it is a symbolic link");
}
