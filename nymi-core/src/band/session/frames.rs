use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::message::MAX_SESSION_MESSAGE;
use crate::band::BandMessageError;

/// Bytes of the length before each message.
const LENGTH: usize = 2;

/// A message as it stands in the session's stream: its length in two bytes, big-endian, and itself.
///
/// # Errors
/// It is longer than [`MAX_SESSION_MESSAGE`].
pub fn session_frame(message: &[u8]) -> Result<Vec<u8>, BandMessageError> {
    if message.len() > MAX_SESSION_MESSAGE {
        return Err(BandMessageError);
    }
    let length = u16::try_from(message.len()).map_err(|_| BandMessageError)?;
    Ok([length.to_be_bytes().as_slice(), message].concat())
}

/// Puts the messages of a session's stream together again. It may hold keys: cleared when dropped.
#[derive(Clone, Default)]
pub struct SessionFrames {
    begun: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SessionFrames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionFrames(…)")
    }
}

impl SessionFrames {
    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// More than one message waits, which nobody who waits for answers sends.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), BandMessageError> {
        if self.begun.len() + bytes.len() > LENGTH + MAX_SESSION_MESSAGE {
            return Err(BandMessageError);
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    /// The message, once all of it is here.
    ///
    /// # Errors
    /// It is too long, or bytes follow it.
    pub fn message(&mut self) -> Result<Option<Vec<u8>>, BandMessageError> {
        let Some((length, rest)) = self.begun.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length > MAX_SESSION_MESSAGE || rest.len() > length {
            return Err(BandMessageError);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let message = rest.to_vec();
        self.begun.zeroize();
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_together_from_any_parts() {
        let stream = session_frame(b"a message").unwrap();
        for cut in 0..stream.len() {
            let mut frames = SessionFrames::default();
            frames.push(&stream[..cut]).unwrap();
            assert_eq!(frames.message(), Ok(None), "{cut}");
            frames.push(&stream[cut..]).unwrap();
            assert_eq!(frames.message(), Ok(Some(b"a message".to_vec())));
            assert_eq!(frames.message(), Ok(None));
        }
    }

    #[test]
    fn the_longest_message_may_come_at_once() {
        let message = [7; MAX_SESSION_MESSAGE];
        let mut frames = SessionFrames::default();
        frames.push(&session_frame(&message).unwrap()).unwrap();
        assert_eq!(frames.message(), Ok(Some(message.to_vec())));
    }

    #[test]
    fn too_long_and_too_many_are_refused() {
        assert!(session_frame(&[0; MAX_SESSION_MESSAGE]).is_ok());
        assert!(session_frame(&[0; MAX_SESSION_MESSAGE + 1]).is_err());
        let mut long = SessionFrames::default();
        long.push(&[0xff, 0xff]).unwrap();
        assert!(long.message().is_err());
        let mut two = SessionFrames::default();
        let one = session_frame(b"one").unwrap();
        two.push(&[one.as_slice(), &one].concat()).unwrap();
        assert!(two.message().is_err());
        let mut flood = SessionFrames::default();
        assert!(flood.push(&[0; MAX_SESSION_MESSAGE + 3]).is_err());
    }
}
