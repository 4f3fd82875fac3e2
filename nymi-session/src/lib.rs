//! The TLS session between an application and a band: both ends, without I/O.
//!
//! TLS 1.3 and nothing older, without resumption or early data, by rustls with ring. Its records travel
//! as bytes in [`BandRequest::Session`] and [`BandReply::Session`]; whoever carries them learns and
//! changes nothing.
//!
//! | end | shows | believes |
//! | --- | --- | --- |
//! | [`ClientEnd`], the application's | its certificate chain | the one identity key that the server knows of this band |
//! | [`BandEnd`], the band's | its identity key (RFC 7250) | a chain to the L1 of its enrollment, by `nymi_core::chain` and its own clock |
//!
//! ```text
//! application                                   band
//!   ClientEnd::new, message  ── ClientHello ──>  BandEnd::new, receive
//!   receive  <── ServerHello … Finished ──       records
//!   ask      ── Certificate … Finished, request ──>  receive: (caller, request)
//!   receive  <── answer ──                       answer
//! ```
//!
//! [`BandRequest::Session`]: nymi_core::band::BandRequest::Session
//! [`BandReply::Session`]: nymi_core::band::BandReply::Session
#![forbid(unsafe_code)]

mod band;
mod client;
mod provider;
mod records;
mod verify;

use provider::provider;
use rustls::Error;

pub use band::{BandEnd, Heard, Trust};
pub use client::{ClientEnd, ClientIdentity};

/// The protocol that both ends name (ALPN), so that a session is never mistaken for another use of
/// the same keys.
pub const ALPN: &[u8] = b"nymi-band/1";

/// Why an application's end goes no further; the session is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The band's identity key is another one than the server knows: another band, or somebody between.
    #[error("the band's identity key is not the one that NES knows")]
    OtherBand,
    /// Key or chain of this application cannot be used.
    #[error("the application's certificate cannot be used for a session: {0}")]
    Identity(String),
    /// TLS found fault with what came.
    #[error("the band's records are not valid: {0}")]
    Tls(Error),
    /// What came inside is no answer.
    #[error("the band answered something that is no answer")]
    Message,
    /// The band ended the session.
    #[error("the band ended the session")]
    Closed,
    /// Something is asked before the session is open, or before the last answer came.
    #[error("the session is not ready for a request")]
    NotReady,
}
