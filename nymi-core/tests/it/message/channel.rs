use nymi_core::message::Status;
use nymi_core::message::channel::{
    Authenticate, BandReplyEnvelope, BandRequestEnvelope, Configure, EndpointJoin, EndpointStatus,
    Frames, HardwareState, NeaJoin, NeaJoinReply, NfcReport, PresenceReport, TapReport, Topic,
    nea_proof_message, protocol_refused,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads a payload as published and writes the same again.
#[track_caller]
fn same<T: DeserializeOwned + Serialize>(payload: Value) -> T {
    let read: T = serde_json::from_value(payload.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), payload);
    read
}

#[test]
fn payloads_have_the_published_form() {
    let (address, at) = ("AA:BB:CC:DD:EE:FF", "2026-05-13T08:30:00.000Z");
    let id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
    let frames: Frames =
        same(json!({"frames":[{"address":address,"rssi":-51,"data":"1a2b","at":at}]}));
    assert_eq!(frames.frames[0].data.0, [0x1a, 0x2b]);
    same::<PresenceReport>(json!({"address":address,"before":"no","after":"yes",
        "authenticated":true,"worn":true,"rssi":-51,"proximity":"far","at":at}));
    same::<TapReport>(json!({"address":address,"method":"ble","rssi":-40,"at":at}));
    same::<NfcReport>(json!({"uid":"04A1B2C3","reader":"ACR122U","at":at}));
    let status: EndpointStatus = same(json!({
        "adapters":[{"id":"0","kind":"virtual","state":"failed","detail":"gone"}],
        "readers":[{"name":"ACR122U","state":"ready"}]}));
    assert!(!status.ble_ready() && status.nfc_ready());
    assert_eq!(status.adapters[0].state, HardwareState::Failed);
    let status: EndpointStatus = same(json!({
        "adapters":[{"id":"0","kind":"virtual","state":"missing"},{"id":"1","kind":"native","state":"ready"}],
        "readers":[{"name":"ACR122U","state":"failed"}]}));
    assert!(status.ble_ready() && !status.nfc_ready());
    same::<BandRequestEnvelope>(json!({"id":id,"address":address,"data":"00","last":true}));
    same::<BandReplyEnvelope>(json!({"id":id,"data":"00","last":true}));
    let failed: BandReplyEnvelope = same(json!({"id":id,"last":true,"error":3027}));
    assert_eq!(failed.error, Some(Status::BAND_CONNECTION_LOST));
    let proof: Authenticate = same(json!({"chain":["MAA=","MAE="],"signature":"00"}));
    assert_eq!(proof.chain[0].0, [0x30, 0x00]);
    same::<Configure>(json!({"tap":{"rssi_tap_threshold":-42}}));
    same::<NeaJoinReply>(json!({"nonce":"00".repeat(32)}));
}

#[test]
fn a_join_needs_only_the_instance_and_means_protocol_one() {
    let join: EndpointJoin = serde_json::from_value(json!({"instance":"x","new":1})).unwrap();
    assert_eq!((join.protocol, join.addresses.len()), (1, 0));
    for payload in [
        json!({}),
        json!({"instance":""}),
        json!({"instance":"x","protocol":"1"}),
    ] {
        assert!(serde_json::from_value::<EndpointJoin>(payload).is_err());
    }
    let join: EndpointJoin =
        serde_json::from_value(json!({"instance":"x","credential":"hunter2"})).unwrap();
    assert!(!format!("{join:?}").contains("hunter2"));
    assert_eq!(
        serde_json::from_value::<NeaJoin>(json!({})).unwrap(),
        NeaJoin::default()
    );
}

#[test]
fn a_refused_protocol_is_named_beside_the_one_that_is_spoken() {
    let reason = protocol_refused(7);
    assert!(
        reason.contains("protocol 7 ") && reason.contains("speaks 1"),
        "{reason}"
    );
}

#[test]
fn topics_name_an_endpoint_or_a_client() {
    for topic in [
        "bluebox:127.0.0.1",
        "bluebox:a:b",
        "nea:example:1",
        "nea:example:a:b",
    ] {
        assert_eq!(Topic::parse(topic).unwrap().to_string(), topic);
    }
    for topic in [
        "",
        "bluebox",
        "bluebox:",
        "nea:example",
        "nea:example:",
        "nea:no:1",
        "room:1",
    ] {
        assert_eq!(Topic::parse(topic), None, "{topic}");
    }
}

#[test]
fn the_proof_covers_nonce_and_topic() {
    let message = nea_proof_message(&[7; 32], "nea:example:1");
    assert_eq!(&message[..13], b"nymi nea auth");
    assert_eq!(&message[13..45], [7; 32]);
    assert_eq!(&message[45..], b"nea:example:1");
}

proptest! {
    #[test]
    fn any_topic_is_read_or_refused_and_reads_back(topic in "(bluebox|nea|x)?:?\\PC{0,20}") {
        if let Some(read) = Topic::parse(&topic) {
            prop_assert_eq!(read.to_string(), topic);
        }
    }
}
