//! What is printed on bands and reported by them, in any text: what parses, writes back to something
//! that parses the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use nymi_core::BandId;
use nymi_core::band::{
    FaultCode, Feature, FirmwareFloors, FirmwareVersion, HardwareVersion, Label, SerialNumber,
};

fn round_trip<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T>
where
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let again = value.to_string().parse::<T>().ok();
            assert_eq!(again.as_ref(), Some(&value));
            Some(value)
        }
        Err(error) => {
            // A refusal shows of the text what fits on a screen.
            assert!(error.to_string().len() < 1000);
            None
        }
    }
}

fuzz_target!(|text: &str| {
    if let Some(serial) = round_trip::<SerialNumber>(text) {
        assert!((9..=10).contains(&serial.as_str().len()));
        assert!(serial.variant().ansi() == serial.as_str().starts_with('G'));
        assert!(!serial.variant().legic || serial.variant().seos);
    }
    let hardware = round_trip::<HardwareVersion>(text);
    let firmware = round_trip::<FirmwareVersion>(text);
    if let Some(firmware) = firmware {
        let floors = FirmwareFloors::default();
        let model = hardware.and_then(HardwareVersion::model);
        // Who has the later feature has the earlier one.
        let has = |feature| floors.supports(feature, model, firmware);
        assert!(!has(Feature::ConnectForAndroid) || has(Feature::SwitchableLiveness));
    }
    if let Some(band) = round_trip::<BandId>(text) {
        assert_eq!(text.to_uppercase(), band.to_string());
    }
    if let Some(code) = round_trip::<FaultCode>(text) {
        let _ = (code.row(), code.action());
    }
    if let Ok(label) = Label::try_from(text.to_owned()) {
        assert_eq!(label.rows().concat(), text);
        assert_eq!(Label::of_user(text).as_ref(), Some(&label));
    }
    if let Some(label) = Label::of_user(text) {
        assert!(text.starts_with(label.as_str()));
    }
});
