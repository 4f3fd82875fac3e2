use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::cmac::Cmac;
use super::frame::{Frame, Tail};
use crate::BandId;

/// One of the two advertising keys of an enrollment; cleared when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AdvKey([u8; 16]);

impl AdvKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storing under encryption.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn cmac(&self) -> Cmac {
        Cmac::new(&self.0)
    }
}

impl fmt::Debug for AdvKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdvKey(…)")
    }
}

/// AdvKey_1 of one band, prepared for making and checking codes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct PacKey {
    cmac: Cmac,
    #[zeroize(skip)]
    band: BandId,
}

impl PacKey {
    /// Prepares the first advertising key of a band.
    pub fn new(adv_key_1: &AdvKey, band: BandId) -> Self {
        Self {
            cmac: adv_key_1.cmac(),
            band,
        }
    }

    /// The band whose codes this key makes.
    pub const fn band(&self) -> BandId {
        self.band
    }

    /// `CMAC(AdvKey_1, "P" || byte 0 || B || u32 counter || tail)[0..8]`.
    pub fn pac(&self, byte_0: u8, counter: u32, tail: Tail) -> [u8; 8] {
        // Put together in registers: octets written one by one and read as a block stall the load.
        let [b0, b1, b2, b3, b4, b5] = *self.band.as_bytes();
        let head = u64::from_be_bytes([b'P', byte_0, b0, b1, b2, b3, b4, b5]);
        let rest = u64::from(counter) << 32 | u64::from(u32::from_be_bytes(tail.bytes()));
        let block = (u128::from(head) << 64 | u128::from(rest)).to_be_bytes();
        let [a, b, c, d, e, f, g, h, ..] = self.cmac.tag_block(&block);
        [a, b, c, d, e, f, g, h]
    }

    /// Whether the frame's code is right under this tail, in constant time. Says nothing of freshness;
    /// see [`verify`](super::verify()).
    pub fn verifies(&self, frame: &Frame, tail: Tail) -> bool {
        let expected = self.pac(frame.byte_0(), frame.counter, tail);
        // As one number: a slice is compared octet by octet, with a barrier for each.
        u64::from_ne_bytes(expected)
            .ct_eq(&u64::from_ne_bytes(frame.pac))
            .into()
    }
}

impl fmt::Debug for PacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacKey({}, …)", self.band)
    }
}
