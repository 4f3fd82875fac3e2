//! The records of Seos bands, which have to be here before such a band is enrolled (guide 000, 5.1.1).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nymi_core::band::{SerialNumber, SerialNumberError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Principal, Refusal};
use crate::nes::Nes;
use crate::store::seos::Imported;

/// One record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    #[serde(rename = "SerialNumber", alias = "HardwareID")]
    serial_number: String,
    #[serde(rename = "SeosId")]
    seos_id: String,
}

impl Record {
    /// The record, or what is wrong with it.
    fn checked(&self) -> Result<SerialNumber, String> {
        let serial: SerialNumber = self
            .serial_number
            .parse()
            .map_err(|error: SerialNumberError| error.to_string())?;
        let fits = (1..=64).contains(&self.seos_id.len())
            && self.seos_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !serial.variant().seos {
            Err("the serial number is of a Nymi Band without Seos".into())
        } else if !fits {
            Err("SeosId must be 1 to 64 printable ASCII characters".into())
        } else {
            Ok(serial)
        }
    }
}

/// POST `api/Import`: adds what is new, keeps what is known, and says of each other record what is
/// wrong with it.
pub(super) async fn seos(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.administrator()?;
    let records: Vec<Record> = body.json()?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let (mut added, mut known, mut invalid) = (0_u32, 0_u32, Vec::new());
    for record in &records {
        let error = match record.checked() {
            Err(error) => error,
            Ok(serial) => {
                match write
                    .import_seos(&serial, &record.seos_id, &caller.name())
                    .await?
                {
                    Imported::Added => {
                        added += 1;
                        continue;
                    }
                    Imported::Known => {
                        known += 1;
                        continue;
                    }
                    Imported::IdTaken => "another Nymi Band has this SeosId".into(),
                }
            }
        };
        invalid.push(json!({
            "SerialNumber": record.serial_number,
            "SeosId": record.seos_id,
            "Error": error,
        }));
    }
    write.commit().await?;
    Ok(Json(
        json!({"Added": added, "Known": known, "Invalid": invalid}),
    ))
}
