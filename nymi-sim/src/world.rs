//! The bands around one place.

use nymi_core::BandId;
use serde::Serialize;

/// What `list` shows of a band.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct BandInfo {
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
    #[serde(rename = "StaticMacAddress")]
    pub static_mac_address: BandId,
    #[serde(rename = "NymiBandID")]
    pub band_id: Option<BandId>,
    #[serde(rename = "NfcUID")]
    pub nfc_uid: Option<String>,
    pub worn: bool,
    pub authenticated: bool,
    pub locked_out: bool,
    pub battery: bool,
    pub time_lost: bool,
    pub advertising: bool,
    pub metres: f64,
    pub skew_ms: i64,
}
