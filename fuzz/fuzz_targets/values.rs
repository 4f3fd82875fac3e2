//! Single values of the messages, in any text: names, addresses, digests, times. What parses, writes
//! back to something that parses the same, and as JSON, too.
#![no_main]

use std::fmt::Debug;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use nymi_core::UnixMillis;
use nymi_core::chain::GradeRequirement;
use nymi_core::message::{
    AccountName, AgentUrl, Digest, HexBytes, NeaName, NesUrl, NfcUid, Operation, Uuid, channel,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The text form and the JSON form are one.
fn same<T>(text: &str)
where
    T: FromStr + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let json = serde_json::to_string(text).expect("a text is JSON");
    let (parsed, read) = (
        text.parse::<T>().ok(),
        serde_json::from_str::<T>(&json).ok(),
    );
    assert_eq!(parsed, read, "text and JSON are read alike");
    if let Some(value) = parsed {
        let written = serde_json::to_string(&value).expect("a value is JSON");
        assert_eq!(serde_json::from_str::<T>(&written).ok(), Some(value));
    }
}

fuzz_target!(|text: &str| {
    same::<NeaName>(text);
    same::<NfcUid>(text);
    same::<HexBytes>(text);
    same::<Digest>(text);
    same::<Uuid>(text);
    same::<NesUrl>(text);
    same::<AgentUrl>(text);
    let _ = (
        text.parse::<AccountName>(),
        text.parse::<Operation>(),
        text.parse::<GradeRequirement>(),
    );
    if let Ok(at) = text.parse::<UnixMillis>() {
        assert_eq!(at.to_string().parse(), Ok(at));
    }
    if let Some(topic) = channel::Topic::parse(text) {
        assert_eq!(topic.to_string(), text);
    }
});
