use nymi_core::BandId;
use nymi_core::band::SerialNumber;
use nymi_core::crypto::PublicKey;
use nymi_core::life::Record;
use nymi_core::message::NfcUid;
use nymi_core::presence::agreement::BandPoint;
use nymi_core::text::is_plain;
use serde::Deserialize;

use crate::http::{Principal, Refusal};
use crate::store::bands::NymiBand;

/// The body of PUT `api/Enrollments/{id}`, as it comes.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "NymiBandID")]
    band: BandId,
    q_band: String,
    identity_public_key: String,
    confirm: String,
    #[serde(rename = "SerialNumber", alias = "HardwareID")]
    serial_number: String,
    #[serde(rename = "FirmwareVersion")]
    firmware_version: Option<String>,
    #[serde(rename = "HardwareVersion")]
    hardware_version: Option<String>,
    #[serde(rename = "StaticMacAddress")]
    static_mac_address: Option<BandId>,
    #[serde(rename = "NfcUID")]
    nfc_uid: Option<NfcUid>,
    #[serde(rename = "BandLabel")]
    band_label: Option<String>,
    #[serde(rename = "InitialTapNymiBandId")]
    initial_tap: Option<NfcUid>,
    #[serde(rename = "ConfirmTapNymiBandId")]
    confirm_tap: Option<NfcUid>,
    corporate_public_key: Option<String>,
}

/// The band's half of an enrollment, each value of the right form.
#[derive(Clone, Debug)]
pub(crate) struct FinishRequest {
    pub(crate) band: BandId,
    pub(crate) q_band: BandPoint,
    pub(crate) identity_spki: Vec<u8>,
    /// Of the authenticator for corporate credentials, if the band made one.
    pub(crate) corporate_spki: Option<Vec<u8>>,
    pub(crate) confirm: [u8; 16],
    pub(crate) serial_number: SerialNumber,
    pub(crate) firmware_version: Option<String>,
    pub(crate) hardware_version: Option<String>,
    pub(crate) static_mac_address: Option<BandId>,
    pub(crate) nfc_uid: Option<NfcUid>,
    pub(crate) band_label: Option<String>,
    pub(crate) initial_tap: Option<NfcUid>,
    pub(crate) confirm_tap: Option<NfcUid>,
}

/// Printable ASCII of a sane length, as serials and versions are.
fn text(name: &str, value: String) -> Result<String, Refusal> {
    let fits = (1..=64).contains(&value.len()) && value.bytes().all(|b| (0x20..0x7f).contains(&b));
    if fits {
        Ok(value)
    } else {
        Err(Refusal::invalid(format!(
            "{name} must be 1 to 64 printable ASCII characters"
        )))
    }
}

fn bytes<const N: usize>(name: &str, value: &str) -> Result<[u8; N], Refusal> {
    let mut out = [0; N];
    hex::decode_to_slice(value, &mut out)
        .map_err(|_| Refusal::invalid(format!("{name} must be {} hexadecimal digits", 2 * N)))?;
    Ok(out)
}

fn spki(name: &str, value: &str) -> Result<Vec<u8>, Refusal> {
    hex::decode(value)
        .ok()
        .filter(|spki| PublicKey::from_spki_der(spki).is_some())
        .ok_or_else(|| {
            Refusal::invalid(format!(
                "{name} must be the SubjectPublicKeyInfo of a P-256 key, DER in hexadecimal"
            ))
        })
}

impl FinishRequest {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| Refusal::invalid(format!("the body is not valid: {error}")))?;
        let q_band = BandPoint::new(bytes("q_band", &body.q_band)?)
            .ok_or_else(|| Refusal::invalid("q_band must begin with 02 or 03"))?;
        let identity_spki = spki("identity_public_key", &body.identity_public_key)?;
        let corporate_spki = body.corporate_public_key.as_deref();
        let corporate_spki = corporate_spki.map(|key| spki("corporate_public_key", key));
        let optional = |name, value: Option<String>| value.map(|v| text(name, v)).transpose();
        if body
            .band_label
            .as_ref()
            .is_some_and(|label| !label.chars().all(is_plain))
        {
            return Err(Refusal::invalid(
                "BandLabel must have no control characters",
            ));
        }
        Ok(Self {
            band: body.band,
            q_band,
            identity_spki,
            corporate_spki: corporate_spki.transpose()?,
            confirm: bytes("confirm", &body.confirm)?,
            serial_number: body
                .serial_number
                .parse()
                .map_err(|error| Refusal::invalid(format!("SerialNumber is not valid: {error}")))?,
            firmware_version: optional("FirmwareVersion", body.firmware_version)?,
            hardware_version: optional("HardwareVersion", body.hardware_version)?,
            static_mac_address: body.static_mac_address,
            nfc_uid: body.nfc_uid,
            band_label: body.band_label.filter(|label| !label.is_empty()),
            initial_tap: body.initial_tap,
            confirm_tap: body.confirm_tap,
        })
    }

    /// Whether both taps were of the band that is enrolled, as far as the UIDs tell: a band without a
    /// user shows a random one.
    pub(super) fn is_same_band(&self) -> bool {
        let taps = [&self.initial_tap, &self.confirm_tap, &self.nfc_uid];
        let mut uids = taps.into_iter().flatten().filter(|uid| !uid.is_random());
        let first = uids.next();
        uids.all(|uid| Some(uid) == first)
    }

    /// The row of the enrolled band, with a finished fingerprint.
    pub(super) fn band_row(
        &self,
        record: &Record,
        label: Option<String>,
        by: &Principal,
        stamp: String,
    ) -> NymiBand {
        NymiBand {
            id: 0,
            user_core_id: Some(record.user.0),
            nymi_band_id: record.band_id.to_string(),
            nfc_uid: self.nfc_uid.as_ref().map(ToString::to_string),
            hardware_id: self.serial_number.to_string(),
            is_active: record.is_active,
            is_primary: record.is_primary,
            has_fingerprint: false,
            misc_note: record.note.clone(),
            band_label: label,
            firmware_version: self.firmware_version.clone(),
            created_at: stamp.clone(),
            modified_at: stamp,
            modified_by: by.name(),
            is_synced: true,
            individual_user_policy_id: None,
            seos_id: None,
            static_mac_address: self.static_mac_address.map(|address| address.to_string()),
            t_set_time: None,
            is_band_enrolled_here: record.is_enrolled_here,
            hardware_version: self.hardware_version.clone(),
        }
    }
}
