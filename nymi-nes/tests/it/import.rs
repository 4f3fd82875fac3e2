//! The import of bands: the vendor's file or a list, what is taken, and what is said of the rest.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Nes, Reply, Session};

const CSV: &str = "Content-Type: text/csv\r\n";
const FILE: &str = "\
SerialNumber,Model,SeosId
DABC-00001,x,04A1
DABC-00002,x,04A2
GEXX-1234,x,04A4
=cmd|' /C calc'!A0,x,04A5
DABC-00006,x,
DABC-00001,x,04A7
DABC-00008,x,04A1
DABC-00009
";

async fn upload(session: &Session<'_>, text: &str) -> Reply {
    session
        .send("api/Import", CSV, text.as_bytes())
        .await
        .into()
}

/// Serial numbers and Seos ids, in order of import.
async fn stored(nes: &Nes) -> Vec<(String, String)> {
    sqlx::query_as(r#"SELECT "HardwareID", "SeosId" FROM "nub.SeosRecord" ORDER BY "ID""#)
        .fetch_all(&nes.database().await)
        .await
        .unwrap()
}

fn pair(serial: &str, id: &str) -> (String, String) {
    (serial.to_owned(), id.to_owned())
}

fn counts(answer: &Value) -> (u64, u64, usize) {
    let number = |name: &str| answer[name].as_u64().unwrap();
    let invalid = answer["Invalid"].as_array().unwrap().len();
    (number("Added"), number("Known"), invalid)
}

#[tokio::test]
async fn a_file_adds_what_is_new_keeps_what_is_known_and_names_what_is_wrong() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let first = upload(&admin, "SerialNumber,SeosId\nDABC-00002,OLD\n").await;
    assert_eq!(counts(&first.ok()), (1, 0, 0));
    let answer = upload(&admin, FILE).await.ok();
    assert_eq!(counts(&answer), (1, 1, 6));
    assert_eq!(answer["InvalidCount"], 6);
    let differs =
        json!({"Row": 3, "SerialNumber": "DABC-00002", "SeosId": "04A2", "Stored": "OLD"});
    assert_eq!(answer["Differs"], json!([differs]));
    assert_eq!(answer["DiffersCount"], 1);
    let same = upload(&admin, "SerialNumber,SeosId\nDABC-00002,OLD\n").await;
    assert_eq!(
        same.ok()["Differs"],
        json!([]),
        "what is the same does not differ"
    );
    let wrong = |row: usize| &answer["Invalid"][row];
    for (at, line, serial, reason) in [
        (0, 4, "GEXX-1234", "of a Seos band"),
        (1, 5, "=cmd|' /C calc'!A0", "four letters or digits"),
        (2, 6, "DABC-00006", "1 to 64 visible ASCII"),
        (3, 7, "DABC-00001", "twice"),
        (4, 8, "DABC-00008", "another Nymi Band has it"),
        (5, 9, "DABC-00009", "the row has 1 fields; it must have 3"),
    ] {
        assert_eq!(
            (&wrong(at)["Row"], &wrong(at)["SerialNumber"]),
            (&json!(line), &json!(serial))
        );
        assert!(
            wrong(at)["Error"].as_str().unwrap().contains(reason),
            "{}",
            wrong(at)
        );
    }
    assert_eq!(wrong(4)["SeosId"], "04A1");
    let expected = [pair("DABC-00002", "OLD"), pair("DABC-00001", "04A1")];
    assert_eq!(
        stored(&nes).await,
        expected,
        "what is known stays as it was"
    );
    let audit: Vec<(String, String, String, String)> = sqlx::query_as(
        r#"SELECT "EventType", "HardwareID", "SeosId", "ModifiedBy" FROM "audit.SeosRecord" ORDER BY "Identity""#,
    )
    .fetch_all(&nes.database().await)
    .await
    .unwrap();
    let row = |serial: &str, id: &str| {
        let (serial, id) = pair(serial, id);
        ("C".to_owned(), serial, id, "CORP\\admin".to_owned())
    };
    assert_eq!(audit, [row("DABC-00002", "OLD"), row("DABC-00001", "04A1")]);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn the_wrong_rows_come_back_as_a_file_with_the_reason_in_the_last_column() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let headers = format!("{CSV}Accept: text/csv\r\n");
    let file = admin.send("api/Import", &headers, FILE.as_bytes()).await;
    assert_eq!(file.code, 200);
    assert!(
        file.head.contains("content-type: text/csv; charset=utf-8"),
        "{}",
        file.head
    );
    assert!(
        file.head
            .contains("content-disposition: attachment; filename=\"invaliduploadsdata.csv\""),
        "{}",
        file.head
    );
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines[0], r#""SerialNumber","Model","SeosId","Error""#);
    assert_eq!(lines.len(), 7);
    assert!(
        lines[1].starts_with(r#""GEXX-1234","x","04A4","line 4: SerialNumber is"#),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with(r#""'=cmd|' /C calc'!A0","x","04A5","#),
        "no formula: {}",
        lines[2]
    );
    assert!(
        lines[5].contains("another Nymi Band has it"),
        "{}",
        lines[5]
    );
    assert_eq!(stored(&nes).await.len(), 2, "the good rows are stored");
    // Mended, the same file is taken; the added column is left alone.
    let mended = file.body.replace("GEXX-1234", "FEXX-1234");
    assert_eq!(counts(&upload(&admin, &mended).await.ok()), (1, 1, 4));
    // An id of the server's own counts as one of the file's.
    let taken = upload(&admin, "SerialNumber,SeosId\nDABC-00077,04A4\n")
        .await
        .ok();
    assert!(
        taken["Invalid"][0]["Error"]
            .as_str()
            .unwrap()
            .contains("another Nymi Band has it")
    );
    // Both kinds accepted: the counts.
    let headers = format!("{CSV}Accept: text/csv, application/json\r\n");
    let both: Reply = admin
        .send("api/Import", &headers, FILE.as_bytes())
        .await
        .into();
    assert_eq!(counts(&both.ok()), (0, 2, 6));
}

#[tokio::test]
async fn one_bad_record_of_a_list_does_not_spoil_the_others() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let records = json!([
        {"SerialNumber": "DABC-00001", "SeosId": "04A1"},
        {"SerialNumber": 7, "SeosId": "04A2"},
        {"SerialNumber": "DABC-00003", "SeosId": 3},
        {"SerialNumber": "DABC-00004"},
        "nonsense",
        null,
        {"SerialNumber": "DABC-00001", "SeosId": "04A6"},
        {"HardwareID": "DABC-00008", "SeosId": "04A8", "Model": "Band 4"},
    ]);
    let answer = admin.post("api/Import", &records).await.ok();
    assert_eq!(counts(&answer), (2, 0, 6));
    let wrong: Vec<_> = answer["Invalid"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["Row"].as_u64().unwrap(), row["Error"].as_str().unwrap()))
        .collect();
    for ((row, error), (expected, reason)) in wrong.iter().zip([
        (2, "SerialNumber is \"7\"; it must be a JSON string"),
        (3, "SeosId is \"3\"; it must be a JSON string"),
        (4, "SeosId is \"\""),
        (5, "SerialNumber is \"\""),
        (6, "SerialNumber is \"\""),
        (7, "twice"),
    ]) {
        assert_eq!(*row, expected);
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(
        stored(&nes).await,
        [pair("DABC-00001", "04A1"), pair("DABC-00008", "04A8")]
    );
    for body in [json!({}), json!("x"), json!(null)] {
        admin.post("api/Import", &body).await.refused(400, 1003);
    }
    let large = json!([" ".repeat(1024 * 1024)]);
    let refused = admin.post("api/Import", &large).await.refused(413, 1009);
    assert_eq!(refused["Message"], "the body is larger than 1 MiB");
}

