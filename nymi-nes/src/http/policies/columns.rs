//! A policy's columns as JSON, and what a body changes of them.

use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Refusal;

pub(super) type Object = Map<String, Value>;

/// The columns of a policy as JSON.
pub(super) fn columns(policy: &impl Serialize) -> Result<Object, Refusal> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(columns)) => Ok(columns),
        _ => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the policy could not be written as JSON",
        )),
    }
}

/// The values that stand in `fixed` cannot be changed by a body.
pub(super) fn without_fixed(
    mut changes: Object,
    fixed: &[(&str, Value)],
) -> Result<Object, Refusal> {
    for (name, value) in fixed {
        let found = changes
            .keys()
            .find(|key| key.eq_ignore_ascii_case(name))
            .cloned();
        if let Some(found) = found
            && changes.remove(&found).is_some_and(|given| given != *value)
        {
            return Err(Refusal::invalid(format!("{name} cannot be changed here")));
        }
    }
    Ok(changes)
}

/// A policy's values with some of them changed; the others stay as they are.
pub(super) fn changed<V: Serialize + DeserializeOwned>(
    old: &V,
    changes: &Object,
) -> Result<V, Refusal> {
    let mut columns = columns(old)?;
    for (name, value) in changes {
        // SQL names have no case.
        let known = columns
            .keys()
            .find(|known| known.eq_ignore_ascii_case(name));
        columns.insert(known.unwrap_or(name).clone(), value.clone());
    }
    serde_json::from_value(Value::Object(columns))
        .map_err(|error| Refusal::invalid(error.to_string()))
}

/// The ID of the policy that a new one is a copy of.
pub(super) fn copy_of(given: &mut Object) -> Result<Option<i64>, Refusal> {
    given
        .remove("CopyOf")
        .map(|id| {
            id.as_i64()
                .ok_or_else(|| Refusal::invalid("CopyOf must be the ID of a policy"))
        })
        .transpose()
}
