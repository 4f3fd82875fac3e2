//! The tables in the chapters of the manual are what the code says. `UPDATE_GENERATED=1` writes them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nymi_core::UnixMillis;
use nymi_core::assertion::{AssertionError, ClaimsError, Part, Sha256Hex};
use nymi_core::chain::pem::PemError;
use nymi_core::chain::{Certificate, ChainError, FAULTS, Fault, FoundGrade, Grade, Role, oid};
use nymi_core::message::Status;
use nymi_core::presence::{
    Frame, Outcome, PacParameterError, PacParameterValues, PacParameters, tune,
};

/// One table is written at a time: several stand in one file.
static FILES: Mutex<()> = Mutex::new(());

/// Compares the text between `<!-- generated: name -->` and `<!-- end -->`, or writes it.
fn compare(file: &str, name: &str, table: &str) {
    let _alone = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let marker = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text.split_once(&marker).expect(&marker);
    let (found, after) = rest.split_once("<!-- end -->\n").expect("an end");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(
            &path,
            format!("{before}{marker}{table}<!-- end -->\n{after}"),
        )
        .unwrap();
        return;
    }
    assert!(
        found == table,
        "{file}: \"{name}\" differs from the code; run with UPDATE_GENERATED=1"
    );
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    let rows = rows.into_iter().map(|row| line(&row));
    [line(&head), line(&rule)].into_iter().chain(rows).collect()
}

fn at(text: &str) -> UnixMillis {
    text.parse().unwrap()
}

/// Something wrong in an encoding.
fn der_error() -> Fault {
    Certificate::from_der(&[0x30, 0x80])
        .unwrap_err()
        .fault()
        .clone()
}

/// One of each kind.
fn faults() -> Vec<Fault> {
    let not_before = at("2026-05-01T00:00:00.000Z");
    let not_after = at("2026-05-15T00:00:00.000Z");
    let now = at("2026-05-16T08:30:00.000Z");
    vec![
        Fault::Missing,
        Fault::Grade {
            expected: Grade::Gold,
            found: FoundGrade::One(Grade::Bronze),
        },
        Fault::Validity {
            not_before,
            not_after,
            at: now,
        },
        der_error(),
        Fault::TooLarge {
            found: 70_000,
            limit: 65_536,
        },
        Fault::TooMany {
            found: 200,
            limit: 128,
        },
        Fault::WorkLimit,
        Fault::UnknownIssuer {
            issuer: "CN=Acme NES L2 CA".into(),
        },
        Fault::BadSignature,
        Fault::UnsupportedSignature {
            found: "1.2.840.113549.1.1.11".into(),
        },
        Fault::UnsupportedKey {
            found: "1.3.132.0.34".into(),
        },
        Fault::AlgorithmsDiffer,
        Fault::NotCa,
        Fault::PathLength { limit: 0 },
        Fault::TooDeep { limit: 1, found: 2 },
        Fault::KeyUsage {
            expected: "digitalSignature",
        },
        Fault::Role {
            expected: Role::Nea,
            missing: oid::ROLE_NEA,
        },
        Fault::KeyPurpose {
            expected: oid::CLIENT_AUTH,
        },
        Fault::CaLeaf,
        Fault::UnknownCritical {
            found: "1.2.3".into(),
        },
        Fault::DuplicateExtension {
            found: "2.5.29.15".into(),
        },
        Fault::Serial,
        Fault::Version,
        Fault::NotPermitted {
            name: "mes.example.com".into(),
        },
        Fault::Excluded {
            name: "mes.example.com".into(),
        },
        Fault::Policy,
        Fault::Revoked {
            since: not_before,
            reason: 1,
        },
        Fault::RevocationUnknown,
        Fault::CrlOutdated {
            this_update: not_before,
            next_update: Some(not_after),
            at: now,
        },
        Fault::CrlUnusable {
            reason: "it is larger than 16 MiB",
        },
        Fault::NotConforming {
            rule: "keyCertSign is for CAs alone (4.2.1.9)",
        },
        Fault::LeafIsAnchor,
        Fault::EmptyName,
        Fault::NoAnchor,
        Fault::Pem(PemError::Missing("CERTIFICATE".into())),
        Fault::L2PathLength { found: None },
        Fault::SecondRole {
            expected: Role::Nea,
            found: Role::Agent,
        },
    ]
}

