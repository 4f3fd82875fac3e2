//! Rows of an import with another Seos id than the stored one, which stays.

use nymi_core::import::{Row, SeosId, Upload};
use serde_json::{Value, json};

use crate::store::seos::Stored;

/// A good row that is not taken.
pub(super) struct Differing<'a> {
    row: &'a Row,
    given: &'a SeosId,
    stored: &'a SeosId,
}

/// All of an upload, in their order.
pub(super) fn of<'a>(upload: &'a Upload, stored: &'a Stored) -> Vec<Differing<'a>> {
    let differing = |row: &'a Row| {
        let record = row.record.as_ref().ok()?;
        let stored = stored.other_seos_id(record)?;
        let given = &record.seos_id;
        Some(Differing { row, given, stored })
    };
    upload.rows().iter().filter_map(differing).collect()
}

impl Differing<'_> {
    /// For the JSON answer.
    pub(super) fn to_json(&self, upload: &Upload) -> Value {
        let [serial, _] = upload.values(self.row);
        json!({
            "Row": self.row.line,
            "SerialNumber": serial,
            "SeosId": self.given.as_str(),
            "Stored": self.stored.as_str(),
        })
    }

    /// A line of the file of errors.
    pub(super) fn csv_line(&self, upload: &Upload) -> String {
        let (given, stored) = (self.given.as_str(), self.stored.as_str());
        let reason = format!("SeosId is {given:?}; the server has {stored:?}, which stays");
        upload.error_line(self.row, &reason)
    }
}
