//! What an application and a band say to each other in private.
//!
//! A session is a TLS 1.3 connection whose records travel in [`BandRequest::Session`] and
//! [`BandReply::Session`]; `nymi-session` holds its two ends. Here is what is inside and around it:
//! the messages ([`SessionRequest`], [`SessionAnswer`]), how they are told apart in the stream
//! ([`SessionFrames`]), how many sessions a band keeps and in which order it takes their messages
//! ([`Sessions`]), whose keys are whose ([`KeyRing`]), and what a band does for whom ([`KeyRing::perform`]).
//!
//! [`BandRequest::Session`]: super::BandRequest::Session
//! [`BandReply::Session`]: super::BandReply::Session

mod frames;
mod keys;
mod message;
mod operations;
mod secret;
mod table;
mod totp;

pub use frames::{SessionFrames, session_frame};
pub use keys::{ApplicationKeys, KeyRing};
pub use message::{BandOperation, MAX_SESSION_MESSAGE, SessionAnswer, SessionRequest};
pub use operations::{SessionCaller, SessionRefusal};
pub use secret::BandSecret;
pub use table::{MAX_SESSIONS, SESSION_IDLE_MS, SessionFault, SessionId, Sessions};
pub use totp::{TOTP_DIGITS, TOTP_PERIOD_S, TOTP_SECRET_BYTES, totp};
