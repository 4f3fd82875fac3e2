use alloc::format;
use alloc::string::String;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::secret::BandSecret;

/// Digits of a one-time password.
pub const TOTP_DIGITS: u32 = 6;

/// How long a one-time password is valid, seconds.
pub const TOTP_PERIOD_S: u64 = 30;

/// Bytes of the secret: those of the hash (RFC 4226, 4, R6).
pub const TOTP_SECRET_BYTES: usize = 20;

/// The one-time password of a moment (RFC 6238), with HMAC-SHA-1, which every verifier knows.
pub fn totp(secret: &BandSecret<TOTP_SECRET_BYTES>, unix_ms: i64) -> String {
    let seconds = u64::try_from(unix_ms.div_euclid(1000)).unwrap_or(0);
    let counter = seconds / TOTP_PERIOD_S;
    let code = truncated(&mac(secret.expose(), counter)) % 10_u32.pow(TOTP_DIGITS);
    format!("{code:0width$}", width = TOTP_DIGITS as usize)
}

fn mac(secret: &[u8; TOTP_SECRET_BYTES], counter: u64) -> [u8; 20] {
    // A key of any length will do for HMAC; a whole block needs no check.
    let mut block = zeroize::Zeroizing::new([0_u8; 64]);
    block[..TOTP_SECRET_BYTES].copy_from_slice(secret);
    let mut mac = Hmac::<Sha1>::new((&*block).into());
    mac.update(&counter.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// RFC 4226, 5.3.
fn truncated(mac: &[u8; 20]) -> u32 {
    let offset = usize::from(mac[19] & 0x0f);
    let word = [
        mac[offset],
        mac[offset + 1],
        mac[offset + 2],
        mac[offset + 3],
    ];
    u32::from_be_bytes(word) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six of the eight digits.
    #[test]
    fn the_codes_of_the_standard() {
        let secret = BandSecret::new(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp(&secret, seconds * 1000), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_lasts_thirty_seconds() {
        let secret = BandSecret::new([9; 20]);
        let at = |ms| totp(&secret, ms);
        assert_eq!(at(1_700_000_010_000), at(1_700_000_039_999));
        assert_ne!(at(1_700_000_010_000), at(1_700_000_040_000));
        assert_eq!(at(-5), at(0), "a clock before 1970 counts as 1970");
    }
}
