//! Serial numbers, versions, addresses, labels.

use nymi_core::BandId;
use nymi_core::band::{
    Feature, FirmwareFloors, FirmwareVersion, HardwareVersion, Label, Model, NfcUid, SerialNumber,
    Variant, factory_address, new_band_id,
};
use proptest::prelude::*;

fn firmware(text: &str) -> FirmwareVersion {
    text.parse().unwrap()
}

#[test]
fn the_first_letter_of_the_serial_number_names_the_variant() {
    let plain = Variant {
        motor: true,
        seos: false,
        legic: false,
    };
    for first in b'A'..=b'Z' {
        let expected = match first {
            b'G' => Variant {
                motor: false,
                ..plain
            },
            b'D' => Variant {
                seos: true,
                ..plain
            },
            b'F' => Variant {
                seos: true,
                legic: true,
                ..plain
            },
            _ => plain,
        };
        let text = format!("{}EXX-1234", first as char);
        let serial: SerialNumber = text.parse().unwrap();
        assert_eq!(serial.variant(), expected, "{text}");
        assert_eq!(serial.variant().ansi(), first == b'G');
    }
    for known in ["AAAH-00125", "ACAK-00056", "GEXX-1234"] {
        let serial: SerialNumber = known.parse().unwrap();
        assert_eq!(
            (serial.as_str(), serial.to_string()),
            (known, known.to_owned())
        );
        assert_eq!(String::from(serial), known);
    }
}

#[test]
fn the_hardware_version_tells_the_generation() {
    for (text, model) in [
        ("10.00", Some(Model::Band3)),
        ("14.00", Some(Model::Band4)),
        ("14.01", Some(Model::Band4)),
        ("20.00", Some(Model::Band4)),
        ("10.01", None),
        ("13.99", None),
        ("0.00", None),
    ] {
        let version: HardwareVersion = text.parse().unwrap();
        assert_eq!(version.model(), model, "{text}");
        assert_eq!(version.to_string(), text);
    }
    for text in [
        "", "14", "14.0", "14.000", "+4.00", "14.-1", "1 4.00", "9999.00", "14.00.1",
    ] {
        let error = text.parse::<HardwareVersion>().unwrap_err().to_string();
        assert!(error.starts_with("HardwareVersion"), "{error}");
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn firmware_versions_compare_by_number_and_keep_their_text() {
    let sorted = [
        "3.9",
        "4",
        "4.9.1",
        "4.11.1.1",
        "4.11.1.2",
        "4.11.1.10",
        "5.1.2",
    ];
    for pair in sorted.windows(2) {
        assert!(firmware(pair[0]) < firmware(pair[1]), "{pair:?}");
    }
    assert_eq!(firmware("4.11"), firmware("4.11.0.0"));
    assert_ne!(firmware("4.11"), firmware("4.11.0.1"));
    for text in sorted {
        assert_eq!(firmware(text).to_string(), text);
        let json = serde_json::to_string(&firmware(text)).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(
            serde_json::from_str::<FirmwareVersion>(&json).unwrap(),
            firmware(text)
        );
    }
    for text in [
        "",
        ".",
        "4.",
        "4..1",
        "4.11.1.2.3",
        "65536",
        "4.x",
        "-4",
        "4.111111",
    ] {
        let error = text.parse::<FirmwareVersion>().unwrap_err().to_string();
        assert!(error.starts_with("FirmwareVersion"), "{error}");
    }
}

#[test]
fn floors_bind_a_band_3_and_no_band_4() {
    let floors = FirmwareFloors::default();
    let android = |model, text| floors.supports(Feature::ConnectForAndroid, model, firmware(text));
    assert!(!android(Some(Model::Band3), "4.11.1.1"));
    assert!(android(Some(Model::Band3), "4.11.1.2"));
    assert!(android(Some(Model::Band4), "1.0"));
    assert!(
        !android(None, "4.11.1.1"),
        "not determined: by its firmware"
    );

    let given = FirmwareFloors {
        switchable_liveness: firmware("4.2"),
        ..floors
    };
    let liveness = |text| {
        given.supports(
            Feature::SwitchableLiveness,
            Some(Model::Band3),
            firmware(text),
        )
    };
    assert!(!liveness("4.1.9") && liveness("4.2"));
}

#[test]
fn each_enrollment_has_an_address_of_its_own() {
    let (one, two) = ([1; 6], [2; 6]);
    let first = new_band_id(one, &[]).unwrap();
    assert_eq!(first.as_bytes()[0] >> 6, 0b11, "random static");
    assert_eq!(new_band_id(one, &[first]), None, "not the same again");
    assert_ne!(new_band_id(two, &[first]), Some(first));
    for plain in [[0xff; 6], [0x3f, 0xff, 0xff, 0xff, 0xff, 0xff], [0; 6]] {
        assert_eq!(new_band_id(plain, &[]), None, "{plain:?}");
    }
    let factory = factory_address([0xff; 6]);
    assert_eq!(
        factory.as_bytes()[0] & 0b11,
        0,
        "neither multicast nor local"
    );
    assert_eq!(
        new_band_id([0xff, 1, 2, 3, 4, 5], &[factory]).is_some(),
        factory != first
    );
}

#[test]
fn a_uid_that_tells_nothing_has_another_length() {
    let known = NfcUid::for_enrollment([9; 7]);
    let random = NfcUid::for_one_tap([9; 4]);
    assert_ne!(known.as_bytes().len(), random.as_bytes().len());
    assert_eq!(random.as_bytes()[0], 0x08);
    assert_eq!(known.to_string(), "04090909090909");
    assert_eq!(NfcUid::kept(known.as_bytes()), Some(known));
    assert_eq!(NfcUid::kept(random.as_bytes()), None);
}

#[test]
fn a_label_is_two_rows_of_six() {
    let label = Label::of_user("ABCDEFGHIJKLMNOPQRST").unwrap();
    assert_eq!(label.rows(), ["ABCDEF", "GHIJKL"]);
    assert_eq!(label.as_str(), "ABCDEFGHIJKL");
    assert_eq!(String::from(label), "ABCDEFGHIJKL");
    assert_eq!(Label::of_user("Zoë").unwrap().rows(), ["Zoë", ""]);
    assert_eq!(Label::of_user(""), None);
    for text in ["", "ABCDEFGHIJKLM", "A\nB"] {
        let error = Label::try_from(text.to_owned()).unwrap_err().to_string();
        assert!(error.starts_with("BandLabel has"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        if let Ok(serial) = text.parse::<SerialNumber>() {
            prop_assert_eq!(serial.as_str(), text.to_ascii_uppercase());
        }
        if let Ok(version) = text.parse::<FirmwareVersion>() {
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }
        if let Ok(version) = text.parse::<HardwareVersion>() {
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }
        let _ = text.parse::<nymi_core::band::FaultCode>();
    }

    #[test]
    fn rows_hold_the_whole_label_and_no_more(text in "\\PC{0,20}") {
        let label = Label::try_from(text.clone());
        prop_assert_eq!(label.is_ok(), (1..=12).contains(&text.chars().count()));
        if let Ok(label) = label {
            let [one, two] = label.rows();
            prop_assert!(one.chars().count() <= 6 && two.chars().count() <= 6);
            prop_assert_eq!(one + &two, text);
        }
    }

    #[test]
    fn a_new_id_is_a_random_static_address(random: [u8; 6], former: [u8; 6]) {
        let former = BandId::new(former);
        if let Some(id) = new_band_id(random, &[former]) {
            prop_assert_eq!(id.as_bytes()[0] & 0xc0, 0xc0);
            prop_assert_ne!(id, former);
        }
    }
}