#[test]
fn chain_errors() {
    let faults = faults();
    let numbers: Vec<u32> = faults.iter().map(Fault::number).collect();
    let all: Vec<u32> = FAULTS.iter().map(|info| info.number).collect();
    assert_eq!(numbers, all, "one example of each");
    let rows = faults.iter().zip(FAULTS).map(|(fault, info)| {
        let cells = [
            info.number.to_string(),
            info.name.into(),
            fault.to_string(),
            info.remedy.into(),
        ];
        cells.to_vec()
    });
    let head = ["number", "name", "says, for example", "what to do"];
    compare("manual/trust.md", "chain errors", &table(&head, rows));
}

fn chain_error() -> ChainError {
    Certificate::from_der(&[]).unwrap_err()
}

/// One of each kind, by number.
fn refusals() -> Vec<AssertionError> {
    let (iat, now) = (
        at("2026-05-13T08:30:00.000Z"),
        at("2026-05-13T08:32:00.000Z"),
    );
    let (one, other) = (Sha256Hex::of(b"one"), Sha256Hex::of(b"other"));
    let (found, expected) = ("kiosk".to_owned(), "mes".to_owned());
    vec![
        AssertionError::TooLarge { found: 20_000 },
        AssertionError::Parts { found: 2 },
        AssertionError::Base64 { part: Part::Claims },
        AssertionError::Json {
            part: Part::Claims,
            detail: "\"sub\" is there twice".into(),
        },
        AssertionError::HeaderMember { name: "jwk".into() },
        AssertionError::HeaderMissing { name: "x5c" },
        AssertionError::Algorithm {
            found: "none".into(),
        },
        AssertionError::Type {
            found: "JWT".into(),
            expected: "nymi-assertion+jwt",
        },
        AssertionError::X5cCount { found: 3 },
        AssertionError::X5cBase64 { index: 0 },
        AssertionError::Claims(ClaimsError::Lifetime),
        AssertionError::Chain(chain_error()),
        AssertionError::Signature,
        AssertionError::Issuer {
            found: "nes.other.example".into(),
            expected: "nes.example.com".into(),
        },
        AssertionError::Audience { found, expected },
        AssertionError::Nonce,
        AssertionError::Expired {
            exp: iat.saturating_add(60_000),
            now,
        },
        AssertionError::NotYet { iat: now, now: iat },
        AssertionError::NoDocument,
        AssertionError::Document {
            found: one,
            expected: other,
        },
        AssertionError::SameUser {
            user: "ACME\\mdoe".into(),
        },
        AssertionError::Countersigned {
            found: one,
            expected: other,
        },
        AssertionError::Order {
            signed_at: now,
            countersigned_at: iat,
        },
        AssertionError::X5cPath,
    ]
}

