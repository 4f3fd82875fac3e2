//! Key agreement at enrollment, and the authorisation to set a band's clock.
//!
//! Band and server compute the same two keys from an ECDH secret; the band proves with `confirm`
//! that it arrived at them for this enrollment and this identity key. The server's issuing key (L2)
//! is part of the derivation, so a terminal that shows the band another L2 is found out.
//!
//! ```text
//!  Z        = x(d_B * Q_N) = x(d_N * Q_B)                       ECDH P-256
//!  KDK      = CMAC(0, Z)                                        SP 800-56C, extraction
//!  AdvKey_i = CMAC(KDK, 01 | "nymi adv key" | i | 00 | ctx | 0080)    SP 800-108, counter mode
//!  ctx      = B | SHA-256(SPKI of L2) | Q_B
//! ```
//!
//! The example of the chapter [Presence](crate::manual::presence) plays both sides. What follows an
//! enrollment is the clock:
//!
//! ```
//! use nymi_core::BandId;
//! use nymi_core::presence::agreement::{set_time_tag, tags_equal};
//! use nymi_core::presence::{AdvKey, TSet};
//!
//! let (band, second) = (BandId::new([1; 6]), AdvKey::new([9; 16]));
//! let t_set = TSet::new(1_778_600_000_000).unwrap();
//! let permission = set_time_tag(&second, band, t_set);
//! // The band computes the same; the permission is for this moment alone.
//! assert!(tags_equal(&permission, &set_time_tag(&second, band, t_set)));
//! let later = TSet::new(1_778_600_000_001).unwrap();
//! assert!(!tags_equal(&permission, &set_time_tag(&second, band, later)));
//! ```

use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cmac::Cmac;
use super::key::AdvKey;
use super::verify::TSet;
use crate::BandId;
use crate::crypto::{BadPoint, PrivateKey, SharedSecret};

/// The band's ephemeral public key, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BandPoint([u8; 33]);

impl BandPoint {
    /// None unless it begins with 02 or 03; that it is on the curve is checked by the agreement.
    pub fn new(bytes: [u8; 33]) -> Option<Self> {
        matches!(bytes[0], 2 | 3).then_some(Self(bytes))
    }

    /// 02 or 03, and the x-coordinate.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }
}

/// What both sides must agree on for the keys to be the same.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The band's new NymiBandID.
    pub band: BandId,
    /// SubjectPublicKeyInfo of L2, DER.
    pub l2_spki: &'a [u8],
    /// Q_B.
    pub band_point: BandPoint,
}

/// The two advertising keys of an enrollment.
#[derive(Clone, Debug)]
pub struct AdvKeys {
    /// AdvKey_1: codes and confirmation.
    pub first: AdvKey,
    /// AdvKey_2: setting the clock.
    pub second: AdvKey,
}

/// Derives both keys from the shared secret (SP 800-56C extraction, SP 800-108 counter mode).
pub fn derive(shared: &SharedSecret, context: &Context<'_>) -> AdvKeys {
    let kdk = Zeroizing::new(Cmac::new(&[0; 16]).tag(shared.as_slice()));
    let expand = Cmac::new(&kdk);
    let key = |index: u8| {
        let mut message = Vec::with_capacity(88);
        message.push(1);
        message.extend(b"nymi adv key");
        message.push(index);
        message.push(0);
        message.extend(context.band.as_bytes());
        message.extend(Sha256::digest(context.l2_spki));
        message.extend(context.band_point.as_bytes());
        message.extend([0x00, 0x80]);
        AdvKey::new(expand.tag(&message))
    };
    AdvKeys {
        first: key(1),
        second: key(2),
    }
}

/// The server's side: agrees with the band's point and derives the keys.
///
/// # Errors
/// The band's point is not on P-256; nothing of the answer may be stored.
pub fn agree(agreement_key: &dyn PrivateKey, context: &Context<'_>) -> Result<AdvKeys, BadPoint> {
    let shared = agreement_key.agree(context.band_point.as_bytes())?;
    Ok(derive(&shared, context))
}

/// The band's proof that it derived the same keys, bound to the enrollment and its identity key.
pub fn confirm(
    adv_key_1: &AdvKey,
    band: BandId,
    enrollment_id: &[u8; 16],
    identity_spki: &[u8],
) -> [u8; 16] {
    let mut message = Vec::with_capacity(70);
    message.extend(b"nymi adv confirm");
    message.extend(band.as_bytes());
    message.extend(enrollment_id);
    message.extend(Sha256::digest(identity_spki));
    adv_key_1.cmac().tag(&message)
}

/// The server's permission to set this band's clock to `t_set`.
pub fn set_time_tag(adv_key_2: &AdvKey, band: BandId, t_set: TSet) -> [u8; 16] {
    let mut message = Vec::with_capacity(27);
    message.extend(b"nymi set time");
    message.extend(band.as_bytes());
    message.extend(t_set.ms().to_be_bytes());
    adv_key_2.cmac().tag(&message)
}

/// Compares two tags in constant time.
pub fn tags_equal(found: &[u8; 16], expected: &[u8; 16]) -> bool {
    found.ct_eq(expected).into()
}
