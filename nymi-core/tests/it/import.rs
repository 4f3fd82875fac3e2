//! The import of bands: which rows are taken, and what is said of the others.

use nymi_core::band::SerialNumber;
use nymi_core::enrollment::{Outcome, Variant};
use nymi_core::import::{
    Action, BandRecord, Counts, CsvError, ImportError, Known, MAX_COLUMNS, MAX_FIELD, MAX_FILE,
    MAX_ROWS, RowError, SeosId, Upload, shown_name,
};
use proptest::prelude::*;

const FILE: &str = "\
SerialNumber,Model,SeosId
DABC-00001,\"Band 4, Seos\",04A1
DABC-00002,x,04A2
DABC-00003,x,04A3
GEXX-1234,x,04A4
DABC-5,x,04A5
DABC-00006,x,

DABC-00001,x,04A7
DABC-00008,x
";

fn read(text: &str) -> Upload {
    text.parse().unwrap()
}

/// The server knows the second band by its record, the third without one.
fn known(serial: &SerialNumber) -> Known {
    match serial.as_str() {
        "DABC-00002" => Known::Record("OLD".parse().unwrap()),
        "DABC-00003" => Known::Band,
        _ => Known::No,
    }
}

#[test]
fn new_known_and_broken_rows_are_told_apart() {
    let upload = read(FILE);
    let actions = upload.actions(known);
    assert!(matches!(actions[0], Action::Add(record) if record.seos_id.as_str() == "04A1"));
    assert!(
        matches!(actions[1], Action::Keep(_)),
        "existing information stays"
    );
    assert!(matches!(actions[2], Action::Complete(_)));
    assert!(
        actions[3..]
            .iter()
            .all(|action| matches!(action, Action::Refuse(_)))
    );
    let counts = Counts {
        new: 2,
        known: 1,
        invalid: 5,
    };
    assert_eq!(upload.counts(known), counts);
    assert_eq!(upload.rows()[0].fields[1], "Band 4, Seos");
}

#[test]
fn the_file_of_errors_has_the_reason_in_its_last_column() {
    let upload = read(FILE);
    let invalid = upload.invalid_records();
    let lines: Vec<&str> = invalid.lines().collect();
    assert_eq!(lines[0], r#""SerialNumber","Model","SeosId","Error""#);
    for (line, start, reason) in [
        (
            1,
            r#""GEXX-1234","x","04A4","line 5: SerialNumber is"#,
            "of a Seos band",
        ),
        (
            2,
            r#""DABC-5","x","04A5","line 6: SerialNumber is"#,
            "four letters or digits",
        ),
        (
            3,
            r#""DABC-00006","x","","line 7: SeosId is"#,
            "1 to 64 visible",
        ),
        (
            4,
            r#""DABC-00001","x","04A7","line 9: SerialNumber is"#,
            "twice",
        ),
        (
            5,
            r#""DABC-00008","x","","line 10: the row has 2 fields"#,
            "must have 3",
        ),
    ] {
        assert!(lines[line].starts_with(start), "{}", lines[line]);
        assert!(lines[line].contains(reason), "{}", lines[line]);
    }
    assert_eq!(lines.len(), 6);
    // Mended, the same file is taken: the added column is left alone.
    let mended = invalid.replace("DABC-5", "DABC-00005");
    assert!(matches!(read(&mended).actions(known)[1], Action::Add(_)));
}

#[test]
fn nothing_in_the_file_of_errors_is_a_formula() {
    let formulas = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\n=1",
        "\u{ff1d}1",
        "\u{ff0b}1",
        "\u{ff0d}1",
        "\u{ff20}1",
    ];
    let text: String = formulas
        .iter()
        .map(|field| format!("\"{field}\",x\n"))
        .collect();
    let evil = read(&format!("SerialNumber,SeosId\n{text}"));
    let invalid = evil.invalid_records();
    for field in formulas {
        assert!(invalid.contains(&format!("\"'{field}\",")), "{invalid}");
    }
    // A record of another form may begin with what ends a line.
    let fields = ["\r=1", ";=1"].map(String::from);
    let record = (fields, BandRecord::read("", ""));
    let other = Upload::of_records([record]).unwrap().invalid_records();
    assert!(other.contains("\"'\r=1\",\";=1\",\"line 1"), "{other}");
}

#[test]
fn a_seos_id_is_one_bands() {
    let mut upload = read(
        "SerialNumber,SeosId\nDABC-00001,04A1\nDABC-00002,04A1\nDABC-00003,04A3\nDABC-00004,04A4\n",
    );
    let taken = |upload: &Upload| -> Vec<usize> {
        let rows = upload.rows().iter();
        rows.filter(|row| matches!(row.record, Err(RowError::SeosIdTaken(_))))
            .map(|row| row.line)
            .collect()
    };
    assert_eq!(taken(&upload), [3], "an earlier row has it");
    upload.refuse_taken(|record| record.seos_id.as_str() == "04A3");
    assert_eq!(taken(&upload), [3, 4], "the server has it for another band");
    assert_eq!(upload.counts(|_| Known::No).invalid, 2);
    assert!(upload.invalid_records().contains(
        "\"DABC-00003\",\"04A3\",\"line 4: SeosId is \"\"04A3\"\"; another Nymi Band has it\"\r\n"
    ));
}

