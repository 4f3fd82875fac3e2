use nymi_core::BandId;
use nymi_core::chain::Certificate;
use nymi_core::crypto::{PrivateKey, SecretKey};
use nymi_core::presence::agreement::{self, AdvKeys, BandPoint, Context};
use nymi_core::presence::{Flags, Frame, PacKey, TSet, Tail};
use serde_json::{Value, json};

/// A band in software: the band's half of the key agreement, and frames.
#[derive(Clone)]
pub(crate) struct SoftBand {
    pub(crate) id: BandId,
    pub(crate) serial: String,
    keys: AdvKeys,
    t_set: Option<TSet>,
}

pub(crate) const WORN: Flags = Flags {
    authenticated: true,
    worn: true,
    time_lost: false,
    low_battery: false,
};

/// Each serial number has its own: the digits of it.
fn factory_address(serial: &str) -> BandId {
    let digits: String = serial.chars().filter(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().unwrap();
    let [a, b, c, d] = number.to_be_bytes();
    let family = serial
        .bytes()
        .fold(0, |sum: u8, byte| sum.wrapping_mul(31) ^ byte);
    BandId::new([0xd0, family, a, b, c, d])
}

impl SoftBand {
    /// Answers an enrollment: the band and the body for PUT. The seed makes band and keys.
    pub(crate) fn enroll(seed: u8, begun: &Value) -> (Self, Value) {
        Self::enroll_serial(seed, &format!("AAAH-{seed:05}"), begun)
    }

    pub(crate) fn enroll_serial(seed: u8, serial: &str, begun: &Value) -> (Self, Value) {
        let id = BandId::new([0xc0, 0, 0, 0, 0, seed]);
        Self::enroll_as(id, seed, serial, begun)
    }

    /// The same under any NymiBandID.
    pub(crate) fn enroll_as(id: BandId, seed: u8, serial: &str, begun: &Value) -> (Self, Value) {
        let certificate =
            |index: usize| Certificate::from_pem(begun["chain"][index].as_str().unwrap()).unwrap();
        let (agreement_leaf, l2) = (certificate(0), certificate(1));
        let ephemeral = SecretKey::from_scalar(&[seed; 32]).unwrap();
        let identity = SecretKey::from_scalar(&[seed ^ 0x55; 32]).unwrap();
        let point = ephemeral.public_key().to_compressed();
        let context = Context {
            band: id,
            l2_spki: l2.spki_der(),
            band_point: BandPoint::new(point).unwrap(),
        };
        let server = agreement_leaf.public_key().unwrap().as_uncompressed();
        let keys = agreement::derive(&ephemeral.agree(server).unwrap(), &context);
        let mut enrollment_id = [0; 16];
        hex::decode_to_slice(begun["enrollment_id"].as_str().unwrap(), &mut enrollment_id).unwrap();
        let spki = identity.public_key().to_spki_der();
        let confirm = agreement::confirm(&keys.first, id, &enrollment_id, &spki);
        let body = json!({
            "NymiBandID": id, "q_band": hex::encode(point), "identity_public_key": hex::encode(&spki),
            "confirm": hex::encode(confirm), "SerialNumber": serial, "FirmwareVersion": "4.11.1.2",
            "HardwareVersion": "14.00", "StaticMacAddress": factory_address(serial),
            "NfcUID": format!("04A1B2C3D4E5{seed:02X}"),
        });
        (
            Self {
                id,
                serial: serial.to_owned(),
                keys,
                t_set: None,
            },
            body,
        )
    }

    /// Sets the clock, if the tag is right.
    pub(crate) fn set_time(&mut self, t_set_ms: i64, tag: &str) {
        let t_set = TSet::new(t_set_ms.try_into().unwrap()).unwrap();
        let expected = agreement::set_time_tag(&self.keys.second, self.id, t_set);
        assert_eq!(hex::encode(expected), tag);
        self.t_set = Some(t_set);
    }

    /// What the band says when its clock shows `at_ms`.
    pub(crate) fn frame_at(&self, at_ms: i64, flags: Flags) -> Vec<u8> {
        let t_set = self.t_set.unwrap();
        let counter = (at_ms - i64::try_from(t_set.ms()).unwrap()) / 1000;
        let key = PacKey::new(&self.keys.first, self.id);
        Frame::signed(&key, flags, counter.try_into().unwrap(), t_set.into(), 4).to_bytes()
    }

    /// A frame of this moment.
    pub(crate) fn frame(&self, now: nymi_core::UnixMillis) -> Vec<u8> {
        self.frame_at(now.0, WORN)
    }

    /// A frame of a band that has lost its clock.
    pub(crate) fn lost_frame(&self, counter: u32) -> Vec<u8> {
        let key = PacKey::new(&self.keys.first, self.id);
        Frame::signed(&key, WORN, counter, Tail::BootNonce([7; 4]), 4).to_bytes()
    }
}
