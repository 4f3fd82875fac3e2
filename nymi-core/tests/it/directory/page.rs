//! The generated page.

use std::fmt::Write as _;
use std::path::PathBuf;

use nymi_core::directory::{AccountStatus, BindRefusal, SUB_CODES};

/// The page, from the tables in code.
fn page() -> String {
    let mut page = String::from(
        "# Account status\n\n\
         Generated from `nymi-core/src/directory`; `UPDATE_GENERATED=1 cargo test -p nymi-core` writes it\n\
         anew.\n\n\
         Where several apply, the first counts.\n\n\
         | status | code | meaning | Connect shows |\n\
         | --- | --- | --- | --- |\n",
    );
    for status in AccountStatus::ALL {
        let (name, code) = (status.name(), status.status().code());
        let shown = status.connect_heading().unwrap_or("–");
        writeln!(page, "| `{name}` | {code} | {status} | {shown} |").unwrap();
    }
    page.push_str(
        "\n## A refused bind\n\n\
         The directory's message has `data` and the sub-code in hex. What it says without the right\n\
         password is told to a stranger as wrong credentials.\n\n\
         | sub-code | error | meaning | code | told |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    let other = (None, "any other", BindRefusal::Other(None));
    let rows = SUB_CODES
        .iter()
        .map(|row| (Some(row.code), row.name, row.refusal))
        .chain([other]);
    for (code, name, refusal) in rows {
        let code = code.map_or("–".to_owned(), |code| format!("`{code:x}`"));
        let (meaning, inside) = (refusal.sentence(), refusal.status().code());
        let outside = refusal.status_outside().code();
        writeln!(
            page,
            "| {code} | {name} | {meaning} | {inside} | {outside} |"
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_is_generated_from_the_tables() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/account-status.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/account-status.md differs from the tables; run with UPDATE_GENERATED=1"
    );
}
