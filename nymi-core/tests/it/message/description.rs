//! `data/api.toml` is what the code reads and writes; with the status table and the numbers of the C
//! header it becomes `docs/api/description.json`, from which the clients' tables are generated.

use std::path::PathBuf;

use nymi_core::message::channel::HardwareState;
use nymi_core::message::{
    AssertIdentityAnswer, BandExchangeAnswer, BandSessionAnswer, DEFAULT_DEADLINE_MS,
    EndpointChange, EndpointEvent, EventPayload, FirmwareAnswer, InfoAnswer, InitAnswer, KeyAction,
    ListEndpointsAnswer, LookupColumn, MAX_DEADLINE_MS, MAX_MESSAGE, Notification, Operation,
    PresenceEvent, RandomAnswer, Request, SignAnswer, Status, SubscribeEndpointAnswer,
    SymmetricKeyAnswer, TapEvent, TapMethod, TotpAnswer, UserStatusAnswer,
};
use nymi_core::tap::{Presence, Proximity};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::arbitrary;

fn in_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}

fn api() -> Value {
    toml::from_str(include_str!("../../../data/api.toml")).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn named<'a>(among: &'a [Value], name: &str) -> Option<&'a Value> {
    among.iter().find(|one| text(one, "name") == name)
}

fn operation(api: &Value, name: &str) -> Value {
    named(list(api, "operation"), name).unwrap().clone()
}

/// A value of a field: every field of an object, the first value of an enum.
fn sample(api: &Value, field: &Value) -> Value {
    let name = text(field, "type");
    let one = if let Some(plain) = named(list(api, "type"), name) {
        plain["sample"].clone()
    } else if let Some(choice) = named(list(api, "enum"), name) {
        choice["values"][0]["value"].clone()
    } else if let Some(object) = named(list(api, "object"), name) {
        full(api, list(object, "fields"))
    } else {
        let event = name.strip_suffix("Event").map(str::to_lowercase);
        let event = event.and_then(|event| named(list(api, "event"), &event));
        full(api, list(event.expect(name), "fields"))
    };
    if field["list"] == true {
        json!([one])
    } else {
        one
    }
}

fn full(api: &Value, fields: &[Value]) -> Value {
    let entry = |field: &Value| (text(field, "name").to_owned(), sample(api, field));
    Value::Object(fields.iter().map(entry).collect())
}

/// The fields of a C enum of the header, each with its number.
fn c_enums(header: &str) -> Vec<Value> {
    let mut enums = Vec::new();
    for (at, _) in header.match_indices("\nenum ") {
        let (name, rest) = header[at + 6..].split_once(" {").unwrap();
        let (body, _) = rest.split_once("};").unwrap();
        let mut doc = String::new();
        let mut values = Vec::new();
        for line in body.lines().map(str::trim) {
            if let Some((variant, number)) = line.split_once(" = ") {
                let number: u32 = number.trim_end_matches(',').parse().unwrap();
                values.push(json!({"name": variant, "value": number, "doc": doc.trim()}));
                doc.clear();
            } else if let Some(words) = line.strip_prefix("* ") {
                doc.push_str(words);
                doc.push(' ');
            }
        }
        // The statuses have their own table.
        if name != "NymiStatus" {
            enums.push(json!({"name": name, "values": values}));
        }
    }
    enums
}

fn description() -> Value {
    let mut api = api();
    let header = std::fs::read_to_string(in_repository("include/nymi_api.h")).unwrap();
    let (_, version) = header.split_once("#define NYMI_ABI_VERSION ").unwrap();
    let abi_version: u32 = version.lines().next().unwrap().trim().parse().unwrap();
    let statuses: Vec<_> = Status::ALL
        .iter()
        .map(|status| {
            json!({
                "code": status.code(), "name": status.name(), "description": status.description(),
                "cause": status.cause(), "remedy": status.remedy(),
            })
        })
        .collect();
    let mut take = |key: &str| api[key].take();
    json!({
        "statuses": statuses,
        "limits": {
            "message_bytes": MAX_MESSAGE,
            "default_deadline_ms": DEFAULT_DEADLINE_MS,
            "max_deadline_ms": MAX_DEADLINE_MS,
        },
        "types": take("type"),
        "enums": take("enum"),
        "objects": take("object"),
        "events": take("event"),
        "operations": take("operation"),
        "c": {"abi_version": abi_version, "enums": c_enums(&header)},
    })
}

#[test]
fn the_description_is_generated_from_the_tables() {
    let path = in_repository("docs/api/description.json");
    let text = serde_json::to_string_pretty(&description()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/api/description.json differs from the tables; run with UPDATE_GENERATED=1, then clients/generate"
    );
}

#[test]
fn every_operation_is_described_and_nothing_else() {
    let api = api();
    let described: Vec<_> = list(&api, "operation")
        .iter()
        .map(|operation| text(operation, "name"))
        .collect();
    let known: Vec<_> = Operation::ALL.iter().map(|known| known.name()).collect();
    assert_eq!(described, known);
    for known in Operation::ALL {
        let over = operation(&api, known.name())["over"].clone();
        assert_eq!(over == "native", known.is_guarded(), "{known}");
    }
}