#[tokio::test]
async fn what_is_no_file_is_refused_whole() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    upload(&bob, FILE).await.refused(403, 2003);
    let refused = async |headers: &str, body: &[u8], code: u16, status: u32, reason: &str| {
        let reply: Reply = admin.send("api/Import", headers, body).await.into();
        let body = reply.refused(code, status);
        assert!(body["Message"].as_str().unwrap().contains(reason), "{body}");
    };
    let good = "SerialNumber,SeosId\nDABC-00001,04A1\n";
    for other in ["text/plain", "application/vnd.ms-excel"] {
        let header = format!("Content-Type: {other}\r\n");
        let reason = format!("Content-Type is {other:?}; it must be text/csv");
        refused(&header, good.as_bytes(), 400, 1003, &reason).await;
        refused(&header, b"[]", 400, 1003, "application/json").await;
    }
    refused("", good.as_bytes(), 400, 1003, "the body is not valid").await;
    let latin = [good.as_bytes(), b"DABC-00002,\xe9\n"].concat();
    refused(CSV, &latin, 400, 1003, "not UTF-8 text from byte 48 on").await;
    let utf16: Vec<u8> = format!("\u{feff}{good}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    refused(CSV, &utf16, 400, 1003, "not UTF-8 text from byte 1 on").await;
    let latin = "Content-Type: text/csv; charset=ISO-8859-1\r\n";
    refused(latin, good.as_bytes(), 400, 1003, "charset").await;
    refused(CSV, b"", 400, 1003, "SerialNumber must be there").await;
    let broken = format!("{good}\"DABC-00002,1\n");
    refused(
        CSV,
        broken.as_bytes(),
        400,
        1003,
        "line 3: a quoted field has no closing quote",
    )
    .await;
    let wide = format!("{good}{},1\n", "x".repeat(2000));
    refused(
        CSV,
        wide.as_bytes(),
        400,
        1003,
        "line 3: a field has more than 1024 bytes",
    )
    .await;
    let many = format!("{good}{}", "x,1\n".repeat(100_000));
    refused(CSV, many.as_bytes(), 413, 1009, "more than 100000 rows").await;
    let large = vec![b' '; 8 * 1024 * 1024 + 1];
    refused(CSV, &large, 413, 1009, "larger than 8 MiB").await;
    assert_eq!(stored(&nes).await, [], "nothing of them is stored");
    // What a spreadsheet writes is a file.
    let sheet = format!("\u{feff}{}", good.replace('\n', "\r\n"));
    let utf8 = "Content-Type: Text/CSV; header=present; charset=\"UTF-8\"\r\n";
    let reply: Reply = admin
        .send("api/Import", utf8, sheet.as_bytes())
        .await
        .into();
    assert_eq!(counts(&reply.ok()), (1, 0, 0));
}

