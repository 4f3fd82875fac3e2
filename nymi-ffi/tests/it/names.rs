//! What messages call things, in the header: names as constants, and the structs and enums that stand for
//! the same. Both are compared with `docs/api/description.json`, from which the other languages have theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::declarations::{Kind, Member};
use crate::header::declared;
use crate::toolchain::repository;

fn description() -> Value {
    let text = std::fs::read_to_string(repository().join("docs/api/description.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn names<'a>(values: &'a [Value], key: &str) -> Vec<&'a str> {
    let names = values.iter().map(|one| one[key].as_str().unwrap());
    names.collect()
}

/// What applications ask for; the rest is between parts of the platform.
fn operations(api: &Value) -> Vec<&Value> {
    let all = list(api, "operations").iter();
    all.filter(|it| it["over"] != "internal").collect()
}

/// Every name of a field that applications send or get.
fn fields(api: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::from(["deadline_ms".to_owned()]);
    let mut add = |fields: &[Value]| {
        found.extend(names(fields, "name").into_iter().map(str::to_owned));
    };
    for part in [list(api, "objects"), list(api, "events")].concat() {
        add(list(&part, "fields"));
    }
    for operation in operations(api) {
        add(list(operation, "request"));
        add(list(operation, "answer"));
    }
    found
}

/// `SerialNumber` as `SERIAL_NUMBER`.
fn screaming(name: &str) -> String {
    // Two well-known names that no rule splits.
    let name = name.replace("NymiBandID", "NymiBandId");
    let name = name.replace("NfcUID", "NfcUid");
    let mut made = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !made.is_empty() {
            made.push('_');
        }
        made.extend(letter.to_uppercase());
    }
    made
}

/// The constants of the header; one that two names have belongs to the field in lower case.
pub(crate) fn constants() -> String {
    let api = description();
    let mut text = String::from(
        "/*\n * The names of operations, events and fields in messages as JSON.\n */\n\n",
    );
    let operations = operations(&api);
    for name in operations.iter().map(|one| one["name"].as_str().unwrap()) {
        let _ = writeln!(
            text,
            "#define NYMI_OPERATION_{} \"{name}\"",
            screaming(name)
        );
    }
    text.push('\n');
    let mut events = names(list(&api, "events"), "name");
    events.push("error");
    for name in events {
        let _ = writeln!(text, "#define NYMI_EVENT_{} \"{name}\"", screaming(name));
    }
    text.push('\n');
    let fields = fields(&api);
    for name in &fields {
        let constant = screaming(name);
        let lower = constant.to_lowercase();
        let is_second = *name != lower && fields.contains(&lower);
        let column = if is_second { "_COLUMN" } else { "" };
        let _ = writeln!(text, "#define NYMI_FIELD_{constant}{column} \"{name}\"");
    }
    text
}

#[test]
fn each_constant_is_there_once() {
    let text = constants();
    let defined: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let once: BTreeSet<&str> = defined.iter().copied().collect();
    assert_eq!(once.len(), defined.len());
    assert!(once.contains("NYMI_OPERATION_ASSERT_IDENTITY"));
    assert!(once.contains("NYMI_EVENT_TAP") && once.contains("NYMI_EVENT_ERROR"));
    assert!(once.contains("NYMI_FIELD_NYMI_BAND_ID") && once.contains("NYMI_FIELD_NFC_UID"));
    assert!(once.contains("NYMI_FIELD_FIRMWARE_VERSION"));
    assert!(once.contains("NYMI_FIELD_FIRMWARE_VERSION_COLUMN"));
}

fn members(name: &str) -> Vec<Member> {
    let item = declared().into_iter().find(|it| it.name == name);
    match item.map(|it| it.kind) {
        Some(Kind::Struct(members) | Kind::Enum(members)) => members,
        _ => panic!("the header has no {name}"),
    }
}

/// The enumerators without the name of the enum, in lower case.
fn enumerators(name: &str) -> Vec<String> {
    let prefix = format!("{}_", screaming(name));
    let names = members(name).into_iter().map(|one| one.name);
    names
        .map(|one| one.strip_prefix(&prefix).unwrap().to_lowercase())
        .collect()
}

#[test]
fn enums_have_the_values_of_messages() {
    let api = description();
    for (enum_of_c, enum_of_messages) in [
        ("NymiNotification", "Notification"),
        ("NymiKeyAction", "KeyAction"),
    ] {
        let mut enums = list(&api, "enums").iter();
        let described = enums.find(|it| it["name"] == enum_of_messages).unwrap();
        let mut described = names(list(described, "values"), "value");
        let mut found = enumerators(enum_of_c);
        described.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, described, "{enum_of_c}");
    }
    let kinds: BTreeSet<String> = enumerators("NymiEventKind").into_iter().collect();
    let mut events: BTreeSet<String> = ["other".to_owned(), "error".to_owned()].into();
    events.extend(
        names(list(&api, "events"), "name")
            .into_iter()
            .map(str::to_owned),
    );
    assert_eq!(kinds, events);
}

/// Fields that a struct calls otherwise.
fn in_c(field: &str) -> &str {
    match field {
        "NymiBandID" => "band",
        "NfcUID" => "nfc_uid",
        "Username" => "username",
        "Domain" => "domain",
        "rssi" => "rssi_dbm",
        other => other,
    }
}

#[test]
fn structs_have_the_fields_of_messages() {
    let api = description();
    let mut wanted = BTreeMap::new();
    for event in list(&api, "events") {
        wanted.insert(event["name"].as_str().unwrap(), list(event, "fields"));
    }
    for operation in operations(&api) {
        let name = operation["name"].as_str().unwrap();
        wanted.insert(name, list(operation, "answer"));
    }
    for (part, name) in [
        ("tap", "NymiTap"),
        ("presence", "NymiPresence"),
        ("endpoint", "NymiEndpointChange"),
        ("assert_identity", "NymiAssertion"),
        ("subscribe_endpoint", "NymiEndpoint"),
        ("user_status", "NymiUserStatus"),
        ("sign", "NymiSignature"),
        ("symmetric_key", "NymiKey"),
        ("totp", "NymiTotp"),
        ("firmware", "NymiFirmware"),
    ] {
        let members: BTreeSet<String> = members(name).into_iter().map(|it| it.name).collect();
        for field in names(wanted[part], "name") {
            let field = if (part, field) == ("endpoint", "event") {
                "change"
            } else {
                in_c(field)
            };
            assert!(
                members.contains(field),
                "{name} has no {field}: {members:?}"
            );
        }
    }
}
