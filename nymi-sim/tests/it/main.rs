//! The simulator from outside: bands against a server's side of the protocol, the place in virtual
//! time, the control port over real sockets.

mod band;
mod clock;
mod control;
mod enrollment;
mod hostile;
mod life;
mod pki;
mod session;
mod session_tls;
mod state;
mod stream;
mod tap_tuning;
mod template;
mod terminal;
mod world;
