use nymi_core::message::{
    LookupColumn, MAX_MESSAGE, Map, Operation, Payload, Request, Status, Update,
};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::arbitrary::payload;

#[allow(clippy::result_large_err)]
fn parse(text: &str) -> Result<Request, Update> {
    Request::parse(text.as_bytes())
}

fn refusal(value: Value) -> Update {
    parse(&value.to_string()).expect_err("the request is wrong")
}

/// Checks what a wrong request answers: operation, exchange, status, and what the specifics name.
#[track_caller]
fn refused(value: Value, operation: &str, exchange: Option<&str>, status: Status, names: &str) {
    let update = refusal(value);
    assert_eq!(update.operation, operation, "{update:?}");
    assert_eq!(update.exchange.as_deref(), exchange, "{update:?}");
    assert_eq!(update.status, status, "{update:?}");
    assert!(update.specifics().contains(names), "{update:?}");
    assert_eq!(
        update.error.unwrap().error_description,
        status.description()
    );
}

#[test]
fn what_is_not_json_is_malformed() {
    for text in [
        "",
        "{",
        "nonsense",
        "{\"operation\":\"info\"}}",
        "{'operation':'info'}",
        "{\"operation\":\"info\",}",
        "\u{feff}{}",
    ] {
        let update = parse(text).unwrap_err();
        assert_eq!(
            (update.operation.as_str(), &update.exchange),
            ("error", &None)
        );
        assert_eq!(update.status, Status::MALFORMED_JSON, "{text}");
        assert!(!update.specifics().is_empty());
    }
    let not_utf8 = b"{\"operation\":\"info\",\"exchange\":\"\xff\"}";
    assert_eq!(
        Request::parse(not_utf8).unwrap_err().status,
        Status::MALFORMED_JSON
    );
    let deep = "[".repeat(200_000);
    assert_eq!(parse(&deep).unwrap_err().status, Status::MALFORMED_JSON);
}

#[test]
fn a_message_may_have_one_mebibyte_and_no_byte_more() {
    assert_eq!(MAX_MESSAGE, 1_048_576);
    let head = r#"{"operation":"info","ignored":""#;
    let filler = "x".repeat(MAX_MESSAGE - head.len() - 2);
    assert!(parse(&format!("{head}{filler}\"}}")).is_ok());
    let update = parse(&format!("{head}{filler}x\"}}")).unwrap_err();
    assert_eq!(
        (update.operation.as_str(), update.status),
        ("error", Status::TOO_LARGE)
    );
}

#[test]
fn json_that_is_no_request_is_an_invalid_field() {
    for value in [json!([]), json!(1), json!("info"), Value::Null] {
        refused(value, "error", None, Status::INVALID_FIELD, "object");
    }
}

#[test]
fn an_unknown_operation_comes_back_by_name_before_anything_else_is_checked() {
    refused(
        json!({"operation":"fly","exchange":"7","payload":[]}),
        "fly",
        Some("7"),
        Status::UNKNOWN_OPERATION,
        "operation",
    );
    refused(
        json!({"operation":"Info","exchange":7}),
        "Info",
        None,
        Status::UNKNOWN_OPERATION,
        "operation",
    );
}

#[test]
fn present_fields_are_checked_before_missing_ones() {
    let (missing, invalid) = (Status::MISSING_FIELD, Status::INVALID_FIELD);
    refused(json!({}), "error", None, missing, "operation is missing");
    refused(
        json!({"exchange":"1"}),
        "error",
        Some("1"),
        missing,
        "operation",
    );
    refused(json!({"exchange":1}), "error", None, invalid, "exchange");
    refused(
        json!({"payload":[]}),
        "error",
        None,
        invalid,
        "payload: expected an object",
    );
    refused(json!({"operation":5}), "error", None, invalid, "operation");
    refused(
        json!({"operation":null}),
        "error",
        None,
        invalid,
        "operation",
    );
    refused(
        json!({"operation":"sign","exchange":"1","payload":{"hash":"00"}}),
        "sign",
        Some("1"),
        invalid,
        "hash: expected 32 bytes",
    );
    refused(
        json!({"operation":"sign","exchange":"1","payload":{"hash":"00".repeat(32)}}),
        "sign",
        Some("1"),
        missing,
        "device is missing",
    );
    refused(
        json!({"operation":"sign","exchange":5,"payload":{}}),
        "sign",
        None,
        invalid,
        "exchange",
    );
    let update = refusal(json!({"operation":"sign","payload":{"hash":"00","device":"no band"}}));
    assert!(update.specifics().contains("hash") && update.specifics().contains("device"));
}

