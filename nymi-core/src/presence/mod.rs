//! Presence: the advertising key and the presence authentication code (PAC).
//!
//! At enrollment band and server agree on two keys ([`agreement`]). From then on the band advertises
//! a [`Frame`] whose code changes every TInterval, and the server [`verify()`]s it: is it authentic,
//! is it as old as the clocks allow, has it been seen before? All state belongs to one pair of band
//! and T_set.
//!
//! ```text
//!  agreement ──> AdvKeys ──┬─ first ──> PacKey ──> Frame::signed ~~~ radio ~~~> Frame::parse
//!                          └─ second ─> set_time_tag                               │
//!  VerificationState, TSet, PacParameters, Claim ──────────────────────────────> verify
//!                                                                                  │
//!                                      Outcome, skew, and the next VerificationState
//! ```
//!
//! The chapter [Presence](crate::manual::presence) has the layout, the eight steps with their
//! sources, the parameters, and an example over several frames. [`tune`] chooses parameters from what
//! was observed.
//!
//! What a verified frame does not prove: distance. Radio can be relayed in real time.
//!
//! ```
//! use nymi_core::presence::{AdvKey, Flags, Frame, PacKey, TSet};
//! use nymi_core::BandId;
//!
//! // What an endpoint hears; it can read the frame and not check it.
//! let heard = hex::decode("130000003c0123456789abcdef04").unwrap();
//! let frame = Frame::parse(&heard)?;
//! assert_eq!((frame.counter, frame.tx_power), (60, 4));
//! assert_eq!(frame.flags, Flags { authenticated: true, worn: true, ..Flags::default() });
//! assert_eq!(frame.to_bytes(), heard);
//!
//! // Who has the band's key finds that this one was made up.
//! let key = PacKey::new(&AdvKey::new([7; 16]), BandId::new([1; 6]));
//! assert!(!key.verifies(&frame, TSet::new(1_778_600_000_000).unwrap().into()));
//! # Ok::<(), nymi_core::presence::FrameError>(())
//! ```

pub mod agreement;
mod caution;
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