#[tokio::test]
async fn an_import_takes_no_band_from_its_user() {
    let nes = Nes::start().await;
    let (bob, admin) = (nes.user("bob").await, nes.administrator().await);
    upload(&admin, "SerialNumber,SeosId\nDABC-00001,04A1\n")
        .await
        .ok();
    bob.enroll_serial(1, "DABC-00001").await.ok();
    let before = bob.get("api/NymiBands").await.ok();
    let other = upload(
        &admin,
        "SerialNumber,SeosId\nDABC-00001,EVIL\nDABC-00002,04A1\n",
    )
    .await;
    assert_eq!(counts(&other.ok()), (0, 1, 1));
    assert_eq!(bob.get("api/NymiBands").await.ok(), before);
    assert_eq!(stored(&nes).await, [pair("DABC-00001", "04A1")]);
    // A band that an earlier version enrolled without its record gets it.
    let database = nes.database().await;
    for sql in [
        r#"DELETE FROM "nub.SeosRecord""#,
        r#"UPDATE "nub.NymiBand" SET "SeosId" = NULL"#,
    ] {
        sqlx::query(sql).execute(&database).await.unwrap();
    }
    let completed = upload(&admin, "SerialNumber,SeosId\nDABC-00001,04A9\n").await;
    assert_eq!(counts(&completed.ok()), (1, 0, 0));
    let seos: String = sqlx::query_scalar(r#"SELECT "SeosId" FROM "nub.NymiBand""#)
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(seos, "04A9");
    nes.server.admin().verify_audit().await.unwrap();
}

/// More than one statement takes, and more than other routes take.
#[tokio::test]
async fn a_large_order_is_one_import() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let rows = (0..30_000).map(|n| format!("D{:03}-{n:05},{n:032X}\n", n / 1000));
    let file = format!("SerialNumber,SeosId\n{}", rows.collect::<String>());
    assert!(file.len() > 1024 * 1024);
    assert_eq!(counts(&upload(&admin, &file).await.ok()), (30_000, 0, 0));
    assert_eq!(counts(&upload(&admin, &file).await.ok()), (0, 30_000, 0));
    let stored = stored(&nes).await;
    assert_eq!(stored.len(), 30_000);
    assert_eq!(
        stored[29_999],
        pair("D029-29999", &format!("{:032X}", 29_999))
    );
    assert!(nes.server.admin().verify_audit().await.unwrap() > 30_000);
}