fn parse(operation: &str, payload: &Value) -> Result<Value, (Status, String)> {
    let request = json!({"operation": operation, "exchange": "1", "payload": payload});
    match Request::from_value(&request) {
        Ok(request) => Ok(request.to_value()["payload"].clone()),
        Err(refusal) => Err((refusal.status, refusal.specifics().to_owned())),
    }
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[test]
fn requests_take_the_described_fields() {
    let api = api();
    for operation in list(&api, "operation") {
        let (name, fields) = (text(operation, "name"), list(operation, "request"));
        let payload = full(&api, fields);
        let taken = parse(name, &payload).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(keys(&taken), keys(&payload), "{name}");

        let needed: Vec<_> = fields
            .iter()
            .filter(|field| field["optional"] != true)
            .cloned()
            .collect();
        let least = full(&api, &needed);
        assert!(parse(name, &least).is_ok(), "{name}: {least}");
        for field in &needed {
            let field = text(field, "name");
            let mut without = least.clone();
            without.as_object_mut().unwrap().remove(field);
            let (status, specifics) = parse(name, &without).unwrap_err();
            assert_eq!(status, Status::MISSING_FIELD, "{name} without {field}");
            assert!(specifics.contains(field), "{specifics}");
        }
        for field in fields {
            let field = text(field, "name");
            let mut wrong = payload.clone();
            wrong[field] = json!([[]]);
            let (status, specifics) = parse(name, &wrong).unwrap_err();
            assert_eq!(status, Status::INVALID_FIELD, "{name} with a wrong {field}");
            assert!(specifics.contains(field), "{specifics}");
        }
    }
}

proptest! {
    #[test]
    fn no_request_has_a_field_that_is_not_described(payload in arbitrary::payload()) {
        let api = api();
        let operation = operation(&api, payload.operation().name());
        let request = Request::new("1", payload).to_value();
        if let Some(payload) = request["payload"].as_object() {
            for name in payload.keys() {
                let described = named(list(&operation, "request"), name);
                prop_assert!(described.is_some(), "{}.{name}", operation["name"]);
            }
        }
    }
}

/// The described fields are read as `T`, and written again they are the same.
fn same<T: Serialize + DeserializeOwned>(name: &str, sample: Value) {
    let read: T = serde_json::from_value(sample.clone()).unwrap_or_else(|error| {
        panic!("{name}: {error}: {sample}");
    });
    assert_eq!(serde_json::to_value(&read).unwrap(), sample, "{name}");
}

#[test]
fn answers_and_events_have_the_described_fields() {
    let api = api();
    let answer = |name: &str| full(&api, list(&operation(&api, name), "answer"));
    same::<InitAnswer>("init", answer("init"));
    same::<InfoAnswer>("info", answer("info"));
    same::<ListEndpointsAnswer>("list_endpoints", answer("list_endpoints"));
    for name in ["subscribe_endpoint", "unsubscribe_endpoint"] {
        same::<SubscribeEndpointAnswer>(name, answer(name));
    }
    same::<AssertIdentityAnswer>("assert_identity", answer("assert_identity"));
    same::<UserStatusAnswer>("user_status", answer("user_status"));
    same::<RandomAnswer>("random", answer("random"));
    same::<SignAnswer>("sign", answer("sign"));
    same::<SymmetricKeyAnswer>("symmetric_key", answer("symmetric_key"));
    same::<TotpAnswer>("totp", answer("totp"));
    same::<FirmwareAnswer>("firmware", answer("firmware"));
    same::<BandExchangeAnswer>("band_exchange", answer("band_exchange"));
    same::<BandSessionAnswer>("band_session", answer("band_session"));
    for name in ["notify", "cancel"] {
        assert_eq!(answer(name), Value::Object(Map::new()), "{name}");
    }

    let event = |name: &str| {
        full(
            &api,
            list(named(list(&api, "event"), name).unwrap(), "fields"),
        )
    };
    same::<TapEvent>("tap", event(TapEvent::OPERATION));
    same::<PresenceEvent>("presence", event(PresenceEvent::OPERATION));
    same::<EndpointEvent>("endpoint", event(EndpointEvent::OPERATION));
    assert_eq!(list(&api, "event").len(), 3);
}

#[test]
fn lookup_answers_the_described_columns() {
    let api = api();
    let row = named(list(&api, "object"), "LookupRow").unwrap();
    let columns: Vec<_> = LookupColumn::ALL.iter().map(|one| one.name()).collect();
    let fields: Vec<_> = list(row, "fields")
        .iter()
        .map(|field| text(field, "name"))
        .collect();
    assert_eq!(fields, columns);
    let query = named(list(&api, "object"), "LookupQuery").unwrap();
    for column in LookupColumn::ALL {
        let described = named(list(query, "fields"), column.name()).is_some();
        assert_eq!(described, column.is_searchable(), "{column:?}");
    }
}

/// The words of an enum, as its refusal of another word names them.
fn variants<T: DeserializeOwned>() -> Vec<String> {
    let Err(refusal) = serde_json::from_value::<T>(json!("another")) else {
        panic!("an enum that takes any word");
    };
    let refusal = refusal.to_string();
    let (_, expected) = refusal.split_once("expected").unwrap();
    let words = expected.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[test]
fn enums_have_the_described_values() {
    let api = api();
    let described = |name: &str| -> Vec<String> {
        let choice = named(list(&api, "enum"), name).expect(name);
        list(choice, "values")
            .iter()
            .map(|value| text(value, "value").to_owned())
            .collect()
    };
    for (name, found) in [
        ("Notification", variants::<Notification>()),
        ("KeyAction", variants::<KeyAction>()),
        ("PresenceState", variants::<Presence>()),
        ("Proximity", variants::<Proximity>()),
        ("TapMethod", variants::<TapMethod>()),
        ("EndpointChange", variants::<EndpointChange>()),
        ("HardwareState", variants::<HardwareState>()),
        ("LookupColumn", variants::<LookupColumn>()),
    ] {
        assert_eq!(described(name), found, "{name}");
    }
    for grade in described("Grade") {
        let payload = json!({"nea_name": "records", "grade": grade});
        assert!(parse("init", &payload).is_ok(), "{grade}");
    }
}
