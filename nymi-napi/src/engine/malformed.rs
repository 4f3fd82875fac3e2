//! What of an agent's update is not as an update has to be, in words for who waits for it.
//!
//! The words name the update and its parts, never their values: an answer may hold keys.

use nymi_core::message::{Operation, Status};
use serde_json::Value;

/// The longest name of an operation that is repeated.
const MAX_NAME: usize = 64;

/// What the agent sent that could not be read as an update.
pub(super) fn describe(update: &Value) -> String {
    let wrong = match update.as_object() {
        None => "it is no object",
        Some(fields) => {
            let is = |name: &str, fits: fn(&Value) -> bool| fields.get(name).is_none_or(fits);
            if !fields.get("operation").is_some_and(Value::is_string) {
                "operation is no text"
            } else if !is("exchange", |it| it.is_string() || it.is_null()) {
                "exchange is neither a text nor null"
            } else if !fields.get("status").is_some_and(is_status) {
                "status is no number of a status"
            } else if !is("payload", Value::is_object) {
                "payload is no object"
            } else if !is("error", |it| it.is_object() || it.is_null()) {
                "error is no object"
            } else {
                "error has other fields than it may have"
            }
        }
    };
    sentence(update.get("operation").and_then(Value::as_str), wrong)
}

/// What the agent sent as an event of a terminal without saying which.
pub(super) fn without_endpoint(operation: &str) -> String {
    sentence(Some(operation), "endpoint_id is missing or no text")
}

/// What the agent answered to a request for another operation.
pub(super) fn another_operation(operation: &str, asked: Operation) -> String {
    sentence(
        Some(operation),
        &format!("it answers a request for {asked}"),
    )
}

/// Whether an agent may send this status: smaller ones than those of the platform are results of the C
/// interface, which programs act on.
pub(super) const fn may_send(status: Status) -> bool {
    is_of_the_platform(status.code())
}

const fn is_of_the_platform(code: u32) -> bool {
    code == 0 || code >= 1000
}

fn is_status(value: &Value) -> bool {
    let code = value.as_u64().and_then(|it| u32::try_from(it).ok());
    code.is_some_and(is_of_the_platform)
}

fn sentence(operation: Option<&str>, wrong: &str) -> String {
    match operation.filter(|name| name.len() <= MAX_NAME) {
        Some(name) => format!("the agent sent an update {name:?} that cannot be read: {wrong}"),
        None => format!("the agent sent an update that cannot be read: {wrong}"),
    }
}

#[cfg(test)]
mod tests {
    use nymi_core::message::Update;
    use serde::Deserialize as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_fault_is_named_and_no_value() {
        let whole =
            json!({"operation": "info", "exchange": "1", "status": 0, "payload": {}, "error": {}});
        Update::deserialize(&whole).unwrap();
        for (field, wrong, said) in [
            ("operation", json!(["hunter2"]), "operation is no text"),
            ("exchange", json!({"hunter2": 1}), "exchange is neither"),
            ("status", json!("hunter2"), "status is no number"),
            ("status", json!(-1), "status is no number"),
            ("status", json!(5), "status is no number"),
            ("status", json!(999), "status is no number"),
            ("payload", json!("hunter2"), "payload is no object"),
            ("error", json!("hunter2"), "error is no object"),
            ("error", json!({"nsl": "hunter2"}), "error has other fields"),
        ] {
            let mut update = whole.clone();
            update[field] = wrong;
            let read = Update::deserialize(&update);
            assert!(read.is_err() || read.is_ok_and(|update| !may_send(update.status)));
            let told = describe(&update);
            assert!(told.contains(said), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
            assert_eq!(told.contains("update \"info\""), field != "operation");
        }
        for other in [json!(null), json!("hunter2"), json!(["hunter2"])] {
            assert_eq!(
                describe(&other),
                "the agent sent an update that cannot be read: it is no object"
            );
        }
        let long = json!({"operation": "x".repeat(100), "status": "0"});
        assert!(!describe(&long).contains('x'));
    }
}