#[test]
fn each_field_names_what_was_expected() {
    let device = "AA:BB:CC:DD:EE:FF";
    for (operation, payload, names) in [
        ("init", json!({"nea_name":"short"}), "nea_name"),
        (
            "init",
            json!({"nes_url":"http://nes.example.com"}),
            "nes_url",
        ),
        ("init", json!({"username":"bob"}), "username"),
        ("init", json!({"password":""}), "password"),
        ("init", json!({"agent_url":"http://x"}), "agent_url"),
        ("init", json!({"grade":"any"}), "grade"),
        ("init", json!({"l1":[]}), "l1"),
        (
            "subscribe_endpoint",
            json!({"endpoint_id":""}),
            "endpoint_id",
        ),
        (
            "subscribe_endpoint",
            json!({"endpoint_id":null}),
            "endpoint_id",
        ),
        (
            "unsubscribe_endpoint",
            json!({"endpoint_id":1}),
            "endpoint_id",
        ),
        ("lookup", json!({"query":"bob"}), "query"),
        (
            "lookup",
            json!({"query":{"NymiBandID":"bob"}}),
            "query.NymiBandID",
        ),
        ("lookup", json!({"query":{"NfcUID":"xyz"}}), "query.NfcUID"),
        (
            "lookup",
            json!({"query":{"IsActive":true}}),
            "query.IsActive",
        ),
        ("lookup", json!({"lookup_keys":"Username"}), "lookup_keys"),
        ("lookup", json!({"lookup_keys":[]}), "found an empty list"),
        (
            "lookup",
            json!({"lookup_keys":["Username","EncryptedPassword"]}),
            "found the unknown key \"EncryptedPassword\"",
        ),
        (
            "lookup",
            json!({"lookup_keys":["Username",1]}),
            "found the number 1 in it",
        ),
        (
            "lookup",
            json!({"lookup_keys":["\u{fc}".repeat(65)]}),
            "found an unknown key that begins with",
        ),
        (
            "assert_identity",
            json!({"assert_type":"assert_all"}),
            "assert_user",
        ),
        (
            "assert_identity",
            json!({"device":device.replace(':', "-")}),
            "device",
        ),
        ("assert_identity", json!({"intent_id":"5"}), "intent_id"),
        (
            "assert_identity",
            json!({"document_sha256":"5"}),
            "document_sha256",
        ),
        ("assert_identity", json!({"meaning":""}), "meaning"),
        (
            "assert_identity",
            json!({"meaning":"x".repeat(4097)}),
            "at most 4096 bytes",
        ),
        ("assert_identity", json!({"audience":1}), "audience"),
        (
            "assert_identity",
            json!({"nonce":"x".repeat(1025)}),
            "at most 1024 bytes",
        ),
        ("user_status", json!({"Username":""}), "Username"),
        ("notify", json!({"notification":"POSITIVE"}), "notification"),
        ("random", json!({"length":0}), "length"),
        ("random", json!({"length":65}), "length"),
        ("random", json!({"length":1.5}), "length"),
        ("symmetric_key", json!({"action":"read"}), "action"),
        ("symmetric_key", json!({"key_id":"5"}), "key_id"),
        ("totp", json!({"action":true}), "action"),
        ("firmware", json!({"device":5}), "device"),
        ("cancel", json!({"exchange":5}), "exchange"),
        ("band_exchange", json!({"data":"0"}), "data"),
        ("info", json!({"deadline_ms":0}), "deadline_ms"),
        ("info", json!({"deadline_ms":120_001}), "deadline_ms"),
        ("info", json!({"deadline_ms":"1000"}), "deadline_ms"),
        ("info", json!({"deadline_ms":-1}), "deadline_ms"),
    ] {
        let request = json!({"operation":operation,"exchange":"e","payload":payload});
        refused(request, operation, Some("e"), Status::INVALID_FIELD, names);
    }
}

