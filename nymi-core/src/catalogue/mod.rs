//! The troubleshooting catalogue: what went wrong, why, and what to do?
//!
//! [`explain`] takes whatever an operator has at hand (a status code, a number with the word before
//! it, a band's fault code, a message, a log line, an entry's id) and answers from three tables: the
//! [status codes](crate::message::Status), the [chain errors](crate::chain::FAULTS) and the
//! [`entries`] of `data/troubleshooting.toml`, which the build turns into Rust.
//!
//! ```
//! use nymi_core::catalogue::explain;
//!
//! assert_eq!(explain("4000")[0].message(), "Nymi Agent missing.");
//! assert_eq!(explain("nsl_verify_nea_cert_chain, 99, 14")[0].id(), "nsl-14");
//! assert_eq!(explain("0xD001D")[0].id(), "band-fault-d001d");
//! assert!(explain("the weather").is_empty());
//! ```

mod codes;
mod entry;
mod lookup;
mod text;

pub use entry::{
    Code, CodeKind, Entry, Explanation, MatchKind, MessageKind, Scope, Severity, Source,
};
pub use lookup::{MAX_QUERY, all, explain, suggest};

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Every entry, in the order of the file.
pub fn entries() -> &'static [Entry] {
    ENTRIES
}
