//! Writes the public interface of a crate to the standard output, from its rustdoc JSON.
//!
//! A trait that a type derives is one line, without the functions that it brings. Of the traits that
//! the compiler derives by itself, such as `Send`, only those are named that a type does not have.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(json), None) = (arguments.next(), arguments.next()) else {
        return Err("usage: public-interface RUSTDOC.json".into());
    };
    let mut out = std::io::stdout().lock();
    for line in listing(Path::new(&json))? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn listing(json: &Path) -> Result<Vec<String>, public_api::Error> {
    let lines = |omit_derived| {
        let interface = public_api::Builder::from_rustdoc_json(json)
            .omit_blanket_impls(true)
            .omit_auto_derived_impls(omit_derived)
            .build()?;
        Ok::<_, public_api::Error>(interface.into_items().map(|item| item.to_string()))
    };
    let written_by_hand: HashSet<String> = lines(true)?.collect();
    Ok(lines(false)?
        .filter(|line| written_by_hand.contains(line) || line.starts_with("impl"))
        .filter(|line| !is_automatic(line))
        .collect())
}

/// Whether the line says that a type has what every ordinary type has.
fn is_automatic(line: &str) -> bool {
    const TRAITS: [&str; 7] = [
        "core::marker::Send for ",
        "core::marker::Sync for ",
        "core::marker::Unpin for ",
        "core::marker::Freeze for ",
        "core::marker::UnsafeUnpin for ",
        "core::panic::unwind_safe::UnwindSafe for ",
        "core::panic::unwind_safe::RefUnwindSafe for ",
    ];
    line.starts_with("impl")
        && (line.contains(" core::marker::StructuralPartialEq for ")
            || TRAITS.iter().any(|name| line.contains(&format!(" {name}"))))
}