#[tokio::test]
async fn what_differs_from_the_stored_record_is_in_the_file_of_errors() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let stored = "SerialNumber,SeosId\nDABC-00001,04A1\nDABC-00002,04A2\n";
    upload(&admin, stored).await.ok();
    let file =
        "Model,SerialNumber,SeosId\n=1+1,DABC-00001,\"04,\"\"A9\"\nx,DABC-00002,04A2\ny,GABC-1,1\n";
    let headers = format!("{CSV}Accept: text/csv\r\n");
    let errors = admin
        .send("api/Import", &headers, file.as_bytes())
        .await
        .body;
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 3, "{errors}");
    assert!(lines[1].starts_with(r#""y","GABC-1","1","#), "{errors}");
    let differs = r#""'=1+1","DABC-00001","04,""A9","line 2: SeosId is ""04,\""A9""; the server has ""04A1"", which stays""#;
    assert_eq!(lines[2], differs);
}

#[tokio::test]
async fn an_answer_lists_a_thousand_rows_of_a_kind() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let file = |id: &str| {
        let rows = (0..1001).map(|n| format!("DABC-{n:05},{id}{n}\nGABC-{n},1\n"));
        format!("SerialNumber,SeosId\n{}", rows.collect::<String>())
    };
    let first = upload(&admin, &file("A")).await.ok();
    assert_eq!(counts(&first), (1001, 0, 1000));
    assert_eq!(first["InvalidCount"], 1001);
    let second = upload(&admin, &file("B")).await.ok();
    assert_eq!(counts(&second), (0, 1001, 1000));
    assert_eq!(second["Differs"].as_array().unwrap().len(), 1000);
    assert_eq!(second["DiffersCount"], 1001);
}

/// An import that was begun: with `Expect: 100-continue` the server tells when it begins to read.
struct Begun(TcpStream);

impl Begun {
    async fn send(session: &Session<'_>, length: usize) -> Self {
        let headers = format!("{CSV}Expect: 100-continue\r\n");
        Self(session.begin_sending("api/Import", &headers, length).await)
    }

    /// Waits until the server asks for the file: the import has its turn.
    async fn has_its_turn(&mut self) {
        let mut head = [0; CONTINUE.len()];
        self.0.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, CONTINUE, "{}", String::from_utf8_lossy(&head));
    }

    /// Whether the server has said anything.
    fn is_answered(&self) -> bool {
        self.0.try_read(&mut [0]).is_ok()
    }

    async fn end(mut self, file: &str) -> String {
        self.0.write_all(file.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

const CONTINUE: &[u8; 25] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Each takes many times its size of memory.
#[tokio::test]
async fn one_import_runs_at_a_time() {
    let nes = Nes::start().await;
    let admin = nes.administrator().await;
    let first = "SerialNumber,SeosId\nDABC-00001,04A1\n";
    let second = "SerialNumber,SeosId\nDABC-00002,04A2\n";
    let mut slow = Begun::send(&admin, first.len()).await;
    slow.has_its_turn().await;
    let refused = admin.send("api/Import", CSV, second.as_bytes()).await;
    assert!(refused.head.contains("retry-after: 10"), "{}", refused.head);
    Reply::from(refused).refused(429, 2005);
    // One that waits a short time gets its turn.
    let mut waits = Begun::send(&admin, second.len()).await;
    admin.get("api/Policies").await.ok();
    assert!(!waits.is_answered(), "two at a time");
    let answer = slow.end(first).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    waits.has_its_turn().await;
    let answer = waits.end(second).await;
    assert!(answer.contains("\"Added\":1"), "{answer}");
    assert_eq!(
        stored(&nes).await,
        [pair("DABC-00001", "04A1"), pair("DABC-00002", "04A2")]
    );
}
