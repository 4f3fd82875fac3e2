//! Audit events and the Attributes JSON.

use nymi_core::connect::*;
use nymi_core::{BandId, UnixMillis};
use proptest::prelude::*;

const BAND: BandId = BandId::new([0x00, 0x1A, 0x7D, 0xDA, 0x71, 0x13]);

fn tapped() -> Attributes {
    let (authenticator_id, secondary_authenticator_id) =
        Authenticator::of_tap(BAND, Some("3B8F7E2100".parse().unwrap()));
    Attributes {
        os_type: Some(OsType::Windows),
        event_time: Some(UnixMillis(1_761_000_846_365)),
        sub_category: Some(SubCategory::Authentication),
        producer: Some(Producer::Ncw),
        user_id: Some("CORP\\ada".parse().unwrap()),
        authenticator_id: Some(authenticator_id),
        secondary_authenticator_id,
        total_elapsed_time: Some(412),
        ..Attributes::default()
    }
}

#[test]
fn the_object_has_the_guides_nineteen_keys_in_its_order() {
    let keys = "ClientName AppName HostName OSType EventType EventTime Category SubCategory Producer \
                ProducerVersion HostId UserId AuthenticatorId SecondaryAuthenticatorId AppProcessName \
                AppURL AppWinTitle TotalElapsedTime Details";
    assert_eq!(Attributes::KEYS.join(" "), keys);
    for attributes in [Attributes::default(), tapped()] {
        let json = attributes.to_json();
        let places: Vec<_> = Attributes::KEYS
            .iter()
            .map(|key| json.find(&format!("\"{key}\":")).unwrap())
            .collect();
        assert!(places.is_sorted());
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&json).unwrap();
        assert_eq!(object.len(), 19);
    }
}

#[test]
fn an_event_is_written_as_the_guide_shows() {
    let event = AuditEvent::PasswordAutofillSuccess.record("NCS", tapped(), "unused");
    assert_eq!(
        event.attributes.to_json(),
        r#"{"ClientName":null,"AppName":null,"HostName":null,"OSType":"Windows","EventType":"PasswordAutofillSuccess","EventTime":"2025-10-20T22:54:06.365Z","Category":"Audit","SubCategory":"Authentication","Producer":"NCW","ProducerVersion":null,"HostId":null,"UserId":"CORP\\ada","AuthenticatorId":"NFC_3B8F7E2100","SecondaryAuthenticatorId":"BLE_MAC_00:1A:7D:DA:71:13","AppProcessName":null,"AppURL":null,"AppWinTitle":null,"TotalElapsedTime":412,"Details":null}"#
    );
    assert_eq!(event.exception, None);
    let (ble, second) = Authenticator::of_tap(BAND, None);
    assert_eq!(
        (ble.to_string().as_str(), second),
        ("BLE_MAC_00:1A:7D:DA:71:13", None)
    );
}

#[test]
fn the_six_events_have_their_names_and_only_errors_have_an_exception() {
    let names = AuditEvent::ALL.map(AuditEvent::name);
    assert_eq!(
        names,
        [
            "PasswordAutofillSuccess",
            "PasswordAutofillFailed",
            "PasswordValidationFailed",
            "EncryptedPasswordUpdated",
            "EncryptedPasswordRemoved",
            "UnknownAuthenticatorDetected"
        ]
    );
    for event in AuditEvent::ALL {
        let row = event.record("NCS", Attributes::default(), "no field");
        assert_eq!(
            row.exception.is_some(),
            row.severity == Severity::Error,
            "{event:?}"
        );
        assert_eq!(
            (row.level, row.attributes.event_type.as_deref()),
            (row.severity, Some(event.name()))
        );
        assert_eq!(serde_json::to_value(event).unwrap(), event.name());
        assert_eq!(event.destination(true), Destination::LocalAndServer);
        assert_eq!(event.destination(false), Destination::Local);
    }
}

#[test]
fn other_keys_and_values_are_refused() {
    for (json, error) in [
        (r#"{"UserID":"CORP\\ada"}"#, "unknown field `UserID`"),
        (r#"{"UserId":"ada"}"#, "expected a user"),
        (r#"{"Category":"Debug"}"#, "unknown variant `Debug`"),
        (r#"{"SubCategory":"Other"}"#, "unknown variant `Other`"),
        (r#"{"Producer":"XYZ"}"#, "unknown variant `XYZ`"),
        (r#"{"EventTime":"2025-10-20T22:54:t6.365Z"}"#, "RFC 3339"),
        (
            r#"{"AuthenticatorId":"00:1A:7D:DA:71:13"}"#,
            "is no authenticator",
        ),
        (r#"{"AuthenticatorId":"NFC_"}"#, "is no authenticator"),
        (r#"{"AuthenticatorId":"RFID_;"}"#, "is no authenticator"),
        (r#"{"TotalElapsedTime":-1}"#, "invalid value"),
        (r#"[]"#, ""),
    ] {
        let found = Attributes::parse(json).unwrap_err().to_string();
        assert!(found.contains(error), "{json}: {found}");
    }
    let long = serde_json::json!({ "Details": "x".repeat(4097) }).to_string();
    let error = Attributes::parse(&long).unwrap_err();
    assert_eq!(
        error,
        TelemetryError::TooLong {
            key: "Details",
            found: 4097
        }
    );
    let longest = serde_json::json!({ "Details": "é".repeat(4096) }).to_string();
    assert!(Attributes::parse(&longest).is_ok());
    assert_eq!(Attributes::parse("{}"), Ok(Attributes::default()));
    assert_eq!(
        Attributes::parse(r#"{"Category":null}"#),
        Ok(Attributes::default())
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        texts in prop::collection::vec(prop::option::of("\\PC{0,20}"), 9),
        elapsed in prop::option::of(any::<u64>()),
        ms in prop::option::of(0..253_402_300_799_999i64),
        rfid in prop::option::of("[0-9A-F]{1,16}"),
    ) {
        let text = |index: usize| texts[index].clone();
        let attributes = Attributes {
            client_name: text(0),
            app_name: text(1),
            host_name: text(2),
            producer_version: text(3),
            host_id: text(4),
            app_process_name: text(5),
            app_url: text(6),
            app_win_title: text(7),
            details: text(8),
            total_elapsed_time: elapsed,
            event_time: ms.map(UnixMillis),
            secondary_authenticator_id: rfid.map(Authenticator::Rfid),
            ..tapped()
        };
        prop_assert_eq!(Attributes::parse(&attributes.to_json()), Ok(attributes));
    }

    #[test]
    fn any_text_is_an_authenticator_or_not(text in "(BLE_MAC_|NFC_|RFID_)?[0-9A-Fa-f:]{0,20}") {
        if let Ok(id) = text.parse::<Authenticator>() {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}
