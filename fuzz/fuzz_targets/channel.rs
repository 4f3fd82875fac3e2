//! What endpoints, clients and the agent push to each other, as JSON of any bytes: what is read,
//! written again, reads as the same.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use nymi_core::message::channel::{
    Authenticate, BandReplyEnvelope, BandRequestEnvelope, Configure, EndpointJoin, EndpointStatus,
    Frames, NeaJoin, NeaJoinReply, NfcReport, PresenceReport, TapReport,
};
use nymi_core::presence::Frame;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &[u8]) -> Option<T> {
    let value = serde_json::from_slice::<T>(json).ok()?;
    let text = serde_json::to_string(&value).expect("our own value is JSON");
    assert_eq!(serde_json::from_str::<T>(&text).ok().as_ref(), Some(&value));
    Some(value)
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(join) = round_trip::<EndpointJoin>(bytes) {
        assert!(!join.instance.is_empty());
    }
    for report in round_trip::<Frames>(bytes).unwrap_or_default().frames {
        let _ = Frame::parse(&report.data.0);
    }
    if let Some(status) = round_trip::<EndpointStatus>(bytes) {
        assert!(!status.ble_ready() || !status.adapters.is_empty());
        assert!(!status.nfc_ready() || !status.readers.is_empty());
    }
    let _ = (
        round_trip::<NeaJoin>(bytes),
        round_trip::<NeaJoinReply>(bytes),
    );
    let _ = (
        round_trip::<PresenceReport>(bytes),
        round_trip::<TapReport>(bytes),
    );
    let _ = (
        round_trip::<NfcReport>(bytes),
        round_trip::<Configure>(bytes),
    );
    let _ = (
        round_trip::<BandRequestEnvelope>(bytes),
        round_trip::<BandReplyEnvelope>(bytes),
    );
    let _ = round_trip::<Authenticate>(bytes);
});
