//! Rows of an import with another Seos id than the stored one, which stays.

use std::borrow::Cow;

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

    /// A line of the file of errors, in the form of [`Upload::invalid_records`]: the fields as they
    /// came, and the reason.
    pub(super) fn csv_line(&self) -> String {
        let Self { row, given, stored } = self;
        let (given, stored) = (given.as_str(), stored.as_str());
        let reason = format!(
            "line {}: SeosId is {given:?}; the server has {stored:?}, which stays",
            row.line
        );
        let fields = row.fields.iter().chain([&reason]);
        let fields: Vec<_> = fields.map(|field| csv_field(field)).collect();
        fields.join(",") + "\r\n"
    }
}

/// A field with quotes where it needs them, and an apostrophe before what a spreadsheet would take for
/// a formula.
fn csv_field(field: &str) -> Cow<'_, str> {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t']);
    let is_quoted = field.contains(['"', ',', '\n', '\r']);
    if !is_formula && !is_quoted {
        return field.into();
    }
    let apostrophe = if is_formula { "'" } else { "" };
    let quote = if is_quoted { "\"" } else { "" };
    let field = field.replace('"', "\"\"");
    format!("{quote}{apostrophe}{field}{quote}").into()
}
