//! The JSON form: an object by column name, flags as booleans, without legacy columns.

use alloc::format;
use alloc::string::{String, ToString};

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{COLUMNS, GroupPolicy, GroupPolicyValues, PolicyError, Rule, Value, column};

impl Serialize for GroupPolicyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in COLUMNS.iter().filter(|column| column.rule != Rule::Legacy) {
            match ((column.get)(self), column.rule) {
                (Value::Integer(flag), Rule::Flag) => {
                    map.serialize_entry(column.name, &(flag == 1))
                }
                (Value::Integer(number), _) => map.serialize_entry(column.name, &number),
                (Value::Text(text), _) => map.serialize_entry(column.name, &text),
                (Value::Null, _) => map.serialize_entry(column.name, &()),
            }?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for GroupPolicyValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let mut values = Self::default();
        for (name, value) in &map {
            read(&mut values, name, value).map_err(serde::de::Error::custom)?;
        }
        Ok(values)
    }
}

fn read(
    values: &mut GroupPolicyValues,
    name: &str,
    value: &serde_json::Value,
) -> Result<(), PolicyError> {
    let column = column(name).ok_or_else(|| PolicyError::UnknownColumn(name.to_string()))?;
    let value = match (value, column.rule) {
        (serde_json::Value::Null, _) => Some(Value::Null),
        (serde_json::Value::Bool(flag), Rule::Flag) => Some(Value::Integer(i64::from(*flag))),
        (serde_json::Value::Number(number), _) => number.as_i64().map(Value::Integer),
        (serde_json::Value::String(text), _) => Some(Value::Text(text.clone())),
        _ => None,
    }
    .ok_or_else(|| PolicyError::Value {
        column: column.name,
        found: format!("{value}"),
        rule: column.rule,
    })?;
    values.set(name, &value)
}

impl Serialize for GroupPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GroupPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        GroupPolicyValues::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}