#[test]
fn records_of_another_form_have_the_same_rules() {
    let record = |serial: &str, id: &str| {
        (
            [serial.to_owned(), id.to_owned()],
            BandRecord::read(serial, id),
        )
    };
    let records = [
        record("dabc-00001", " 04A1 "),
        record("AAAH-00001", "04A2"),
        record("DABC-00001", "04A3"),
        record("DABC-00004", "04A1"),
    ];
    let upload = Upload::of_records(records.clone()).unwrap();
    let text = records
        .iter()
        .map(|([serial, id], _)| format!("{serial},{id}\n"));
    let file = read(&format!(
        "SerialNumber,SeosId\n{}",
        text.collect::<String>()
    ));
    let said = |upload: &Upload| -> Vec<_> {
        let rows = upload.rows().iter();
        rows.map(|row| (row.fields.clone(), row.record.clone()))
            .collect()
    };
    assert_eq!(said(&upload), said(&file));
    let values = upload.rows().iter().map(|row| upload.values(row));
    assert!(values.eq(file.rows().iter().map(|row| file.values(row))));
    let many = (0..=MAX_ROWS).map(|_| record("x", "y"));
    assert_eq!(Upload::of_records(many), Err(ImportError::TooMany));
}

/// Found by fuzzing: a tab before a name got an apostrophe, and the name was not known again.
#[test]
fn the_file_of_errors_has_the_columns_again() {
    let upload = read("\tSerialNumber, SeosId\nDABC-5,04A1\n");
    let told = read(&upload.invalid_records());
    assert_eq!(told.rows().len(), 1);
    assert!(told.rows()[0].fields[2].starts_with("line 2: SerialNumber is"));
}

#[test]
fn a_mended_file_of_errors_has_the_values_again() {
    for id in ["-7A01", "=04A1", "+1", "@x", "''-7A01", "'04A1", "'"] {
        let upload = read(&format!("SerialNumber,SeosId\nDABC-5,{id}\n"));
        let mended = upload.invalid_records().replace("DABC-5", "DABC-00005");
        let told = read(&mended);
        let record = told.rows()[0].record.as_ref().unwrap();
        // What was sent with one guard had it from a file of ours.
        let sent = upload.values(&upload.rows()[0])[1];
        assert_eq!(record.seos_id.as_str(), sent, "{mended}");
    }
    let guarded = read("SerialNumber,SeosId\nDABC-00001,'-7A01\nDABC-00002,'04A1\n");
    let ids = guarded.rows().iter().map(|row| {
        let record = row.record.as_ref().unwrap();
        record.seos_id.as_str()
    });
    assert_eq!(ids.collect::<Vec<_>>(), ["-7A01", "'04A1"]);
}