/// The variant's name.
fn variant(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[test]
fn assertion_errors() {
    let rows: Vec<Vec<String>> = refusals()
        .iter()
        .zip(1..)
        .map(|(error, number)| {
            assert_eq!(error.number(), number, "{error}");
            vec![
                number.to_string(),
                format!("`{}`", variant(error)),
                error.to_string(),
            ]
        })
        .collect();
    let head = ["number", "name", "says, and what to do"];
    compare(
        "manual/assertions.md",
        "assertion errors",
        &table(&head, rows),
    );

    let claims = [
        ClaimsError::Empty("sub"),
        ClaimsError::Lifetime,
        ClaimsError::Intent("document_sha256"),
        ClaimsError::Moment("verified_at"),
        ClaimsError::Document,
    ];
    let rows = claims
        .iter()
        .map(|error| vec![format!("`{}`", variant(error)), error.to_string()]);
    compare(
        "manual/assertions.md",
        "claims errors",
        &table(&["name", "says"], rows),
    );
}

#[test]
fn outcomes() {
    let rows = Outcome::ALL.iter().map(|outcome| {
        let status = Status::ALL
            .iter()
            .find(|status| status.code() == outcome.status());
        let status = status.expect("a status of the table");
        vec![
            format!("`{}`", outcome.name()),
            outcome.event_type_id().to_string(),
            format!("{} `{}`", status.code(), status.name()),
            status.description().into(),
            status.remedy().into(),
        ]
    });
    let head = ["outcome", "EventTypeID", "status", "says", "what to do"];
    compare("manual/presence.md", "outcomes", &table(&head, rows));
}

/// The refusal of this value of this parameter.
fn refused(name: &str, value: i64) -> PacParameterError {
    let mut json = serde_json::to_value(PacParameterValues::default()).unwrap();
    json[name] = value.into();
    let values: PacParameterValues = serde_json::from_value(json).unwrap();
    PacParameters::try_from(values).unwrap_err()
}

#[test]
fn presence_parameters() {
    let defaults = serde_json::to_value(PacParameterValues::default()).unwrap();
    let order = [
        "TInterval",
        "DmNBANESTime",
        "DvNBANESTime",
        "DmNBANBTime",
        "DvNBANBTime",
        "DmClockDrift",
        "DvClockDrift",
        "DmIntent",
        "DvIntent",
    ];
    assert_eq!(defaults.as_object().unwrap().len(), order.len());
    let rows = order.iter().map(|name| {
        let refused = refused(name, i64::MAX);
        let range = format!("{} to {}", refused.min, refused.max);
        vec![
            format!("`{name}`"),
            defaults[name].to_string(),
            range,
            refused.unit.into(),
        ]
    });
    let head = ["parameter", "default", "range", "unit"];
    compare(
        "manual/presence.md",
        "presence parameters",
        &table(&head, rows),
    );
}

const HOUR_MS: i64 = 3_600_000;

fn seconds(ms: i64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

#[test]
fn presence_windows() {
    let defaults = PacParameters::default();
    let rows = [
        ("an hour", 1),
        ("a day", 24),
        ("a week", 168),
        ("30 days", 720),
    ]
    .map(|(name, hours)| {
        let life = tune::code_lifetime_ms(&defaults, hours * HOUR_MS);
        let in_use = tune::delay_in_use_ms(&defaults, hours * HOUR_MS);
        let counters = life.div_euclid(i64::from(defaults.t_interval_ms())) + 1;
        vec![
            name.to_owned(),
            seconds(life),
            counters.to_string(),
            seconds(in_use),
        ]
    });
    let head = [
        "since the clock was set, or the band last heard",
        "not heard since: a code passes for",
        "counters allowed at a moment, at most",
        "heard then: as late as",
    ];
    compare("threat-model.md", "presence windows", &table(&head, rows));
}

#[test]
fn guesses() {
    /// Settings of the clock that a server tries for one frame (nymi-nes: one in force, three pending).
    const SETTINGS: u32 = 4;
    const YEAR_S: f64 = 31_557_600.0;
    let frame = Frame::parse(&[0x13; 14]).unwrap();
    let bits = i32::try_from(frame.pac.len()).unwrap() * 8;
    let chance = f64::from(SETTINGS) / 2f64.powi(bits);
    let rows = [1.0, 1e3, 1e6].map(|a_second: f64| {
        let years = 1.0 / (chance * a_second * YEAR_S);
        vec![format!("{a_second}"), format!("once in {years:.1e} years")]
    });
    let head = ["frames tried a second", "one is right, on average"];
    let text = format!(
        "A code has {bits} bits; {SETTINGS} settings of the clock, so each frame has a chance of 2^-{:.0}.\n\n",
        -chance.log2()
    );
    compare("threat-model.md", "guesses", &(text + &table(&head, rows)));
}
