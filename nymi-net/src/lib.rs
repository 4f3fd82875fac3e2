//! What the network parts share.
//!
//! A server binds with [`serve::bind`], puts its [`guard::Guard`] in front and runs under a
//! [`serve::ServerHandle`]; WebSockets are accepted by [`ws`]. A client speaks Phoenix channels
//! through [`channel`] (endpoints and NAPI to the agent) and REST through [`http`] and, typed, through
//! [`nes`] (agent, NAPI and enrollment terminals to the Enterprise Server). [`tls`] makes the
//! configurations of both sides, [`backoff`] decides when to try again, [`network`] is what all of it
//! connects over, [`threads`] starts threads in somebody's process, and [`durable`] replaces files.
#![forbid(unsafe_code)]

pub mod backoff;
pub mod channel;
pub mod durable;
pub mod guard;
pub mod http;
mod names;
pub mod nes;
pub mod network;
pub mod serve;
#[cfg(all(windows, feature = "service"))]
pub mod service;
pub mod threads;
pub mod tls;
pub mod ws;
