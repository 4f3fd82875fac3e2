//! The network parts over real sockets.

mod channel;
mod http;
mod nes;
mod serve;