#[test]
fn a_wrong_field_says_what_was_found() {
    for (found, words) in [
        (json!(null), "null"),
        (json!(true), "a boolean"),
        (json!(5), "the number 5"),
        (json!(""), "an empty string"),
        (json!("short"), "a string of another form"),
        (json!([]), "an array"),
        (json!({}), "an object"),
    ] {
        let request = json!({"operation":"init","exchange":"e","payload":{"nea_name":found}});
        let specifics = refusal(request).specifics().to_owned();
        assert!(
            specifics.contains("nea_name") && specifics.contains(words),
            "{specifics}"
        );
    }
}

#[test]
fn each_required_field_is_missed() {
    let device = "AA:BB:CC:DD:EE:FF";
    for (operation, payload, names) in [
        ("init", json!({}), "nea_name"),
        ("subscribe_endpoint", json!({}), "endpoint_id"),
        ("unsubscribe_endpoint", json!({}), "endpoint_id"),
        ("lookup", json!({"lookup_keys":["Username"]}), "query"),
        (
            "lookup",
            json!({"query":{},"lookup_keys":["Username"]}),
            "query",
        ),
        ("lookup", json!({"query":{"Username":"bob"}}), "lookup_keys"),
        ("assert_identity", json!({"device":device}), "assert_type"),
        (
            "assert_identity",
            json!({"assert_type":"assert_user"}),
            "device",
        ),
        (
            "assert_identity",
            json!({"assert_type":"assert_user","device":device,"meaning":"approved"}),
            "intent_id",
        ),
        (
            "assert_identity",
            json!({"assert_type":"assert_user","device":device,"document_sha256":"0A".repeat(32)}),
            "intent_id",
        ),
        ("user_status", json!({"Username":"bob"}), "Domain"),
        ("notify", json!({"device":device}), "notification"),
        ("random", json!({"device":device}), "length"),
        ("sign", json!({"device":device}), "hash"),
        ("symmetric_key", json!({"device":device}), "action"),
        (
            "symmetric_key",
            json!({"device":device,"action":"get"}),
            "key_id",
        ),
        (
            "symmetric_key",
            json!({"device":device,"action":"delete"}),
            "key_id",
        ),
        ("band_session", json!({"device":device}), "data"),
        ("totp", json!({"device":device}), "action"),
        ("firmware", json!({}), "device"),
        ("cancel", json!({}), "exchange"),
        (
            "band_exchange",
            json!({"endpoint_id":"e","address":device}),
            "data",
        ),
    ] {
        let request = json!({"operation":operation,"exchange":"e","payload":payload});
        refused(request, operation, Some("e"), Status::MISSING_FIELD, names);
    }
}

