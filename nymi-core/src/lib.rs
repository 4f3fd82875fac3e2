//! The protocol core of the connected-worker authentication platform.
//!
//! Everything that decides lives here, and nothing that does: no I/O, no clock, no randomness of
//! its own, no async. Time, random bytes, keys and limits come in as arguments; values go out.
//! Servers, the simulator and the native client are shells around this crate.
//!
//! | module | answers |
//! | --- | --- |
//! | [`presence`] | is this advertisement a fresh one of that band? |
//! | [`chain`] | does this certificate chain lead to our pinned L1, for this purpose? |
//! | [`assertion`] | who signed, when, over which document? |
//! | [`tap`] | is a band being tapped, close or gone? |
//! | [`policy`] | what does the active policy say? |
//! | [`enrollment`] | what may be done with a tapped band, and for whom? |
//! | [`import`] | which bands does an order bring, and what is wrong with its file? |
//! | [`json`] | does this object say one thing only? |
//! | [`life`] | whose is this band now, and what becomes of it? |
//! | [`message`] | which request is this, and how is it answered? |
//! | [`band`] | what does a band do, and what do terminals say to it? |
//! | [`lock`] | may this terminal stay unlocked, and may it be unlocked now? |
//! | [`connect`] | are credentials typed into this window, and what is recorded of it? |
//! | [`directory`] | may this account act, as the directory describes it? |
//! | [`catalogue`] | what went wrong, why, and what to do? |
//! | [`text`] | can a reader be misled by this text? |
//!
//! [`crypto`] holds the few operations that a caller passes in, and [`manual`] the chapters on trust,
//! presence and assertions, with every rule's source, and the threat model. Read those first.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod assertion;
pub mod band;
pub mod catalogue;
pub mod chain;
pub mod connect;
pub mod crypto;
pub mod directory;
pub mod enrollment;
pub mod import;
pub mod json;
pub mod life;
pub mod lock;
pub mod manual;
pub mod message;
pub mod policy;
pub mod presence;
pub mod tap;
pub mod text;

mod band_id;
mod forward_clock;
mod time;

pub use band_id::{BandId, BandIdError};
pub use time::{TimeError, UnixMillis};

/// The example of the project's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
