use nymi_core::message::{
    AssertIdentityAnswer, EndpointChange, EndpointEvent, Event, MAX_MESSAGE, Map, PresenceEvent,
    Request, Status, TapEvent, TapMethod, Update, UpdateParseError, Uuid,
};
use nymi_core::tap::{Presence, Proximity};
use nymi_core::{BandId, UnixMillis};
use proptest::option::of;
use proptest::prelude::*;

const BAND: BandId = BandId::new([0xDD, 0x34, 0xA2, 0x0F, 0x0B, 0x0D]);

/// The samples that the troubleshooting guide prints, with their printing errors put right.
#[test]
fn the_published_samples_are_written_to_the_byte() {
    let init =
        Request::parse(br#"{"operation":"init","exchange":"0","payload":{"nea_name":"example"}}"#)
            .unwrap();
    let specifics = "NEA certificate chain is missing or invalid.";
    for (update, text) in [
        (
            init.reply_to().failed(Status::CERTIFICATES, specifics),
            r#"{"operation":"init","exchange":"0","status":8000,"payload":{},"error":{"error_description":"NEA missing certificates.","error_specifics":"NEA certificate chain is missing or invalid."}}"#,
        ),
        (
            Update::error(Status::ENDPOINT_MISSING, ""),
            r#"{"operation":"error","exchange":null,"status":5100,"payload":{},"error":{"error_description":"Nymi Bluetooth Endpoint is missing.","error_specifics":""}}"#,
        ),
        (
            Update::error(Status::AGENT_MISSING, ""),
            r#"{"operation":"error","exchange":null,"status":4000,"payload":{},"error":{"error_description":"Nymi Agent missing.","error_specifics":""}}"#,
        ),
        (
            init.reply_to().ok(&Map::new()),
            r#"{"operation":"init","exchange":"0","status":0,"payload":{},"error":{}}"#,
        ),
        (
            init.reply_to()
                .failed(Status::CERTIFICATES, "x")
                .with_nsl(14),
            r#"{"operation":"init","exchange":"0","status":8000,"payload":{},"error":{"error_description":"NEA missing certificates.","error_specifics":"x","nsl":14}}"#,
        ),
    ] {
        assert_eq!(update.to_json(), text);
        assert_eq!(Update::parse(text.as_bytes()), Ok(update));
    }
}

#[test]
fn events_have_the_published_fields() {
    let presence = PresenceEvent {
        endpoint_id: "127.0.0.1".to_owned(),
        band: BAND,
        before: Presence::No,
        after: Presence::Yes,
        authenticated: true,
        worn: true,
        rssi: Some(-51),
        proximity: Some(Proximity::Close),
    };
    let tap = TapEvent {
        endpoint_id: "127.0.0.1".to_owned(),
        band: BAND,
        nfc_uid: Some("04A1B2C3".parse().unwrap()),
        method: TapMethod::Nfc,
        intent_id: Uuid::from_random([7; 16]),
        at: UnixMillis(0),
    };
    let endpoint = EndpointEvent {
        endpoint_id: "e".to_owned(),
        event: EndpointChange::BleReady,
    };
    for (update, payload, event) in [
        (
            Update::event(&presence),
            r#"{"NymiBandID":"DD:34:A2:0F:0B:0D","after":"yes","authenticated":true,"before":"no","endpoint_id":"127.0.0.1","proximity":"close","rssi":-51,"worn":true}"#,
            Event::Presence(presence),
        ),
        (
            Update::event(&tap),
            r#"{"NfcUID":"04A1B2C3","NymiBandID":"DD:34:A2:0F:0B:0D","at":"1970-01-01T00:00:00.000Z","endpoint_id":"127.0.0.1","intent_id":"07070707-0707-4707-8707-070707070707","method":"nfc"}"#,
            Event::Tap(tap),
        ),
        (
            Update::event(&endpoint),
            r#"{"endpoint_id":"e","event":"ble_ready"}"#,
            Event::Endpoint(endpoint),
        ),
    ] {
        assert_eq!((update.status, &update.exchange), (Status::SUCCESS, &None));
        let expected: serde_json::Value = serde_json::from_str(payload).unwrap();
        assert_eq!(serde_json::Value::Object(update.payload.clone()), expected);
        let read = Update::parse(update.to_json().as_bytes()).unwrap();
        assert_eq!(Event::from_update(&read), Some(event));
    }
    let error = Update::error(Status::AGENT_MISSING, "ws://127.0.0.1:9120");
    assert!(matches!(
        Event::from_update(&error),
        Some(Event::Error(Status::AGENT_MISSING, _))
    ));
    let answer = Update::ok("tap", Some("1".to_owned()), Map::new());
    assert_eq!(Event::from_update(&answer), None);
}

#[test]
fn a_typed_answer_reads_back_and_progress_is_not_the_last() {
    let text = br#"{"operation":"assert_identity","exchange":"9","payload":{"assert_type":"assert_user","device":"DD:34:A2:0F:0B:0D"}}"#;
    let reply_to = Request::parse(text).unwrap().reply_to();
    let answer = AssertIdentityAnswer {
        username: "bob".to_owned(),
        domain: "CORP".to_owned(),
        band: BAND,
        method: "ble".to_owned(),
        verified_at: UnixMillis(5),
        assertion: "a.b.c".to_owned(),
    };
    let update = reply_to.ok(&answer);
    assert_eq!(update.payload_as::<AssertIdentityAnswer>(), Ok(answer));
    assert_eq!(update.payload["Username"], "bob");
    assert!(update.is_last());
    let progress = reply_to.progress(&Map::new());
    assert_eq!(progress.payload["completed"], false);
    assert!(!progress.is_last());
    let refused = reply_to
        .failed(Status::PAC_OUT_OF_BOUNDS, "")
        .with("skew_ms", 20_000);
    assert_eq!(refused.payload["skew_ms"], 20_000);
    assert_eq!(refused.exchange.as_deref(), Some("9"));
}

#[test]
fn a_status_is_shown_with_its_number_and_its_text() {
    assert_eq!(
        Status::AGENT_MISSING.to_string(),
        "4000 (Nymi Agent missing.)"
    );
}

#[test]
fn updates_of_newer_peers_are_kept_and_nonsense_is_refused() {
    let newer = br#"{"operation":"error","status":4099,"extra":1,"error":{"error_description":"New.","error_specifics":"x","more":1}}"#;
    let update = Update::parse(newer).unwrap();
    assert_eq!(update.status.code(), 4099);
    assert_eq!(update.specifics(), "x");
    for text in [
        "",
        "[]",
        r#"["x",null,0,{},{}]"#,
        "{}",
        r#"{"operation":"x","status":"0"}"#,
        r#"{"operation":"x","status":0,"payload":[]}"#,
    ] {
        assert!(
            matches!(
                Update::parse(text.as_bytes()),
                Err(UpdateParseError::Invalid(_))
            ),
            "{text}"
        );
    }
    let update = r#"{"operation":"x","status":0}"#;
    let largest = update.to_owned() + &" ".repeat(MAX_MESSAGE - update.len());
    assert!(Update::parse(largest.as_bytes()).is_ok());
    let large = vec![b' '; MAX_MESSAGE + 1];
    assert_eq!(
        Update::parse(&large),
        Err(UpdateParseError::TooLarge(MAX_MESSAGE + 1))
    );
}

fn update() -> impl Strategy<Value = Update> {
    let status = proptest::sample::select(Status::ALL);
    (
        any::<String>(),
        of(any::<String>()),
        status,
        any::<String>(),
        of(any::<u32>()),
        any::<i64>(),
    )
        .prop_map(|(operation, exchange, status, specifics, nsl, number)| {
            if status.is_success() {
                return Update::ok(&operation, exchange, Map::new()).with("number", number);
            }
            let update = Update::failed(&operation, exchange, status, specifics);
            match nsl {
                Some(nsl) => update.with_nsl(nsl),
                None => update,
            }
        })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Update::parse(&bytes);
    }

    #[test]
    fn what_is_written_reads_back(update in update()) {
        prop_assert_eq!(Update::parse(update.to_json().as_bytes()), Ok(update));
    }
}
