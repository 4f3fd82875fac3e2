//! What a band remembers without power, and how that is written down.

use std::collections::BTreeMap;

use nymi_core::band::session::KeyRing;
use nymi_core::band::{
    BandState, Battery, Build, ClockSetting, Condition, FirmwareVersion, HardwareVersion,
    LOCKOUT_FAILURES, Label, NfcUid, SerialNumber, User, UserData,
};
use nymi_core::crypto::SecretKey;
use nymi_core::message::Notification;
use nymi_core::presence::agreement::AdvKeys;
use nymi_core::presence::{AdvKey, PacKey, TSet};
use nymi_core::{BandId, UnixMillis};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::clock::BandClock;
use super::enrollment::{Enrollment, TEMPLATE_BYTES, Template};
use super::keys::SavedKeys;
use super::{Band, FirmwareGrade, Lost};

/// A band, ready to be written to the state file. It holds keys: cleared when dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedBand {
    serial_number: SerialNumber,
    static_mac_address: BandId,
    firmware_version: FirmwareVersion,
    hardware_version: HardwareVersion,
    kept_l1: Option<String>,
    clock: BandClock,
    lost: Option<SavedLost>,
    enrollments: u64,
    #[serde(default)]
    vibrations: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notified: Option<Notification>,
    /// What an enrollment writes into the band.
    #[serde(default)]
    policy: UserData,
    /// None in a file from before there was one: then the four below say it.
    condition: Option<Condition>,
    #[serde(default, skip_serializing)]
    battery: bool,
    #[serde(default, skip_serializing)]
    worn: bool,
    #[serde(default, skip_serializing)]
    authenticated: bool,
    #[serde(default, skip_serializing)]
    failures: u32,
    enrollment: Option<SavedEnrollment>,
    /// Of applications, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keys: BTreeMap<String, SavedKeys>,
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
    /// None in a file from before there was one.
    template: Option<Secret>,
    /// Of a file from before the condition held it.
    #[serde(default, skip_serializing)]
    label: Option<Label>,
    t_set_ms: Option<u64>,
    t_interval_ms: Option<u32>,
    #[serde(default)]
    l1: Option<String>,
}

/// Bytes in hexadecimal; cleared when dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(hex::encode(bytes))
    }

    pub(super) fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
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
        let build = self.state.build();
        SavedBand {
            serial_number: build.serial_number.clone(),
            static_mac_address: self.static_mac_address,
            firmware_version: build.firmware,
            hardware_version: build.hardware,
            kept_l1: self.kept_l1.as_ref().map(hex::encode),
            clock: self.clock,
            lost: self.lost.map(|lost| SavedLost {
                boot_nonce: lost.boot_nonce,
                since: lost.since,
            }),
            enrollments: self.enrollments,
            vibrations: self.vibrations,
            notified: self.notified,
            policy: self.policy.clone(),
            condition: Some(self.state.condition().clone()),
            battery: false,
            worn: false,
            authenticated: false,
            failures: 0,
            enrollment: self.enrollment.as_ref().map(save),
            keys: super::keys::save(&self.keys),
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
        let condition = match &saved.condition {
            Some(condition) => condition.clone(),
            None => former_condition(&saved),
        };
        let enrollment = saved
            .enrollment
            .map(|held| restore(&held).map_err(bad))
            .transpose()?;
        let set = enrollment.as_ref().map(|held| held.setting.is_some());
        let fits = match &condition.user {
            User::None => set.is_none(),
            User::Partial(_) => set == Some(false),
            User::Enrolled(_) => set == Some(true),
        };
        if !fits {
            return Err(bad("condition"));
        }
        let keys: KeyRing = super::keys::restore(&saved.keys).ok_or_else(|| bad("keys"))?;
        let counted = match &condition.user {
            User::None => 0,
            User::Partial(user) | User::Enrolled(user) => user.keys,
        };
        if usize::try_from(counted) != Ok(keys.len()) {
            return Err(bad("keys"));
        }
        let build = Build {
            serial_number: saved.serial_number,
            hardware: saved.hardware_version,
            firmware: saved.firmware_version,
        };
        let address = saved.static_mac_address;
        let made = Self::of_build(build.clone(), address, firmware_grade, saved.clock);
        Ok(Self {
            state: BandState::new(build, condition),
            kept_l1,
            lost: saved.lost.map(|lost| Lost {
                boot_nonce: lost.boot_nonce,
                since: lost.since,
            }),
            enrollments: saved.enrollments,
            vibrations: saved.vibrations,
            notified: saved.notified,
            policy: saved.policy,
            enrollment,
            keys,
            ..made
        })
    }
}

/// What files said before they held a condition.
fn former_condition(saved: &SavedBand) -> Condition {
    let user = |held: &SavedEnrollment| {
        let user = UserData {
            label: held.label.clone(),
            ..UserData::default()
        };
        match held.t_set_ms {
            Some(_) => User::Enrolled(user),
            None => User::Partial(user),
        }
    };
    Condition {
        battery: if saved.battery {
            Battery::FULL
        } else {
            Battery::EMPTY
        },
        worn: saved.worn,
        authenticated: saved.authenticated,
        mismatches: saved.failures,
        locked_out: saved.failures >= LOCKOUT_FAILURES,
        user: saved.enrollment.as_ref().map_or(User::None, user),
        ..Condition::ready()
    }
}

fn save(held: &Enrollment) -> SavedEnrollment {
    SavedEnrollment {
        band_id: held.band_id,
        adv_key_1: Secret::new(held.keys.first.expose()),
        adv_key_2: Secret::new(held.keys.second.expose()),
        identity_key: Secret::new(&held.identity.to_pkcs8_der()),
        nfc_uid: held.nfc_uid.to_string(),
        template: Some(Secret::new(held.template.as_slice())),
        label: None,
        t_set_ms: held.setting.map(|setting| setting.t_set.ms()),
        t_interval_ms: held.setting.map(|setting| setting.t_interval_ms),
        l1: held.l1.as_ref().map(hex::encode),
    }
}

fn restore(saved: &SavedEnrollment) -> Result<Enrollment, &'static str> {
    let first = saved.adv_key_1.adv_key().ok_or("adv_key_1")?;
    let second = saved.adv_key_2.adv_key().ok_or("adv_key_2")?;
    let identity = saved.identity_key.bytes().ok_or("identity_key")?;
    let uid = hex::decode(&saved.nfc_uid).map_err(|_| "nfc_uid")?;
    let mut template = Template::new([0; TEMPLATE_BYTES]);
    if let Some(kept) = &saved.template {
        let kept = kept.bytes().ok_or("template")?;
        let kept = kept.as_slice().try_into().map_err(|_| "template")?;
        template = Template::new(kept);
    }
    let setting = match (saved.t_set_ms, saved.t_interval_ms) {
        (None, None) => None,
        (Some(t_set), Some(t_interval_ms)) if t_interval_ms > 0 => Some(ClockSetting {
            t_set: TSet::new(t_set).ok_or("t_set_ms")?,
            t_interval_ms,
        }),
        _ => return Err("t_interval_ms"),
    };
    let l1 = saved.l1.as_ref().map(hex::decode).transpose();
    Ok(Enrollment {
        l1: l1.map_err(|_| "l1")?,
        band_id: saved.band_id,
        pac_key: PacKey::new(&first, saved.band_id),
        keys: AdvKeys { first, second },
        identity: SecretKey::from_pkcs8_der(&identity).ok_or("identity_key")?,
        nfc_uid: NfcUid::kept(&uid).ok_or("nfc_uid")?,
        template,
        setting,
    })
}
