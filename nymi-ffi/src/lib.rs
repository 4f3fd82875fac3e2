//! `nymi_api`: the native client for C and every language that calls C.
//!
//! `include/nymi_api.h` is generated from this crate and documents every function for its caller.
//! Inside, each entry is wrapped once: [`boundary`] turns pointers into values and panics into
//! results, [`classic`] holds the five functions that existing integrations link, over one client of
//! the process; [`threads`] keeps our thread out of the host's signals.

pub mod boundary;
pub mod classic;
mod threads;
pub mod version;
