//! Objects that callers send: of two keys that are the same, a reader would take one and a person the
//! other.

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::message::Map;

/// A JSON object in which each key stands once, whatever its case: keys name columns, and SQL's names
/// have no case. It reads a text; in a [`serde_json::Value`] the second of two keys is gone already.
///
/// ```
/// use nymi_core::json::Object;
///
/// let mut object: Object = serde_json::from_str(r#"{"copyof": 1, "Name": "Night"}"#)?;
/// assert_eq!(object.take("CopyOf"), Some(1.into()));
/// assert_eq!(object.into_map().len(), 1);
/// let twice = serde_json::from_str::<Object>(r#"{"Description": "A", "description": "B"}"#);
/// assert!(twice.unwrap_err().to_string().starts_with(r#"the key "description" is there twice"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Map);

impl Object {
    /// The value of a key in any case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(self.key(name)?)
    }

    /// Removes a key in any case, and gives its value.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let key = String::from(self.key(name)?);
        self.0.remove(&key)
    }

    /// The keys and values.
    pub fn into_map(self) -> Map {
        self.0
    }

    fn key(&self, name: &str) -> Option<&str> {
        let mut keys = self.0.keys().map(String::as_str);
        keys.find(|key| key.eq_ignore_ascii_case(name))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let (mut object, mut seen) = (Map::new(), BTreeSet::new());
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.to_ascii_lowercase()) {
                let shown: String = key.chars().take(40).collect();
                let error = format_args!("the key {shown:?} is there twice");
                return Err(A::Error::custom(error));
            }
            object.insert(key, map.next_value()?);
        }
        Ok(Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_key_stands_once_in_any_case() {
        for (text, key) in [
            (r#"{"A": true, "A": false}"#, "A"),
            (r#"{"ab": 1, "b": 2, "AB": 1}"#, "AB"),
            (r#"{"\u0041": 1, "a": 1}"#, "a"),
        ] {
            let error = serde_json::from_str::<Object>(text).unwrap_err();
            let expected = format!("the key {key:?} is there twice at");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        assert!(serde_json::from_str::<Object>("[1]").is_err());
    }

    #[test]
    fn a_key_is_found_in_any_case() {
        let mut object: Object = serde_json::from_str(r#"{"isactive": true, "x": 1}"#).unwrap();
        assert_eq!(object.get("IsActive"), Some(&Value::Bool(true)));
        assert_eq!(object.take("ISACTIVE"), Some(Value::Bool(true)));
        assert_eq!(object.take("IsActive"), None);
        assert_eq!(object.get("ID"), None);
        assert_eq!(object.into_map().len(), 1);
    }
}
