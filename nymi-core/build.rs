//! Turns the troubleshooting catalogue into Rust tables, so that the core needs no parser for it.
#![allow(
    clippy::disallowed_methods,
    reason = "it reads the catalogue and writes code"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use serde::Deserialize;

const CATALOGUE: &str = "data/troubleshooting.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    component: String,
    severity: Severity,
    message: String,
    message_kind: Option<MessageKind>,
    #[serde(default)]
    also: Vec<String>,
    r#match: Option<Match>,
    status: Option<u32>,
    status_kind: Option<CodeKind>,
    maps_to: Option<u32>,
    causes: Vec<String>,
    remedies: Vec<String>,
    detect: Option<String>,
    note: Option<String>,
    scope: Scope,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Info,
    Warning,
    Error,
    Fatal,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessageKind {
    Heading,
    Sentence,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Match {
    Prefix,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Product,
    Platform,
    Hardware,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CodeKind {
    Napi,
    Nsl,
    EventTypeId,
    ResponseCode,
    BandFault,
    Http,
    OsError,
    Windows,
    DirectoryBind,
}

fn main() {
    println!("cargo::rerun-if-changed={CATALOGUE}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(CATALOGUE).expect("the catalogue is part of the source");
    let catalogue: Catalogue = toml::from_str(&text).expect("the catalogue is well-formed");
    let mut ids = BTreeSet::new();
    let mut table = String::from("pub(super) static ENTRIES: &[Entry] = &[\n");
    for entry in &catalogue.entry {
        assert!(ids.insert(&entry.id), "the id {} is there twice", entry.id);
        write_entry(&mut table, entry);
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("catalogue.rs"), table).expect("OUT_DIR is writable");
}

fn write_entry(table: &mut String, entry: &Entry) {
    let kind = match &entry.message_kind {
        None => "Shown".to_owned(),
        Some(kind) => format!("{kind:?}"),
    };
    let code = match (&entry.status_kind, entry.status) {
        (Some(kind), Some(number)) => {
            format!("Some(Code {{ kind: CodeKind::{kind:?}, number: {number} }})")
        }
        (None, None) => "None".to_owned(),
        _ => panic!("{}: status and status_kind come together", entry.id),
    };
    writeln!(
        table,
        "Entry {{ id: {:?}, component: {:?}, severity: Severity::{:?}, message: {:?}, \
         message_kind: MessageKind::{kind}, also: &{:?}, is_prefix: {}, code: {code}, \
         maps_to: {:?}, causes: &{:?}, remedies: &{:?}, detect: {:?}, note: {:?}, \
         scope: Scope::{:?}, source: {:?} }},",
        entry.id,
        entry.component,
        entry.severity,
        entry.message,
        entry.also,
        matches!(entry.r#match, Some(Match::Prefix)),
        entry.maps_to,
        entry.causes,
        entry.remedies,
        entry.detect,
        entry.note,
        entry.scope,
        entry.source,
    )
    .expect("writing to a string cannot fail");
}
