//! What a band remembers without power, and how that is written down.

use nymi_core::crypto::SecretKey;
use nymi_core::presence::agreement::AdvKeys;
use nymi_core::presence::{AdvKey, PacKey, TSet};
use nymi_core::{BandId, UnixMillis};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::clock::BandClock;
use super::enrollment::{ClockSetting, Enrollment};
use super::serial::SerialNumber;
use super::{Band, FirmwareGrade, Lost};

/// A band, ready to be written to the state file. It holds keys: cleared when dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedBand {
    serial_number: SerialNumber,
    static_mac_address: BandId,
    firmware_version: String,
    hardware_version: String,
    kept_l1: Option<String>,
    clock: BandClock,
    battery: bool,
    lost: Option<SavedLost>,
    worn: bool,
    authenticated: bool,
    failures: u32,
    enrollments: u64,
    enrollment: Option<SavedEnrollment>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedLost {
    boot_nonce: [u8; 4],
    since: UnixMillis,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedEnrollment {
    band_id: BandId,
    adv_key_1: Secret,
    adv_key_2: Secret,
    identity_key: Secret,
    nfc_uid: String,
    label: Option<String>,
    t_set_ms: Option<u64>,
    t_interval_ms: Option<u32>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct Secret(String);

impl Secret {
    fn new(bytes: &[u8]) -> Self {
        Self(hex::encode(bytes))
    }

    fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        hex::decode(&self.0).ok().map(Zeroizing::new)
    }

    fn adv_key(&self) -> Option<AdvKey> {
        Some(AdvKey::new(self.bytes()?.as_slice().try_into().ok()?))
    }
}

/// A band in a state file that no band could be in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("band {serial}: {field} is not valid")]
pub struct BandMemoryError {
    /// Which band.
    pub serial: SerialNumber,
    /// The field.
    pub field: &'static str,
}

impl Band {
    /// Everything that survives, keys included.
    pub fn to_saved(&self) -> SavedBand {
        SavedBand {
            serial_number: self.serial_number.clone(),
            static_mac_address: self.static_mac_address,
            firmware_version: self.firmware_version.clone(),
            hardware_version: self.hardware_version.clone(),
            kept_l1: self.kept_l1.as_ref().map(hex::encode),
            clock: self.clock,
            battery: self.battery,
            lost: self.lost.map(|lost| SavedLost {
                boot_nonce: lost.boot_nonce,
                since: lost.since,
            }),
            worn: self.worn,
            authenticated: self.authenticated,
            failures: self.failures,
            enrollments: self.enrollments,
            enrollment: self.enrollment.as_ref().map(save),
        }
    }

    /// The band that was saved.
    pub fn from_saved(
        saved: SavedBand,
        firmware_grade: FirmwareGrade,
    ) -> Result<Self, BandMemoryError> {
        let serial = saved.serial_number.clone();
        let bad = |field| BandMemoryError {
            serial: serial.clone(),
            field,
        };
        let kept_l1 = saved
            .kept_l1
            .as_ref()
            .map(|l1| hex::decode(l1).map_err(|_| bad("kept_l1")))
            .transpose()?;
        let enrollment = saved
            .enrollment
            .map(|held| restore(&held).map_err(bad))
            .transpose()?;
        Ok(Self {
            serial_number: saved.serial_number,
            static_mac_address: saved.static_mac_address,
            firmware_version: saved.firmware_version,
            hardware_version: saved.hardware_version,
            firmware_grade,
            kept_l1,
            clock: saved.clock,
            battery: saved.battery,
            lost: saved.lost.map(|lost| Lost {
                boot_nonce: lost.boot_nonce,
                since: lost.since,
            }),
            worn: saved.worn,
            authenticated: saved.authenticated && saved.worn && enrollment.is_some(),
            failures: saved.failures,
            enrollments: saved.enrollments,
            vibrations: 0,
            enrollment,
        })
    }
}

fn save(held: &Enrollment) -> SavedEnrollment {
    SavedEnrollment {
        band_id: held.band_id,
        adv_key_1: Secret::new(held.keys.first.expose()),
        adv_key_2: Secret::new(held.keys.second.expose()),
        identity_key: Secret::new(&held.identity.to_pkcs8_der()),
        nfc_uid: hex::encode_upper(held.nfc_uid),
        label: held.label.clone(),
        t_set_ms: held.setting.map(|setting| setting.t_set.ms()),
        t_interval_ms: held.setting.map(|setting| setting.t_interval_ms),
    }
}

fn restore(saved: &SavedEnrollment) -> Result<Enrollment, &'static str> {
    let first = saved.adv_key_1.adv_key().ok_or("adv_key_1")?;
    let second = saved.adv_key_2.adv_key().ok_or("adv_key_2")?;
    let identity = saved.identity_key.bytes().ok_or("identity_key")?;
    let uid = hex::decode(&saved.nfc_uid).map_err(|_| "nfc_uid")?;
    let setting = match (saved.t_set_ms, saved.t_interval_ms) {
        (None, None) => None,
        (Some(t_set), Some(t_interval_ms)) if t_interval_ms > 0 => Some(ClockSetting {
            t_set: TSet::new(t_set).ok_or("t_set_ms")?,
            t_interval_ms,
        }),
        _ => return Err("t_interval_ms"),
    };
    Ok(Enrollment {
        band_id: saved.band_id,
        pac_key: PacKey::new(&first, saved.band_id),
        keys: AdvKeys { first, second },
        identity: SecretKey::from_pkcs8_der(&identity).ok_or("identity_key")?,
        nfc_uid: uid.try_into().map_err(|_| "nfc_uid")?,
        label: saved.label.clone(),
        setting,
    })
}
