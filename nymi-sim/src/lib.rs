//! Virtual hardware: bands with the real protocol, a radio between them and the terminals, and the
//! program `nymulator` that serves both over TCP.
//!
//! Two layers. The inner one is pure: time and randomness are arguments, so that a month of bands
//! runs in a second and every run can be repeated. The outer one is a small TCP server.
//!
//! | module | holds |
//! | --- | --- |
//! | [`band`] | one band: certificates, key agreement, clock, wrist, frames |
//! | [`radio`] | how strongly a band is heard at a distance, and how it is carried there |
//! | [`world`] | the bands around one place, their text commands, and what adapters there hear |
//! | [`stream`] | the JSON lines between nymulator and a virtual adapter |
//! | [`clock`] | the system's clock, and one that only tests move |
//! | [`Nymulator`] | the server: control port, radio stream, state file |
#![forbid(unsafe_code)]

pub mod band;
pub mod clock;
pub mod radio;
pub mod stream;
pub mod world;

mod server;
mod state;

pub use band::FirmwareGrade;
pub use server::{Config, Handle, Nymulator, StartError};
pub use state::StateError;
pub use world::BandInfo;
