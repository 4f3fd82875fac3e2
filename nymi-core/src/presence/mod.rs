//! Presence: the advertising key and the presence authentication code (PAC).
//!
//! At enrollment band and server agree on two keys ([`agreement`]). From then on the band advertises
//! a [`Frame`] whose code changes every TInterval, and the server [`verify()`]s it: is it authentic,
//! is it as old as the clocks allow, has it been seen before? All state belongs to one pair of band
//! and T_set.
//!
//! What a verified frame does not prove: distance. Radio can be relayed in real time.

pub mod agreement;
mod cmac;
mod frame;
mod key;
mod parameters;
pub mod tune;
mod verify;

pub use cmac::Cmac;
pub use frame::{Flags, Frame, FrameError, Tail};
pub use key::{AdvKey, PacKey};
pub use parameters::{PacParameterError, PacParameterValues, PacParameters};
pub use verify::{Best, Claim, Last, Outcome, TSet, Verification, VerificationState, verify};
