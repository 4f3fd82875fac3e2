//! `nymi_api`: the native client for C and every language that calls C.
//!
//! `include/nymi_api.h` is generated from this crate and documents every function for its caller.
//! There are two interfaces over the same clients. [`classic`] holds the five functions that existing
//! integrations link, over one client of the process. The handle interface is for new code:
//! [`client`] makes clients and moves JSON, [`operations`], [`info`],
//! [`band`] and [`events`] are typed.
//!
//! Beneath, each concern has one module: [`boundary`] turns pointers into values and panics into
//! results, `handles` recognises clients that were freed, `memory` keeps what C was given until it
//! comes back, `callbacks` and `descriptor` tell programs of updates, `process` notices a fork,
//! `reserve` is what they have when the system has no memory, `threads` keeps ours out of the host's
//! signals, `dpapi` seals stored keys on Windows.

pub mod band;
pub mod boundary;
mod call;
mod callbacks;
pub mod classic;
pub mod client;
mod descriptor;
#[cfg(windows)]
mod dpapi;
pub mod error;
pub mod events;
mod handles;
pub mod info;
mod memory;
mod network;
pub mod operations;
mod process;
mod reserve;
mod threads;
pub mod version;

pub use call::NymiCall;