#[test]
fn a_whole_file_that_is_none_is_refused() {
    let refused = |text: &str| text.parse::<Upload>().unwrap_err();
    for (text, expected) in [
        ("", "line 1: the column SerialNumber must be there, once"),
        ("SerialNumber\n", "line 1: the column SeosId"),
        (
            "\u{feff}SerialNumber;SeosId\r\nDABC-00001;04A1\r\n",
            "line 1: the fields are separated by ';'; save the file with commas",
        ),
        (
            "\"Model\"\t\"serialnumber\"\tx\n",
            "line 1: the fields are separated by '\\t'",
        ),
        ("Model;x\n", "line 1: the column SerialNumber"),
        (
            "sep=,\nSerialNumber,SeosId\n",
            "line 1: \"sep=,\" names no columns; delete this line",
        ),
        ("\"SEP=;\"\nSerialNumber;SeosId\n", "line 1: \"\\\"SEP=;"),
        ("SerialNumber,SeosId,seosid\n", "line 1: the column SeosId"),
        (
            "SerialNumber,SeosId\n\n\"DABC-00001,1\n",
            "line 3: a quoted field has no closing quote",
        ),
        (
            "SerialNumber,SeosId\nDABC\"-00001,1\n",
            "line 2: a quote may only begin",
        ),
        (
            "SerialNumber,SeosId\n\"DABC-00001\"x,1\n",
            "line 2: a quote may only begin",
        ),
    ] {
        let error = refused(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
    let long = format!("SerialNumber,SeosId\n{},1\n", "x".repeat(MAX_FIELD + 1));
    let longest = format!("SerialNumber,SeosId\n{},1\n", "x".repeat(MAX_FIELD));
    assert_eq!(read(&longest).rows().len(), 1);
    let error = CsvError::Field;
    assert_eq!(refused(&long), ImportError::Csv { line: 2, error });
    let wide = ",".repeat(MAX_COLUMNS);
    let error = CsvError::Columns;
    assert_eq!(refused(&wide), ImportError::Csv { line: 1, error });
    let many = format!("SerialNumber,SeosId\n{}", "x,1\n".repeat(MAX_ROWS + 1));
    assert_eq!(refused(&many), ImportError::TooMany);
    let header = "SerialNumber,SeosId";
    let largest = header.to_owned() + &"\n".repeat(MAX_FILE - header.len());
    assert_eq!(read(&largest).rows(), []);
    let longest_row = "DABC-00001,".len() + 64 + "\r\n".len();
    assert!(
        header.len() + MAX_ROWS * longest_row <= MAX_FILE,
        "all rows fit"
    );
    let large = " ".repeat(MAX_FILE + 1);
    assert_eq!(
        refused(&large),
        ImportError::TooLarge {
            found: MAX_FILE + 1
        }
    );
}

#[test]
fn a_wrong_value_is_told_with_its_rule() {
    let upload = read("SerialNumber,SeosId,a;b\nDABC-0001x,04A1,\nDABC-00001,,\n");
    let told = upload.rows().iter().map(|row| {
        let error = row.record.as_ref().unwrap_err();
        error.to_string()
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "SerialNumber is \"DABC-0001x\"; it must be four letters or digits, a hyphen and four or five \
             digits, such as ACAK-00056",
            "SeosId is \"\"; it must be 1 to 64 visible ASCII characters",
        ]
    );
}

#[test]
fn a_seos_id_is_shown_as_it_was_read() {
    let id: SeosId = "04A1-b2".parse().unwrap();
    assert_eq!(id.to_string(), "04A1-b2");
}

#[test]
fn names_ends_of_lines_and_order_of_columns_do_not_matter() {
    let plain = read("SerialNumber,SeosId\nDABC-00001,04A1\nDABC-00002,04A2\n");
    for text in [
        "\u{feff}serialnumber,SEOSID\r\nDABC-00001,04A1\r\nDABC-00002,04A2",
        "SeosId,HardwareID\n04A1,dabc-00001\n04A2, DABC-00002 \n\n",
        "\"SerialNumber\",\"SeosId\"\r\"DABC-00001\",\"04A1\"\r\"DABC-00002\",04A2\r",
    ] {
        let records = |upload: &Upload| -> Vec<_> {
            upload.rows().iter().map(|row| row.record.clone()).collect()
        };
        assert_eq!(records(&read(text)), records(&plain), "{text:?}");
    }
    assert_eq!(shown_name("C:\\fakepath\\order 7.csv"), "order 7.csv");
    assert_eq!(shown_name("/home/a/order.csv"), "order.csv");
    assert_eq!(shown_name("order.csv"), "order.csv");
}

#[test]
fn an_import_lets_a_seos_band_be_enrolled() {
    use crate::enrollment::seos_first_enrollment;
    assert!(matches!(
        seos_first_enrollment(Variant::SeosUnknown),
        Outcome::Refuse(_)
    ));
    let upload = read("SerialNumber,SeosId\nDABC-00001,04A1\n");
    let imported = upload.actions(|_| Known::No);
    let variant = match imported[..] {
        [Action::Add(record)] if record.serial.as_str() == "DABC-00001" => Variant::SeosImported,
        _ => Variant::SeosUnknown,
    };
    assert!(matches!(seos_first_enrollment(variant), Outcome::Go(_)));
}

fn any_field() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Z]{4}-[0-9]{5}", "[ -~]{0,12}", "[\",\r\n=é'-]{0,6}",]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", body in "[\",\r\nA-Z0-9-]{0,200}") {
        let _ = text.parse::<Upload>();
        let _ = format!("SerialNumber,SeosId\n{body}").parse::<Upload>();
    }

    #[test]
    fn fields_survive_the_file_of_errors(rows in prop::collection::vec([any_field(), any_field()], 0..8)) {
        let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let text: String = rows
            .iter()
            .map(|row| format!("{},{}\n", quoted(&row[0]), quoted(&row[1])))
            .collect();
        let upload = read(&format!("SerialNumber,SeosId\n{text}"));
        let told = read(&upload.invalid_records());
        let wrong: Vec<_> = upload.rows().iter().filter(|row| row.record.is_err()).collect();
        prop_assert_eq!(told.rows().len(), wrong.len());
        for (told, row) in told.rows().iter().zip(wrong) {
            for (field, found) in row.fields.iter().zip(&told.fields) {
                prop_assert_eq!(found, field);
            }
            prop_assert!(told.fields[2].starts_with("line "));
        }
        // Nothing is counted twice or lost.
        let counts = upload.counts(known);
        prop_assert_eq!(counts.new + counts.known + counts.invalid, upload.rows().len());
    }

    #[test]
    fn a_serial_number_is_taken_once(serials in prop::collection::vec("[DF]ABC-0000[0-9]", 0..20)) {
        let text: String = serials.iter().map(|serial| format!("{serial},{serial}\n")).collect();
        let upload = read(&format!("SerialNumber,SeosId\n{text}"));
        let mut unique = serials.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(upload.counts(|_| Known::No).new, unique.len());
        let twice = upload.rows().iter().filter(|row| matches!(row.record, Err(RowError::Twice(_))));
        prop_assert_eq!(twice.count(), serials.len() - unique.len());
    }
}
