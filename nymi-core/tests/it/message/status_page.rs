use std::fmt::Write as _;
use std::path::PathBuf;

use nymi_core::chain::FAULTS;
use nymi_core::message::Status;

/// The page, from the tables in code.
fn page() -> String {
    let mut page = String::from(
        "# Status codes\n\n\
         Generated from `nymi-core/src/message/status/table.rs` and the chain errors of\n\
         `nymi-core/src/chain`; `UPDATE_GENERATED=1 cargo test -p nymi-core` writes it anew.\n\n\
         Every update carries a `status`. Numbers are append-only: one that was published keeps its\n\
         meaning. `nymi explain CODE` prints cause and remedy, too.\n\n\
         | code | name | `error_description` | usual cause | what to do |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for status in Status::ALL {
        let (code, name) = (status.code(), status.name());
        let (text, cause, remedy) = (status.description(), status.cause(), status.remedy());
        writeln!(page, "| {code} | `{name}` | {text} | {cause} | {remedy} |").unwrap();
    }
    page.push_str(
        "\n## Certificate errors\n\n\
         Status 8000 may carry `\"nsl\":N` in `error`; logs say `nsl_verify_nea_cert_chain, N`.\n\n\
         | nsl | meaning | what to do |\n\
         | --- | --- | --- |\n",
    );
    for fault in FAULTS {
        writeln!(
            page,
            "| {} | {} | {} |",
            fault.number, fault.name, fault.remedy
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_is_generated_from_the_table() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/status-codes.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/status-codes.md differs from the table; run with UPDATE_GENERATED=1"
    );
}
