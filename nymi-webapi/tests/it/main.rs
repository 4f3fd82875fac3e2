//! The agent over real sockets: WebSocket clients on one side, a scripted Enterprise Server on the
//! other.

mod assertions;
mod channels;
mod endpoints;
mod fake_nes;
mod file;
mod guard;
mod limits;
mod nes;
mod pki;
mod proof;
mod support;
mod webapi;
