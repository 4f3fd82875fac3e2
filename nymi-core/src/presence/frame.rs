use alloc::vec::Vec;

use super::key::PacKey;
use super::verify::TSet;

/// What the band says of itself in the low nibble of byte 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// The wearer authenticated and has not taken the band off since.
    pub authenticated: bool,
    /// The band is on a wrist.
    pub worn: bool,
    /// The band lost its clock; the counter runs from boot and a boot nonce follows.
    pub time_lost: bool,
    /// The battery is low.
    pub low_battery: bool,
}

impl Flags {
    const fn bits(self) -> u8 {
        self.authenticated as u8
            | (self.worn as u8) << 1
            | (self.time_lost as u8) << 2
            | (self.low_battery as u8) << 3
    }

    const fn from_bits(bits: u8) -> Self {
        Self {
            authenticated: bits & 1 != 0,
            worn: bits & 2 != 0,
            time_lost: bits & 4 != 0,
            low_battery: bits & 8 != 0,
        }
    }
}

/// The last four bytes under the code: what ties a frame to one setting of the band's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tail {
    /// T_set in whole seconds, modulo 2^32.
    TSet(u32),
    /// The nonce drawn at boot, while the clock is lost.
    BootNonce([u8; 4]),
}

impl Tail {
    pub(super) const fn bytes(self) -> [u8; 4] {
        match self {
            Self::TSet(seconds) => seconds.to_be_bytes(),
            Self::BootNonce(nonce) => nonce,
        }
    }
}

impl From<TSet> for Tail {
    fn from(t_set: TSet) -> Self {
        Self::TSet((t_set.ms() / 1000) as u32)
    }
}

/// A presence frame: the manufacturer-specific data after the company identifier, 14 bytes, or 18
/// while the band's clock is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// What the band says of itself.
    pub flags: Flags,
    /// The time step since T_set, or since boot while the clock is lost.
    pub counter: u32,
    /// The presence authentication code.
    pub pac: [u8; 8],
    /// Transmit power in dBm; not authenticated.
    pub tx_power: i8,
    /// Present exactly when `flags.time_lost`.
    pub boot_nonce: Option<[u8; 4]>,
}

/// Bytes that are not a presence frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Neither 14 nor 18 bytes.
    #[error("a presence frame has 14 bytes, or 18 with a boot nonce; found {found}")]
    Length {
        /// Bytes found.
        found: usize,
    },
    /// A version other than 1.
    #[error("presence frame version 1 expected, found {found}")]
    Version {
        /// The high nibble of byte 0.
        found: u8,
    },
    /// A nonce without the flag, or the flag without a nonce.
    #[error("a boot nonce is present exactly when the time-lost flag is set")]
    Nonce,
}

const VERSION: u8 = 1;

impl Frame {
    /// Makes a frame of this band. A `tail` that is a boot nonce sets the time-lost flag.
    pub fn signed(key: &PacKey, flags: Flags, counter: u32, tail: Tail, tx_power: i8) -> Self {
        let boot_nonce = match tail {
            Tail::BootNonce(nonce) => Some(nonce),
            Tail::TSet(_) => None,
        };
        let flags = Flags {
            time_lost: boot_nonce.is_some(),
            ..flags
        };
        let mut frame = Self {
            flags,
            counter,
            pac: [0; 8],
            tx_power,
            boot_nonce,
        };
        frame.pac = key.pac(frame.byte_0(), counter, tail);
        frame
    }

    /// Version and flags.
    pub const fn byte_0(&self) -> u8 {
        VERSION << 4 | self.flags.bits()
    }

    /// Reads a frame. The code is not checked; see [`verify`](super::verify()).
    ///
    /// # Errors
    /// Another length than 14 or 18, another version than 1, or a boot nonce without its flag.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let (head, nonce) = match bytes.len() {
            14 => (bytes, None),
            18 => (&bytes[..14], bytes[14..].try_into().ok()),
            found => return Err(FrameError::Length { found }),
        };
        let version = head[0] >> 4;
        if version != VERSION {
            return Err(FrameError::Version { found: version });
        }
        let flags = Flags::from_bits(head[0]);
        if flags.time_lost != nonce.is_some() {
            return Err(FrameError::Nonce);
        }
        let mut pac = [0; 8];
        pac.copy_from_slice(&head[5..13]);
        Ok(Self {
            flags,
            counter: u32::from_be_bytes([head[1], head[2], head[3], head[4]]),
            pac,
            tx_power: head[13] as i8,
            boot_nonce: nonce,
        })
    }

    /// The bytes on the air.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(18);
        bytes.push(self.byte_0());
        bytes.extend(self.counter.to_be_bytes());
        bytes.extend(self.pac);
        bytes.push(self.tx_power as u8);
        bytes.extend(self.boot_nonce.iter().flatten());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(Frame::parse(&[]), Err(FrameError::Length { found: 0 }));
        assert_eq!(
            Frame::parse(&[0x10; 15]),
            Err(FrameError::Length { found: 15 })
        );
        assert_eq!(
            Frame::parse(&[0x20; 14]),
            Err(FrameError::Version { found: 2 })
        );
        assert_eq!(Frame::parse(&[0x14; 14]), Err(FrameError::Nonce));
        assert_eq!(Frame::parse(&[0x13; 18]), Err(FrameError::Nonce));
    }

    proptest! {
        #[test]
        fn what_parses_writes_back_the_same(bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..24),
            prop::collection::vec(any::<u8>(), 14).prop_map(|mut b| { b[0] = 0x10 | b[0] & 0x0b; b }),
            prop::collection::vec(any::<u8>(), 18).prop_map(|mut b| { b[0] = 0x14 | b[0] & 0x0f; b }),
        ]) {
            match Frame::parse(&bytes) {
                Ok(frame) => prop_assert_eq!(frame.to_bytes(), bytes),
                Err(_) => prop_assert!(!matches!(bytes.as_slice(), [0x10..=0x13, ..] if bytes.len() == 14)),
            }
        }
    }

    #[test]
    fn a_well_formed_frame_is_read() {
        assert!(Frame::parse(&[0x13; 14]).is_ok());
    }
}
