//! The JSON form: an object by column name, flags as booleans, without legacy columns. No
//! column may stand there twice.

use alloc::format;
use alloc::string::ToString;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    COLUMNS, GroupPolicy, GroupPolicyValues, INDIVIDUAL_COLUMNS, IndividualPolicy,
    IndividualPolicyValues, PolicyError, Rule, Value, column, individual_column,
};
use crate::json::Object;

impl Serialize for GroupPolicyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in COLUMNS.iter().filter(|column| column.rule != Rule::Legacy) {
            entry(&mut map, column.name, column.rule, (column.get)(self))?;
        }
        map.end()
    }
}

fn entry<M: SerializeMap>(
    map: &mut M,
    name: &str,
    rule: Rule,
    value: Value,
) -> Result<(), M::Error> {
    match (value, rule) {
        (Value::Integer(flag), Rule::Flag) => map.serialize_entry(name, &(flag == 1)),
        (Value::Integer(number), _) => map.serialize_entry(name, &number),
        (Value::Text(text), _) => map.serialize_entry(name, &text),
        (Value::Null, _) => map.serialize_entry(name, &()),
    }
}

impl<'de> Deserialize<'de> for GroupPolicyValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Object::deserialize(deserializer)?.into_map();
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
    values.set(name, &stored(column.name, column.rule, value)?)
}

/// The database form of a JSON value.
fn stored(
    column: &'static str,
    rule: Rule,
    value: &serde_json::Value,
) -> Result<Value, PolicyError> {
    match (value, rule) {
        (serde_json::Value::Null, _) => Some(Value::Null),
        (serde_json::Value::Bool(flag), Rule::Flag) => Some(Value::Integer(i64::from(*flag))),
        (serde_json::Value::Number(number), _) => number.as_i64().map(Value::Integer),
        (serde_json::Value::String(text), _) => Some(Value::Text(text.clone())),
        _ => None,
    }
    .ok_or_else(|| PolicyError::Value {
        column,
        found: format!("{value}"),
        rule,
    })
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

impl Serialize for IndividualPolicyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in INDIVIDUAL_COLUMNS {
            entry(&mut map, column.name, column.rule(), (column.get)(self))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for IndividualPolicyValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Object::deserialize(deserializer)?.into_map();
        let mut values = Self::default();
        for (name, value) in &map {
            read_individual(&mut values, name, value).map_err(serde::de::Error::custom)?;
        }
        Ok(values)
    }
}

fn read_individual(
    values: &mut IndividualPolicyValues,
    name: &str,
    value: &serde_json::Value,
) -> Result<(), PolicyError> {
    let column = individual_column(name)
        .ok_or_else(|| PolicyError::UnknownIndividualColumn(name.to_string()))?;
    values.set(name, &stored(column.name, column.rule(), value)?)
}

impl Serialize for IndividualPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for IndividualPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IndividualPolicyValues::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}
