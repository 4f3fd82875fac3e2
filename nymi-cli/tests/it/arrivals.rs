//! `nymi pac tune` reads what `nymi-nes arrivals` writes, also after a table calculation saved it.

use std::fs;

use crate::support::{nymi, stderr, stdout};
use nymi_nes::ARRIVALS_HEADER;
use serde_json::Value;

/// One band, seen every hour for two days.
fn rows() -> String {
    let row = |hour: u64| {
        let (t_set, counter) = (1_700_000_000_000, hour * 3600);
        let at = t_set + counter * 1000 + 800 + hour * 31 % 400;
        format!("C0:00:00:00:00:01,{t_set},1000,{counter},{at}\n")
    };
    (1..48).map(row).collect()
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, terminals) = (path("arrivals.csv"), path("terminals.txt"));
    let tuned = |mark: &str, end: &str| -> Value {
        let text = format!("{mark}{ARRIVALS_HEADER}\n{}", rows());
        fs::write(&file, text.replace('\n', end)).unwrap();
        fs::write(&terminals, format!("{mark}-40{end}25{end}")).unwrap();
        let output = nymi(&["pac", "tune", "--json", "--terminals", &terminals, &file]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let plain = tuned("", "\n");
    assert_eq!(plain["arrivals"], 47);
    assert_eq!(tuned("\u{feff}", "\r\n"), plain);
    // In another place it is a fault.
    fs::write(&file, format!("{ARRIVALS_HEADER}\n\u{feff}{}", rows())).unwrap();
    let output = nymi(&["pac", "tune", &file]);
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
}
