//! Reading a compact JWS strictly: one text form per meaning, nothing that is not expected.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::{AssertionError, Part};
use super::{Kind, MAX_TOKEN};

/// A token taken apart; nothing in it is verified.
pub(super) struct Token<'a> {
    /// What the signature covers: header and claims as they were written.
    pub(super) signed: &'a str,
    pub(super) signature: Vec<u8>,
    pub(super) leaf: Vec<u8>,
    pub(super) l2: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn parse(token: &'a str, kind: Kind) -> Result<Self, AssertionError> {
        if token.len() > MAX_TOKEN {
            return Err(AssertionError::TooLarge { found: token.len() });
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(AssertionError::Parts { found: parts.len() });
        };
        let [leaf, l2] = certificates(&decode(header, Part::Header)?, kind)?;
        let claims = decode(claims, Part::Claims)?;
        object(&claims, Part::Claims)?;
        Ok(Self {
            signed: &token[..token.len() - signature.len() - 1],
            signature: decode(signature, Part::Signature)?,
            leaf,
            l2,
            claims,
        })
    }

    /// Reads the claims, or some of them: others are ignored (RFC 7519, 4).
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, AssertionError> {
        serde_json::from_slice(&self.claims).map_err(|error| json(Part::Claims, &error))
    }
}

/// Base64url without padding; unused bits must be zero (RFC 7515, 2; RFC 4648, 3.5).
fn decode(text: &str, part: Part) -> Result<Vec<u8>, AssertionError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| AssertionError::Base64 { part })
}

fn json(part: Part, error: &serde_json::Error) -> AssertionError {
    AssertionError::Json {
        part,
        detail: error.to_string(),
    }
}

/// Whether the bytes are one JSON object in which no object, however deep, has a key twice.
fn object(bytes: &[u8], part: Part) -> Result<(), AssertionError> {
    serde_json::from_slice::<UniqueObject>(bytes)
        .map_err(|error| json(part, &error))
        .map(|_| ())
}

/// The header has exactly `alg`, `typ` and `x5c`. Anything else that names a key, such as `jwk` or
/// `jku`, or changes the rules, such as `crit`, is refused by not being one of the three.
fn certificates(header: &[u8], kind: Kind) -> Result<[Vec<u8>; 2], AssertionError> {
    object(header, Part::Header)?;
    let members: serde_json::Map<String, Value> =
        serde_json::from_slice(header).map_err(|error| json(Part::Header, &error))?;
    if let Some(name) = members
        .keys()
        .find(|name| !["alg", "typ", "x5c"].contains(&name.as_str()))
    {
        return Err(AssertionError::HeaderMember { name: name.clone() });
    }
    let text = |name| match members.get(name) {
        Some(Value::String(text)) => Ok(text.as_str()),
        _ => Err(AssertionError::HeaderMissing { name }),
    };
    let (alg, typ) = (text("alg")?, text("typ")?);
    if alg != "ES256" {
        return Err(AssertionError::Algorithm { found: alg.into() });
    }
    if typ != kind.typ() {
        return Err(AssertionError::Type {
            found: typ.into(),
            expected: kind.typ(),
        });
    }
    let Some(Value::Array(x5c)) = members.get("x5c") else {
        return Err(AssertionError::HeaderMissing { name: "x5c" });
    };
    let [leaf, l2] = x5c.as_slice() else {
        return Err(AssertionError::X5cCount { found: x5c.len() });
    };
    Ok([certificate(leaf, 0)?, certificate(l2, 1)?])
}

/// RFC 7515, 4.1.6: standard base64 with padding, not base64url.
fn certificate(value: &Value, index: usize) -> Result<Vec<u8>, AssertionError> {
    value
        .as_str()
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
        .ok_or(AssertionError::X5cBase64 { index })
}

/// A JSON object without duplicate keys; its content is dropped.
struct UniqueObject;

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique).map(|()| Self)
    }
}

/// Any JSON value without duplicate keys; its content is dropped.
struct UniqueValue;

impl<'de> Deserialize<'de> for UniqueValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique).map(|()| Self)
    }
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(serde::de::Error::custom(format_args!(
                    "{key:?} is there twice"
                )));
            }
            seen.insert(key);
            map.next_value::<UniqueValue>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element::<UniqueValue>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
