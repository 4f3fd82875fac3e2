//! An upload of bands as CSV of any text: bounded, no band twice, and the file of wrong rows is one
//! that can be read again with the same values, and in which no field is a formula.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use nymi_core::import::{Action, Known, MAX_COLUMNS, MAX_FIELD, MAX_ROWS, Upload};

fuzz_target!(|text: &str| {
    let upload: Upload = match text.parse() {
        Ok(upload) => upload,
        Err(error) => {
            let error: nymi_core::import::ImportError = error;
            assert!(error.to_string().len() < 1000, "a refusal fits on a screen");
            return;
        }
    };
    let rows = upload.rows();
    assert!(rows.len() <= MAX_ROWS);
    assert!(rows.windows(2).all(|pair| pair[0].line < pair[1].line));
    let good: Vec<_> = rows
        .iter()
        .filter_map(|row| row.record.as_ref().ok())
        .collect();
    assert!(good.iter().all(|record| record.serial.variant().seos));
    let serials: BTreeSet<_> = good.iter().map(|record| &record.serial).collect();
    assert_eq!(serials.len(), good.len(), "no band twice");
    let counts = upload.counts(|_| Known::No);
    assert_eq!(
        (counts.new, counts.invalid),
        (good.len(), rows.len() - good.len())
    );
    let kept = upload.actions(
        |serial| match good.iter().find(|one| one.serial == *serial) {
            Some(record) => Known::Record(record.seos_id.clone()),
            None => Known::No,
        },
    );
    let changes = kept
        .iter()
        .any(|action| matches!(action, Action::Add(_) | Action::Complete(_)));
    assert!(!changes, "what is known is not added");
    // One column and at most one apostrophe more.
    let fits = |row: &&nymi_core::import::Row| {
        row.fields.len() < MAX_COLUMNS && row.fields.iter().all(|field| field.len() < MAX_FIELD)
    };
    let wrong: Vec<_> = rows.iter().filter(|row| row.record.is_err()).collect();
    let header_fits = text.len() < MAX_FIELD && text.matches(',').count() < MAX_COLUMNS - 1;
    if header_fits && wrong.iter().all(fits) {
        let file = upload.invalid_records();
        for sign in ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'] {
            let begins = |before| file.contains(&format!("{before}\"{sign}"));
            assert!(!begins(",") && !begins("\n"), "a formula: {file:?}");
        }
        let again: Upload = file.parse().expect("our own file is one");
        assert_eq!(again.rows().len(), wrong.len());
        for (again, wrong) in again.rows().iter().zip(wrong) {
            let told = again.fields.iter().zip(&wrong.fields);
            assert!(told.into_iter().all(|(told, sent)| told == sent));
        }
    }
});
