//! The Bluetooth endpoint: owns the radio and the readers of one terminal and tells the agent what
//! it hears.
//!
//! ```text
//!   adapter ── heard, NFC, replies ──►  engine  ── frames, taps, presence, status ──►  agent
//!           ◄── requests to bands ────  (pure)  ◄── band_request, configure ─────────
//! ```
//!
//! An [`Adapter`](adapter::Adapter) is a radio: at present the virtual one of `nymulator`. The
//! [`engine`] decides everything, without I/O or clock. [`Endpoint`] joins the two to the agent as
//! `bluebox:<endpoint_id>` and keeps them joined: whatever is missing at the start or goes away
//! later is waited for, reported, and taken back. [`settings`] reads `nbe.toml`; [`record`] writes
//! down what is heard, for tuning.
#![forbid(unsafe_code)]

pub mod adapter;
pub mod engine;
pub mod record;
pub mod settings;

mod clock;
mod endpoint;

pub use clock::now;
pub use endpoint::{AgentLink, Endpoint, Handle, Health, StartError};
pub use settings::{AdapterConfig, Config};
