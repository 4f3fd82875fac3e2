//! TLS records in, plain bytes out, for either end.

use std::io::Read as _;
use std::ops::DerefMut;

use nymi_core::band::MAX_BAND_MESSAGE;
use nymi_core::band::session::SessionFrames;
use rustls::{ConnectionCommon, Error, SideData};

/// What can be wrong with records.
pub(crate) enum RecordsError {
    /// TLS refuses them.
    Tls(Error),
    /// The plain bytes are no messages.
    Frames,
}

impl From<Error> for RecordsError {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

/// Takes records in; their plain bytes go to `frames`. True if the peer ended the session.
pub(crate) fn take<C, S: SideData>(
    connection: &mut C,
    mut records: &[u8],
    frames: &mut SessionFrames,
) -> Result<bool, RecordsError>
where
    C: DerefMut<Target = ConnectionCommon<S>>,
{
    let mut plain = zeroize::Zeroizing::new([0; 256]);
    let mut closed = false;
    while !records.is_empty() && !closed {
        // From a slice, into a buffer that is emptied below: it fails only where that is full.
        connection
            .read_tls(&mut records)
            .map_err(|error| Error::General(error.to_string()))?;
        closed = connection.process_new_packets()?.peer_has_closed();
        // Without bytes: none are there yet, or none will come.
        while let Ok(length @ 1..) = connection.reader().read(plain.as_mut_slice()) {
            frames
                .push(&plain[..length])
                .map_err(|_| RecordsError::Frames)?;
        }
    }
    Ok(closed)
}

/// The records that this end has to say.
pub(crate) fn give<C, S: SideData>(connection: &mut C) -> Vec<u8>
where
    C: DerefMut<Target = ConnectionCommon<S>>,
{
    let mut records = Vec::new();
    // Into a Vec: that cannot fail. What both ends say fits into a band message many times.
    while connection.wants_write() && records.len() < MAX_BAND_MESSAGE {
        if connection.write_tls(&mut records).is_err() {
            break;
        }
    }
    records
}