#[test]
fn unknown_fields_are_ignored_and_absent_ones_have_their_defaults() {
    let request = parse(r#"{"operation":"info","more":1,"payload":{"more":1}}"#).unwrap();
    assert_eq!(request.exchange, None);
    assert_eq!(request.deadline_ms, 15_000);
    assert_eq!(request.payload, Payload::Info);
    let request =
        parse(r#"{"operation":"info","exchange":null,"payload":{"deadline_ms":120000}}"#).unwrap();
    assert_eq!(request.exchange, None);
    assert_eq!(request.deadline_ms, 120_000);
    for payload in ["null", "{}"] {
        assert!(parse(&format!(r#"{{"operation":"info","payload":{payload}}}"#)).is_ok());
    }
}

#[test]
fn a_wrong_secret_is_never_repeated() {
    let update = refusal(json!({"operation":"init","payload":{
        "nea_name":"no","username":"hunter1","token":["hunter2"],"password":["hunter3"]}}));
    assert!(!update.to_json().contains("hunter"), "{update:?}");
    let request =
        parse(r#"{"operation":"init","payload":{"nea_name":"example","password":"hunter4"}}"#);
    assert!(!format!("{request:?}").contains("hunter"));
}

#[test]
fn lookup_answers_the_asked_columns() {
    let row = |name: &str| -> Map {
        serde_json::from_value(json!({"Username":name,"Domain":"CORP","EncryptedPassword":"x"}))
            .unwrap()
    };
    let request = parse(
        r#"{"operation":"lookup","payload":{"query":{"Domain":"CORP"},"lookup_keys":["Username","BandLabel","Username"]}}"#,
    )
    .unwrap();
    let Payload::Lookup(lookup) = request.payload else {
        panic!()
    };
    assert_eq!(
        lookup.query.conditions(),
        [(LookupColumn::Domain, "CORP".to_owned())]
    );
    assert_eq!(lookup.answer(&[]), Err(Status::NOT_FOUND));
    let one = Value::Object(lookup.answer(&[row("bob")]).unwrap());
    assert_eq!(one, json!({"Username":"bob","BandLabel":null}));
    let two = Value::Object(lookup.answer(&[row("bob"), row("eve")]).unwrap());
    assert_eq!(
        two,
        json!({"matches":[
            {"Username":"bob","BandLabel":null},{"Username":"eve","BandLabel":null}]})
    );
}

/// JSON that is nearly a request: fields of the right names with values of any kind.
fn nearly() -> impl Strategy<Value = String> {
    let value = || {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            Just(json!([])),
            Just(json!({"Username":"x"})),
            Just(json!("AA:BB:CC:DD:EE:FF")),
        ]
    };
    let names = prop_oneof![
        Just("device"),
        Just("query"),
        Just("lookup_keys"),
        Just("nea_name"),
        Just("endpoint_id"),
        Just("deadline_ms"),
        Just("length"),
    ];
    let operation = proptest::sample::select(Operation::ALL).prop_map(Operation::name);
    (
        operation,
        value(),
        proptest::collection::btree_map(names, value(), 0..5),
    )
        .prop_map(|(operation, exchange, payload)| {
            json!({"operation":operation,"exchange":exchange,"payload":payload}).to_string()
        })
}

#[test]
fn every_operation_is_known_by_its_name() {
    for operation in Operation::ALL {
        let request = json!({"operation":operation.name(),"payload":{"device":5,"exchange":5}});
        match parse(&request.to_string()) {
            Ok(request) => assert_eq!(request.operation(), *operation),
            Err(update) => assert_eq!(update.operation, operation.name()),
        }
        assert_eq!(operation.to_string(), operation.name());
    }
}

#[test]
fn few_operations_come_before_init_and_those_with_the_bands_keys_are_guarded() {
    let those = |are: fn(Operation) -> bool| -> Vec<&str> {
        let operations = Operation::ALL.iter().filter(|operation| are(**operation));
        operations.map(|operation| operation.name()).collect()
    };
    assert_eq!(those(Operation::needs_no_init), ["init", "info"]);
    assert_eq!(
        those(Operation::is_guarded),
        ["notify", "random", "sign", "symmetric_key", "totp"]
    );
}

#[test]
fn an_operation_is_about_the_band_that_it_names() {
    let device = "AA:BB:CC:DD:EE:FF";
    let request = |operation: &str, payload: Value| {
        let text = json!({"operation":operation,"exchange":"e","payload":payload}).to_string();
        parse(&text).unwrap()
    };
    let firmware = request("firmware", json!({"device":device}));
    assert_eq!(firmware.payload.device(), Some(device.parse().unwrap()));
    assert_eq!(request("info", json!({})).payload.device(), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Request::parse(&bytes);
    }

    #[test]
    fn anything_near_a_request_is_read_or_refused_for_its_fields(text in nearly()) {
        if let Err(update) = parse(&text) {
            let fields = [Status::MISSING_FIELD, Status::INVALID_FIELD];
            prop_assert!(fields.contains(&update.status), "{text}: {update:?}");
            prop_assert!(!update.specifics().is_empty());
        }
    }

    #[test]
    fn what_is_written_reads_back(
        payload in payload(),
        exchange in of(any::<String>()),
        deadline_ms in 1..=120_000u32,
    ) {
        let request = Request { exchange, deadline_ms, payload };
        prop_assert_eq!(Request::parse(request.to_json().as_bytes()), Ok(request));
    }
}
