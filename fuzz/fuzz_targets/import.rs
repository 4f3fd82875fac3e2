//! A file with the bands of an order: read or refused, every row counted once, and the file of
//! errors has each wrong row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::import::{Known, Upload};

fuzz_target!(|text: &str| {
    let Ok(upload) = text.parse::<Upload>() else {
        return;
    };
    let counts = upload.counts(|_| Known::No);
    assert_eq!(counts.new + counts.known + counts.invalid, upload.rows().len());
    // With the added column it may be too wide to be read again.
    if let Ok(told) = upload.invalid_records().parse::<Upload>() {
        assert_eq!(told.rows().len(), counts.invalid);
    }
});
