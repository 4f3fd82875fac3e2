//! What a band is known by in the air and on a reader.

use alloc::string::String;
use core::fmt;

use crate::BandId;

/// The factory address (StaticMacAddress) from six random bytes: a public address, neither multicast
/// nor locally administered (IEEE 802, 8.2). It never changes.
pub fn factory_address(mut random: [u8; 6]) -> BandId {
    random[0] &= 0x3c;
    BandId::new(random)
}

/// A NymiBandID from six random bytes: a random static address (Bluetooth Core, Vol 6, Part B,
/// 1.3.2.1), its two top bits set, its random part neither all ones nor all zeros. None if it is one
/// of those, or not new: each enrollment has its own. Then draw again.
pub fn new_band_id(mut random: [u8; 6], former: &[BandId]) -> Option<BandId> {
    random[0] |= 0xc0;
    let plain = random == [0xff; 6] || random == [0xc0, 0, 0, 0, 0, 0];
    let id = BandId::new(random);
    (!plain && !former.contains(&id)).then_some(id)
}

/// What an NFC reader reads.
///
/// One enrollment has one UID; a band that shows nobody's is a new one at each tap, of another length
/// (Administration Guide, 10.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NfcUid {
    /// Of an enrollment.
    Static([u8; NfcUid::STATIC_LEN]),
    /// Of a band that is not authenticated: it tells nothing.
    Random([u8; NfcUid::RANDOM_LEN]),
}

impl NfcUid {
    /// Bytes of an enrollment's UID.
    pub const STATIC_LEN: usize = 7;
    /// Bytes of a random one.
    pub const RANDOM_LEN: usize = 4;

    /// For an enrollment: begins with a manufacturer, as ISO/IEC 14443-3 has it for seven bytes.
    pub fn for_enrollment(mut random: [u8; Self::STATIC_LEN]) -> Self {
        random[0] = 0x04;
        Self::Static(random)
    }

    /// For one tap: 08 announces it as random (ISO/IEC 14443-3).
    pub fn for_one_tap(mut random: [u8; Self::RANDOM_LEN]) -> Self {
        random[0] = 0x08;
        Self::Random(random)
    }

    /// The UID of an enrollment, as it was kept.
    pub fn kept(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::Static)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Random(bytes) => bytes,
        }
    }
}

/// In upper case hexadecimal, as NES stores it.
impl fmt::Display for NfcUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = hex::encode_upper(self.as_bytes());
        f.write_str(&text)
    }
}
